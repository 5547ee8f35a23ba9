use lcms_snmp::Oid;
use proptest::prelude::*;

use super::*;
use crate::Compiler;

/// The built-in modules, and a table with an index of every sort.
fn mib() -> Mib {
    let mut compiler = Compiler::with_base();
    compiler.text("fixture", include_str!("../../tests/fixture.mib"));
    compiler.compile()
}

fn oid(text: &str) -> Oid {
    text.parse().unwrap()
}

#[test]
fn objects_are_found_by_every_form_of_their_name() {
    let mib = mib();
    for name in [
        "sysDescr",
        "SNMPv2-MIB::sysDescr",
        "system.1",
        "1.3.6.1.2.1.1.1",
        ".1.3.6.1.2.1.1.1",
        ".iso.org.dod.internet.mgmt.mib-2.system.sysDescr",
    ] {
        assert_eq!(mib.node_by_name(name).map(|n| n.name()), Some("sysDescr"), "{name}");
    }
    assert_eq!(mib.parse_name("lcMIB.1.2").unwrap(), mib.parse_name("lcObjects.2").unwrap());
    assert_eq!(mib.node_by_name("sysDescr.0"), None);
}

#[test]
fn what_names_nothing_says_so() {
    let mib = mib();
    let error = mib.parse_name("sysDescrr.0").unwrap_err();
    assert_eq!(error.to_string(), "there is no object `sysDescrr`; did you mean `sysDescr`?");
    assert_eq!(mib.parse_name("NO-MIB::sysDescr"), Err(NameError::UnknownModule("NO-MIB".into())));
    assert_eq!(mib.parse_name(""), Err(NameError::Empty));
    assert_eq!(mib.parse_name("sysDescr."), Err(NameError::Arc(String::new())));
    assert_eq!(mib.parse_name("sysDescr.4294967296"), Err(NameError::Arc("4294967296".into())));
    assert_eq!(mib.parse_name("lcServerWeight.\"a"), Err(NameError::Quote));
    assert!(matches!(mib.parse_name("fxAllName.sunny"), Err(NameError::Index { .. })));
}

#[test]
fn instances_are_written_as_net_snmp_writes_them() {
    let mib = mib();
    for (name, numbers) in [
        ("sysUpTime.0", ".1.3.6.1.2.1.1.3.0"),
        ("ifDescr.3", ".1.3.6.1.2.1.2.2.1.2.3"),
        (
            "fxAllName.up.5.10.0.0.1.\"web\".'ABCDEF'.2.1.3.true.'rest'",
            ".1.3.6.1.3.9999.1.1.1.9.1.5.10.0.0.1.3.119.101.98.65.66.67.68.69.70.2.1.3.1.114.101.115.116",
        ),
        ("fxAddressName.ipv4.\"192.0.2.1\"", ".1.3.6.1.3.9999.1.2.1.3.1.4.192.0.2.1"),
        (
            "fxAddressName.ipv6.\"20:01:0d:b8:00:00:00:00:00:00:00:00:00:00:00:01\"",
            ".1.3.6.1.3.9999.1.2.1.3.2.16.32.1.13.184.0.0.0.0.0.0.0.0.0.0.0.1",
        ),
        // Not printable: numbers, length first.
        ("fxAddressName.unknown.2.1.2", ".1.3.6.1.3.9999.1.2.1.3.0.2.1.2"),
        ("enterprises.99999.3", ".1.3.6.1.4.1.99999.3"),
        ("iso.2.3", ".1.2.3"),
    ] {
        assert_eq!(mib.parse_name(name).unwrap(), oid(numbers), "{name}");
        assert_eq!(mib.format_name(&oid(numbers)), name);
    }
}

#[test]
fn other_ways_to_write_an_instance_are_read() {
    let mib = mib();
    let server = mib.parse_name("lcServerWeight.\"main\".\"web\".\"rs1\"").unwrap();
    for name in [
        "lcServerWeight[\"main\"][\"web\"][\"rs1\"]",
        "LOAD-CLUSTER-MIB::lcServerWeight.4.109.97.105.110.\"web\".\"rs1\"",
        "lcServerEntry.lcServerWeight.\"main\".\"web\".\"rs1\"",
    ] {
        assert_eq!(mib.parse_name(name).unwrap(), server, "{name}");
    }
    let address = mib.parse_name("fxAddressName.ipv6.\"2001:db8::1\"").unwrap();
    assert_eq!(address.arcs().len(), mib.parse_name("fxAddressName").unwrap().arcs().len() + 18);
}

proptest! {
    /// Whatever sub-identifiers follow a column, what is printed is read back.
    #[test]
    fn formatted_names_are_read_back(
        column in prop::sample::select(vec!["fxAllName", "fxAddressName", "lcServerWeight", "ifDescr", "sysDescr", "mib-2"]),
        instance in prop::collection::vec(prop_oneof![0_u32..130, any::<u32>(), Just(4), Just(1)], 0..24),
    ) {
        let mib = mib_once();
        let name = mib.parse_name(column).unwrap().join(&instance).unwrap();
        let text = mib.format_name(&name);
        prop_assert_eq!(mib.parse_name(&text).unwrap(), name, "{}", text);
    }

    #[test]
    fn whole_indexes_are_read_back(
        number: u32, address: [u8; 4], text in "[ -~]{0,8}", fixed in "[ -~]{6}",
        oid in prop::collection::vec(any::<u32>(), 0..4), truth in 1..3_u32, rest in "[ -~]{0,5}",
    ) {
        let mib = mib_once();
        let octets = |text: &str| text.bytes().map(u32::from).collect::<Vec<u32>>();
        let mut arcs = vec![1, number];
        arcs.extend(address.map(u32::from));
        arcs.push(text.len() as u32);
        arcs.extend(octets(&text));
        arcs.extend(octets(&fixed));
        arcs.push(oid.len() as u32);
        arcs.extend(oid);
        arcs.push(truth);
        arcs.extend(octets(&rest));
        let name = mib.parse_name("fxAllName").unwrap().join(&arcs).unwrap();
        let text = mib.format_name(&name);
        prop_assert!(text.starts_with("fxAllName.up."));
        prop_assert_eq!(mib.parse_name(&text).unwrap(), name, "{}", text);
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,40}", tail in "[.\\[\\]\"'\\\\a-z0-9]{0,20}") {
        let mib = mib_once();
        let _ = mib.parse_name(&text);
        let _ = mib.parse_name(&format!("fxAllName{tail}"));
    }
}

fn mib_once() -> &'static Mib {
    static MIB: std::sync::OnceLock<Mib> = std::sync::OnceLock::new();
    MIB.get_or_init(mib)
}
