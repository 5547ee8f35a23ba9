//! NODE: a name of the inventory, or an address.

use std::{path::PathBuf, str::FromStr, time::Duration};

use lcms_lb_core::model::Name;
use lcms_snmp::{UserCredentials, Version, v3::SecurityLevel};

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
            "3" => Ok(Self(Version::V3)),
            _ => Err("versions are 1, 2c and 3"),
        }
    }
}

/// The node that is meant, with what the command line says of it.
pub fn node(global: &Global, inventory: &Inventory, given: &str) -> Result<Node, CliError> {
    let node = match inventory.node_at(given) {
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
    if let Some(name) = &global.user {
        node.user = Some(user(global, name)?);
        node.version = Version::V3;
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

/// The user that the command line names.
fn user(global: &Global, name: &str) -> Result<UserCredentials, CliError> {
    let read = |file: &Option<PathBuf>| file.as_deref().map(secret::read).transpose();
    let auth = read(&global.auth_file)?;
    let privacy = read(&global.priv_file)?;
    let privacy = privacy.as_ref().or(auth.as_ref());
    if global.level >= SecurityLevel::AuthNoPriv && auth.is_none() {
        return Err(CliError::NoPassword);
    }
    let auth = auth.as_ref().filter(|_| global.level >= SecurityLevel::AuthNoPriv);
    let privacy = privacy.filter(|_| global.level == SecurityLevel::AuthPriv);
    UserCredentials::new(
        name,
        auth.map(|secret| (global.auth, secret)),
        privacy.map(|secret| (global.privacy, secret)),
    )
    .map_err(CliError::Password)
}

/// A name for a node that has none: its address, as far as names go.
fn name(endpoint: &Endpoint) -> Name {
    let host = endpoint.host.to_ascii_lowercase().replace([':', '%'], "-");
    let short: String = host.chars().take(Name::MAX).collect();
    short.parse().or_else(|_| "agent".parse()).expect("agent is a name")
}
