//! Community messages as plain values, how to make any of them, and the way to
//! and from both codecs: ours, and rasn-snmp as the reference.

#![allow(dead_code, clippy::unwrap_used, reason = "each test uses its part, and fails there")]

use std::borrow::Cow;

use lcms_snmp::{
    Envelope, Oid, OutMessage, PduKind, Value, VarBind, Version,
    message::{self, TrapFields},
};
use proptest::prelude::*;
use rasn::types::{FixedOctetString, ObjectIdentifier};
use rasn_snmp::{v1, v2, v2c};

/// A message of version 1 or 2c, version 1's trap included.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    pub version: Version,
    pub community: Vec<u8>,
    pub pdu: PduModel,
    pub varbinds: Vec<VarBind<'static>>,
}

/// What stands before the variable bindings.
#[derive(Clone, Debug, PartialEq)]
pub enum PduModel {
    Pdu { kind: PduKind, integers: [i32; 3] },
    TrapV1 { enterprise: Oid, agent_addr: [u8; 4], trap: [i32; 2], timestamp: u32 },
}

impl Model {
    /// Any message that the reference can express.
    pub fn any() -> impl Strategy<Value = Self> {
        let community = || prop::collection::vec(any::<u8>(), 0..40);
        let version = prop_oneof![Just(Version::V1), Just(Version::V2c)];
        version.prop_flat_map(move |version| {
            (community(), pdu(version), prop::collection::vec(varbind(version), 0..12)).prop_map(
                move |(community, pdu, varbinds)| Self { version, community, pdu, varbinds },
            )
        })
    }

    /// What our codec makes of it.
    pub fn encode(&self) -> Vec<u8> {
        match &self.pdu {
            &PduModel::Pdu { kind, integers: [request_id, error_status, error_index] } => {
                message::encode(&OutMessage {
                    version: self.version,
                    community: &self.community,
                    kind,
                    request_id,
                    error_status,
                    error_index,
                    varbinds: &self.varbinds,
                })
            }
            PduModel::TrapV1 { enterprise, agent_addr, trap: [generic, specific], timestamp } => {
                let fields = TrapFields {
                    enterprise,
                    agent_addr: *agent_addr,
                    generic: *generic,
                    specific: *specific,
                    timestamp: *timestamp,
                };
                message::encode_trap(&self.community, &fields, &self.varbinds)
            }
        }
    }

    /// What our codec reads, or `None` where it refuses or the version is 3.
    pub fn decode(datagram: &[u8]) -> Option<Self> {
        match message::open(datagram).ok()? {
            Envelope::V3(_) => None,
            Envelope::Community(message) => {
                let pdu = message.pdu;
                Some(Self {
                    version: message.version,
                    community: message.community.to_vec(),
                    pdu: PduModel::Pdu {
                        kind: pdu.kind,
                        integers: [pdu.request_id, pdu.error_status, pdu.error_index],
                    },
                    varbinds: pdu.varbinds.to_vec(),
                })
            }
            Envelope::TrapV1(message) => {
                let trap = message.trap;
                Some(Self {
                    version: Version::V1,
                    community: message.community.to_vec(),
                    pdu: PduModel::TrapV1 {
                        enterprise: trap.enterprise.to_oid(),
                        agent_addr: trap.agent_addr,
                        trap: [trap.generic, trap.specific],
                        timestamp: trap.timestamp,
                    },
                    varbinds: trap.varbinds.to_vec(),
                })
            }
        }
    }

    /// What the reference makes of it.
    pub fn encode_by_reference(&self) -> Vec<u8> {
        let community = self.community.clone().into();
        let octets = match self.version {
            Version::V1 => rasn::ber::encode(&v1::Message {
                version: 0.into(),
                community,
                data: self.v1_pdus(),
            }),
            Version::V2c => rasn::ber::encode(&v2c::Message {
                version: 1.into(),
                community,
                data: self.v2_pdus(),
            }),
            Version::V3 => unreachable!("no community message"),
        };
        octets.unwrap()
    }

