//! The state as tables of text.

use lcms_lb_core::model::{AdminState, OperState, Status};

use crate::{
    cli::{
        grid::{Grid, known},
        plain,
    },
    poll::{Cluster, ClusterState, Host, Server, Service},
};

/// Draws a state; `wide` with columns beyond a hundred characters.
pub fn draw(state: &ClusterState, wide: bool) -> String {
    let answered = state.nodes.iter().filter(|node| node.reachable).count();
    let mut parts = vec![format!(
        "{}  {answered} of {} nodes answered\n",
        state.time.strftime("%Y-%m-%d %H:%M:%S UTC"),
        state.nodes.len()
    )];
    if wide {
        parts.push(nodes(state).whole());
    }
    for grid in [hosts(state, wide), clusters(state, wide), services(state, wide)] {
        parts.push(grid);
    }
    parts.push(servers(state, wide));
    parts.push(remarks(state));
    parts.retain(|part| !part.is_empty());
    parts.join("\n")
}

fn drawn(grid: &Grid) -> String {
    if grid.is_empty() { String::new() } else { grid.whole() }
}

fn nodes(state: &ClusterState) -> Grid {
    let mut grid = Grid::new(["node", "address", "status", "generation", "round trip", "error"]);
    for node in &state.nodes {
        grid.row([
            node.name.clone(),
            node.address.clone(),
            known(node.status),
            known(node.generation),
            node.round_trip_ms.map_or_else(none, |ms| format!("{ms:.1} ms")),
            node.error.clone().unwrap_or_else(none),
        ]);
    }
    grid
}

fn hosts(state: &ClusterState, wide: bool) -> String {
    let mut header = vec![
        "host",
        "status",
        "state",
        "cores",
        "cpu",
        "load",
        "memory free",
        "servers",
        "active",
        "age",
    ];
    if wide {
        header.extend(["load 5", "load 15", "runnable", "freeness", "roles", "report", "by"]);
    }
    let mut grid = Grid::new(header);
    for host in &state.hosts {
        let load = host.load.as_ref();
        let report = host.report.as_ref();
        let mut cells = vec![
            host.name.clone(),
            known(host.status),
            host_state(host),
            known(load.and_then(|load| load.cores)),
            permille(load.and_then(|load| load.cpu_busy_permille)),
            hundredths(load.and_then(|load| load.load1)),
            permille(load.and_then(|load| load.memory_available_permille)),
            format!("{}/{}", host.servers_up, host.servers),
            host.active_connections.to_string(),
            age(load.and_then(|load| load.sample_age_ms)),
        ];
        if wide {
            cells.extend([
                hundredths(load.and_then(|load| load.load5)),
                hundredths(load.and_then(|load| load.load15)),
                known(load.and_then(|load| load.runnable)),
                permille(host.freeness_permille),
                if host.roles.is_empty() { none() } else { host.roles.join(" ") },
                age(report.and_then(|report| report.age_ms)),
                report.and_then(|report| report.by.clone()).unwrap_or_else(none),
            ]);
        }
        grid.row(cells);
    }
    drawn(&grid)
}

fn clusters(state: &ClusterState, wide: bool) -> String {
    let mut header = vec!["cluster", "status", "director", "services", "active", "policy", "lease"];
    if wide {
        header.extend(["told by", "directors", "description"]);
    }
    let mut grid = Grid::new(header);
    for cluster in &state.clusters {
        let up = cluster.services.iter().filter(|s| s.oper_state == Some(OperState::Up)).count();
        let lease = cluster.lease.as_ref();
        let mut cells = vec![
            cluster.name.clone(),
            known(cluster.status),
            known(cluster.active_director.clone()),
            format!("{up}/{}", cluster.services.len()),
            known(cluster.active_connections),
            known(cluster.policy.clone()),
            lease.map_or_else(none, |lease| format!("{}, {} s", lease.owner, lease.seconds)),
        ];
        if wide {
            let directors = cluster
                .directors
                .iter()
                .map(|director| format!("{} {}", director.host, known(director.state)));
            cells.extend([
                cluster.node.clone(),
                directors.collect::<Vec<_>>().join(", "),
                known(cluster.description.clone()),
            ]);
        }
        grid.row(cells);
    }
    drawn(&grid)
}

fn services(state: &ClusterState, wide: bool) -> String {
    let mut header = vec![
        "service",
        "status",
        "state",
        "scheduler",
        "address",
        "servers",
        "active",
        "total",
        "failed",
    ];
    if wide {
        header.extend(["refused", "rate", "protocol", "forward", "type", "policy"]);
    }
    let mut grid = Grid::new(header);
    let all = state.clusters.iter().flat_map(|c| c.services.iter().map(move |s| (c, s)));
    for (cluster, service) in all {
        let mut cells = vec![
            format!("{}/{}", cluster.name, service.name),
            known(service.status),
            known(service.oper_state),
            known(service.scheduler),
            known(service.address.clone()),
            format!("{}/{}", service.servers_up(), service.servers.len()),
            known(service.active_connections),
            known(service.connections),
            known(service.failed_connections),
        ];
        if wide {
            cells.extend([
                known(service.refused_connections),
                rate(service.connection_rate),
                known(service.protocol),
                known(service.forward),
                known(service.kind.clone()),
                known(service.policy.clone()),
            ]);
        }
        grid.row(cells);
    }
    drawn(&grid)
}

