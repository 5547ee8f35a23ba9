//! LOAD-CLUSTER-MIB and our compiler, judged by libsmi and net-snmp.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use lcms_mibs::{Access, Base, Mib, Node};
use lcms_tests::{net_snmp, root};

const MODULE: &str = "LOAD-CLUSTER-MIB";

/// libsmi at its strictest has nothing to say.
#[test]
fn smilint_is_silent() {
    let Some(said) = smilint(MODULE) else { return };
    assert_eq!(said, "");
}

/// Of the standard modules it says what it says of the originals too: things that
/// nobody may change any more.
#[test]
fn smilint_finds_in_standard_modules_what_they_are_known_for() {
    const KNOWN: &[&str] = &[
        "uncontrolled MODULE-IDENTITY registration",
        // The rules of SMIv2 came after these tables.
        "should be not-accessible in SMIv2 MIB",
        "has no format specification",
        "should match `*-MIB'",
        // An address of any length could be.
        "can exceed OID size limit",
        "deprecated group `ipGroup' is not referenced",
        // UCD-SNMP-MIB has no groups, and an Opaque.
        "must be contained in at least one conformance group",
        "SMIv2 provides Opaque solely for backward-compatibility",
    ];
    for module in ["IP-MIB", "HOST-RESOURCES-MIB", "HOST-RESOURCES-TYPES", "UCD-SNMP-MIB"] {
        let Some(said) = smilint(module) else { return };
        let unknown = |line: &&str| !KNOWN.iter().any(|known| line.contains(known));
        let unknown: Vec<&str> = said.lines().filter(unknown).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }
}

fn smilint(module: &str) -> Option<String> {
    let modules = root().join("mibs/modules");
    let output = Command::new(net_snmp::tool("smilint")?)
        .args(["-l", "6", "-c", "/dev/null"])
        .env("SMIPATH", &modules)
        .arg(modules.join(module))
        .output()
        .expect("it was found");
    assert!(output.status.success());
    let said = [output.stdout, output.stderr].concat();
    Some(String::from_utf8_lossy(&said).into_owned())
}

/// Every name has the OID that net-snmp gives it, and no node is missing here
/// or there.
#[test]
fn names_and_oids_agree_with_net_snmp() {
    let Some(theirs) = translate(&["-Tz"]) else { return };
    let theirs: BTreeSet<(String, String)> = theirs
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .map(|(name, oid)| (unquoted(name), unquoted(oid)))
        .collect();
    let mib = Mib::builtin();
    let module = mib.module(MODULE).expect("it is built in");
    let ours: BTreeSet<(String, String)> =
        module.nodes().map(|node| (node.name().to_owned(), dotted(node.oid()))).collect();
    let missing: Vec<_> = ours.difference(&theirs).collect();
    assert!(missing.is_empty(), "net-snmp does not know {missing:?}");

    // Above the module's own place it names what stands on the way.
    let root = dotted(module.identity().expect("it has one").oid());
    let below = |nodes: BTreeSet<(String, String)>| -> BTreeSet<(String, String)> {
        let is_below = |oid: &str| oid == root || oid.starts_with(&format!("{root}."));
        nodes.into_iter().filter(|(_, oid)| is_below(oid)).collect()
    };
    assert_eq!(below(ours), below(theirs));
}

/// Every object has the access, base type, textual convention, labels, ranges
/// and sizes that net-snmp reads in it.
#[test]
fn definitions_agree_with_net_snmp() {
    let Some(tree) = translate(&["-Tp", "LOAD-CLUSTER-MIB::lcMIB"]) else { return };
    let theirs = objects_of_tree(&tree);
    let mib = Mib::builtin();
    let module = mib.module(MODULE).expect("it is built in");
    let ours: BTreeMap<String, Vec<String>> = module
        .nodes()
        .filter(|node| node.access().is_some() && node.syntax().is_some())
        .filter(|node| shows_syntax(node))
        .map(|node| (node.name().to_owned(), facts(&node)))
        .collect();
    assert!(ours.len() > 150, "only {} objects", ours.len());
    for (name, facts) in &ours {
        assert_eq!(Some(facts), theirs.get(name), "{name}");
    }
    assert_eq!(ours.len(), theirs.len());
}

