//! States from made-up rows.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lcms_lb_core::model::{OperState, Status};
use load_cluster_mib::{
    load_cluster_mib::{
        lc_agent, lc_cluster, lc_director, lc_host, lc_host_load, lc_host_report, lc_server,
        lc_service,
    },
    tc::{InetAddressType, LcOperState, LcRoles, LcStatus, LcWeightMode, LcWeightSource},
};

use super::*;
use crate::{
    client::ClientError,
    inventory::{self, Inventory, Node},
};

fn host_index(name: &str) -> lc_host::Index {
    lc_host::Index { host_name: name.into() }
}

fn inventory() -> Inventory {
    let node = |name: &str, port: u16| {
        let address = format!("127.0.0.1:{port}");
        Node::new(name.parse().unwrap(), address.parse().unwrap())
    };
    let director = ["lb1", "lb2"].map(|name| name.parse().unwrap());
    Inventory {
        nodes: vec![node("lb1", 1161), node("lb2", 1162), node("rs1", 1163), node("rs2", 1164)],
        clusters: vec![inventory::Cluster {
            name: "main".parse().unwrap(),
            directors: director.to_vec(),
        }],
    }
}

/// What an agent says of its own host.
fn own(name: &str, cpu_busy: u32) -> Rows {
    let host = lc_host::Row {
        status: Some(LcStatus::Ok),
        oper_state: Some(LcOperState::Up),
        reason: Some(String::new()),
        freeness: Some(1000 - cpu_busy),
        role_status: Some(LcRoles::REAL_SERVER),
        ..Default::default()
    };
    let load = lc_host_load::Row {
        sample_age: Some(250),
        cores: Some(4),
        cpu_busy: Some(cpu_busy),
        runnable: Some(3),
        average1: Some(61),
        average5: Some(50),
        average15: Some(40),
        memory_avail_permille: Some(815),
        ..Default::default()
    };
    Rows {
        agent: lc_agent::Row {
            lc_overall_status: Some(LcStatus::Ok),
            lc_local_host_name: Some(name.into()),
            lc_config_generation: Some(7),
            ..Default::default()
        },
        round_trip: Some(Duration::from_micros(420)),
        hosts: vec![(host_index(name), host)],
        loads: vec![(host_index(name), load)],
        ..Default::default()
    }
}

fn server(
    name: &str,
    weights: (u32, Option<u32>, u32),
    connections: u64,
) -> (lc_server::Index, lc_server::Row) {
    let (weight, dynamic_weight, effective_weight) = weights;
    let index = lc_server::Index {
        cluster_name: "main".into(),
        service_name: "web".into(),
        server_name: name.into(),
    };
    let up = effective_weight > 0;
    let row = lc_server::Row {
        weight: Some(weight),
        dynamic_weight,
        effective_weight: Some(effective_weight),
        weight_source: Some(match (up, dynamic_weight) {
            (false, _) => LcWeightSource::Health,
            (true, Some(_)) => LcWeightSource::Dynamic,
            (true, None) => LcWeightSource::Configured,
        }),
        weight_mode: Some(LcWeightMode::Dynamic),
        weight_reason: dynamic_weight.map(|_| "capacity 4.0 of 7.0".into()),
        backup: Some(false),
        oper_state: Some(if up { LcOperState::Up } else { LcOperState::Down }),
        reason: (!up).then(|| "connection refused".into()),
        active_connections: Some(effective_weight / 10),
        connections: Some(connections),
        failed_connections: Some(0),
        host: Some(name.into()),
        address_type: Some(InetAddressType::Ipv4),
        address: Some(vec![192, 0, 2, 11]),
        port: Some(8080),
        connection_limit: Some(0),
        discontinuity_time: Some(1),
        ..Default::default()
    };
    (index, row)
}

