//! What is malformed, unknown, unreachable or out of range: said clearly, and
//! nothing lost.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    time::Duration,
};

use lcms_tests::{
    agent::{Agent, READ, check_config, director, free_port},
    backend::Backend,
    manager::Manager,
    net_snmp::tool,
};

fn agent() -> (Agent, Backend) {
    let backend = Backend::start("a");
    let config = director(free_port(), "wlc", &[("a", backend.address(), 3)]);
    (Agent::start("lb1", &config), backend)
}

/// Datagrams that are no messages are dropped and counted; the agent answers
/// the next good one.
#[test]
fn malformed_datagrams_are_counted() {
    let (agent, _backend) = agent();
    let Some(_) = tool("snmpget") else { return };
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let send = |octets: &[u8]| {
        socket.send_to(octets, agent.address()).unwrap();
    };
    // A GET of sysUpTime.0 with the reading community, then cut and broken.
    let good = get_sys_up_time();
    for end in 0..good.len() {
        send(&good[..end]);
    }
    for at in 0..good.len() {
        let mut broken = good.clone();
        broken[at] ^= 0xff;
        send(&broken);
    }
    send(&vec![0x30; 65_000]);
    send(&[0x30, 0x80, 0x02, 0x01, 0x01]);
    send(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]);
    let read = |name: &str| -> u64 {
        let said = agent.snmp("snmpget", &["-Oqv", name]).expect("was found");
        said.text().trim().parse().unwrap_or_else(|_| panic!("{}{}", said.text(), said.errors))
    };
    assert!(read("SNMPv2-MIB::snmpInASNParseErrs.0") > good.len() as u64 / 2);
    assert!(read("SNMPv2-MIB::snmpInBadVersions.0") > 0);
    assert!(read("SNMPv2-MIB::snmpInPkts.0") > 2 * good.len() as u64);
}

fn get_sys_up_time() -> Vec<u8> {
    let mut message = vec![0x30, 0, 0x02, 0x01, 0x01, 0x04, READ.len() as u8];
    message.extend(READ.as_bytes());
    message.extend([0xa0, 0x19, 0x02, 0x01, 0x07, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00]);
    message.extend([0x30, 0x0e, 0x30, 0x0c, 0x06, 0x08]);
    message.extend([0x2b, 6, 1, 2, 1, 1, 3, 0, 0x05, 0x00]);
    message[1] = message.len() as u8 - 2;
    message
}

/// A configuration that is wrong is refused with its place and the right form.
#[test]
fn a_bad_configuration_starts_nothing() {
    let good = director(8080, "wlc", &[("a", "127.0.0.1:80".parse().unwrap(), 3)]);
    let (code, said) = check_config(&good);
    assert_eq!(code, Some(0), "{said}");
    for (what, from, to, mention) in [
        ("unknown key", "weight = 3", "wieght = 3", "wieght"),
        ("out of range", "weight = 3", "weight = 65536", "65535"),
        ("bad address", "address = \"127.0.0.1\"", "address = \"127.0.0.256\"", "127.0.0.256"),
        ("bad name", "name = \"main\"", "name = \"Main\"", "a name is made of"),
        ("bad scheduler", "scheduler = \"wlc\"", "scheduler = \"fastest\"", "fastest"),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good, "{what}");
        let line = bad.lines().position(|line| line == to).expect("it was put there") + 1;
        let (code, said) = check_config(&bad);
        assert_eq!(code, Some(2), "{what}: {said}");
        assert!(said.contains(mention), "{what}: {said}");
        // Five lines stand before what the test wrote.
        assert!(said.contains(&format!("node.toml:{}:", line + 5)), "{what}: {line}: {said}");
    }
    let twice = format!("{good}[[cluster]]\nname = \"main\"\n");
    let (code, said) = check_config(&twice);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("main"), "{said}");
}

/// Communities are never printed, and a write community over anything but
/// loopback is refused.
#[test]
fn secrets_stay_secret() {
    let (agent, _backend) = agent();
    let manager = Manager::of_agent(&agent);
    let poll = manager.run(&["poll", "-o", "wide"]);
    let said = [agent.output(), poll.out, poll.errors].concat();
    assert!(!said.contains(READ), "{said}");

    let (code, said) = check_config("listen_also = 1\n");
    assert_eq!(code, Some(2), "{said}");
    assert!(!said.contains(READ), "{said}");
}

/// A node that does not answer is reported within its timeout, the others are
/// shown, and the exit code says so.
#[test]
fn an_unreachable_node_is_reported() {
    let (agent, _backend) = agent();
    // Bound and silent: nothing comes back, not even a refusal.
    let silent = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let silent_at: SocketAddr = silent.local_addr().unwrap();
    let manager = Manager::of(&[("lb1", agent.address()), ("rs9", silent_at)]);
    let start = std::time::Instant::now();
    let said = manager.run(&["poll"]);
    assert_eq!(said.code, Some(3), "{}{}", said.out, said.errors);
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    assert!(said.out.contains("lb1"), "{}", said.out);
    let all = [said.out, said.errors].concat();
    assert!(all.contains("rs9"), "{all}");

    let alone = Manager::of(&[("rs9", silent_at)]);
    let said = alone.run(&["poll"]);
    assert!(matches!(said.code, Some(1 | 3)), "{said:?}");
}

/// The manager's own arguments and inventory.
#[test]
fn the_manager_says_what_would_be_right() {
    let (agent, _backend) = agent();
    let manager = Manager::of_agent(&agent);
    for (args, code, mention) in [
        (&["weight", "main/web/a", "65536"][..], 2, "65535"),
        (&["weight", "main/web/none", "5"], 1, "none"),
        (&["weight", "a/b/c/d", "5"], 2, "a/b/c/d"),
        (&["get", "lb1", "lcNoSuchThing.0"], 2, "lcNoSuchThing"),
        (&["get", "nowhere", "sysUpTime.0"], 2, "nowhere"),
        (&["frobnicate"], 2, "frobnicate"),
    ] {
        let said = manager.run(args);
        let all = format!("{}{}", said.out, said.errors);
        assert_eq!(said.code, Some(code), "{args:?}: {all}");
        assert!(all.contains(mention), "{args:?}: {all}");
    }
    let config = fs::read_to_string(manager.config()).unwrap();
    fs::write(manager.config(), config.replace("retries", "retires")).unwrap();
    let said = manager.run(&["poll"]);
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.errors.contains("retires") && said.errors.contains("manager.toml:5"), "{said:?}");
}
