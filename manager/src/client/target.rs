//! Whom to ask, and as whom.

use std::{net::SocketAddr, time::Duration};

use lcms_snmp::{Community, Retry, UserCredentials, Version};

use crate::tls::Peer;

/// An agent as it is addressed: where, as whom, and how patiently.
#[derive(Clone, Debug)]
pub struct Target {
    /// Where its answers come from.
    pub address: SocketAddr,
    /// How it knows us, which says what carries the messages too.
    pub credentials: Credentials,
    /// How long it is waited for. In a session nothing is said twice, so that one
    /// question has the time of all attempts.
    pub retry: Retry,
}

/// As whom an agent is asked.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// Of version 1 or 2c, over UDP.
    Community(Community),
    /// Of version 3, over UDP.
    User(UserCredentials),
    /// Of version 3, over TLS: whoever the own certificate is to the agent.
    Certificate(Peer),
}

impl Credentials {
    /// The version of the messages.
    pub fn version(&self) -> Version {
        match self {
            Self::Community(community) => community.version(),
            Self::User(_) | Self::Certificate(_) => Version::V3,
        }
    }
}

impl Target {
    /// The time of all attempts.
    pub(super) fn patience(&self) -> Duration {
        (0..=self.retry.retries).map(|attempt| self.retry.wait(attempt)).sum()
    }
}

impl From<Community> for Credentials {
    fn from(community: Community) -> Self {
        Self::Community(community)
    }
}

impl From<UserCredentials> for Credentials {
    fn from(user: UserCredentials) -> Self {
        Self::User(user)
    }
}

impl From<Peer> for Credentials {
    fn from(peer: Peer) -> Self {
        Self::Certificate(peer)
    }
}
