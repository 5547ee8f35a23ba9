//! Managers that know nothing of each other, and retransmissions, are put in
//! order by snmpSetSerialNo (RFC 3418).

#![allow(clippy::panic, reason = "an answer that cannot be fails the scenario")]

use std::{
    fs,
    net::{SocketAddr, UdpSocket},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use lcms_lb_core::model::Name;
use lcms_snmp::{
    ErrorStatus, Oid, OutMessage, PduKind, Value, VarBind, Version, message,
    object::{Index as _, Scalar, Table},
};
use lcms_tests::agent::{Agent, READ, WRITE, director, free_port};
use load_cluster_mib::{
    load_cluster_mib::lc_server::{self, LcServer},
    notification_log_mib::nlm_config::{self, NlmConfig},
    snmpv2_mib::snmp_set::{self, SnmpSet},
};

/// SETs that each of the two managers sends, each of them twice.
const SETS: u32 = 2500;

struct Manager {
    socket: UdpSocket,
    id: i32,
}

impl Manager {
    fn of(agent: SocketAddr) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("loopback has free ports");
        socket.connect(agent).expect("an address");
        socket.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
        Self { socket, id: 0 }
    }

    fn encode(&mut self, kind: PduKind, varbinds: &[VarBind<'_>]) -> Vec<u8> {
        self.id += 1;
        let community = if kind == PduKind::SetRequest { WRITE } else { READ };
        message::encode(&OutMessage {
            version: Version::V2c,
            community: community.as_bytes(),
            kind,
            request_id: self.id,
            error_status: 0,
            error_index: 0,
            varbinds,
        })
    }

    /// Sends a request as often as asked before it looks for as many answers.
    fn exchange(&mut self, request: &[u8], times: usize) -> Vec<(i32, Vec<VarBind<'static>>)> {
        for _ in 0..times {
            self.socket.send(request).expect("loopback takes it");
        }
        let answer = |_| {
            let mut buffer = [0; 2048];
            let length = self.socket.recv(&mut buffer).expect("every request is answered");
            let pdu = message::decode(&buffer[..length]).expect("a message").pdu;
            assert_eq!(pdu.request_id, self.id);
            (pdu.error_status, pdu.varbinds.to_vec())
        };
        (0..times).map(answer).collect()
    }

    fn get(&mut self, names: &[Oid]) -> Vec<Value<'static>> {
        let ask = |name: &Oid| VarBind { name: name.clone(), value: Value::Null };
        let varbinds: Vec<VarBind<'_>> = names.iter().map(ask).collect();
        let request = self.encode(PduKind::GetRequest, &varbinds);
        let (error, found) = self.exchange(&request, 1).remove(0);
        assert_eq!(error, 0);
        found.into_iter().map(|varbind| varbind.value).collect()
    }

    fn serial(&mut self) -> i32 {
        match self.get(&[serial()])[..] {
            [Value::Integer(serial)] => serial,
            ref other => panic!("{other:?}"),
        }
    }
}

fn serial() -> Oid {
    instance::<SnmpSet>(snmp_set::col::SERIAL_NO, &Scalar)
}

fn server(name: &str) -> lc_server::Index {
    lc_server::Index {
        cluster_name: "main".to_owned(),
        service_name: "web".to_owned(),
        server_name: name.parse::<Name>().expect("a name").to_string(),
    }
}

fn weight(name: &str) -> Oid {
    instance::<LcServer>(lc_server::col::WEIGHT, &server(name))
}

fn instance<T: Table>(arc: u32, index: &T::Index) -> Oid {
    let mut arcs = Vec::new();
    index.encode(&mut arcs);
    Oid::new(T::ENTRY.instance(arc, &arcs)).expect("it is one")
}