    /// What the reference reads, or `None` where it refuses or has read what
    /// RFC 2578 has no room for.
    pub fn decode_by_reference(datagram: &[u8]) -> Option<Self> {
        if let Ok(message) = rasn::ber::decode::<v2c::Message<v2::Pdus>>(datagram)
            && message.version == 1.into()
        {
            return Self::from_v2(message.community.to_vec(), message.data);
        }
        let message = rasn::ber::decode::<v1::Message<v1::Pdus>>(datagram).ok()?;
        match message.version == 0.into() {
            true => Self::from_v1(message.community.to_vec(), message.data),
            false => None,
        }
    }

    fn v2_pdus(&self) -> v2::Pdus {
        let PduModel::Pdu { kind, integers: [request_id, second, third] } = self.pdu else {
            unreachable!("version 1's trap")
        };
        let variable_bindings = self.varbinds.iter().map(v2_varbind).collect();
        let [second, third] = [second, third].map(|n| u32::try_from(n).unwrap());
        if kind == PduKind::GetBulkRequest {
            return v2::Pdus::GetBulkRequest(v2::GetBulkRequest(v2::BulkPdu {
                request_id,
                non_repeaters: second,
                max_repetitions: third,
                variable_bindings,
            }));
        }
        let pdu =
            v2::Pdu { request_id, error_status: second, error_index: third, variable_bindings };
        match kind {
            PduKind::GetRequest => v2::Pdus::GetRequest(v2::GetRequest(pdu)),
            PduKind::GetNextRequest => v2::Pdus::GetNextRequest(v2::GetNextRequest(pdu)),
            PduKind::Response => v2::Pdus::Response(v2::Response(pdu)),
            PduKind::SetRequest => v2::Pdus::SetRequest(v2::SetRequest(pdu)),
            PduKind::InformRequest => v2::Pdus::InformRequest(v2::InformRequest(pdu)),
            PduKind::SnmpV2Trap => v2::Pdus::Trap(v2::Trap(pdu)),
            PduKind::Report => v2::Pdus::Report(v2::Report(pdu)),
            PduKind::GetBulkRequest | PduKind::Trap => unreachable!(),
        }
    }

    fn from_v2(community: Vec<u8>, pdus: v2::Pdus) -> Option<Self> {
        let (kind, pdu) = match pdus {
            v2::Pdus::GetRequest(pdu) => (PduKind::GetRequest, pdu.0),
            v2::Pdus::GetNextRequest(pdu) => (PduKind::GetNextRequest, pdu.0),
            v2::Pdus::Response(pdu) => (PduKind::Response, pdu.0),
            v2::Pdus::SetRequest(pdu) => (PduKind::SetRequest, pdu.0),
            v2::Pdus::InformRequest(pdu) => (PduKind::InformRequest, pdu.0),
            v2::Pdus::Trap(pdu) => (PduKind::SnmpV2Trap, pdu.0),
            v2::Pdus::Report(pdu) => (PduKind::Report, pdu.0),
            v2::Pdus::GetBulkRequest(v2::GetBulkRequest(bulk)) => (
                PduKind::GetBulkRequest,
                v2::Pdu {
                    request_id: bulk.request_id,
                    error_status: bulk.non_repeaters,
                    error_index: bulk.max_repetitions,
                    variable_bindings: bulk.variable_bindings,
                },
            ),
        };
        let second = i32::try_from(pdu.error_status).ok()?;
        let third = i32::try_from(pdu.error_index).ok()?;
        Some(Self {
            version: Version::V2c,
            community,
            pdu: PduModel::Pdu { kind, integers: [pdu.request_id, second, third] },
            varbinds: pdu
                .variable_bindings
                .iter()
                .map(|varbind| {
                    Some(VarBind { name: oid(&varbind.name)?, value: from_v2(&varbind.value)? })
                })
                .collect::<Option<_>>()?,
        })
    }

