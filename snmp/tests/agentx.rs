//! AgentX packets: what is written is read again, in both octet orders, and no
//! octets whatever are a danger.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::borrow::Cow;

use lcms_snmp::{
    Octets, Oid, Value, VarBind,
    agentx::{self, AgentxError, Header, Order, Packet, Pdu, Registration, SearchRange},
};
use proptest::prelude::*;

fn arcs() -> impl Strategy<Value = Vec<u32>> {
    let tail = prop::collection::vec(any::<u32>(), 0..20);
    prop_oneof![
        Just(Vec::new()),
        // With and without the prefix that is written shorter.
        (0_u32..300, tail.clone()).prop_map(|(next, tail)| [vec![1, 3, 6, 1, next], tail].concat()),
        tail.prop_map(|tail| [vec![1, 3], tail].concat()),
    ]
}

fn oid() -> impl Strategy<Value = Oid> {
    arcs().prop_filter_map("an OID", |arcs| Oid::new(arcs).ok())
}

fn octets() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..40)
}

fn value() -> impl Strategy<Value = Value<'static>> {
    prop_oneof![
        any::<i32>().prop_map(Value::Integer),
        octets().prop_map(|o| Value::OctetString(Octets::copied(&o))),
        Just(Value::Null),
        prop_oneof![oid(), Just(Oid::null())].prop_map(|o| Value::ObjectIdentifier(Cow::Owned(o))),
        any::<[u8; 4]>().prop_map(Value::IpAddress),
        any::<u32>().prop_map(Value::Counter32),
        any::<u32>().prop_map(Value::Gauge32),
        any::<u32>().prop_map(Value::TimeTicks),
        octets().prop_map(|o| Value::Opaque(Octets::copied(&o))),
        any::<u64>().prop_map(Value::Counter64),
        Just(Value::NoSuchObject),
        Just(Value::NoSuchInstance),
        Just(Value::EndOfMibView),
    ]
}

fn varbinds() -> impl Strategy<Value = Vec<VarBind<'static>>> {
    let varbind = (oid(), value()).prop_map(|(name, value)| VarBind { name, value });
    prop::collection::vec(varbind, 0..8)
}

fn ranges() -> impl Strategy<Value = Vec<SearchRange>> {
    let range = (arcs(), any::<bool>(), arcs()).prop_map(|(start, include, end)| SearchRange {
        start,
        include,
        end,
    });
    prop::collection::vec(range, 0..8)
}

fn registration() -> impl Strategy<Value = Registration> {
    (any::<[u8; 3]>(), arcs(), any::<u32>()).prop_map(
        |([timeout, priority, range], subtree, upper)| {
            let upper = if range == 0 { 0 } else { upper };
            Registration { timeout, priority, range, subtree, upper }
        },
    )
}

fn pdu() -> impl Strategy<Value = Pdu> {
    let context = || prop::option::of(octets());
    prop_oneof![
        (any::<u8>(), arcs(), octets()).prop_map(|(timeout, id, description)| Pdu::Open {
            timeout,
            id,
            description
        }),
        any::<u8>().prop_map(|reason| Pdu::Close { reason }),
        (context(), registration(), any::<bool>()).prop_map(|(context, registration, instance)| {
            Pdu::Register { context, registration, instance }
        }),
        (context(), registration())
            .prop_map(|(context, registration)| Pdu::Unregister { context, registration }),
        (context(), ranges()).prop_map(|(context, ranges)| Pdu::Get { context, ranges }),
        (context(), ranges()).prop_map(|(context, ranges)| Pdu::GetNext { context, ranges }),
        (context(), any::<u16>(), any::<u16>(), ranges()).prop_map(
            |(context, non_repeaters, max_repetitions, ranges)| {
                Pdu::GetBulk { context, non_repeaters, max_repetitions, ranges }
            }
        ),
        (context(), varbinds()).prop_map(|(context, varbinds)| Pdu::TestSet { context, varbinds }),
        Just(Pdu::CommitSet),
        Just(Pdu::UndoSet),
        Just(Pdu::CleanupSet),
        (context(), varbinds()).prop_map(|(context, varbinds)| Pdu::Notify { context, varbinds }),
        context().prop_map(|context| Pdu::Ping { context }),
        (context(), varbinds(), any::<bool>(), any::<bool>()).prop_map(
            |(context, varbinds, new, any)| Pdu::IndexAllocate { context, varbinds, new, any }
        ),
        (context(), varbinds())
            .prop_map(|(context, varbinds)| Pdu::IndexDeallocate { context, varbinds }),
        (context(), arcs(), octets()).prop_map(|(context, id, description)| {
            Pdu::AddAgentCaps { context, id, description }
        }),
        (context(), arcs()).prop_map(|(context, id)| Pdu::RemoveAgentCaps { context, id }),
        (any::<u32>(), any::<[u16; 2]>(), varbinds()).prop_map(
            |(up_time, [error, index], varbinds)| Pdu::Response { up_time, error, index, varbinds }
        ),
    ]
}

