//! lcServerTable: servers and their weights.

use std::{
    num::NonZeroU16,
    sync::atomic::Ordering::Relaxed,
    time::{Duration, Instant, SystemTime},
};

use lcms_lb_core::{
    director::{ServerStatus, Snapshot},
    model::{DynamicWeight, RowState, Scheduler, Server, ServerId, Weight},
    schedule::Load,
};
use lcms_snmp::{ErrorStatus, Octets, Value};
use load_cluster_mib::{
    load_cluster_mib::lc_server::{self, Index, Patch, View, col},
    tc::{
        InetAddressType, LcAdminState, LcOperState, LcWeightMode, LcWeightSource, RowStatus,
        StorageType,
    },
};

use super::{cells, row_status, words::Word};
use crate::{
    engine::{At, Instrumentation, Refusal, Rows},
    state::{AgentState, Draft, Node},
};

/// `lcServerEntry`.
pub struct LcServer;

struct Row<'s> {
    id: &'s ServerId,
    row: &'s Server,
    status: &'s ServerStatus,
    snapshot: &'s Snapshot,
    node: &'s Node,
    now: Instant,
}

impl Instrumentation<AgentState> for LcServer {
    type Table = lc_server::LcServer;
    type Key = ServerId;

    fn rows<'s>(&self, state: &'s AgentState) -> &'s Rows<ServerId> {
        &state.index.servers
    }

    fn column<'s>(&self, at: At<'s, AgentState>, key: &'s ServerId, arc: u32) -> Option<Value<'s>> {
        let snapshot = &*at.state.snapshot;
        let row = Row {
            id: key,
            row: snapshot.wanted.server(key)?,
            status: snapshot.servers.get(key)?,
            snapshot,
            node: &at.state.node,
            now: at.now,
        };
        lc_server::column(&row, arc)
    }

    fn writes(&self, _: u32) -> bool {
        true
    }

    fn admits(&self, index: &Index) -> bool {
        id(index).is_ok()
    }

    fn assign(&self, draft: &mut Draft, index: &Index, patch: &Patch) -> Result<(), Refusal> {
        let id = id(index)?;
        let cluster = draft.wanted.clusters.get_mut(&id.cluster);
        let Some(service) = cluster.and_then(|row| row.services.get_mut(&id.service)) else {
            return cells::without_parent(patch.row_status);
        };
        let change = row_status::Change {
            arc: col::ROW_STATUS,
            asked: patch.row_status,
            patch,
            defaults: lc_server::Row::defaults(),
        };
        let servers = &mut service.servers;
        let Some(row) = row_status::apply(servers, id.server, change, write)? else {
            return Ok(());
        };
        row_status::complete(col::ROW_STATUS, patch.row_status, !row.is_complete())?;
        let active = row.row == RowState::Active;
        write_dynamic_weight(draft, id, patch, active)
    }
}

fn write(row: &mut Server, patch: &Patch) -> Result<(), Refusal> {
    cells::set_number(col::WEIGHT, &mut row.weight, patch.weight)?;
    row.backup = patch.backup.unwrap_or(row.backup);
    if let Some(host) = &patch.host {
        row.host = cells::set_name(col::HOST, host)?;
    }
    row.address = cells::set_address(
        row.address,
        (col::ADDRESS_TYPE, patch.address_type),
        (col::ADDRESS, patch.address.as_deref()),
    )?;
    if let Some(port) = patch.port {
        row.port = Some(cells::port(col::PORT, port)?);
    }
    cells::set_word(col::WEIGHT_MODE, &mut row.weight_mode, patch.weight_mode)?;
    cells::set_word(col::ADMIN_STATE, &mut row.admin_state, patch.admin_state)?;
    row.connection_limit = patch.connection_limit.unwrap_or(row.connection_limit);
    row.check_address = cells::set_address(
        row.check_address,
        (col::CHECK_ADDRESS_TYPE, patch.check_address_type),
        (col::CHECK_ADDRESS, patch.check_address.as_deref()),
    )?;
    if let Some(port) = patch.check_port {
        row.check_port = cells::port_or_none(col::CHECK_PORT, port)?;
    }
    cells::set_number(col::DRAIN_DEADLINE, &mut row.drain_deadline, patch.drain_deadline)
}

/// A dynamic weight with its reason, under the term that the SET carries for the
/// server's cluster. Clusters come before servers, so the term is there.
fn write_dynamic_weight(
    draft: &mut Draft,
    id: ServerId,
    patch: &Patch,
    active: bool,
) -> Result<(), Refusal> {
    let refused = |arc| Refusal::column(arc, ErrorStatus::InconsistentValue);
    let Some(weight) = patch.dynamic_weight else {
        return match patch.weight_reason {
            Some(_) => Err(refused(col::WEIGHT_REASON)),
            None => Ok(()),
        };
    };
    let permitted = draft
        .terms
        .get(&id.cluster)
        .is_some_and(|term| draft.runtime.permits(&id.cluster, *term, draft.now).is_ok());
    if !permitted || !active {
        return Err(refused(col::DYNAMIC_WEIGHT));
    }
    let wrong = |_| Refusal::column(col::DYNAMIC_WEIGHT, ErrorStatus::WrongValue);
    let weight = DynamicWeight {
        weight: Weight::new(weight).map_err(wrong)?,
        why: patch.weight_reason.clone().unwrap_or_default(),
        by: draft.runtime.lease(&id.cluster).owner,
        at: SystemTime::now(),
    };
    draft.runtime.weights.insert(id, weight);
    Ok(())
}