    fn v1_pdus(&self) -> v1::Pdus {
        let variable_bindings = self.varbinds.iter().map(v1_varbind).collect();
        let (kind, [request_id, error_status, error_index]) = match &self.pdu {
            PduModel::Pdu { kind, integers } => (kind, integers.map(Into::into)),
            PduModel::TrapV1 { enterprise, agent_addr, trap: [generic, specific], timestamp } => {
                let address = v1::Trap {
                    enterprise: identifier(enterprise),
                    agent_addr: rasn_smi::v1::NetworkAddress::Internet(rasn_smi::v1::IpAddress(
                        FixedOctetString::new(*agent_addr),
                    )),
                    generic_trap: (*generic).into(),
                    specific_trap: (*specific).into(),
                    time_stamp: rasn_smi::v1::TimeTicks(*timestamp),
                    variable_bindings,
                };
                return v1::Pdus::Trap(address);
            }
        };
        let pdu = v1::Pdu { request_id, error_status, error_index, variable_bindings };
        match kind {
            PduKind::GetRequest => v1::Pdus::GetRequest(v1::GetRequest(pdu)),
            PduKind::GetNextRequest => v1::Pdus::GetNextRequest(v1::GetNextRequest(pdu)),
            PduKind::Response => v1::Pdus::GetResponse(v1::GetResponse(pdu)),
            PduKind::SetRequest => v1::Pdus::SetRequest(v1::SetRequest(pdu)),
            _ => unreachable!("not in version 1"),
        }
    }

    fn from_v1(community: Vec<u8>, pdus: v1::Pdus) -> Option<Self> {
        let (kind, pdu) = match pdus {
            v1::Pdus::GetRequest(pdu) => (PduKind::GetRequest, pdu.0),
            v1::Pdus::GetNextRequest(pdu) => (PduKind::GetNextRequest, pdu.0),
            v1::Pdus::GetResponse(pdu) => (PduKind::Response, pdu.0),
            v1::Pdus::SetRequest(pdu) => (PduKind::SetRequest, pdu.0),
            v1::Pdus::Trap(trap) => {
                let rasn_smi::v1::NetworkAddress::Internet(address) = &trap.agent_addr;
                let pdu = PduModel::TrapV1 {
                    enterprise: oid(&trap.enterprise)?,
                    agent_addr: *address.0,
                    trap: [number(&trap.generic_trap)?, number(&trap.specific_trap)?],
                    timestamp: trap.time_stamp.0,
                };
                let varbinds = from_v1_list(&trap.variable_bindings)?;
                return Some(Self { version: Version::V1, community, pdu, varbinds });
            }
        };
        let integers =
            [number(&pdu.request_id)?, number(&pdu.error_status)?, number(&pdu.error_index)?];
        let varbinds = from_v1_list(&pdu.variable_bindings)?;
        let pdu = PduModel::Pdu { kind, integers };
        Some(Self { version: Version::V1, community, pdu, varbinds })
    }
}

fn pdu(version: Version) -> BoxedStrategy<PduModel> {
    use PduKind::*;
    let kinds = match version {
        Version::V1 => vec![GetRequest, GetNextRequest, Response, SetRequest],
        _ => vec![
            GetRequest,
            GetNextRequest,
            Response,
            SetRequest,
            GetBulkRequest,
            InformRequest,
            SnmpV2Trap,
            Report,
        ],
    };
    // The reference has no negative error-status.
    let integers = (any::<i32>(), 0..=i32::MAX, 0..=i32::MAX);
    let small = (any::<i32>(), 0..20, 0..300);
    let pdu = (prop::sample::select(kinds), prop_oneof![3 => small, 1 => integers])
        .prop_map(|(kind, (a, b, c))| PduModel::Pdu { kind, integers: [a, b, c] });
    if version != Version::V1 {
        return pdu.boxed();
    }
    let trap = (oid_any(), any::<[u8; 4]>(), any::<[i32; 2]>(), any::<u32>()).prop_map(
        |(enterprise, agent_addr, trap, timestamp)| PduModel::TrapV1 {
            enterprise,
            agent_addr,
            trap,
            timestamp,
        },
    );
    prop_oneof![4 => pdu, 1 => trap].boxed()
}

