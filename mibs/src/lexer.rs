//! Octets to tokens.
//!
//! Most of a MIB module is prose in quotes and comments, which the lexer jumps
//! over with memchr. It never fails: what is no token is a problem in the log
//! and a token the parser steps over.

use memchr::{memchr, memchr3};

use crate::{
    ast::Name,
    diagnostic::Problem,
    source::Span,
    symbol::{SharedSymbols, Symbol, Words},
};

/// A token's kind and place. Its text stays in the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub kind: Kind,
    pub span: Span,
    /// The word, where it is one.
    pub symbol: Symbol,
}

impl Token {
    pub fn name(&self) -> Name {
        Name { symbol: self.symbol, start: self.span.start }
    }
}

macro_rules! kinds {
    ($($keyword:ident = $text:literal,)*) => {
        /// What a token is. Keywords are the reserved words of SMIv1 and SMIv2.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub(crate) enum Kind {
            /// A word that begins with a small letter: an object, a label.
            Lower,
            /// A word that begins with a capital: a type, a module.
            Upper,
            Number,
            Negative,
            /// `'0F'H`
            Hex,
            /// `'01'B`
            Binary,
            /// A quoted string, with its quotes.
            Text,
            Assign,
            LeftBrace,
            RightBrace,
            LeftParenthesis,
            RightParenthesis,
            LeftBracket,
            RightBracket,
            Comma,
            Semicolon,
            Dot,
            Range,
            Bar,
            Colon,
            Other,
            $($keyword,)*
        }

        impl Kind {
            /// Every kind, in the order of its number.
            pub const ALL: &[Kind] = &[
                Kind::Lower,
                Kind::Upper,
                Kind::Number,
                Kind::Negative,
                Kind::Hex,
                Kind::Binary,
                Kind::Text,
                Kind::Assign,
                Kind::LeftBrace,
                Kind::RightBrace,
                Kind::LeftParenthesis,
                Kind::RightParenthesis,
                Kind::LeftBracket,
                Kind::RightBracket,
                Kind::Comma,
                Kind::Semicolon,
                Kind::Dot,
                Kind::Range,
                Kind::Bar,
                Kind::Colon,
                Kind::Other,
                $(Kind::$keyword,)*
            ];

            const KEYWORDS: &[(&'static str, Kind)] = &[$(($text, Kind::$keyword),)*];

            /// As a message names it.
            pub fn describe(self) -> &'static str {
                match self {
                    Kind::Lower => "a name",
                    Kind::Upper => "a type or module name",
                    Kind::Number | Kind::Negative => "a number",
                    Kind::Hex => "a hexadecimal string",
                    Kind::Binary => "a binary string",
                    Kind::Text => "a quoted string",
                    Kind::Assign => "`::=`",
                    Kind::LeftBrace => "`{`",
                    Kind::RightBrace => "`}`",
                    Kind::LeftParenthesis => "`(`",
                    Kind::RightParenthesis => "`)`",
                    Kind::LeftBracket => "`[`",
                    Kind::RightBracket => "`]`",
                    Kind::Comma => "`,`",
                    Kind::Semicolon => "`;`",
                    Kind::Dot => "`.`",
                    Kind::Range => "`..`",
                    Kind::Bar => "`|`",
                    Kind::Colon => "`:`",
                    Kind::Other => "a stray character",
                    $(Kind::$keyword => concat!("`", $text, "`"),)*
                }
            }
        }
    };
}

