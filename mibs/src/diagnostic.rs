//! What is wrong with a module, and how grave that is.

use thiserror::Error;

use crate::{
    lexer::Kind,
    lint::Rule,
    similar::nearest,
    source::{FileId, Position, Source, Span},
};

/// How much a diagnostic matters, on smilint's scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Nothing could be read.
    Fatal = 0,
    /// Definitions are lost.
    Severe = 1,
    /// The standard is broken, and the meaning had to be guessed.
    Error = 2,
    /// The standard is broken, and the meaning is clear.
    Minor = 3,
    /// Better changed.
    Change = 4,
    /// Questionable.
    Warning = 5,
    /// Good to know.
    Info = 6,
}

impl Severity {
    /// The number smilint would print.
    pub fn level(self) -> u8 {
        self as u8
    }
}

/// A problem at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The source text.
    pub file: FileId,
    /// The place in it.
    pub span: Span,
    /// What is wrong.
    pub problem: Problem,
}

/// A diagnostic as plain data, for `--json` and editors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The file's name.
    pub file: String,
    /// Counted from 1.
    pub line: u32,
    /// Counted from 1, in characters.
    pub col: u32,
    /// smilint's level, 0 to 6.
    pub severity: u8,
    /// The stable name of the problem.
    pub code: &'static str,
    /// The cause, in one line.
    pub message: String,
}

impl Diagnostic {
    /// The stable name of the problem.
    pub fn code(&self) -> &'static str {
        self.problem.code()
    }

    /// How much it matters.
    pub fn severity(&self) -> Severity {
        self.problem.severity()
    }

    /// The diagnostic with its place spelt out; `source` is the text of `file`.
    pub fn record(&self, source: &Source) -> Record {
        let Position { line, column } = source.position(self.span.start);
        Record {
            file: source.name().to_owned(),
            line,
            col: column,
            severity: self.severity().level(),
            code: self.code(),
            message: self.problem.to_string(),
        }
    }
}

/// What the parser was looking for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// A token of this kind.
    #[doc(hidden)]
    Token(TokenKind),
    /// Any of the words that begin a type.
    Type,
    /// A number, a hexadecimal string, MIN or MAX.
    Bound,
    /// A descriptor or a type's name.
    Name,
    /// A value that could be a default.
    Value,
    /// `{ parent number }`.
    OidValue,
    /// The beginning of a definition.
    Definition,
    /// A clause of the macro.
    Clause,
}

/// A kind of token, as messages name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenKind(pub(crate) Kind);

impl std::fmt::Display for Expected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Token(kind) => kind.0.describe(),
            Self::Type => "a type",
            Self::Bound => "a number, MIN or MAX",
            Self::Name => "a name",
            Self::Value => "a value",
            Self::OidValue => "an OBJECT IDENTIFIER value such as `{ parent 1 }`",
            Self::Definition => "a definition",
            Self::Clause => "a clause of this macro or `::=`",
        })
    }
}

/// The sort of thing a name should stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Role {
    Type,
    Object,
    Parent,
    Row,
    Member,
    Group,
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Type => "type",
            Self::Object => "object",
            Self::Parent => "parent of an OBJECT IDENTIFIER",
            Self::Row => "row",
            Self::Member => "object or notification",
            Self::Group => "group",
        })
    }
}

/// The end of a message about a word that looks like another.
fn meant(like: Option<&str>) -> String {
    like.map(|like| format!("; did you mean `{like}`?")).unwrap_or_default()
}

impl Kind {
    /// A reserved word as it is written.
    pub(crate) fn word(self) -> &'static str {
        self.describe().trim_matches('`')
    }

    /// The reserved word, among some, that looks most like another.
    pub(crate) fn like(word: &str, among: impl Fn(Self) -> bool) -> Option<Self> {
        let among = || Self::ALL.iter().filter(|kind| kind.is_keyword() && among(**kind));
        let like = nearest(word, among().map(|kind| kind.word()))?;
        among().find(|kind| kind.word() == like).copied()
    }
}

