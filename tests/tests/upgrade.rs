//! One process takes the place of another while clients come and go.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    os::unix::{fs::PermissionsExt, net::UnixStream},
    time::Duration,
};

use lcms_tests::{
    agent::{Agent, director, free_port},
    backend::Backend,
    client::{Connection, ask, ask_many},
    eventually,
    load::Load,
};
use rustix::process::{Pid, Signal, kill_process};

const SOON: Duration = Duration::from_secs(10);

/// Upgrades under load; more of them where somebody has the time.
fn upgrades() -> usize {
    std::env::var("LCMS_UPGRADES").ok().and_then(|text| text.parse().ok()).unwrap_or(20)
}

struct Cluster {
    agent: Agent,
    service: SocketAddr,
    _backends: Vec<Backend>,
}

/// Two servers that are up, in turns, with more at the top of the file.
fn cluster(top: &str) -> Cluster {
    let backends = ["a", "b"].map(Backend::start);
    let rows = [("a", backends[0].address(), 1), ("b", backends[1].address(), 1)];
    let port = free_port();
    let agent = Agent::start("lb1", &format!("{top}\n{}", director(port, "rr", &rows)));
    let service = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    eventually("the servers are checked", SOON, || match ask_many(service, 4, 1) {
        (servers, 0) if servers.len() == 2 => Ok(()),
        other => Err(format!("{other:?}")),
    });
    Cluster { agent, service, _backends: backends.into() }
}

fn held(service: SocketAddr) -> Connection {
    let mut connection = Connection::open(service).expect("the service accepts");
    connection.exchange("before").expect("a server answers");
    connection
}

#[test]
fn upgrades_under_load_refuse_and_cut_no_connection() {
    let mut cluster = cluster("");
    let load = Load::start(cluster.service, 4);
    let mut former = Vec::new();
    for _ in 0..upgrades() {
        let connection = held(cluster.service);
        let process = cluster.agent.take_over();
        let asked = load.asked();
        eventually("the new process serves", SOON, || match load.asked() > asked + 20 {
            true => Ok(()),
            false => Err(format!("{} questions", load.asked())),
        });
        former.push((process, connection));
    }
    let asked = load.asked();
    let told = load.stop();
    assert!(told.failures.is_empty(), "{:?} of {asked}", told.failures);
    assert_eq!(told.servers.len(), 2);
    for (mut process, mut connection) in former {
        connection.exchange("after").unwrap();
        connection.close().unwrap();
        assert_eq!(process.wait(SOON), Some(0), "{}", process.output());
    }
}

#[test]
fn what_was_set_is_known_to_the_new_process() {
    let mut cluster = cluster("");
    let row = |column: &str| format!("{column}.\"main\".\"web\".\"a\"");
    let (weight, state) = (row("lcServerWeight"), row("lcServerAdminState"));
    let address = cluster.agent.address();
    let Some(set) = cluster.agent.snmpset(&[&weight, "u", "7", &state, "i", "2"]) else { return };
    assert_eq!(set.code, Some(0), "{}", set.errors);
    let mut former = cluster.agent.take_over();
    assert_eq!(former.wait(SOON), Some(0), "nothing keeps it: {}", former.output());
    assert_eq!(cluster.agent.address(), address, "the SNMP port stays");
    let said = cluster.agent.snmp("snmpget", &["-Oqv", &weight, &state]).unwrap();
    assert_eq!(said.lines, ["7", "drain"]);
    let (servers, errors) = ask_many(cluster.service, 50, 2);
    assert_eq!((servers.get("b"), errors), (Some(&50), 0), "{servers:?}");
    let set = cluster.agent.snmpset(&[&state, "i", "1"]).unwrap();
    assert_eq!(set.code, Some(0), "{}", set.errors);
    assert_eq!(ask_many(cluster.service, 50, 2).0.len(), 2);
}

/// Whoever asks and then goes away, or fails to start, changes nothing.
#[test]
fn a_new_process_that_fails_leaves_the_old_one_serving() {
    let cluster = cluster("");
    let socket = cluster.agent.state_dir().join("takeover.sock");
    assert_eq!(fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    for times in 1..=3 {
        drop(UnixStream::connect(&socket).unwrap());
        eventually("the old process says so", SOON, || {
            let output = cluster.agent.output();
            match output.matches("this one goes on").count() >= times {
                true => Ok(()),
                false => Err(output),
            }
        });
        assert_eq!(ask_many(cluster.service, 20, 2).1, 0);
        let lock = cluster.agent.snmpset(&["lcServerWeight.\"main\".\"web\".\"a\"", "u", "3"]);
        let Some(set) = lock else { return };
        assert_eq!(set.code, Some(0), "{}", set.errors);
    }
    let mut cluster = cluster;
    cluster.agent.take_over();
    assert_eq!(ask_many(cluster.service, 20, 2).1, 0);
}

#[test]
fn where_nobody_runs_no_place_is_taken() {
    let mut cluster = cluster("");
    assert_eq!(cluster.agent.stop(), Some(0));
    let mut command = std::process::Command::new(lcms_tests::process::binary("lcms-agent"));
    command.arg("--config").arg(cluster.agent.folder().join("node.toml")).arg("--takeover");
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("takeover.sock") && said.contains("no agent runs there"), "{said}");
}

/// What an operator, or systemd, does: one signal.
#[test]
fn a_signal_starts_the_new_process() {
    let mut cluster = cluster("");
    let mut connection = held(cluster.service);
    cluster.agent.signal(Signal::USR2);
    let heir = cluster.agent.says("as process ");
    let heir = Pid::from_raw(heir.parse().unwrap()).unwrap();
    cluster.agent.says("the place of the other process is taken");
    assert_eq!(ask_many(cluster.service, 20, 2).1, 0);
    connection.exchange("after").unwrap();
    connection.close().unwrap();
    eventually("the old process has ended", SOON, || {
        let output = cluster.agent.output();
        output.contains("the last connection is over").then_some(()).ok_or(output)
    });
    ask(cluster.service).unwrap();
    kill_process(heir, Signal::TERM).unwrap();
    eventually("the new process has ended", SOON, || match ask(cluster.service) {
        Err(_) => Ok(()),
        Ok(server) => Err(server),
    });
}

#[test]
fn connections_that_never_end_are_cut_where_the_file_says_so() {
    let mut cluster = cluster("hard_stop_after = 100");
    let mut connection = held(cluster.service);
    let mut former = cluster.agent.take_over();
    assert_eq!(former.wait(SOON), Some(0));
    assert!(former.output().contains("1 connections are cut"), "{}", former.output());
    connection.exchange("after").unwrap_err();
    ask(cluster.service).unwrap();
}