fn translate(args: &[&str]) -> Option<String> {
    let output =
        net_snmp::command(&net_snmp::tool("snmptranslate")?).args(args).output().expect("found");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn unquoted(text: &str) -> String {
    text.trim().trim_matches('"').to_owned()
}

fn dotted(oid: &[u32]) -> String {
    oid.iter().map(u32::to_string).collect::<Vec<_>>().join(".")
}

/// Tables and rows have no type of their own in net-snmp's tree.
fn shows_syntax(node: &Node<'_>) -> bool {
    node.syntax().is_some_and(|syntax| syntax.base() != Base::None)
}

/// A node in the words of `snmptranslate -Tp`.
fn facts(node: &Node<'_>) -> Vec<String> {
    let syntax = node.syntax().expect("was filtered");
    let enumeration = syntax.is_enumeration();
    let access = match node.access().expect("was filtered") {
        Access::NotAccessible => "----",
        Access::AccessibleForNotify => "---N",
        Access::ReadOnly => "-R--",
        Access::ReadWrite => "-RW-",
        Access::ReadCreate => "CR--",
    };
    let word = match syntax.base() {
        Base::Integer32 if enumeration => "EnumVal",
        Base::Integer32 => "Integer32",
        Base::Unsigned32 => "Unsigned",
        Base::Gauge32 => "Gauge",
        Base::Counter32 => "Counter",
        Base::Counter64 => "Counter64",
        Base::TimeTicks => "TimeTicks",
        Base::OctetString => "String",
        Base::ObjectIdentifier => "ObjID",
        Base::IpAddress => "IpAddr",
        Base::Opaque => "Opaque",
        Base::Bits => "BitString",
        Base::None => "",
    };
    let mut facts = vec![access.to_owned(), word.to_owned()];
    if let Some(convention) = syntax.ancestry().find(|t| t.is_textual_convention()) {
        facts.push(format!("Textual Convention: {}", convention.name()));
    }
    let labels: Vec<_> = syntax.labels().map(|(label, n)| format!("{label}({n})")).collect();
    if !labels.is_empty() {
        facts.push(format!("Values: {}", labels.join(", ")));
    }
    for (word, bounds) in [("Range", syntax.ranges()), ("Size", syntax.sizes())] {
        let bounds: Vec<_> = bounds
            .iter()
            .map(|&(low, high)| match low == high {
                true => low.to_string(),
                false => format!("{low}..{high}"),
            })
            .collect();
        if !bounds.is_empty() && labels.is_empty() {
            facts.push(format!("{word}: {}", bounds.join(" | ")));
        }
    }
    facts
}

/// The same, read from the tree.
fn objects_of_tree(tree: &str) -> BTreeMap<String, Vec<String>> {
    let mut objects: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut current: Option<String> = None;
    for line in tree.lines() {
        let line = line.trim_start_matches([' ', '|']);
        if let Some(node) = line.strip_prefix("+-- ") {
            let words: Vec<&str> = node.split_whitespace().collect();
            let [access, word, name] = words[..] else {
                current = None;
                continue;
            };
            let name = name.split('(').next().unwrap_or(name).to_owned();
            // Two spellings of one type (RFC 2578 §7.1.1).
            let word = if word == "INTEGER" { "Integer32" } else { word };
            objects.insert(name.clone(), vec![access.to_owned(), word.to_owned()]);
            current = Some(name);
        } else if line.starts_with("+--") {
            current = None;
        } else if let Some(facts) = current.as_ref().and_then(|name| objects.get_mut(name))
            && !line.is_empty()
        {
            facts.push(line.trim_end().to_owned());
        }
    }
    objects
}