fn id(index: &Index) -> Result<ServerId, Refusal> {
    Ok(ServerId {
        cluster: cells::index_name(&index.cluster_name)?,
        service: cells::index_name(&index.service_name)?,
        server: cells::index_name(&index.server_name)?,
    })
}

impl Row<'_> {
    /// What is known of its load, where the scheduler asks for it.
    fn load(&self) -> Option<Load> {
        let service = self.snapshot.wanted.service(&self.id.service())?;
        (service.scheduler == Scheduler::Freest).then(|| self.status.live.load())
    }
}

impl<'s> View<'s> for Row<'s> {
    fn weight(&self) -> Option<u32> {
        Some(self.row.weight.value())
    }

    fn dynamic_weight(&self) -> Option<u32> {
        let weight = self.snapshot.runtime.dynamic_weight(self.id, self.now)?;
        Some(weight.weight.value())
    }

    fn effective_weight(&self) -> Option<u32> {
        Some(self.status.effective.weight.value())
    }

    fn weight_source(&self) -> Option<LcWeightSource> {
        Some(self.status.effective.source.mib())
    }

    fn backup(&self) -> Option<bool> {
        Some(self.row.backup)
    }

    fn oper_state(&self) -> Option<LcOperState> {
        Some(self.status.oper_state().mib())
    }

    fn active_connections(&self) -> Option<u32> {
        Some(self.status.live.active.load(Relaxed))
    }

    fn connections(&self) -> Option<u64> {
        Some(self.status.live.connections.load(Relaxed))
    }

    fn failed_connections(&self) -> Option<u64> {
        Some(self.status.live.failed.load(Relaxed))
    }

    fn in_octets(&self) -> Option<u64> {
        Some(self.status.live.in_octets.load(Relaxed))
    }

    fn out_octets(&self) -> Option<u64> {
        Some(self.status.live.out_octets.load(Relaxed))
    }

    fn host(&self) -> Option<Octets<'s>> {
        Some(cells::name(self.row.host.as_ref()))
    }

    fn address_type(&self) -> Option<InetAddressType> {
        self.row.address.map(|_| cells::address_type(self.row.address))
    }

    fn address(&self) -> Option<Octets<'s>> {
        self.row.address.map(|_| cells::address(self.row.address))
    }

    fn port(&self) -> Option<u32> {
        self.row.port.map(NonZeroU16::get).map(u32::from)
    }

    fn weight_mode(&self) -> Option<LcWeightMode> {
        Some(self.row.weight_mode.mib())
    }

    fn admin_state(&self) -> Option<LcAdminState> {
        Some(self.row.admin_state.mib())
    }

    fn drain_deadline(&self) -> Option<u32> {
        Some(self.row.drain_deadline.value())
    }

    fn connection_limit(&self) -> Option<u32> {
        Some(self.row.connection_limit)
    }

    fn reason(&self) -> Option<Octets<'s>> {
        Some(cells::admin_string(self.status.reason()))
    }

    fn last_check(&self) -> Option<Octets<'s>> {
        Some(cells::date(self.status.live.last_check().map(SystemTime::from)))
    }

    fn check_failures(&self) -> Option<u64> {
        Some(self.status.live.check_failures.load(Relaxed))
    }

    fn weight_changes(&self) -> Option<u64> {
        Some(self.status.weight_change.count)
    }

    fn weight_change_time(&self) -> Option<Octets<'s>> {
        Some(cells::date(self.status.weight_change.at))
    }

    fn weight_change_by(&self) -> Option<Octets<'s>> {
        Some(self.status.weight_change.by.as_str().into())
    }

    fn weight_before(&self) -> Option<u32> {
        self.status.weight_change.at.map(|_| self.status.weight_change.before.value())
    }

    fn weight_reason(&self) -> Option<Octets<'s>> {
        Some(cells::admin_string(&self.status.weight_reason))
    }

    fn check_address_type(&self) -> Option<InetAddressType> {
        Some(cells::address_type(self.row.check_address))
    }

    fn check_address(&self) -> Option<Octets<'s>> {
        Some(cells::address(self.row.check_address))
    }

    fn check_port(&self) -> Option<u32> {
        Some(self.row.check_port.map_or(0, |port| port.get().into()))
    }

    fn ejections(&self) -> Option<u64> {
        Some(self.status.live.ejections.load(Relaxed))
    }

    fn ejection_left(&self) -> Option<u32> {
        let left =
            self.status.ejected.as_ref().map_or(Duration::ZERO, |ejected| {
                ejected.until.saturating_duration_since(self.now)
            });
        Some(u32::try_from(left.as_millis()).unwrap_or(u32::MAX))
    }

    fn discontinuity_time(&self) -> Option<u32> {
        Some(self.node.ticks(self.status.live.since()))
    }

    fn storage_type(&self) -> Option<StorageType> {
        Some(self.row.storage.mib())
    }

    fn row_status(&self) -> Option<RowStatus> {
        Some(row_status::shown(self.row.row, !self.row.is_complete()))
    }

    fn capacity(&self) -> Option<u32> {
        let capacity = self.load()?.capacity;
        (capacity > 0).then(|| u32::try_from(capacity).unwrap_or(u32::MAX))
    }

    fn other_tasks(&self) -> Option<u32> {
        Some(self.load()?.others)
    }

    fn learned_limit(&self) -> Option<u32> {
        Some(self.load()?.limit)
    }
}
