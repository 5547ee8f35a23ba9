//! How services and servers came to their states, as far as that decides how they
//! go on: a slow start goes on where it was, a deadline counts from its drain, and
//! a quorum that was lost is regained with its hysteresis.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use serde::{Deserialize, Serialize};

use crate::director::live::{ServerLive, ServiceLive};
use crate::director::snapshot::{Listening, ServerStatus, ServiceStatus, Snapshot, WeightChange};
use crate::health::Standing;
use crate::model::{
    AdminState, Effective, Health, OperState, ServerId, ServiceId, UnixTime, Weight, WeightSource,
};

/// Of a snapshot, what the next one is made from beside the document.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct StatusesLeft {
    serial: u64,
    services: Vec<ServiceLeft>,
    servers: Vec<ServerLeft>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct ServiceLeft {
    id: ServiceId,
    standing: Standing,
    state: OperState,
    last_change: UnixTime,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct ServerLeft {
    id: ServerId,
    full_weight: Weight,
    /// How long ago its slow start began.
    starting: Option<Duration>,
    /// How long it has been in drain or maintenance.
    held_back: Option<Duration>,
    weight_change: WeightChange,
}

impl StatusesLeft {
    pub(super) fn of(snapshot: &Snapshot, now: Instant) -> Self {
        let since = |then: Instant| now.saturating_duration_since(then);
        let service = |(id, status): (&ServiceId, &Arc<ServiceStatus>)| ServiceLeft {
            id: *id,
            standing: status.standing,
            state: status.oper_state,
            last_change: UnixTime::from(status.last_change),
        };
        let server = |(id, status): (&ServerId, &Arc<ServerStatus>)| ServerLeft {
            id: *id,
            full_weight: status.full_weight,
            starting: status.starting.map(since),
            held_back: status.held_back.map(since),
            weight_change: status.weight_change.clone(),
        };
        Self {
            serial: snapshot.serial,
            services: snapshot.services.iter().map(service).collect(),
            servers: snapshot.servers.iter().map(server).collect(),
        }
    }

    /// The snapshot that the first one of another process follows. What it says of
    /// the moment, health and listeners, is made anew with that.
    pub(super) fn into_snapshot(self, now: Instant) -> Snapshot {
        let service = |left: ServiceLeft| {
            let status = ServiceStatus {
                listening: Listening::No,
                last_change: SystemTime::from(left.last_change),
                oper_state: left.state,
                standing: left.standing,
                live: Arc::new(ServiceLive::new(now)),
            };
            (left.id, Arc::new(status))
        };
        let services: BTreeMap<_, _> = self.services.into_iter().map(service).collect();
        let servers = self.servers.into_iter().map(|left| (left.id, Arc::new(left.status(now))));
        Snapshot {
            serial: self.serial,
            services,
            servers: servers.collect(),
            ..Snapshot::nothing()
        }
    }
}

impl ServerLeft {
    fn status(self, now: Instant) -> ServerStatus {
        ServerStatus {
            admin_state: AdminState::Enabled,
            in_service: true,
            health: Health::Unchecked,
            check: String::new(),
            ejected: None,
            watched: None,
            effective: Effective { weight: self.full_weight, source: WeightSource::Configured },
            full_weight: self.full_weight,
            starting: self.starting.and_then(|since| now.checked_sub(since)),
            held_back: self.held_back.and_then(|since| now.checked_sub(since)),
            cut: false,
            weight_change: self.weight_change,
            weight_reason: String::new(),
            connection_limit: 0,
            live: Arc::new(ServerLive::new(now)),
        }
    }
}
