// What the generated code shares. It is part of the generated text, so that the
// text needs nothing but lcms-snmp.

use std::{borrow::Cow, cmp::Ordering};

use lcms_snmp::{
    Octets, Oid, Value, VarBind,
    object::{Base, Entry, IndexPart, SyntaxError},
};

pub(super) fn integer(value: &Value<'_>) -> Result<i32, SyntaxError> {
    match value {
        Value::Integer(n) => Ok(*n),
        _ => Err(SyntaxError::WrongType),
    }
}

pub(super) fn unsigned(value: &Value<'_>) -> Result<u32, SyntaxError> {
    match value {
        Value::Gauge32(n) | Value::Counter32(n) | Value::TimeTicks(n) => Ok(*n),
        _ => Err(SyntaxError::WrongType),
    }
}

pub(super) fn counter64(value: &Value<'_>) -> Result<u64, SyntaxError> {
    match value {
        Value::Counter64(n) => Ok(*n),
        _ => Err(SyntaxError::WrongType),
    }
}

pub(super) fn ip_address(value: &Value<'_>) -> Result<[u8; 4], SyntaxError> {
    match value {
        Value::IpAddress(octets) => Ok(*octets),
        _ => Err(SyntaxError::WrongType),
    }
}

pub(super) fn oid(value: &Value<'_>) -> Result<Oid, SyntaxError> {
    match value {
        Value::ObjectIdentifier(oid) => Ok(Oid::clone(oid)),
        _ => Err(SyntaxError::WrongType),
    }
}

pub(super) fn octets(value: &Value<'_>) -> Result<Vec<u8>, SyntaxError> {
    match value {
        Value::OctetString(octets) | Value::Opaque(octets) => Ok(octets.to_vec()),
        _ => Err(SyntaxError::WrongType),
    }
}

pub(super) fn text(value: &Value<'_>) -> Result<String, SyntaxError> {
    String::from_utf8(octets(value)?).map_err(|_| SyntaxError::WrongValue)
}

// TruthValue of RFC 2579.
pub(super) fn truth(value: &Value<'_>) -> Result<bool, SyntaxError> {
    match integer(value)? {
        1 => Ok(true),
        2 => Ok(false),
        _ => Err(SyntaxError::WrongValue),
    }
}

pub(super) fn truth_value(truth: bool) -> Value<'static> {
    Value::Integer(if truth { 1 } else { 2 })
}

pub(super) fn push_octets(octets: &[u8], bare: bool, out: &mut Vec<u32>) {
    if !bare {
        out.push(octets.len() as u32);
    }
    out.extend(octets.iter().copied().map(u32::from));
}

pub(super) fn push_arcs(arcs: &[u32], bare: bool, out: &mut Vec<u32>) {
    if !bare {
        out.push(arcs.len() as u32);
    }
    out.extend_from_slice(arcs);
}

// A length in front is compared first, as it is in the OID.
pub(super) fn sequence_order<T: Ord>(a: &[T], b: &[T], bare: bool) -> Ordering {
    match bare {
        true => a.cmp(b),
        false => a.len().cmp(&b.len()).then_with(|| a.cmp(b)),
    }
}

// Reads one component of an index from the front of `rest`.
pub(super) fn component(part: &IndexPart, rest: &mut &[u32]) -> Option<Value<'static>> {
    let value = match part.syntax.base {
        Base::Integer32 => Value::Integer(i32::try_from(arc(rest)?).ok()?),
        Base::Gauge32 => Value::Gauge32(arc(rest)?),
        Base::Counter32 => Value::Counter32(arc(rest)?),
        Base::TimeTicks => Value::TimeTicks(arc(rest)?),
        Base::Counter64 => Value::Counter64(u64::from(arc(rest)?)),
        Base::IpAddress => {
            let mut address = [0; 4];
            for octet in &mut address {
                *octet = u8::try_from(arc(rest)?).ok()?;
            }
            Value::IpAddress(address)
        }
        // `arcs` reads these.
        Base::ObjectIdentifier => return None,
        Base::OctetString | Base::Bits => Value::OctetString(octet_arcs(sequence(part, rest)?)?),
        Base::Opaque => Value::Opaque(octet_arcs(sequence(part, rest)?)?),
    };
    part.syntax.check(&value).ok()?;
    Some(value)
}

// The same for an OBJECT IDENTIFIER, of which an index can have less than the two
// sub-identifiers that BER needs: the subtree of everything is 1.
pub(super) fn arcs(part: &IndexPart, rest: &mut &[u32]) -> Option<Vec<u32>> {
    let arcs = sequence(part, rest)?;
    let is_root = matches!(arcs, [] | [0..=2]);
    (is_root || Oid::new(arcs).is_ok()).then(|| arcs.to_vec())
}

fn arc(rest: &mut &[u32]) -> Option<u32> {
    let (first, others) = rest.split_first()?;
    *rest = others;
    Some(*first)
}

fn sequence<'a>(part: &IndexPart, rest: &mut &'a [u32]) -> Option<&'a [u32]> {
    let len = match (part.bare, part.syntax.sizes) {
        (false, _) => usize::try_from(arc(rest)?).ok()?,
        (true, [(low, high)]) if low == high => usize::try_from(*low).ok()?,
        (true, _) => rest.len(),
    };
    let (taken, others) = rest.split_at_checked(len)?;
    *rest = others;
    Some(taken)
}

fn octet_arcs(arcs: &[u32]) -> Option<Octets<'static>> {
    let octets: Result<Vec<u8>, _> = arcs.iter().map(|&arc| u8::try_from(arc)).collect();
    Some(Octets::from(octets.ok()?))
}

// A variable binding of a notification.
pub(super) fn bind(
    entry: &Entry,
    arc: u32,
    index: &[u32],
    value: Value<'static>,
) -> Option<VarBind<'static>> {
    let name = Oid::new(entry.instance(arc, index)).ok()?;
    Some(VarBind { name, value })
}

// The first binding of a column: its index, and its value.
pub(super) fn find<'v>(
    varbinds: &'v [VarBind<'_>],
    entry: &Entry,
    arc: u32,
) -> Option<(&'v [u32], &'v Value<'v>)> {
    varbinds.iter().find_map(|varbind| {
        let (found, index) = entry.split(varbind.name.arcs())?;
        (found == arc).then_some((index, &varbind.value))
    })
}
