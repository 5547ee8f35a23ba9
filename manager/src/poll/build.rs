//! From rows to state: a pure function.
//!
//! Several agents speak of one thing. A cluster is told by its active director,
//! for a standby's figures are what it would do. A host is told by its own
//! agent, except that the worst word on its health counts whoever says it: an
//! agent does not see that nobody can reach its servers.

use std::{collections::BTreeMap, net::IpAddr, str::FromStr, time::Duration};

use jiff::Timestamp;
use lcms_lb_core::model::Name;
use load_cluster_mib::load_cluster_mib::{lc_cluster, lc_server, lc_service};

use super::{
    Cluster, ClusterState, Director, Lease, NodeFault, NodeRows, NodeState, Rows, Server, Service,
    hosts,
};
use crate::inventory::Inventory;

/// Builds the state that the rows amount to. `previous` is the state of the
/// poll before, from which follow the rates and observed shares.
pub fn build<'a>(
    inventory: &Inventory,
    collected: impl IntoIterator<Item = &'a NodeRows>,
    previous: Option<&ClusterState>,
    time: Timestamp,
) -> ClusterState {
    let collected: Vec<&NodeRows> = collected.into_iter().collect();
    let nodes = collected.iter().map(|collected| node(collected)).collect();
    let told: Vec<Told<'_>> =
        collected.iter().filter_map(|collected| Told::of(collected)).collect();
    let mut clusters = clusters(inventory, &told);
    if let Some(previous) = previous {
        compare(&mut clusters, previous);
    }
    let hosts = hosts::hosts(&told, &clusters);
    ClusterState { time, nodes, hosts, clusters }
}

/// A node that answered.
#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    pub(super) node: Name,
    pub(super) time: Timestamp,
    pub(super) rows: &'a Rows,
}

impl<'a> Told<'a> {
    fn of(collected: &'a NodeRows) -> Option<Self> {
        let NodeRows { name: node, time, .. } = *collected;
        Some(Self { node, time, rows: collected.rows.as_ref().ok()? })
    }

    /// What the agent calls its own host.
    pub(super) fn host_name(&self) -> Option<&'a str> {
        self.rows.agent.lc_local_host_name.as_deref()
    }
}

fn node(collected: &NodeRows) -> NodeState {
    let rows = collected.rows.as_ref().ok();
    let fault = collected.fault();
    let agent = rows.map(|rows| &rows.agent);
    NodeState {
        name: collected.name.to_string(),
        address: collected.endpoint.to_string(),
        reachable: collected.rows.as_ref().err().is_none_or(|fault| !fault.is_unreachable()),
        status: agent.and_then(|agent| label(agent.lc_overall_status?.label())),
        reason: agent.and_then(|agent| agent.lc_overall_reason.clone()),
        host: agent.and_then(|agent| agent.lc_local_host_name.clone()),
        generation: agent.and_then(|agent| agent.lc_config_generation),
        round_trip_ms: rows.and_then(|rows| rows.round_trip).map(milliseconds),
        error: fault.map(ToString::to_string),
        advice: fault.map(NodeFault::advice),
    }
}

fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

/// The model's word for a label of the MIB: they are the same words.
pub(crate) fn label<T: FromStr>(label: &str) -> Option<T> {
    label.parse().ok()
}

/// Text that says something.
pub(crate) fn text(text: &Option<String>) -> Option<String> {
    text.clone().filter(|text| !text.is_empty())
}