/// Ten thousand SETs: every one that was answered with noError is in the serial
/// number once, none of them is half done, and no copy of one is done again.
#[test]
fn the_serial_number_orders_managers_and_retransmissions() {
    let nowhere = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let servers = [("a", nowhere, 1), ("b", nowhere, 1)];
    let rest = director(free_port(), "wrr", &servers)
        .replace("check_interval = 200", "check_kind = \"none\"");
    let agent = Agent::start("lb1", &rest);
    let address = agent.address();
    let first = Manager::of(address).serial();
    let done = AtomicBool::new(false);
    let (successes, looks) = thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut manager = Manager::of(address);
            let mut looks = 0;
            while !done.load(Ordering::Acquire) {
                let weights = manager.get(&[weight("a"), weight("b")]);
                assert_eq!(weights[0], weights[1], "half of a SET was seen");
                looks += 1;
            }
            looks
        });
        let managers: Vec<_> = (0..2_u32)
            .map(|number| {
                scope.spawn(move || {
                    let mut manager = Manager::of(address);
                    (0..SETS).map(|turn| set(&mut manager, number, turn)).sum::<i32>()
                })
            })
            .collect();
        let join = |thread: thread::ScopedJoinHandle<'_, i32>| thread.join().expect("no panic");
        let successes: i32 = managers.into_iter().map(join).sum();
        done.store(true, Ordering::Release);
        (successes, reader.join().expect("no SET is seen half done"))
    });
    let last = Manager::of(address).serial();
    assert_eq!(last.wrapping_sub(first) & i32::MAX, successes);
    // Of two that read one number one succeeds, so there is progress.
    assert!(successes >= SETS as i32, "only {successes}");
    assert!(looks > 0);
}

/// What one SET changes is in two files: the weight in the director's, the limit of the
/// log in that of users and notifications. Wherever a kill finds it, both have it
/// afterwards or neither has, and both if it was acknowledged.
#[test]
fn a_kill_leaves_no_half_of_a_set() {
    const LIVES: u32 = 100;
    let nowhere = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let rest = director(free_port(), "wrr", &[("a", nowhere, 1)])
        .replace("check_interval = 200", "check_kind = \"none\"");
    let mut agent = Agent::start("lb1", &rest);
    let limit = instance::<NlmConfig>(nlm_config::col::GLOBAL_ENTRY_LIMIT, &Scalar);
    let values = |number| {
        let set = |name: &Oid| VarBind { name: name.clone(), value: Value::Gauge32(number) };
        [set(&weight("a")), set(&limit)]
    };
    let mut manager = Manager::of(agent.address());
    let request = manager.encode(PduKind::SetRequest, &values(1));
    let start = Instant::now();
    let (error, _) = manager.exchange(&request, 1).remove(0);
    assert_eq!(error, 0);
    let (whole, mut kept) = (start.elapsed(), 1);
    for life in 2..LIVES + 2 {
        let mut manager = Manager::of(agent.address());
        let request = manager.encode(PduKind::SetRequest, &values(life));
        manager.socket.set_nonblocking(true).expect("a socket");
        // From before the first file to after the answer.
        let end = Instant::now() + whole * life / LIVES;
        manager.socket.send(&request).expect("loopback takes it");
        let mut acknowledged = false;
        while !acknowledged && Instant::now() < end {
            acknowledged = manager.socket.recv(&mut [0; 2048]).is_ok();
        }
        agent.kill_and_restart();
        let found = Manager::of(agent.address()).get(&[weight("a"), limit.clone()]);
        assert_eq!(found[0], found[1], "half of a SET was kept");
        if found[0] == Value::Gauge32(life) {
            kept = life;
        }
        assert!(found[0] == Value::Gauge32(kept) && (kept == life || !acknowledged), "{found:?}");
    }
    let left = fs::read_dir(agent.state_dir()).expect("it is there").flatten();
    let left: Vec<_> =
        left.filter(|entry| entry.path().display().to_string().contains("next-")).collect();
    assert!(left.is_empty(), "{left:?}");
}

/// One SET with the serial number as it is, sent twice: 1 if it was done.
fn set(manager: &mut Manager, number: u32, turn: u32) -> i32 {
    let value = Value::Gauge32(1 + (turn * 2 + number) % 60_000);
    let guard = VarBind { name: serial(), value: Value::Integer(manager.serial()) };
    let varbinds = [
        guard,
        VarBind { name: weight("a"), value: value.clone() },
        VarBind { name: weight("b"), value },
    ];
    let request = manager.encode(PduKind::SetRequest, &varbinds);
    let answers = manager.exchange(&request, 2);
    let done = answers.iter().filter(|(error, _)| *error == 0).count();
    assert!(done <= 1, "a copy was done again");
    let refused = |(error, _): &&(i32, _)| *error == ErrorStatus::InconsistentValue as i32;
    assert_eq!(answers.iter().filter(refused).count(), 2 - done);
    i32::from(done == 1)
}
