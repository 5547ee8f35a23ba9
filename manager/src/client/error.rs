//! Why a question has no answer.

use std::{io, net::SocketAddr, sync::Arc};

use lcms_snmp::{ErrorStatus, Oid};
use load_cluster_mib::snmp_user_based_sm_mib::usm_stats;
use thiserror::Error;

use super::SessionFault;

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
    /// There is no session over TLS, or no answer in it.
    #[error("{address}: {fault}")]
    Session {
        /// Who was to be asked.
        address: SocketAddr,
        /// Why there is none.
        fault: Arc<SessionFault>,
    },
    /// The agent's engine does not take the message.
    #[error("{address}: {rejection}")]
    Reported {
        /// Who says so.
        address: SocketAddr,
        /// Why.
        rejection: Rejection,
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

/// Why an engine does not take a message of version 3: the counter in its report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Rejection {
    /// usmStatsUnknownUserNames.
    #[error("the agent does not know the user")]
    UnknownUser,
    /// usmStatsWrongDigests.
    #[error("the authentication password or protocol is not the agent's")]
    WrongDigest,
    /// usmStatsDecryptionErrors.
    #[error("the encryption password or protocol is not the agent's")]
    Decryption,
    /// usmStatsUnsupportedSecLevels.
    #[error("the user has no keys for this security level")]
    UnsupportedLevel,
    /// usmStatsNotInTimeWindows.
    #[error("the agent's clock and ours do not come together")]
    NotInTime,
    /// usmStatsUnknownEngineIDs.
    #[error("the agent does not keep its engine ID")]
    UnknownEngine,
    /// Anything else.
    #[error("the agent does not take the message, for another reason than users and keys")]
    Other,
}

impl Rejection {
    /// What a counter's name means.
    pub(super) fn of(name: &Oid) -> Self {
        match usm_stats::ENTRY.split(name) {
            Some((usm_stats::col::UNKNOWN_USER_NAMES, _)) => Self::UnknownUser,
            Some((usm_stats::col::WRONG_DIGESTS, _)) => Self::WrongDigest,
            Some((usm_stats::col::DECRYPTION_ERRORS, _)) => Self::Decryption,
            Some((usm_stats::col::UNSUPPORTED_SEC_LEVELS, _)) => Self::UnsupportedLevel,
            Some((usm_stats::col::NOT_IN_TIME_WINDOWS, _)) => Self::NotInTime,
            Some((usm_stats::col::UNKNOWN_ENGINE_I_DS, _)) => Self::UnknownEngine,
            _ => Self::Other,
        }
    }
}

impl ClientError {
    /// Whether nobody answered at all.
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Network { .. } | Self::Session { .. })
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
