//! Where the connections of a service may go.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use crate::director::{ServerLive, ServiceLive};
use crate::model::ServerId;
use crate::plan::{ServerPlan, Settings};
use crate::schedule::{Candidate, Servers};

/// A service as the shards know it. Immutable: a change is another route.
pub(super) struct Route {
    /// Tells it from a later service of the same name.
    pub(super) key: u64,
    pub(super) settings: Settings,
    pub(super) live: Arc<ServiceLive>,
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
}

impl Route {
    /// The servers as the scheduler knows them, each with whether it is a
    /// backup.
    pub(super) fn candidates(&self) -> Vec<(Candidate, bool)> {
        self.backends
            .iter()
            .map(|one| (Candidate { key: one.peer.key, weight: one.plan.weight }, one.plan.backup))
            .collect()
    }
}

/// The servers of a route for one connection, which has tried some already.
pub(super) struct Untried<'a> {
    pub(super) backends: &'a [Backend],
    pub(super) tried: &'a [u64],
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
}
