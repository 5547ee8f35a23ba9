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

/// The name is the importing module's no more than it would be of an import.
#[test]
fn a_name_on_the_way_is_another_modules_where_that_is_imported_from() {
    let owner = "O-MIB DEFINITIONS ::= BEGIN
         body OBJECT IDENTIFIER ::= { iso org(3) 111 } c OBJECT IDENTIFIER ::= { body 1 } END";
    let user = "U-MIB DEFINITIONS ::= BEGIN IMPORTS c FROM O-MIB;
         u OBJECT IDENTIFIER ::= { iso org(3) body(111) 3 } END";
    let stranger = "S-MIB DEFINITIONS ::= BEGIN
         s OBJECT IDENTIFIER ::= { iso org(3) body(111) 4 } END";
    let mib = compile(&[("O-MIB", owner), ("U-MIB", user), ("S-MIB", stranger)]);
    let names = |module: &str| {
        let nodes = mib.module(module).into_iter().flat_map(|module| module.nodes());
        nodes.map(|node| node.name()).collect::<Vec<_>>()
    };
    assert_eq!(names("U-MIB"), ["u"]);
    assert_eq!(names("S-MIB"), ["s", "body"]);
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

/// The first value has the name; what is below it has another place in its own module
/// than in others.
#[test]
fn what_is_below_a_name_with_two_values_has_its_place() {
    let owner = "O-MIB DEFINITIONS ::= BEGIN
         model OBJECT IDENTIFIER ::= { iso 2 } device OBJECT IDENTIFIER ::= { model 1 }
         model OBJECT IDENTIFIER ::= { iso 3 }
         series OBJECT IDENTIFIER ::= { iso 7 } part OBJECT IDENTIFIER ::= { series 1 }
         series OBJECT IDENTIFIER ::= { iso 6 1 }
         loop OBJECT IDENTIFIER ::= { iso 4 } turn OBJECT IDENTIFIER ::= { loop 1 }
         loop OBJECT IDENTIFIER ::= { turn 1 } END";
    let user = "U-MIB DEFINITIONS ::= BEGIN IMPORTS model, series FROM O-MIB;
         u OBJECT IDENTIFIER ::= { model 1 } v OBJECT IDENTIFIER ::= { series 1 } END";
    let mib = compile(&[("U-MIB", user), ("O-MIB", owner)]);
    let oid = |module: &str, name: &str| {
        let nodes = mib.module(module).into_iter().flat_map(|module| module.nodes());
        nodes.filter(|node| node.name() == name).map(|node| node.oid().to_vec()).next()
    };
    for (module, name, expected) in [
        ("O-MIB", "model", &[1, 2][..]),
        ("O-MIB", "device", &[1, 3, 1]),
        ("U-MIB", "u", &[1, 2, 1]),
        ("O-MIB", "series", &[1, 7]),
        ("O-MIB", "part", &[1, 6, 1, 1]),
        ("U-MIB", "v", &[1, 6, 1, 1]),
        ("O-MIB", "loop", &[1, 4]),
        ("O-MIB", "turn", &[1, 4, 1]),
    ] {
        assert_eq!(oid(module, name).as_deref(), Some(expected), "{name}");
    }
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

/// One fault is said once, where it is, and costs nothing else.
#[test]
fn a_fault_is_said_where_it_is() {
    let head = "V-MIB DEFINITIONS ::= BEGIN IMPORTS MODULE-IDENTITY, OBJECT-TYPE, Integer32,\n\
         Counter32, enterprises FROM SNMPv2-SMI DisplayString FROM SNMPv2-TC;\n\
         vMIB MODULE-IDENTITY LAST-UPDATED \"202601010000Z\" ORGANIZATION \"o\"\n\
         CONTACT-INFO \"c\" DESCRIPTION \"d\" REVISION \"202601010000Z\" DESCRIPTION \"d\"\n\
         ::= { enterprises 99999 }\n\
         vTable OBJECT-TYPE SYNTAX SEQUENCE OF VEntry\n\
         MAX-ACCESS not-accessible STATUS current DESCRIPTION \"d\" ::= { vMIB 1 }\n\
         vEntry OBJECT-TYPE SYNTAX VEntry MAX-ACCESS not-accessible STATUS current\n\
         DESCRIPTION \"d\" INDEX { vSlot }\n\
         ::= { vTable 1 }\n\
         VEntry ::= SEQUENCE { vSlot Integer32,\n\
         vName DisplayString,\n\
         vCount Counter32 }\n\
         vSlot OBJECT-TYPE SYNTAX Integer32 (1..9)\n\
         MAX-ACCESS not-accessible STATUS current DESCRIPTION \"d\" ::= { vEntry 1 }\n\
         vName OBJECT-TYPE SYNTAX DisplayString (SIZE (0..9))\n\
         MAX-ACCESS read-write STATUS current DESCRIPTION \"d\" DEFVAL { \"x\" }\n\
         ::= { vEntry 2 }\n\
         vCount OBJECT-TYPE SYNTAX Counter32\n\
         MAX-ACCESS read-only STATUS current DESCRIPTION \"d\" ::= { vEntry 3 } END";
    let found = |text: &str| {
        let mut compiler = Compiler::with_base();
        compiler.judge().text("V-MIB", text);
        let graver = compiler.compile().records().filter(|r| r.severity < 4).collect::<Vec<_>>();
        graver.into_iter().map(|r| (r.code, r.line, r.col)).collect::<Vec<_>>()
    };
    assert_eq!(found(head), []);
    for (right, wrong, expected) in [
        ("DEFVAL { \"x\" }", "DEFVAL { 7 }", ("bad-default", 17, 63)),
        ("read-only STATUS current", "read-only", ("status-missing", 19, 1)),
        ("Counter32\nMAX", "Counter32 (0..9)\nMAX", ("subtype-illegal", 19, 38)),
        ("(SIZE (0..9))", "(0..9)", ("subtype-illegal", 16, 41)),
        ("INDEX { vSlot }", "INDEX { IMPLIED vSlot }", ("index-implied-fixed", 9, 33)),
        ("INDEX { vSlot }", "INDEX { vSlot, vSlot }", ("index-element-twice", 9, 32)),
        ("LAST-UPDATED \"202601", "LAST-UPDATED \"202613", ("date-invalid", 3, 35)),
        ("DisplayString,\n", "DisplayString\n", ("missing-comma", 12, 7)),
        ("enterprises FROM", "enterprises", ("syntax", 2, 24)),
        ("SEQUENCE OF VEntry", "SEQUENCE OF WEntry", ("table-type", 6, 39)),
    ] {
        assert_eq!(head.matches(right).count(), 1, "{right}");
        let found = found(&head.replace(right, wrong));
        assert_eq!(found.first(), Some(&expected), "{wrong}: {found:?}");
        assert!(found.len() <= 2, "{wrong}: {found:?}");
    }
}

/// An import with a slip of the pen imports what it is next to.
#[test]
fn a_misspelt_import_is_missed_once() {
    let text = "V-MIB DEFINITIONS ::= BEGIN
         IMPORTS OBJECT-TYPE, Integer32, enterprises FROM SNMPv2-SMI DisplayStrin FROM SNMPv2-TC;
         a OBJECT-TYPE SYNTAX DisplayString MAX-ACCESS read-only STATUS current DESCRIPTION \"d\"
             ::= { enterprises 99999 } END";
    let mib = compile(&[("V-MIB", text)]);
    let codes: Vec<&str> = mib.diagnostics().iter().map(|d| d.code()).collect();
    assert_eq!(codes, ["missing-import"]);
}

/// Where a macro is misspelt, what it was to define is not missed again.
#[test]
fn what_a_broken_definition_would_have_made_is_not_missed() {
    let text = module(
        "V-MIB",
        "a OBJECT-TYP SYNTAX INTEGER ACCESS read-only STATUS mandatory ::= { v 1 }
         b OBJECT IDENTIFIER ::= { a 1 }",
    );
    let mib = compile(&[("V-MIB", &text)]);
    let codes: Vec<&str> = mib.diagnostics().iter().map(|d| d.code()).collect();
    assert_eq!(codes, ["syntax"]);
}