kinds! {
    Access = "ACCESS",
    AgentCapabilities = "AGENT-CAPABILITIES",
    Application = "APPLICATION",
    Augments = "AUGMENTS",
    Begin = "BEGIN",
    Bits = "BITS",
    Choice = "CHOICE",
    ContactInfo = "CONTACT-INFO",
    CreationRequires = "CREATION-REQUIRES",
    Definitions = "DEFINITIONS",
    Defval = "DEFVAL",
    Description = "DESCRIPTION",
    DisplayHint = "DISPLAY-HINT",
    End = "END",
    Enterprise = "ENTERPRISE",
    Explicit = "EXPLICIT",
    Exports = "EXPORTS",
    From = "FROM",
    Group = "GROUP",
    Identifier = "IDENTIFIER",
    Implicit = "IMPLICIT",
    Implied = "IMPLIED",
    Imports = "IMPORTS",
    Includes = "INCLUDES",
    Index = "INDEX",
    Integer = "INTEGER",
    LastUpdated = "LAST-UPDATED",
    Macro = "MACRO",
    MandatoryGroups = "MANDATORY-GROUPS",
    Max = "MAX",
    MaxAccess = "MAX-ACCESS",
    Min = "MIN",
    MinAccess = "MIN-ACCESS",
    Module = "MODULE",
    ModuleCompliance = "MODULE-COMPLIANCE",
    ModuleIdentity = "MODULE-IDENTITY",
    NotificationGroup = "NOTIFICATION-GROUP",
    NotificationType = "NOTIFICATION-TYPE",
    Notifications = "NOTIFICATIONS",
    Null = "NULL",
    Object = "OBJECT",
    ObjectGroup = "OBJECT-GROUP",
    ObjectIdentity = "OBJECT-IDENTITY",
    ObjectType = "OBJECT-TYPE",
    Objects = "OBJECTS",
    Octet = "OCTET",
    Of = "OF",
    Organization = "ORGANIZATION",
    ProductRelease = "PRODUCT-RELEASE",
    Reference = "REFERENCE",
    Revision = "REVISION",
    Sequence = "SEQUENCE",
    Size = "SIZE",
    Status = "STATUS",
    String = "STRING",
    Supports = "SUPPORTS",
    Syntax = "SYNTAX",
    TextualConvention = "TEXTUAL-CONVENTION",
    TrapType = "TRAP-TYPE",
    Units = "UNITS",
    Universal = "UNIVERSAL",
    Variables = "VARIABLES",
    Variation = "VARIATION",
    WriteSyntax = "WRITE-SYNTAX",
}

/// The names of a compilation, in which the reserved words are known.
pub(crate) fn reserved() -> SharedSymbols {
    SharedSymbols::new(Kind::KEYWORDS.iter().map(|&(text, _)| text))
}

impl Kind {
    /// The reserved word of this number, or a capital word where it is none.
    fn of_word(reserved: Option<usize>) -> Self {
        let word = reserved.and_then(|at| Self::KEYWORDS.get(at));
        word.map_or(Kind::Upper, |&(_, kind)| kind)
    }

    /// Whether the token is written as a word.
    pub fn is_word(self) -> bool {
        matches!(self, Kind::Lower | Kind::Upper) || self.is_keyword()
    }

    /// Whether the token is a reserved word.
    pub fn is_keyword(self) -> bool {
        self as u32 >= Kind::Access as u32
    }
}

/// A file with more broken strings than this is read as it is.
const MOST_REWINDS: usize = 32;

/// Puts the tokens of a text into `tokens`, and returns what is wrong with it at
/// this level.
pub(crate) fn tokenize(
    text: &[u8],
    words: &mut Words<'_>,
    tokens: &mut Vec<Token>,
) -> Vec<(Span, Problem)> {
    tokens.clear();
    words.next_file();
    let mut lexer = Lexer { text, at: 0, symbol: Symbol::NONE, words, problems: Vec::new() };
    let mut rewinds = 0;
    while let Some(mut token) = lexer.next_token() {
        if token.kind == Kind::Other
            && text.get(token.span.start as usize) == Some(&b'"')
            && let Some(last) = tokens.iter().rposition(|token| token.kind == Kind::Text)
            && let Some(span) = tokens.get(last).map(|token| token.span)
            && let Some(end) = lexer.real_end(span)
            && rewinds < MOST_REWINDS
        {
            // The quote that is missing is that of the string before: from its
            // real end on all is read again.
            rewinds += 1;
            tokens.truncate(last + 1);
            if let Some(token) = tokens.last_mut() {
                token.span.end = end as u32;
            }
            lexer.at = end;
            lexer.problems.retain(|(problem, _)| problem.start < end as u32);
            let opening = Span { start: span.start, end: span.start + 1 };
            lexer.problems.push((opening, Problem::UnterminatedText));
            continue;
        }
        // Short texts that are asked for with the node, and often the same.
        let before = tokens.last().map(|token: &Token| token.kind);
        if token.kind == Kind::Text
            && let Some(Kind::Units | Kind::DisplayHint | Kind::LastUpdated | Kind::Revision) =
                before
        {
            let quoted = text.get(token.span.start as usize..token.span.end as usize);
            let inside = crate::model::unquote(quoted.unwrap_or_default());
            token.symbol = lexer.words.intern(inside.as_bytes());
        }
        tokens.push(token);
    }
    lexer.problems
}

