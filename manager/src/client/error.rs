//! Why a question has no answer.

use std::{io, net::SocketAddr};

use lcms_snmp::{ErrorStatus, Oid};
use thiserror::Error;

/// Why an agent gave no answer, or none of use.
#[derive(Debug, Error)]
pub enum ClientError {
    /// Nothing came back. An agent that does not know the community is as
    /// silent as one that is not there.
    #[error("{address}: no answer to {attempts} requests")]
    Unreachable {
        /// Who was asked.
        address: SocketAddr,
        /// How often.
        attempts: u32,
    },
    /// The system refused to send.
    #[error("{address}: {source}")]
    Network {
        /// Who was to be asked.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The agent answered with an error-status.
    #[error("{address}: {}", status_name(*status))]
    Refused {
        /// Who answered.
        address: SocketAddr,
        /// The error-status as it came.
        status: i32,
        /// The variable that the error-index points at.
        name: Option<Oid>,
    },
    /// A walk came to a name that does not follow the one before it: to go on
    /// would be to go round for ever.
    #[error("{address}: the agent's names do not increase: {next} follows {before}")]
    NotIncreasing {
        /// Who answered.
        address: SocketAddr,
        /// The name asked about.
        before: Oid,
        /// The name that came.
        next: Oid,
    },
    /// A table that has no end.
    #[error("{address}: the table goes on after {cells} cells")]
    Endless {
        /// Who answered.
        address: SocketAddr,
        /// How many were taken.
        cells: usize,
    },
    /// The variables of the answer are not those of the question.
    #[error("{address}: the answer does not fit the question")]
    Unexpected {
        /// Who answered.
        address: SocketAddr,
    },
    /// The client's task has ended.
    #[error("the client is closed")]
    Closed,
}

impl ClientError {
    /// Whether nobody answered at all.
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Network { .. })
    }

    /// The error-status of a refusal, where an RFC defines it.
    pub fn status(&self) -> Option<ErrorStatus> {
        match self {
            Self::Refused { status, .. } => ErrorStatus::from_number(*status),
            _ => None,
        }
    }
}

fn status_name(status: i32) -> String {
    match ErrorStatus::from_number(status) {
        Some(status) => status.name().to_owned(),
        None => format!("error-status {status}, which no RFC defines"),
    }
}
