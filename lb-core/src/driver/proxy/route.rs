//! Where the connections of a service may go.

use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use rustix::net::{SocketAddrAny, getpeername, getsockname};

use super::capacity::Capacity;
use super::queue::Queue;
use crate::director::{ServerLive, ServiceLive};
use crate::model::{ServerId, Weight};
use crate::plan::{ServerPlan, Settings};
use crate::proxy_protocol::Origin;
use crate::schedule::{Candidate, Servers, hash_of_name};

/// A service as the shards know it. Immutable: a change is another route.
pub(super) struct Route {
    /// Tells it from a later service of the same name.
    pub(super) key: u64,
    pub(super) settings: Settings,
    pub(super) live: Arc<ServiceLive>,
    /// How many connections it may have.
    pub(super) capacity: Arc<Capacity>,
    /// Where they wait for a server.
    pub(super) queue: Arc<Queue>,
    pub(super) backends: Vec<Backend>,
}

/// A server of a route.
pub(super) struct Backend {
    pub(super) peer: Arc<Peer>,
    pub(super) plan: ServerPlan,
}

/// Of a server, what outlives the changes of its route. Connections hold this
/// and not the route, or each change under long connections would leave a
/// whole route behind.
pub(super) struct Peer {
    /// Tells it from a later server of the same name.
    pub(super) key: u64,
    pub(super) id: ServerId,
    pub(super) live: Arc<ServerLive>,
    pub(super) service: Arc<ServiceLive>,
    /// Who waits for a seat of this or another server of the service.
    pub(super) queue: Arc<Queue>,
}

impl Route {
    /// Whether there is a server that a connection may yet get, now or once it
    /// has a seat.
    pub(super) fn has_hope(&self, tried: &[u64]) -> bool {
        self.backends
            .iter()
            .any(|one| one.plan.weight > Weight::MIN && !tried.contains(&one.peer.key))
    }

    /// The servers as the scheduler knows them, each with whether it is a
    /// backup.
    pub(super) fn candidates(&self) -> Vec<(Candidate, bool)> {
        self.backends
            .iter()
            .map(|one| {
                let name = hash_of_name(&one.peer.id.server.to_string());
                let weight = one.plan.weight;
                (Candidate { key: one.peer.key, name, weight }, one.plan.backup)
            })
            .collect()
    }
}

/// The servers of a route for one connection, which has tried some already.
pub(super) struct Untried<'a> {
    pub(super) backends: &'a [Backend],
    pub(super) tried: &'a [u64],
    pub(super) ends: Ends<'a>,
}

/// Where a connection is from and where it went. Few schedulers ask.
pub(super) enum Ends<'a> {
    /// What the socket says.
    Of(&'a OwnedFd),
    /// What a proxy says.
    Told(Origin),
    /// A client of this listener.
    Datagram(SocketAddr, &'a OwnedFd),
}

impl Servers for Untried<'_> {
    fn usable(&self, place: usize) -> bool {
        self.backends.get(place).is_some_and(|one| {
            let limit = one.plan.connection_limit;
            let room = limit == 0 || one.peer.live.active.load(Relaxed) < limit;
            room && !self.tried.contains(&one.peer.key)
        })
    }

    fn active(&self, place: usize) -> u32 {
        self.backends.get(place).map_or(u32::MAX, |one| one.peer.live.active.load(Relaxed))
    }

    fn source(&self) -> Option<IpAddr> {
        match &self.ends {
            Ends::Of(socket) => ip(getpeername(socket).ok()??),
            Ends::Told(origin) => Some(origin.source.ip()),
            Ends::Datagram(client, _) => Some(client.ip()),
        }
    }

    fn destination(&self) -> Option<IpAddr> {
        match &self.ends {
            Ends::Of(socket) | Ends::Datagram(_, socket) => ip(getsockname(socket).ok()?),
            Ends::Told(origin) => Some(origin.destination.ip()),
        }
    }
}

fn ip(address: SocketAddrAny) -> Option<IpAddr> {
    SocketAddr::try_from(address).ok().map(|address| address.ip())
}
