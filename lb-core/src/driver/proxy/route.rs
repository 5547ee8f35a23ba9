//! Where the connections of a service may go.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use rustix::net::{SocketAddrAny, getpeername, getsockname};

use super::capacity::Capacity;
use super::queue::Queue;
use crate::director::{ServerLive, ServiceLive};
use crate::model::{Scheduler, ServerId, Weight};
use crate::plan::{ServerPlan, Settings};
use crate::proxy_protocol::Origin;
use crate::schedule::{Candidate, ChangeLog, Lineup, Load, Servers, hash_of_name};

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
    /// Keys of those with a weight.
    pub(super) weighty: Vec<u64>,
    /// Where servers are by their keys, if clients stay with them.
    pub(super) places: HashMap<u64, usize>,
    /// The same as the scheduler knows them.
    pub(super) lineup: Lineup,
}

/// The servers as the scheduler knows them.
pub(super) fn lineup(scheduler: Scheduler, backends: &[Backend]) -> Lineup {
    let candidates: Vec<(Candidate, bool)> = backends
        .iter()
        .map(|one| {
            let name = hash_of_name(&one.peer.id.server.to_string());
            let weight = one.plan.weight;
            (Candidate { key: one.peer.key, name, weight }, one.plan.backup)
        })
        .collect();
    Lineup::of(scheduler, &candidates)
}

/// The keys of those servers that get connections at all.
pub(super) fn weighty(backends: &[Backend]) -> Vec<u64> {
    let weighty = backends.iter().filter(|one| one.plan.weight > Weight::MIN);
    weighty.map(|one| one.peer.key).collect()
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

impl Peer {
    /// Tells schedulers that keep their servers in order of another count.
    pub(super) fn tell(&self) {
        if let Some(log) = self.service.change_log() {
            log.note(self.key as u32);
        }
    }
}

impl Backend {
    /// Whether its count alone keeps it from getting more. The limit that was
    /// learned does so where connections can wait; elsewhere it is the
    /// scheduler's to pass over a server that is beyond it.
    pub(super) fn full(&self, may_wait: bool) -> bool {
        let limits = [self.plan.connection_limit, self.peer.live.load().limit];
        let active = self.peer.live.active.load(Relaxed);
        let count = if may_wait { 2 } else { 1 };
        limits.iter().take(count).any(|limit| *limit > 0 && active >= *limit)
    }
}

impl Route {
    /// Whether there is a server that a connection may yet get, now or once it
    /// has a seat.
    pub(super) fn has_hope(&self, tried: &[u64]) -> bool {
        self.weighty.iter().any(|key| !tried.contains(key))
    }
}

/// The servers of a route for one connection, which has tried some already.
pub(super) struct Untried<'a> {
    pub(super) route: &'a Route,
    pub(super) tried: &'a [u64],
    pub(super) ends: Ends<'a>,
    pub(super) now: Instant,
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

impl Untried<'_> {
    fn backend(&self, place: usize) -> Option<&Backend> {
        self.route.backends.get(place)
    }

    pub(super) fn may_wait(&self) -> bool {
        let settings = &self.route.settings;
        settings.scheduler == Scheduler::Freest && settings.queue_limit > 0
    }
}

impl Servers for Untried<'_> {
    fn usable(&self, place: usize) -> bool {
        let is_tried = |one: &Backend| self.tried.contains(&one.peer.key);
        self.backend(place).is_some_and(|one| !one.full(self.may_wait()) && !is_tried(one))
    }

    fn active(&self, place: usize) -> u32 {
        self.backend(place).map_or(u32::MAX, |one| one.peer.live.active.load(Relaxed))
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

    fn now(&self) -> Duration {
        self.route.live.age(self.now)
    }

    fn full(&self, place: usize) -> bool {
        self.backend(place).is_none_or(|one| one.full(self.may_wait()))
    }

    fn latency(&self, place: usize) -> f64 {
        self.backend(place).map_or(0.0, |one| one.peer.live.latency(self.now()))
    }

    fn load(&self, place: usize) -> Load {
        self.backend(place).map_or_else(Load::default, |one| one.peer.live.load())
    }

    fn change_log(&self) -> Option<&ChangeLog> {
        self.route.live.change_log()
    }

    fn epoch(&self) -> u64 {
        self.route.live.epoch.load(Relaxed)
    }
}

pub(super) fn ip(address: SocketAddrAny) -> Option<IpAddr> {
    SocketAddr::try_from(address).ok().map(|address| address.ip())
}