/// An OID of any length, with sub-identifiers of every encoded length.
pub fn oid_any() -> impl Strategy<Value = Oid> {
    let root = prop_oneof![
        4 => Just((1, 3)),
        1 => (0..2_u32, 0..40_u32),
        1 => (Just(2_u32), 0..=u32::MAX - 80),
    ];
    let arc = prop_oneof![6 => 0..128_u32, 2 => 0..20_000_u32, 1 => any::<u32>()];
    let arcs = prop_oneof![8 => 0..20_usize, 1 => 20..=126_usize]
        .prop_flat_map(move |len| prop::collection::vec(arc.clone(), len));
    (root, arcs).prop_map(|((first, second), arcs)| {
        Oid::new([&[first, second], &arcs[..]].concat()).unwrap()
    })
}

/// Any value that the version has.
pub fn value(version: Version) -> BoxedStrategy<Value<'static>> {
    let octets = || {
        prop_oneof![6 => 0..20_usize, 1 => 100..140_usize, 1 => 200..300_usize]
            .prop_flat_map(|len| prop::collection::vec(any::<u8>(), len))
    };
    let old = prop_oneof![
        any::<i32>().prop_map(Value::Integer),
        octets().prop_map(|octets| Value::OctetString(octets.into())),
        Just(Value::Null),
        oid_any().prop_map(|oid| Value::ObjectIdentifier(Cow::Owned(oid))),
        any::<[u8; 4]>().prop_map(Value::IpAddress),
        any::<u32>().prop_map(Value::Counter32),
        any::<u32>().prop_map(Value::Gauge32),
        any::<u32>().prop_map(Value::TimeTicks),
        octets().prop_map(|octets| Value::Opaque(octets.into())),
    ];
    if version == Version::V1 {
        return old.boxed();
    }
    prop_oneof![
        9 => old,
        2 => any::<u64>().prop_map(Value::Counter64),
        1 => Just(Value::NoSuchObject),
        1 => Just(Value::NoSuchInstance),
        1 => Just(Value::EndOfMibView),
    ]
    .boxed()
}

fn varbind(version: Version) -> impl Strategy<Value = VarBind<'static>> {
    (oid_any(), value(version)).prop_map(|(name, value)| VarBind { name, value })
}

fn identifier(oid: &Oid) -> ObjectIdentifier {
    ObjectIdentifier::new(oid.arcs().to_vec()).unwrap()
}

fn oid(identifier: &ObjectIdentifier) -> Option<Oid> {
    Oid::new(identifier.as_ref().to_vec()).ok()
}

fn number(integer: &rasn::types::Integer) -> Option<i32> {
    i32::try_from(integer).ok()
}

/// The reference makes an Opaque of nothing but an ASN.1 value or a decoding.
fn opaque(octets: &[u8]) -> rasn_smi::v1::Opaque {
    let mut element = Vec::new();
    lcms_snmp::ber::put_element(&mut element, 0x44, octets);
    rasn::ber::decode(&element).unwrap()
}

