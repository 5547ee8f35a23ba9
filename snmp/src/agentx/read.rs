//! Reading packets.

use std::borrow::Cow;

use thiserror::Error;

use super::{HEADER, Header, Kind, MOST, Order, Packet, Pdu, Registration, SearchRange};
use crate::{Octets, Oid, Value, VarBind};

/// Why octets are no packet of AgentX.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AgentxError {
    /// Another version than 1.
    #[error("AgentX version {0} is not spoken here")]
    Version(u8),
    /// A PDU type that RFC 2741 does not have.
    #[error("there is no AgentX PDU of type {0}")]
    Kind(u8),
    /// A payload longer than any packet may be, or no multiple of four.
    #[error("a packet has {0} octets of payload")]
    Length(u32),
    /// Something is longer than what holds it.
    #[error("a packet is cut short")]
    Truncated,
    /// Octets are left behind a PDU that is complete.
    #[error("octets trail behind a PDU")]
    Trailing,
    /// More than 128 sub-identifiers, or a name that is none.
    #[error("an OBJECT IDENTIFIER is malformed")]
    Oid,
    /// A type of value that SNMP does not have.
    #[error("there is no value of type {0}")]
    Type(u16),
    /// An IpAddress that has not four octets.
    #[error("a value of fixed size has another size")]
    Size,
}

const NON_DEFAULT_CONTEXT: u8 = 1 << 3;
const NETWORK_BYTE_ORDER: u8 = 1 << 4;
const INSTANCE_REGISTRATION: u8 = 1;
const NEW_INDEX: u8 = 1 << 1;
const ANY_INDEX: u8 = 1 << 2;

/// The whole length of the packet that begins here, or `None` until its header
/// has come.
pub fn packet_len(received: &[u8]) -> Result<Option<usize>, AgentxError> {
    if let Some(&version) = received.first()
        && version != 1
    {
        return Err(AgentxError::Version(version));
    }
    let Some(header) = received.get(..HEADER) else { return Ok(None) };
    let (_, _, length) = read_header(header)?;
    Ok(Some(HEADER + length))
}

/// Decodes one whole packet.
pub fn decode(octets: &[u8]) -> Result<Packet, AgentxError> {
    let (header, payload) = octets.split_at_checked(HEADER).ok_or(AgentxError::Truncated)?;
    let (kind, header, length) = read_header(header)?;
    let payload = payload.get(..length).ok_or(AgentxError::Truncated)?;
    if octets.len() > HEADER + length {
        return Err(AgentxError::Trailing);
    }
    let mut reader = Reader { rest: payload, order: header.1.order };
    let flags = header.0;
    let pdu = read_pdu(kind, flags, &mut reader)?;
    match reader.rest {
        [] => Ok(Packet { header: header.1, pdu }),
        _ => Err(AgentxError::Trailing),
    }
}

fn read_header(octets: &[u8]) -> Result<(Kind, (u8, Header), usize), AgentxError> {
    let mut reader = Reader { rest: octets, order: Order::Network };
    let [version, kind, flags, _] = reader.array()?;
    if version != 1 {
        return Err(AgentxError::Version(version));
    }
    let kind = Kind::from_number(kind).ok_or(AgentxError::Kind(kind))?;
    if flags & NETWORK_BYTE_ORDER == 0 {
        reader.order = Order::Little;
    }
    let header = Header {
        order: reader.order,
        session: reader.long()?,
        transaction: reader.long()?,
        packet: reader.long()?,
    };
    let length = reader.long()?;
    match usize::try_from(length) {
        Ok(fits) if fits <= MOST && fits % 4 == 0 => Ok((kind, (flags, header), fits)),
        _ => Err(AgentxError::Length(length)),
    }
}

fn read_pdu(kind: Kind, flags: u8, reader: &mut Reader<'_>) -> Result<Pdu, AgentxError> {
    let has_context = !matches!(
        kind,
        Kind::Open
            | Kind::Close
            | Kind::CommitSet
            | Kind::UndoSet
            | Kind::CleanupSet
            | Kind::Response
    );
    let context = match has_context && flags & NON_DEFAULT_CONTEXT != 0 {
        true => Some(reader.octets()?.to_vec()),
        false => None,
    };
    Ok(match kind {
        Kind::Open => {
            let [timeout, ..] = reader.array::<4>()?;
            Pdu::Open { timeout, id: reader.oid()?.0, description: reader.octets()?.to_vec() }
        }
        Kind::Close => {
            let [reason, ..] = reader.array::<4>()?;
            Pdu::Close { reason }
        }
        Kind::Register => Pdu::Register {
            context,
            registration: reader.registration()?,
            instance: flags & INSTANCE_REGISTRATION != 0,
        },
        Kind::Unregister => Pdu::Unregister { context, registration: reader.registration()? },
        Kind::Get => Pdu::Get { context, ranges: reader.ranges()? },
        Kind::GetNext => Pdu::GetNext { context, ranges: reader.ranges()? },
        Kind::GetBulk => Pdu::GetBulk {
            context,
            non_repeaters: reader.short()?,
            max_repetitions: reader.short()?,
            ranges: reader.ranges()?,
        },
        Kind::TestSet => Pdu::TestSet { context, varbinds: reader.varbinds()? },
        Kind::CommitSet => Pdu::CommitSet,
        Kind::UndoSet => Pdu::UndoSet,
        Kind::CleanupSet => Pdu::CleanupSet,
        Kind::Notify => Pdu::Notify { context, varbinds: reader.varbinds()? },
        Kind::Ping => Pdu::Ping { context },
        Kind::IndexAllocate => Pdu::IndexAllocate {
            context,
            varbinds: reader.varbinds()?,
            new: flags & NEW_INDEX != 0,
            any: flags & ANY_INDEX != 0,
        },
        Kind::IndexDeallocate => Pdu::IndexDeallocate { context, varbinds: reader.varbinds()? },
        Kind::AddAgentCaps => Pdu::AddAgentCaps {
            context,
            id: reader.oid()?.0,
            description: reader.octets()?.to_vec(),
        },
        Kind::RemoveAgentCaps => Pdu::RemoveAgentCaps { context, id: reader.oid()?.0 },
        Kind::Response => Pdu::Response {
            up_time: reader.long()?,
            error: reader.short()?,
            index: reader.short()?,
            varbinds: reader.varbinds()?,
        },
    })
}

