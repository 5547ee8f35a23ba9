//! What is managed: nodes with an agent each, and clusters with their
//! directors.
//!
//! Operations take this value; where it came from is none of their business.

mod endpoint;
pub mod user;

use std::time::Duration;

use lcms_lb_core::model::{Name, Role, Roles};
use lcms_snmp::{Secret, UserCredentials, Version};

pub use self::endpoint::{Endpoint, EndpointError, Transport};
use crate::tls::Peer;

/// The managed nodes and clusters.
#[derive(Clone, Debug, Default)]
pub struct Inventory {
    /// In the order they were written.
    pub nodes: Vec<Node>,
    /// In the order they were written.
    pub clusters: Vec<Cluster>,
}

/// A machine that runs an agent.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its name in the whole fleet: the agent's `name`, and its row in
    /// lcHostTable.
    pub name: Name,
    /// Where its agent listens.
    pub endpoint: Endpoint,
    /// Protocol version.
    pub version: Version,
    /// Community for reading.
    pub read: Option<Secret>,
    /// Community for writing; the one for reading where there is none.
    pub write: Option<Secret>,
    /// User of version 3, for reading and writing.
    pub user: Option<UserCredentials>,
    /// With which certificates it is asked over TLS, where its endpoint is reached so;
    /// nothing of the above counts there.
    pub peer: Option<Peer>,
    /// How long to wait for the first answer.
    pub timeout: Duration,
    /// How often to ask again after that.
    pub retries: u32,
    /// What it is meant to be; empty where nobody said.
    pub roles: Roles,
}

/// A cluster and who directs it.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// Its name in LOAD-CLUSTER-MIB.
    pub name: Name,
    /// The nodes that direct it or stand by, in the order they are asked.
    pub directors: Vec<Name>,
}

impl Inventory {
    /// The node of this name.
    pub fn node(&self, name: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.name.as_str() == name)
    }

    /// The node of this name, or else the only one at this address, with or
    /// without its port.
    pub fn node_at(&self, given: &str) -> Option<&Node> {
        let mut at = self
            .nodes
            .iter()
            .filter(|node| node.endpoint.host == given || node.endpoint.to_string() == given);
        self.node(given).or_else(|| at.next().filter(|_| at.next().is_none()))
    }

    /// The cluster of this name.
    pub fn cluster(&self, name: &str) -> Option<&Cluster> {
        self.clusters.iter().find(|cluster| cluster.name.as_str() == name)
    }

    /// The nodes that may hold clusters: those whose role says so, those that
    /// a cluster names, and those of which nothing is said.
    pub fn directors(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(|node| self.may_direct(node))
    }

    /// Whether a node's cluster tables are worth a question.
    pub fn may_direct(&self, node: &Node) -> bool {
        let named = || self.clusters.iter().any(|c| c.directors.contains(&node.name));
        node.roles == Roles::NONE
            || node.roles.contains(Role::Director)
            || node.roles.contains(Role::BackupDirector)
            || named()
    }
}

impl Node {
    /// A node with the defaults of the inventory file.
    pub fn new(name: Name, endpoint: Endpoint) -> Self {
        Self {
            name,
            version: if endpoint.is_tls() { Version::V3 } else { Version::V2c },
            endpoint,
            read: None,
            write: None,
            user: None,
            peer: None,
            timeout: Self::TIMEOUT,
            retries: Self::RETRIES,
            roles: Roles::NONE,
        }
    }

    /// How long the first answer is waited for where nobody says otherwise.
    pub const TIMEOUT: Duration = Duration::from_secs(1);
    /// How often a question is repeated where nobody says otherwise.
    pub const RETRIES: u32 = 2;
}
