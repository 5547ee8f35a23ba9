//! What everybody but the owner sees: one immutable value, swapped whole.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Instant, SystemTime};

use serde::{Deserialize, Serialize};

use super::checker::{Ejected, Places};
use super::live::{ServerLive, ServiceLive};
use crate::health::Standing;
use crate::model::{
    AdminState, DirectorId, DirectorState, Effective, Health, Name, OperState, Runtime, ServerId,
    ServiceId, Status, Wanted, Weight, WeightSource,
};

/// The director at one moment. Only the counters behind `live` move on.
#[derive(Debug)]
pub struct Snapshot {
    /// Number of the last commit, volatile ones included. A [`super::Draft`]
    /// starts from it.
    pub serial: u64,
    /// What is wanted.
    pub wanted: Arc<Wanted>,
    /// What controllers wrote.
    pub runtime: Arc<Runtime>,
    /// Whether the local host is director, and so the services are started.
    pub driving: bool,
    /// One status for each cluster.
    pub clusters: BTreeMap<Name, ClusterStatus>,
    /// One status for each director row.
    pub directors: BTreeMap<DirectorId, DirectorStatus>,
    /// One status for each service.
    pub services: BTreeMap<ServiceId, Arc<ServiceStatus>>,
    /// One status for each server.
    pub servers: BTreeMap<ServerId, Arc<ServerStatus>>,
}

/// Of a cluster, what its row does not say.
#[derive(Clone, Debug)]
pub struct ClusterStatus {
    /// When its counters started.
    pub since: Instant,
    /// Connections that services now destroyed had accepted.
    pub(crate) connections_before: u64,
}

/// Of a director row, what it does not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectorStatus {
    /// What the director is at present, as far as is known here.
    pub state: DirectorState,
    /// How often that changed.
    pub transitions: u64,
    /// When it last did.
    pub last_transition: Option<SystemTime>,
    /// When the count started.
    pub since: Instant,
}

/// State of a service.
#[derive(Clone, Debug)]
pub struct ServiceStatus {
    /// Whether the driver listens, and if not, why.
    pub listening: Listening,
    /// When the state below last changed.
    pub last_change: SystemTime,
    /// The state at the last change of anything but connections; see
    /// [`Snapshot::service_view`] for the state now.
    pub oper_state: OperState,
    /// Whether its backup servers serve, and ejections are heeded.
    pub standing: Standing,
    /// Its counters.
    pub live: Arc<ServiceLive>,
}

/// Whether a service accepts connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listening {
    /// It does.
    Yes,
    /// It does not, as is wanted: drained, out of service, or not driving.
    No,
    /// It should, and cannot for this reason; it is tried again.
    Failed(String),
}

/// State of a server.
#[derive(Clone, Debug)]
pub struct ServerStatus {
    /// State wanted, by host, service and server together.
    pub admin_state: AdminState,
    /// Whether its row is active.
    pub in_service: bool,
    /// What the checks say.
    pub health: Health,
    /// What the last check said, in a few words, and what was made of it; empty
    /// before the first.
    pub check: String,
    /// Whether it is ejected, and until when.
    pub ejected: Option<Ejected>,
    /// The weight in use, and what decided it.
    pub effective: Effective,
    /// The weight that it has once its slow start is over.
    pub full_weight: Weight,
    /// Where it is reached and checked, if it is watched.
    pub(super) watched: Option<Places>,
    /// When its slow start began, if it is in one.
    pub(crate) starting: Option<Instant>,
    /// Since when it is in drain or maintenance.
    pub(crate) held_back: Option<Instant>,
    /// Whether the deadline of that is over, and its connections are ended.
    pub(crate) cut: bool,
    /// How it came to that weight.
    pub weight_change: WeightChange,
    /// Why the weight is what it is: the controller's words for a dynamic one,
    /// else the director's.
    pub weight_reason: String,
    /// Active connections at which it gets no more; 0: no limit.
    pub connection_limit: u32,
    /// Its counters.
    pub live: Arc<ServerLive>,
}

