//! MIB modules, and the names and values that people write by them.

use std::sync::OnceLock;

use lcms_mibs::{Code, Compiler, Mib, Node};
use lcms_snmp::{Octets, Value};

/// Longer texts teach nothing more.
const MOST: usize = 64 * 1024;

/// What most modules stand on.
const BASE: [(&str, &str); 3] = [
    ("SNMPv2-SMI", include_str!("../../../mibs/modules/SNMPv2-SMI")),
    ("SNMPv2-TC", include_str!("../../../mibs/modules/SNMPv2-TC")),
    ("SNMPv2-CONF", include_str!("../../../mibs/modules/SNMPv2-CONF")),
];

/// A module with everything in it, the odd things above all.
const FIXTURE: &str = include_str!("../../../mibs/tests/fixture.mib");

/// Compiles a text. Every diagnostic has its place and can be drawn; all nodes
/// can be asked everything; names by a module without a fault are read back.
pub fn mib_text(octets: &[u8]) {
    let octets = octets.get(..MOST).unwrap_or(octets);
    let mut compiler = Compiler::new();
    for (name, text) in BASE {
        compiler.text(name, text);
    }
    compiler.text("input", octets);
    let mib = compiler.compile();
    assert_eq!(mib.records().count(), mib.diagnostics().len());
    for record in mib.records() {
        assert!(record.line >= 1 && record.col >= 1);
    }
    for diagnostic in mib.diagnostics().iter().take(20) {
        assert!(!mib.render(diagnostic, true).is_empty());
    }
    let mut names = Vec::new();
    for node in mib.nodes().filter(|node| of_input(node)).take(200) {
        ask(&mib, node);
        names.push(mib.format_full_name(node.oid()));
        if mib.diagnostics().is_empty() {
            let name = names.last().expect("it was put there");
            let again = mib.parse_name(name).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(again.arcs(), node.oid(), "{name}");
        }
    }
}

fn of_input(node: &Node<'_>) -> bool {
    BASE.iter().all(|(name, _)| node.module().name() != *name)
}

/// Reads all that a node says, and writes and reads values by its syntax.
fn ask(mib: &Mib, node: Node<'_>) {
    assert!(mib.lookup(node.oid()).is_some_and(|(_, rest)| rest.is_empty()), "{:?}", node.oid());
    assert!(node.children().all(|child| child.oid().starts_with(node.oid())));
    let _ = (node.kind(), node.access(), node.status(), node.units(), node.description());
    let _ = (node.reference(), node.default(), node.row().is_some(), node.augments().is_some());
    let _ = (node.members().count(), node.compliance().count(), node.index().len());
    let _ = node.syntax().map(|syntax| (syntax.hint(), syntax.is_text(), syntax.fixed_size()));
    for value in [
        Value::Integer(i32::MIN),
        Value::Gauge32(u32::MAX),
        Value::Counter64(u64::MAX),
        Value::OctetString(Octets::copied(&[])),
        Value::OctetString(Octets::copied(&[7, 200, 5, 26, 13, 30, 15, 0, b'+', 2, 0])),
        Value::OctetString(Octets::copied(b"text \xc3\xbc \xff")),
    ] {
        mib.format_value(Some(node), &value);
    }
    for text in ["", "-1", "4294967296", "1.5", "1992-5-26,13:30:15.0", "0xff", "2001:db8::1", "ü"]
    {
        let _ = mib.parse_value(node, text);
    }
    // Behind a column sub-identifiers are written by its index.
    let instance = [node.oid(), &[3, 119, 101, 98, 1, 4, 192, 0, 2, 1]].concat();
    mib.format_name(&instance);
}

