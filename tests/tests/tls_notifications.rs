//! Notifications over TLS (RFC 6353), as Debian's `snmptrapd` gets them.

#![allow(clippy::panic, reason = "a test")]

use std::{
    io,
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use lcms_tests::{
    agent::{Agent, PASSWORD, free_port},
    certificate::Certificate,
    eventually,
    net_snmp::{User, run_as, tool},
    snmptrapd::{self, Snmptrapd},
    tls::Clients,
};
use rustix::process::Signal;

const ROOT: &str = "[[user]]\nname = \"root\"\nauth_file = \"user.password\"\naccess = \"admin\"\n";

/// Those who have a part: the agent and the receiver, with their certificates.
fn parties(more: &[&str]) -> Option<Clients> {
    tool("snmptrapd")?;
    Clients::new(&[&["noc"][..], more].concat())
}

/// Runs one of net-snmp's tools as an administrator.
#[track_caller]
fn root(agent: &Agent, tool: &str, args: &[&str]) -> String {
    let (auth, privacy) = (Some("SHA-256"), Some("AES"));
    let root = User { name: "root", password: PASSWORD, auth, privacy };
    let said = run_as(tool, &root, agent.address(), args).expect("found");
    assert_eq!(said.code, Some(0), "{args:?}: {}{}", said.errors, said.text());
    said.text()
}

/// Has the agent tell of something.
fn tell(agent: &Agent, name: &str) {
    let row = format!("lcPolicyRowStatus.\"{name}\"");
    root(agent, "snmpset", &[&row, "i", "4"]);
}

/// A receiver over TLS on a port of 127.0.0.1.
fn receiver(name: &str, port: u16, rest: &str) -> String {
    format!(
        "[[receiver]]\nname = \"{name}\"\naddress = \"127.0.0.1:{port}\"\nuser = \"noc\"\n\
         timeout = 2000\nretry_count = 100\n{rest}\n"
    )
}

/// A counter of sessions, by its number in the MIB.
fn counted(agent: &Agent, arc: u32) -> u32 {
    let name = format!("1.3.6.1.2.1.198.2.1.{arc}.0");
    root(agent, "snmpget", &["-Oqv", &name]).parse().expect("a number")
}

const OPENS: u32 = 1;
const CLOSES: u32 = 2;
const OPEN_ERRORS: u32 = 3;
const UNKNOWN: u32 = 8;
const INVALID: u32 = 9;

const NOC: &str = "[[tls.user]]\nname = \"noc\"\n";

/// Traps and informs in sessions, the receiver of which is known by its certificate; who
/// listens late gets the informs of before; and a session outlives what is told in it.
#[test]
fn traps_and_informs() {
    let Some(clients) = parties(&[]) else { return };
    let port = free_port();
    let known = format!("fingerprint = \"{}\"", clients.fingerprint("noc"));
    let receivers = [
        receiver("trap", port, &known),
        receiver("inform", port, &format!("{known}\nnotify_type = \"inform\"")),
    ];
    let agent = Agent::start("lb1", &[ROOT, &clients.table(), NOC, &receivers.concat()].concat());
    let noc = Snmptrapd::start_over_tls(port, &clients, "noc", "agent").expect("found");
    noc.gets(&["INFORM, SNMP v3, user agent", "::coldStart"]);
    for name in ["one", "two"] {
        tell(&agent, name);
        for way in ["TRAP2, SNMP v3, user agent", "INFORM, SNMP v3, user agent"] {
            let line = noc.gets(&[way, "lcConfigChanged"]);
            assert!(line.contains("sysUpTime.0"), "{line}");
        }
    }
    assert_eq!(counted(&agent, UNKNOWN) + counted(&agent, INVALID), 0);
    assert!(counted(&agent, OPENS) > counted(&agent, OPEN_ERRORS));
}

/// Connections to a receiver that can be cut.
struct Relay {
    port: u16,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Relay {
    fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has free ports");
        let own = listener.local_addr().expect("it is bound").port();
        let open = Arc::<Mutex<Vec<TcpStream>>>::default();
        let kept = Arc::clone(&open);
        thread::spawn(move || {
            for near in listener.incoming() {
                let near = near.expect("a connection");
                let far = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
                let twice = |one: &TcpStream| one.try_clone().expect("a descriptor");
                kept.lock().expect("nobody panics").extend([twice(&near), twice(&far)]);
                for (mut from, mut to) in [(twice(&near), twice(&far)), (far, near)] {
                    thread::spawn(move || {
                        let _ = io::copy(&mut from, &mut to);
                        let _ = to.shutdown(Shutdown::Both);
                    });
                }
            }
        });
        Self { port: own, open }
    }

    fn cut(&self) {
        for stream in self.open.lock().expect("nobody panics").drain(..) {
            // It may be over already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

/// A trap that follows on the end of a session is told in the next one.
#[test]
fn a_session_that_has_ended_takes_no_trap_with_it() {
    let Some(clients) = parties(&[]) else { return };
    let port = free_port();
    let noc = Snmptrapd::start_over_tls(port, &clients, "noc", "agent").expect("found");
    let relay = Relay::to(port);
    let known = format!("fingerprint = \"{}\"", clients.fingerprint("noc"));
    let receiver = receiver("noc", relay.port, &known);
    let agent = Agent::start("lb1", &[ROOT, &clients.table(), NOC, &receiver].concat());
    noc.gets(&["TRAP2, SNMP v3, user agent", "::coldStart"]);
    for number in 1..=3 {
        relay.cut();
        tell(&agent, &format!("p{number}"));
        eventually("one more", Duration::from_secs(20), || {
            let told = noc.with(&["TRAP2, SNMP v3, user agent", "lcConfigChanged"]);
            if told.len() == number { Ok(()) } else { Err(format!("{told:?}")) }
        });
    }
    assert_eq!((counted(&agent, OPENS), counted(&agent, OPEN_ERRORS)), (4, 0));
    assert_eq!(counted(&agent, CLOSES), 3);
}

/// Whoever shows another certificate hears nothing, and is counted; nor is one believed
/// that no authority has signed, or that has another name.
#[test]
fn who_is_not_known_hears_nothing() {
    let Some(clients) = parties(&["impostor"]) else { return };
    let folder = tempfile::tempdir().expect("a temporary directory");
    let Some(signed) = Certificate::issue(folder.path(), "noc.example.net") else { return };
    clients.add("signed", &signed.server, &signed.key);
    let [impostor, honest, other] = [(); 3].map(|()| free_port());
    let inform = "notify_type = \"inform\"\n";
    let known = format!("{inform}fingerprint = \"{}\"", clients.fingerprint("noc"));
    let named = |name: &str| format!("{inform}server_name = \"{name}\"");
    let receivers = [
        receiver("impostor", impostor, &known),
        receiver("signed", honest, &named("noc.example.net")),
        receiver("named-otherwise", honest, &named("other.example.net")),
        receiver("not-signed", other, &named("noc")),
    ];
    let authority = format!("ca_file = \"{}\"\n", signed.authority.display());
    let noc = format!("{NOC}access = \"admin\"\n");
    let config = [ROOT, &clients.table(), &authority, &noc, &receivers.concat()].concat();
    let start = |port, own| Snmptrapd::start_over_tls(port, &clients, own, "agent");
    let honest = start(honest, "signed").expect("found");
    let others = [(impostor, "impostor"), (other, "noc")].map(|(port, own)| start(port, own));
    let agent = Agent::start("lb1", &config);
    honest.gets(&["INFORM, SNMP v3, user agent", "::coldStart"]);
    honest.gets(&["198.0.1", "198.2.1.8.0 = Counter32"]);
    let line = honest.gets(&["198.0.2", "198.2.1.9.0 = Counter32"]);
    assert!(line.contains("198.2.2.1.9.1.1."), "with what it should have shown: {line}");
    eventually("all of them are tried", Duration::from_secs(20), || {
        let found = [UNKNOWN, INVALID, OPEN_ERRORS].map(|arc| counted(&agent, arc));
        if found[0] >= 2 && found[1] >= 1 && found[2] >= 3 {
            Ok(())
        } else {
            Err(format!("{found:?}"))
        }
    });
    for receiver in others.iter().flatten() {
        assert_eq!(receiver.notifications(), [""; 0]);
    }
    let told = honest.with(&["::coldStart"]);
    assert_eq!(told.len(), 1, "once, and not by another name: {told:#?}");
}

/// A receiver made over SNMP: where it is, what it has to show, and in whose name it is
/// told; and it outlives a kill.
#[test]
fn a_receiver_is_made_over_snmp() {
    let Some(clients) = parties(&[]) else { return };
    let port = free_port();
    let mut agent = Agent::start("lb1", &[ROOT, &clients.table(), NOC].concat());
    let noc = Snmptrapd::start_over_tls(port, &clients, "noc", "agent").expect("found");
    let octets = |name: &str| format!("04{}", clients.fingerprint(name).replace(':', ""));
    let (server, client) = (octets("noc"), octets("agent"));
    let address = format!("127.0.0.1:{port}");
    let target = [
        ("SNMP-TARGET-MIB::snmpTargetAddrTDomain.'x'", "o", "1.3.6.1.6.1.8"),
        ("SNMP-TARGET-MIB::snmpTargetAddrTAddress.'x'", "s", &address),
        ("SNMP-TARGET-MIB::snmpTargetAddrTagList.'x'", "s", "x"),
        ("SNMP-TARGET-MIB::snmpTargetAddrParams.'x'", "s", "x"),
        ("SNMP-TARGET-MIB::snmpTargetAddrRowStatus.'x'", "i", "4"),
        ("SNMP-TARGET-MIB::snmpTargetParamsMPModel.'x'", "i", "3"),
        ("SNMP-TARGET-MIB::snmpTargetParamsSecurityModel.'x'", "i", "4"),
        ("SNMP-TARGET-MIB::snmpTargetParamsSecurityName.'x'", "s", "noc"),
        ("SNMP-TARGET-MIB::snmpTargetParamsSecurityLevel.'x'", "i", "3"),
        ("SNMP-TARGET-MIB::snmpTargetParamsRowStatus.'x'", "i", "4"),
        ("SNMP-NOTIFICATION-MIB::snmpNotifyTag.'x'", "s", "x"),
        ("SNMP-NOTIFICATION-MIB::snmpNotifyType.'x'", "i", "2"),
        ("SNMP-NOTIFICATION-MIB::snmpNotifyRowStatus.'x'", "i", "4"),
        ("SNMP-TLS-TM-MIB::snmpTlstmAddrServerFingerprint.'x'", "x", &server),
        ("SNMP-TLS-TM-MIB::snmpTlstmAddrRowStatus.'x'", "i", "4"),
        ("SNMP-TLS-TM-MIB::snmpTlstmParamsClientFingerprint.'x'", "x", &client),
        ("SNMP-TLS-TM-MIB::snmpTlstmParamsRowStatus.'x'", "i", "4"),
    ];
    let args: Vec<&str> =
        target.iter().flat_map(|(name, kind, value)| [*name, kind, value]).collect();
    root(&agent, "snmpset", &args);
    tell(&agent, "one");
    noc.gets(&["INFORM, SNMP v3, user agent", "lcConfigChanged"]);
    agent.kill_and_restart();
    noc.gets(&["INFORM, SNMP v3, user agent", "::warmStart"]);

    // Another certificate than it has: nobody is told any more.
    let parked = "SNMP-TLS-TM-MIB::snmpTlstmAddrRowStatus.'x'";
    let shown = "SNMP-TLS-TM-MIB::snmpTlstmAddrServerFingerprint.'x'";
    assert_eq!(counted(&agent, CLOSES), 0);
    root(&agent, "snmpset", &[parked, "i", "2", shown, "x", &client]);
    eventually("the session is over, though nothing is told", Duration::from_secs(20), || {
        if counted(&agent, CLOSES) == 1 { Ok(()) } else { Err(String::new()) }
    });
    root(&agent, "snmpset", &[parked, "i", "1"]);
    tell(&agent, "two");
    eventually("it is not believed", Duration::from_secs(20), || {
        let found = counted(&agent, UNKNOWN);
        if found > 0 { Ok(()) } else { Err(format!("{found:?}")) }
    });
    let now = root(&agent, "snmpget", &["-Oqv", "lcConfigGeneration.0"]);
    let now = format!("lcConfigGeneration.0 = Counter64: {}", now.trim());
    assert_eq!(noc.with(&[&now]), [""; 0]);
}

/// A receiver that takes connections and says nothing, and one that is stopped in the
/// middle of a session, delay nobody else, and neither requests.
#[test]
fn who_hangs_delays_nobody() {
    let Some(clients) = parties(&[]) else { return };
    let silent = TcpListener::bind("127.0.0.1:0").expect("loopback has free ports");
    let [stopped, good] = [(); 2].map(|()| free_port());
    let known =
        format!("notify_type = \"inform\"\nfingerprint = \"{}\"", clients.fingerprint("noc"));
    let udp = snmptrapd::free_port();
    let receivers = [
        receiver("silent", silent.local_addr().expect("it is bound").port(), &known),
        receiver("stopped", stopped, &known),
        receiver("good", good, &known),
        format!(
            "[[receiver]]\nname = \"udp\"\naddress = \"127.0.0.1:{udp}\"\ncommunity = \"read\"\n"
        ),
    ];
    let start = |port| Snmptrapd::start_over_tls(port, &clients, "noc", "agent").expect("found");
    let (stopped, good) = (start(stopped), start(good));
    let plain = Snmptrapd::start(udp, &[]).expect("found");
    let agent = Agent::start("lb1", &[ROOT, &clients.table(), NOC, &receivers.concat()].concat());
    stopped.gets(&["::coldStart"]);
    stopped.signal(Signal::STOP);
    for number in 0..5 {
        tell(&agent, &format!("p{number}"));
    }
    good.gets(&["INFORM, SNMP v3", "lcConfigChanged"]);
    plain.gets(&["TRAP2, SNMP v2c", "lcConfigChanged"]);
    stopped.signal(Signal::CONT);
    stopped.gets(&["INFORM, SNMP v3", "lcConfigChanged"]);
}