/// The last change of an effective weight.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeightChange {
    /// How many there were.
    pub count: u64,
    /// When the last one was. `None` while there was none.
    pub at: Option<SystemTime>,
    /// Who made it: a principal, the owner of the lease for a dynamic weight,
    /// empty for the director itself.
    pub by: String,
    /// The weight before.
    pub before: Weight,
}

/// A service as it is now, connections included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceView {
    /// Its health.
    pub status: Status,
    /// Its state.
    pub oper_state: OperState,
    /// What both are due to.
    pub reason: String,
    /// Number of servers.
    pub servers: u32,
    /// Number of servers with an effective weight above 0.
    pub servers_up: u32,
    /// Sum of the active connections of its servers.
    pub active: u32,
}

impl ServerStatus {
    /// The state now. Only the limit depends on the moment.
    pub fn oper_state(&self) -> OperState {
        match (self.admin_state, self.health) {
            (AdminState::Maintenance, _) => OperState::Maintenance,
            (AdminState::Drain, _) => OperState::Draining,
            (_, Health::Down) => OperState::Down,
            _ if self.effective.source == WeightSource::Health => OperState::Down,
            (_, Health::Unchecked) => OperState::Unknown,
            (_, Health::Up) if self.effective.weight == Weight::MIN => OperState::Draining,
            (_, Health::Up) if self.is_full() => OperState::Overloaded,
            (_, Health::Up) if self.starting.is_some() => OperState::SlowStart,
            (_, Health::Up) => OperState::Up,
        }
    }

    /// Whether it is at its connection limit now.
    pub fn is_full(&self) -> bool {
        let limit = self.connection_limit;
        limit > 0 && self.live.active.load(Relaxed) >= limit
    }

    /// Whether it gets new connections now.
    pub fn takes_connections(&self) -> bool {
        self.effective.weight > Weight::MIN && !self.is_full()
    }

    /// Whether the clients that are with it already may stay: while it drains,
    /// whatever the reason, and not once it is down or in maintenance.
    pub(crate) fn keeps_clients(&self) -> bool {
        self.in_service
            && self.admin_state != AdminState::Maintenance
            && self.health != Health::Down
    }

    /// What the state now is due to.
    pub fn reason(&self) -> &str {
        match self.oper_state() {
            OperState::Maintenance | OperState::Draining
                if self.effective.source == WeightSource::AdminState =>
            {
                &self.weight_reason
            }
            OperState::Draining => "the effective weight is 0",
            OperState::SlowStart => "its weight still grows: slow start",
            OperState::Overloaded => "at its connection limit",
            OperState::Unknown if !self.in_service => "the server is not in service",
            OperState::Unknown => "not checked yet",
            OperState::Down
                if self.effective.source == WeightSource::Health
                    && self.ejected.is_some()
                    && self.health != Health::Down =>
            {
                &self.weight_reason
            }
            _ => &self.check,
        }
    }
}

impl Snapshot {
    /// The servers of a service, in order.
    pub fn servers_of(
        &self,
        id: ServiceId,
    ) -> impl Iterator<Item = (&ServerId, &Arc<ServerStatus>)> {
        let first = id.server(Name::FIRST);
        self.servers.range(first..).take_while(move |(server, _)| server.service() == id)
    }

    /// A service as it is now.
    pub fn service_view(&self, id: &ServiceId) -> Option<ServiceView> {
        super::view::service(self, id)
    }

    /// Connections accepted in a cluster, by services since destroyed too.
    pub fn cluster_connections(&self, cluster: &Name) -> u64 {
        let before = self.clusters.get(cluster).map_or(0, |status| status.connections_before);
        self.services
            .iter()
            .filter(|(id, _)| id.cluster == *cluster)
            .map(|(_, status)| status.live.connections.load(Relaxed))
            .fold(before, u64::wrapping_add)
    }
}
