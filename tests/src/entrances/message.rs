//! Datagrams of any version.

use lcms_snmp::{
    Envelope, Message, Oid, OidBuf, OutMessage, PduKind, TrapMessage, Value, VarBind, VarBinds,
    Version,
    message::{self, TrapFields, encode, encode_trap},
};

/// Decodes a datagram. What decodes has all its variable bindings, and encodes
/// to octets that decode to the same; what follows a message changes nothing.
pub fn message(octets: &[u8]) {
    match message::open(octets) {
        Err(error) => assert!(!error.to_string().is_empty()),
        Ok(Envelope::V3(whole)) => assert!(octets.starts_with(whole) && !whole.is_empty()),
        Ok(Envelope::TrapV1(trap)) => trap_again(&trap),
        Ok(Envelope::Community(message)) => {
            again(&message);
            let padded = [octets, &[0; 4]].concat();
            let Ok(Envelope::Community(same)) = message::open(&padded) else {
                panic!("padding made a message unreadable")
            };
            assert_same(&message, &same);
        }
    }
    let community = matches!(message::open(octets), Ok(Envelope::Community(_)));
    assert_eq!(message::decode(octets).is_ok(), community);
}

fn again(message: &Message<'_>) {
    let varbinds = read(message.pdu.varbinds);
    let octets = encode(&OutMessage {
        version: message.version,
        community: message.community,
        kind: message.pdu.kind,
        request_id: message.pdu.request_id,
        error_status: message.pdu.error_status,
        error_index: message.pdu.error_index,
        varbinds: &varbinds,
    });
    let same = message::decode(&octets).expect("what was encoded decodes");
    assert_same(message, &same);
}

fn assert_same(one: &Message<'_>, other: &Message<'_>) {
    let head = |m: &Message<'_>| {
        (m.version, m.pdu.kind, m.pdu.request_id, m.pdu.error_status, m.pdu.error_index)
    };
    assert_eq!(head(one), head(other));
    assert_eq!(one.community, other.community);
    assert_eq!(one.pdu.varbinds.to_vec(), other.pdu.varbinds.to_vec());
    // No name has two encodings, but that nothing stands for 0.0.
    for (one, other) in one.pdu.varbinds.names().zip(other.pdu.varbinds.names()) {
        assert!(one.as_octets() == other.as_octets() || one.as_octets().is_empty());
    }
}

fn trap_again(TrapMessage { community, trap }: &TrapMessage<'_>) {
    let enterprise = trap.enterprise.to_oid();
    let fields = TrapFields {
        enterprise: enterprise.arcs(),
        agent_addr: trap.agent_addr,
        generic: trap.generic,
        specific: trap.specific,
        timestamp: trap.timestamp,
    };
    let varbinds = read(trap.varbinds);
    let octets = encode_trap(community, &fields, &varbinds);
    let Ok(Envelope::TrapV1(same)) = message::open(&octets) else {
        panic!("a trap that was encoded does not decode")
    };
    let head = |m: &TrapMessage<'_>| {
        let t = &m.trap;
        (t.enterprise.to_oid(), t.agent_addr, t.generic, t.specific, t.timestamp)
    };
    assert_eq!(head(&TrapMessage { community, trap: *trap }), head(&same));
    assert_eq!(*community, same.community);
    assert_eq!(varbinds, same.trap.varbinds.to_vec());
}

/// All variable bindings, by every way that there is to read them.
fn read(varbinds: VarBinds<'_>) -> Vec<VarBind<'static>> {
    let read = varbinds.to_vec();
    assert_eq!(read.len(), varbinds.len());
    assert_eq!(varbinds.iter().count(), varbinds.len());
    let mut buffer = OidBuf::new();
    for (raw, varbind) in varbinds.names().zip(&read) {
        raw.read_into(&mut buffer);
        assert_eq!(*buffer, *varbind.name.arcs());
        assert!(raw.arcs().eq(varbind.name.arcs().iter().copied()));
        assert_eq!(raw.to_string().parse::<Oid>().as_ref(), Ok(&varbind.name));
    }
    read
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let name = |text: &str| text.parse::<Oid>().expect("an OID");
    let values = [
        Value::Integer(-129),
        Value::OctetString(b"text".to_vec().into()),
        Value::Null,
        Value::ObjectIdentifier(std::borrow::Cow::Owned(name("2.999.4294967295"))),
        Value::IpAddress([192, 0, 2, 1]),
        Value::Counter32(u32::MAX),
        Value::Gauge32(128),
        Value::TimeTicks(1 << 31),
        Value::Opaque(vec![0x9f, 0x78, 4, 0, 0, 0, 0].into()),
        Value::Counter64(u64::MAX),
        Value::NoSuchObject,
        Value::NoSuchInstance,
        Value::EndOfMibView,
    ];
    let varbinds = |values: &[Value<'static>]| -> Vec<VarBind<'static>> {
        let bind = |value: &Value<'static>| VarBind {
            name: name("1.3.6.1.2.1.1.3.0"),
            value: value.clone(),
        };
        values.iter().map(bind).collect()
    };
    let sent = |version, kind, values: &[Value<'static>]| {
        encode(&OutMessage {
            version,
            community: b"public",
            kind,
            request_id: 0x1234_5678,
            error_status: 2,
            error_index: 100,
            varbinds: &varbinds(values),
        })
    };
    let fields = TrapFields {
        enterprise: &[1, 3, 6, 1, 4, 1, 99999],
        agent_addr: [192, 0, 2, 1],
        generic: 6,
        specific: 1,
        timestamp: 4711,
    };
    let v3 = b"\x30\x0b\x02\x01\x03\x30\x06\x02\x01\x01\x02\x01\x00".to_vec();
    // A sub-identifier of 33 bits.
    let large = b"\x30\x24\x02\x01\x01\x04\x06public\
        \xa0\x17\x02\x01\x07\x02\x01\x00\x02\x01\x00\x30\x0c\x30\x0a\x06\x06\x2b\x90\x80\x80\x80\x00\x05\x00"
        .to_vec();
    let mut seeds = vec![large, v3, encode_trap(b"public", &fields, &varbinds(&values[..8]))];
    let v1 = [PduKind::GetRequest, PduKind::GetNextRequest, PduKind::Response, PduKind::SetRequest];
    seeds.extend(v1.map(|kind| sent(Version::V1, kind, &values[..9])));
    let v2c = [
        PduKind::GetRequest,
        PduKind::GetNextRequest,
        PduKind::GetBulkRequest,
        PduKind::Response,
        PduKind::SetRequest,
        PduKind::InformRequest,
        PduKind::SnmpV2Trap,
        PduKind::Report,
    ];
    seeds.extend(v2c.map(|kind| sent(Version::V2c, kind, &values)));
    // Single values, so that a mutation meets a known one.
    seeds.extend(
        values
            .iter()
            .map(|value| sent(Version::V2c, PduKind::Response, std::slice::from_ref(value))),
    );
    seeds
}
