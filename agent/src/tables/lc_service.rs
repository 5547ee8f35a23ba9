//! lcServiceTable: virtual services.

use std::{num::NonZeroU16, sync::atomic::Ordering::Relaxed, time::Instant};

use lcms_lb_core::{
    director::{ServiceStatus, ServiceView},
    model::{CheckKind, Service, ServiceId},
};
use lcms_snmp::{Octets, Value};
use load_cluster_mib::{
    load_cluster_mib::lc_service::{
        self, Index, LcServiceCheckKind, LcServicePanicUse, LcServiceProtocol, LcServiceSendProxy,
        Patch, View, col,
    },
    tc::{
        InetAddressType, LcAdminState, LcForward, LcOperState, LcScheduler, LcStatus, RowStatus,
        StorageType,
    },
};

use super::{cells, row_status, words::Word};
use crate::{
    engine::{At, Instrumentation, Refusal, Rows},
    state::{AgentState, Draft, Node},
};

/// `lcServiceEntry`.
pub struct LcService;

struct Row<'s> {
    row: &'s Service,
    status: &'s ServiceStatus,
    view: &'s ServiceView,
    node: &'s Node,
    now: Instant,
}

impl Instrumentation<AgentState> for LcService {
    type Table = lc_service::LcService;
    type Key = ServiceId;

    fn rows<'s>(&self, state: &'s AgentState) -> &'s Rows<ServiceId> {
        &state.index.services
    }

    fn column<'s>(
        &self,
        at: At<'s, AgentState>,
        key: &'s ServiceId,
        arc: u32,
    ) -> Option<Value<'s>> {
        let snapshot = &at.state.snapshot;
        let row = Row {
            row: snapshot.wanted.service(key)?,
            status: snapshot.services.get(key)?,
            view: at.state.summary.services.get(key)?,
            node: &at.state.node,
            now: at.now,
        };
        lc_service::column(&row, arc)
    }

    fn writes(&self, _: u32) -> bool {
        true
    }

    fn admits(&self, index: &Index) -> bool {
        id(index).is_ok()
    }

    fn assign(&self, draft: &mut Draft, index: &Index, patch: &Patch) -> Result<(), Refusal> {
        let id = id(index)?;
        let Some(cluster) = draft.wanted.clusters.get_mut(&id.cluster) else {
            return cells::without_parent(patch.row_status);
        };
        let change = row_status::Change {
            arc: col::ROW_STATUS,
            asked: patch.row_status,
            patch,
            defaults: lc_service::Row::defaults(),
        };
        let services = &mut cluster.services;
        let Some(row) = row_status::apply(services, id.service, change, write)? else {
            return Ok(());
        };
        row_status::complete(col::ROW_STATUS, patch.row_status, !row.is_complete())
    }
}

