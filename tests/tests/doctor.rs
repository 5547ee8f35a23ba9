//! `lcms-manager doctor` names what is wrong: each fault is made, one by one, at our
//! agent and at Debian's `snmpd`.

#![allow(clippy::panic, reason = "a diagnosis that cannot be fails the scenario")]

use std::{
    fs,
    net::{SocketAddr, UdpSocket},
    time::Duration,
};

use lcms_tests::{
    agent::{self, Agent, PASSWORD, write_secret},
    backend::Backend,
    eventually,
    manager::Manager,
    snmpd::Snmpd,
};

/// The causes that a run names, with the steps they are in; and what it prints for
/// people holds a fix for each.
#[track_caller]
fn causes(manager: &Manager, node: &str, args: &[&str]) -> Vec<(String, String)> {
    let said = manager.run(&[&["doctor", node, "--json"], args].concat());
    let json = said.json();
    let of = |outcome: &str| -> Vec<(String, String)> {
        let steps = json["steps"].as_array().expect("steps").iter();
        let steps = steps.filter(|step| step["outcome"] == outcome);
        let word = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        steps.map(|step| (word(&step["name"]), word(&step["cause"]))).collect()
    };
    let wrong = of("wrong");
    assert_eq!(said.code, Some(if wrong.is_empty() { 0 } else { 1 }), "{said:?}");
    assert!(!said.out.contains(PASSWORD), "{}", said.out);
    let steps = json["steps"].as_array().expect("steps").len();
    assert_eq!(steps, 10, "every step is told of: {}", said.out);
    for step in json["steps"].as_array().expect("steps") {
        let is_wrong = step["outcome"] == "wrong";
        assert!(!is_wrong || step["fix"].is_string(), "{step}");
    }
    [wrong, of("note")].concat()
}

/// The one cause that a run names.
#[track_caller]
fn cause(manager: &Manager, node: &str, args: &[&str]) -> String {
    let causes = causes(manager, node, args);
    let [(_, cause)] = causes.as_slice() else { panic!("{causes:?}") };
    cause.clone()
}

/// Files with secrets that are not the agent's, beside the manager's own.
struct Files {
    wrong: String,
    right: String,
}

impl Files {
    fn of(manager: &Manager) -> Self {
        let wrong = manager.config().with_file_name("wrong.password");
        write_secret(&wrong, "another password");
        Self { wrong: wrong.display().to_string(), right: manager.password_file() }
    }

    /// Every fault of users, and the cause that is to be named.
    fn faults(&self) -> Vec<(Vec<&str>, &'static str)> {
        let Self { wrong, right } = self;
        vec![
            (vec!["-u", "nobody", "--auth-file", right], "unknown-user"),
            (vec!["-u", "ann", "--auth-file", wrong], "wrong-auth-password"),
            (vec!["-u", "ann", "--auth-file", right, "--auth", "SHA"], "wrong-auth-password"),
            (vec!["-u", "ann", "--auth-file", right, "--priv-file", wrong], "wrong-priv-password"),
            (vec!["-u", "signer", "--auth-file", right], "unsupported-level"),
            (vec!["-c", wrong], "wrong-community"),
        ]
    }
}

