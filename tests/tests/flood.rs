//! An agent under fire: what nobody should have sent costs it nothing that stays.

#![allow(clippy::panic, reason = "a flood that leaves something behind fails the scenario")]

use std::{
    fs,
    net::{SocketAddr, UdpSocket},
    time::Duration,
};

use lcms_snmp::{Oid, OutMessage, PduKind, Value, VarBind, Version, message};
use lcms_tests::{
    agent::{Agent, READ, WRITE},
    flood::{self, Flood},
};

/// Bad messages, and after how many of them a good one is asked.
const MESSAGES: usize = 100_000;
const AT_A_TIME: usize = 100;

/// What the agent may hold more of after it than before, in octets.
const GROWTH: u64 = 1 << 20;

#[test]
fn a_hundred_thousand_bad_messages_leave_nothing_behind() {
    let agent = Agent::start("rs1", "[[user]]\nname = \"ann\"\nauth_file = \"user.password\"\n");
    let said = agent.output().len();
    let asker = socket(agent.address());
    let flooder = socket(agent.address());
    let mut report = [0; 2048];
    asker.send(&flood::discovery()).expect("loopback takes it");
    let length = asker.recv(&mut report).expect("a report");
    let mut flood = Flood::at(4711, &report[..length], "ann");
    let mut resident = None;
    for round in 0..=MESSAGES / AT_A_TIME {
        for _ in 0..AT_A_TIME {
            // What loopback does not take, the agent never sees; nor do the
            // reports matter that come back.
            let _ = flooder.send(&flood.message());
        }
        // The answer says that all before it has been dealt with.
        let answer = get(&asker, "1.3.6.1.2.1.1.3.0", round as i32);
        assert!(answer.is_some(), "a good request has no answer after {round} rounds");
        // Once every path has been gone, nothing more is needed.
        if round == 50 {
            resident = Some(memory(agent.id()));
        }
    }
    let grown = memory(agent.id()).saturating_sub(resident.expect("it was measured"));
    assert!(grown <= GROWTH, "{grown} octets more than before");
    // usmStatsWrongDigests.0: codes were computed, and were what refused.
    let wrong = get(&asker, "1.3.6.1.6.3.15.1.1.5.0", -1);
    assert!(matches!(wrong, Some(Value::Counter32(1_000..))), "{wrong:?}");
    let more = agent.output().len() - said;
    assert!(more < 4_096, "it said {more} octets about what strangers sent");
}

/// Whoever has the log in hand and does not read it holds up no answer and no SET.
#[test]
fn nobody_has_to_read_the_log() {
    // The agent's own end that reads keeps the pipe open.
    let stuck = "p=$(mktemp -u) && mkfifo \"$p\" && exec 3<>\"$p\" && rm \"$p\" && exec \"$0\" \
                 \"$@\" 2>&3";
    let agent = Agent::start_by(&["sh", "-c", stuck], "rs1", "");
    let socket = socket(agent.address());
    // A line each of more than a hundred octets, where a pipe has 64 KiB.
    for id in 0..2_000 {
        let refused = ask(&socket, PduKind::SetRequest, WRITE, "1.3.6.1.2.1.1.3.0", id);
        assert!(refused.is_some(), "{id}");
    }
    assert!(get(&socket, "1.3.6.1.2.1.1.3.0", -1).is_some());
}

fn socket(agent: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("loopback has free ports");
    socket.connect(agent).expect("an address");
    socket.set_read_timeout(Some(Duration::from_secs(2))).expect("a timeout");
    socket
}

/// Asks until there is an answer: a full socket buffer may drop the question.
fn get(socket: &UdpSocket, name: &str, request_id: i32) -> Option<Value<'static>> {
    ask(socket, PduKind::GetRequest, READ, name, request_id)
}

fn ask(
    socket: &UdpSocket,
    kind: PduKind,
    community: &str,
    name: &str,
    request_id: i32,
) -> Option<Value<'static>> {
    let name: Oid = name.parse().expect("an OID");
    let request = message::encode(&OutMessage {
        version: Version::V2c,
        community: community.as_bytes(),
        kind,
        request_id,
        error_status: 0,
        error_index: 0,
        varbinds: &[VarBind { name, value: Value::Null }],
    });
    let mut buffer = [0; 2048];
    for _ in 0..5 {
        socket.send(&request).expect("loopback takes it");
        while let Ok(length) = socket.recv(&mut buffer) {
            let pdu = message::decode(&buffer[..length]).expect("a message").pdu;
            if pdu.request_id == request_id {
                return Some(pdu.varbinds.iter().next().expect("a variable").value.into_owned());
            }
        }
    }
    None
}

/// Resident memory, in octets.
fn memory(id: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{id}/status")).expect("it runs");
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line");
    let kib: u64 = line.trim().trim_end_matches(" kB").trim().parse().expect("a number");
    kib * 1024
}
