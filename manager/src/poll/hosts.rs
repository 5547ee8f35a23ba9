//! The hosts, from what all agents say of them.

use std::collections::BTreeMap;

use lcms_lb_core::model::{AdminState, OperState, Role, Status};
use load_cluster_mib::{
    load_cluster_mib::{lc_host, lc_host_load, lc_host_report},
    tc,
};

use super::{
    Cluster, Host, Load, Report,
    build::{Told, label, text},
};

/// All hosts anybody told of, by name.
pub(super) fn hosts(told: &[Told<'_>], clusters: &[Cluster]) -> Vec<Host> {
    let mut hosts: BTreeMap<&str, Host> = BTreeMap::new();
    // Own agents first, so that what the others say is held against them.
    for own in [true, false] {
        for teller in told {
            for (index, row) in &teller.rows.hosts {
                let name = index.host_name.as_str();
                if own != (teller.host_name() == Some(name)) {
                    continue;
                }
                let host = hosts.entry(name).or_insert_with(|| unknown(name));
                merge(host, row);
                if own {
                    host.node = Some(teller.node.to_string());
                    host.freeness_permille = row.freeness;
                    host.roles = roles(row.role_status);
                    host.role_potential = roles(row.role_potential);
                    host.load = find(&teller.rows.loads, name).map(load);
                } else {
                    host.freeness_permille = host.freeness_permille.or(row.freeness);
                    if host.node.is_none() {
                        host.roles = roles(row.role_status);
                        host.role_potential = roles(row.role_potential);
                    }
                }
                let report = find(&teller.rows.reports, name).map(report);
                let age = |report: &Option<Report>| report.as_ref().and_then(|r| r.age_ms);
                if report.is_some() && (host.report.is_none() || age(&report) < age(&host.report)) {
                    host.report = report;
                }
            }
        }
    }
    for server in clusters.iter().flat_map(|c| &c.services).flat_map(|s| &s.servers) {
        let Some(host) = server.host.as_deref().and_then(|name| hosts.get_mut(name)) else {
            continue;
        };
        host.servers += 1;
        host.servers_up += usize::from(server.effective > Some(0));
        host.active_connections += u64::from(server.active_connections.unwrap_or(0));
    }
    hosts.into_values().collect()
}

fn unknown(name: &str) -> Host {
    Host {
        name: name.to_owned(),
        node: None,
        status: None,
        oper_state: None,
        reason: None,
        admin_state: None,
        roles: Vec::new(),
        role_potential: Vec::new(),
        freeness_permille: None,
        servers: 0,
        servers_up: 0,
        active_connections: 0,
        load: None,
        report: None,
    }
}

/// Takes in another agent's word on a host: the worst counts, and of wishes the
/// one that asks for most.
fn merge(host: &mut Host, row: &lc_host::Row) {
    let status: Option<Status> = row.status.and_then(|status| label(status.label()));
    let oper_state: Option<OperState> = row.oper_state.and_then(|state| label(state.label()));
    let admin_state: Option<AdminState> = row.admin_state.and_then(|s| label(s.label()));
    let known = |status: Option<Status>| status.map_or(-1, severity);
    // A director that has not heard of a host knows less than its own agent.
    let ignorant = status == Some(Status::Unknown) && host.node.is_some();
    let wished = known(status) == known(host.status) && host.oper_state == Some(OperState::Up);
    if !ignorant && (known(status) > known(host.status) || wished) {
        (host.status, host.oper_state, host.reason) = (status, oper_state, text(&row.reason));
    }
    host.admin_state = host.admin_state.max(admin_state);
}

/// The order in which statuses are bad: LcStatus of the MIB.
pub(crate) fn severity(status: Status) -> i32 {
    match status {
        Status::Ok => 0,
        Status::Unknown => 1,
        Status::Warning => 2,
        Status::Critical => 3,
    }
}

fn find<'a, R>(rows: &'a [(lc_host::Index, R)], name: &str) -> Option<&'a R> {
    rows.iter().find(|(index, _)| index.host_name == name).map(|(_, row)| row)
}

fn roles(roles: Option<tc::LcRoles>) -> Vec<&'static str> {
    let labels = roles.map(|roles| roles.labels().collect::<Vec<_>>()).unwrap_or_default();
    // The model's words, which are the MIB's and live for ever.
    let named = Role::ALL.iter().map(|role| role.label());
    named.filter(|role| labels.contains(role)).collect()
}

fn load(row: &lc_host_load::Row) -> Load {
    Load {
        sample_age_ms: row.sample_age,
        cores: row.cores,
        cpu_busy_permille: row.cpu_busy,
        runnable: row.runnable,
        load1: row.average1.map(hundredths),
        load5: row.average5.map(hundredths),
        load15: row.average15.map(hundredths),
        memory_total_octets: row.memory_total,
        memory_available_octets: row.memory_available,
        memory_available_permille: row.memory_avail_permille,
        swap_in_pages: row.swap_in,
        established: row.established,
    }
}

fn report(row: &lc_host_report::Row) -> Report {
    Report {
        age_ms: row.age,
        runnable: row.runnable.map(hundredths),
        utilisation_permille: row.utilisation,
        memory_available_permille: row.memory_avail_permille,
        swapping: row.swapping,
        by: text(&row.by),
    }
}

fn hundredths(n: u32) -> f64 {
    f64::from(n) / 100.0
}