fn packet() -> impl Strategy<Value = Packet> {
    let order = prop_oneof![Just(Order::Network), Just(Order::Little)];
    (order, any::<[u32; 3]>(), pdu()).prop_map(|(order, [session, transaction, packet], pdu)| {
        Packet { header: Header { order, session, transaction, packet }, pdu }
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(packet in packet()) {
        let octets = packet.encode();
        prop_assert_eq!(octets.len() % 4, 0);
        prop_assert_eq!(agentx::packet_len(&octets), Ok(Some(octets.len())));
        prop_assert_eq!(agentx::decode(&octets), Ok(packet));
    }

    #[test]
    fn a_packet_cut_short_is_none(packet in packet(), cut in any::<prop::sample::Index>()) {
        let octets = packet.encode();
        let cut = &octets[..cut.index(octets.len())];
        prop_assert!(agentx::decode(cut).is_err());
        prop_assert!(agentx::packet_len(cut).is_ok());
    }

    #[test]
    fn no_octets_make_a_reader_panic(
        packet in packet(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut octets = packet.encode();
        for (at, octet) in changes {
            let at = at.index(octets.len());
            octets[at] = octet;
        }
        let _ = agentx::packet_len(&octets);
        if let Ok(read) = agentx::decode(&octets) {
            prop_assert_eq!(agentx::decode(&read.encode()), Ok(read));
        }
    }
}

/// The packet of RFC 2741's own layout: an Open, by hand.
#[test]
fn an_open_packet_octet_for_octet() {
    let packet = Packet {
        header: Header { order: Order::Network, session: 0, transaction: 1, packet: 2 },
        pdu: Pdu::Open {
            timeout: 5,
            id: vec![1, 3, 6, 1, 4, 1, 9],
            description: b"hello".to_vec(),
        },
    };
    #[rustfmt::skip]
    let octets = [
        1, 1, 0x10, 0,
        0, 0, 0, 0,
        0, 0, 0, 1,
        0, 0, 0, 2,
        0, 0, 0, 28,
        5, 0, 0, 0,
        2, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 9,
        0, 0, 0, 5, b'h', b'e', b'l', b'l', b'o', 0, 0, 0,
    ];
    assert_eq!(packet.encode(), octets);
}

#[test]
fn what_is_no_packet_says_why() {
    let whole = Packet { header: Header::default(), pdu: Pdu::CommitSet }.encode();
    let with = |at: usize, octet: u8| {
        let mut octets = whole.clone();
        octets[at] = octet;
        octets
    };
    for (octets, error) in [
        (with(0, 2), AgentxError::Version(2)),
        (with(1, 19), AgentxError::Kind(19)),
        (with(1, 0), AgentxError::Kind(0)),
        (with(19, 4), AgentxError::Truncated),
        (with(19, 3), AgentxError::Length(3)),
        (with(16, 1), AgentxError::Length(1 << 24)),
        ([whole.clone(), vec![0]].concat(), AgentxError::Trailing),
        (whole[..19].to_vec(), AgentxError::Truncated),
    ] {
        assert_eq!(agentx::decode(&octets), Err(error), "{octets:?}");
    }
    assert_eq!(agentx::packet_len(&[2]), Err(AgentxError::Version(2)));
    assert_eq!(agentx::packet_len(&whole[..19]), Ok(None));
}
