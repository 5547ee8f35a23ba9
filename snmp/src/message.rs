//! Messages: version, and what the version says of the rest.
//!
//! [`open`] is the entrance for a datagram of unknown version. It looks no
//! further than the version before it decides who reads the rest: community
//! messages of versions 1 and 2c are decoded here and now; a version 3 message is
//! handed on whole, because its security model signs it whole, so a reader for it
//! takes its place beside this module without any caller changing more than one
//! arm of a `match`.
//!
//! Octets behind the message are ignored, as net-snmp ignores them: some stacks
//! hand over the padding of short frames. Inside the message nothing may trail.

use std::fmt;

use thiserror::Error;

use crate::{
    PduKind, VarBind, Version,
    ber::{
        BerError, Front, Reader, put_element, put_integer, put_oid, put_unsigned, put_varbind, tag,
    },
    pdu::{self, Pdu, TrapPdu},
    writer::{PduWriter, community_front, community_room},
};

/// Why a datagram is no message that can be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// No version that this entrance reads; counts as `snmpInBadVersions`.
    #[error("version {0} is not spoken here")]
    Version(i32),
    /// No BER, or not the message's ASN.1; counts as `snmpInASNParseErrs`.
    #[error(transparent)]
    Ber(#[from] BerError),
    /// A PDU type that the message's version does not have; counts as
    /// `snmpInASNParseErrs`.
    #[error("PDU type {0:#04x} is unknown in this version")]
    PduKind(u8),
    /// A Counter64 or an exception in a version 1 message; counts as
    /// `snmpInASNParseErrs`.
    #[error("a version 1 message holds a value of version 2")]
    NotInV1,
}

/// What a datagram holds, as far as its version tells.
#[derive(Clone, Copy, Debug)]
pub enum Envelope<'a> {
    /// A version 1 or 2c message, entirely decoded.
    Community(Message<'a>),
    /// A version 1 trap, whose PDU is like no other.
    TrapV1(TrapMessage<'a>),
    /// A version 3 message, of which only the version has been read: the whole
    /// outermost element, without what follows it.
    V3(&'a [u8]),
}

/// A message of version 1 or 2c (RFC 1157 §4, RFC 1901 §3).
#[derive(Clone, Copy)]
pub struct Message<'a> {
    /// `V1` or `V2c`.
    pub version: Version,
    /// The community name; a secret.
    pub community: &'a [u8],
    /// The rest.
    pub pdu: Pdu<'a>,
}

/// A version 1 trap.
#[derive(Clone, Copy)]
pub struct TrapMessage<'a> {
    /// The community name; a secret.
    pub community: &'a [u8],
    /// The rest.
    pub trap: TrapPdu<'a>,
}

/// Decodes a datagram of any version.
pub fn open(datagram: &[u8]) -> Result<Envelope<'_>, DecodeError> {
    let mut outside = Reader::new(datagram);
    let mut message = outside.within(tag::SEQUENCE)?;
    let number = message.integer()?;
    let version = Version::from_number(number).ok_or(DecodeError::Version(number))?;
    if version == Version::V3 {
        let length = datagram.len().saturating_sub(outside.rest().len());
        return Ok(Envelope::V3(datagram.get(..length).unwrap_or_default()));
    }
    let community = message.octets()?;
    let (kind, body) = pdu::open(message, version)?;
    if kind == PduKind::Trap {
        return Ok(Envelope::TrapV1(TrapMessage { community, trap: TrapPdu::body(body)? }));
    }
    let pdu = Pdu::body(kind, body, version)?;
    Ok(Envelope::Community(Message { version, community, pdu }))
}

/// Decodes a community message, for those who expect nothing else: version 3 is
/// a version not spoken here, and a version 1 trap a PDU that is not known.
pub fn decode(datagram: &[u8]) -> Result<Message<'_>, DecodeError> {
    match open(datagram)? {
        Envelope::Community(message) => Ok(message),
        Envelope::TrapV1(_) => Err(DecodeError::PduKind(PduKind::Trap.tag())),
        Envelope::V3(_) => Err(DecodeError::Version(Version::V3.number())),
    }
}

impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { version, community: _, pdu } = self;
        f.debug_struct("Message")
            .field("version", version)
            .field("pdu", pdu)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for TrapMessage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrapMessage").field("trap", &self.trap).finish_non_exhaustive()
    }
}

/// A community message to be sent.
#[derive(Clone, Copy)]
pub struct OutMessage<'a> {
    /// `V1` or `V2c`; nobody understands a community message of version 3.
    pub version: Version,
    /// The community name; a secret.
    pub community: &'a [u8],
    /// The PDU's kind; version 1's trap is written by [`encode_trap`].
    pub kind: PduKind,
    /// By which the response will be known.
    pub request_id: i32,
    /// The error-status; non-repeaters in a `GetBulkRequest`.
    pub error_status: i32,
    /// The error-index; max-repetitions in a `GetBulkRequest`.
    pub error_index: i32,
    /// The variable bindings; their values are `Null` in a request to read.
    pub varbinds: &'a [VarBind<'a>],
}

/// Encodes a message, for those who send now and then; an agent's responses are
/// written by [`crate::ResponseWriter`].
pub fn encode(message: &OutMessage<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    let head_room = community_room(message.community);
    let (kind, id) = (message.kind, message.request_id);
    let mut pdu = PduWriter::new(&mut out, head_room, usize::MAX, kind, id);
    for VarBind { name, value } in message.varbinds {
        pdu.push(name, value);
    }
    let mut front = pdu.finish(message.error_status, message.error_index);
    community_front(&mut front, message.version, message.community);
    front.into_whole();
    out
}

/// What a version 1 trap says of itself, as in [`TrapPdu`].
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "as in TrapPdu")]
pub struct TrapFields<'a> {
    pub enterprise: &'a [u32],
    pub agent_addr: [u8; 4],
    pub generic: i32,
    pub specific: i32,
    pub timestamp: u32,
}

/// Encodes a version 1 trap.
pub fn encode_trap(community: &[u8], trap: &TrapFields<'_>, varbinds: &[VarBind<'_>]) -> Vec<u8> {
    let mut list = Vec::new();
    for VarBind { name, value } in varbinds {
        put_varbind(&mut list, name, value);
    }
    let start = community_room(community) + 8;
    let mut out = vec![0; start];
    put_oid(&mut out, trap.enterprise);
    put_element(&mut out, tag::IP_ADDRESS, &trap.agent_addr);
    put_integer(&mut out, trap.generic);
    put_integer(&mut out, trap.specific);
    put_unsigned(&mut out, tag::TIME_TICKS, trap.timestamp.into());
    put_element(&mut out, tag::SEQUENCE, &list);
    let mut front = Front::new(&mut out, start);
    front.wrap(PduKind::Trap.tag());
    community_front(&mut front, Version::V1, community);
    front.into_whole();
    out
}
