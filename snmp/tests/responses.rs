//! The response writer: what it writes, how long it knows it to be, and what a
//! refusal looks like.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod model;

use lcms_snmp::{
    ErrorStatus, Message, OutMessage, PduKind, ResponseWriter, Value, VarBind, Version,
    message::{self, encode},
};
use proptest::prelude::*;

const COMMUNITY: &[u8] = b"public";

fn request(version: Version, varbinds: &[VarBind<'_>]) -> Vec<u8> {
    encode(&OutMessage {
        version,
        community: COMMUNITY,
        kind: PduKind::GetRequest,
        request_id: 0x1234_5678,
        error_status: 0,
        error_index: 0,
        varbinds,
    })
}

fn varbind(name: &str, value: Value<'static>) -> VarBind<'static> {
    VarBind { name: name.parse().unwrap(), value }
}

fn two_names() -> [VarBind<'static>; 2] {
    [varbind("1.3.6.1.2.1.1.3.0", Value::Null), varbind("1.3.6.1.2.1.1.5.0", Value::Null)]
}

/// Status, index and variable bindings of a response to `request`.
fn read(request: &Message<'_>, response: &[u8]) -> (i32, i32, Vec<VarBind<'static>>) {
    let message = message::decode(response).unwrap();
    assert_eq!((message.version, message.community), (request.version, request.community));
    let pdu = message.pdu;
    assert_eq!((pdu.kind, pdu.request_id), (PduKind::Response, request.pdu.request_id));
    (pdu.error_status, pdu.error_index, pdu.varbinds.to_vec())
}

#[test]
fn a_response_holds_what_was_pushed() {
    let datagram = request(Version::V2c, &two_names());
    let request = message::decode(&datagram).unwrap();
    let mut out = vec![0xff; 9];
    let mut response = ResponseWriter::new(&mut out, &request, 1472);
    assert!(response.push(&[1, 3, 6, 1, 2, 1, 1, 3, 0], &Value::TimeTicks(42)));
    let mark = response.mark();
    assert!(response.push(&[1, 3, 6, 1, 2, 1, 1, 4, 0], &Value::NoSuchInstance));
    response.truncate(mark);
    assert!(response.push(&[1, 3, 6, 1, 2, 1, 1, 5, 0], &Value::OctetString("node".into())));
    let response = response.finish().unwrap();
    let expected = vec![
        varbind("1.3.6.1.2.1.1.3.0", Value::TimeTicks(42)),
        varbind("1.3.6.1.2.1.1.5.0", Value::OctetString("node".into())),
    ];
    assert_eq!(read(&request, response), (0, 0, expected));
}

#[test]
fn a_refusal_repeats_the_request() {
    let datagram = request(Version::V2c, &two_names());
    let request = message::decode(&datagram).unwrap();
    let mut out = Vec::new();
    let mut response = ResponseWriter::new(&mut out, &request, 1472);
    response.push(&[1, 3, 6], &Value::Integer(1));
    let response = response.refuse(ErrorStatus::WrongType, 2).unwrap();
    assert_eq!(read(&request, response), (7, 2, two_names().to_vec()));
    assert_eq!(response.len(), datagram.len());
}

#[test]
fn version_1_is_refused_in_its_own_words() {
    let datagram = request(Version::V1, &two_names());
    let request = message::decode(&datagram).unwrap();
    let refuse = |status, index| {
        let mut out = Vec::new();
        let response = ResponseWriter::new(&mut out, &request, 1472).refuse(status, index);
        read(&request, response.unwrap())
    };
    assert_eq!(refuse(ErrorStatus::WrongType, 2), (3, 2, two_names().to_vec()));
    assert_eq!(refuse(ErrorStatus::NotWritable, 1), (2, 1, two_names().to_vec()));
    assert_eq!(refuse(ErrorStatus::TooBig, 0), (1, 0, two_names().to_vec()));
}

#[test]
fn too_big_is_empty_in_version_2c() {
    let datagram = request(Version::V2c, &two_names());
    let request = message::decode(&datagram).unwrap();
    let mut out = Vec::new();
    let response = ResponseWriter::new(&mut out, &request, 1472).refuse(ErrorStatus::TooBig, 2);
    assert_eq!(read(&request, response.unwrap()), (1, 0, vec![]));
}

#[test]
fn what_does_not_fit_becomes_too_big_and_then_nothing() {
    let datagram = request(Version::V2c, &two_names());
    let request = message::decode(&datagram).unwrap();
    let refuse = |max_size| {
        let mut out = Vec::new();
        let response = ResponseWriter::new(&mut out, &request, max_size);
        response.refuse(ErrorStatus::GenErr, 1).map(|response| read(&request, response))
    };
    assert_eq!(refuse(datagram.len()), Some((5, 1, two_names().to_vec())));
    assert_eq!(refuse(datagram.len() - 1), Some((1, 0, vec![])));
    let mut out = Vec::new();
    let empty = ResponseWriter::new(&mut out, &request, 1472).size();
    assert_eq!(refuse(empty), Some((1, 0, vec![])));
    assert_eq!(refuse(empty - 1), None);
    assert_eq!(refuse(0), None);
    let mut out = Vec::new();
    assert_eq!(ResponseWriter::new(&mut out, &request, empty - 1).finish(), None);
}

/// RFC 1157 §4.1.2: it is identical in form to the request, so no limit of ours makes
/// it longer than what has just come.
#[test]
fn version_1_is_told_too_big_whatever_the_limit() {
    let datagram = request(Version::V1, &two_names());
    let request = message::decode(&datagram).unwrap();
    for (max_size, status, expected) in [
        (datagram.len(), ErrorStatus::GenErr, (5, 1, two_names().to_vec())),
        (datagram.len() - 1, ErrorStatus::GenErr, (1, 0, two_names().to_vec())),
        (datagram.len() - 1, ErrorStatus::TooBig, (1, 0, two_names().to_vec())),
        (0, ErrorStatus::NotWritable, (1, 0, two_names().to_vec())),
    ] {
        let mut out = Vec::new();
        let response = ResponseWriter::new(&mut out, &request, max_size).refuse(status, 1).unwrap();
        assert_eq!(response.len(), datagram.len());
        assert_eq!(read(&request, response), expected, "{max_size} {status:?}");
    }
}

#[test]
fn an_echo_is_verbatim() {
    // The name's length is in the long form; a writer of our own would shorten it.
    let datagram = [
        0x30, 0x1b, 2, 1, 1, 4, 1, b'c', 0xa3, 0x13, 2, 1, 7, 2, 1, 0, 2, 1, 0, 0x30, 0x08, 0x30,
        0x06, 6, 0x81, 1, 0x2b, 5, 0,
    ];
    let request = message::decode(&datagram).unwrap();
    let mut out = Vec::new();
    let mut response = ResponseWriter::new(&mut out, &request, datagram.len());
    assert!(response.echo());
    assert_eq!(response.size(), datagram.len());
    let response = response.finish().unwrap();
    let mut expected = datagram;
    expected[8] = 0xa2;
    assert_eq!(response, expected);
}

#[test]
fn a_buffer_that_has_grown_once_serves_for_good() {
    let datagram = request(Version::V2c, &two_names());
    let request = message::decode(&datagram).unwrap();
    let mut out = Vec::new();
    let text = "x".repeat(200);
    let respond = |out: &mut Vec<u8>| {
        let mut response = ResponseWriter::new(out, &request, 1472);
        while response.push(&[1, 3, 6, 1], &Value::OctetString(text.as_str().into())) {}
        response.finish().unwrap().len()
    };
    let len = respond(&mut out);
    let buffer = (out.as_ptr(), out.capacity());
    for _ in 0..100 {
        assert_eq!(respond(&mut out), len);
    }
    assert_eq!((out.as_ptr(), out.capacity()), buffer);
}

proptest! {
    /// The size is exact at any moment, a push succeeds if and only if the message
    /// stays within its limit, and the outcome is what the client's encoder makes
    /// of the same variable bindings, whose lengths the reference has judged.
    #[test]
    fn sizes_are_exact_and_limits_kept(
        varbinds in prop::collection::vec((model::oid_any(), model::value(Version::V2c)), 0..20),
        max_size in prop_oneof![40..700_usize, 1400..1500_usize],
        request_id in any::<i32>(),
        community in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let message = |kind, varbinds: &[VarBind<'_>]| encode(&OutMessage {
            version: Version::V2c,
            community: &community,
            kind,
            request_id,
            error_status: 0,
            error_index: 0,
            varbinds,
        });
        let datagram = message(PduKind::GetRequest, &[]);
        let request = message::decode(&datagram).unwrap();
        let mut taken = Vec::new();
        let mut out = Vec::new();
        let mut response = ResponseWriter::new(&mut out, &request, max_size);
        for (name, value) in varbinds {
            let mark = response.mark();
            let before = response.size();
            taken.push(VarBind { name, value });
            let VarBind { name, value } = taken.last().unwrap();
            let with = message(PduKind::Response, &taken).len();
            let fits = response.push(name, value);
            prop_assert_eq!(fits, with <= max_size);
            prop_assert_eq!(response.size(), if fits { with } else { before });
            if !fits {
                taken.pop();
            } else if with % 3 == 0 {
                response.truncate(mark);
                prop_assert_eq!(response.size(), before);
                taken.pop();
            }
        }
        let size = response.size();
        match response.finish() {
            Some(octets) => {
                prop_assert_eq!(octets.len(), size);
                prop_assert_eq!(octets, message(PduKind::Response, &taken));
            }
            None => prop_assert!(size > max_size && taken.is_empty()),
        }
    }
}
