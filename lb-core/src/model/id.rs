//! Full names of rows.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Name;

/// A service of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ServiceId {
    /// The cluster.
    pub cluster: Name,
    /// The service.
    pub service: Name,
}

/// A server of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ServerId {
    /// The cluster.
    pub cluster: Name,
    /// The service.
    pub service: Name,
    /// The server.
    pub server: Name,
}

/// A director of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DirectorId {
    /// The cluster.
    pub cluster: Name,
    /// The host it runs on.
    pub host: Name,
}

/// Any row of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowId {
    /// A host.
    Host(Name),
    /// A policy.
    Policy(Name),
    /// A cluster.
    Cluster(Name),
    /// A director.
    Director(DirectorId),
    /// A service.
    Service(ServiceId),
    /// A server.
    Server(ServerId),
}

impl ServiceId {
    /// Its server of that name.
    pub fn server(self, server: Name) -> ServerId {
        ServerId { cluster: self.cluster, service: self.service, server }
    }
}

impl ServerId {
    /// The service it belongs to.
    pub fn service(self) -> ServiceId {
        ServiceId { cluster: self.cluster, service: self.service }
    }
}

impl fmt::Display for ServiceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.cluster, self.service)
    }
}

impl fmt::Display for ServerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.cluster, self.service, self.server)
    }
}

impl fmt::Display for DirectorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.cluster, self.host)
    }
}

impl fmt::Display for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(name) => write!(f, "host {name}"),
            Self::Policy(name) => write!(f, "policy {name}"),
            Self::Cluster(name) => write!(f, "cluster {name}"),
            Self::Director(id) => write!(f, "director {id}"),
            Self::Service(id) => write!(f, "service {id}"),
            Self::Server(id) => write!(f, "server {id}"),
        }
    }
}