const USERS: &str = "\
[[user]]
name = \"ann\"
auth_file = \"user.password\"
[[user]]
name = \"signer\"
auth_file = \"user.password\"
priv = \"none\"
[[user]]
name = \"narrow\"
auth_file = \"user.password\"
group = \"narrow\"
[[user]]
name = \"partial\"
auth_file = \"user.password\"
group = \"partial\"
[[user]]
name = \"older\"
auth_file = \"user.password\"
group = \"older\"
[[access]]
group = \"older\"
read = \"no-capacity\"
[[view]]
name = \"no-capacity\"
include = [\"system\", \"hrSystemDate\", \"LOAD-CLUSTER-MIB\"]
exclude = [\"lcServerCapacity\"]
[[access]]
group = \"narrow\"
read = \"system-alone\"
[[access]]
group = \"partial\"
read = \"no-servers\"
[[view]]
name = \"system-alone\"
include = [\"system\"]
[[view]]
name = \"no-servers\"
include = [\"system\", \"hrSystemDate\", \"LOAD-CLUSTER-MIB\"]
exclude = [\"lcServerTable\"]
";

fn director(backend: SocketAddr) -> Agent {
    let config = agent::director(agent::free_port(), "wlc", &[("rs1", backend, 10)]);
    Agent::start("lb1", &format!("{config}{USERS}"))
}

#[test]
fn faults_of_our_agent() {
    let backend = Backend::start("rs1");
    let mut agent = director(backend.address());
    let manager = Manager::of_agent(&agent);
    let files = Files::of(&manager);
    eventually("nothing is wrong", Duration::from_secs(10), || {
        let said = manager.run(&["doctor", "lb1"]);
        if said.code == Some(0) { Ok(()) } else { Err(said.out) }
    });
    let right = files.right.as_str();
    assert_eq!(causes(&manager, "lb1", &["-u", "ann", "--auth-file", right]), []);
    for (args, expected) in files.faults() {
        assert_eq!(cause(&manager, "lb1", &args), expected, "{args:?}");
    }
    // Authorised for little, and for nearly all.
    let seen = causes(&manager, "lb1", &["-u", "narrow", "--auth-file", right]);
    assert_eq!(seen, [("mib".to_owned(), "view-hides".to_owned())]);
    let seen = causes(&manager, "lb1", &["-u", "partial", "--auth-file", right]);
    assert_eq!(seen, [("view".to_owned(), "view-hides".to_owned())]);
    // As an agent of an earlier MIB would look.
    assert_eq!(cause(&manager, "lb1", &["-u", "older", "--auth-file", right]), "older-mib");

    // A controller of another machine.
    let lease = [
        "set",
        "lb1",
        "lcClusterLeaseOwner.\"main\"=elsewhere 1 00000001",
        "lcClusterLeaseTerm.\"main\"=1",
        "lcClusterLeaseSeconds.\"main\"=60",
    ];
    manager.run(&lease).ok();
    assert_eq!(cause(&manager, "lb1", &[]), "lease-held");

    // By another name in the inventory.
    let other = Manager::of(&[("lb9", agent.address())]);
    let seen = causes(&other, "lb9", &[]);
    assert!(seen.contains(&("name".to_owned(), "name-differs".to_owned())), "{seen:?}");

    // What the agent itself complains of.
    backend.kill();
    eventually("the agent's own trouble is told", Duration::from_secs(10), || {
        let seen = causes(&manager, "lb1", &[]);
        let told = seen.contains(&("status".to_owned(), "own-trouble".to_owned()));
        if told { Ok(()) } else { Err(format!("{seen:?}")) }
    });

    // Boots at their end.
    agent.stop();
    let file = agent.state_dir().join("engine.json");
    let text = fs::read_to_string(&file).expect("the agent wrote it");
    let mut engine: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    engine["boots"] = (i32::MAX - 1).into();
    fs::write(&file, engine.to_string()).expect("the folder is ours");
    agent.restart();
    let manager = Manager::of_agent(&agent);
    let right = manager.password_file();
    let args = ["-u", "ann", "--auth-file", &right];
    assert_eq!(cause(&manager, "lb1", &args), "out-of-time-window");

    // Gone.
    agent.stop();
    assert_eq!(cause(&manager, "lb1", &[]), "port-closed");
}

#[test]
fn faults_of_the_way_there() {
    // It takes what comes and says nothing, as a filter would.
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let manager = Manager::of(&[("lb1", silent.local_addr().unwrap())]);
    assert_eq!(cause(&manager, "lb1", &[]), "port-filtered");
    let right = manager.password_file();
    assert_eq!(cause(&manager, "lb1", &["-u", "ann", "--auth-file", &right]), "port-filtered");
    let community = manager.config().with_file_name("read.community").display().to_string();
    let seen = cause(&manager, "no-such-host.invalid", &["-c", &community]);
    assert_eq!(seen, "name-unresolved");
    // Arguments are another matter.
    assert_eq!(manager.run(&["doctor", "lb1", "-u", "ann"]).code, Some(2));
}

#[test]
fn faults_of_snmpd() {
    let users = format!(
        "createUser ann SHA-256 \"{PASSWORD}\" AES \"{PASSWORD}\"\n\
         rouser ann authPriv\n\
         createUser signer SHA-256 \"{PASSWORD}\"\n\
         rouser signer auth\n\
         view narrow included .1.3.6.1.2.1.1\n\
         createUser narrow SHA-256 \"{PASSWORD}\" AES \"{PASSWORD}\"\n\
         rouser narrow authPriv -V narrow\n\
         createUser shut SHA-256 \"{PASSWORD}\" AES \"{PASSWORD}\"\n\
         master agentx\nagentXSocket FOLDER/master\n"
    );
    let Some(snmpd) = Snmpd::start_with(&users) else { return };
    let manager = Manager::of(&[("peer", snmpd.address())]);
    let files = Files::of(&manager);
    for (args, expected) in files.faults() {
        assert_eq!(cause(&manager, "peer", &args), expected, "{args:?}");
    }
    let right = files.right.as_str();
    assert_eq!(cause(&manager, "peer", &["-u", "shut", "--auth-file", right]), "no-access");

    // It answers, and our agent has not joined it.
    for args in [&[][..], &["-u", "ann", "--auth-file", right]] {
        assert_eq!(cause(&manager, "peer", args), "mib-absent");
    }
    let socket = snmpd.folder().join("master");
    let agent = Agent::start("peer", &format!("[agentx]\nmaster = \"{}\"\n", socket.display()));
    eventually("the subagent's tables are seen", Duration::from_secs(20), || {
        let said = manager.run(&["doctor", "peer"]);
        if said.code == Some(0) { Ok(()) } else { Err(format!("{said:?}\n{}", agent.output())) }
    });
    // And not by who may see nothing but the system.
    assert_eq!(cause(&manager, "peer", &["-u", "narrow", "--auth-file", right]), "view-hides");
}

#[test]
fn snmpd_whose_boots_are_at_their_end() {
    let users = format!(
        "createUser ann SHA-256 \"{PASSWORD}\" AES \"{PASSWORD}\"\nrouser ann\n\
         oldEngineID 0x80001f8880c1d4aa5f01020304\nengineBoots {}\n",
        // Boots belong to a name; it counts the start of now.
        i32::MAX - 1
    );
    let Some(snmpd) = Snmpd::start_with(&users) else { return };
    let manager = Manager::of(&[("peer", snmpd.address())]);
    let right = manager.password_file();
    let args = ["-u", "ann", "--auth-file", &right];
    assert_eq!(cause(&manager, "peer", &args), "out-of-time-window");
}
