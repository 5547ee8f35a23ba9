//! Values as people read and write them.

use std::{borrow::Cow, fmt::Write, net::Ipv4Addr};

use lcms_snmp::{Octets, Value};
use thiserror::Error;

use crate::{
    hint::Hint,
    instance,
    model::{Base, Mib, Node, Type},
    names::NameError,
};

/// Why a text is no value of an object.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ValueError {
    /// The node has no SYNTAX a value could have.
    #[error("`{0}` is no object that has a value")]
    NoObject(String),
    /// No number.
    #[error("`{0}` is no number")]
    Number(String),
    /// A number outside the range.
    #[error("{number} is not in the range {}", intervals(.allowed))]
    Range {
        /// The number.
        number: i128,
        /// The ranges, both ends included.
        allowed: Vec<(i64, i64)>,
    },
    /// Octets of a size that is not allowed.
    #[error("{size} octets are not allowed: it may have {}", intervals(.allowed))]
    Size {
        /// How many there are.
        size: usize,
        /// The sizes, both ends included.
        allowed: Vec<(i64, i64)>,
    },
    /// No label.
    #[error("`{word}` is none of {}", .labels.join(", "))]
    Label {
        /// What was written.
        word: String,
        /// The labels.
        labels: Vec<String>,
    },
    /// No IPv4 address.
    #[error("`{0}` is no IPv4 address such as 192.0.2.1")]
    Address(String),
    /// Not in the form of the display hint.
    #[error("`{text}` does not have the form `{hint}`; octets can be given as 0x0a1b")]
    Hint {
        /// What was written.
        text: String,
        /// DISPLAY-HINT.
        hint: String,
    },
    /// Wrong hexadecimal digits.
    #[error("`{0}` is not 0x and pairs of hexadecimal digits")]
    Hex(String),
    /// No OBJECT IDENTIFIER.
    #[error(transparent)]
    Oid(#[from] NameError),
}

fn intervals(allowed: &[(i64, i64)]) -> String {
    let parts: Vec<String> = allowed
        .iter()
        .map(|&(low, high)| match low == high {
            true => low.to_string(),
            false => format!("{low}..{high}"),
        })
        .collect();
    parts.join(" | ")
}

impl Mib {
    /// A value of a node: enumerations as `up(1)`, BITS as their labels, the
    /// rest by display hint or by type. `None` for a node that is not known.
    pub fn format_value(&self, node: Option<Node<'_>>, value: &Value<'_>) -> String {
        let syntax = node.and_then(|node| node.syntax());
        match value {
            Value::Integer(n) => format_number(syntax, i64::from(*n)),
            Value::Counter32(n) | Value::Gauge32(n) => format_number(syntax, i64::from(*n)),
            Value::Counter64(n) => n.to_string(),
            Value::TimeTicks(n) => format_ticks(*n),
            Value::IpAddress(octets) => Ipv4Addr::from(*octets).to_string(),
            Value::ObjectIdentifier(oid) => self.format_full_name(oid),
            Value::OctetString(octets) => format_octets(syntax, octets),
            Value::Opaque(octets) => hex(octets),
            Value::Null => "NULL".to_owned(),
            Value::NoSuchObject => "No Such Object available on this agent at this OID".to_owned(),
            Value::NoSuchInstance => "No Such Instance currently exists at this OID".to_owned(),
            Value::EndOfMibView => {
                "No more variables left in this MIB View (It is past the end of the MIB tree)"
                    .to_owned()
            }
        }
    }

