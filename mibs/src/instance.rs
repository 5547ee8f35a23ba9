//! Instances: sub-identifiers behind a column to index values and back, as
//! net-snmp writes them.
//!
//! A text is quoted, `"web"`, or `'web'` where no length stands in front of it
//! in the OID; an enumeration is its label; an InetAddress is written as an
//! address, in quotes; all else is numbers. Text that cannot be printed is
//! numbers too, so that what is written can always be read back.

use std::fmt::Write;
use std::net::IpAddr;

use crate::model::{Base, Index};

/// A component of an index, as sub-identifiers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Component<'a> {
    /// All of them, a length included.
    pub arcs: &'a [u32],
    /// Without the length.
    pub content: &'a [u32],
}

/// Splits an instance into components as far as it goes; what is left did not
/// fit the next component, or is more than the index has.
pub(crate) fn split<'a>(
    index: &[Index<'_>],
    instance: &'a [u32],
) -> (Vec<Component<'a>>, &'a [u32]) {
    let mut components = Vec::new();
    let mut rest = instance;
    for part in index {
        let Some(component) = take(part, rest) else { break };
        rest = rest.get(component.arcs.len()..).unwrap_or_default();
        components.push(component);
    }
    (components, rest)
}

fn take<'a>(part: &Index<'_>, rest: &'a [u32]) -> Option<Component<'a>> {
    let syntax = part.syntax();
    let (skip, len) = match syntax.base() {
        Base::IpAddress if syntax.is_network_address() => (0, 5),
        Base::IpAddress => (0, 4),
        Base::OctetString | Base::Bits | Base::Opaque | Base::ObjectIdentifier => {
            match (part.implied(), syntax.fixed_size()) {
                (true, _) => (0, rest.len()),
                (_, Some(size)) => (0, size),
                _ => (1, usize::try_from(*rest.first()?).ok()?),
            }
        }
        Base::None => return None,
        _ => (0, 1),
    };
    let arcs = rest.get(..len.checked_add(skip)?)?;
    let is_octets = !matches!(syntax.base(), Base::ObjectIdentifier) && (skip == 1 || len != 1);
    let content = arcs.get(skip..)?;
    match is_octets && content.iter().any(|&arc| arc > 255) {
        true => None,
        false => Some(Component { arcs, content }),
    }
}

/// Writes an instance behind a column's name, each component with a dot.
pub(crate) fn format(index: &[Index<'_>], instance: &[u32], out: &mut String) {
    let (components, rest) = split(index, instance);
    let mut address_type = None;
    for (part, component) in index.iter().zip(&components) {
        // An implied value may be empty, and then leaves no trace.
        if component.arcs.is_empty() {
            continue;
        }
        out.push('.');
        match text_form(part, component, address_type) {
            Some(text) => out.push_str(&text),
            None => push_arcs(component.arcs, out),
        }
        address_type = component.content.first().copied();
    }
    if !rest.is_empty() {
        out.push('.');
        push_arcs(rest, out);
    }
}

pub(crate) fn push_arcs(arcs: &[u32], out: &mut String) {
    for (at, arc) in arcs.iter().enumerate() {
        let dot = if at > 0 { "." } else { "" };
        write!(out, "{dot}{arc}").expect("a String takes any text");
    }
}

fn text_form(part: &Index<'_>, component: &Component<'_>, before: Option<u32>) -> Option<String> {
    let syntax = part.syntax();
    match syntax.base() {
        Base::Integer32 => {
            let number = i64::from(*component.content.first()?);
            syntax.labels().find(|&(_, n)| n == number).map(|(label, _)| label.to_owned())
        }
        Base::OctetString => {
            let octets: Option<Vec<u8>> =
                component.content.iter().map(|&arc| u8::try_from(arc).ok()).collect();
            let octets = octets?;
            if syntax.is_a("InetAddress") && !part.bare() {
                return inet_address(&octets, before);
            }
            quoted(&octets, part.bare())
        }
        _ => None,
    }
}

/// An address of the type (RFC 4001) that stands before it.
fn inet_address(octets: &[u8], address_type: Option<u32>) -> Option<String> {
    match (address_type, octets) {
        (Some(1), &[a, b, c, d]) => Some(format!("\"{a}.{b}.{c}.{d}\"")),
        (Some(2), octets) if octets.len() == 16 => {
            let pairs: Vec<String> = octets.iter().map(|octet| format!("{octet:02x}")).collect();
            Some(format!("\"{}\"", pairs.join(":")))
        }
        (Some(16), octets) => quoted(octets, false),
        _ => None,
    }
}

/// Printable text in quotes; a quote or backslash in it has a backslash before.
fn quoted(octets: &[u8], bare: bool) -> Option<String> {
    let printable = octets.iter().all(|octet| (0x20..0x7f).contains(octet));
    if !printable {
        return None;
    }
    let quote = if bare { '\'' } else { '"' };
    let mut out = String::with_capacity(octets.len() + 2);
    out.push(quote);
    for &octet in octets {
        let c = char::from(octet);
        if c == quote || c == '\\' {
            out.push('\\');
        }
        out.push(c);
    }
    out.push(quote);
    Some(out)
}

/// The sub-identifiers of a quoted string at a place in an index.
pub(crate) fn quoted_arcs(
    part: Option<&Index<'_>>,
    text: &str,
    single: bool,
    address_type: Option<u32>,
) -> Vec<u32> {
    let mut octets = text.as_bytes().to_vec();
    let mut bare = single;
    if let Some(part) = part {
        let syntax = part.syntax();
        bare |= part.bare();
        if syntax.base() == Base::IpAddress
            && let Ok(IpAddr::V4(address)) = text.parse()
        {
            return address.octets().map(u32::from).to_vec();
        }
        if syntax.is_a("InetAddress") && matches!(address_type, Some(1 | 2)) {
            octets = address(text).unwrap_or(octets);
        } else if let Some(hint) = syntax.hint().filter(|_| !syntax.is_text()) {
            let hint = crate::hint::Hint::parse(&hint, true);
            let sized = |octets: &Vec<u8>| {
                let len = octets.len() as i64;
                let sizes = syntax.sizes();
                sizes.is_empty() || sizes.iter().any(|&(low, high)| (low..=high).contains(&len))
            };
            // Printable octets of the right size stand for themselves.
            if !sized(&octets) || !single {
                octets = hint.and_then(|h| h.parse_octets(text)).filter(sized).unwrap_or(octets);
            }
        }
    }
    let content = octets.iter().copied().map(u32::from);
    match bare {
        true => content.collect(),
        false => std::iter::once(octets.len() as u32).chain(content).collect(),
    }
}

/// An address in its usual form, or as sixteen octets with colons.
pub(crate) fn address(text: &str) -> Option<Vec<u8>> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(match address {
            IpAddr::V4(v4) => v4.octets().to_vec(),
            IpAddr::V6(v6) => v6.octets().to_vec(),
        });
    }
    let pairs: Result<Vec<u8>, _> =
        text.split(':').map(|pair| u8::from_str_radix(pair, 16)).collect();
    pairs.ok().filter(|octets| octets.len() == 16)
}
