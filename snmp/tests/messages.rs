//! Messages as octets: what is read out of them, and why others are refused.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod model;

use lcms_snmp::{
    BerError, DecodeError, Envelope, OidBuf, PduKind, Value, Version,
    message::{decode, open},
};
use model::{Model, Mutation};
use proptest::prelude::*;

/// net-snmp's `snmpget -v2c -c public HOST sysUpTime.0`.
const GET: &[u8] = &[
    0x30, 0x26, 0x02, 0x01, 0x01, 0x04, 0x06, b'p', b'u', b'b', b'l', b'i', b'c', 0xa0, 0x19, 0x02,
    0x01, 0x2a, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00, 0x30, 0x0e, 0x30, 0x0c, 0x06, 0x08, 0x2b, 0x06,
    0x01, 0x02, 0x01, 0x01, 0x03, 0x00, 0x05, 0x00,
];

#[test]
fn a_get() {
    let message = decode(GET).unwrap();
    assert_eq!((message.version, message.community), (Version::V2c, &b"public"[..]));
    let pdu = message.pdu;
    assert_eq!((pdu.kind, pdu.request_id), (PduKind::GetRequest, 42));
    assert_eq!((pdu.error_status, pdu.error_index, pdu.varbinds.len()), (0, 0, 1));
    let varbind = pdu.varbinds.iter().next().unwrap();
    assert_eq!(varbind.value, Value::Null);
    let mut name = OidBuf::new();
    varbind.name.read_into(&mut name);
    assert_eq!(*name, [1, 3, 6, 1, 2, 1, 1, 3, 0]);
}

#[test]
fn a_version_1_trap() {
    let octets = [
        0x30, 0x2a, 0x02, 0x01, 0x00, 0x04, 0x01, b'c', 0xa4, 0x22, 0x06, 0x07, 0x2b, 0x06, 0x01,
        0x04, 0x01, 0xbf, 0x08, 0x40, 0x04, 192, 0, 2, 1, 0x02, 0x01, 0x06, 0x02, 0x01, 0x11, 0x43,
        0x01, 0x63, 0x30, 0x08, 0x30, 0x06, 0x06, 0x02, 0x2b, 0x06, 0x05, 0x00,
    ];
    let Ok(Envelope::TrapV1(message)) = open(&octets) else { panic!("no trap") };
    let trap = message.trap;
    assert_eq!(message.community, b"c");
    assert_eq!(trap.enterprise.to_string(), "1.3.6.1.4.1.8072");
    assert_eq!((trap.agent_addr, trap.timestamp), ([192, 0, 2, 1], 99));
    assert_eq!((trap.generic, trap.specific), (6, 17));
    assert_eq!(trap.varbinds.names().map(|n| n.to_string()).collect::<Vec<_>>(), ["1.3.6"]);
    assert_eq!(decode(&octets).unwrap_err(), DecodeError::PduKind(0xa4));
}

#[test]
fn octets_behind_a_message_are_ignored() {
    let padded = [GET, &[0; 18]].concat();
    assert_eq!(Model::decode(&padded), Model::decode(GET));
}

#[test]
fn version_3_is_handed_on_whole() {
    // Nothing behind the version is looked at.
    let octets = [0x30, 0x06, 0x02, 0x01, 0x03, 0xff, 0xff, 0xff, 0xee];
    let Ok(Envelope::V3(message)) = open(&octets) else { panic!("not version 3") };
    assert_eq!(message, &octets[..8]);
    assert_eq!(decode(&octets).unwrap_err(), DecodeError::Version(3));
}

/// Each is the GET above with one thing wrong.
#[test]
fn malformed_messages_are_refused() {
    use BerError::*;

    let with = |at: usize, octet: u8| {
        let mut octets = GET.to_vec();
        octets[at] = octet;
        octets
    };
    let ber = DecodeError::Ber;
    for (what, octets, refusal) in [
        ("nothing", vec![], ber(Truncated)),
        ("one octet", GET[..1].to_vec(), ber(Truncated)),
        ("last octet missing", GET[..39].to_vec(), ber(Truncated)),
        ("no sequence", with(0, 0x31), ber(Tag(0x31))),
        ("indefinite message", with(1, 0x80), ber(Indefinite)),
        ("message shorter than its content", with(1, 0x25), ber(Truncated)),
        ("no version", with(2, 0x04), ber(Tag(0x04))),
        ("version 2, which never was", with(4, 2), DecodeError::Version(2)),
        ("version -1", with(4, 0xff), DecodeError::Version(-1)),
        ("a version of no octets", with(3, 0), ber(Integer)),
        ("community of another type", with(5, 0x44), ber(Tag(0x44))),
        ("constructed community", with(5, 0x24), ber(Tag(0x24))),
        ("community longer than the message", with(6, 0x7f), ber(Truncated)),
        ("trap of version 1 in version 2c", with(13, 0xa4), DecodeError::PduKind(0xa4)),
        ("PDU type above all", with(13, 0xa9), DecodeError::PduKind(0xa9)),
        ("primitive PDU", with(13, 0x80), DecodeError::PduKind(0x80)),
        ("PDU shorter than the message", with(14, 0x18), ber(Trailing)),
        ("PDU longer than the message", with(14, 0x1a), ber(Truncated)),
        ("request-id of another type", with(15, 0x41), ber(Tag(0x41))),
        ("request-id of no octets", with(16, 0), ber(Integer)),
        ("error-status of another type", with(18, 0x05), ber(Tag(0x05))),
        ("error-index of another type", with(21, 0x05), ber(Tag(0x05))),
        ("list of another type", with(24, 0x31), ber(Tag(0x31))),
        ("list shorter than the PDU", with(25, 0x0d), ber(Trailing)),
        ("list longer than the PDU", with(25, 0x0f), ber(Truncated)),
        ("variable binding of another type", with(26, 0x04), ber(Tag(0x04))),
        ("variable binding shorter than the list", with(27, 0x0b), ber(Truncated)),
        ("variable binding longer than the list", with(27, 0x0d), ber(Truncated)),
        ("name of another type", with(28, 0x04), ber(Tag(0x04))),
        ("name longer than its binding", with(29, 0x0b), ber(Truncated)),
        ("a binding without a value", with(29, 0x0a), ber(Truncated)),
        ("padded sub-identifier", with(31, 0x80), ber(Oid)),
        ("unfinished sub-identifier", with(37, 0x81), ber(Oid)),
        ("value of no known type", with(38, 0x45), ber(Tag(0x45))),
        ("constructed value", with(38, 0x30), ber(Tag(0x30))),
        ("NULL with content", with(39, 0x01), ber(Truncated)),
        ("an INTEGER without content", with(38, 0x02), ber(Integer)),
        ("a Counter64 without content", with(38, 0x46), ber(Integer)),
        ("an IpAddress without content", with(38, 0x40), ber(Size)),
    ] {
        assert_eq!(open(&octets).map(|_| ()), Err(refusal), "{what}");
    }
}

