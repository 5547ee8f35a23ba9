//! What `set` is to set, as it is written.

use std::borrow::Cow;

use lcms_mibs::{Base, Kind, Mib, Node};
use lcms_snmp::{Octets, Value, VarBind};

use super::query::{QueryError, parse};

/// Reads `NAME=VALUE …` or, as net-snmp's tools have it, `NAME TYPE VALUE …`.
pub fn parse_settings(mib: &Mib, words: &[String]) -> Result<Vec<VarBind<'static>>, QueryError> {
    let first = words.first().map(String::as_str).unwrap_or_default();
    if pair(first).is_some() {
        let each = words.iter().map(|word| {
            let (name, value) =
                pair(word).ok_or_else(|| QueryError::Form { given: word.clone() })?;
            setting(mib, name, "=", value)
        });
        return each.collect();
    }
    let (triples, rest) = words.as_chunks::<3>();
    match rest {
        [] if !triples.is_empty() => {
            triples.iter().map(|[name, kind, value]| setting(mib, name, kind, value)).collect()
        }
        _ => Err(QueryError::Form { given: words.join(" ") }),
    }
}

/// Cuts at the first `=` that is not within quotes.
fn pair(word: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    let at = word.find(|c| {
        quoted ^= c == '"';
        c == '=' && !quoted
    })?;
    let (name, value) = word.split_at(at);
    (!name.is_empty()).then(|| (name, value.get(1..).unwrap_or_default()))
}

fn setting(mib: &Mib, name: &str, kind: &str, text: &str) -> Result<VarBind<'static>, QueryError> {
    let oid = parse(mib, name)?;
    let value = match kind {
        "=" => {
            let node = mib.lookup(&oid).map(|(node, _)| node);
            let node = node.filter(|node| {
                node.syntax().is_some_and(|s| is_object(*node) && s.base() != Base::None)
            });
            let node = node.ok_or_else(|| QueryError::UnknownType { name: name.to_owned() })?;
            mib.parse_value(node, text)
                .map_err(|cause| QueryError::Value { name: name.to_owned(), cause })?
        }
        _ => typed(mib, kind, text).ok_or_else(|| QueryError::Typed {
            name: name.to_owned(),
            kind: kind.to_owned(),
            value: text.to_owned(),
        })?,
    };
    Ok(VarBind { name: oid, value })
}

fn is_object(node: Node<'_>) -> bool {
    matches!(node.kind(), Kind::Scalar | Kind::Column)
}

/// A value of the type that net-snmp's tools know by this letter.
fn typed(mib: &Mib, kind: &str, text: &str) -> Option<Value<'static>> {
    Some(match kind {
        "i" => Value::Integer(text.parse().ok()?),
        "u" => Value::Gauge32(text.parse().ok()?),
        "c" => Value::Counter32(text.parse().ok()?),
        "C" => Value::Counter64(text.parse().ok()?),
        "t" => Value::TimeTicks(text.parse().ok()?),
        "a" => Value::IpAddress(text.parse::<std::net::Ipv4Addr>().ok()?.octets()),
        "o" => Value::ObjectIdentifier(Cow::Owned(mib.parse_name(text).ok()?)),
        "s" => Value::OctetString(Octets::from(text.to_owned())),
        "x" => {
            let digits: Vec<u32> = text
                .strip_prefix("0x")
                .unwrap_or(text)
                .chars()
                .filter(|c| !matches!(c, ' ' | ':'))
                .map(|c| c.to_digit(16))
                .collect::<Option<_>>()?;
            let (pairs, []) = digits.as_chunks::<2>() else { return None };
            let octets: Vec<u8> = pairs.iter().map(|[high, low]| (high << 4 | low) as u8).collect();
            Value::OctetString(Octets::from(octets))
        }
        "d" => {
            let octets = text.split([' ', '.']).filter(|number| !number.is_empty());
            let octets: Vec<u8> =
                octets.map(|number| number.parse().ok()).collect::<Option<_>>()?;
            Value::OctetString(Octets::from(octets))
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(words: &[&str]) -> Result<Vec<(String, Value<'static>)>, QueryError> {
        let mib = Mib::builtin();
        let words: Vec<String> = words.iter().map(ToString::to_string).collect();
        let parsed = parse_settings(&mib, &words)?;
        Ok(parsed.into_iter().map(|v| (mib.format_name(&v.name), v.value)).collect())
    }

    #[test]
    fn settings_are_pairs_or_triples() {
        let text = |text: &'static str| Value::OctetString(Octets::from(text));
        for (words, expected) in [
            (&["sysContact.0=a=b"][..], vec![("sysContact.0", text("a=b"))]),
            (
                &["lcServerWeight.\"main\".\"a=b\".\"rs1\"=7"],
                vec![("lcServerWeight.\"main\".\"a=b\".\"rs1\"", Value::Gauge32(7))],
            ),
            (
                &["sysContact.0", "=", "me", "sysName.0", "s", "lb1"],
                vec![("sysContact.0", text("me")), ("sysName.0", text("lb1"))],
            ),
            (&["enterprises.9.1", "x", "0x6162"], vec![("enterprises.9.1", text("ab"))]),
            (&["enterprises.9.1", "d", "97.98"], vec![("enterprises.9.1", text("ab"))]),
        ] {
            let expected: Vec<_> = expected.into_iter().map(|(n, v)| (n.to_owned(), v)).collect();
            assert_eq!(settings(words).unwrap(), expected);
        }
    }

    #[test]
    fn what_cannot_be_set_is_said_before_anything_is_sent() {
        for (words, error) in [
            (&["sysContact.0"][..], "is neither NAME=VALUE nor NAME TYPE VALUE"),
            (&["sysContact.0=a", "b"], "\"b\" is neither"),
            (&["sysContcat.0=a"], "did you mean"),
            (&["enterprises.9.1=5"], "its type is not known"),
            (&["lcServerWeight.\"a\".\"b\".\"c\"=ten"], "`ten` is no number"),
            (&["enterprises.9.1", "i", "x"], "\"x\" is no value of type \"i\""),
            (&["enterprises.9.1", "x", "0a1"], "is no value of type \"x\""),
        ] {
            let found = settings(words).unwrap_err();
            assert!(found.to_string().contains(error), "{found}");
            assert!(found.is_usage());
        }
    }
}
