//! Notifications of our agent, as Debian's `snmptrapd` gets them.

#![allow(clippy::panic, reason = "a test")]

use std::net::{SocketAddr, UdpSocket};

use lcms_snmp::{
    EngineId, OutMessage, PduKind, Version, message,
    usm::{AuthProtocol, Key, MasterKey, PrivProtocol},
};

use lcms_tests::{
    agent::{Agent, PASSWORD, READ, WRITE, director, free_port},
    backend::Backend,
    net_snmp::{self, Said, User},
    snmpd::Snmpd,
    snmptrapd::{self, Snmptrapd},
};

const OPERATOR: &str =
    "[[user]]\nname = \"operator\"\nauth_file = \"user.password\"\naccess = \"admin\"\n";

/// A receiver on a port of 127.0.0.1.
fn receiver(name: &str, port: u16, rest: &str) -> String {
    format!(
        "[[receiver]]\nname = \"{name}\"\naddress = \"127.0.0.1:{port}\"\n\
         timeout = 200\nretry_count = 100\n{rest}\n"
    )
}

/// A server that can be taken away and brought back, and its director.
struct Cluster {
    agent: Agent,
    address: SocketAddr,
    backend: Option<Backend>,
}

impl Cluster {
    fn new(rest: &str) -> Self {
        let backend = Backend::start("a");
        let address = backend.address();
        let config = format!("{}{rest}", director(free_port(), "wrr", &[("a", address, 3)]));
        let agent = Agent::start("lb1", &config);
        let cluster = Self { agent, address, backend: Some(backend) };
        cluster.is("up");
        cluster
    }

    /// Waits until the server is so.
    #[track_caller]
    fn is(&self, state: &str) {
        let name = r#"lcServerOperState."main"."web"."a""#;
        let soon = std::time::Duration::from_secs(20);
        lcms_tests::eventually("the server's state", soon, || {
            let said =
                self.agent.snmp("snmpget", &[name]).map_or(String::new(), |said| said.text());
            if said.contains(&format!(": {state}(")) { Ok(()) } else { Err(said) }
        });
    }

    fn kill_server(&mut self) {
        self.backend = None;
    }

    fn bring_server_back(&mut self) {
        self.backend = Some(Backend::at("a", self.address));
    }
}

/// Runs one of net-snmp's tools as a user with our password, which succeeds.
#[track_caller]
fn run_as(agent: &Agent, name: &str, tool: &str, args: &[&str]) -> Said {
    let (auth, privacy) = (Some("SHA-256"), Some("AES"));
    let user = User { name, password: PASSWORD, auth, privacy };
    let said = net_snmp::run_as(tool, &user, agent.address(), args).expect("found");
    assert_eq!(said.code, Some(0), "{args:?}: {}{}", said.errors, said.text());
    said
}

/// Whoever listens late gets the informs of before; a server that dies is told of in
/// every version with its objects by their names; what was acknowledged is not sent
/// again; and all of it is in the log.
#[test]
fn every_version_and_kind() {
    let Some(_) = net_snmp::tool("snmptrapd") else { return };
    let port = snmptrapd::free_port();
    let receivers = [
        receiver("v1", port, "community = \"read\"\nversion = \"1\""),
        receiver("v2-trap", port, "community = \"read\""),
        receiver("v2-inform", port, "community = \"read\"\nnotify_type = \"inform\""),
        receiver("v3-trap", port, "user = \"operator\""),
        receiver("v3-inform", port, "user = \"operator\"\nnotify_type = \"inform\""),
    ];
    let mut cluster = Cluster::new(&format!("{OPERATOR}{}", receivers.concat()));
    let receiver = Snmptrapd::start(port, &[&cluster.agent.engine()]).expect("found");
    receiver.gets(&["INFORM, SNMP v2c", "coldStart"]);
    receiver.gets(&["INFORM, SNMP v3, user operator", "coldStart"]);

    cluster.kill_server();
    let ways =
        ["TRAP2, SNMP v2c", "TRAP2, SNMP v3, user operator", "INFORM, SNMP v2c", "INFORM, SNMP v3"];
    for way in ways {
        let line = receiver.gets(&[way, "LOAD-CLUSTER-MIB::lcServerDown"]);
        for object in [
            "sysUpTime.0",
            r#"lcServerOperState."main"."web"."a" = INTEGER: down(2)"#,
            r#"lcServerEffectiveWeight."main"."web"."a" = Gauge32: 0"#,
            r#"lcServerReason."main"."web"."a" = STRING: "#,
        ] {
            assert!(line.contains(object), "{object}: {line}");
        }
    }
    let line = receiver.gets(&["TRAP, SNMP v1", "lcServerOperState"]);
    assert!(line.contains("|Enterprise Specific|LOAD-CLUSTER-MIB::lcServerDown|"), "{line}");
    receiver.gets(&["TRAP2, SNMP v2c", "lcClusterDegraded", "critical(2)"]);

    cluster.bring_server_back();
    for way in ways {
        receiver.gets(&[way, "LOAD-CLUSTER-MIB::lcServerUp"]);
        assert_eq!(receiver.with(&[way, "lcServerDown"]).len(), 1, "{way}");
    }
    // The log is seen with the next state.
    let soon = std::time::Duration::from_secs(20);
    lcms_tests::eventually("the log", soon, || {
        let walk = cluster.agent.snmp("snmpbulkwalk", &["1.3.6.1.2.1.92.1.3"]);
        let log = walk.expect("found").text();
        let entries = ["coldStart", "lcServerDown", "lcServerUp"].map(|name| format!("::{name}"));
        let object = r#"lcServerOperState."main"."web"."a""#;
        match log.contains(object) && entries.iter().all(|entry| log.contains(entry)) {
            true => Ok(()),
            false => Err(log),
        }
    });
}

