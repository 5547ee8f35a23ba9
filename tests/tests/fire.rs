//! The receiver of `lcms-manager serve` under fire: what is malformed, forged, or caught
//! on the way and sent once more.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test")]

use std::{fs, net::UdpSocket, thread, time::Duration};

use lcms_tests::{
    agent::PASSWORD,
    eventually,
    flood::Flood,
    manager::Manager,
    net_snmp,
    notifier::{Notifier, inform, nameless_trap},
    receiver::Receiver,
};

const SOON: Duration = Duration::from_secs(20);

/// What `tool` sends to the receiver, the last of it last: somebody sits on the way.
#[track_caller]
fn caught(receiver: &Receiver, tool: &str, args: &[&str], what: &[&str]) -> Vec<Vec<u8>> {
    let front = UdpSocket::bind("127.0.0.1:0").unwrap();
    let back = UdpSocket::bind("127.0.0.1:0").unwrap();
    back.connect(receiver.address()).unwrap();
    let way = front.local_addr().unwrap();
    front.set_nonblocking(true).unwrap();
    back.set_nonblocking(true).unwrap();
    let user = ["-v3", "-l", "authPriv", "-u", "operator"];
    let keys = ["-a", "SHA-256", "-A", PASSWORD, "-x", "AES", "-X", PASSWORD];
    let args = [&user[..], &keys, args].concat();
    thread::scope(|scope| {
        let sender = scope.spawn(|| net_snmp::run(tool, &args, "", way, what).expect("found"));
        let (mut all, mut sent_by) = (Vec::new(), None);
        let mut buffer = [0; 4096];
        loop {
            let finished = sender.is_finished();
            while let Ok((length, from)) = front.recv_from(&mut buffer) {
                all.push(buffer[..length].to_vec());
                sent_by = Some(from);
                back.send(&buffer[..length]).unwrap();
            }
            while let Ok(length) = back.recv(&mut buffer) {
                front.send_to(&buffer[..length], sent_by.unwrap()).unwrap();
            }
            if finished {
                break;
            }
            thread::yield_now();
        }
        let said = sender.join().unwrap();
        assert_eq!(said.code, Some(0), "{}", said.errors);
        all
    })
}

fn dropped(receiver: &Receiver, reason: &str) -> f64 {
    receiver.metric(&format!("lcms_notifications_dropped_total{{reason=\"{reason}\"}}"))
}

#[track_caller]
fn becomes(receiver: &Receiver, what: &str, wanted: f64) {
    eventually(what, SOON, || match receiver.metric(what) {
        n if n >= wanted => Ok(()),
        n => Err(n.to_string()),
    });
}

