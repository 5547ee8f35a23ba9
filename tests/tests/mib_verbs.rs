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

/// A folder with two editions of a module.
fn editions() -> (tempfile::TempDir, String, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "ED-MIB DEFINITIONS ::= BEGIN\n\
        IMPORTS MODULE-IDENTITY, OBJECT-TYPE, enterprises, Integer32 FROM SNMPv2-SMI;\n\
        ed MODULE-IDENTITY LAST-UPDATED \"202601010000Z\" ORGANIZATION \"o\" CONTACT-INFO \"c\"\n\
        DESCRIPTION \"<b>Editions</b>.\" ::= { enterprises 99999 }\n\
        edState OBJECT-TYPE SYNTAX INTEGER { up(1) } MAX-ACCESS read-only STATUS current\n\
        DESCRIPTION \"State.\" ::= { ed 1 }\nEND\n";
    let later = text.replace("202601", "202602").replace("up(1)", "up(1), down(2)");
    let (old, new) = (folder.path().join("OLD"), folder.path().join("NEW"));
    fs::write(&old, text).expect("the folder is ours");
    fs::write(&new, later).expect("the folder is ours");
    let path = |path: std::path::PathBuf| path.display().to_string();
    (folder, path(old), path(new))
}

#[test]
fn a_diff_says_what_breaks_whom_and_by_which_rule() {
    let manager = manager();
    let (_folder, old, new) = editions();
    let said = manager.run(&["mib", "diff", &old, &new]).ok().out;
    assert!(said.contains("ED-MIB::edState") && said.contains("10.2 (1)"), "{said}");
    let back = manager.run(&["mib", "diff", "--json", &new, &old]);
    assert_eq!(back.code, Some(1), "{}", back.out);
    let changes: Vec<serde_json::Value> =
        back.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let codes: Vec<&str> = changes.iter().filter_map(|c| c["change"].as_str()).collect();
    assert_eq!(codes, ["label-removed", "not-dated"]);
    assert_eq!(changes[0]["compatible"], false);
    assert_eq!(manager.run(&["mib", "diff", &old, &old]).ok().out, "");
}

#[test]
fn pages_are_written_for_browsers_and_for_repositories() {
    let manager = manager();
    let (folder, old, _) = editions();
    let out = folder.path().join("pages").display().to_string();
    manager.run(&["mib", "doc", "--out", &out, &old]).ok();
    let page = fs::read_to_string(folder.path().join("pages/ED-MIB.html")).unwrap();
    assert!(page.contains("&lt;b&gt;Editions&lt;/b&gt;") && page.contains("id=\"edState\""));
    assert!(folder.path().join("pages/index.html").exists());
    manager.run(&["mib", "doc", "--format", "markdown", "--out", &out, &old]).ok();
    let page = fs::read_to_string(folder.path().join("pages/ED-MIB.md")).unwrap();
    assert!(page.contains("### edState") && page.contains("up(1)"), "{page}");
}

#[test]
fn code_is_what_the_build_makes_of_the_same_module() {
    let manager = manager();
    let module = root().join("mibs/tests/fixture.mib").display().to_string();
    let code = manager.run(&["mib", "codegen", &module]).ok().out;
    // The golden text is compiled into the tests of the compiler.
    let golden = fs::read_to_string(root().join("mibs/tests/golden/fixture.rs")).unwrap();
    assert!(code == golden, "the two differ");
}

#[test]
fn presets_forgive_more_or_less_and_codes_are_explained() {
    let manager = manager();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("P-MIB");
    let text = "P-MIB DEFINITIONS ::= BEGIN IMPORTS OBJECT-TYPE, enterprises FROM SNMPv2-SMI;\n\
        p OBJECT-TYPE SYNTAX DisplayString MAX-ACCESS read-only STATUS current\n\
        DESCRIPTION \"d\" ::= { enterprises 99999 } END\n";
    fs::write(&file, text).unwrap();
    let path = file.display().to_string();
    let base = |preset: &str| {
        let dump = manager.run(&["mib", "dump", "--json", "--preset", preset, &path]).ok().out;
        let line = dump.lines().find(|line| line.contains("\"name\":\"p\"")).unwrap().to_owned();
        serde_json::from_str::<serde_json::Value>(&line).unwrap()["base"].clone()
    };
    assert_eq!((base("normal"), base("strict")), ("OctetString".into(), serde_json::Value::Null));
    let lint = |preset| manager.run(&["mib", "lint", "--preset", preset, &path]).code;
    assert_eq!((lint("strict"), lint("permissive")), (Some(1), Some(0)));
    let said = manager.run(&["mib", "lint", "--explain", "not-imported"]).ok().out;
    assert!(said.contains("add it to IMPORTS"), "{said}");
    let number = said.split_whitespace().next().unwrap().to_owned();
    assert_eq!(manager.run(&["mib", "lint", "--explain", &number]).ok().out, said);
    assert_eq!(manager.run(&["mib", "lint", "--explain", "nonsense"]).code, Some(2));
}

#[test]
fn a_folder_opens_from_what_was_compiled_before() {
    let manager = manager();
    let folder = tempfile::tempdir().unwrap();
    let modules = folder.path().join("modules");
    fs::create_dir(&modules).unwrap();
    for at in 0..40 {
        let text = format!(
            "C{at}-MIB DEFINITIONS ::= BEGIN c{at} OBJECT IDENTIFIER ::= {{ iso 3 {at} }} END"
        );
        fs::write(modules.join(format!("C{at}")), text).unwrap();
    }
    let path = modules.display().to_string();
    let load = |args: &[&str]| manager.run(args).ok().out;
    let dump = ["mib", "dump", "--json", &path];
    let first = load(&dump);
    let kept = manager.config().with_file_name("cache/lcms/mib");
    let kept = fs::read_dir(kept).unwrap().count();
    assert_eq!(kept, 1);
    assert_eq!(load(&dump), first);
    assert_eq!(load(&["mib", "dump", "--json", "--no-cache", &path]), first);
}
