//! From a node of the inventory to an agent's address.

use std::io;

use lcms_lb_core::model::Name;
use lcms_snmp::{Community, Retry, Version};
use thiserror::Error;
use tokio::net::lookup_host;

use super::{Credentials, Target};
use crate::inventory::{Endpoint, Node};

/// What is wanted of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// To read.
    Read,
    /// To set.
    Write,
}

/// Why a node cannot be asked.
#[derive(Debug, Error)]
pub enum ResolveError {
    /// Its host name leads nowhere.
    #[error("{} cannot be resolved: {source}", endpoint.host)]
    Host {
        /// The node.
        node: Name,
        /// Its address.
        endpoint: Endpoint,
        /// What the system says.
        source: io::Error,
    },
    /// Nobody said as which user.
    #[error("no user is known for it")]
    NoUser {
        /// The node.
        node: Name,
    },
    /// Nobody said with which certificate.
    #[error("no certificate is known for it")]
    NoCertificate {
        /// The node.
        node: Name,
    },
    /// Nobody said with which community.
    #[error("no community is known for it")]
    NoCommunity {
        /// The node.
        node: Name,
    },
}

impl ResolveError {
    /// The node.
    pub fn node(&self) -> Name {
        match self {
            Self::Host { node, .. }
            | Self::NoUser { node }
            | Self::NoCertificate { node }
            | Self::NoCommunity { node } => *node,
        }
    }
}

/// Where and as whom to ask a node's agent.
pub async fn target(node: &Node, access: Access) -> Result<Target, ResolveError> {
    let credentials = credentials(node, access)?;
    let failed =
        |source| ResolveError::Host { node: node.name, endpoint: node.endpoint.clone(), source };
    let mut addresses =
        lookup_host((node.endpoint.host.as_str(), node.endpoint.port)).await.map_err(failed)?;
    let address =
        addresses.next().ok_or_else(|| failed(io::Error::from(io::ErrorKind::AddrNotAvailable)))?;
    // Waits do not grow: (1 + retries) times the timeout is what an operator
    // reads in the inventory, and what passes before a node is given up.
    let retry = Retry { timeout: node.timeout, ceiling: node.timeout, retries: node.retries };
    Ok(Target { address, credentials, retry })
}

/// Whether anybody has said as whom to ask a node's agent.
pub fn can_ask(node: &Node) -> bool {
    credentials(node, Access::Read).is_ok()
}

fn credentials(node: &Node, access: Access) -> Result<Credentials, ResolveError> {
    if node.endpoint.is_tls() {
        let peer = node.peer.clone().ok_or(ResolveError::NoCertificate { node: node.name });
        return peer.map(Credentials::from);
    }
    let community = match access {
        Access::Read => node.read.as_ref().or(node.write.as_ref()),
        Access::Write => node.write.as_ref().or(node.read.as_ref()),
    };
    let community = || community.ok_or(ResolveError::NoCommunity { node: node.name });
    Ok(match node.version {
        Version::V1 => Community::v1(community()?.expose()).into(),
        Version::V2c => Community::v2c(community()?.expose()).into(),
        Version::V3 => match &node.user {
            Some(user) => user.clone().into(),
            None => return Err(ResolveError::NoUser { node: node.name }),
        },
    })
}
