//! SNMP over TCP (RFC 3430): net-snmp's tools, and what a stream does to
//! messages that datagrams never do.

#![allow(clippy::panic, reason = "a peer that does what it should not fails the scenario")]

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    thread,
    time::{Duration, Instant},
};

use lcms_snmp::{OutMessage, PduKind, Value, VarBind, Version, message};
use lcms_tests::{
    agent::{Agent, READ, WRITE},
    net_snmp,
};

fn agent() -> (Agent, SocketAddr) {
    let mut agent = Agent::start("lb1", "listen_tcp = [\"127.0.0.1:0\"]");
    let address = agent.says("listening on tcp:").parse().expect("an address");
    (agent, address)
}

fn question(id: i32) -> Vec<u8> {
    message::encode(&OutMessage {
        version: Version::V2c,
        community: READ.as_bytes(),
        kind: PduKind::GetRequest,
        request_id: id,
        error_status: 0,
        error_index: 0,
        varbinds: &[VarBind {
            name: "1.3.6.1.2.1.1.5.0".parse().expect("sysName.0"),
            value: Value::Null,
        }],
    })
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
    stream
}

/// The request id of the next answer.
fn answer(stream: &mut TcpStream, received: &mut Vec<u8>) -> i32 {
    loop {
        if let Ok(Some(length)) = lcms_snmp::ber::message_len(received)
            && let Some(octets) = received.get(..length)
        {
            let id = message::decode(octets).expect("a message").pdu.request_id;
            received.drain(..length);
            return id;
        }
        let mut buffer = [0; 4096];
        let read = stream.read(&mut buffer).expect("an answer");
        assert!(read > 0, "the agent ended the connection");
        received.extend_from_slice(&buffer[..read]);
    }
}

#[track_caller]
fn is_ended(stream: &mut TcpStream) {
    let mut buffer = [0; 64];
    match stream.read(&mut buffer) {
        Ok(0) => {}
        Ok(_) => panic!("an answer came"),
        // Octets of ours that nobody read make it a reset.
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
    }
}

/// A walk over TCP is the walk over UDP, and a SET is done.
#[test]
fn tools_read_and_set_over_tcp() {
    let (agent, address) = agent();
    let tcp = format!("tcp:{address}");
    let run = |tool: &str, community: &str, args: &[&str]| {
        let mut command = net_snmp::command(&net_snmp::tool(tool)?);
        command.args(["-v2c", "-c", community, &tcp]).args(args);
        Some(command.output().expect("it was found"))
    };
    let Some(over_tcp) = run("snmpbulkwalk", READ, &["-On", "lcMIB"]) else { return };
    let names = |text: &str| -> Vec<String> {
        text.lines().filter_map(|l| Some(l.split_once(" = ")?.0.to_owned())).collect()
    };
    let over_udp = agent.snmp("snmpbulkwalk", &["-On", "lcMIB"]).expect("found");
    let text = String::from_utf8_lossy(&over_tcp.stdout).into_owned();
    assert_eq!(names(&text), names(&over_udp.text()));
    assert!(names(&text).len() > 50);

    let set = ["lcPolicyRowStatus.\"steady\"", "i", "4"];
    let done = run("snmpset", WRITE, &set).expect("found");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let seen = agent.snmp("snmpget", &[set[0]]).expect("found");
    assert!(seen.text().contains("active"), "{}", seen.text());
}

/// Messages in pieces, and several in one piece, are answered in their order.
#[test]
fn a_stream_is_cut_into_messages() {
    let (_agent, address) = agent();
    let mut stream = connect(address);
    let mut received = Vec::new();
    for octet in question(7) {
        stream.write_all(&[octet]).expect("it listens");
    }
    assert_eq!(answer(&mut stream, &mut received), 7);
    let many: Vec<u8> = (10..60).flat_map(question).collect();
    stream.write_all(&many).expect("it listens");
    for id in 10..60 {
        assert_eq!(answer(&mut stream, &mut received), id);
    }
    // Half a message, and the peer has gone: nothing to answer, and no harm.
    stream.write_all(&question(1)[..10]).expect("it listens");
    drop(stream);
    assert_eq!(
        {
            let mut s = connect(address);
            s.write_all(&question(2)).expect("ok");
            answer(&mut s, &mut Vec::new())
        },
        2
    );
}