fn v2_varbind(varbind: &VarBind<'_>) -> v2::VarBind {
    use rasn_smi::v2::{ApplicationSyntax, Counter64, ObjectSyntax, SimpleSyntax};

    let simple = |simple| v2::VarBindValue::Value(ObjectSyntax::Simple(simple));
    let wide = |wide| v2::VarBindValue::Value(ObjectSyntax::ApplicationWide(wide));
    let value = match &varbind.value {
        Value::Integer(n) => simple(SimpleSyntax::Integer((*n).into())),
        Value::OctetString(octets) => simple(SimpleSyntax::String(octets.to_vec().into())),
        Value::ObjectIdentifier(oid) => simple(SimpleSyntax::ObjectId(identifier(oid))),
        Value::IpAddress(octets) => wide(ApplicationSyntax::Address(rasn_smi::v1::IpAddress(
            FixedOctetString::new(*octets),
        ))),
        Value::Counter32(n) => wide(ApplicationSyntax::Counter(rasn_smi::v1::Counter(*n))),
        Value::Gauge32(n) => wide(ApplicationSyntax::Unsigned(rasn_smi::v1::Gauge(*n))),
        Value::TimeTicks(n) => wide(ApplicationSyntax::Ticks(rasn_smi::v1::TimeTicks(*n))),
        Value::Opaque(octets) => wide(ApplicationSyntax::Arbitrary(opaque(octets))),
        Value::Counter64(n) => wide(ApplicationSyntax::BigCounter(Counter64(*n))),
        Value::Null => v2::VarBindValue::Unspecified,
        Value::NoSuchObject => v2::VarBindValue::NoSuchObject,
        Value::NoSuchInstance => v2::VarBindValue::NoSuchInstance,
        Value::EndOfMibView => v2::VarBindValue::EndOfMibView,
    };
    v2::VarBind { name: identifier(&varbind.name), value }
}

fn from_v2(value: &v2::VarBindValue) -> Option<Value<'static>> {
    use rasn_smi::v2::{ApplicationSyntax, ObjectSyntax, SimpleSyntax};

    Some(match value {
        v2::VarBindValue::Value(ObjectSyntax::Simple(simple)) => match simple {
            SimpleSyntax::Integer(n) => Value::Integer(number(n)?),
            SimpleSyntax::String(octets) => Value::OctetString(octets.to_vec().into()),
            SimpleSyntax::ObjectId(id) => Value::ObjectIdentifier(Cow::Owned(oid(id)?)),
        },
        v2::VarBindValue::Value(ObjectSyntax::ApplicationWide(wide)) => match wide {
            ApplicationSyntax::Address(address) => Value::IpAddress(*address.0),
            ApplicationSyntax::Counter(n) => Value::Counter32(n.0),
            ApplicationSyntax::Ticks(n) => Value::TimeTicks(n.0),
            ApplicationSyntax::Arbitrary(octets) => Value::Opaque(octets.as_ref().to_vec().into()),
            ApplicationSyntax::BigCounter(n) => Value::Counter64(n.0),
            ApplicationSyntax::Unsigned(n) => Value::Gauge32(n.0),
        },
        v2::VarBindValue::Unspecified => Value::Null,
        v2::VarBindValue::NoSuchObject => Value::NoSuchObject,
        v2::VarBindValue::NoSuchInstance => Value::NoSuchInstance,
        v2::VarBindValue::EndOfMibView => Value::EndOfMibView,
    })
}

fn v1_varbind(varbind: &VarBind<'_>) -> v1::VarBind {
    use rasn_smi::v1::{ApplicationSyntax, NetworkAddress, ObjectSyntax, SimpleSyntax};

    let simple = ObjectSyntax::Simple;
    let wide = ObjectSyntax::ApplicationWide;
    let value = match &varbind.value {
        Value::Integer(n) => simple(SimpleSyntax::Number((*n).into())),
        Value::OctetString(octets) => simple(SimpleSyntax::String(octets.to_vec().into())),
        Value::ObjectIdentifier(oid) => simple(SimpleSyntax::Object(identifier(oid))),
        Value::Null => simple(SimpleSyntax::Empty),
        Value::IpAddress(octets) => wide(ApplicationSyntax::Address(NetworkAddress::Internet(
            rasn_smi::v1::IpAddress(FixedOctetString::new(*octets)),
        ))),
        Value::Counter32(n) => wide(ApplicationSyntax::Counter(rasn_smi::v1::Counter(*n))),
        Value::Gauge32(n) => wide(ApplicationSyntax::Gauge(rasn_smi::v1::Gauge(*n))),
        Value::TimeTicks(n) => wide(ApplicationSyntax::Ticks(rasn_smi::v1::TimeTicks(*n))),
        Value::Opaque(octets) => wide(ApplicationSyntax::Arbitrary(opaque(octets))),
        Value::Counter64(_) | Value::NoSuchObject | Value::NoSuchInstance | Value::EndOfMibView => {
            unreachable!("not in version 1")
        }
    };
    v1::VarBind { name: identifier(&varbind.name), value }
}

