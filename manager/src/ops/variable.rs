//! One variable, named and worded by the MIB.

use std::{borrow::Cow, fmt};

use lcms_mibs::{Base, Mib, Node};
use lcms_snmp::{Value, VarBind};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

/// A variable of an agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Variable {
    /// By the MIB: `SNMPv2-MIB::sysUpTime.0`.
    pub name: String,
    /// In numbers.
    pub oid: String,
    /// The type, in net-snmp's words; of an absent one which absence it is.
    #[serde(rename = "type")]
    pub kind: Cow<'static, str>,
    /// For programs: numbers as such, enumerations too; octets that are no text
    /// as `0x…`.
    pub value: Json,
    /// For people, with the unit.
    pub text: String,
}

impl Variable {
    /// Names and words a variable.
    pub fn new(mib: &Mib, VarBind { name, value }: &VarBind<'_>) -> Self {
        let node = mib.lookup(name).map(|(node, _)| node);
        let (kind, text) = words(mib, node, value);
        Self {
            name: mib.format_full_name(name),
            oid: name.to_string(),
            kind: kind.into(),
            value: raw(value),
            text,
        }
    }

    /// Whether the agent has no such variable.
    pub fn is_absent(&self) -> bool {
        self.value.is_null()
    }
}

/// As net-snmp's tools print it.
impl fmt::Display for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, kind, text, .. } = self;
        match self.is_absent() || kind.is_empty() {
            true => write!(f, "{name} = {text}"),
            false => write!(f, "{name} = {kind}: {text}"),
        }
    }
}

/// The type and the text of a value, with its unit.
fn words(mib: &Mib, node: Option<Node<'_>>, value: &Value<'_>) -> (&'static str, String) {
    let plain = mib.format_value(node, value);
    let (kind, text) = match value {
        Value::Integer(_) => ("INTEGER", plain),
        Value::Counter32(_) => ("Counter32", plain),
        Value::Gauge32(_) => ("Gauge32", plain),
        Value::Counter64(_) => ("Counter64", plain),
        Value::TimeTicks(ticks) => ("Timeticks", format!("({ticks}) {plain}")),
        Value::IpAddress(_) => ("IpAddress", plain),
        Value::ObjectIdentifier(_) => ("OID", plain),
        Value::Opaque(_) => ("OPAQUE", plain),
        Value::OctetString(octets) => return octet_string(node, octets, plain),
        Value::Null => return ("Null", plain),
        Value::NoSuchObject => return ("noSuchObject", plain),
        Value::NoSuchInstance => return ("noSuchInstance", plain),
        Value::EndOfMibView => return ("endOfMibView", plain),
    };
    let units = node.and_then(|node| node.units()).filter(|units| !units.is_empty());
    match units {
        Some(units) => (kind, format!("{text} {units}")),
        None => (kind, text),
    }
}

fn octet_string(node: Option<Node<'_>>, octets: &[u8], plain: String) -> (&'static str, String) {
    let syntax = node.and_then(|node| node.syntax());
    if let Some(syntax) = syntax.filter(|syntax| syntax.base() == Base::Bits) {
        let digits = hexadecimal(octets, " ");
        let labels = if syntax.labels().next().is_some() { plain } else { String::new() };
        return ("BITS", format!("{digits} {labels}").trim_end().to_owned());
    }
    let formed = syntax.is_some_and(|syntax| {
        syntax.hint().is_some() || syntax.is_text() || syntax.is_a("InetAddress")
    });
    let digits = hexadecimal(octets, " ");
    match (formed, octets.is_empty(), plain == digits) {
        // Nothing says how to read them.
        (false, true, _) => ("", "\"\"".to_owned()),
        (true, true, _) => ("STRING", plain),
        (_, _, true) => ("Hex-STRING", plain),
        (false, _, false) => {
            ("STRING", format!("\"{}\"", plain.replace('\\', "\\\\").replace('"', "\\\"")))
        }
        (true, _, false) => ("STRING", plain),
    }
}

/// A value without what the MIB says of it.
fn raw(value: &Value<'_>) -> Json {
    match value {
        Value::Integer(n) => json!(n),
        Value::Counter32(n) | Value::Gauge32(n) | Value::TimeTicks(n) => json!(n),
        Value::Counter64(n) => json!(n),
        Value::IpAddress([a, b, c, d]) => json!(format!("{a}.{b}.{c}.{d}")),
        Value::ObjectIdentifier(oid) => json!(oid.to_string()),
        Value::OctetString(octets) | Value::Opaque(octets) => {
            match octets.text().filter(|text| !text.chars().any(char::is_control)) {
                Some(text) => json!(text),
                None => json!(format!("0x{}", hexadecimal(octets, ""))),
            }
        }
        Value::Null | Value::NoSuchObject | Value::NoSuchInstance | Value::EndOfMibView => {
            Json::Null
        }
    }
}

/// A value as programs like it where the column is known: labels as they are,
/// and whatever else the MIB has words for as those.
pub(super) fn worded(mib: &Mib, node: Node<'_>, value: &Value<'_>) -> Json {
    let syntax = node.syntax();
    let labels = || syntax.iter().flat_map(|syntax| syntax.labels());
    match value {
        Value::Integer(n) => {
            let label = labels().find(|&(_, number)| number == i64::from(*n));
            label.map_or_else(|| json!(n), |(label, _)| json!(label))
        }
        Value::OctetString(octets) if syntax.is_some_and(|s| s.base() == Base::Bits) => {
            let is_set = |position: i64| {
                let position = usize::try_from(position).unwrap_or(usize::MAX);
                let octet = octets.get(position / 8).copied().unwrap_or(0);
                octet & (0x80 >> (position % 8)) != 0
            };
            let set = labels().filter(|&(_, position)| is_set(position));
            json!(set.map(|(label, _)| label).collect::<Vec<_>>())
        }
        Value::OctetString(octets) if syntax.is_some_and(|s| s.is_a("DateAndTime")) => {
            json!(date(octets).unwrap_or_else(|| mib.format_value(Some(node), value)))
        }
        Value::OctetString(_) | Value::TimeTicks(_) | Value::ObjectIdentifier(_) => {
            json!(mib.format_value(Some(node), value))
        }
        _ => raw(value),
    }
}

