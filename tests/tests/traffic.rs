//! Clients, a director, real servers: who gets which share, and who loses what.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use lcms_tests::{
    agent::{Agent, director, free_port},
    backend::Backend,
    client::{Connection, ask, ask_many},
    eventually,
    manager::Manager,
};

const SOON: Duration = Duration::from_secs(10);

struct Cluster {
    agent: Agent,
    service: SocketAddr,
}

fn cluster(scheduler: &str, servers: &[(&Backend, &str, u32)]) -> Cluster {
    let port = free_port();
    let rows: Vec<_> =
        servers.iter().map(|(b, name, weight)| (*name, b.address(), *weight)).collect();
    let agent = Agent::start("lb1", &director(port, scheduler, &rows));
    let service = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    // The first checks decide about the servers.
    let manager = Manager::of_agent(&agent);
    eventually("all servers are up", SOON, || {
        let said = manager.run(&["poll", "--json"]);
        let up = said.out.matches("\"oper_state\": \"up\"").count()
            + said.out.matches("\"oper_state\":\"up\"").count();
        match up > servers.len() {
            true => Ok(()),
            false => Err(format!("{}{}", said.out, said.errors)),
        }
    });
    Cluster { agent, service }
}

/// 10,000 connections are split by weight within 1 %.
#[test]
fn wrr_splits_by_weight() {
    let backends = [Backend::start("a"), Backend::start("b"), Backend::start("c")];
    let [a, b, c] = &backends;
    let cluster = cluster("wrr", &[(a, "a", 5), (b, "b", 3), (c, "c", 2)]);
    let (shares, errors) = ask_many(cluster.service, 10_000, 8);
    assert_eq!(errors, 0);
    for (backend, name, share) in [(a, "a", 5_000), (b, "b", 3_000), (c, "c", 2_000)] {
        let got = shares.get(name).copied().unwrap_or(0);
        assert!(got.abs_diff(share) <= 100, "{name} got {got} of 10000, not {share}: {shares:?}");
        assert_eq!(backend.connections(), got as u64, "{name} counted otherwise");
    }
}

/// Weights change again and again under load, and nobody notices but by the
/// shares.
#[test]
fn a_weight_change_loses_no_connection() {
    let backends = [Backend::start("a"), Backend::start("b")];
    let [a, b] = &backends;
    let cluster = cluster("wlc", &[(a, "a", 1), (b, "b", 1)]);
    let service = cluster.service;
    let held: Vec<_> = (0..50)
        .map(|_| {
            let mut connection = Connection::open(service).unwrap();
            connection.exchange("before").unwrap();
            connection
        })
        .collect();
    let load = std::thread::spawn(move || ask_many(service, 4_000, 4));
    let manager = Manager::of_agent(&cluster.agent);
    for weight in ["10", "0", "7", "65535", "1", "0"] {
        manager.run(&["weight", "main/web/a", weight]).ok();
    }
    let (shares, errors) = load.join().unwrap();
    assert_eq!(errors, 0, "{shares:?}");
    // The last weight of `a` is 0: what comes now goes to `b` alone, and what
    // was there goes on.
    let (after, errors) = ask_many(service, 100, 2);
    assert_eq!((after.get("a"), after.get("b"), errors), (None, Some(&100), 0));
    for mut connection in held {
        connection.exchange("after").unwrap();
        connection.close().unwrap();
    }
}

/// A killed server loses what was in flight on it and nothing else, and gets
/// work again when it is back.
#[test]
fn a_killed_server_loses_only_its_own() {
    let a = Backend::start("a");
    let b = Backend::start("b");
    let cluster = cluster("rr", &[(&a, "a", 1), (&b, "b", 1)]);
    let mut held = Vec::new();
    for _ in 0..20 {
        let mut connection = Connection::open(cluster.service).unwrap();
        let server = connection.exchange("before").unwrap().to_owned();
        held.push((server, connection));
    }
    let address = a.kill();
    for (server, mut connection) in held {
        match server.as_str() {
            "a" => drop(connection.exchange("after").unwrap_err()),
            _ => drop(connection.exchange("after").unwrap()),
        }
    }
    // From the first one on: a refused server is not the client's concern.
    let (shares, errors) = ask_many(cluster.service, 500, 4);
    assert_eq!((shares.get("b"), errors), (Some(&500), 0), "{shares:?}");

    let _a = Backend::at("a", address);
    eventually("a gets connections again", SOON, || match ask(cluster.service) {
        Ok(server) if server == "a" => Ok(()),
        other => Err(format!("{other:?}")),
    });
}

/// A connection that this server has.
fn held_by(server: &str, service: SocketAddr) -> Connection {
    loop {
        let mut connection = Connection::open(service).expect("the service accepts");
        if connection.exchange("who").expect("a server answers") == server {
            return connection;
        }
    }
}

/// Drain lets the old live and gives the server nothing new; `--wait` returns
/// when the last has gone.
#[test]
fn drain_waits_for_the_last_connection() {
    let backends = [Backend::start("a"), Backend::start("b")];
    let [a, b] = &backends;
    let cluster = cluster("rr", &[(a, "a", 1), (b, "b", 1)]);
    let mut held = held_by("a", cluster.service);
    let manager = Manager::of_agent(&cluster.agent);
    let mut drain = manager.start(&["drain", "main/web/a", "--wait"]);
    eventually("a is draining", SOON, || {
        let said = manager.run(&["poll", "--json"]);
        said.out.contains("draining").then_some(()).ok_or(said.out)
    });
    let (shares, errors) = ask_many(cluster.service, 100, 2);
    assert_eq!((shares.get("b"), errors), (Some(&100), 0), "{shares:?}");
    held.exchange("still here").unwrap();
    held.close().unwrap();
    assert_eq!(drain.wait(SOON), Some(0), "{}", drain.output());
}

/// A deadline ends what a drain alone would wait for.
#[test]
fn drain_with_a_deadline_does_not_wait_for_ever() {
    let backends = [Backend::start("a"), Backend::start("b")];
    let [a, b] = &backends;
    let cluster = cluster("rr", &[(a, "a", 1), (b, "b", 1)]);
    let mut held = held_by("a", cluster.service);
    let manager = Manager::of_agent(&cluster.agent);
    let drained = manager.run(&["drain", "main/web/a", "--deadline", "1", "--wait"]);
    let drained = drained.ok();
    assert!(drained.out.contains("no connection is left"), "{}", drained.out);
    held.exchange("after").unwrap_err();
    let (shares, errors) = ask_many(cluster.service, 20, 2);
    assert_eq!((shares.get("b"), errors), (Some(&20), 0), "{shares:?}");
}
