//! From a snapshot to what a driver should do.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroU32;

use super::snapshot::Snapshot;
use crate::model::{AdminState, PersistenceTimeout, Server, ServerId, Service, ServiceId};
use crate::persistence::Persistence;
use crate::plan::{Capabilities, Plane, ServerPlan, ServicePlan, Settings};
use crate::source_rate::SourceRate;

/// What a driver should do to be as the snapshot says.
///
/// A service out of service is not in the plane: its port and connections
/// close. One that is drained, or whose director does not drive, stays without
/// a listener: what is established goes on. A server stays as long as its row
/// does, whatever its state, so that destroying it is what closes its
/// connections.
pub(super) fn plane(snapshot: &Snapshot) -> Plane {
    let wanted = &snapshot.wanted;
    let services = wanted
        .services()
        .filter(|(id, row)| wanted.in_force(id, row))
        .map(|(id, row)| (id, service_plan(snapshot, id, row)))
        .collect();
    Plane { services }
}

/// Where the services listen that a driver can have.
pub(super) fn listeners(
    snapshot: &Snapshot,
    can: &Capabilities,
) -> BTreeMap<ServiceId, SocketAddr> {
    let wanted = &snapshot.wanted;
    wanted
        .services()
        .filter(|(id, row)| wanted.in_force(id, row) && can.include(&settings(row)))
        .filter_map(|(id, row)| Some((id, listener(snapshot, row)?)))
        .collect()
}

fn listener(snapshot: &Snapshot, row: &Service) -> Option<SocketAddr> {
    let listens = snapshot.driving && row.admin_state == AdminState::Enabled;
    row.socket_address().filter(|_| listens)
}

/// How a service works.
pub(super) fn settings(row: &Service) -> Settings {
    Settings {
        protocol: row.protocol,
        forward: row.forward,
        scheduler: row.scheduler,
        connect_timeout: row.connect_timeout.milliseconds(),
        idle_timeout: row.idle_timeout.milliseconds(),
        connection_limit: row.connection_limit,
        queue_limit: row.queue_limit,
        queue_timeout: row.queue_timeout.milliseconds(),
        persistence: (row.persistence_timeout > PersistenceTimeout::MIN).then(|| Persistence {
            timeout: row.persistence_timeout.milliseconds(),
            prefix_ipv4: row.persistence_prefix_ipv4.value(),
            prefix_ipv6: row.persistence_prefix_ipv6.value(),
        }),
        source_rate: NonZeroU32::new(row.source_rate.value())
            .map(|each_second| SourceRate { each_second, burst: row.source_burst.value() }),
        accept_proxy: row.accept_proxy,
        send_proxy: row.send_proxy,
    }
}

fn service_plan(snapshot: &Snapshot, id: ServiceId, row: &Service) -> ServicePlan {
    let servers: BTreeMap<_, _> = row
        .servers
        .iter()
        .filter_map(|(name, row)| Some((*name, server_plan(snapshot, id.server(*name), row)?)))
        .collect();
    ServicePlan { settings: settings(row), listen: listener(snapshot, row), servers }
}

fn server_plan(snapshot: &Snapshot, id: ServerId, row: &Server) -> Option<ServerPlan> {
    let quorate = snapshot.services.get(&id.service())?.standing.quorate;
    let status = snapshot.servers.get(&id)?;
    Some(ServerPlan {
        address: row.socket_address()?,
        weight: status.effective.weight,
        keeps_clients: status.keeps_clients() && !status.cut,
        cut: status.cut,
        // Without a quorum, backups serve beside the others.
        backup: row.backup && quorate,
        connection_limit: row.connection_limit,
    })
}