fn write(row: &mut Service, patch: &Patch) -> Result<(), Refusal> {
    if let Some(kind) = &patch.type_ {
        row.service_type.clone_from(kind);
    }
    row.address = cells::set_address(
        row.address,
        (col::ADDRESS_TYPE, patch.address_type),
        (col::ADDRESS, patch.address.as_deref()),
    )?;
    if let Some(port) = patch.port {
        row.port = Some(cells::port(col::PORT, port)?);
    }
    if let Some(policy) = &patch.policy {
        row.policy = cells::set_name(col::POLICY, policy)?;
    }
    cells::set_word(col::PROTOCOL, &mut row.protocol, patch.protocol)?;
    cells::set_word(col::SCHEDULER, &mut row.scheduler, patch.scheduler)?;
    cells::set_word(col::FORWARD, &mut row.forward, patch.forward)?;
    cells::set_word(col::ADMIN_STATE, &mut row.admin_state, patch.admin_state)?;
    cells::set_number(col::CONNECT_TIMEOUT, &mut row.connect_timeout, patch.connect_timeout)?;
    cells::set_number(col::IDLE_TIMEOUT, &mut row.idle_timeout, patch.idle_timeout)?;
    row.connection_limit = patch.connection_limit.unwrap_or(row.connection_limit);
    row.queue_limit = patch.queue_limit.unwrap_or(row.queue_limit);
    cells::set_number(col::QUEUE_TIMEOUT, &mut row.queue_timeout, patch.queue_timeout)?;
    let timeout = patch.persistence_timeout;
    cells::set_number(col::PERSISTENCE_TIMEOUT, &mut row.persistence_timeout, timeout)?;
    let prefix = patch.persistence_prefix_ipv4;
    cells::set_number(col::PERSISTENCE_PREFIX_IPV4, &mut row.persistence_prefix_ipv4, prefix)?;
    let prefix = patch.persistence_prefix_ipv6;
    cells::set_number(col::PERSISTENCE_PREFIX_IPV6, &mut row.persistence_prefix_ipv6, prefix)?;
    cells::set_number(col::SOURCE_RATE, &mut row.source_rate, patch.source_rate)?;
    cells::set_number(col::SOURCE_BURST, &mut row.source_burst, patch.source_burst)?;
    cells::set_number(col::SLOW_START, &mut row.slow_start, patch.slow_start)?;
    row.accept_proxy = patch.accept_proxy.unwrap_or(row.accept_proxy);
    cells::set_word(col::SEND_PROXY, &mut row.send_proxy, patch.send_proxy)?;
    if patch.protocol == Some(LcServiceProtocol::Udp) && row.check.kind == CheckKind::Tcp {
        row.check.kind = CheckKind::Udp;
    }
    cells::set_word(col::CHECK_KIND, &mut row.check.kind, patch.check_kind)?;
    cells::set_number(col::CHECK_INTERVAL, &mut row.check.interval, patch.check_interval)?;
    cells::set_number(col::CHECK_TIMEOUT, &mut row.check.timeout, patch.check_timeout)?;
    cells::set_number(col::CHECK_RISE, &mut row.check.rise, patch.check_rise)?;
    cells::set_number(col::CHECK_FALL, &mut row.check.fall, patch.check_fall)?;
    let doubt = &mut row.check.doubt_interval;
    cells::set_number(col::CHECK_DOUBT_INTERVAL, doubt, patch.check_doubt_interval)?;
    if let Some(port) = patch.check_port {
        row.check.port = cells::port_or_none(col::CHECK_PORT, port)?;
    }
    for (text, given) in [
        (&mut row.check.request, &patch.check_request),
        (&mut row.check.expect, &patch.check_expect),
        (&mut row.check.content, &patch.check_content),
    ] {
        if let Some(given) = given {
            text.clone_from(given);
        }
    }
    cells::set_number(col::EJECTION_TIME, &mut row.ejection_time, patch.ejection_time)?;
    cells::set_number(col::PANIC_THRESHOLD, &mut row.panic_threshold, patch.panic_threshold)?;
    cells::set_word(col::PANIC_USE, &mut row.panic_use, patch.panic_use)?;
    cells::set_number(col::QUORUM, &mut row.quorum, patch.quorum)?;
    cells::set_number(col::QUORUM_HYSTERESIS, &mut row.quorum_hysteresis, patch.quorum_hysteresis)
}

fn id(index: &Index) -> Result<ServiceId, Refusal> {
    Ok(ServiceId {
        cluster: cells::index_name(&index.cluster_name)?,
        service: cells::index_name(&index.service_name)?,
    })
}