/// Octets that begin no message, or one that is far too long, end a connection.
#[test]
fn what_is_no_message_ends_the_connection() {
    let (_agent, address) = agent();
    for octets in
        [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0x30, 0x80, 0, 0], &[0x30, 0x84, 0x10, 0, 0, 0]]
    {
        let mut stream = connect(address);
        stream.write_all(octets).expect("it listens");
        is_ended(&mut stream);
    }
}

/// A peer may send before it has its answers, and cut its messages as it likes: what
/// takes long is the stream and not a message.
#[test]
fn a_stream_of_halves_goes_on() {
    const LONGER_THAN_A_MESSAGE_MAY_TAKE: Duration = Duration::from_secs(11);
    let (_agent, address) = agent();
    let mut stream = connect(address);
    let (start, mut id) = (Instant::now(), 1);
    stream.write_all(&question(id)[..20]).expect("it listens");
    while start.elapsed() < LONGER_THAN_A_MESSAGE_MAY_TAKE {
        let rest_and_next = [&question(id)[20..], &question(id + 1)[..20]].concat();
        stream.write_all(&rest_and_next).expect("it listens");
        assert_eq!(answer(&mut stream, &mut Vec::new()), id);
        id += 1;
        thread::sleep(Duration::from_millis(200));
    }
}

/// Whoever has shown no community keeps nobody out, whatever else he sends.
#[test]
fn strangers_make_room() {
    let (_agent, address) = agent();
    let mut friend = connect(address);
    let mut strangers: Vec<TcpStream> = Vec::new();
    for id in 0..40 {
        friend.write_all(&question(id)).expect("it listens");
        assert_eq!(answer(&mut friend, &mut Vec::new()), id);
        let mut stranger = connect(address);
        // A message, if one that nobody answers; it may find its place taken already.
        let _ = stranger.write_all(&[0x30, 0x02, 0x05, 0x00]);
        strangers.push(stranger);
    }
    let mut late = connect(address);
    late.write_all(&question(7)).expect("it listens");
    assert_eq!(answer(&mut late, &mut Vec::new()), 7);
    is_ended(&mut strangers[0]);
}

/// More connections than there may be are closed; the others go on, and so does
/// the UDP port.
#[test]
fn connections_are_bounded() {
    let (agent, address) = agent();
    let start = Instant::now();
    let mut open: Vec<TcpStream> = Vec::new();
    for id in 0..32 {
        let mut stream = connect(address);
        stream.write_all(&question(id)).expect("it listens");
        assert_eq!(answer(&mut stream, &mut Vec::new()), id);
        open.push(stream);
    }
    let mut one_more = connect(address);
    is_ended(&mut one_more);
    for (id, stream) in open.iter_mut().enumerate() {
        stream.write_all(&question(id as i32)).expect("it listens");
        assert_eq!(answer(stream, &mut Vec::new()), id as i32);
    }
    if let Some(said) = agent.snmp("snmpget", &["SNMPv2-MIB::sysName.0"]) {
        assert_eq!(said.code, Some(0), "{}", said.errors);
    }
    drop(open);
    // Their places are free again.
    lcms_tests::eventually("a connection is taken", Duration::from_secs(20), || {
        let mut stream = connect(address);
        let _ = stream.write_all(&question(3));
        let mut buffer = [0; 512];
        match stream.read(&mut buffer) {
            Ok(1..) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
    assert!(start.elapsed() < Duration::from_secs(30));
}