/// Whether an octet is part of a word, the hyphen aside. It is asked of most of
/// what is not prose, so the answers stand in a table.
fn is_in_word(octet: u8) -> bool {
    const ANSWERS: [bool; 256] = {
        let mut answers = [false; 256];
        let mut octet = 0;
        while octet < 256 {
            answers[octet] = (octet as u8).is_ascii_alphanumeric() || octet as u8 == b'_';
            octet += 1;
        }
        answers
    };
    ANSWERS[usize::from(octet)]
}

struct Lexer<'a, 'w, 's> {
    text: &'a [u8],
    at: usize,
    /// The word that was read last.
    symbol: Symbol,
    words: &'w mut Words<'s>,
    problems: Vec<(Span, Problem)>,
}

impl Lexer<'_, '_, '_> {
    fn peek(&self, ahead: usize) -> u8 {
        self.text.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn rest(&self) -> &[u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip_while(&mut self, is_such: impl Fn(u8) -> bool) {
        let rest = self.rest();
        self.at += rest.iter().position(|&b| !is_such(b)).unwrap_or(rest.len());
    }

    fn span_from(&self, start: usize) -> Span {
        Span { start: start as u32, end: self.at as u32 }
    }

    fn next_token(&mut self) -> Option<Token> {
        loop {
            let first = *self.text.get(self.at)?;
            let start = self.at;
            let kind = match first {
                b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c => {
                    // What is indented is indented far.
                    self.skip_while(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c));
                    continue;
                }
                b'-' if self.peek(1) == b'-' => {
                    self.comment();
                    continue;
                }
                // A byte order mark, or the end-of-file mark of DOS.
                0xef | 0xbb | 0xbf | 0x1a | 0 => {
                    self.at += 1;
                    continue;
                }
                b'a'..=b'z' | b'A'..=b'Z' => self.word(),
                b'0'..=b'9' => self.number(),
                b'-' if self.peek(1).is_ascii_digit() => {
                    self.at += 1;
                    self.digits();
                    Kind::Negative
                }
                b'"' if self.is_stray_quote() => self.advance(1, Kind::Other),
                b'"' => self.quoted(),
                b'\'' => self.radix_string(),
                b':' if self.peek(1) == b':' && self.peek(2) == b'=' => {
                    self.advance(3, Kind::Assign)
                }
                b':' if self.peek(1) == b'=' || self.peek(1) == b':' => self.bad_assign(2),
                b'=' => self.bad_assign(1),
                b'.' if self.peek(1) == b'.' => self.advance(2, Kind::Range),
                b'{' => self.advance(1, Kind::LeftBrace),
                b'}' => self.advance(1, Kind::RightBrace),
                b'(' => self.advance(1, Kind::LeftParenthesis),
                b')' => self.advance(1, Kind::RightParenthesis),
                b'[' => self.advance(1, Kind::LeftBracket),
                b']' => self.advance(1, Kind::RightBracket),
                b',' => self.advance(1, Kind::Comma),
                b';' => self.advance(1, Kind::Semicolon),
                b'.' => self.advance(1, Kind::Dot),
                b'|' => self.advance(1, Kind::Bar),
                b':' => self.advance(1, Kind::Colon),
                _ => self.advance(1, Kind::Other),
            };
            let symbol = self.symbol;
            return Some(Token { kind, span: self.span_from(start), symbol });
        }
    }

    fn advance(&mut self, octets: usize, kind: Kind) -> Kind {
        self.at += octets;
        kind
    }

    /// `:=`, `::` or `=`, which can only be meant as `::=`.
    fn bad_assign(&mut self, octets: usize) -> Kind {
        let start = self.at;
        self.at += octets;
        self.problems.push((self.span_from(start), Problem::BadAssign));
        Kind::Assign
    }

    /// Whether the quote here ends a string that had no beginning: no prose
    /// begins with what follows a string.
    fn is_stray_quote(&self) -> bool {
        let rest = self.text.get(self.at + 1..).unwrap_or_default();
        let space = rest.iter().take(200).take_while(|b| b.is_ascii_whitespace()).count();
        let rest = rest.get(space..).unwrap_or_default();
        let follows = ["::=", "INDEX", "AUGMENTS", "DEFVAL", "REFERENCE", "SYNTAX", "REVISION"];
        let found = follows.iter().find(|word| rest.starts_with(word.as_bytes()));
        // In the text of a macro, words stand right behind quotes.
        let Some(found) = found.filter(|_| space > 0) else { return false };
        let behind = rest.get(found.len()..).unwrap_or_default();
        let space = behind.iter().take(50).take_while(|b| b.is_ascii_whitespace()).count();
        match (*found, behind.get(space)) {
            ("::=" | "INDEX" | "AUGMENTS" | "DEFVAL", Some(b'{')) => true,
            ("REFERENCE" | "REVISION", Some(b'"')) => space > 0,
            ("SYNTAX", Some(b'A'..=b'Z')) => space > 0,
            _ => false,
        }
    }

    /// Where a string ends that swallowed the beginning of what follows it:
    /// before the line with the first `::= {` in it.
    fn real_end(&self, span: Span) -> Option<usize> {
        let inside = self.text.get(span.start as usize..span.end as usize)?;
        let at = memchr::memmem::find(inside, b"::=")?;
        let line = memchr::memrchr(b'\n', inside.get(..at)?)?;
        let before = inside.get(line..at)?;
        // A value on a line of its own ends an object; anything else is prose.
        (before.iter().all(u8::is_ascii_whitespace) && line > 0)
            .then_some(span.start as usize + line)
    }

    /// A comment ends at the second `--` or with its line. A ruler of hyphens
    /// opens one comment, whatever its length; within a comment four hyphens or
    /// more close it and open the next.
    fn comment(&mut self) {
        self.skip_hyphens();
        loop {
            let Some(found) = memchr3(b'\n', b'\r', b'-', self.rest()) else {
                self.at = self.text.len();
                return;
            };
            self.at += found;
            if matches!(self.peek(0), b'\n' | b'\r') {
                return;
            }
            match self.skip_hyphens() {
                2 | 3 => return,
                _ => continue,
            }
        }
    }

    fn skip_hyphens(&mut self) -> usize {
        let run = self.rest().iter().take_while(|&&b| b == b'-').count();
        self.at += run;
        run
    }

    /// Letters, digits, hyphens and underscores, up to a comment.
    fn word(&mut self) -> Kind {
        let start = self.at;
        self.skip_while(is_in_word);
        while self.peek(0) == b'-' && self.peek(1) != b'-' {
            self.at += 1;
            self.skip_while(is_in_word);
        }
        self.symbol = self.words.intern_at(self.text, start, self.at);
        match self.text.get(start) {
            Some(b'a'..=b'z') => Kind::Lower,
            _ => Kind::of_word(self.words.reserved(self.symbol)),
        }
    }

    fn digits(&mut self) {
        self.at += self.rest().iter().take_while(|b| b.is_ascii_digit()).count();
    }

    /// A number; or a label that begins with a digit, which no standard allows
    /// and many modules have.
    fn number(&mut self) -> Kind {
        let start = self.at;
        self.digits();
        if !self.peek(0).is_ascii_alphabetic() {
            return Kind::Number;
        }
        self.at = start;
        self.word();
        self.problems.push((self.span_from(start), Problem::NameBeginsWithDigit));
        Kind::Lower
    }

    /// A quoted string; a doubled quote stands for one.
    fn quoted(&mut self) -> Kind {
        let start = self.at;
        self.at += 1;
        loop {
            let Some(found) = memchr(b'"', self.rest()) else {
                self.at = self.text.len();
                let opening = Span { start: start as u32, end: start as u32 + 1 };
                self.problems.push((opening, Problem::UnterminatedText));
                return Kind::Text;
            };
            self.at += found + 1;
            if self.peek(0) != b'"' {
                return Kind::Text;
            }
            self.at += 1;
        }
    }

    /// `'…'H` or `'…'B`, on one line.
    fn radix_string(&mut self) -> Kind {
        let start = self.at;
        self.at += 1;
        let inside = self.rest().iter().take_while(|&&b| b != b'\'' && b != b'\n').count();
        self.at += inside;
        if self.peek(0) != b'\'' {
            self.at = start + 1;
            return Kind::Other;
        }
        let digits = self.text.get(start + 1..self.at).unwrap_or_default();
        self.at += 1;
        let is_blank = |b: &u8| b.is_ascii_whitespace();
        let (kind, valid) = match self.peek(0) {
            b'H' | b'h' => (Kind::Hex, digits.iter().all(|b| b.is_ascii_hexdigit() || is_blank(b))),
            b'B' | b'b' => {
                (Kind::Binary, digits.iter().all(|b| matches!(b, b'0' | b'1') || is_blank(b)))
            }
            _ => return Kind::Other,
        };
        self.at += 1;
        if !valid {
            self.problems.push((self.span_from(start), Problem::BadDigit));
        }
        kind
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind::*, *};

    fn read(text: &[u8]) -> (Vec<Token>, Vec<(Span, Problem)>) {
        let shared = reserved();
        let mut tokens = Vec::new();
        let problems = tokenize(text, &mut Words::new(&shared), &mut tokens);
        (tokens, problems)
    }

    fn kinds(text: &str) -> Vec<Kind> {
        read(text.as_bytes()).0.into_iter().map(|token| token.kind).collect()
    }

    #[test]
    fn words_numbers_and_signs() {
        assert_eq!(
            kinds("ifIndex OBJECT-TYPE SYNTAX Foo (-1..'0F'H | 3) ::= { x 1 }"),
            [
                Lower,
                ObjectType,
                Syntax,
                Upper,
                LeftParenthesis,
                Negative,
                Range,
                Hex,
                Bar,
                Number,
                RightParenthesis,
                Assign,
                LeftBrace,
                Lower,
                Number,
                RightBrace
            ]
        );
    }

    #[test]
    fn comments_end_at_hyphens_or_line_end() {
        assert_eq!(kinds("a -- b -- c"), [Lower, Lower]);
        assert_eq!(kinds("a -- b\nc"), [Lower, Lower]);
        assert_eq!(kinds("a--b\nc"), [Lower, Lower]);
        assert_eq!(kinds("------- ruler -------\nc"), [Lower]);
        assert_eq!(kinds("-- a ---- b\nc"), [Lower]);
        assert_eq!(kinds("a --"), [Lower]);
    }

    #[test]
    fn quotes_may_be_empty_or_doubled() {
        assert_eq!(kinds(r#""" "a ""b"" c" x"#), [Text, Text, Lower]);
        let (tokens, problems) = read(b"\"open");
        assert_eq!((tokens.len(), problems.len()), (1, 1));
    }

    #[test]
    fn a_label_may_begin_with_a_digit_but_it_is_said() {
        let (tokens, problems) = read(b"10baseT(3)");
        assert_eq!(tokens[0].kind, Lower);
        assert_eq!(problems[0].1, Problem::NameBeginsWithDigit);
    }
}