#[test]
fn version_1_has_no_part_in_what_came_later() {
    let with = |changes: &[(usize, u8)]| {
        let mut octets = GET.to_vec();
        octets[4] = 0;
        changes.iter().for_each(|&(at, octet)| octets[at] = octet);
        open(&octets).map(|_| ())
    };
    assert_eq!(with(&[]), Ok(()));
    for kind in 0xa5..=0xa8 {
        assert_eq!(with(&[(13, kind)]), Err(DecodeError::PduKind(kind)));
    }
    for exception in 0x80..=0x82 {
        assert_eq!(with(&[(38, exception)]), Err(DecodeError::NotInV1));
    }
    // The last sub-identifier makes way for a Counter64 of one octet.
    assert_eq!(with(&[(29, 7), (37, 0x46), (38, 1)]), Err(DecodeError::NotInV1));
}

#[test]
fn depth_buys_nothing() {
    // Each level is inside the one before; the first that is out of place ends it.
    let mut nested = Vec::new();
    for _ in 0..10_000 {
        let mut outer = Vec::new();
        lcms_snmp::ber::put_element(&mut outer, 0x30, nested.get(..60_000).unwrap_or(&nested));
        nested = outer;
    }
    assert_eq!(decode(&nested).unwrap_err(), DecodeError::Ber(BerError::Tag(0x30)));
}

#[test]
fn a_large_message_is_read_to_its_end() {
    let varbind = [0x30, 5, 0x06, 1, 0x2b, 0x05, 0];
    let mut message = lcms_snmp::ber::Reader::new(GET).any().unwrap().1[..22].to_vec();
    let pdu = message.split_off(11);
    let mut list = Vec::new();
    lcms_snmp::ber::put_element(&mut list, 0x30, &varbind.repeat(100_000));
    lcms_snmp::ber::put_element(&mut message, 0xa0, &[&pdu[2..], &list].concat());
    let mut octets = Vec::new();
    lcms_snmp::ber::put_element(&mut octets, 0x30, &message);
    let varbinds = decode(&octets).unwrap().pdu.varbinds;
    assert_eq!((varbinds.len(), varbinds.iter().count()), (100_000, 100_000));
}

/// Reads everything that a message offers.
fn exhaust(datagram: &[u8]) {
    let varbinds = match open(datagram) {
        Ok(Envelope::Community(message)) => message.pdu.varbinds,
        Ok(Envelope::TrapV1(message)) => message.trap.varbinds,
        Ok(Envelope::V3(_)) | Err(_) => return,
    };
    assert_eq!(varbinds.iter().count(), varbinds.len());
    let mut name = OidBuf::new();
    for varbind in varbinds.iter() {
        varbind.name.read_into(&mut name);
        assert_eq!(*name, *varbind.name.to_oid());
    }
    // What was read can be written, and then reads the same.
    let model = Model::decode(datagram).unwrap();
    assert_eq!(Model::decode(&model.encode()), Some(model));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn arbitrary_octets_do_no_harm(octets in prop::collection::vec(any::<u8>(), 0..300)) {
        exhaust(&octets);
        let _ = lcms_snmp::ber::message_len(&octets);
    }

    #[test]
    fn damaged_messages_do_no_harm(
        message in Model::any(),
        mutations in prop::collection::vec(Mutation::any(), 1..6),
    ) {
        let mut octets = message.encode();
        mutations.iter().for_each(|mutation| mutation.apply(&mut octets));
        exhaust(&octets);
    }

    /// The framing of a stream agrees with decoding, at every cut.
    #[test]
    fn a_stream_is_cut_where_its_messages_end(message in Model::any(), cut in any::<prop::sample::Index>()) {
        let octets = message.encode();
        let cut = cut.index(octets.len());
        match lcms_snmp::ber::message_len(&octets[..cut]).unwrap() {
            None => prop_assert!(cut < 6),
            Some(len) => prop_assert_eq!(len, octets.len()),
        }
        prop_assert!(Model::decode(&octets[..cut]).is_none());
    }
}