/// Judges several modules of one set: a form feed stands between two files.
pub fn mib_lint(octets: &[u8]) {
    let octets = octets.get(..MOST).unwrap_or(octets);
    let mut compiler = Compiler::new();
    compiler.judge();
    for (name, text) in BASE {
        compiler.text(name, text);
    }
    for (at, text) in octets.split(|&octet| octet == 0x0c).take(8).enumerate() {
        compiler.text(format!("input {at}"), text);
    }
    let mib = compiler.compile();
    for record in mib.records() {
        assert!(record.severity <= 6 && !record.message.is_empty());
        assert!(Code::find(record.code).is_some(), "{} is in no list", record.code);
    }
    // A set beside itself has no differences.
    assert_eq!(lcms_mibs::diff(&mib, &mib, |_| true, |_| true), []);
}

/// Takes octets for the tables of compiled modules. What is accepted can be asked
/// everything.
pub fn mib_cache(octets: &[u8]) {
    let Some(mib) = lcms_mibs::from_tables(octets) else { return };
    for node in mib.nodes().take(200) {
        let _ = (node.name(), node.module().name(), node.kind(), node.written_access());
        let _ = (node.children().take(50).count(), node.parent().is_some(), node.row().is_some());
        let _ = (node.index().len(), node.members().count(), node.compliance().count());
        if let Some(syntax) = node.syntax() {
            let _ = (syntax.written(), syntax.labels().count(), syntax.ranges(), syntax.sizes());
        }
        let written = mib.format_full_name(node.oid());
        let _ = (mib.parse_name(&written), mib.node_by_name(node.name()));
    }
    for module in mib.modules().take(50) {
        let _ = (module.last_updated(), module.types().count(), module.identity().is_some());
    }
    assert!(mib.records().count() <= mib.diagnostics().len());
}

/// Reads a name and, from the next line on, a value. What is read is written so
/// that it is read back; a value is one of the object's type.
pub fn mib_words(octets: &[u8]) {
    let text = String::from_utf8_lossy(octets);
    let (name, value) = text.split_once('\n').unwrap_or((&text, "1"));
    let mib = mib();
    let oid = match mib.parse_name(name) {
        Ok(oid) => oid,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            assert!(mib.node_by_name(name).is_none());
            return;
        }
    };
    for written in [mib.format_name(&oid), mib.format_full_name(&oid)] {
        assert_eq!(mib.parse_name(&written).as_ref(), Ok(&oid), "{written}");
    }
    let Some((node, _)) = mib.lookup(&oid) else { return };
    match mib.parse_value(node, value) {
        Err(error) => assert!(!error.to_string().is_empty()),
        Ok(read) => {
            let written = mib.format_value(Some(node), &read);
            // Octets have several forms, and not each says which it is.
            if !matches!(read, Value::OctetString(_) | Value::Opaque(_)) {
                assert_eq!(mib.parse_value(node, &written), Ok(read), "{written}");
            }
        }
    }
}

fn mib() -> &'static Mib {
    static MIB: OnceLock<Mib> = OnceLock::new();
    MIB.get_or_init(|| {
        let mut compiler = Compiler::with_base();
        compiler.text("fixture", FIXTURE);
        compiler.compile()
    })
}

