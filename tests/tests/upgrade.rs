//! One process takes the place of another while clients come and go.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    os::unix::{fs::PermissionsExt, net::UnixStream},
    time::Duration,
};

use lcms_tests::{
    agent::{Agent, director, free_port},
    backend::Backend,
    client::{Connection, ask, ask_from, ask_many},
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

/// The servers of clients `127.11.N.1`.
fn servers_of_clients(service: SocketAddr, clients: u8) -> Vec<String> {
    let of = |client| ask_from([127, 11, client, 1].into(), service).expect("it is answered");
    (0..clients).map(of).collect()
}

#[test]
fn clients_that_stay_and_servers_that_start_slowly_do_so_over_an_upgrade() {
    let backends = ["a", "b", "c"].map(Backend::start);
    let [a, b, c] = backends.each_ref().map(Backend::address);
    let port = free_port();
    let file = director(port, "rr", &[("a", a, 100), ("b", b, 100)]);
    let service = "scheduler = \"rr\"\npersistence_timeout = 600000\nslow_start = 20000";
    let file = file.replace("scheduler = \"rr\"", service);
    let mut agent = Agent::start("lb1", &file);
    let service = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    agent.reconfigure(&format!(
        "{file}[[cluster.service.server]]\n\
         name = \"c\"\n\
         address = \"127.0.0.1\"\n\
         port = {}\n\
         weight = 1000\n",
        c.port()
    ));
    assert!(agent.reload().contains("loaded again"), "{}", agent.output());
    let clients = servers_of_clients(service, 21);
    let row = |column: &str| format!("{column}.\"main\".\"web\".\"c\"");
    let rows = [row("lcServerOperState"), row("lcServerEffectiveWeight")];
    let now = |agent: &Agent| -> Option<(String, u32)> {
        let said = agent.snmp("snmpget", &["-Oqv", &rows[0], &rows[1]])?;
        Some((said.lines[0].clone(), said.lines[1].parse().expect("it is a weight")))
    };
    if now(&agent).is_none() {
        return;
    }
    let weight = eventually("it has grown", SOON, || match now(&agent).expect("it was there") {
        (state, weight @ 2..) if state == "slowStart" => Ok(weight),
        other => Err(format!("{other:?}")),
    });
    let mut former = agent.take_over();
    let (state, after) = now(&agent).unwrap();
    assert_eq!(state, "slowStart");
    assert!((weight..1_000).contains(&after), "{after} after {weight}");
    assert_eq!(servers_of_clients(service, 21), clients);
    assert_eq!(former.wait(SOON), Some(0), "{}", former.output());
    eventually("it goes on", SOON, || match now(&agent).unwrap() {
        (_, weight) if weight > after => Ok(()),
        other => Err(format!("{other:?}")),
    });
}

#[test]
fn a_conversation_of_datagrams_keeps_its_server_and_its_port() {
    let servers = [(); 2].map(|()| UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    let [a, b] = servers.each_ref().map(|server| server.local_addr().unwrap());
    servers.iter().for_each(|server| server.set_nonblocking(true).unwrap());
    let port = free_port();
    let file = director(port, "rr", &[("a", a, 1), ("b", b, 1)]);
    let udp = "protocol = \"udp\"\nscheduler = \"rr\"";
    let mut agent = Agent::start("lb1", &file.replace("scheduler = \"rr\"", udp));
    let client = || {
        let client = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        client.connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        client.set_read_timeout(Some(SOON)).unwrap();
        client
    };
    let clients: Vec<UdpSocket> = (0..6).map(|_| client()).collect();
    // Which server hears the client, and from where.
    let talk = |client: &UdpSocket| {
        client.send(b"word").unwrap();
        let (server, from) = eventually("a server hears it", SOON, || {
            let heard = servers.iter().find_map(|server| {
                let (length, from) = server.recv_from(&mut [0; 8]).ok()?;
                // A check sends an empty one.
                (length > 0).then_some((server, from))
            });
            heard.ok_or_else(|| "nobody does".to_owned())
        });
        server.send_to(b"answer", from).unwrap();
        let mut answer = [0; 8];
        assert_eq!(client.recv(&mut answer).unwrap(), 6);
        (server.local_addr().unwrap(), from)
    };
    let before: Vec<_> = clients.iter().map(talk).collect();
    assert!(before.iter().any(|(server, _)| *server == a));
    assert!(before.iter().any(|(server, _)| *server == b));
    for _ in 0..2 {
        let mut former = agent.take_over();
        assert_eq!(former.wait(SOON), Some(0), "nothing keeps it: {}", former.output());
        assert_eq!(clients.iter().map(talk).collect::<Vec<_>>(), before);
    }
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