#[test]
fn what_was_caught_is_taken_once_and_what_is_forged_never() {
    let Some(_) = net_snmp::tool("snmpinform") else { return };
    let mut receiver = Receiver::start(Manager::of(&[]), "source_rate = 0", "");
    let start = ["", "1.3.6.1.6.3.1.1.5.1"];
    let inform = caught(&receiver, "snmpinform", &[], &start).pop().unwrap();
    // A trap is of its sender's engine.
    let engine = ["-e", "0x80001f88800102030405"];
    let warm = ["", "1.3.6.1.6.3.1.1.5.2"];
    let trap = caught(&receiver, "snmptrap", &engine, &warm).pop().unwrap();
    eventually("both are stored", SOON, || match receiver.names() {
        names if names == ["coldStart", "warmStart"] => Ok(()),
        names => Err(format!("{names:?}")),
    });
    // From the sender's own address and from another one.
    for place in ["127.0.0.1:0", "127.0.0.2:0"] {
        let socket = UdpSocket::bind(place).unwrap();
        socket.connect(receiver.address()).unwrap();
        for message in [&inform, &trap] {
            socket.send(message).unwrap();
        }
    }
    becomes(&receiver, "lcms_notifications_retransmitted_total ", 4.0);

    // With any octet changed, and cut anywhere.
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(receiver.address()).unwrap();
    let before = receiver.metric("lcms_notifications_datagrams_total ");
    for message in [&inform, &trap] {
        for at in 0..message.len() {
            let mut forged = message.clone();
            forged[at] ^= 0x11;
            socket.send(&forged).unwrap();
            socket.send(&message[..at]).unwrap();
            if at % 50 == 0 {
                assert!(Notifier::to(receiver.address()).acknowledged(1, 1, 20), "{at}");
            }
        }
    }
    becomes(&receiver, "lcms_notifications_datagrams_total ", before + 100.0);
    assert!(dropped(&receiver, "wrong_digest") > 50.0);
    assert!(dropped(&receiver, "malformed") > 50.0);
    assert_eq!(receiver.names(), ["coldStart", "warmStart", "coldStart"]);

    // Our engine's boots are others after a start, and the trap is in the journal.
    receiver.kill_and_restart();
    let socket = UdpSocket::bind("127.0.0.2:0").unwrap();
    socket.connect(receiver.address()).unwrap();
    for message in [&inform, &trap] {
        socket.send(message).unwrap();
    }
    let late = "lcms_notifications_dropped_total{reason=\"not_in_time_window\"}";
    becomes(&receiver, late, 1.0);
    becomes(&receiver, "lcms_notifications_retransmitted_total ", 1.0);
    assert_eq!(receiver.names(), ["coldStart", "warmStart", "coldStart"]);
}

/// Bad datagrams, and after how many of them a good one is sent.
const MESSAGES: usize = 100_000;
const AT_A_TIME: usize = 100;

/// What the receiver may hold more of after it than before, in octets. It remembers
/// the messages of the last minutes.
const GROWTH: u64 = 4 << 20;

#[test]
fn a_hundred_thousand_bad_datagrams_leave_nothing_behind() {
    let receiver = Receiver::start(Manager::of(&[]), "source_rate = 0", "");
    let said = receiver.output().len();
    let good = Notifier::to(receiver.address());
    let flooder = Notifier::to(receiver.address());
    let mut flood = Flood::new(4711);
    let mut resident = None;
    let rounds = MESSAGES / AT_A_TIME;
    for round in 0..=rounds {
        for _ in 0..AT_A_TIME {
            // What loopback does not take the receiver never sees.
            flooder.send(&flood.message());
        }
        let id = round as i32;
        assert!(good.acknowledged(id, 1, 20), "no acknowledgement in {round}");
        // And one that somebody has caught, once more.
        flooder.send(&inform(id / 2, 1));
        // Nor is the community enough, where nothing has a name.
        flooder.send(&nameless_trap());
        if round == rounds / 10 {
            resident = Some(memory(receiver.id()));
        }
    }
    let grown = memory(receiver.id()).saturating_sub(resident.expect("it was measured"));
    assert!(grown <= GROWTH, "{grown} octets more than before");
    let more = receiver.output().len() - said;
    assert!(more < 4_096, "it said {more} octets about what strangers sent");
    let dropped = |reason| dropped(&receiver, reason);
    // It was all of these that it was under.
    let reasons = [
        "malformed",
        "too_long",
        "not_a_notification",
        "unknown_community",
        "unknown_user",
        "unknown_engine",
        "wrong_digest",
    ];
    for reason in reasons {
        assert!(dropped(reason) > 100.0, "{reason}: {}", dropped(reason));
    }
    assert!(receiver.metric("lcms_notifications_datagrams_total ") > MESSAGES as f64 / 2.0);
    assert!(receiver.metric("lcms_notifications_retransmitted_total ") > rounds as f64 / 2.0);
    let stored = receiver.stored();
    assert_eq!(stored.len(), rounds + 1, "each good one once, and nothing else");
    assert!(stored.iter().all(|one| one["sender"] == "agents"));
}

/// Resident memory, in octets.
fn memory(id: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{id}/status")).expect("it runs");
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line");
    let kib: u64 = line.trim().trim_end_matches(" kB").trim().parse().expect("a number");
    kib * 1024
}