fn servers(state: &ClusterState, wide: bool) -> String {
    let mut header = vec![
        "server",
        "state",
        "configured",
        "dynamic",
        "effective",
        "observed",
        "active",
        "total",
        "failed",
        "host",
    ];
    if wide {
        header.extend(["mode", "source", "rate", "limit", "backup", "address", "why"]);
    }
    let mut grid = Grid::new(header);
    for (cluster, service, server) in state.servers() {
        let mut cells = vec![
            format!("{}/{}/{}", cluster.name, service.name, server.name),
            known(server.oper_state),
            known(server.configured),
            known(server.dynamic),
            known(server.effective),
            server.observed.map_or_else(none, |share| format!("{:.1} %", share * 100.0)),
            known(server.active_connections),
            known(server.connections),
            known(server.failed_connections),
            known(server.host.clone()),
        ];
        if wide {
            cells.extend([
                known(server.mode),
                known(server.source),
                rate(server.connection_rate),
                server.connection_limit.filter(|&n| n > 0).map_or_else(none, |n| n.to_string()),
                if server.backup == Some(true) { "backup".into() } else { none() },
                known(server.address.clone()),
                known(server.why.clone()),
            ]);
        }
        grid.row(cells);
    }
    drawn(&grid)
}

/// What is not as it should be, in sentences.
fn remarks(state: &ClusterState) -> String {
    let mut lines = Vec::new();
    for node in state.faults() {
        lines.push(format!("node {}: {}", node.name, node.error.as_deref().unwrap_or_default()));
        lines.extend(node.advice.iter().map(|advice| format!("  {advice}")));
    }
    for node in &state.nodes {
        if let Some(host) = node.host.as_ref().filter(|host| **host != node.name) {
            lines.push(format!("node {} calls itself {host}", node.name));
            lines
                .push("  give it that name in the inventory: names are the same everywhere".into());
        }
    }
    lines.extend(state.hosts.iter().filter_map(host_remark));
    for cluster in &state.clusters {
        for service in &cluster.services {
            lines.extend(service_remark(cluster, service));
            lines.extend(
                service.servers.iter().filter_map(|server| server_remark(cluster, service, server)),
            );
        }
    }
    lines.iter().map(|line| format!("{}\n", plain(line))).collect()
}

fn host_remark(host: &Host) -> Option<String> {
    let bad = host.status.filter(|status| *status != Status::Ok)?;
    Some(format!("host {} is {bad}{}", host.name, because(&host.reason)))
}

fn service_remark(cluster: &Cluster, service: &Service) -> Option<String> {
    let bad = service.status.filter(|status| *status != Status::Ok)?;
    let Service { name, reason, .. } = service;
    Some(format!("service {}/{name} is {bad}{}", cluster.name, because(reason)))
}

fn server_remark(cluster: &Cluster, service: &Service, server: &Server) -> Option<String> {
    let bad = server.oper_state.filter(|state| *state != OperState::Up)?;
    let Server { name, reason, .. } = server;
    Some(format!("server {}/{}/{name} is {bad}{}", cluster.name, service.name, because(reason)))
}

fn because(reason: &Option<String>) -> String {
    reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default()
}

/// What was asked for is shown where it is not yet what is.
fn host_state(host: &Host) -> String {
    match (host.oper_state, host.admin_state) {
        (Some(OperState::Up), Some(AdminState::Drain | AdminState::Maintenance)) => {
            format!("up, to {}", known(host.admin_state))
        }
        (state, _) => known(state),
    }
}

fn none() -> String {
    "-".to_owned()
}

fn permille(value: Option<u32>) -> String {
    value.map_or_else(none, |n| format!("{}.{} %", n / 10, n % 10))
}

fn hundredths(value: Option<f64>) -> String {
    value.map_or_else(none, |n| format!("{n:.2}"))
}

fn rate(value: Option<f64>) -> String {
    value.map_or_else(none, |n| format!("{n:.1} /s"))
}

fn age(milliseconds: Option<u32>) -> String {
    milliseconds.map_or_else(none, |ms| format!("{:.1} s", f64::from(ms) / 1000.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares with a recorded text; UPDATE_GOLDEN=1 records it anew.
    #[track_caller]
    fn golden(name: &str, drawn: &str) {
        let path =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/poll/golden").join(name);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, drawn).unwrap();
        }
        assert_eq!(drawn, std::fs::read_to_string(path).unwrap());
    }

    #[test]
    fn a_state_fits_a_hundred_columns() {
        let drawn = draw(&crate::poll::tests::state(), false);
        assert!(drawn.lines().all(|line| line.chars().count() <= 100), "{drawn}");
        golden("table.txt", &drawn);
    }

    #[test]
    fn wide_tells_more() {
        let drawn = draw(&crate::poll::tests::state(), true);
        golden("wide.txt", &drawn);
    }
}
