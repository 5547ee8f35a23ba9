//! Writing packets.

use super::{Order, Packet, Pdu, Registration, SearchRange};
use crate::{Value, VarBind};

const INSTANCE_REGISTRATION: u8 = 1;
const NEW_INDEX: u8 = 1 << 1;
const ANY_INDEX: u8 = 1 << 2;
const NON_DEFAULT_CONTEXT: u8 = 1 << 3;
const NETWORK_BYTE_ORDER: u8 = 1 << 4;

impl Packet {
    /// The packet's octets.
    pub fn encode(&self) -> Vec<u8> {
        let order = self.header.order;
        let mut payload = Writer { out: Vec::new(), order };
        let mut flags = match order {
            Order::Network => NETWORK_BYTE_ORDER,
            Order::Little => 0,
        };
        if let Some(context) = self.pdu.context() {
            flags |= NON_DEFAULT_CONTEXT;
            payload.octets(context);
        }
        match &self.pdu {
            Pdu::Register { instance: true, .. } => flags |= INSTANCE_REGISTRATION,
            Pdu::IndexAllocate { new, any, .. } => {
                flags |= if *new { NEW_INDEX } else { 0 } | if *any { ANY_INDEX } else { 0 };
            }
            _ => {}
        }
        payload.pdu(&self.pdu);
        let mut whole =
            Writer { out: Vec::with_capacity(super::HEADER + payload.out.len()), order };
        whole.out.extend_from_slice(&[1, self.pdu.kind() as u8, flags, 0]);
        whole.long(self.header.session);
        whole.long(self.header.transaction);
        whole.long(self.header.packet);
        // A packet of more than 4 GiB does not come about.
        whole.long(u32::try_from(payload.out.len()).unwrap_or(u32::MAX));
        whole.out.append(&mut payload.out);
        whole.out
    }
}

struct Writer {
    out: Vec<u8>,
    order: Order,
}

impl Writer {
    fn pdu(&mut self, pdu: &Pdu) {
        match pdu {
            Pdu::Open { timeout, id, description } => {
                self.out.extend_from_slice(&[*timeout, 0, 0, 0]);
                self.oid(id, false);
                self.octets(description);
            }
            Pdu::Close { reason } => self.out.extend_from_slice(&[*reason, 0, 0, 0]),
            Pdu::Register { registration, .. } | Pdu::Unregister { registration, .. } => {
                self.registration(registration);
            }
            Pdu::Get { ranges, .. } | Pdu::GetNext { ranges, .. } => self.ranges(ranges),
            Pdu::GetBulk { non_repeaters, max_repetitions, ranges, .. } => {
                self.short(*non_repeaters);
                self.short(*max_repetitions);
                self.ranges(ranges);
            }
            Pdu::TestSet { varbinds, .. }
            | Pdu::Notify { varbinds, .. }
            | Pdu::IndexAllocate { varbinds, .. }
            | Pdu::IndexDeallocate { varbinds, .. } => self.varbinds(varbinds),
            Pdu::CommitSet | Pdu::UndoSet | Pdu::CleanupSet | Pdu::Ping { .. } => {}
            Pdu::AddAgentCaps { id, description, .. } => {
                self.oid(id, false);
                self.octets(description);
            }
            Pdu::RemoveAgentCaps { id, .. } => self.oid(id, false),
            Pdu::Response { up_time, error, index, varbinds } => {
                self.long(*up_time);
                self.short(*error);
                self.short(*index);
                self.varbinds(varbinds);
            }
        }
    }

    fn short(&mut self, number: u16) {
        self.out.extend_from_slice(&match self.order {
            Order::Network => number.to_be_bytes(),
            Order::Little => number.to_le_bytes(),
        });
    }

    fn long(&mut self, number: u32) {
        self.out.extend_from_slice(&match self.order {
            Order::Network => number.to_be_bytes(),
            Order::Little => number.to_le_bytes(),
        });
    }

    fn octets(&mut self, octets: &[u8]) {
        self.long(u32::try_from(octets.len()).unwrap_or(u32::MAX));
        self.out.extend_from_slice(octets);
        self.out.resize(self.out.len().next_multiple_of(4), 0);
    }

    fn oid(&mut self, arcs: &[u32], include: bool) {
        // What begins with 1.3.6.1 and a number of one octet is written shorter.
        let (prefix, rest) = match arcs {
            [1, 3, 6, 1, next @ 1..=255, rest @ ..] => (*next as u8, rest),
            _ => (0, arcs),
        };
        // The count is an octet; nobody makes names that long.
        let rest = rest.get(..255).unwrap_or(rest);
        self.out.extend_from_slice(&[rest.len() as u8, prefix, include.into(), 0]);
        rest.iter().for_each(|arc| self.long(*arc));
    }

    fn registration(&mut self, registration: &Registration) {
        let Registration { timeout, priority, range, subtree, upper } = registration;
        self.out.extend_from_slice(&[*timeout, *priority, *range, 0]);
        self.oid(subtree, false);
        if *range != 0 {
            self.long(*upper);
        }
    }

    fn ranges(&mut self, ranges: &[SearchRange]) {
        for SearchRange { start, include, end } in ranges {
            self.oid(start, *include);
            self.oid(end, false);
        }
    }

    fn varbinds(&mut self, varbinds: &[VarBind<'_>]) {
        for VarBind { name, value } in varbinds {
            self.short(kind(value));
            self.short(0);
            self.oid(name, false);
            self.value(value);
        }
    }

    fn value(&mut self, value: &Value<'_>) {
        match value {
            Value::Integer(n) => self.long(n.cast_unsigned()),
            Value::OctetString(octets) | Value::Opaque(octets) => self.octets(octets),
            // The null OID is written without any sub-identifier.
            Value::ObjectIdentifier(oid) if ***oid == [0, 0] => self.oid(&[], false),
            Value::ObjectIdentifier(oid) => self.oid(oid, false),
            Value::IpAddress(octets) => self.octets(octets),
            Value::Counter32(n) | Value::Gauge32(n) | Value::TimeTicks(n) => self.long(*n),
            Value::Counter64(n) => self.out.extend_from_slice(&match self.order {
                Order::Network => n.to_be_bytes(),
                Order::Little => n.to_le_bytes(),
            }),
            Value::Null | Value::NoSuchObject | Value::NoSuchInstance | Value::EndOfMibView => {}
        }
    }
}

fn kind(value: &Value<'_>) -> u16 {
    match value {
        Value::Integer(_) => 2,
        Value::OctetString(_) => 4,
        Value::Null => 5,
        Value::ObjectIdentifier(_) => 6,
        Value::IpAddress(_) => 64,
        Value::Counter32(_) => 65,
        Value::Gauge32(_) => 66,
        Value::TimeTicks(_) => 67,
        Value::Opaque(_) => 68,
        Value::Counter64(_) => 70,
        Value::NoSuchObject => 128,
        Value::NoSuchInstance => 129,
        Value::EndOfMibView => 130,
    }
}
