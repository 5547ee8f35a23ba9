//! What a controller tells of its doings: one value for people and programs.

use std::fmt;

use lcms_lb_core::model::Name;
use serde::Serialize;

use super::lease::Wait;
use crate::policy::Decision;

/// Something worth a line.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Event {
    /// A weight was decided.
    Decision {
        /// The decision.
        #[serde(flatten)]
        decision: Decision,
        /// Whether the director has it now.
        written: bool,
    },
    /// The lease of a cluster was acquired.
    Acquired {
        /// The cluster.
        cluster: Name,
        /// Where.
        director: Name,
        /// Its term.
        term: u32,
        /// How long it runs unless prolonged.
        seconds: u32,
    },
    /// A cluster is left alone.
    Waiting {
        /// The cluster.
        cluster: Name,
        /// Where.
        director: Name,
        /// Why.
        #[serde(flatten)]
        wait: Wait,
    },
    /// A lease was given back.
    Released {
        /// The cluster.
        cluster: Name,
        /// Where.
        director: Name,
    },
    /// Something does not work.
    Trouble {
        /// The node or cluster it is about.
        about: String,
        /// What is the matter, and what follows from it.
        what: String,
    },
    /// It works again.
    Recovered {
        /// The node or cluster it is about.
        about: String,
    },
}

impl Event {
    /// Whether both tell the same, but for figures that change by themselves.
    pub fn same_matter(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Waiting { wait: one, .. }, Self::Waiting { wait: two, .. }) => {
                one.same_cause(two)
            }
            _ => self == other,
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decision { decision, written } => {
                let Decision { server, configured, before, weight, frozen, why, .. } = decision;
                let before = before.unwrap_or(*configured);
                let weight = weight.unwrap_or(*configured);
                let note = match (written, frozen) {
                    _ if before == weight => {
                        if *frozen {
                            "frozen: "
                        } else {
                            ""
                        }
                    }
                    (true, _) => "",
                    (false, _) => "not written: ",
                };
                write!(f, "{server}  {before} -> {weight}  {note}{why}")
            }
            Self::Acquired { cluster, director, term, seconds } => {
                write!(f, "{cluster}: lease on {director} acquired, term {term}, {seconds} s")
            }
            Self::Waiting { cluster, director, wait } => match wait {
                Wait::HeldBy { owner, seconds } => write!(
                    f,
                    "{cluster}: {owner} has the lease on {director}, {seconds} s more; waiting"
                ),
                Wait::StoppedByOperator { seconds } => write!(
                    f,
                    "{cluster}: the lease on {director} was ended by somebody else; \
                     staying away for {seconds} s"
                ),
                Wait::TermsUsedUp => write!(
                    f,
                    "{cluster}: no lease term is left on {director}; destroy the cluster's row \
                     and make it anew"
                ),
            },
            Self::Released { cluster, director } => {
                write!(f, "{cluster}: lease on {director} released, configured weights stand again")
            }
            Self::Trouble { about, what } => write!(f, "{about}: {what}"),
            Self::Recovered { about } => write!(f, "{about}: works again"),
        }
    }
}
