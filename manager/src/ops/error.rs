//! Why an operation was not done, and what to do next.

use std::fmt;

use ::load_cluster_mib::{load_cluster_mib, snmpv2_mib};
use lcms_lb_core::model::Name;
use lcms_snmp::{ErrorStatus, Oid, object::Entry};
use thiserror::Error;

use super::{AssignError, Kind, RowName, advice};
use crate::{
    client::{ClientError, Rejection, ResolveError},
    path::RowPath,
    poll::NodeFault,
};

/// Why an operation was not done.
#[derive(Debug, Error)]
pub enum OpError {
    /// A node cannot be asked.
    #[error("{}: {source}", source.node())]
    Resolve {
        /// Why.
        #[from]
        source: ResolveError,
    },
    /// A node did not answer, or refused.
    #[error("{node}: {}{}", refusal(source), Cause(source))]
    Client {
        /// Who.
        node: Name,
        /// What was asked of it.
        doing: Doing,
        /// What came of it.
        #[source]
        source: ClientError,
    },
    /// Nobody has such a row.
    #[error("there is no {kind} {path}{}", but(silent))]
    NoSuchRow {
        /// What was looked for.
        kind: Kind,
        /// Its name.
        path: RowPath,
        /// Those that there are.
        there: Vec<RowName>,
        /// Directors that did not answer, and may have it.
        silent: Vec<Name>,
    },
    /// Several rows have names that end so.
    #[error("{kind} {path} could be any of {}", list(rows))]
    Ambiguous {
        /// What was looked for.
        kind: Kind,
        /// Its name, as far as given.
        path: RowPath,
        /// The rows it could be.
        rows: Vec<RowName>,
    },
    /// The name has more or fewer parts than rows of this kind.
    #[error("{path} is no name of a {kind}; write {}", kind.form())]
    Form {
        /// What was meant.
        kind: Kind,
        /// What was given.
        path: RowPath,
    },
    /// Several directors could be meant, or none.
    #[error("on which director? the inventory has {}", list(directors))]
    WhichDirector {
        /// Those that there are.
        directors: Vec<Name>,
    },
    /// The inventory has no such node.
    #[error("the inventory has no node {0:?}")]
    NoSuchNode(String),
    /// Not one director answered.
    #[error("{}{cause}{}", first(silent), others(silent))]
    NoDirectorAnswered {
        /// Who was asked.
        silent: Vec<Name>,
        /// Why the first of them told nothing.
        cause: Box<NodeFault>,
    },
    /// A row of this kind cannot do without.
    #[error("a {0} needs an address and port")]
    NeedsAddress(Kind),
    /// Something is wrong with `key=value`.
    #[error(transparent)]
    Assign(#[from] AssignError),
    /// The waiting for a drain ended before the connections did.
    #[error("{name} still has {active} active connections after {seconds} s")]
    StillBusy {
        /// The server.
        name: RowName,
        /// Its connections.
        active: u32,
        /// How long they were waited for.
        seconds: u64,
    },
}

/// What was asked of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// To tell something.
    Read,
    /// To set something in a row of this kind.
    Set(Kind),
    /// To create a row.
    Add(Kind),
    /// To destroy a row.
    Remove(Kind),
}

impl OpError {
    /// What to do next.
    pub fn advice(&self) -> String {
        match self {
            Self::Resolve { source } => source.advice(),
            Self::Client { node, doing, source } => advice::of_refusal(*node, *doing, source),
            Self::NoSuchRow { kind, there, silent, .. } => match (there.is_empty(), silent.first())
            {
                (_, Some(node)) => format!("see what is wrong with {node}: lcms-manager poll"),
                (true, None) => {
                    format!("add one: lcms-manager {kind} add {} …", kind.form())
                }
                (false, None) => format!("there are: {}", list(there)),
            },
            Self::Ambiguous { .. } => "write the whole name".to_owned(),
            Self::Form { kind, .. } => format!("see which there are: lcms-manager {kind} show"),
            Self::WhichDirector { directors } if directors.is_empty() => {
                "add a [[node]] with roles = [\"director\"] to the inventory".to_owned()
            }
            Self::WhichDirector { .. } => "say which: --on NODE".to_owned(),
            Self::NoSuchNode(_) => {
                "add it to the inventory, or write HOST:PORT with --community-file FILE".to_owned()
            }
            Self::NoDirectorAnswered { cause, .. } => cause.advice(),
            Self::NeedsAddress(kind) => {
                format!("lcms-manager {kind} add {} address=192.0.2.1:80", kind.form())
            }
            Self::Assign(error) => error.advice(),
            Self::StillBusy { .. } => {
                "it takes no new ones; wait longer with --timeout SECONDS, or see who holds them: \
                 lcms-manager poll -o wide"
                    .to_owned()
            }
        }
    }

    /// Whether it is the arguments that are wrong.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::Form { .. }
                | Self::WhichDirector { .. }
                | Self::NoSuchNode(_)
                | Self::NeedsAddress(_)
                | Self::Assign(_)
        )
    }
}

impl ResolveError {
    /// What to do next.
    pub fn advice(&self) -> String {
        match self {
            Self::Host { .. } => "correct its address in the inventory".to_owned(),
            Self::NoUser { .. } => {
                "give it user = \"NAME\" and auth_file = \"FILE\" in the inventory, or --user NAME \
                 --auth-file FILE"
                    .to_owned()
            }
            Self::NoCertificate { .. } => {
                "give it certificate_file, key_file, and fingerprint or ca_file in the inventory, \
                 or --certificate-file FILE --key-file FILE --fingerprint DIGITS"
                    .to_owned()
            }
            Self::NoCommunity { .. } => {
                "give it community_file = \"FILE\" in the inventory, or --community-file FILE"
                    .to_owned()
            }
        }
    }
}

