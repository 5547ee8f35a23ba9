//! Whole modules: the built-in ones, and the standard ones where they are at
//! hand.

use std::path::{Path, PathBuf};

use lcms_mibs::{Compiler, Kind, Mib, Severity};

#[test]
fn the_built_in_modules_have_no_fault() {
    let mib = Mib::builtin();
    assert_eq!(mib.records().collect::<Vec<_>>(), []);
    for module in ["LOAD-CLUSTER-MIB", "SNMPv2-MIB", "SNMPv2-TC", "IF-MIB"] {
        assert!(mib.module(module).is_some(), "{module}");
    }
}

#[test]
fn every_node_is_found_by_its_name_and_by_its_oid() {
    let mib = Mib::builtin();
    for node in mib.nodes() {
        let full = format!("{}::{}", node.module().name(), node.name());
        assert_eq!(mib.node_by_name(&full), Some(node));
        let (found, rest) = mib.lookup(node.oid()).unwrap();
        assert_eq!((found.oid(), rest), (node.oid(), &[][..]));
        if let Some(parent) = node.parent() {
            assert!(parent.children().any(|child| child.oid() == node.oid()), "{node:?}");
        }
    }
}

#[test]
fn tables_know_their_rows_columns_and_indexes() {
    let mib = Mib::builtin();
    let table = mib.node_by_name("lcServerTable").unwrap();
    let row = table.row().unwrap();
    assert_eq!((table.kind(), row.name()), (Kind::Table, "lcServerEntry"));
    let index: Vec<&str> = row.index().iter().filter_map(|i| i.node()).map(|n| n.name()).collect();
    assert_eq!(index, ["lcClusterName", "lcServiceName", "lcServerName"]);
    let weight = mib.node_by_name("lcServerWeight").unwrap();
    assert_eq!((weight.kind(), weight.row()), (Kind::Column, Some(row)));
    assert_eq!(weight.syntax().unwrap().name(), "LcWeight");
    let report = mib.node_by_name("lcHostReportEntry").unwrap();
    assert_eq!(report.augments().map(|n| n.name()), Some("lcHostEntry"));
    assert_eq!(report.index().len(), 1);
    let up = mib.node_by_name("lcServerUp").unwrap();
    assert!(up.members().any(|object| object.name() == "lcServerOperState"));
    assert!(mib.nodes().any(|n| n.kind() == Kind::Compliance && n.compliance().count() > 0));
}

/// The IETF's modules lie beside the tree on a developer's machine, or where
/// `LCMS_STANDARD_MIBS` says.
fn standard_modules() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/mibs-standard");
    let folder = std::env::var_os("LCMS_STANDARD_MIBS").map_or(beside, PathBuf::from);
    if folder.join("ietf").is_dir() {
        return Some(folder);
    }
    println!("passed over: no standard modules in {}", folder.display());
    None
}

#[test]
fn the_standard_modules_compile_without_a_false_alarm() {
    let Some(folder) = standard_modules() else { return };
    let mut compiler = Compiler::new();
    for part in ["ietf", "iana", "net-snmp"] {
        compiler.dir(&folder.join(part)).unwrap();
    }
    let mib = compiler.compile();
    let faults: Vec<_> = mib
        .records()
        .filter(|record| record.severity < Severity::Change.level())
        // A column its author did not enter into the SEQUENCE.
        .filter(|record| !record.file.ends_with("LM-SENSORS-MIB"))
        .collect();
    assert_eq!(faults, []);
    assert!(mib.modules().count() > 300);
    assert!(mib.nodes().count() > 20_000);
}

#[test]
fn a_user_s_copy_of_a_base_module_takes_its_place() {
    let Some(folder) = standard_modules() else { return };
    let mib = Mib::load_dirs([folder.join("ietf"), folder.join("iana"), folder.join("net-snmp")]);
    let mib = mib.unwrap();
    let module = mib.module("SNMPv2-MIB").unwrap();
    assert!(mib.source(module.file()).unwrap().name().ends_with("SNMPv2-MIB"));
    let faults = mib.records().filter(|r| r.severity < Severity::Minor.level()).count();
    assert_eq!(faults, 0);
    assert_eq!(mib.node_by_name("sysDescr").unwrap().module().name(), "SNMPv2-MIB");
}
