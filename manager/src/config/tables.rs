//! The tables of nodes and clusters, as they are written.

use std::{fmt, ops::Range, path::PathBuf, str::FromStr};

use lcms_lb_core::model::{Name, Roles};
use lcms_snmp::{
    Version,
    usm::{AuthProtocol, PrivProtocol},
    v3::SecurityLevel,
};
use lcms_tls::Fingerprint;
use serde::{Deserialize, Deserializer, de};
use toml::Spanned;

use crate::inventory::Endpoint;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Defaults {
    pub(super) community_file: Option<Spanned<PathBuf>>,
    pub(super) write_community_file: Option<Spanned<PathBuf>>,
    pub(super) user: Option<String>,
    pub(super) level: Option<Spanned<Word<SecurityLevel>>>,
    pub(super) auth: Option<Spanned<Word<AuthProtocol>>>,
    pub(super) auth_file: Option<Spanned<PathBuf>>,
    #[serde(rename = "priv")]
    pub(super) privacy: Option<Spanned<Word<PrivProtocol>>>,
    pub(super) priv_file: Option<Spanned<PathBuf>>,
    pub(super) certificate_file: Option<Spanned<PathBuf>>,
    pub(super) key_file: Option<Spanned<PathBuf>>,
    pub(super) ca_file: Option<Spanned<PathBuf>>,
    pub(super) version: Option<WireVersion>,
    pub(super) timeout_ms: Option<Spanned<u64>>,
    pub(super) retries: Option<Spanned<u32>>,
}

// Not `flatten`: it would lose the places of the values and the refusal of
// unknown keys.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NodeTable {
    pub(super) name: Spanned<Name>,
    pub(super) address: Spanned<Endpoint>,
    #[serde(default)]
    pub(super) roles: Roles,
    pub(super) community_file: Option<Spanned<PathBuf>>,
    pub(super) write_community_file: Option<Spanned<PathBuf>>,
    pub(super) user: Option<Spanned<String>>,
    pub(super) level: Option<Spanned<Word<SecurityLevel>>>,
    pub(super) auth: Option<Spanned<Word<AuthProtocol>>>,
    pub(super) auth_file: Option<Spanned<PathBuf>>,
    #[serde(rename = "priv")]
    pub(super) privacy: Option<Spanned<Word<PrivProtocol>>>,
    pub(super) priv_file: Option<Spanned<PathBuf>>,
    pub(super) certificate_file: Option<Spanned<PathBuf>>,
    pub(super) key_file: Option<Spanned<PathBuf>>,
    pub(super) ca_file: Option<Spanned<PathBuf>>,
    pub(super) fingerprint: Option<Spanned<Word<Fingerprint>>>,
    pub(super) server_name: Option<Spanned<String>>,
    pub(super) version: Option<Spanned<WireVersion>>,
    pub(super) timeout_ms: Option<Spanned<u64>>,
    pub(super) retries: Option<Spanned<u32>>,
}

/// A key that is there, and where its value stands.
type Present = Option<(Range<usize>, &'static str)>;

fn present<T>(key: &'static str, value: &Option<Spanned<T>>) -> Present {
    value.as_ref().map(|value| (value.span(), key))
}

impl NodeTable {
    /// A key that says something about TLS alone.
    pub(super) fn only_over_tls(&self) -> Present {
        present("fingerprint", &self.fingerprint)
            .or_else(|| present("server_name", &self.server_name))
            .or_else(|| present("certificate_file", &self.certificate_file))
            .or_else(|| present("key_file", &self.key_file))
            .or_else(|| present("ca_file", &self.ca_file))
    }

    /// A key that says nothing about TLS.
    pub(super) fn never_over_tls(&self) -> Present {
        present("community_file", &self.community_file)
            .or_else(|| present("write_community_file", &self.write_community_file))
            .or_else(|| present("user", &self.user))
            .or_else(|| present("level", &self.level))
            .or_else(|| present("auth", &self.auth))
            .or_else(|| present("auth_file", &self.auth_file))
            .or_else(|| present("priv", &self.privacy))
            .or_else(|| present("priv_file", &self.priv_file))
            .or_else(|| present("version", &self.version))
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClusterTable {
    pub(super) name: Spanned<Name>,
    pub(super) directors: Vec<Spanned<Name>>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) enum WireVersion {
    #[serde(rename = "1")]
    V1,
    #[serde(rename = "2c")]
    V2c,
    #[serde(rename = "3")]
    V3,
}

impl From<WireVersion> for Version {
    fn from(version: WireVersion) -> Self {
        match version {
            WireVersion::V1 => Self::V1,
            WireVersion::V2c => Self::V2c,
            WireVersion::V3 => Self::V3,
        }
    }
}

/// A word that is read by its `FromStr`.
#[derive(Debug)]
pub(super) struct Word<T>(pub(super) T);

impl<'de, T: FromStr<Err: fmt::Display>> Deserialize<'de> for Word<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map(Self).map_err(de::Error::custom)
    }
}