impl<'s> View<'s> for Row<'s> {
    fn status(&self) -> Option<LcStatus> {
        Some(self.view.status.mib())
    }

    fn oper_state(&self) -> Option<LcOperState> {
        Some(self.view.oper_state.mib())
    }

    fn reason(&self) -> Option<Octets<'s>> {
        Some(cells::admin_string(&self.view.reason))
    }

    fn servers(&self) -> Option<u32> {
        Some(self.view.servers)
    }

    fn servers_up(&self) -> Option<u32> {
        Some(self.view.servers_up)
    }

    fn active_connections(&self) -> Option<u32> {
        Some(self.view.active)
    }

    fn connections(&self) -> Option<u64> {
        Some(self.status.live.connections.load(Relaxed))
    }

    fn failed_connections(&self) -> Option<u64> {
        Some(self.status.live.failed.load(Relaxed))
    }

    fn refused_connections(&self) -> Option<u64> {
        Some(self.status.live.refused.load(Relaxed))
    }

    fn in_octets(&self) -> Option<u64> {
        Some(self.status.live.in_octets.load(Relaxed))
    }

    fn out_octets(&self) -> Option<u64> {
        Some(self.status.live.out_octets.load(Relaxed))
    }

    fn last_change(&self) -> Option<Octets<'s>> {
        Some(cells::date(Some(self.status.last_change)))
    }

    fn type_(&self) -> Option<Octets<'s>> {
        Some(self.row.service_type.as_str().into())
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

    fn protocol(&self) -> Option<LcServiceProtocol> {
        Some(self.row.protocol.mib())
    }

    fn scheduler(&self) -> Option<LcScheduler> {
        Some(self.row.scheduler.mib())
    }

    fn forward(&self) -> Option<LcForward> {
        Some(self.row.forward.mib())
    }

    fn policy(&self) -> Option<Octets<'s>> {
        Some(cells::name(self.row.policy.as_ref()))
    }

    fn admin_state(&self) -> Option<LcAdminState> {
        Some(self.row.admin_state.mib())
    }

    fn connect_timeout(&self) -> Option<u32> {
        Some(self.row.connect_timeout.value())
    }

    fn idle_timeout(&self) -> Option<u32> {
        Some(self.row.idle_timeout.value())
    }

    fn connection_limit(&self) -> Option<u32> {
        Some(self.row.connection_limit)
    }

    fn queue_limit(&self) -> Option<u32> {
        Some(self.row.queue_limit)
    }

    fn queue_timeout(&self) -> Option<u32> {
        Some(self.row.queue_timeout.value())
    }

    fn queued_connections(&self) -> Option<u32> {
        Some(self.status.live.queued.load(Relaxed))
    }

    fn queued_connections_max(&self) -> Option<u32> {
        Some(self.status.live.queued_max.load(Relaxed))
    }

    fn queue_timeouts(&self) -> Option<u64> {
        Some(self.status.live.queue_timeouts.load(Relaxed))
    }

    fn queue_overflows(&self) -> Option<u64> {
        Some(self.status.live.queue_overflows.load(Relaxed))
    }

    fn persistence_timeout(&self) -> Option<u32> {
        Some(self.row.persistence_timeout.value())
    }

    fn persistence_prefix_ipv4(&self) -> Option<u32> {
        Some(self.row.persistence_prefix_ipv4.value())
    }

    fn persistence_prefix_ipv6(&self) -> Option<u32> {
        Some(self.row.persistence_prefix_ipv6.value())
    }

    fn persistent_clients(&self) -> Option<u32> {
        let timeout = self.row.persistence_timeout.milliseconds();
        Some(self.status.live.persistent_clients(self.now, timeout))
    }

    fn source_rate(&self) -> Option<u32> {
        Some(self.row.source_rate.value())
    }

    fn source_burst(&self) -> Option<u32> {
        Some(self.row.source_burst.value())
    }

    fn source_rate_overruns(&self) -> Option<u64> {
        Some(self.status.live.rate_overruns.load(Relaxed))
    }

    fn slow_start(&self) -> Option<u32> {
        Some(self.row.slow_start.value())
    }

    fn accept_proxy(&self) -> Option<bool> {
        Some(self.row.accept_proxy)
    }

    fn send_proxy(&self) -> Option<LcServiceSendProxy> {
        Some(self.row.send_proxy.mib())
    }

    fn check_kind(&self) -> Option<LcServiceCheckKind> {
        Some(self.row.check.kind.mib())
    }

    fn check_interval(&self) -> Option<u32> {
        Some(self.row.check.interval.value())
    }

    fn check_timeout(&self) -> Option<u32> {
        Some(self.row.check.timeout.value())
    }

    fn check_rise(&self) -> Option<u32> {
        Some(self.row.check.rise.value())
    }

    fn check_fall(&self) -> Option<u32> {
        Some(self.row.check.fall.value())
    }

    fn check_port(&self) -> Option<u32> {
        Some(self.row.check.port.map_or(0, |port| port.get().into()))
    }

    fn check_request(&self) -> Option<Octets<'s>> {
        Some(self.row.check.request.as_str().into())
    }

    fn check_expect(&self) -> Option<Octets<'s>> {
        Some(self.row.check.expect.as_str().into())
    }

    fn check_content(&self) -> Option<Octets<'s>> {
        Some(self.row.check.content.as_str().into())
    }

    fn check_doubt_interval(&self) -> Option<u32> {
        Some(self.row.check.doubt_interval.value())
    }

    fn ejection_time(&self) -> Option<u32> {
        Some(self.row.ejection_time.value())
    }

    fn panic_threshold(&self) -> Option<u32> {
        Some(self.row.panic_threshold.value())
    }

    fn panic_use(&self) -> Option<LcServicePanicUse> {
        Some(self.row.panic_use.mib())
    }

    fn quorum(&self) -> Option<u32> {
        Some(self.row.quorum.value())
    }

    fn quorum_hysteresis(&self) -> Option<u32> {
        Some(self.row.quorum_hysteresis.value())
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
}