struct Reader<'a> {
    rest: &'a [u8],
    order: Order,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], AgentxError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(AgentxError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], AgentxError> {
        self.take(N)?.try_into().map_err(|_| AgentxError::Truncated)
    }

    fn short(&mut self) -> Result<u16, AgentxError> {
        let octets = self.array()?;
        Ok(match self.order {
            Order::Network => u16::from_be_bytes(octets),
            Order::Little => u16::from_le_bytes(octets),
        })
    }

    fn long(&mut self) -> Result<u32, AgentxError> {
        let octets = self.array()?;
        Ok(match self.order {
            Order::Network => u32::from_be_bytes(octets),
            Order::Little => u32::from_le_bytes(octets),
        })
    }

    fn octets(&mut self) -> Result<&'a [u8], AgentxError> {
        let length = usize::try_from(self.long()?).map_err(|_| AgentxError::Truncated)?;
        let octets = self.take(length)?;
        // Padding to four octets; what it holds means nothing.
        self.take(length.next_multiple_of(4) - length)?;
        Ok(octets)
    }

    /// An OID and its include field.
    fn oid(&mut self) -> Result<(Vec<u32>, bool), AgentxError> {
        let [count, prefix, include, _] = self.array()?;
        let mut arcs = match prefix {
            0 => Vec::new(),
            prefix => vec![1, 3, 6, 1, u32::from(prefix)],
        };
        if arcs.len() + usize::from(count) > Oid::MAX_ARCS {
            return Err(AgentxError::Oid);
        }
        for _ in 0..count {
            arcs.push(self.long()?);
        }
        Ok((arcs, include != 0))
    }

    fn registration(&mut self) -> Result<Registration, AgentxError> {
        let [timeout, priority, range, _] = self.array()?;
        let (subtree, _) = self.oid()?;
        let upper = if range == 0 { 0 } else { self.long()? };
        Ok(Registration { timeout, priority, range, subtree, upper })
    }

    fn ranges(&mut self) -> Result<Vec<SearchRange>, AgentxError> {
        let mut ranges = Vec::new();
        while !self.rest.is_empty() {
            let (start, include) = self.oid()?;
            let (end, _) = self.oid()?;
            ranges.push(SearchRange { start, include, end });
        }
        Ok(ranges)
    }

    fn varbinds(&mut self) -> Result<Vec<VarBind<'static>>, AgentxError> {
        let mut varbinds = Vec::new();
        while !self.rest.is_empty() {
            let kind = self.short()?;
            self.short()?;
            let (name, _) = self.oid()?;
            let name = Oid::new(name).map_err(|_| AgentxError::Oid)?;
            varbinds.push(VarBind { name, value: self.value(kind)? });
        }
        Ok(varbinds)
    }

    fn value(&mut self, kind: u16) -> Result<Value<'static>, AgentxError> {
        Ok(match kind {
            2 => Value::Integer(self.long()?.cast_signed()),
            4 => Value::OctetString(Octets::copied(self.octets()?)),
            5 => Value::Null,
            6 => {
                let (arcs, _) = self.oid()?;
                // The null OID is written without any sub-identifier.
                let oid = if arcs.is_empty() { Ok(Oid::null()) } else { Oid::new(arcs) };
                Value::ObjectIdentifier(Cow::Owned(oid.map_err(|_| AgentxError::Oid)?))
            }
            64 => Value::IpAddress(self.octets()?.try_into().map_err(|_| AgentxError::Size)?),
            65 => Value::Counter32(self.long()?),
            66 => Value::Gauge32(self.long()?),
            67 => Value::TimeTicks(self.long()?),
            68 => Value::Opaque(Octets::copied(self.octets()?)),
            70 => {
                let (first, second) = (u64::from(self.long()?), u64::from(self.long()?));
                Value::Counter64(match self.order {
                    Order::Network => first << 32 | second,
                    Order::Little => second << 32 | first,
                })
            }
            128 => Value::NoSuchObject,
            129 => Value::NoSuchInstance,
            130 => Value::EndOfMibView,
            _ => return Err(AgentxError::Type(kind)),
        })
    }
}
