//! What is wrong with a file, where, and what would be right.

use std::{
    fmt::{self, Write as _},
    io,
    net::SocketAddr,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use lcms_lb_core::model::{Name, ProblemKind, RowId};
use lcms_snmp::{SecretError, v3::SecurityLevel};
use miette::{Diagnostic, GraphicalReportHandler, LabeledSpan, NamedSource, SourceCode};

use super::forms;
use crate::agentx::MasterError;

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Things in it are wrong: at least one.
    #[error("{}", plain(.0))]
    Invalid(Vec<Fault>),
}

/// One thing that is wrong, and its place.
#[derive(Debug)]
pub struct Fault {
    source: Arc<NamedSource<String>>,
    span: Range<usize>,
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// What is wrong.
    pub cause: Cause,
    /// What would be right.
    pub form: String,
}

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// TOML, or the keys and types of this file, in the parser's words.
    #[error("{0}")]
    Syntax(String),
    /// A row that is there already.
    #[error("there is a {row} already, in line {line}")]
    DuplicateRow {
        /// The row.
        row: RowId,
        /// Where the first one stands.
        line: usize,
    },
    /// The name of a community, user or view that is there already.
    #[error("there is a {what} {name} already, in line {line}")]
    DuplicateSender {
        /// What it names.
        what: &'static str,
        /// The name.
        name: String,
        /// Where the first one stands.
        line: usize,
    },
    /// A name for what the agent makes itself.
    #[error("views called lcms-… are the agent's own: {0}")]
    ReservedView(String),
    /// A view without anything in it.
    #[error("view {0} includes nothing")]
    EmptyView(String),
    /// A view that is not there.
    #[error("there is no view {0}")]
    UnknownView(String),
    /// A group of which nothing is said.
    #[error("nothing says what group {0} may do")]
    UnknownGroup(String),
    /// A sender that is not there, in whose name somebody is to be notified.
    #[error("there is no {what} {name}")]
    UnknownSender {
        /// What it names.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A receiver of notifications, and nobody says in whose name.
    #[error("a receiver has a user or a community, and one of the two alone")]
    ReceiverWithoutSender,
    /// Over TLS nobody else is known.
    #[error("over TLS a receiver has a user of [[tls.user]], and no community")]
    ReceiverWithoutSessionUser,
    /// A receiver over TLS, and no certificate to show it.
    #[error(
        "a receiver with a fingerprint or a server_name is told over TLS, and there is no [tls]"
    )]
    ReceiverWithoutTls,
    /// Two ways to know a receiver.
    #[error("fingerprint and server_name cannot stand together: the fingerprint says all")]
    TwoServers,
    /// Nobody who could have signed the name.
    #[error(
        "server_name is for certificates that an authority has signed, and there is no ca_file in [tls]"
    )]
    ServerNameAlone,
    /// A user's messages are of version 3.
    #[error("version is for a community; a user's messages are of version 3")]
    VersionOfUser,
    /// A community has no level.
    #[error("level is for a user; a community secures nothing")]
    LevelOfCommunity,
    /// A level for which the user lacks a protocol.
    #[error("user {name} has no keys for {level}")]
    LevelWithoutKeys {
        /// The user.
        name: String,
        /// The level.
        level: SecurityLevel,
    },
    /// RFC 3584 has no place for it.
    #[error("version 1 has no informs")]
    InformOfV1,
    /// Two ways to say what somebody may do.
    #[error("access and group cannot stand together: the group has its access")]
    AccessAndGroup,
    /// A community that could change users.
    #[error("whoever reads a community off the wire could change all users")]
    CommunityAdmin,
    /// Encryption for nobody in particular.
    #[error("priv without auth: whom should a message be kept secret from?")]
    PrivacyAlone,
    /// A secret for what is not done.
    #[error("{0}_file without {0}: there is no protocol to use it for")]
    SecretOfNone(&'static str),
    /// A user without a password.
    #[error("user {0} has no auth_file")]
    NoPassword(String),
    /// RFC 3414 §11.2.
    #[error("a password of less than 8 octets is guessed soon")]
    ShortPassword,
    /// An address to listen on that is there already.
    #[error("{address} is there already, in line {line}")]
    DuplicateListener {
        /// The address.
        address: SocketAddr,
        /// Where the first one stands.
        line: usize,
    },
    /// Nowhere to listen.
    #[error("listen: an agent without an address cannot be asked")]
    NoListener,
    /// No master could be there.
    #[error("{text:?} is {error}")]
    Master {
        /// What stands there.
        text: String,
        /// What is the matter with it.
        error: MasterError,
    },
    /// The own host among the others.
    #[error("{0} is the agent's own host, which the keys at the top of the file describe")]
    OwnHost(Name),
    /// A row breaks a rule that holds for every document.
    #[error("{row}: {kind}")]
    Rule {
        /// The row.
        row: RowId,
        /// The rule.
        kind: ProblemKind,
    },
    /// A file of authorities that cannot be read.
    #[error("{}: {kind}", path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// What the system says.
        kind: io::ErrorKind,
    },
    /// A file of certificates that is of no use.
    #[error("{}: {error}", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is the matter with it.
        error: String,
    },
    /// A file of a key that is of no use.
    #[error("{}: {error}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is the matter with it.
        error: String,
    },
    /// Writes by a community, and nobody said that this is wanted.
    #[error("writing without encryption and authentication can be read, or done, by others")]
    InsecureWrites,
    /// Writes by a community from outside.
    #[error("{address} is no loopback address, and a community may write")]
    WritesFromOutside {
        /// The key it stands at.
        key: &'static str,
        /// The address.
        address: SocketAddr,
    },
    /// A secret that cannot be had.
    #[error("{} {error}", path.display())]
    Secret {
        /// The file it should stand in.
        path: PathBuf,
        /// What is the matter with that.
        error: SecretError,
    },
}