/// What a director says, with these connections its servers have had.
fn director(name: &str, active: &str, connections: [u64; 3]) -> Rows {
    let mut rows = own(name, 50);
    let of = |status, oper_state, reason: &str| lc_host::Row {
        status: Some(status),
        oper_state: Some(oper_state),
        reason: Some(reason.into()),
        ..Default::default()
    };
    rows.hosts.push((host_index("rs1"), of(LcStatus::Ok, LcOperState::Up, "")));
    rows.hosts.push((host_index("rs2"), of(LcStatus::Unknown, LcOperState::Unknown, "no report")));
    rows.hosts.push((
        host_index("rs3"),
        of(LcStatus::Critical, LcOperState::Down, "all its servers are down"),
    ));
    let report = lc_host_report::Row {
        age: Some(900),
        runnable: Some(250),
        utilisation: Some(480),
        by: Some("auto@mgmt".into()),
        ..Default::default()
    };
    rows.reports = vec![(host_index("rs1"), report)];
    let cluster = lc_cluster::Row {
        status: Some(LcStatus::Warning),
        reason: Some("main/web/rs3 is down".into()),
        active_connections: Some(7),
        connections: Some(connections.iter().sum()),
        lease_owner: Some("auto@mgmt".into()),
        lease_term: Some(3),
        lease_seconds: Some(12),
        active_director: Some(active.into()),
        policy: Some("default".into()),
        ..Default::default()
    };
    rows.clusters = vec![(lc_cluster::Index { cluster_name: "main".into() }, cluster)];
    let standing = |host: &str, state| {
        let index = lc_director::Index { cluster_name: "main".into(), host_name: host.into() };
        (index, lc_director::Row { state: Some(state), priority: Some(100), ..Default::default() })
    };
    use lc_director::LcDirectorState::{Active, Backup};
    rows.directors = vec![standing("lb1", Active), standing("lb2", Backup)];
    let service = lc_service::Row {
        status: Some(LcStatus::Warning),
        oper_state: Some(LcOperState::Up),
        reason: Some("1 of 3 servers is down".into()),
        active_connections: Some(7),
        connections: Some(connections.iter().sum()),
        failed_connections: Some(2),
        refused_connections: Some(0),
        type_: Some("http".into()),
        address: Some(vec![192, 0, 2, 10]),
        port: Some(80),
        protocol: Some(lc_service::LcServiceProtocol::Tcp),
        scheduler: Some(load_cluster_mib::tc::LcScheduler::Wlc),
        forward: Some(load_cluster_mib::tc::LcForward::Proxy),
        discontinuity_time: Some(1),
        ..Default::default()
    };
    let index = lc_service::Index { cluster_name: "main".into(), service_name: "web".into() };
    rows.services = vec![(index, service)];
    let [a, b, c] = connections;
    rows.servers = vec![
        server("rs1", (10, Some(57), 57), a),
        server("rs2", (10, None, 10), b),
        server("rs3", (10, None, 0), c),
    ];
    rows
}

fn collected(rows: [Result<Rows, NodeFault>; 4]) -> Vec<NodeRows> {
    inventory().nodes.iter().zip(rows).map(|(node, rows)| NodeRows::new(node, rows)).collect()
}

fn silent() -> NodeFault {
    let address = "127.0.0.1:1164".parse().unwrap();
    ClientError::Unreachable { address, attempts: 3 }.into()
}

fn at(seconds: i64) -> Timestamp {
    let start: Timestamp = "2026-11-22T02:03:04Z".parse().unwrap();
    start.saturating_add(SignedDuration::from_secs(seconds)).unwrap()
}

fn after(connections: [u64; 3], previous: Option<&ClusterState>, seconds: i64) -> ClusterState {
    let mut rows = collected([
        Ok(director("lb1", "lb1", connections)),
        Ok(director("lb2", "lb1", [0; 3])),
        Ok(own("rs1", 630)),
        Err(silent()),
    ]);
    rows.iter_mut().for_each(|rows| rows.time = at(seconds));
    build(&inventory(), &rows, previous, at(seconds))
}

/// Two looks two seconds apart; rs2 does not answer, rs3 is down.
pub(crate) fn state() -> ClusterState {
    let before = after([1000, 500, 300], None, 0);
    after([1300, 600, 300], Some(&before), 2)
}

#[test]
fn the_active_director_tells_of_its_cluster() {
    let first = after([1000, 500, 300], None, 0);
    assert_eq!(first.cluster("main").unwrap().node, "lb1");
    // After a failover the other one does, whatever the inventory's order.
    let rows = collected([
        Ok(director("lb1", "lb2", [0; 3])),
        Ok(director("lb2", "lb2", [9; 3])),
        Ok(own("rs1", 630)),
        Err(silent()),
    ]);
    let second = build(&inventory(), &rows, Some(&first), at(2));
    let main = second.cluster("main").unwrap();
    assert_eq!(main.node, "lb2");
    // Another director counts for itself: nothing is known of the share yet.
    assert!(main.services[0].servers.iter().all(|server| server.observed.is_none()));
}

#[test]
fn shares_and_rates_are_of_what_came_since() {
    let state = state();
    let service = state.cluster("main").unwrap().service("web").unwrap();
    assert_eq!(service.connection_rate, Some(200.0));
    let of = |name: &str| {
        let server = service.server(name).unwrap();
        (server.observed, server.connection_rate)
    };
    assert_eq!(of("rs1"), (Some(0.75), Some(150.0)));
    assert_eq!(of("rs2"), (Some(0.25), Some(50.0)));
    assert_eq!(of("rs3"), (Some(0.0), Some(0.0)));
}

