//! What can be checked.

use serde::{Deserialize, Serialize};

/// What is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Subject {
    /// A node's agent, and what it says of all it knows.
    Agent,
    /// A host.
    Host,
    /// A cluster.
    Cluster,
    /// The directors of a cluster.
    Director,
    /// A service.
    Service,
    /// A server of a service.
    Server,
    /// The weight of a server.
    Weight,
    /// The controller's lease of a cluster.
    Lease,
}

impl Subject {
    /// As it stands first in the output.
    pub fn word(self) -> &'static str {
        match self {
            Self::Agent => "AGENT",
            Self::Host => "HOST",
            Self::Cluster => "CLUSTER",
            Self::Director => "DIRECTOR",
            Self::Service => "SERVICE",
            Self::Server => "SERVER",
            Self::Weight => "WEIGHT",
            Self::Lease => "LEASE",
        }
    }

    /// How many names its row has at most.
    pub fn depth(self) -> usize {
        match self {
            Self::Agent | Self::Host | Self::Cluster | Self::Director | Self::Lease => 1,
            Self::Service => 2,
            Self::Server | Self::Weight => 3,
        }
    }
}