fn clusters(inventory: &Inventory, told: &[Told<'_>]) -> Vec<Cluster> {
    let mut tellers: BTreeMap<&str, Vec<(Told<'_>, &lc_cluster::Row)>> = BTreeMap::new();
    for teller in told {
        for (index, row) in &teller.rows.clusters {
            tellers.entry(&index.cluster_name).or_default().push((*teller, row));
        }
    }
    tellers
        .into_iter()
        .filter_map(|(name, tellers)| {
            let rank = |(teller, row): &(Told<'_>, &lc_cluster::Row)| {
                let active = row.active_director.as_deref();
                let is_active = active.is_some() && active == teller.host_name();
                let directors = inventory.cluster(name).map(|c| c.directors.as_slice());
                let place = directors.and_then(|d| d.iter().position(|n| *n == teller.node));
                (!is_active, place.unwrap_or(usize::MAX))
            };
            let (teller, row) = tellers.into_iter().min_by_key(rank)?;
            Some(cluster(name, teller, row))
        })
        .collect()
}

fn cluster(name: &str, teller: Told<'_>, row: &lc_cluster::Row) -> Cluster {
    let rows = teller.rows;
    let lease = || {
        Some(Lease {
            owner: row.lease_owner.clone()?,
            term: row.lease_term?,
            seconds: row.lease_seconds.filter(|&seconds| seconds > 0)?,
        })
    };
    let directors = rows.directors.iter().filter(|(index, _)| index.cluster_name == name);
    let services = rows.services.iter().filter(|(index, _)| index.cluster_name == name);
    Cluster {
        name: name.to_owned(),
        node: teller.node.to_string(),
        status: row.status.and_then(|status| label(status.label())),
        reason: text(&row.reason),
        active_director: text(&row.active_director),
        directors: directors
            .map(|(index, row)| Director {
                host: index.host_name.clone(),
                state: row.state.and_then(|state| label(state.label())),
                priority: row.priority,
            })
            .collect(),
        lease: lease(),
        policy: text(&row.policy),
        description: text(&row.description),
        parent: text(&row.parent),
        active_connections: row.active_connections,
        connections: row.connections,
        services: services.map(|(index, row)| service(index, row, rows)).collect(),
        time: teller.time,
    }
}

fn service(index: &lc_service::Index, row: &lc_service::Row, rows: &Rows) -> Service {
    let servers = rows.servers.iter().filter(|(server, _)| {
        server.cluster_name == index.cluster_name && server.service_name == index.service_name
    });
    Service {
        name: index.service_name.clone(),
        status: row.status.and_then(|status| label(status.label())),
        oper_state: row.oper_state.and_then(|state| label(state.label())),
        reason: text(&row.reason),
        admin_state: row.admin_state.and_then(|state| label(state.label())),
        kind: text(&row.type_),
        protocol: row.protocol.and_then(|protocol| label(protocol.label())),
        address: row.address.as_deref().and_then(|address| endpoint(address, row.port)),
        scheduler: row.scheduler.and_then(|scheduler| label(scheduler.label())),
        forward: row.forward.and_then(|forward| label(forward.label())),
        policy: text(&row.policy),
        active_connections: row.active_connections,
        connections: row.connections,
        failed_connections: row.failed_connections,
        refused_connections: row.refused_connections,
        connection_rate: None,
        in_octets: row.in_octets,
        out_octets: row.out_octets,
        queued_connections: row.queued_connections,
        queue_timeouts: row.queue_timeouts,
        queue_overflows: row.queue_overflows,
        source_rate_overruns: row.source_rate_overruns,
        servers: servers.map(|(index, row)| server(index, row)).collect(),
        discontinuity: row.discontinuity_time,
    }
}

fn server(index: &lc_server::Index, row: &lc_server::Row) -> Server {
    Server {
        name: index.server_name.clone(),
        oper_state: row.oper_state.and_then(|state| label(state.label())),
        reason: text(&row.reason),
        admin_state: row.admin_state.and_then(|state| label(state.label())),
        configured: row.weight,
        dynamic: row.dynamic_weight,
        effective: row.effective_weight,
        observed: None,
        source: row.weight_source.and_then(|source| label(source.label())),
        mode: row.weight_mode.and_then(|mode| label(mode.label())),
        why: text(&row.weight_reason),
        backup: row.backup,
        active_connections: row.active_connections,
        connections: row.connections,
        failed_connections: row.failed_connections,
        connection_rate: None,
        connection_limit: row.connection_limit,
        in_octets: row.in_octets,
        out_octets: row.out_octets,
        check_failures: row.check_failures,
        ejections: row.ejections,
        capacity: row.capacity.map(|thousandths| f64::from(thousandths) / 1e3),
        host: text(&row.host),
        address: row.address.as_deref().and_then(|address| endpoint(address, row.port)),
        discontinuity: row.discontinuity_time,
    }
}

/// An InetAddress with its port, as people write it.
pub(crate) fn endpoint(address: &[u8], port: Option<u32>) -> Option<String> {
    let (ip, zone) = match address.len() {
        20 => (address.get(..16)?, address.get(16..)),
        8 => (address.get(..4)?, address.get(4..)),
        _ => (address, None),
    };
    let ip = match ip.len() {
        4 => IpAddr::from(<[u8; 4]>::try_from(ip).ok()?),
        _ => IpAddr::from(<[u8; 16]>::try_from(ip).ok()?),
    };
    let zone = zone.and_then(|zone| Some(u32::from_be_bytes(zone.try_into().ok()?)));
    let zone = zone.map(|zone| format!("%{zone}")).unwrap_or_default();
    Some(match (ip, port) {
        (_, None) => format!("{ip}{zone}"),
        (IpAddr::V4(_), Some(port)) => format!("{ip}{zone}:{port}"),
        (IpAddr::V6(_), Some(port)) => format!("[{ip}{zone}]:{port}"),
    })
}

/// Rates and shares since the poll before.
fn compare(clusters: &mut [Cluster], previous: &ClusterState) {
    for cluster in clusters {
        // Another director counts for itself.
        let Some(before) = previous.cluster(&cluster.name).filter(|b| b.node == cluster.node)
        else {
            continue;
        };
        let seconds = cluster.time.duration_since(before.time).as_secs_f64();
        if seconds == 0.0 {
            // The same rows, so that nothing has grown; what they said stands.
            cluster.clone_from(before);
            continue;
        }
        for service in &mut cluster.services {
            let Some(before) = before.service(&service.name) else { continue };
            let same = service.discontinuity == before.discontinuity;
            let grown = growth(before.connections, service.connections).filter(|_| same);
            service.connection_rate = rate(grown, seconds);
            let mut sum = 0_u64;
            let mut all = Vec::with_capacity(service.servers.len());
            for server in &mut service.servers {
                let before = before
                    .server(&server.name)
                    .filter(|before| before.discontinuity == server.discontinuity);
                let grown =
                    before.and_then(|before| growth(before.connections, server.connections));
                server.connection_rate = rate(grown, seconds);
                sum = sum.saturating_add(grown.unwrap_or(0));
                all.push(grown);
            }
            if sum > 0 {
                for (server, grown) in service.servers.iter_mut().zip(all) {
                    let share = |grown: u64| (grown as f64 / sum as f64 * 1e3).round() / 1e3;
                    server.observed = grown.map(share);
                }
            }
        }
    }
}

/// How far a counter has come; `None` where it began anew.
fn growth(before: Option<u64>, now: Option<u64>) -> Option<u64> {
    now?.checked_sub(before?)
}

fn rate(grown: Option<u64>, seconds: f64) -> Option<f64> {
    (seconds > 0.0).then(|| Some((grown? as f64 / seconds * 10.0).round() / 10.0)).flatten()
}
