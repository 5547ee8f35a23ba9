//! The tables whose rows have a name on the command line.

use std::fmt;

use lcms_lb_core::model::Name;
use lcms_snmp::object::{Index, Table};
use load_cluster_mib::load_cluster_mib::{
    lc_cluster::{self, LcCluster},
    lc_director::{self, LcDirector},
    lc_host::{self, LcHost},
    lc_policy::{self, LcPolicy},
    lc_server::{self, LcServer},
    lc_service::{self, LcService},
};
use serde::{Serialize, Serializer};

/// What a row stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the words are the MIB's")]
pub enum Kind {
    Host,
    Policy,
    Cluster,
    Director,
    Service,
    Server,
}

impl Kind {
    /// The verb of the command line that is about it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Policy => "policy",
            Self::Cluster => "cluster",
            Self::Director => "director",
            Self::Service => "service",
            Self::Server => "server",
        }
    }

    /// How its rows are named.
    pub const fn form(self) -> &'static str {
        match self {
            Self::Host => "HOST",
            Self::Policy => "POLICY",
            Self::Cluster => "CLUSTER",
            Self::Director => "CLUSTER/HOST",
            Self::Service => "CLUSTER/SERVICE",
            Self::Server => "CLUSTER/SERVICE/SERVER",
        }
    }

    /// How many names that is.
    pub fn depth(self) -> usize {
        self.form().split('/').count()
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.word())
    }
}

/// A table whose index is made of names.
pub trait Named: Table<Index: Send, Row: Send, Patch: Send> {
    /// What its rows stand for.
    const KIND: Kind;
    /// The column that creates and destroys them.
    const ROW_STATUS: u32;

    /// The index that these names spell; `None` for too few or too many.
    fn index(name: &RowName) -> Option<Self::Index> {
        let mut arcs = Vec::new();
        for name in &name.0 {
            let octets = name.as_bytes();
            arcs.push(u32::try_from(octets.len()).ok()?);
            arcs.extend(octets.iter().map(|&octet| u32::from(octet)));
        }
        Self::Index::decode(&arcs)
    }

    /// The names in an index; `None` where an agent has names that are none.
    fn name(index: &Self::Index) -> Option<RowName> {
        let mut arcs = Vec::new();
        index.encode(&mut arcs);
        let mut rest = arcs.as_slice();
        let mut names = Vec::new();
        while let Some((&length, after)) = rest.split_first() {
            let (name, after) = after.split_at_checked(usize::try_from(length).ok()?)?;
            let octets: Option<Vec<u8>> = name.iter().map(|&arc| u8::try_from(arc).ok()).collect();
            names.push(Name::from_bytes(&octets?).ok()?);
            rest = after;
        }
        Some(RowName(names))
    }
}

macro_rules! named {
    ($($table:ty, $module:ident, $kind:ident;)+) => {$(
        impl Named for $table {
            const KIND: Kind = Kind::$kind;
            const ROW_STATUS: u32 = $module::col::ROW_STATUS;
        }
    )+};
}

named! {
    LcHost, lc_host, Host;
    LcPolicy, lc_policy, Policy;
    LcCluster, lc_cluster, Cluster;
    LcDirector, lc_director, Director;
    LcService, lc_service, Service;
    LcServer, lc_server, Server;
}

/// The whole name of a row: `main/web/rs1`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowName(pub Vec<Name>);

impl RowName {
    /// The names as text.
    pub fn parts(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.iter().map(Name::as_str)
    }

    /// The cluster, for those rows that are in one.
    pub fn cluster(&self) -> Option<Name> {
        self.0.first().copied()
    }
}

impl fmt::Display for RowName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, name) in self.0.iter().enumerate() {
            let slash = if i == 0 { "" } else { "/" };
            write!(f, "{slash}{name}")?;
        }
        Ok(())
    }
}

impl Serialize for RowName {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_indexes_are_the_same() {
        let names = ["main", "web", "rs1"].map(|name| name.parse().unwrap());
        let name = RowName(names.to_vec());
        let index = LcServer::index(&name).unwrap();
        assert_eq!((index.cluster_name.as_str(), index.server_name.as_str()), ("main", "rs1"));
        assert_eq!(LcServer::name(&index), Some(name.clone()));
        assert_eq!(name.to_string(), "main/web/rs1");
        assert!(LcService::index(&name).is_none(), "too many names");
        assert_eq!((Kind::Server.depth(), Kind::Host.depth()), (3, 1));
    }
}