#[test]
fn until_a_director_tells_again_its_rates_stand() {
    let before = state();
    let mut rows = collected([
        Ok(director("lb1", "lb1", [1300, 600, 300])),
        Err(silent()),
        Err(silent()),
        Err(silent()),
    ]);
    rows[0].time = at(2);
    let state = build(&inventory(), &rows, Some(&before), at(3));
    assert_eq!(state.clusters, before.clusters);
    rows[0].time = at(4);
    let state = build(&inventory(), &rows, Some(&before), at(4));
    let service = state.cluster("main").unwrap().service("web").unwrap();
    assert_eq!(service.connection_rate, Some(0.0));
}

#[test]
fn a_counter_that_began_anew_gives_no_rate() {
    let before = after([1000, 500, 300], None, 0);
    let state = after([10, 600, 300], Some(&before), 2);
    let servers = &state.cluster("main").unwrap().services[0].servers;
    assert_eq!((servers[0].observed, servers[0].connection_rate), (None, None));
    assert_eq!(servers[1].connection_rate, Some(50.0));
    let quiet = after([1000, 500, 300], Some(&before), 2);
    let servers = &quiet.cluster("main").unwrap().services[0].servers;
    assert!(servers.iter().all(|server| server.observed.is_none()), "no connection, no share");
}

#[test]
fn hosts_are_told_by_their_agents_and_the_worst_counts() {
    let state = state();
    let rs1 = state.host("rs1").unwrap();
    assert_eq!((rs1.node.as_deref(), rs1.status), (Some("rs1"), Some(Status::Ok)));
    assert_eq!(rs1.load.as_ref().unwrap().cpu_busy_permille, Some(630));
    assert_eq!(rs1.report.as_ref().unwrap().runnable, Some(2.5));
    assert_eq!((rs1.servers, rs1.servers_up, rs1.active_connections), (1, 1, 5));
    // Nobody's agent runs on these; the directors' word is all there is.
    let rs2 = state.host("rs2").unwrap();
    assert_eq!((rs2.node.as_deref(), rs2.oper_state), (None, Some(OperState::Unknown)));
    let rs3 = state.host("rs3").unwrap();
    assert_eq!((rs3.status, rs3.oper_state), (Some(Status::Critical), Some(OperState::Down)));
    assert_eq!(rs3.reason.as_deref(), Some("all its servers are down"));
    assert_eq!(
        state.hosts.iter().map(|h| h.name.as_str()).collect::<Vec<_>>(),
        ["lb1", "lb2", "rs1", "rs2", "rs3"]
    );
}

#[test]
fn what_a_director_fears_stands_over_what_the_host_thinks() {
    let mut rs1 = own("rs1", 630);
    rs1.hosts[0].1.status = Some(LcStatus::Warning);
    let mut lb1 = director("lb1", "lb1", [0; 3]);
    lb1.hosts[1].1.status = Some(LcStatus::Critical);
    let rows = collected([Ok(lb1), Err(silent()), Ok(rs1), Err(silent())]);
    let state = build(&inventory(), &rows, None, at(0));
    assert_eq!(state.host("rs1").unwrap().status, Some(Status::Critical));
}

#[test]
fn nodes_that_stay_away_are_told() {
    let state = state();
    let [fault] = state.faults().collect::<Vec<_>>()[..] else { panic!("{:?}", state.nodes) };
    assert_eq!((fault.name.as_str(), fault.reachable), ("rs2", false));
    assert_eq!(fault.error.as_deref(), Some("127.0.0.1:1164: no answer to 3 requests"));
    assert!(!state.is_dark());
    let rows = collected([Err(silent()), Err(silent()), Err(silent()), Err(silent())]);
    assert!(build(&inventory(), &rows, None, at(0)).is_dark());
}

#[test]
fn columns_an_older_agent_lacks_stay_unknown() {
    let mut lb1 = director("lb1", "lb1", [0; 3]);
    for (_, row) in &mut lb1.servers {
        *row = lc_server::Row { effective_weight: Some(1), ..Default::default() };
    }
    let rows = collected([Ok(lb1), Err(silent()), Err(silent()), Err(silent())]);
    let state = build(&inventory(), &rows, None, at(0));
    let (_, _, server) = state.servers().next().unwrap();
    assert_eq!((server.configured, server.oper_state, server.effective), (None, None, Some(1)));
}

#[test]
fn addresses_are_written_as_people_write_them() {
    use build::endpoint;
    assert_eq!(endpoint(&[192, 0, 2, 1], Some(80)).as_deref(), Some("192.0.2.1:80"));
    assert_eq!(endpoint(&[0; 16], Some(80)).as_deref(), Some("[::]:80"));
    let zoned = [&[0xfe, 0x80][..], &[0; 13], &[1], &[0, 0, 0, 2]].concat();
    assert_eq!(endpoint(&zoned, Some(80)).as_deref(), Some("[fe80::1%2]:80"));
    assert_eq!(endpoint(&[1, 2, 3], Some(80)), None);
}