    /// Reads a value of an object: a label, a number, text by its display hint,
    /// `0x…` for octets, an address, a name for an OBJECT IDENTIFIER.
    pub fn parse_value(&self, node: Node<'_>, text: &str) -> Result<Value<'static>, ValueError> {
        let no_object = || ValueError::NoObject(node.name().to_owned());
        let syntax = node.syntax().ok_or_else(no_object)?;
        Ok(match syntax.base() {
            Base::Integer32 => Value::Integer(self.parse_number(syntax, text)?),
            Base::Unsigned32 | Base::Gauge32 => Value::Gauge32(self.parse_number(syntax, text)?),
            Base::Counter32 => Value::Counter32(self.parse_number(syntax, text)?),
            Base::Counter64 => {
                let not_a_number = |_| ValueError::Number(text.to_owned());
                Value::Counter64(text.trim().parse().map_err(not_a_number)?)
            }
            Base::TimeTicks => match parse_ticks(text) {
                Some(ticks) => Value::TimeTicks(ticks),
                None => Value::TimeTicks(self.parse_number(syntax, text)?),
            },
            Base::IpAddress => {
                let no_address = |_| ValueError::Address(text.to_owned());
                let address: Ipv4Addr = text.trim().parse().map_err(no_address)?;
                Value::IpAddress(address.octets())
            }
            Base::ObjectIdentifier => Value::ObjectIdentifier(Cow::Owned(self.parse_name(text)?)),
            Base::Bits => Value::OctetString(parse_bits(syntax, text)?.into()),
            Base::OctetString => Value::OctetString(parse_octets(syntax, text)?.into()),
            Base::Opaque => Value::Opaque(parse_hex(text)?.into()),
            Base::None => return Err(no_object()),
        })
    }

    fn parse_number<T: TryFrom<i64>>(&self, syntax: Type<'_>, text: &str) -> Result<T, ValueError> {
        let text = text.trim();
        let labels: Vec<(&str, i64)> = syntax.labels().collect();
        // `up(1)`, as it is printed.
        let word = text.split_once('(').map_or(text, |(label, _)| label);
        if let Some(&(_, number)) = labels.iter().find(|(label, _)| *label == word) {
            return T::try_from(number).map_err(|_| ValueError::Number(text.to_owned()));
        }
        let label_error = || ValueError::Label {
            word: text.to_owned(),
            labels: labels.iter().map(|(label, number)| format!("{label}({number})")).collect(),
        };
        let hint = syntax.hint().and_then(|hint| Hint::parse(&hint, false));
        let by_hint = hint.and_then(|hint| hint.parse_number(text));
        // A hint with decimal places must not make 12 out of 1200.
        let plain = match text.contains('.') {
            true => by_hint,
            false => integer(text).or(by_hint),
        };
        let Some(number) = plain else {
            return Err(match labels.is_empty() {
                true => ValueError::Number(text.to_owned()),
                false => label_error(),
            });
        };
        if !labels.is_empty() && labels.iter().all(|&(_, n)| n != number) {
            return Err(label_error());
        }
        let limits = [syntax.base().limits().unwrap_or((i64::MIN, i64::MAX))];
        let allowed: &[(i64, i64)] = match (labels.is_empty(), syntax.ranges()) {
            (true, ranges) if !ranges.is_empty() => ranges,
            _ => &limits,
        };
        let error = || ValueError::Range { number: number.into(), allowed: allowed.to_vec() };
        match allowed.iter().any(|&(low, high)| (low..=high).contains(&number)) {
            true => T::try_from(number).map_err(|_| error()),
            false => Err(error()),
        }
    }
}

/// Decimal, or hexadecimal with `0x`.
fn integer(text: &str) -> Option<i64> {
    match text.strip_prefix("0x") {
        Some(digits) if digits.bytes().all(|b| b.is_ascii_hexdigit()) => {
            i64::from_str_radix(digits, 16).ok()
        }
        Some(_) => None,
        None => text.parse().ok(),
    }
}

fn format_number(syntax: Option<Type<'_>>, number: i64) -> String {
    let Some(syntax) = syntax else { return number.to_string() };
    if let Some((label, _)) = syntax.labels().find(|&(_, n)| n == number) {
        return format!("{label}({number})");
    }
    let hint = syntax.hint().and_then(|hint| Hint::parse(&hint, false));
    hint.and_then(|hint| hint.format_number(number)).unwrap_or_else(|| number.to_string())
}

/// Days, hours, minutes and seconds, as net-snmp writes them.
fn format_ticks(ticks: u32) -> String {
    let (seconds, hundredths) = (ticks / 100, ticks % 100);
    let (days, seconds) = (seconds / 86_400, seconds % 86_400);
    let clock =
        format!("{}:{:02}:{:02}.{hundredths:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    match days {
        0 => clock,
        1 => format!("1 day, {clock}"),
        _ => format!("{days} days, {clock}"),
    }
}

/// What [`format_ticks`] writes.
fn parse_ticks(text: &str) -> Option<u32> {
    let (days, clock) = match text.split_once(", ") {
        Some((days, clock)) => {
            let days = days.strip_suffix(" days").or_else(|| days.strip_suffix(" day"))?;
            (days.parse::<u64>().ok()?, clock)
        }
        None => (0, text),
    };
    let (hours, rest) = clock.split_once(':')?;
    let (minutes, rest) = rest.split_once(':')?;
    let (seconds, hundredths) = rest.split_once('.')?;
    let number = |text: &str, below: u64| text.parse::<u64>().ok().filter(|&n| n < below);
    let hours = number(hours, 24)?;
    let (minutes, seconds) = (number(minutes, 60)?, number(seconds, 60)?);
    let hundredths = number(hundredths, 100).filter(|_| hundredths.len() == 2)?;
    let seconds = days.checked_mul(86_400)?.checked_add(hours * 3600 + minutes * 60 + seconds)?;
    u32::try_from(seconds.checked_mul(100)?.checked_add(hundredths)?).ok()
}

fn format_octets(syntax: Option<Type<'_>>, octets: &Octets<'_>) -> String {
    let Some(syntax) = syntax else { return plain(octets) };
    if syntax.base() == Base::Bits {
        return format_bits(syntax, octets);
    }
    if syntax.is_a("InetAddress")
        && let Some(address) = format_address(octets)
    {
        return address;
    }
    if syntax.is_text() {
        return match octets.text().filter(|text| !text.chars().any(is_unprintable)) {
            Some(text) => text.to_owned(),
            None => hex(octets),
        };
    }
    let hint = syntax.hint().and_then(|hint| Hint::parse(&hint, true));
    hint.and_then(|hint| hint.format_octets(octets)).unwrap_or_else(|| plain(octets))
}

fn is_unprintable(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\r' | '\t')
}

/// Octets of which nothing is known: text if they could be, or else digits.
fn plain(octets: &[u8]) -> String {
    match std::str::from_utf8(octets) {
        Ok(text) if !text.chars().any(is_unprintable) => text.to_owned(),
        _ => hex(octets),
    }
}

fn hex(octets: &[u8]) -> String {
    let mut out = String::with_capacity(octets.len() * 3);
    for (at, octet) in octets.iter().enumerate() {
        let space = if at > 0 { " " } else { "" };
        write!(out, "{space}{octet:02X}").expect("a String takes any text");
    }
    out
}

/// RFC 4001: the length tells the type, but for the zone.
fn format_address(octets: &[u8]) -> Option<String> {
    let (address, zone) = match octets.len() {
        4 | 16 => (octets, None),
        8 | 20 => {
            let (address, zone) = octets.split_at(octets.len() - 4);
            (address, Some(u32::from_be_bytes(zone.try_into().ok()?)))
        }
        _ => return None,
    };
    let text = match <[u8; 4]>::try_from(address) {
        Ok(v4) => Ipv4Addr::from(v4).to_string(),
        Err(_) => std::net::Ipv6Addr::from(<[u8; 16]>::try_from(address).ok()?).to_string(),
    };
    Some(match zone {
        Some(zone) => format!("{text}%{zone}"),
        None => text,
    })
}

fn format_bits(syntax: Type<'_>, octets: &[u8]) -> String {
    let mut parts = Vec::new();
    for (at, octet) in octets.iter().enumerate() {
        for bit in (0..8).filter(|bit| octet & (0x80 >> bit) != 0) {
            let position = (at * 8 + bit) as i64;
            let label = syntax.labels().find(|&(_, n)| n == position).map(|(label, _)| label);
            parts.push(match label {
                Some(label) => format!("{label}({position})"),
                None => position.to_string(),
            });
        }
    }
    parts.join(" ")
}

/// Labels or positions, with blanks or commas between; `0x…` for the octets.
fn parse_bits(syntax: Type<'_>, text: &str) -> Result<Vec<u8>, ValueError> {
    if text.trim().starts_with("0x") {
        return parse_hex(text);
    }
    let labels: Vec<(&str, i64)> = syntax.labels().collect();
    let highest = labels.iter().map(|&(_, position)| position).max().unwrap_or(0);
    let mut octets = vec![0_u8; usize::try_from(highest / 8 + 1).unwrap_or(1).min(8192)];
    let words = text.split([' ', ',', '{', '}', '|']).filter(|word| !word.is_empty());
    for word in words {
        let name = word.split_once('(').map_or(word, |(label, _)| label);
        let found = labels
            .iter()
            .find(|(label, position)| *label == name || position.to_string() == name)
            .and_then(|&(_, position)| usize::try_from(position).ok());
        let octet = found.and_then(|position| Some((octets.get_mut(position / 8)?, position)));
        let Some((octet, position)) = octet else {
            return Err(ValueError::Label {
                word: word.to_owned(),
                labels: labels.iter().map(|(label, n)| format!("{label}({n})")).collect(),
            });
        };
        *octet |= 0x80 >> (position % 8);
    }
    Ok(octets)
}

fn parse_octets(syntax: Type<'_>, text: &str) -> Result<Vec<u8>, ValueError> {
    let octets = octets_of(syntax, text)?;
    let allowed = syntax.sizes();
    let size = octets.len();
    let fits = |&(low, high): &(i64, i64)| (low..=high).contains(&(size as i64));
    match allowed.is_empty() || allowed.iter().any(fits) {
        true => Ok(octets),
        false => Err(ValueError::Size { size, allowed: allowed.to_vec() }),
    }
}

fn octets_of(syntax: Type<'_>, text: &str) -> Result<Vec<u8>, ValueError> {
    if syntax.is_text() {
        return Ok(text.as_bytes().to_vec());
    }
    if text.starts_with("0x") {
        return parse_hex(text);
    }
    if syntax.is_a("InetAddress") {
        return Ok(zoned_address(text).unwrap_or_else(|| text.as_bytes().to_vec()));
    }
    let Some(hint) = syntax.hint() else { return Ok(text.as_bytes().to_vec()) };
    match Hint::parse(&hint, true) {
        Some(parsed) => parsed
            .parse_octets(text)
            .ok_or_else(|| ValueError::Hint { text: text.to_owned(), hint: hint.into_owned() }),
        None => Ok(text.as_bytes().to_vec()),
    }
}

fn zoned_address(text: &str) -> Option<Vec<u8>> {
    let (address, zone) = match text.split_once('%') {
        Some((address, zone)) => (address, Some(zone.parse::<u32>().ok()?)),
        None => (text, None),
    };
    let mut octets = instance::address(address)?;
    octets.extend(zone.into_iter().flat_map(u32::to_be_bytes));
    Some(octets)
}

/// `0x` and digits; blanks and colons between pairs are allowed.
fn parse_hex(text: &str) -> Result<Vec<u8>, ValueError> {
    let wrong = || ValueError::Hex(text.to_owned());
    let digits = text.trim().strip_prefix("0x").ok_or_else(wrong)?;
    let digits: Vec<u32> = digits
        .chars()
        .filter(|c| !matches!(c, ' ' | ':'))
        .map(|c| c.to_digit(16).ok_or_else(wrong))
        .collect::<Result<_, _>>()?;
    match digits.len() % 2 {
        0 => {
            Ok(digits.chunks(2).map(|pair| pair.iter().fold(0, |n, d| n * 16 + d) as u8).collect())
        }
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests;