/// What can be wrong. The text of each is its cause; [`Problem::help`] says
/// what to do.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[allow(missing_docs, reason = "each message says what the variant means")]
pub enum Problem {
    #[error("{}: `{name}`", rule.text())]
    Style { rule: Rule, name: Box<str> },
    #[error("this file cannot be read: {cause}")]
    Unreadable { cause: Box<str> },
    #[error("this is no `::=`")]
    BadAssign,
    #[error("a comma is missing here")]
    MissingComma,
    #[error("a comma with nothing behind it")]
    TrailingComma,
    #[error("the label `{name}` begins with a capital")]
    CapitalLabel { name: Box<str> },
    #[error("this quoted string does not end")]
    UnterminatedText,
    #[error("a name begins with a digit")]
    NameBeginsWithDigit,
    #[error("a digit that the radix does not have")]
    BadDigit,
    #[error("a number that is too large")]
    NumberTooLarge,
    #[error("expected {expected}{}", meant(like.map(|kind| kind.0.word())))]
    Unexpected { expected: Expected, like: Option<TokenKind> },
    #[error("there is no MIB module in this file")]
    NoModule,
    #[error("module `{module}` does not end")]
    MissingEnd { module: Box<str> },
    #[error("module `{module}` is not loaded{}", meant(like.as_deref()))]
    MissingModule { module: Box<str>, like: Option<Box<str>> },
    #[error("module `{module}` is here twice; the one with LAST-UPDATED {used} is used")]
    DuplicateModule { module: Box<str>, used: Box<str> },
    #[error("`{module}` does not define `{name}`{}", meant(like.as_deref()))]
    MissingImport { module: Box<str>, name: Box<str>, like: Option<Box<str>> },
    #[error("`{name}` is not imported")]
    NotImported { name: Box<str>, module: Box<str> },
    #[error("there is no {role} `{name}`{}", meant(like.as_deref()))]
    Unknown { role: Role, name: Box<str>, like: Option<Box<str>> },
    #[error("`{name}` is defined twice")]
    DuplicateDefinition { name: Box<str> },
    #[error("`{name}` is defined by itself")]
    Cycle { name: Box<str> },
    #[error("`{name}` has no SYNTAX")]
    MissingSyntax { name: Box<str> },
    #[error("`{name}` has no access clause")]
    MissingAccess { name: Box<str> },
    #[error("row `{name}` has neither INDEX nor AUGMENTS")]
    MissingIndex { name: Box<str> },
    #[error("`{word}` is no access{}", meant(like.as_deref()))]
    BadAccess { word: Box<str>, like: Option<Box<str>> },
    #[error("`{word}` is no status{}", meant(like.as_deref()))]
    BadStatus { word: Box<str>, like: Option<Box<str>> },
    #[error("column `{name}` is missing in the SEQUENCE of its row")]
    MissingMember { name: Box<str> },
    #[error("an OBJECT IDENTIFIER of more than 128 sub-identifiers")]
    OidTooLong,
    #[error("the default is no value of this type")]
    BadDefault,
    #[error("the display hint does not follow RFC 2579")]
    BadHint,
}