/// Filters let through what they include, and views hide what is in none.
#[test]
fn filters_and_views_hide() {
    let Some(_) = net_snmp::tool("snmptrapd") else { return };
    let port = snmptrapd::free_port();
    let Some(receiver) = Snmptrapd::start(port, &[]) else { return };
    let rest = [
        self::receiver("up", port, "community = \"read\"\ninclude = [\"lcServerUp\"]"),
        self::receiver(
            "rest",
            port,
            "community = \"write\"\nexclude = [\"lcServerDown\", \"coldStart\"]",
        ),
        // It may read everything, and is told of its system group alone.
        self::receiver("blind", port, "user = \"operator\"\nnotify_type = \"inform\""),
        "[[user]]\nname = \"operator\"\nauth_file = \"user.password\"\ngroup = \"guests\"\n\
         [[access]]\ngroup = \"guests\"\nread = \"all\"\nnotify = \"little\"\n\
         [[view]]\nname = \"all\"\ninclude = [\"1.3.6.1\"]\n\
         [[view]]\nname = \"little\"\ninclude = [\"system\", \"coldStart\"]\n"
            .to_owned(),
    ];
    let mut cluster = Cluster::new(&rest.concat());
    receiver.gets(&["INFORM, SNMP v3, user operator", "coldStart"]);
    cluster.kill_server();
    cluster.is("down");
    receiver.gets(&[WRITE, "lcClusterDegraded"]);
    cluster.bring_server_back();
    receiver.gets(&[WRITE, "lcServerUp"]);
    receiver.gets(&[READ, "lcServerUp"]);
    receiver.gets(&[WRITE, "lcClusterRestored"]);
    for hidden in [
        [READ, "lcServerDown"],
        [READ, "lcCluster"],
        [READ, "coldStart"],
        [WRITE, "lcServerDown"],
        [WRITE, "coldStart"],
        ["user operator", "lc"],
    ] {
        assert_eq!(receiver.with(&hidden), [] as [String; 0], "{hidden:?}");
    }
}

/// A column of the receiver `noc` in a table of snmpModules, whose index implies its
/// length.
fn column(table: &str, column: u32) -> String {
    format!("1.3.6.1.6.3.{table}.1.{column}{}", arcs(b"noc"))
}

fn arcs(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!(".{octet}")).collect()
}

/// Makes a receiver that gets informs of version 3 in the name of `operator`.
#[track_caller]
fn add_receiver(set: impl Fn(&[&str]) -> Said, port: u16) {
    let [high, low] = port.to_be_bytes();
    let address = format!("7F000001{high:02X}{low:02X}");
    let params = |number| column("12.1.3", number);
    let target = |number| column("12.1.2", number);
    let notify = |number| column("13.1.1", number);
    // In one SET: version 3, USM, for the operator, with everything.
    let [model, security, name, level] = [2, 3, 4, 5].map(params);
    set(&[
        [params(7).as_str(), "i", "4"],
        [&model, "i", "3"],
        [&security, "i", "3"],
        [&name, "s", "operator"],
        [&level, "i", "3"],
    ]
    .concat());
    // And step by step.
    set(&[&target(9), "i", "5"]);
    let before = set(&[&target(2), "o", "1.3.6.1.6.1.1"]);
    assert!(before.text().contains("OID"), "{}", before.text());
    set(&[&target(3), "x", &address, &target(6), "s", "night noc", &target(7), "s", "noc"]);
    set(&[&target(9), "i", "1"]);
    set(&[&notify(5), "i", "4", &notify(2), "s", "noc", &notify(3), "i", "2"]);
}

/// A request by a community that nobody knows.
fn bad_message() -> Vec<u8> {
    message::encode(&OutMessage {
        version: Version::V2c,
        community: b"nobody",
        kind: PduKind::GetRequest,
        request_id: 1,
        error_status: 0,
        error_index: 0,
        varbinds: &[],
    })
}

