//! What can be wrong with the file: where, what, and what would be right.

use std::{
    io,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use lcms_lb_core::model::Name;
use lcms_snmp::usm::KeyError;
use miette::{Diagnostic, NamedSource, SourceSpan};
use thiserror::Error;

use super::{receiver::ReceiverFault, tls::TlsFault};
use crate::{inventory::Endpoint, secret::SecretFault};

/// Why a file is no configuration.
#[derive(Debug, Error, Diagnostic)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: {source}", path.display())]
    #[diagnostic(help(
        "write an inventory there, or name another with --config FILE; the shortest one is\n{FORM}"
    ))]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Something in it is wrong.
    #[error("{}:{line}:{column}: {fault}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// In characters, counted from 1.
        column: usize,
        /// What is wrong.
        fault: Box<Fault>,
        /// Its text.
        #[source_code]
        text: Arc<NamedSource<String>>,
        /// The place.
        #[label("here")]
        span: SourceSpan,
        /// The right form.
        #[help]
        form: String,
    },
}

/// What is wrong at one place of the file.
#[derive(Debug, Error)]
pub enum Fault {
    /// TOML, or the keys and types of the file, were not met.
    #[error("{0}")]
    Syntax(String),
    /// Two rows with one name.
    #[error("there is a {kind} {name:?} already, in line {line}")]
    Duplicate {
        /// `node`, `cluster` and the like.
        kind: &'static str,
        /// The name.
        name: String,
        /// Where the first one stands.
        line: usize,
    },
    /// Two nodes with one address.
    #[error("{address} is the address of node {node:?} already")]
    SharedAddress {
        /// The address.
        address: Endpoint,
        /// Who has it.
        node: Name,
    },
    /// A cluster names a director that is no node.
    #[error("director {0:?} is no [[node]] of this file")]
    UnknownDirector(Name),
    /// A cluster without directors.
    #[error("cluster {0:?} has no directors")]
    NoDirectors(Name),
    /// A waiting time nobody wants.
    #[error("timeout_ms = {0} is out of range")]
    Timeout(u64),
    /// More repetitions than anybody wants.
    #[error("retries = {0} is out of range")]
    Retries(u32),
    /// A rhythm nobody wants.
    #[error("interval_ms = {0} is out of range")]
    Interval(u64),
    /// A user without a password.
    #[error("user {0:?} has no auth_file")]
    NoPassword(String),
    /// A password that makes no key.
    #[error("{0}")]
    Password(KeyError),
    /// A secret that cannot be had.
    #[error(transparent)]
    Secret(#[from] SecretFault),
    /// Something of the receiver.
    #[error(transparent)]
    Receiver(#[from] ReceiverFault),
    /// Something of how a node is asked over TLS.
    #[error(transparent)]
    Tls(#[from] TlsFault),
}

impl Fault {
    /// What would be right in this section of the file.
    fn form(&self, section: &str) -> String {
        match self {
            Self::Syntax(_) => match section {
                "receiver" => {
                    format!("the receiver of notifications is written like this:\n{RECEIVER}")
                }
                "serve" => format!("how the daemon works is written like this:\n{SERVE}"),
                _ => format!("an inventory is written like this:\n{FORM}"),
            },
            Self::Duplicate { kind, .. } => format!("give every {kind} a name of its own"),
            Self::SharedAddress { .. } => {
                "one agent is one node: remove one of the two, or correct its address".into()
            }
            Self::UnknownDirector(name) => {
                format!("add it:\n[[node]]\nname = \"{name}\"\naddress = \"192.0.2.1:161\"")
            }
            Self::NoDirectors(_) => "name at least one: directors = [\"lb1\"]".into(),
            Self::Timeout(_) => "from 1 to 60000, in milliseconds: timeout_ms = 1000".into(),
            Self::Retries(_) => "from 0 to 20: retries = 2".into(),
            Self::Interval(_) => "from 100 to 3600000, in milliseconds: interval_ms = 5000".into(),
            Self::NoPassword(_) => "name the file with its password, mode 0600:\n\
                                    auth_file = \"operator.password\"\n\
                                    or ask for less: level = \"noAuthNoPriv\""
                .into(),
            Self::Password(_) => "write a password of 8 to 255 octets there".into(),
            Self::Secret(error) => error.advice(),
            Self::Receiver(fault) => fault.form(),
            Self::Tls(fault) => fault.form(),
        }
    }
}

/// The shortest useful inventory.
const FORM: &str = "\
[[node]]
name = \"lb1\"
address = \"192.0.2.1:161\"
community_file = \"lb1.community\"    # a file of its own, mode 0600

[[cluster]]
name = \"main\"
directors = [\"lb1\"]";

/// All that can be said of the daemon.
const SERVE: &str = "\
[serve]
interval_ms = 5000                   # from one poll to the next
control = true                       # or false, or clusters: [\"main\"]
metrics = \"127.0.0.1:9780\"         # for Prometheus; left out: nowhere
state_dir = \"/var/lib/lcms-manager\"";

/// Something, or what is wrong at which octets of the text.
pub(super) type Placed<T> = Result<T, (Range<usize>, Fault)>;

pub(super) fn invalid(
    path: &Path,
    text: &str,
    (span, fault): (Range<usize>, Fault),
) -> ConfigError {
    let (line, column) = place(text, span.start);
    ConfigError::Invalid {
        path: path.into(),
        line,
        column,
        form: fault.form(section(text, span.start)),
        fault: Box::new(fault),
        text: Arc::new(NamedSource::new(path.display().to_string(), text.to_owned())),
        span: span.into(),
    }
}

/// Line and column of an octet of the text, both from 1.
pub(super) fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

/// The name of the section that an octet of the text is in; empty before the
/// first one.
fn section(text: &str, offset: usize) -> &str {
    // A section that is itself at fault begins at its bracket.
    let end = text.get(offset..).and_then(|rest| rest.find('\n')).map(|line| offset + line);
    let before = text.get(..end.unwrap_or(text.len())).unwrap_or(text);
    let header = before.lines().rev().find_map(|line| line.trim_start().strip_prefix('['));
    let name = header.map(|header| header.trim_start_matches('[').split([']', '.']).next());
    name.flatten().unwrap_or_default().trim()
}

/// A receiver with one of everything.
const RECEIVER: &str = "\
[receiver]
listen = [\"127.0.0.1:162\"]

[[receiver.community]]
name = \"agents\"
community_file = \"agents.community\"    # a file of its own, mode 0600

[[receiver.user]]
user = \"operator\"
auth_file = \"operator.password\"

[[receiver.pass_on]]
name = \"noc\"
notifications = [\"lc*\", \"linkDown\"]
command = [\"/usr/local/bin/page\", \"noc\"]";
