//! The manager's generic verbs against Debian's `snmpd`: equal in meaning to
//! net-snmp's own tools.

use lcms_tests::{
    agent::{READ, WRITE},
    manager::Manager,
    net_snmp,
    snmpd::Snmpd,
};

/// `walk` and `bulkwalk` print what `snmpwalk` prints.
#[test]
fn walks_are_the_same() {
    let Some(snmpd) = Snmpd::start() else { return };
    let manager = Manager::of(&[("peer", snmpd.address())]);
    // What stands still, and with names that both sides know.
    for subtree in ["SNMPv2-MIB::sysORTable", "SNMPv2-MIB::sysDescr", "IF-MIB::ifType", "ifDescr"] {
        let Some(theirs) =
            net_snmp::run("snmpwalk", &["-v2c"], READ, snmpd.address(), &["-m", "ALL", subtree])
        else {
            return;
        };
        assert!(!theirs.lines.is_empty(), "{}", theirs.errors);
        for verb in ["walk", "bulkwalk"] {
            let ours = manager.run(&[verb, "peer", subtree]).ok();
            let ours: Vec<&str> = ours.out.lines().map(str::trim_end).collect();
            let theirs: Vec<&str> = theirs.lines.iter().map(|line| line.trim_end()).collect();
            assert_eq!(ours, theirs, "{verb} {subtree}");
        }
    }
}

/// Both see the same instances in the same order.
#[test]
fn walks_have_the_same_names() {
    let Some(snmpd) = Snmpd::start() else { return };
    let manager = Manager::of(&[("peer", snmpd.address())]);
    // Groups that do not move between two walks: system and interfaces.
    for root in ["1.3.6.1.2.1.1", "1.3.6.1.2.1.2"] {
        let options = ["-v2c", "-On"];
        let Some(theirs) = net_snmp::run("snmpbulkwalk", &options, READ, snmpd.address(), &[root])
        else {
            return;
        };
        let theirs: Vec<&str> =
            theirs.lines.iter().filter_map(|line| Some(line.split_once(" = ")?.0)).collect();
        let ours = manager.run(&["bulkwalk", "peer", root, "--json"]).ok().json();
        let ours: Vec<String> = ours
            .as_array()
            .expect("an array")
            .iter()
            .map(|item| format!(".{}", item["oid"].as_str().expect("an OID")))
            .collect();
        assert!(ours.len() > 20, "{ours:?}");
        assert_eq!(ours, theirs);
    }
}

/// `get`, `next` and `set`, with snmpd's errors in words.
#[test]
fn get_next_and_set() {
    let Some(snmpd) = Snmpd::start() else { return };
    let manager = Manager::of(&[("peer", snmpd.address())]);
    let get = manager.run(&["get", "peer", "sysName.0"]).ok();
    assert_eq!(get.out.trim(), "SNMPv2-MIB::sysName.0 = STRING: peer.example");
    let next = manager.run(&["next", "peer", "sysName"]).ok();
    assert_eq!(next.out.trim(), "SNMPv2-MIB::sysName.0 = STRING: peer.example");

    // sysName is fixed by snmpd's configuration; sysContact is not.
    let set = manager.run(&["set", "peer", "sysContact.0=someone@example.net"]).ok();
    assert!(set.out.contains("someone@example.net"), "{set:?}");
    let Some(theirs) = net_snmp::run(
        "snmpget",
        &["-v2c", "-Oqv"],
        WRITE,
        snmpd.address(),
        &["SNMPv2-MIB::sysContact.0"],
    ) else {
        return;
    };
    assert_eq!(theirs.text(), "someone@example.net");

    let refused = manager.run(&["set", "peer", "sysName.0=other"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.errors.contains("notWritable"), "{refused:?}");
}
