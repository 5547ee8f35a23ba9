//! NODE: a name of the inventory, or an address.

use std::{path::PathBuf, str::FromStr, time::Duration};

use lcms_lb_core::model::Name;
use lcms_snmp::{UserCredentials, Version, v3::SecurityLevel};
use rustls::pki_types::ServerName;

use super::{CliError, Global};
use crate::{
    inventory::{Endpoint, Inventory, Node},
    secret,
    tls::{Authorities, Own, Peer, Server},
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
    if let Some(timeout) = global.timeout_ms {
        node.timeout = Duration::from_millis(timeout);
    }
    if let Some(retries) = global.retries {
        node.retries = retries;
    }
    if node.endpoint.is_tls() {
        if let Some(peer) = peer(global, &node.endpoint)? {
            node.peer = Some(peer);
        }
        return Ok(node);
    }
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
    Ok(node)
}

/// The certificates that the command line names: all of them, or none.
fn peer(global: &Global, endpoint: &Endpoint) -> Result<Option<Peer>, CliError> {
    let Global { certificate_file, key_file, fingerprint, ca_file, server_name, .. } = global;
    let own = match (certificate_file, key_file) {
        (Some(certificate), Some(key)) => Own::read(certificate, key)?,
        (None, None) if fingerprint.is_none() && ca_file.is_none() && server_name.is_none() => {
            return Ok(None);
        }
        _ => return Err(CliError::NoCertificate),
    };
    let server = match (fingerprint, ca_file) {
        (Some(fingerprint), None) if server_name.is_none() => {
            Server::Certificate(fingerprint.clone())
        }
        (None, Some(file)) => {
            let name = server_name.as_ref().unwrap_or(&endpoint.host);
            let name = ServerName::try_from(name.clone())
                .map_err(|_| CliError::ServerName(name.clone()))?;
            Server::Name(name, Authorities::read(file)?)
        }
        _ => return Err(CliError::NoServer),
    };
    Peer::new(&own, server).map(Some).map_err(|error| CliError::Tls(Box::new(error)))
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