impl Problem {
    /// The stable name, for filters and documentation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Style { rule, .. } => rule.code(),
            Self::Unreadable { .. } => "unreadable",
            Self::BadAssign => "bad-assign",
            Self::MissingComma => "missing-comma",
            Self::TrailingComma => "trailing-comma",
            Self::CapitalLabel { .. } => "capital-label",
            Self::UnterminatedText => "unterminated-text",
            Self::NameBeginsWithDigit => "name-begins-with-digit",
            Self::BadDigit => "bad-digit",
            Self::NumberTooLarge => "number-too-large",
            Self::Unexpected { .. } => "syntax",
            Self::NoModule => "no-module",
            Self::MissingEnd { .. } => "missing-end",
            Self::MissingModule { .. } => "missing-module",
            Self::DuplicateModule { .. } => "duplicate-module",
            Self::MissingImport { .. } => "missing-import",
            Self::NotImported { .. } => "not-imported",
            Self::Unknown { .. } => "unknown-name",
            Self::DuplicateDefinition { .. } => "duplicate-definition",
            Self::Cycle { .. } => "cycle",
            Self::MissingSyntax { .. } => "missing-syntax",
            Self::MissingAccess { .. } => "missing-access",
            Self::MissingIndex { .. } => "missing-index",
            Self::BadAccess { .. } => "bad-access",
            Self::BadStatus { .. } => "bad-status",
            Self::MissingMember { .. } => "missing-member",
            Self::OidTooLong => "oid-too-long",
            Self::BadDefault => "bad-default",
            Self::BadHint => "bad-hint",
        }
    }

    /// How much it matters.
    pub fn severity(&self) -> Severity {
        match self {
            Self::Style { rule, .. } => rule.severity(),
            Self::Unreadable { .. } | Self::NoModule => Severity::Fatal,
            Self::UnterminatedText
            | Self::Unexpected { .. }
            | Self::MissingEnd { .. }
            | Self::Unknown { .. }
            | Self::Cycle { .. }
            | Self::OidTooLong => Severity::Severe,
            Self::MissingModule { .. }
            | Self::MissingImport { .. }
            | Self::DuplicateDefinition { .. }
            | Self::NumberTooLarge
            | Self::BadDigit
            | Self::MissingSyntax { .. }
            | Self::BadAccess { .. }
            | Self::BadStatus { .. }
            | Self::MissingAccess { .. } => Severity::Error,
            Self::BadAssign
            | Self::MissingComma
            | Self::TrailingComma
            | Self::CapitalLabel { .. }
            | Self::NameBeginsWithDigit
            | Self::NotImported { .. }
            | Self::MissingIndex { .. }
            | Self::MissingMember { .. }
            | Self::BadDefault
            | Self::BadHint => Severity::Minor,
            Self::DuplicateModule { .. } => Severity::Info,
        }
    }

    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::Style { rule, .. } => rule.help().to_owned(),
            Self::UnterminatedText => {
                "close it with a quote; within it, write a quote twice".to_owned()
            }
            Self::BadAssign => "write ::=".to_owned(),
            Self::MissingComma => "write a comma between the two".to_owned(),
            Self::TrailingComma => "remove the comma".to_owned(),
            Self::CapitalLabel { .. } => "begin it with a small letter".to_owned(),
            Self::NameBeginsWithDigit => "put a letter in front".to_owned(),
            Self::NotImported { name, module } => {
                format!("add it to IMPORTS: {name} FROM {module}")
            }
            Self::MissingModule { like: Some(like), .. }
            | Self::MissingImport { like: Some(like), .. }
            | Self::Unknown { like: Some(like), .. } => format!("write {like}"),
            Self::Unexpected { like: Some(like), .. } => format!("write {}", like.0.word()),
            Self::MissingModule { module, .. } => {
                format!("load the file that holds `{module}`, or a folder with it")
            }
            Self::MissingImport { name, .. } => {
                format!("import `{name}` from the module that defines it, or remove it")
            }
            Self::MissingEnd { .. } => "write END behind the last definition".to_owned(),
            Self::MissingIndex { .. } => "say INDEX or AUGMENTS behind the STATUS".to_owned(),
            Self::MissingMember { .. } => "add it to the SEQUENCE".to_owned(),
            Self::DuplicateModule { .. } => "keep one of the two files".to_owned(),
            Self::BadAccess { .. } => {
                "one of not-accessible, accessible-for-notify, read-only, read-write, \
                 read-create"
                    .to_owned()
            }
            Self::BadStatus { .. } => "one of current, deprecated, obsolete".to_owned(),
            _ => return None,
        })
    }
}
