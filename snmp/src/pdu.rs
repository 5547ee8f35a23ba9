//! PDUs (RFC 3416 §3, RFC 1157 §4.1) as they lie in a datagram.
//!
//! Decoding looks at every octet once and copies none. What it returns can be
//! read without any further error: the variable bindings are decoded a second
//! time as they are iterated, which costs less than keeping them would.

use std::borrow::Cow;

use crate::{
    Octets, PduKind, Value, VarBind, Version,
    ber::{BerError, RawOid, Reader, read, tag},
    message::DecodeError,
};

/// Any PDU but version 1's trap.
#[derive(Clone, Copy, Debug)]
pub struct Pdu<'a> {
    /// What it asks for or says; never `Trap`.
    pub kind: PduKind,
    /// By which a response is known to belong to its request.
    pub request_id: i32,
    /// The error-status; non-repeaters in a `GetBulkRequest`.
    pub error_status: i32,
    /// The error-index; max-repetitions in a `GetBulkRequest`. Both may be
    /// negative and then count as zero there (RFC 3416 §4.2.3).
    pub error_index: i32,
    /// The variable bindings.
    pub varbinds: VarBinds<'a>,
}

impl<'a> Pdu<'a> {
    /// Reads the PDU that the reader has come to. It is the last element of
    /// whatever holds it, so nothing may follow.
    pub fn decode(reader: Reader<'a>, version: Version) -> Result<Self, DecodeError> {
        let (kind, body) = open(reader, version)?;
        match kind {
            PduKind::Trap => Err(DecodeError::PduKind(kind.tag())),
            _ => Self::body(kind, body, version),
        }
    }

    pub(crate) fn body(
        kind: PduKind,
        mut body: Reader<'a>,
        version: Version,
    ) -> Result<Self, DecodeError> {
        Ok(Self {
            kind,
            request_id: body.integer()?,
            error_status: body.integer()?,
            error_index: body.integer()?,
            varbinds: VarBinds::decode(body, version)?,
        })
    }
}

/// The kind of the PDU that is next and last, and its content.
pub(crate) fn open(
    mut reader: Reader<'_>,
    version: Version,
) -> Result<(PduKind, Reader<'_>), DecodeError> {
    let (tag, content) = reader.any()?;
    reader.end()?;
    let kind = PduKind::from_tag(version, tag).ok_or(DecodeError::PduKind(tag))?;
    Ok((kind, Reader::new(content)))
}

/// The Trap-PDU of version 1 (RFC 1157 §4.1.6).
#[derive(Clone, Copy, Debug)]
pub struct TrapPdu<'a> {
    /// The sysObjectID of the sender, or what the trap is defined under.
    pub enterprise: RawOid<'a>,
    /// The sender's address as it knows it.
    pub agent_addr: [u8; 4],
    /// generic-trap; 6 is enterpriseSpecific.
    pub generic: i32,
    /// specific-trap.
    pub specific: i32,
    /// The sender's sysUpTime.
    pub timestamp: u32,
    /// The variable bindings.
    pub varbinds: VarBinds<'a>,
}

impl<'a> TrapPdu<'a> {
    pub(crate) fn body(mut body: Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            enterprise: body.oid()?,
            agent_addr: address(body.element(tag::IP_ADDRESS)?)?,
            generic: body.integer()?,
            specific: body.integer()?,
            timestamp: read::unsigned32(body.element(tag::TIME_TICKS)?)?,
            varbinds: VarBinds::decode(body, Version::V1)?,
        })
    }
}

/// A list of variable bindings, all of them valid.
#[derive(Clone, Copy, Debug, Default)]
pub struct VarBinds<'a> {
    octets: &'a [u8],
    len: usize,
}

impl<'a> VarBinds<'a> {
    /// Reads the list that the reader has come to; nothing may follow.
    fn decode(mut reader: Reader<'a>, version: Version) -> Result<Self, DecodeError> {
        let list = reader.within(tag::SEQUENCE)?;
        reader.end()?;
        let mut len = 0;
        let mut rest = list;
        while !rest.is_empty() {
            let (_, value) = varbind(&mut rest, RawOid::new)?;
            if version == Version::V1 && !value.is_in_v1() {
                return Err(DecodeError::NotInV1);
            }
            len += 1;
        }
        Ok(Self { octets: list.rest(), len })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The encoded list without its own header, for repeating it verbatim.
    pub fn as_octets(&self) -> &'a [u8] {
        self.octets
    }

    /// The bindings in their order. An OBJECT IDENTIFIER as a value is the one
    /// thing that costs an allocation here.
    pub fn iter(&self) -> impl Iterator<Item = RawVarBind<'a>> + Clone + use<'a> {
        self.raw().map(|(name, value)| RawVarBind { name, value: value.into_value() })
    }

    /// Their names alone, which is all that a request to read means.
    pub fn names(&self) -> impl Iterator<Item = RawOid<'a>> + Clone + use<'a> {
        self.raw().map(|(name, _)| name)
    }

