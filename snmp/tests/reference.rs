//! Our codec against rasn-snmp, the reference model.
//!
//! On what both accept they agree. Where only one accepts, the reason is one of
//! the deliberate differences, each of which is a test below.
//!
//! We read, and the reference refuses:
//! - unsigned numbers of full width without a leading zero octet, which real
//!   agents send;
//! - a negative error-status, error-index, non-repeaters or max-repetitions: the
//!   latter two count as zero (RFC 3416 §4.2.3), and a strange number in a
//!   response is its receiver's to judge;
//! - an OBJECT IDENTIFIER without content, as `0.0`, like net-snmp.
//!
//! The reference reads, and we refuse:
//! - indefinite lengths and constructed encodings of simple types (RFC 3417 §8);
//! - tags in the long form, which no tag of SNMP needs;
//! - integers of more than eight octets (nine for unsigned types), however little
//!   they say;
//! - sub-identifiers with a leading 0x80 (X.690 §8.19.2), because one name would
//!   have many encodings.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod model;

use std::borrow::Cow;

use lcms_snmp::{
    BerError, DecodeError, Oid, PduKind, Value, VarBind, Version,
    ber::{Reader, put_element, tag},
    message,
};
use model::{Model, Mutation, PduModel};
use proptest::prelude::*;

proptest! {
    #[test]
    fn what_we_encode_both_read_the_same(message in Model::any()) {
        let octets = message.encode();
        prop_assert_eq!(Model::decode_by_reference(&octets), Some(message.clone()));
        prop_assert_eq!(Model::decode(&octets), Some(message));
    }

    #[test]
    fn both_encode_the_same(message in Model::any()) {
        prop_assert_eq!(message.encode(), message.encode_by_reference());
    }

    /// Long forms of lengths and padded integers change nothing for either.
    #[test]
    fn legal_detours_are_read_by_both(message in Model::any(), choices in any::<[u8; 32]>()) {
        let octets = detour(&message.encode(), &mut choices.into_iter().cycle());
        prop_assert_eq!(Model::decode_by_reference(&octets), Some(message.clone()));
        prop_assert_eq!(Model::decode(&octets), Some(message));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_damaged_message_is_read_alike_or_differs_deliberately(
        message in Model::any(),
        mutations in prop::collection::vec(Mutation::any(), 1..4),
    ) {
        let mut octets = message.encode();
        mutations.iter().for_each(|mutation| mutation.apply(&mut octets));
        match (Model::decode(&octets), Model::decode_by_reference(&octets)) {
            (None, None) => {}
            (Some(ours), Some(reference)) => prop_assert_eq!(ours, reference),
            (Some(ours), None) => prop_assert!(only_we_read(&ours), "{octets:02x?}: {ours:?}"),
            (None, Some(reference)) => {
                let refusal = message::open(&octets).unwrap_err();
                prop_assert!(we_refuse(refusal), "{octets:02x?}: {refusal}, {reference:?}");
            }
        }
    }
}

/// Whether the message holds something that only we may have read.
fn only_we_read(message: &Model) -> bool {
    let null = |oid: &Oid| oid.arcs() == [0, 0];
    let value = |value: &Value<'_>| match value {
        Value::Counter32(n) | Value::Gauge32(n) | Value::TimeTicks(n) => *n >> 31 == 1,
        Value::Counter64(n) => *n >> 63 == 1,
        Value::ObjectIdentifier(oid) => null(oid),
        _ => false,
    };
    let head = match &message.pdu {
        PduModel::Pdu { integers: [_, second, third], .. } => *second < 0 || *third < 0,
        PduModel::TrapV1 { enterprise, timestamp, .. } => null(enterprise) || timestamp >> 31 == 1,
    };
    head || message.varbinds.iter().any(|varbind| null(&varbind.name) || value(&varbind.value))
}

/// Whether only the reference may have read what we refuse so.
fn we_refuse(refusal: DecodeError) -> bool {
    match refusal {
        DecodeError::Ber(BerError::Tag(tag)) | DecodeError::PduKind(tag) => {
            tag & 0x20 != 0 || tag & 0x1f == 0x1f
        }
        DecodeError::Ber(error) => {
            matches!(error, BerError::Indefinite | BerError::Oid)
        }
        _ => false,
    }
}

/// The same element with longer lengths and padded integers than it needs.
fn detour(octets: &[u8], choices: &mut impl Iterator<Item = u8>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut reader = Reader::new(octets);
    while !reader.is_empty() {
        let (tag, content) = reader.any().unwrap();
        let choice = usize::from(choices.next().unwrap());
        let content = match tag {
            _ if tag & 0x20 != 0 => detour(content, choices),
            tag::INTEGER => {
                let pad = if content[0] & 0x80 == 0 { 0 } else { 0xff };
                let pads = (choice / 8).min(8 - content.len());
                [vec![pad; pads], content.to_vec()].concat()
            }
            _ => content.to_vec(),
        };
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        let least = length.iter().position(|&octet| octet != 0).map_or(1, |zeros| 4 - zeros);
        out.push(tag);
        // Up to the most length octets there can be, in one of eight the short form.
        match [0, 1, 2, 3, 4, 8, 122].get(choice % 8) {
            Some(more) => {
                let digits = least + more;
                out.push(0x80 | digits as u8);
                out.resize(out.len() + digits.saturating_sub(length.len()), 0);
                out.extend_from_slice(&length[length.len().saturating_sub(digits)..]);
                out.extend(content);
            }
            None => {
                out.pop();
                put_element(&mut out, tag, &content);
            }
        }
    }
    out
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    put_element(&mut out, tag, content);
    out
}

