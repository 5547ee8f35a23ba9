//! What vendors ship: modules with faults that do not hide what was meant.

use lcms_mibs::{Base, Compiler, Kind, Mib};

const HEADER: &str = "IMPORTS enterprises, Gauge FROM RFC1155-SMI OBJECT-TYPE FROM RFC-1212;
v OBJECT IDENTIFIER ::= { enterprises 99999 }";

fn compile(modules: &[(&str, &str)]) -> Mib {
    let mut compiler = Compiler::with_base();
    for (file, text) in modules {
        compiler.text(*file, *text);
    }
    compiler.compile()
}

fn module(name: &str, body: &str) -> String {
    format!("{name} DEFINITIONS ::= BEGIN {HEADER} {body} END")
}

fn kind(mib: &Mib, module: &str, name: &str) -> Option<Kind> {
    let node = mib.module(module)?.nodes().find(|node| node.name() == name)?;
    Some(node.kind())
}

/// A name in a clause is a fact of the module, even where its definition is not
/// at hand.
#[test]
fn names_of_objects_that_nobody_defines_are_kept() {
    let text = module(
        "V-MIB",
        "vTable OBJECT-TYPE SYNTAX SEQUENCE OF VEntry ACCESS not-accessible STATUS mandatory
             ::= { v 1 }
         vEntry OBJECT-TYPE SYNTAX VEntry ACCESS not-accessible STATUS mandatory
             INDEX { vSlot, elsewhere, Service } ::= { vTable 1 }
         VEntry ::= SEQUENCE { vSlot INTEGER }
         vSlot OBJECT-TYPE SYNTAX INTEGER ACCESS read-only STATUS mandatory ::= { vEntry 1 }
         wEntry OBJECT-TYPE SYNTAX VEntry ACCESS not-accessible STATUS mandatory
             AUGMENTS { farEntry } ::= { v 2 }
         vTrap TRAP-TYPE ENTERPRISE v VARIABLES { Elsewhere, vSlot, yonder } ::= 1",
    );
    let mib = compile(&[("V-MIB", &text)]);
    let node = |name| mib.node_by_name(name).expect("it is defined");
    let index: Vec<_> = node("vEntry").own_index().map(|part| part.name()).collect();
    assert_eq!(index, ["vSlot", "elsewhere", "Service"]);
    assert_eq!(node("wEntry").written_augments(), Some("farEntry"));
    assert_eq!(node("wEntry").augments(), None);
    let trap = node("vTrap");
    assert_eq!(trap.written_members().collect::<Vec<_>>(), ["Elsewhere", "vSlot", "yonder"]);
    assert_eq!(trap.members().collect::<Vec<_>>(), [node("vSlot")]);
    // What follows an unknown part of an index cannot be told apart.
    let column = [node("vSlot").oid(), &[7, 3, 97]].concat();
    assert_eq!(mib.format_name(&column), "vSlot.7.3.97");
}

/// Version 1 has no Unsigned32, and modules in it make their own.
#[test]
fn an_unsigned32_made_of_a_gauge_is_one() {
    let text = module(
        "V-MIB",
        "Unsigned32 ::= Gauge
         vSize OBJECT-TYPE SYNTAX Unsigned32 ACCESS read-only STATUS mandatory ::= { v 1 }",
    );
    let mib = compile(&[("V-MIB", &text)]);
    let base = mib.node_by_name("vSize").and_then(|node| node.syntax()).map(|s| s.base());
    assert_eq!(base, Some(Base::Unsigned32));
}

/// A scalar is no column because another module has a row at the OID above it.
#[test]
fn each_module_has_its_own_rows() {
    let row = "vTable OBJECT-TYPE SYNTAX SEQUENCE OF VEntry ACCESS not-accessible STATUS mandatory
             ::= { v 1 }
         vEntry OBJECT-TYPE SYNTAX VEntry ACCESS not-accessible STATUS mandatory
             INDEX { vSlot } ::= { vTable 1 }
         VEntry ::= SEQUENCE { vSlot INTEGER }
         vSlot OBJECT-TYPE SYNTAX INTEGER ACCESS read-only STATUS mandatory ::= { vEntry 1 }";
    let plain = "w OBJECT IDENTIFIER ::= { v 1 } wInfo OBJECT IDENTIFIER ::= { w 1 }
         wName OBJECT-TYPE SYNTAX INTEGER ACCESS read-only STATUS mandatory ::= { wInfo 2 }";
    let more = "xMore OBJECT-TYPE SYNTAX INTEGER ACCESS read-only STATUS mandatory
             ::= { v 1 1 3 }";
    let texts = [("V-MIB", row), ("W-MIB", plain), ("X-MIB", more)].map(|(n, b)| (n, module(n, b)));
    let mib = compile(&texts.each_ref().map(|(name, text)| (*name, text.as_str())));
    assert_eq!(kind(&mib, "V-MIB", "vSlot"), Some(Kind::Column));
    assert_eq!(kind(&mib, "W-MIB", "wName"), Some(Kind::Scalar));
    // It has nothing of its own there, and adds a column to the other's row.
    assert_eq!(kind(&mib, "X-MIB", "xMore"), Some(Kind::Column));
}

