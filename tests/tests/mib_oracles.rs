//! What libsmi and net-snmp make of modules, beside what our compiler does: each
//! name, its OID and what it is. Over our own modules always; over the standard
//! ones where LCMS_STANDARD_MIBS names their folder, for they are not ours to
//! keep.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use lcms_mibs::{Compiler, Kind, Mib};
use lcms_tests::{net_snmp, root};

/// Where we differ from libsmi in what a node is, and why we are right.
const KNOWN: &[(&str, &str)] = &[
    // Its OBJECT-TYPE is RFC 1155's, which had no INDEX. libsmi takes the columns
    // of a row without one for scalars; a row they are in all the same.
    ("RFC1158-MIB", "column"),
    // Objects below a table and not below its row, which has another place.
    ("UCD-SNMP-MIB-OLD", "scalar"),
];

#[test]
fn our_modules_are_what_libsmi_says() {
    let Some(smidump) = net_snmp::tool("smidump") else { return };
    let folder = root().join("mibs/modules");
    let compared = with_libsmi(&smidump, &[folder]);
    assert!(compared > 700, "only {compared} definitions were compared");
}

#[test]
fn standard_modules_are_what_libsmi_says() {
    let Some(smidump) = net_snmp::tool("smidump") else { return };
    let Some(folders) = standard() else { return };
    let compared = with_libsmi(&smidump, &folders);
    assert!(compared > 10_000, "only {compared} definitions were compared");
}

/// net-snmp keeps every definition of a name; each of its pairs is one of ours.
#[test]
fn standard_modules_have_the_oids_that_net_snmp_gives_them() {
    let Some(snmptranslate) = net_snmp::tool("snmptranslate") else { return };
    let Some(folders) = standard() else { return };
    let mib = compiled(&folders);
    let mut ours: BTreeSet<(&str, String)> = BTreeSet::new();
    for node in mib.nodes() {
        ours.insert((node.name(), dotted(node.oid())));
    }
    let list = folders.iter().map(|f| f.display().to_string()).collect::<Vec<_>>().join(":");
    let said = Command::new(snmptranslate)
        .args(["-M", &list, "-m", "ALL", "-Tz"])
        .env("SNMPCONFPATH", "/nonexistent")
        .output()
        .expect("it was found");
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    let mut missing = Vec::new();
    let mut compared = 0;
    for line in said.lines() {
        let words: Vec<&str> = line.split('\t').filter(|word| !word.is_empty()).collect();
        let [name, oid] = words.as_slice() else { continue };
        let (name, oid) = (name.trim_matches('"'), oid.trim_matches('"'));
        compared += 1;
        // It makes nodes of the labels in an OID value, and names for nodes
        // without one; for us, as the SMI has it, those are no definitions.
        if !ours.contains(&(name, oid.to_owned())) && !name.starts_with("anonymous#") {
            missing.push((name.to_owned(), oid.to_owned()));
        }
    }
    assert!(compared > 10_000, "only {compared} definitions were compared");
    // A hundredth of a per cent, and the labels.
    let defined = missing.iter().filter(|(name, _)| mib.node_by_name(name).is_some()).count();
    assert!(defined * 1_000 <= compared, "{defined} of {compared}: {missing:?}");
}

/// The folders of the standard modules, where they are at hand.
fn standard() -> Option<Vec<PathBuf>> {
    let Some(folder) = env::var_os("LCMS_STANDARD_MIBS") else {
        eprintln!("LCMS_STANDARD_MIBS names no folder: the standard modules are not compared");
        return None;
    };
    let mut folders = vec![PathBuf::from(&folder)];
    for entry in fs::read_dir(&folder).expect("LCMS_STANDARD_MIBS is a folder") {
        folders.extend(entry.ok().map(|entry| entry.path()).filter(|path| path.is_dir()));
    }
    Some(folders)
}

fn compiled(folders: &[PathBuf]) -> Mib {
    let mut compiler = Compiler::with_base();
    for folder in folders {
        compiler.dir(folder).expect("the folder is there");
    }
    compiler.compile()
}

/// Compares every definition of the modules in these folders, and counts them.
#[track_caller]
fn with_libsmi(smidump: &Path, folders: &[PathBuf]) -> usize {
    let mib = compiled(folders);
    let mut ours: BTreeMap<(&str, &str), (String, &str)> = BTreeMap::new();
    for node in mib.nodes() {
        // libsmi knows an identity as the node it is.
        let kind = match node.kind() {
            Kind::Identity => "node",
            kind => kind.name(),
        };
        ours.insert((node.module().name(), node.name()), (dotted(node.oid()), kind));
    }
    let path = folders.iter().map(|f| f.display().to_string()).collect::<Vec<_>>().join(":");
    let mut differences = Vec::new();
    let mut compared = 0;
    for folder in folders {
        let mut files: Vec<PathBuf> = fs::read_dir(folder)
            .expect("the folder is there")
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| path.is_file() && path.extension().is_none())
            .collect();
        files.sort();
        for file in files {
            let said = Command::new(smidump)
                .args(["-c", "/dev/null", "-k", "-f", "identifiers"])
                .arg(&file)
                .env("SMIPATH", &path)
                .output()
                .expect("it was found");
            for line in String::from_utf8_lossy(&said.stdout).lines() {
                let words: Vec<&str> = line.split_whitespace().collect();
                let [module, name, kind, oid] = words.as_slice() else { continue };
                // What it does not know itself is nothing to compare with.
                if line.starts_with('#') || *kind == "<unknown>" {
                    continue;
                }
                compared += 1;
                match ours.get(&(*module, *name)) {
                    Some((own, own_kind)) if own == oid && own_kind == kind => {}
                    Some((own, own_kind))
                        if own == oid && KNOWN.contains(&(*module, *own_kind)) => {}
                    own => differences.push(format!("{line}: {own:?}")),
                }
            }
        }
    }
    assert_eq!(differences, Vec::<String>::new());
    compared
}

fn dotted(oid: &[u32]) -> String {
    oid.iter().map(u32::to_string).collect::<Vec<_>>().join(".")
}
