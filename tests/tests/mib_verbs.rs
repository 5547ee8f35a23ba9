//! `lcms-manager mib`: questions about modules, without any agent.

use std::{collections::BTreeSet, fs};

use lcms_tests::{manager::Manager, net_snmp, root};

fn manager() -> Manager {
    Manager::of(&[])
}

#[test]
fn names_and_oids_are_translated_as_snmptranslate_does() {
    let manager = manager();
    for name in ["ifDescr.3", "sysUpTime.0", "lcServerWeight.\"main\".\"web\".\"rs1\""] {
        let oid = manager.run(&["mib", "translate", name]).ok().out.trim().to_owned();
        let back = manager.run(&["mib", "translate", &oid]).ok().out.trim().to_owned();
        assert_eq!(back.split_once("::").map(|(_, name)| name), Some(name));
        let Some(tool) = net_snmp::tool("snmptranslate") else { return };
        let said = net_snmp::command(&tool).args(["-IR", "-On", name]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&said.stdout).trim(), format!(".{oid}"), "{name}");
    }
    let unknown = manager.run(&["mib", "translate", "ifDesc.3"]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.errors.contains("ifDesc"), "{}", unknown.errors);
}

#[test]
fn nodes_are_found_and_shown_with_what_is_below_them() {
    let manager = manager();
    let found = manager.run(&["mib", "find", "inoctets"]).ok().out;
    for name in ["IF-MIB::ifInOctets", "LOAD-CLUSTER-MIB::lcServerInOctets"] {
        assert!(found.contains(name), "{found}");
    }
    let tree = manager.run(&["mib", "tree", "ifEntry"]).ok().out;
    let mut lines = tree.lines();
    assert!(lines.next().is_some_and(|line| line.starts_with("ifEntry (1.3.6.1.2.1.2.2.1) row")));
    assert!(lines.next().is_some_and(|line| line.starts_with("  ifIndex (")), "{tree}");
    let nodes = manager.run(&["mib", "tree", "ifEntry", "--json"]).ok().json();
    assert_eq!(nodes.as_array().map(Vec::len), Some(tree.lines().count()));
}

#[test]
fn a_dump_has_every_node_once_and_a_line_for_each_module() {
    let manager = manager();
    let modules = root().join("mibs/modules");
    let dump = manager.run(&["mib", "dump", "--json", &modules.display().to_string()]).ok().out;
    let mut seen = BTreeSet::new();
    let mut kinds = BTreeSet::new();
    for line in dump.lines() {
        let object: serde_json::Value = serde_json::from_str(line).expect("one object a line");
        let text = |key: &str| object[key].as_str().unwrap_or_default().to_owned();
        kinds.insert(text("kind"));
        assert!(seen.insert((text("kind"), text("module"), text("name"))), "twice: {line}");
        if text("kind") == "column" && text("name") == "lcServiceSendProxy" {
            assert_eq!((text("base"), text("access")), ("Enum".into(), "read-create".into()));
            assert_eq!(object["enums"]["v2"], 2, "{line}");
        }
    }
    for kind in ["module", "identity", "scalar", "table", "row", "column", "notification", "group"]
    {
        assert!(kinds.contains(kind), "no {kind} in {kinds:?}");
    }
    let own =
        seen.iter().filter(|(kind, module, _)| kind == "column" && module == "LOAD-CLUSTER-MIB");
    assert!(own.count() > 100);
    let loaded = manager.run(&["mib", "load", &modules.display().to_string()]).ok().out;
    assert!(loaded.contains(" modules, ") && loaded.contains(" nodes, "), "{loaded}");
}

#[test]
fn lint_names_the_place_the_cause_and_what_was_meant() {
    let manager = manager();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("BAD-MIB");
    let text = "BAD-MIB DEFINITIONS ::= BEGIN\n\
        IMPORTS\n\
        MODULE-IDENTITY, OBJECT-TYPE, enterprises FROM SNMPv2-SMI\n\
        DisplayString FROM SNMPv2-TC;\n\
        bad MODULE-IDENTITY\n\
        LAST-UPDATED \"202601010000Z\"\n\
        ORGANIZATION \"o\"\n\
        CONTACT-INFO \"c\"\n\
        DESCRIPTION \"d\"\n\
        REVISION \"202601010000Z\"\n\
        DESCRIPTION \"d\"\n\
        ::= { enterprises 99999 }\n\
        badName OBJECT-TYPE\n\
        SYNTAX DisplayStrng\n\
        MAX-ACCESS read-only\n\
        STATUS current\n\
        DESCRIPTION \"d\"\n\
        ::= { bad 1 }\n\
        END\n";
    fs::write(&file, text).unwrap();
    let path = file.display().to_string();
    let said = manager.run(&["mib", "lint", "--json", "--severity", "3", &path]);
    assert_eq!(said.code, Some(1), "{}{}", said.out, said.errors);
    let first = said.out.lines().next().expect("there is a finding");
    let finding: serde_json::Value = serde_json::from_str(first).unwrap();
    assert_eq!(finding["line"], 14, "{finding}");
    assert_eq!(finding["col"], 8, "{finding}");
    assert!(finding["severity"].as_u64().is_some_and(|severity| severity <= 3), "{finding}");
    let message = finding["msg"].as_str().unwrap_or_default();
    assert!(message.contains("DisplayStrng") && message.contains("DisplayString"), "{message}");
    // The same for people, with the line itself.
    let shown = manager.run(&["mib", "lint", &path]).out;
    assert!(shown.contains("SYNTAX DisplayStrng"), "{shown}");
    // Put right, it is good enough.
    fs::write(&file, text.replace("DisplayStrng", "DisplayString")).unwrap();
    manager.run(&["mib", "lint", "--severity", "3", &path]).ok();
    let own = root().join("mibs/modules/LOAD-CLUSTER-MIB").display().to_string();
    assert_eq!(manager.run(&["mib", "lint", &own]).ok().out, "");
}