pub(super) fn text_seeds() -> Vec<Vec<u8>> {
    let small = "X-MIB DEFINITIONS ::= BEGIN\n\
        IMPORTS MODULE-IDENTITY, OBJECT-TYPE, Integer32, experimental FROM SNMPv2-SMI\n\
        TEXTUAL-CONVENTION, DateAndTime FROM SNMPv2-TC;\n\
        x MODULE-IDENTITY LAST-UPDATED \"202601010000Z\" ORGANIZATION \"\" CONTACT-INFO \"\"\n\
        DESCRIPTION \"\" ::= { experimental 1 }\n\
        Tenths ::= TEXTUAL-CONVENTION DISPLAY-HINT \"d-1\" STATUS current DESCRIPTION \"\"\n\
        SYNTAX Integer32 (-100..100)\n\
        Mac ::= TEXTUAL-CONVENTION DISPLAY-HINT \"1x:\" STATUS current DESCRIPTION \"\"\n\
        SYNTAX OCTET STRING (SIZE (6))\n\
        y OBJECT-TYPE SYNTAX Tenths MAX-ACCESS read-only STATUS current DESCRIPTION \"\"\n\
        DEFVAL { 5 } ::= { x 1 }\n\
        z OBJECT-TYPE SYNTAX Mac MAX-ACCESS read-only STATUS current DESCRIPTION \"\"\n\
        ::= { x 2 }\n\
        w OBJECT-TYPE SYNTAX BITS { a(0), b(9) } MAX-ACCESS read-only STATUS current\n\
        DESCRIPTION \"\" DEFVAL { { a } } ::= { x 3 }\n\
        END\n";
    let old = "OLD-MIB DEFINITIONS ::= BEGIN IMPORTS enterprises FROM RFC1155-SMI\n\
        OBJECT-TYPE FROM RFC-1212 TRAP-TYPE FROM RFC-1215;\n\
        old OBJECT IDENTIFIER ::= { enterprises 1 }\n\
        o OBJECT-TYPE SYNTAX INTEGER { up(1), down(2) } ACCESS read-only STATUS mandatory\n\
        ::= { old 1 }\n\
        t TRAP-TYPE ENTERPRISE old VARIABLES { o } ::= 7 END\n";
    [small, old, FIXTURE].map(|text| text.as_bytes().to_vec()).into()
}

pub(super) fn lint_seeds() -> Vec<Vec<u8>> {
    let seeds = text_seeds();
    let all = seeds.join(&0x0c);
    seeds.into_iter().chain([all]).collect()
}

pub(super) fn cache_seeds() -> Vec<Vec<u8>> {
    let tables = |text: Vec<u8>| {
        let mut compiler = Compiler::new();
        compiler.text("input", text);
        lcms_mibs::tables_of(&compiler.compile()).expect("nothing was judged")
    };
    text_seeds().into_iter().map(tables).collect()
}

pub(super) fn word_seeds() -> Vec<Vec<u8>> {
    let words = [
        "sysUpTime.0\n3 days, 0:00:00.01",
        "SNMPv2-MIB::sysDescr.0\ntext",
        "sysObjectID.0\nSNMPv2-MIB::system",
        ".1.3.6.1.2.1.1.1\n",
        "lcServerWeight.\"main\".\"web\".\"rs1\"\n10",
        "lcServerWeight[\"main\"][\"web\"][\"rs1\"]\n0x10",
        "LOAD-CLUSTER-MIB::lcServerWeight.4.109.97.105.110.\"web\".\"rs1\"\n65535",
        "lcHostRoleStatus.\"lb1\"\ndirector(2) realServer(4)",
        "lcHostRoleStatus.3.1.2.3\n0x28",
        "lcOverallStatus.0\ncritical(2)",
        "fxAllName.up.5.10.0.0.1.\"web\".'ABCDEF'.2.1.3.true.'rest'\n1",
        "fxAddressName.ipv4.\"192.0.2.1\"\n1",
        "fxAddressName.ipv6.\"2001:db8::1\"\n1",
        "fxAddressName.unknown.2.1.2\n1",
        "fxTenths.0\n-12.3",
        "fxBig.0\n18446744073709551615",
        "fxAddress.0\n192.0.2.1",
        "fxAddressOfHost.0\n192.0.2.1%7",
        "fxAddressOfHost.0\nfe80::1%2",
        "fxWhen.0\n1992-5-26,13:30:15.0,+2:0",
        "ifPhysAddress.3\n0:c:29",
        "ifDescr.3\neth0",
        "iso.2.3\n",
        "lcServerWeight.\"a\\\\b\".\"c\\\"d\".\"\"\n10",
        "enterprises.99999.3\n\"\\\"",
    ];
    words.iter().map(|words| words.as_bytes().to_vec()).collect()
}