/// A receiver made by SNMP is told at once, and still after the agent was killed.
/// The start after that is a warm one, and bad communities do not make a flood.
#[test]
fn a_receiver_made_by_snmp_outlives_the_agent() {
    let Some(_) = net_snmp::tool("snmptrapd") else { return };
    let port = snmptrapd::free_port();
    let Some(receiver) = Snmptrapd::start(port, &[]) else { return };
    let mut cluster = Cluster::new(OPERATOR);
    let set = |agent: &Agent, args: &[&str]| run_as(agent, "operator", "snmpset", args);
    add_receiver(|args| set(&cluster.agent, args), port);
    set(&cluster.agent, &["SNMPv2-MIB::snmpEnableAuthenTraps.0", "i", "1"]);

    cluster.kill_server();
    receiver.gets(&["INFORM, SNMP v3, user operator", "lcServerDown"]);
    cluster.agent.kill_and_restart();
    receiver.gets(&["INFORM, SNMP v3, user operator", "warmStart"]);

    let socket = UdpSocket::bind("127.0.0.1:0").expect("loopback has free ports");
    for _ in 0..500 {
        socket.send_to(&bad_message(), cluster.agent.address()).expect("it is there");
    }
    receiver.gets(&["authenticationFailure"]);
    assert!(receiver.with(&["authenticationFailure"]).len() <= 2);

    set(&cluster.agent, &[&column("13.1.1", 5), "i", "6"]);
    let rows = cluster.agent.snmp("snmpbulkwalk", &["1.3.6.1.6.3.13"]).expect("found");
    assert!(!rows.text().contains("snmpModules.13.1"), "{}", rows.text());
}

/// Informs in the name of a user whom a manager made for the receiver's engine
/// (RFC 3414, usmUserEngineID), and whose password nobody on this node knows.
#[test]
fn an_inform_of_a_user_made_by_snmp() {
    let Some(_) = net_snmp::tool("snmpusm") else { return };
    let port = snmptrapd::free_port();
    let Some(receiver) = Snmptrapd::start(port, &[]) else { return };
    let mut agent = Agent::start(
        "lb1",
        "[[user]]\nname = \"root\"\nauth_file = \"user.password\"\naccess = \"admin\"\n",
    );
    let [own, theirs]: [EngineId; 2] =
        [agent.engine(), snmptrapd::ENGINE.to_owned()].map(|id| id.parse().expect("an engine ID"));
    let user = |number: u32, engine: EngineId, name: &str| {
        let engine = engine.as_octets();
        let (engine_len, name_len) = (engine.len(), name.len());
        let (engine, name) = (arcs(engine), arcs(name.as_bytes()));
        format!("1.3.6.1.6.3.15.1.2.2.1.{number}.{engine_len}{engine}.{name_len}{name}")
    };
    let root = |tool: &str, args: &[&str]| run_as(&agent, "root", tool, args);
    let template = user(3, own, "root");
    let (status, clone_from) = (user(13, theirs, "operator"), user(4, theirs, "operator"));
    root("snmpset", &[&status, "i", "5", &clone_from, "o", &template]);
    // The copy has the keys of this engine; it gets those of the receiver's.
    let master = MasterKey::of_password(AuthProtocol::Sha256, PASSWORD.as_bytes()).expect("long");
    let hex = |key: &Key| -> String {
        let octets = key.expose().iter().map(|octet| format!("{octet:02x}"));
        ["0x".to_owned()].into_iter().chain(octets).collect()
    };
    let at = format!("0x{}", snmptrapd::ENGINE);
    let change = |which: &str, key: &dyn Fn(&EngineId) -> Key| {
        let (old, new) = (hex(&key(&own)), hex(&key(&theirs)));
        root("snmpusm", &["-CE", &at, which, "-Ck", "passwd", &old, &new, "operator"]);
    };
    change("-Ca", &|engine| master.localised(engine));
    change("-Cx", &|engine| master.localised_for(PrivProtocol::Aes128, engine));
    root("snmpset", &[&status, "i", "1"]);
    root("snmpvacm", &["createSec2Group", "3", "operator", "lcms-admin-authPriv"]);
    add_receiver(|args| root("snmpset", args), port);

    agent.kill_and_restart();
    receiver.gets(&["INFORM, SNMP v3, user operator", "warmStart"]);
}

/// A subagent without receivers of its own notifies through its master.
#[test]
fn through_the_master() {
    let Some(_) = net_snmp::tool("snmptrapd") else { return };
    let port = snmptrapd::free_port();
    let Some(receiver) = Snmptrapd::start(port, &[]) else { return };
    let master = Snmpd::start_with(&format!(
        "master agentx\nagentXSocket FOLDER/master\ntrap2sink 127.0.0.1:{port} {READ}"
    ));
    let Some(master) = master else { return };
    let socket = master.folder().join("master");
    let mut cluster = Cluster::new(&format!("[agentx]\nmaster = \"{}\"\n", socket.display()));
    cluster.kill_server();
    let line = receiver.gets(&["TRAP2, SNMP v2c", READ, "LOAD-CLUSTER-MIB::lcServerDown"]);
    assert!(line.contains(r#"lcServerOperState."main"."web"."a" = INTEGER: down(2)"#), "{line}");
}