/// A table with its row's INDEX has its row's columns too.
#[test]
fn below_a_table_with_an_index_are_columns() {
    let text = module(
        "V-MIB",
        "vTable OBJECT-TYPE SYNTAX SEQUENCE OF VEntry ACCESS not-accessible STATUS mandatory
             INDEX { vSlot } ::= { v 1 }
         VEntry ::= SEQUENCE { vSlot INTEGER }
         vSlot OBJECT-TYPE SYNTAX INTEGER ACCESS read-only STATUS mandatory ::= { vTable 1 }",
    );
    let mib = compile(&[("V-MIB", &text)]);
    assert_eq!(kind(&mib, "V-MIB", "vSlot"), Some(Kind::Column));
}

/// Without dates, the module that others find by its name is the one that is meant.
#[test]
fn of_two_modules_of_one_age_the_one_in_the_file_of_its_name_counts() {
    let own = module("V-MIB", "vOwn OBJECT IDENTIFIER ::= { v 1 }");
    let copy = module("V-MIB", "vCopy OBJECT IDENTIFIER ::= { v 1 }");
    for files in
        [[("a/VENDOR-V", &*copy), ("b/v-mib.txt", &*own)], [("b/V-MIB", &own), ("V", &copy)]]
    {
        let mib = compile(&files);
        assert!(mib.node_by_name("vOwn").is_some());
        assert!(mib.node_by_name("vCopy").is_none());
    }
}

/// The names on the way to an OID are names, for who walks there.
#[test]
fn a_name_on_the_way_of_an_oid_has_a_node() {
    let text = "V-MIB DEFINITIONS ::= BEGIN
         a OBJECT IDENTIFIER ::= { iso org(3) body(111) wing(2) 802 }
         b OBJECT IDENTIFIER ::= { iso org(3) body(111) wing(2) last(7) } END";
    let mib = compile(&[("V-MIB", text)]);
    let nodes = mib.module("V-MIB").into_iter().flat_map(|module| module.nodes());
    let mut nodes: Vec<(&str, &[u32])> = nodes.map(|node| (node.name(), node.oid())).collect();
    nodes.sort_by_key(|node| node.1);
    let expected: [(&str, &[u32]); 4] = [
        ("body", &[1, 3, 111]),
        ("wing", &[1, 3, 111, 2]),
        ("b", &[1, 3, 111, 2, 7]),
        ("a", &[1, 3, 111, 2, 802]),
    ];
    // `org` is the base's, and `last` is another word for `b`.
    assert_eq!(nodes, expected);
}

/// An OID that is written ahead of its object is no second object.
#[test]
fn an_object_counts_before_its_oid_alone() {
    let text = module(
        "V-MIB",
        "vName OBJECT IDENTIFIER ::= { v 1 }
         vName OBJECT-TYPE SYNTAX INTEGER ACCESS read-only STATUS mandatory ::= { v 1 }
         vSize OBJECT IDENTIFIER ::= { v 2 }
         vSize OBJECT-TYPE SYNTAX INTEGER ACCESS read-only STATUS mandatory ::= { v 3 }",
    );
    let mib = compile(&[("V-MIB", &text)]);
    assert_eq!(kind(&mib, "V-MIB", "vName"), Some(Kind::Scalar));
    // Two OIDs are two things, and the first of them has the name.
    assert_eq!(kind(&mib, "V-MIB", "vSize"), Some(Kind::Node));
    let codes: Vec<&str> = mib.diagnostics().iter().map(|d| d.code()).collect();
    assert_eq!(codes, ["duplicate-definition"; 2]);
}

/// A record that is in no table is a group of scalars.
#[test]
fn a_row_without_table_and_index_is_none() {
    let text = module(
        "V-MIB",
        "vState OBJECT-TYPE SYNTAX VState ACCESS read-only STATUS mandatory ::= { v 1 }
         VState ::= SEQUENCE { vName INTEGER }
         vName OBJECT-TYPE SYNTAX INTEGER ACCESS read-only STATUS mandatory ::= { vState 1 }",
    );
    let mib = compile(&[("V-MIB", &text)]);
    assert_eq!(kind(&mib, "V-MIB", "vName"), Some(Kind::Scalar));
}
