//! NODE: a name of the inventory, or an address.

use std::{path::PathBuf, str::FromStr, time::Duration};

use lcms_lb_core::model::Name;
use lcms_snmp::Version;

use super::{CliError, Global};
use crate::{
    inventory::{Endpoint, Inventory, Node},
    secret,
};

/// A protocol version as it is written.
#[derive(Clone, Copy, Debug)]
pub struct WireVersion(Version);

impl FromStr for WireVersion {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "1" => Ok(Self(Version::V1)),
            "2c" => Ok(Self(Version::V2c)),
            _ => Err("versions are 1 and 2c"),
        }
    }
}

/// The node that is meant, with what the command line says of it.
pub fn node(global: &Global, inventory: &Inventory, given: &str) -> Result<Node, CliError> {
    let node = match inventory.node(given) {
        Some(node) => node.clone(),
        None => {
            let endpoint: Endpoint = given
                .strip_prefix("udp:")
                .unwrap_or(given)
                .parse()
                .map_err(|cause| CliError::Node { given: given.to_owned(), cause })?;
            Node::new(name(&endpoint), endpoint)
        }
    };
    settle(global, node)
}

/// A node with what the command line says instead of the inventory.
pub fn settle(global: &Global, mut node: Node) -> Result<Node, CliError> {
    let named = global.community_file.clone();
    let fallback = || std::env::var_os("LCMS_COMMUNITY_FILE").map(PathBuf::from);
    let none = node.read.is_none() && node.write.is_none();
    if let Some(file) = named.or_else(|| fallback().filter(|_| none)) {
        let secret = secret::read(&file)?;
        (node.read, node.write) = (Some(secret.clone()), Some(secret));
    }
    if let Some(WireVersion(version)) = global.snmp_version {
        node.version = version;
    }
    if let Some(timeout) = global.timeout_ms {
        node.timeout = Duration::from_millis(timeout);
    }
    if let Some(retries) = global.retries {
        node.retries = retries;
    }
    Ok(node)
}

/// A name for a node that has none: its address, as far as names go.
fn name(endpoint: &Endpoint) -> Name {
    let host = endpoint.host.to_ascii_lowercase().replace([':', '%'], "-");
    let short: String = host.chars().take(Name::MAX).collect();
    short.parse().or_else(|_| "agent".parse()).expect("agent is a name")
}