fn from_v1_list(varbinds: &[v1::VarBind]) -> Option<Vec<VarBind<'static>>> {
    use rasn_smi::v1::{ApplicationSyntax, NetworkAddress, ObjectSyntax, SimpleSyntax};

    let value = |value: &ObjectSyntax| {
        Some(match value {
            ObjectSyntax::Simple(SimpleSyntax::Number(n)) => Value::Integer(number(n)?),
            ObjectSyntax::Simple(SimpleSyntax::String(octets)) => {
                Value::OctetString(octets.to_vec().into())
            }
            ObjectSyntax::Simple(SimpleSyntax::Object(id)) => {
                Value::ObjectIdentifier(Cow::Owned(oid(id)?))
            }
            ObjectSyntax::Simple(SimpleSyntax::Empty) => Value::Null,
            ObjectSyntax::ApplicationWide(wide) => match wide {
                ApplicationSyntax::Address(NetworkAddress::Internet(address)) => {
                    Value::IpAddress(*address.0)
                }
                ApplicationSyntax::Counter(n) => Value::Counter32(n.0),
                ApplicationSyntax::Gauge(n) => Value::Gauge32(n.0),
                ApplicationSyntax::Ticks(n) => Value::TimeTicks(n.0),
                ApplicationSyntax::Arbitrary(octets) => {
                    Value::Opaque(octets.as_ref().to_vec().into())
                }
            },
        })
    };
    varbinds
        .iter()
        .map(|varbind| Some(VarBind { name: oid(&varbind.name)?, value: value(&varbind.value)? }))
        .collect()
}

/// A small damage to octets.
#[derive(Clone, Debug)]
pub enum Mutation {
    Set(prop::sample::Index, u8),
    Flip(prop::sample::Index, u8),
    Step(prop::sample::Index, i8),
    Insert(prop::sample::Index, u8),
    Remove(prop::sample::Index),
    Truncate(prop::sample::Index),
}

impl Mutation {
    pub fn any() -> impl Strategy<Value = Self> {
        use prop::sample::Index;

        let octet = prop_oneof![
            any::<u8>(),
            prop::sample::select(vec![0, 1, 0x7f, 0x80, 0x81, 0x82, 0x84, 0x85, 0xff])
        ];
        prop_oneof![
            3 => (any::<Index>(), octet.clone()).prop_map(|(at, octet)| Self::Set(at, octet)),
            3 => (any::<Index>(), 0..8_u8).prop_map(|(at, bit)| Self::Flip(at, bit)),
            3 => (any::<Index>(), -2..=2_i8).prop_map(|(at, step)| Self::Step(at, step)),
            1 => (any::<Index>(), octet).prop_map(|(at, octet)| Self::Insert(at, octet)),
            1 => any::<Index>().prop_map(Self::Remove),
            1 => any::<Index>().prop_map(Self::Truncate),
        ]
    }

    pub fn apply(&self, octets: &mut Vec<u8>) {
        if octets.is_empty() {
            return;
        }
        let len = octets.len();
        match self {
            Self::Set(at, octet) => octets[at.index(len)] = *octet,
            Self::Flip(at, bit) => octets[at.index(len)] ^= 1 << bit,
            Self::Step(at, step) => {
                let octet = &mut octets[at.index(len)];
                *octet = octet.wrapping_add_signed(*step);
            }
            Self::Insert(at, octet) => octets.insert(at.index(len), *octet),
            Self::Remove(at) => {
                octets.remove(at.index(len));
            }
            Self::Truncate(at) => octets.truncate(at.index(len)),
        }
    }
}
