use lcms_snmp::Oid;
use proptest::prelude::*;

use super::*;
use crate::Compiler;

fn mib() -> Mib {
    let mut compiler = Compiler::with_base();
    compiler.text("fixture", include_str!("../../tests/fixture.mib"));
    compiler.compile()
}

fn octets(octets: &[u8]) -> Value<'static> {
    Value::OctetString(Octets::copied(octets))
}

#[test]
fn values_are_written_by_their_syntax_and_read_back() {
    let mib = mib();
    let roles = octets(&[0x28]);
    for (name, value, text) in [
        ("lcOverallStatus", Value::Integer(2), "critical(2)"),
        ("fxTenths", Value::Integer(-123), "-12.3"),
        ("fxCounter", Value::Counter32(7), "7"),
        ("fxBig", Value::Counter64(u64::MAX), "18446744073709551615"),
        ("sysUpTime", Value::TimeTicks(8342), "0:01:23.42"),
        ("sysUpTime", Value::TimeTicks(8_640_000 * 3 + 1), "3 days, 0:00:00.01"),
        ("sysContact", octets("Ünser".as_bytes()), "Ünser"),
        ("lcHostRoleStatus", roles, "director(2) realServer(4)"),
        ("ifPhysAddress", octets(&[0, 12, 41]), "0:c:29"),
        ("fxAddress", Value::IpAddress([192, 0, 2, 1]), "192.0.2.1"),
        ("fxAddressOfHost", octets(&[192, 0, 2, 1]), "192.0.2.1"),
        ("fxAddressOfHost", octets(&[0; 16]), "::"),
        ("fxAddressOfHost", octets(&[192, 0, 2, 1, 0, 0, 0, 7]), "192.0.2.1%7"),
        ("fxWhen", octets(&[7, 200, 5, 26, 13, 30, 15, 0]), "1992-5-26,13:30:15.0"),
        (
            "sysObjectID",
            Value::ObjectIdentifier(Cow::Owned("1.3.6.1.2.1.1".parse::<Oid>().unwrap())),
            "SNMPv2-MIB::system",
        ),
    ] {
        let node = mib.node_by_name(name).unwrap_or_else(|| panic!("{name}"));
        assert_eq!(mib.format_value(Some(node), &value), text, "{name}");
        assert_eq!(mib.parse_value(node, text), Ok(value), "{name}");
    }
}

#[test]
fn octets_without_a_form_are_digits() {
    let mib = mib();
    assert_eq!(mib.format_value(None, &octets(&[1, 0xab])), "01 AB");
    assert_eq!(mib.format_value(None, &octets(b"text")), "text");
    let node = mib.node_by_name("sysContact").unwrap();
    assert_eq!(mib.format_value(Some(node), &octets(&[0xff])), "FF");
}

#[test]
fn other_ways_to_write_a_value_are_read() {
    let mib = mib();
    for (name, text, value) in [
        ("lcOverallStatus", "critical", Value::Integer(2)),
        ("lcOverallStatus", "2", Value::Integer(2)),
        ("fxCounter", "0x10", Value::Counter32(16)),
        ("fxTenths", "15", Value::Integer(15)),
        ("fxTenths", "1.5", Value::Integer(15)),
        ("sysUpTime", "8342", Value::TimeTicks(8342)),
        ("lcHostRoleStatus", "{ director, realServer }", octets(&[0x28])),
        ("lcHostRoleStatus", "", octets(&[0])),
        ("ifPhysAddress", "0x000c29", octets(&[0, 12, 41])),
    ] {
        let node = mib.node_by_name(name).unwrap();
        assert_eq!(mib.parse_value(node, text), Ok(value), "{name} {text}");
    }
}

#[test]
fn wrong_values_say_what_is_right() {
    let mib = mib();
    for (name, text, message) in [
        ("lcOverallStatus", "fine", "`fine` is none of ok(0), warning(1), critical(2), unknown(3)"),
        ("lcOverallStatus", "9", "`9` is none of ok(0), warning(1), critical(2), unknown(3)"),
        ("lcServerWeight", "65536", "65536 is not in the range 0..65535"),
        ("lcServerWeight", "-1", "-1 is not in the range 0..65535"),
        ("lcServerWeight", "ten", "`ten` is no number"),
        ("fxAddress", "1.2.3", "`1.2.3` is no IPv4 address such as 192.0.2.1"),
        ("lcServerAddress", "::1%x", "5 octets are not allowed: it may have 4 | 8 | 16 | 20"),
        (
            "lcHostRoleStatus",
            "boss",
            "`boss` is none of manager(0), midManager(1), director(2), backupDirector(3), realServer(4), backupServer(5)",
        ),
        ("system", "1", "`system` is no object that has a value"),
    ] {
        let node = mib.node_by_name(name).unwrap();
        assert_eq!(mib.parse_value(node, text).unwrap_err().to_string(), message, "{name} {text}");
    }
}

proptest! {
    #[test]
    fn ticks_come_back(ticks: u32) {
        prop_assert_eq!(parse_ticks(&format_ticks(ticks)), Some(ticks));
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,30}", name in prop::sample::select(vec!["fxTenths", "fxWhen", "sysUpTime", "lcHostRoleStatus", "fxAddressOfHost", "ifPhysAddress", "fxBig", "sysObjectID"])) {
        static MIB: std::sync::OnceLock<Mib> = std::sync::OnceLock::new();
        let mib = MIB.get_or_init(mib);
        let _ = mib.parse_value(mib.node_by_name(name).unwrap(), &text);
    }
}