    /// Owned copies.
    pub fn to_vec(&self) -> Vec<VarBind<'static>> {
        let owned = |raw: RawVarBind<'_>| VarBind {
            name: raw.name.to_oid(),
            value: raw.value.into_owned(),
        };
        self.iter().map(owned).collect()
    }

    fn raw(&self) -> impl Iterator<Item = (RawOid<'a>, RawValue<'a>)> + Clone + use<'a> {
        let mut rest = Reader::new(self.octets);
        // `decode` has been through the same octets, so the end is the end.
        std::iter::from_fn(move || varbind(&mut rest, |oid| Ok(RawOid::validated(oid))).ok())
    }
}

/// A variable binding in a datagram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawVarBind<'a> {
    /// The whole name.
    pub name: RawOid<'a>,
    /// Its value.
    pub value: Value<'a>,
}

/// A value whose OBJECT IDENTIFIER is still encoded, so that it can be
/// validated without an allocation.
#[derive(Clone, Copy)]
enum RawValue<'a> {
    Integer(i32),
    OctetString(&'a [u8]),
    Null,
    ObjectIdentifier(RawOid<'a>),
    IpAddress([u8; 4]),
    Counter32(u32),
    Gauge32(u32),
    TimeTicks(u32),
    Opaque(&'a [u8]),
    Counter64(u64),
    NoSuchObject,
    NoSuchInstance,
    EndOfMibView,
}

impl<'a> RawValue<'a> {
    fn decode(
        tag: u8,
        content: &'a [u8],
        oid: impl Fn(&'a [u8]) -> Result<RawOid<'a>, BerError>,
    ) -> Result<Self, BerError> {
        let empty = |value| match content {
            [] => Ok(value),
            _ => Err(BerError::Size),
        };
        match tag {
            tag::INTEGER => read::signed(content).map(Self::Integer),
            tag::OCTET_STRING => Ok(Self::OctetString(content)),
            tag::NULL => empty(Self::Null),
            tag::OBJECT_IDENTIFIER => oid(content).map(Self::ObjectIdentifier),
            tag::IP_ADDRESS => address(content).map(Self::IpAddress),
            tag::COUNTER32 => read::unsigned32(content).map(Self::Counter32),
            tag::GAUGE32 => read::unsigned32(content).map(Self::Gauge32),
            tag::TIME_TICKS => read::unsigned32(content).map(Self::TimeTicks),
            tag::OPAQUE => Ok(Self::Opaque(content)),
            tag::COUNTER64 => read::unsigned64(content).map(Self::Counter64),
            tag::NO_SUCH_OBJECT => empty(Self::NoSuchObject),
            tag::NO_SUCH_INSTANCE => empty(Self::NoSuchInstance),
            tag::END_OF_MIB_VIEW => empty(Self::EndOfMibView),
            _ => Err(BerError::Tag(tag)),
        }
    }

    /// RFC 1155 §3.2.3 has no Counter64, and RFC 1157 §4.1.1 no exceptions.
    fn is_in_v1(self) -> bool {
        !matches!(
            self,
            Self::Counter64(_) | Self::NoSuchObject | Self::NoSuchInstance | Self::EndOfMibView
        )
    }

    fn into_value(self) -> Value<'a> {
        match self {
            Self::Integer(n) => Value::Integer(n),
            Self::OctetString(octets) => Value::OctetString(Octets::from(octets)),
            Self::Null => Value::Null,
            Self::ObjectIdentifier(oid) => Value::ObjectIdentifier(Cow::Owned(oid.to_oid())),
            Self::IpAddress(octets) => Value::IpAddress(octets),
            Self::Counter32(n) => Value::Counter32(n),
            Self::Gauge32(n) => Value::Gauge32(n),
            Self::TimeTicks(n) => Value::TimeTicks(n),
            Self::Opaque(octets) => Value::Opaque(Octets::from(octets)),
            Self::Counter64(n) => Value::Counter64(n),
            Self::NoSuchObject => Value::NoSuchObject,
            Self::NoSuchInstance => Value::NoSuchInstance,
            Self::EndOfMibView => Value::EndOfMibView,
        }
    }
}

/// Reads a variable binding; `oid` says how much of an OID is still to be
/// believed.
fn varbind<'a>(
    list: &mut Reader<'a>,
    oid: impl Fn(&'a [u8]) -> Result<RawOid<'a>, BerError>,
) -> Result<(RawOid<'a>, RawValue<'a>), BerError> {
    let mut varbind = list.within(tag::SEQUENCE)?;
    let name = oid(varbind.element(tag::OBJECT_IDENTIFIER)?)?;
    let (tag, content) = varbind.any()?;
    varbind.end()?;
    Ok((name, RawValue::decode(tag, content, oid)?))
}

fn address(content: &[u8]) -> Result<[u8; 4], BerError> {
    content.try_into().map_err(|_| BerError::Size)
}