/// The text of a file, and the faults found in it so far.
pub(super) struct Findings {
    source: Arc<NamedSource<String>>,
    faults: Vec<Fault>,
}

impl Findings {
    pub fn new(path: &Path, text: &str) -> Self {
        let source = NamedSource::new(path.display().to_string(), text.to_owned());
        Self { source: Arc::new(source), faults: Vec::new() }
    }

    /// Takes note of a fault at a place.
    pub fn add(&mut self, span: Range<usize>, cause: Cause) {
        let form = forms::of(&cause);
        self.add_with(span, cause, form);
    }

    /// Takes note of what the TOML parser says.
    pub fn add_syntax(&mut self, error: &toml::de::Error) {
        let span = error.span().unwrap_or_default();
        let (message, form) = forms::of_syntax(error.message(), self.source.inner(), span.start);
        self.add_with(span, Cause::Syntax(message), form);
    }

    fn add_with(&mut self, span: Range<usize>, cause: Cause, form: String) {
        let (line, column) = place(self.source.inner(), span.start);
        let source = Arc::clone(&self.source);
        self.faults.push(Fault { source, span, line, column, cause, form });
    }

    /// The line of a place.
    pub fn line(&self, at: usize) -> usize {
        place(self.source.inner(), at).0
    }

    /// How many faults there are so far.
    pub fn count(&self) -> usize {
        self.faults.len()
    }

    /// The error, when no more can be found.
    pub fn failed<T>(self) -> Result<T, ConfigError> {
        Err(ConfigError::Invalid(self.faults))
    }

    /// An error if there is any fault; they come in the order of the file.
    pub fn result(mut self) -> Result<(), ConfigError> {
        if self.faults.is_empty() {
            return Ok(());
        }
        self.faults.sort_by_key(|fault| fault.span.start);
        Err(ConfigError::Invalid(self.faults))
    }
}

/// Line and column, counted from 1 and the column in characters.
fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let (lines, rest) = match before.rfind('\n') {
        Some(end) => (before.matches('\n').count(), &before[end + 1..]),
        None => (0, before),
    };
    (lines + 1, rest.chars().count() + 1)
}

impl ConfigError {
    /// The error for a reader: drawn into the text of the file for a terminal,
    /// else one line `FILE:LINE:COLUMN: CAUSE` and one of help for each fault. The last
    /// line has no end.
    pub fn render(&self, terminal: bool) -> String {
        let faults = match self {
            Self::Unreadable { source, .. } => {
                return format!("{self}\n  help: {}", unreadable_form(source.kind()));
            }
            Self::Invalid(faults) => faults,
        };
        if !terminal {
            return plain(faults);
        }
        let handler = GraphicalReportHandler::new();
        let mut out = String::new();
        for fault in faults {
            // Writing to a string does not fail; a fault that cannot be drawn
            // is at least said.
            if handler.render_report(&mut out, fault).is_err() {
                let _ = writeln!(out, "{fault}");
            }
        }
        out.trim_end().to_owned()
    }
}

fn unreadable_form(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::IsADirectory => "that is a folder; name the file in it with --config FILE",
        io::ErrorKind::InvalidData => "save it as UTF-8; comments count as well",
        io::ErrorKind::PermissionDenied => "let the user that the agent runs as read it",
        _ => {
            "name the file with --config FILE; the shortest one is
        name = \"web1\"
        [[community]]
        name = \"monitoring\"
        file = \"monitoring.community\""
        }
    }
}

fn plain(faults: &[Fault]) -> String {
    let lines: Vec<String> = faults
        .iter()
        .map(|fault| format!("{fault}\n  help: {}", fault.form.replace('\n', "\n        ")))
        .collect();
    lines.join("\n")
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.source.name(), self.line, self.column, self.cause)
    }
}

impl std::error::Error for Fault {}

impl Diagnostic for Fault {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.form))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&*self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        // A table that lacks something spans all of its lines; one is enough
        // to find it.
        let rest = self.source.inner().get(self.span.start..).unwrap_or("");
        let line = rest.lines().next().map_or(0, str::len);
        let length = self.span.len().min(line);
        Some(Box::new(std::iter::once(LabeledSpan::new(None, self.span.start, length))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_from_one_and_in_characters() {
        let text = "a = 1\nb = \"é\" # x\n";
        assert_eq!(place(text, 0), (1, 1));
        assert_eq!(place(text, 4), (1, 5));
        assert_eq!(place(text, 6), (2, 1));
        assert_eq!(place(text, 14), (2, 8));
        assert_eq!(place(text, 4711), (3, 1));
        assert_eq!(place("", 0), (1, 1));
    }
}
