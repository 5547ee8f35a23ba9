//! Packets of an AgentX master.

use lcms_snmp::{
    Oid, Value, VarBind,
    agentx::{self, Header, Order, Packet, Pdu, Registration, SearchRange},
};

/// A packet that is understood is written as one that means the same, and its
/// length is known from its header.
pub fn agentx(octets: &[u8]) {
    let length = agentx::packet_len(octets);
    let Ok(packet) = agentx::decode(octets) else { return };
    assert_eq!(length, Ok(Some(octets.len())));
    let written = packet.encode();
    assert_eq!(agentx::packet_len(&written), Ok(Some(written.len())));
    assert_eq!(agentx::decode(&written), Ok(packet));
}

/// One packet of most kinds, in both octet orders.
pub(super) fn seeds() -> Vec<Vec<u8>> {
    let name: Oid = "1.3.6.1.2.1.1.5.0".parse().expect("an OID");
    let ranges = || vec![SearchRange { start: name.to_vec(), include: true, end: vec![1, 3, 7] }];
    let varbinds = || {
        let bind = |value| VarBind { name: name.clone(), value };
        vec![
            bind(Value::Integer(-1)),
            bind(Value::OctetString("text".into())),
            bind(Value::Counter64(1 << 40)),
            bind(Value::NoSuchInstance),
        ]
    };
    let registration =
        Registration { range: 2, upper: 9, subtree: name.to_vec(), ..Default::default() };
    let pdus = [
        Pdu::Open { timeout: 5, id: Vec::new(), description: b"seed".to_vec() },
        Pdu::Register { context: Some(b"c".to_vec()), registration, instance: true },
        Pdu::Get { context: None, ranges: ranges() },
        Pdu::GetBulk { context: None, non_repeaters: 1, max_repetitions: 9, ranges: ranges() },
        Pdu::TestSet { context: None, varbinds: varbinds() },
        Pdu::CommitSet,
        Pdu::Response { up_time: 1, error: 2, index: 3, varbinds: varbinds() },
        Pdu::Close { reason: 5 },
    ];
    let header = |order| Header { order, session: 1, transaction: 2, packet: 3 };
    pdus.into_iter()
        .flat_map(|pdu| {
            [Order::Network, Order::Little]
                .map(|order| Packet { header: header(order), pdu: pdu.clone() }.encode())
        })
        .collect()
}