/// A DateAndTime (RFC 2579) as RFC 3339 writes it; all zero means never here.
pub(super) fn date(octets: &[u8]) -> Option<String> {
    let (&[y1, y2, month, day, hour, minute, second, tenth], zone) =
        octets.split_first_chunk::<8>()?;
    if octets.iter().all(|&octet| octet == 0) {
        return Some("never".to_owned());
    }
    let zone = match zone {
        [] => String::new(),
        [sign, hours, minutes] => format!("{}{hours:02}:{minutes:02}", char::from(*sign)),
        _ => return None,
    };
    let year = u16::from_be_bytes([y1, y2]);
    Some(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{tenth}{zone}"))
}

fn hexadecimal(octets: &[u8], between: &str) -> String {
    octets.iter().map(|octet| format!("{octet:02X}")).collect::<Vec<_>>().join(between)
}

#[cfg(test)]
mod tests {
    use lcms_snmp::Octets;

    use super::*;

    fn line(mib: &Mib, name: &str, value: Value<'static>) -> String {
        let name = mib.parse_name(name).unwrap();
        Variable::new(mib, &VarBind { name, value }).to_string()
    }

    #[test]
    fn lines_are_net_snmps() {
        let mib = Mib::builtin();
        let octets = |octets: &'static [u8]| Value::OctetString(Octets::from(octets));
        for (name, value, expected) in [
            (
                "lcServerWeight.\"main\".\"web\".\"rs1\"",
                Value::Gauge32(10),
                "LOAD-CLUSTER-MIB::lcServerWeight.\"main\".\"web\".\"rs1\" = Gauge32: 10",
            ),
            (
                "lcHostFreeness.\"rs1\"",
                Value::Gauge32(412),
                "LOAD-CLUSTER-MIB::lcHostFreeness.\"rs1\" = Gauge32: 412 permille",
            ),
            (
                "lcHostOperState.\"rs1\"",
                Value::Integer(1),
                "LOAD-CLUSTER-MIB::lcHostOperState.\"rs1\" = INTEGER: up(1)",
            ),
            (
                "lcHostRoleStatus.\"rs1\"",
                octets(&[0x28]),
                "LOAD-CLUSTER-MIB::lcHostRoleStatus.\"rs1\" = BITS: 28 director(2) realServer(4)",
            ),
            (
                "sysUpTime.0",
                Value::TimeTicks(12_345),
                "SNMPv2-MIB::sysUpTime.0 = Timeticks: (12345) 0:02:03.45",
            ),
            ("sysName.0", octets(b"lb1"), "SNMPv2-MIB::sysName.0 = STRING: lb1"),
            ("sysName.0", octets(b""), "SNMPv2-MIB::sysName.0 = STRING: "),
            (
                "sysName.0",
                Value::NoSuchInstance,
                "SNMPv2-MIB::sysName.0 = No Such Instance currently exists at this OID",
            ),
            (
                "1.3.6.1.4.1.99999.1",
                octets(b"text"),
                "SNMPv2-SMI::enterprises.99999.1 = STRING: \"text\"",
            ),
            (
                "1.3.6.1.4.1.99999.1",
                octets(&[0, 255]),
                "SNMPv2-SMI::enterprises.99999.1 = Hex-STRING: 00 FF",
            ),
            ("1.3.6.1.4.1.99999.1", octets(b""), "SNMPv2-SMI::enterprises.99999.1 = \"\""),
            (
                "1.3.6.1.4.1.99999.1",
                Value::IpAddress([192, 0, 2, 1]),
                "SNMPv2-SMI::enterprises.99999.1 = IpAddress: 192.0.2.1",
            ),
        ] {
            assert_eq!(line(&mib, name, value), expected);
        }
    }

    #[test]
    fn dates_are_written_as_everywhere() {
        let now = [0x07, 0xea, 11, 22, 2, 3, 4, 5, b'+', 0, 0];
        assert_eq!(date(&now).as_deref(), Some("2026-11-22T02:03:04.5+00:00"));
        assert_eq!(date(&now[..8]).as_deref(), Some("2026-11-22T02:03:04.5"));
        assert_eq!((date(&[0; 8]).as_deref(), date(&now[..9])), (Some("never"), None));
    }

    #[test]
    fn json_has_numbers_and_text() {
        let mib = Mib::builtin();
        let name = mib.parse_name("lcHostOperState.\"rs1\"").unwrap();
        let variable = Variable::new(&mib, &VarBind { name, value: Value::Integer(1) });
        let oid = &variable.oid;
        assert_eq!(
            serde_json::to_value(&variable).unwrap(),
            json!({
                "name": "LOAD-CLUSTER-MIB::lcHostOperState.\"rs1\"",
                "oid": oid,
                "type": "INTEGER",
                "value": 1,
                "text": "up(1)",
            })
        );
        assert_eq!(raw(&Value::Counter64(u64::MAX)), json!(u64::MAX));
        assert_eq!(raw(&Value::OctetString(Octets::copied(&[0, 10]))), json!("0x000A"));
    }
}