impl ClientError {
    /// What to do next, when nothing is known of the purpose.
    pub fn advice(&self) -> String {
        match self {
            Self::Unreachable { .. } => {
                "is the agent running there, and is the community right? A wrong one gets no answer"
                    .to_owned()
            }
            Self::Reported { rejection, .. } => match rejection {
                Rejection::UnknownUser => "correct user, or add it to the agent: [[user]]",
                Rejection::WrongDigest => "correct auth and the password in auth_file",
                Rejection::Decryption => "correct priv and the password in priv_file",
                Rejection::UnsupportedLevel => "ask at a lower level, or give the user a priv",
                Rejection::NotInTime | Rejection::UnknownEngine | Rejection::Other => {
                    "the agent's log and its usmStats say more"
                }
            }
            .to_owned(),
            Self::Session { fault, .. } => fault.advice().to_owned(),
            Self::Network { .. } => "check the address and this machine's routes".to_owned(),
            Self::NotIncreasing { .. } => {
                "that is a fault of the agent; get the variables one by one".to_owned()
            }
            Self::Endless { .. } => "walk what you want of it: lcms-manager walk".to_owned(),
            Self::Unexpected { .. } => {
                "that is a fault of the agent; try the other version: -v 1 or -v 2c".to_owned()
            }
            Self::Refused { .. } => match self.status() {
                Some(ErrorStatus::TooBig) => "ask for fewer variables at once".to_owned(),
                Some(ErrorStatus::NoSuchName) => {
                    "see what there is: lcms-manager walk NODE".to_owned()
                }
                _ => "the agent's log says more".to_owned(),
            },
            Self::Closed => "try again".to_owned(),
        }
    }
}

/// What an object of this syntax can hold, in words.
pub(super) fn allowed(syntax: &lcms_snmp::object::Syntax) -> String {
    if !syntax.labels.is_empty() {
        let labels: Vec<&str> = syntax.labels.iter().map(|(label, _)| *label).collect();
        return labels.join(", ");
    }
    let span = |(low, high): (i64, i64)| match low == high {
        true => low.to_string(),
        false => format!("{low} to {high}"),
    };
    match (syntax.ranges, syntax.sizes) {
        ([], []) if syntax.text => "text".to_owned(),
        ([], []) => format!("{:?}", syntax.base),
        ([], sizes) => {
            let sizes: Vec<_> =
                sizes.iter().map(|&(low, high)| span((low.into(), high.into()))).collect();
            format!("{} octets", sizes.join(" or "))
        }
        (ranges, _) => ranges.iter().map(|&range| span(range)).collect::<Vec<_>>().join(" or "),
    }
}

pub(super) type Refused = (&'static lcms_snmp::object::Column, String);

/// The column and instance that an agent's error-index points at.
pub(super) fn refused_object(error: &ClientError) -> Option<Refused> {
    let ClientError::Refused { name: Some(name), .. } = error else { return None };
    object(name)
}

/// The column and readable name of an instance of our own MIBs.
fn object(name: &Oid) -> Option<Refused> {
    let entries = load_cluster_mib::ENTRIES.iter().chain(snmpv2_mib::ENTRIES);
    entries.copied().find_map(|entry: &'static Entry| {
        let (arc, index) = entry.split(name)?;
        let column = entry.column(arc)?;
        Some((column, format!("{}{}", column.name, suffix(index))))
    })
}

/// `."main"."web"` where the index is made of names.
fn suffix(index: &[u32]) -> String {
    let mut text = String::new();
    let mut rest = index;
    while let Some((&length, after)) = rest.split_first() {
        let name = usize::try_from(length).ok().and_then(|n| after.split_at_checked(n));
        let Some((name, after)) = name.filter(|_| length > 0) else {
            return index.iter().map(|arc| format!(".{arc}")).collect();
        };
        let octets = name.iter().map(|&arc| u8::try_from(arc).unwrap_or(b'?') as char);
        text.push_str(&format!(".\"{}\"", octets.collect::<String>()));
        rest = after;
    }
    text
}

/// The name an error is about, in front of it.
fn refusal(error: &ClientError) -> String {
    match (error, refused_object(error)) {
        (_, Some((_, name))) => format!("{name}: "),
        (ClientError::Refused { name: Some(name), .. }, None) => format!("{name}: "),
        _ => String::new(),
    }
}

/// A client's error without the address, which the node's name stands for.
struct Cause<'a>(&'a ClientError);

impl fmt::Display for Cause<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0, self.0.status()) {
            (ClientError::Refused { .. }, Some(status)) => f.write_str(status.name()),
            (error, _) => fmt::Display::fmt(error, f),
        }
    }
}

fn first(silent: &[Name]) -> String {
    silent.first().map(|name| format!("{name}: ")).unwrap_or_default()
}

fn others(silent: &[Name]) -> String {
    match silent {
        [_, others @ ..] if !others.is_empty() => {
            format!("; nor is there an answer from {}", list(others))
        }
        _ => String::new(),
    }
}

fn but(silent: &[Name]) -> String {
    match silent {
        [] => String::new(),
        silent => format!(" on those directors that answered; silent: {}", list(silent)),
    }
}

/// As many as one line holds.
fn list<T: fmt::Display>(items: &[T]) -> String {
    const MOST: usize = 8;
    let shown: Vec<String> = items.iter().take(MOST).map(ToString::to_string).collect();
    match items.len().checked_sub(MOST) {
        _ if items.is_empty() => "none".to_owned(),
        None | Some(0) => shown.join(", "),
        Some(more) => format!("{}, and {more} more", shown.join(", ")),
    }
}
