//! The state of a service, made up from that of its servers.

use super::snapshot::{Listening, ServiceView, Snapshot};
use crate::health::Standing;
use crate::model::{AdminState, OperState, RowState, ServiceId, Status};
use std::sync::atomic::Ordering::Relaxed;

/// A service as it is now.
pub(super) fn service(snapshot: &Snapshot, id: &ServiceId) -> Option<ServiceView> {
    let row = snapshot.wanted.service(id)?;
    let status = snapshot.services.get(id)?;
    let mut count = Count::default();
    for (server_id, server) in snapshot.servers_of(*id) {
        let Some(server_row) = row.servers.get(&server_id.server) else { continue };
        let state = server.oper_state();
        count.servers += 1;
        count.active += server.live.active.load(Relaxed);
        count.up += u32::from(server.effective.weight.value() > 0);
        count.full += u32::from(server.effective.weight.value() > 0 && server.is_full());
        count.down += u32::from(state == OperState::Down);
        count.unknown += u32::from(state == OperState::Unknown);
        count.backups += u32::from(server_row.backup);
        count.takes += u32::from(server.takes_connections());
        count.takes_first += u32::from(server.takes_connections() && !server_row.backup);
    }
    let in_force = snapshot.wanted.in_force(id, row);
    let (oper_state, status, reason) = match (row.admin_state, &status.listening) {
        _ if row.row != RowState::Active => {
            (OperState::Down, Status::Ok, "the service is not in service".to_owned())
        }
        _ if !in_force => (OperState::Down, Status::Ok, "the cluster is not in service".to_owned()),
        (AdminState::Maintenance, _) => {
            (OperState::Maintenance, Status::Ok, "the service is in maintenance".to_owned())
        }
        (AdminState::Drain, _) => {
            (OperState::Draining, Status::Ok, "the service is in drain".to_owned())
        }
        _ if !snapshot.driving => {
            (OperState::Down, Status::Ok, "this host is not director".to_owned())
        }
        (_, Listening::Failed(why)) => (OperState::Down, Status::Critical, why.clone()),
        _ => count.judge(status.standing, row.quorum.value()),
    };
    Some(ServiceView {
        status,
        oper_state,
        reason,
        servers: count.servers,
        servers_up: count.up,
        active: count.active,
    })
}

#[derive(Default)]
struct Count {
    servers: u32,
    up: u32,
    full: u32,
    down: u32,
    unknown: u32,
    takes: u32,
    takes_first: u32,
    backups: u32,
    active: u32,
}

impl Count {
    fn judge(&self, standing: Standing, quorum: u32) -> (OperState, Status, String) {
        let Self { servers, up, full, down, unknown, takes, takes_first, backups, .. } = *self;
        if servers == 0 {
            return (OperState::Down, Status::Critical, "it has no server".to_owned());
        }
        if up > 0 && full == up {
            let reason = format!("all {up} servers that are up are at their limit");
            return (OperState::Overloaded, Status::Critical, reason);
        }
        if takes == 0 {
            let reason = format!("no server takes connections; {down} of {servers} are down");
            return (OperState::Down, Status::Critical, reason);
        }
        if standing.desperate {
            let reason = format!("all {servers} servers are down, and used all the same");
            return (OperState::Up, Status::Critical, reason);
        }
        if unknown > 0 {
            let reason = format!("{unknown} of {servers} servers are not checked yet");
            return (OperState::Unknown, Status::Unknown, reason);
        }
        if takes_first == 0 {
            return (OperState::Up, Status::Warning, "only backup servers serve".to_owned());
        }
        if !standing.quorate && backups > 0 {
            let reason = format!("the quorum of {quorum} is lost: backup servers serve as well");
            return (OperState::Up, Status::Warning, reason);
        }
        if standing.panic || standing.backup_panic {
            let reason = "too few servers are usable for ejections to be heeded".to_owned();
            return (OperState::Up, Status::Warning, reason);
        }
        if down > 0 || full > 0 {
            let reason = format!("of {servers} servers {down} are down and {full} at their limit");
            return (OperState::Up, Status::Warning, reason);
        }
        (OperState::Up, Status::Ok, String::new())
    }
}
