//! What has changed, in the words of the MIB.

use lcms_lb_core::{
    director::ServerStatus,
    model::{Name, ServerId},
};
use lcms_snmp::{Oid, VarBind, notification::Notification};
use load_cluster_mib::{
    if_mib::{
        if_,
        notifications::{LinkDown, LinkUp},
    },
    load_cluster_mib::{
        lc_cluster, lc_host, lc_server,
        notifications::{
            LcClusterDegraded, LcClusterRestored, LcConfigChanged, LcHostFound, LcHostLost,
            LcHostRoleChanged, LcServerDown, LcServerUp, LcServerWeightChanged,
        },
    },
    snmp_tls_tm_mib::{
        notifications::{SnmpTlstmServerCertificateUnknown, SnmpTlstmServerInvalidCertificate},
        snmp_tlstm_addr,
    },
    snmpv2_mib::notifications::{AuthenticationFailure, ColdStart, WarmStart},
};

use super::{Change, Start};
use crate::{
    sensors::inventory::Link,
    state::AgentState,
    tables::words::{Word as _, admin_status},
};

/// A notification, if what it is about is still there.
pub(super) fn of(change: Change, state: &AgentState, up_time: u32) -> Option<Notification> {
    let (oid, objects) = match change {
        Change::ServerUp(id) => {
            let (index, status) = server(state, id)?;
            let objects = LcServerUp {
                index,
                oper_state: status.oper_state().mib(),
                effective_weight: status.effective.weight.value(),
                reason: short(status.reason().to_owned()),
            };
            (LcServerUp::OID, objects.varbinds())
        }
        Change::ServerDown(id) => {
            let (index, status) = server(state, id)?;
            let objects = LcServerDown {
                index,
                oper_state: status.oper_state().mib(),
                effective_weight: status.effective.weight.value(),
                reason: short(status.reason().to_owned()),
            };
            (LcServerDown::OID, objects.varbinds())
        }
        Change::ServerWeightChanged(id) => {
            let (index, status) = server(state, id)?;
            let objects = LcServerWeightChanged {
                index,
                weight_before: status.weight_change.before.value(),
                effective_weight: status.effective.weight.value(),
                weight_source: status.effective.source.mib(),
                weight_change_by: status.weight_change.by.clone(),
                weight_reason: short(status.weight_reason.clone()),
            };
            (LcServerWeightChanged::OID, objects.varbinds())
        }
        Change::ClusterDegraded(name) => {
            let summary = state.summary.clusters.get(&name)?;
            let (status, reason) = (summary.status.mib(), summary.reason.clone());
            let objects = LcClusterDegraded { index: cluster(name), status, reason };
            (LcClusterDegraded::OID, objects.varbinds())
        }
        Change::ClusterRestored(name) => {
            let summary = state.summary.clusters.get(&name)?;
            let (status, reason) = (summary.status.mib(), summary.reason.clone());
            let objects = LcClusterRestored { index: cluster(name), status, reason };
            (LcClusterRestored::OID, objects.varbinds())
        }
        Change::HostLost(name) => {
            let summary = state.summary.hosts.get(&name)?;
            let (oper_state, reason) = (summary.oper_state.mib(), summary.reason.to_string());
            let objects = LcHostLost { index: host(name), oper_state, reason };
            (LcHostLost::OID, objects.varbinds())
        }
        Change::HostFound(name) => {
            let summary = state.summary.hosts.get(&name)?;
            let (oper_state, reason) = (summary.oper_state.mib(), summary.reason.to_string());
            let objects = LcHostFound { index: host(name), oper_state, reason };
            (LcHostFound::OID, objects.varbinds())
        }
        Change::HostRoleChanged(name) => {
            let row = state.snapshot.wanted.hosts.get(&name)?;
            let objects = LcHostRoleChanged {
                index: host(name),
                role_potential: row.role_potential.mib(),
                role_status: row.role_status.mib(),
            };
            (LcHostRoleChanged::OID, objects.varbinds())
        }
        Change::ConfigChanged => {
            let provenance = &state.snapshot.wanted.provenance;
            let objects = LcConfigChanged {
                lc_config_generation: state.snapshot.wanted.generation,
                lc_config_last_principal: provenance.principal.clone(),
                lc_config_last_source: provenance.source.mib(),
                lc_config_last_reason: short(provenance.reason.clone()),
            };
            (LcConfigChanged::OID, objects.varbinds())
        }
        Change::AuthenticationFailure => {
            (AuthenticationFailure::OID, AuthenticationFailure {}.varbinds())
        }
        Change::ServerCertificateUnknown => {
            let unknown = state.node.statistics.tls_unknown_server_certificate.value();
            let objects = SnmpTlstmServerCertificateUnknown { unknown_server_certificate: unknown };
            (SnmpTlstmServerCertificateUnknown::OID, objects.varbinds())
        }
        Change::ServerInvalidCertificate => {
            let statistics = &state.node.statistics;
            let target = statistics.tls_invalid_target.load_full()?;
            let row = state.security.rows.servers.get(&*target);
            let fingerprint = row.and_then(|row| row.fingerprint.as_ref());
            let objects = SnmpTlstmServerInvalidCertificate {
                index: snmp_tlstm_addr::Index { target_addr_name: target.to_string() },
                server_fingerprint: fingerprint
                    .map_or_else(Vec::new, |fingerprint| fingerprint.as_octets().to_vec()),
                invalid_server_certificates: statistics.tls_invalid_server_certificates.value(),
            };
            (SnmpTlstmServerInvalidCertificate::OID, objects.varbinds())
        }
        Change::LinkUp(number) => {
            let (index, link) = interface(state, number)?;
            let objects = LinkUp {
                if_index: index.index,
                index,
                admin_status: admin_status(link),
                oper_status: link.oper.mib(),
            };
            (LinkUp::OID, objects.varbinds())
        }
        Change::LinkDown(number) => {
            let (index, link) = interface(state, number)?;
            let objects = LinkDown {
                if_index: index.index,
                index,
                admin_status: admin_status(link),
                oper_status: link.oper.mib(),
            };
            (LinkDown::OID, objects.varbinds())
        }
    };
    notification(oid, objects, up_time)
}

/// How the agent has started.
pub(super) fn of_start(start: Start, up_time: u32) -> Option<Notification> {
    match start {
        Start::Cold => notification(ColdStart::OID, ColdStart {}.varbinds(), up_time),
        Start::Warm => notification(WarmStart::OID, WarmStart {}.varbinds(), up_time),
    }
}

fn notification(oid: &[u32], objects: Vec<VarBind<'static>>, up_time: u32) -> Option<Notification> {
    Some(Notification { up_time, name: Oid::new(oid).ok()?, objects })
}

fn server(state: &AgentState, id: ServerId) -> Option<(lc_server::Index, &ServerStatus)> {
    let index = lc_server::Index {
        cluster_name: id.cluster.to_string(),
        service_name: id.service.to_string(),
        server_name: id.server.to_string(),
    };
    Some((index, state.snapshot.servers.get(&id)?))
}

fn cluster(name: Name) -> lc_cluster::Index {
    lc_cluster::Index { cluster_name: name.to_string() }
}

fn host(name: Name) -> lc_host::Index {
    lc_host::Index { host_name: name.to_string() }
}

fn interface(state: &AgentState, number: u32) -> Option<(if_::Index, &Link)> {
    let mut links = state.sample.inventory.links.all.iter();
    let link = links.find(|link| link.interface.index == number)?;
    Some((if_::Index { index: i32::try_from(number).ok()? }, link))
}

/// What an LcReason holds, cut between two characters.
fn short(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(255));
    text
}