/// A response of version 2c, with 1.3.6.1 and this encoded value if there is one.
fn response(integers: &[u8], name: &[u8], value: &[u8]) -> Vec<u8> {
    let varbind = element(tag::SEQUENCE, &[name, value].concat());
    let list = element(tag::SEQUENCE, &varbind);
    let pdu = element(PduKind::Response.tag(), &[integers, &list].concat());
    element(tag::SEQUENCE, &[&[2, 1, 1, 4, 1, b'c'], &pdu[..]].concat())
}

const INTEGERS: &[u8] = &[2, 1, 7, 2, 1, 0, 2, 1, 0];
const NAME: &[u8] = &[6, 3, 0x2b, 6, 1];

fn model(integers: [i32; 3], name: &str, value: Value<'static>) -> Model {
    Model {
        version: Version::V2c,
        community: b"c".to_vec(),
        pdu: PduModel::Pdu { kind: PduKind::Response, integers },
        varbinds: vec![VarBind { name: name.parse().unwrap(), value }],
    }
}

#[track_caller]
fn only_ours(octets: &[u8], message: Model) {
    assert_eq!(Model::decode(octets), Some(message));
    assert_eq!(Model::decode_by_reference(octets), None);
}

#[track_caller]
fn only_the_reference(octets: &[u8], refusal: BerError) {
    assert_eq!(message::decode(octets).unwrap_err(), DecodeError::Ber(refusal));
    assert!(Model::decode_by_reference(octets).is_some());
}

#[test]
fn full_width_without_a_zero_octet_is_unsigned() {
    for (octets, value) in [
        (&[0x41, 4, 255, 255, 255, 255][..], Value::Counter32(u32::MAX)),
        (&[0x42, 4, 0x80, 0, 0, 0], Value::Gauge32(1 << 31)),
        (&[0x43, 4, 255, 255, 255, 254], Value::TimeTicks(u32::MAX - 1)),
        (&[0x46, 8, 255, 255, 255, 255, 255, 255, 255, 255], Value::Counter64(u64::MAX)),
    ] {
        only_ours(&response(INTEGERS, NAME, octets), model([7, 0, 0], "1.3.6.1", value));
    }
}

#[test]
fn negative_heads_are_read() {
    let integers = &[2, 1, 7, 2, 1, 0xff, 2, 1, 0xfe];
    let read = model([7, -1, -2], "1.3.6.1", Value::Null);
    only_ours(&response(integers, NAME, &[5, 0]), read);
}

#[test]
fn an_oid_without_content_is_the_null_oid() {
    let null = Value::ObjectIdentifier(Cow::Owned("0.0".parse().unwrap()));
    only_ours(&response(INTEGERS, NAME, &[6, 0]), model([7, 0, 0], "1.3.6.1", null));
    only_ours(&response(INTEGERS, &[6, 0], &[5, 0]), model([7, 0, 0], "0.0", Value::Null));
}

#[test]
fn indefinite_lengths_are_refused() {
    let mut octets = response(INTEGERS, NAME, &[5, 0]);
    octets[1] = 0x80;
    octets.extend([0, 0]);
    only_the_reference(&octets, BerError::Indefinite);
}

#[test]
fn constructed_encodings_of_simple_types_are_refused() {
    let strings = &[0x24, 6, 4, 1, b'a', 4, 1, b'b'];
    only_the_reference(&response(INTEGERS, NAME, strings), BerError::Tag(0x24));
    only_the_reference(&response(INTEGERS, NAME, &[0x22, 1, 5]), BerError::Tag(0x22));
}

#[test]
fn tags_in_the_long_form_are_refused() {
    only_the_reference(&response(INTEGERS, NAME, &[0x1f, 4, 1, b'a']), BerError::Tag(0x1f));
}

#[test]
fn integers_of_endless_padding_are_refused() {
    let signed = &[2, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    only_the_reference(&response(INTEGERS, NAME, signed), BerError::Integer);
    let unsigned = &[0x41, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    only_the_reference(&response(INTEGERS, NAME, unsigned), BerError::Integer);
}

#[test]
fn padded_sub_identifiers_are_refused() {
    only_the_reference(&response(INTEGERS, &[6, 3, 0x2b, 0x80, 1], &[5, 0]), BerError::Oid);
    only_the_reference(&response(INTEGERS, NAME, &[6, 3, 0x2b, 0x80, 1]), BerError::Oid);
}
