//! The manager's file.
//!
//! ```toml
//! [defaults]
//! community_file = "read.community"      # relative to this file, mode 0600
//!
//! [[node]]
//! name = "lb1"
//! address = "192.0.2.1:161"
//! roles = ["director"]
//! user = "operator"                      # SNMPv3: SHA-256 and AES-128 unless
//! auth_file = "operator.password"        # auth, priv and level say otherwise
//!
//! [[node]]
//! name = "rs1"
//! address = "tls:192.0.2.11"             # over TLS: certificates on both sides
//! certificate_file = "operator.pem"
//! key_file = "operator.key"              # mode 0600
//! fingerprint = "6C:20:…"                # or ca_file, and server_name
//!
//! [[cluster]]
//! name = "main"
//! directors = ["lb1"]
//!
//! [serve]
//! metrics = "9780"                       # on loopback
//! ```
//!
//! It is read whole, so that a word that is wrong anywhere is told of. What it
//! amounts to, and the secrets it names, are made for whoever asks for that part.

mod error;
mod inventory;
mod receiver;
mod serve;
mod tables;
#[cfg(test)]
mod tests;
mod tls;

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use self::{
    error::invalid,
    inventory::Reader,
    receiver::ReceiverTable,
    serve::ServeTable,
    tables::{ClusterTable, Defaults, NodeTable},
};
pub use self::{
    error::{ConfigError, Fault},
    receiver::ReceiverFault,
    serve::Listen,
    tls::TlsFault,
};
use crate::{inventory::Inventory, serve::Settings, traps};

/// A file whose keys and types are right.
#[derive(Debug)]
pub struct Config {
    path: PathBuf,
    text: String,
    tables: Tables,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tables {
    #[serde(default)]
    defaults: Defaults,
    #[serde(default)]
    node: Vec<NodeTable>,
    #[serde(default)]
    cluster: Vec<ClusterTable>,
    #[serde(default)]
    serve: ServeTable,
    receiver: Option<ReceiverTable>,
}

impl Config {
    /// Reads a file.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(path)
            .map_err(|source| ConfigError::Read { path: path.into(), source })?;
        Self::parse(path, &text)
    }

    /// Reads the text of a file; `path` is where it came from, and its folder the
    /// one that secrets are looked for in.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let tables = toml::from_str(text).map_err(|error| {
            let span = error.span().unwrap_or_default();
            invalid(path, text, (span, Fault::Syntax(error.message().to_owned())))
        })?;
        Ok(Self { path: path.into(), text: text.to_owned(), tables })
    }

    /// The nodes and clusters, with their secrets.
    pub fn inventory(&self) -> Result<Inventory, ConfigError> {
        let Self { path, text, tables } = self;
        let folder = path.parent().unwrap_or(Path::new(""));
        let inventory = Reader::new(text, folder).inventory(tables);
        inventory.map_err(|fault| invalid(path, text, fault))
    }

    /// How notifications are received, with their secrets; `None` where they are not.
    pub fn receiver(&self) -> Result<Option<traps::Settings>, ConfigError> {
        let Self { path, text, tables } = self;
        let Some(table) = &tables.receiver else { return Ok(None) };
        let state_dir = self.serve()?.state_dir;
        let folder = path.parent().unwrap_or(Path::new(""));
        let settings = table.settings(&mut Reader::new(text, folder), state_dir);
        settings.map(Some).map_err(|fault| invalid(path, text, fault))
    }

    /// How `serve` works.
    pub fn serve(&self) -> Result<Settings, ConfigError> {
        let Self { path, text, tables } = self;
        tables.serve.settings().map_err(|fault| invalid(path, text, fault))
    }
}
