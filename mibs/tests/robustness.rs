//! Input nobody would write: it must end, soon, and without a panic.

use lcms_mibs::{Compiler, Mib, parse};
use proptest::prelude::*;

fn compile(text: impl Into<Vec<u8>>) -> Mib {
    let mut compiler = Compiler::with_base();
    compiler.text("input", text);
    let mib = compiler.compile();
    // All of a diagnostic is worked out, its place included.
    assert_eq!(mib.records().count(), mib.diagnostics().len());
    mib
}

/// Inputs that are expensive for a reader that looks at things twice. Each is
/// large enough to be noticed if time grows with the square.
#[test]
fn large_and_deep_inputs_take_linear_time() {
    let header = "X-MIB DEFINITIONS ::= BEGIN ";
    let many = |unit: &str| format!("{header}{}", unit.repeat(300_000 / unit.len()));
    for unit in [
        "{ ",
        "a ::= { ",
        "EXPORTS ",
        "IMPORTS ",
        "IMPORTS a FROM B ",
        "A ::= SEQUENCE { ",
        "A ::= SEQUENCE { a ( ",
        "a OBJECT-TYPE ",
        "a OBJECT-TYPE SYNTAX SEQUENCE { b ( ",
        "SYNTAX SEQUENCE { b ( ",
        "a OBJECT-TYPE INDEX { b ",
        "A MACRO ::= BEGIN ",
        "a OBJECT IDENTIFIER ::= { b ",
        "a OBJECT IDENTIFIER ::= { b 1 } ",
        "A ::= INTEGER { ",
        "A { 1 } ",
        "X-MIB DEFINITIONS ::= BEGIN ",
        "\" ",
        "' ",
        "-- ",
        "((((",
    ] {
        parse(many(unit).as_bytes());
    }
}

#[test]
fn long_chains_are_followed_without_a_deep_stack() {
    let count = 50_000;
    let mut text = String::from("X-MIB DEFINITIONS ::= BEGIN IMPORTS iso FROM X;\n");
    for n in 0..count {
        text += &format!("n{n} OBJECT IDENTIFIER ::= {{ n{} }}\nT{n} ::= T{}\n", n + 1, n + 1);
    }
    text += &format!("n{count} OBJECT IDENTIFIER ::= {{ 1 3 6 }}\nT{count} ::= INTEGER\nEND");
    let mib = compile(text);
    assert_eq!(mib.node_by_name("n0").unwrap().oid(), [1, 3, 6]);
    assert!(mib.type_by_name(Some("X-MIB"), "T0").is_some());
}

#[test]
fn circles_are_reported_and_broken() {
    let mib = compile(
        "X-MIB DEFINITIONS ::= BEGIN a OBJECT IDENTIFIER ::= { b 1 } \
         b OBJECT IDENTIFIER ::= { a 1 } A ::= B B ::= A c OBJECT IDENTIFIER ::= { 1 3 } END",
    );
    let codes: Vec<&str> = mib.diagnostics().iter().map(|d| d.code()).collect();
    assert_eq!(codes, ["cycle", "cycle"]);
    assert!(mib.node_by_name("c").is_some());
    assert!(mib.node_by_name("a").is_none());
}

#[test]
fn a_deep_oid_is_refused() {
    let mut text = String::from("X-MIB DEFINITIONS ::= BEGIN n0 OBJECT IDENTIFIER ::= { 1 3 }\n");
    for n in 1..200 {
        text += &format!("n{n} OBJECT IDENTIFIER ::= {{ n{} 1 }}\n", n - 1);
    }
    let mib = compile(text + "END");
    assert!(mib.node_by_name("n126").is_some());
    assert!(mib.node_by_name("n127").is_none());
    assert_eq!(mib.diagnostics().len(), 1);
}

/// What grows with the square of the input in a careless compiler: each of these
/// takes seconds then, and minutes where there is a cube.
#[test]
fn nothing_is_done_again_for_each_of_many() {
    let header = "X-MIB DEFINITIONS ::= BEGIN\nx OBJECT IDENTIFIER ::= { 1 3 }\n";
    let lines = |count: usize, line: &dyn Fn(usize) -> String| -> String {
        let body: String = (0..count).map(line).collect();
        format!("{header}{body}END")
    };
    let labels: String = (0..100_000).map(|n| format!("l{n}({n}),")).collect();
    let members: String = (0..20_000).map(|n| format!("m{n} INTEGER,")).collect();
    for text in [
        // One name and one OID, again and again.
        lines(20_000, &|n| format!("a OBJECT IDENTIFIER ::= {{ x {n} }}\n")),
        lines(20_000, &|n| format!("a{n} OBJECT IDENTIFIER ::= {{ x 1 }}\n")),
        // Names that nobody knows, all alike.
        lines(20_000, &|n| format!("a{n} OBJECT IDENTIFIER ::= {{ nowhere{n} 1 }}\n")),
        // One long list.
        format!("{header}T ::= INTEGER {{ {labels} last(-1) }}\nEND"),
        format!("{header}T ::= SEQUENCE {{ {members} last INTEGER }}\nEND"),
        // A type refined, and refined again.
        lines(20_000, &|n| format!("T{} ::= T{n} (0..{})\n", n + 1, 1_000_000 - n)),
        // Imports that are not there.
        format!("X-MIB DEFINITIONS ::= BEGIN IMPORTS {} FROM Y-MIB; END", "a, ".repeat(50_000)),
    ] {
        let mib = compile(text);
        assert!(mib.module("X-MIB").is_some());
    }
}

/// The same set of modules in any order is the same MIB: each module needs the
/// one behind it.
#[test]
fn many_modules_that_need_each_other_are_resolved() {
    let count = 2_000;
    let mut compiler = Compiler::new();
    for n in 0..count {
        let text = format!(
            "M{n} DEFINITIONS ::= BEGIN IMPORTS n{0}, T{0} FROM M{0};\n\
             n{n} OBJECT IDENTIFIER ::= {{ n{0} }}\nT{n} ::= T{0}\nEND",
            n + 1
        );
        compiler.text(format!("M{n}"), text);
    }
    let last = format!(
        "M{count} DEFINITIONS ::= BEGIN n{count} OBJECT IDENTIFIER ::= {{ 1 3 }} T{count} ::= INTEGER END"
    );
    compiler.text("last", last);
    let mib = compiler.compile();
    assert_eq!(mib.diagnostics(), []);
    assert_eq!(mib.node_by_name("M0::n0").map(|node| node.oid()), Some(&[1, 3][..]));
}

/// A module of 10 MB is read like any other, and judged too.
#[test]
fn a_huge_module_is_judged() {
    let object = |n: usize| {
        format!(
            "o{n} OBJECT-TYPE SYNTAX INTEGER (0..{n}) MAX-ACCESS read-only STATUS current\n\
             DESCRIPTION \"{}\" ::= {{ x {n} }}\n",
            "prose ".repeat(80)
        )
    };
    let body: String = (0..17_000).map(object).collect();
    assert!(body.len() > 10_000_000);
    let mut compiler = Compiler::with_base();
    compiler.judge().text(
        "X-MIB",
        format!("X-MIB DEFINITIONS ::= BEGIN IMPORTS OBJECT-TYPE, enterprises FROM SNMPv2-SMI;\nx OBJECT IDENTIFIER ::= {{ enterprises 9 }}\n{body}END"),
    );
    let mib = compiler.compile();
    assert_eq!(mib.module("X-MIB").map(|module| module.nodes().count()), Some(17_001));
    assert!(mib.records().count() > 17_000, "each is in no group");
}

/// Words of the language, thrown together.
fn words() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "X-MIB",
        "DEFINITIONS",
        "::=",
        "BEGIN",
        "END",
        "IMPORTS",
        "FROM",
        ";",
        ",",
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        "..",
        ".",
        "|",
        "a",
        "b",
        "ifEntry",
        "A",
        "B",
        "Foo",
        "1",
        "-1",
        "99999999999999999999",
        "'ff'H",
        "'1'B",
        "\"text\"",
        "OBJECT-TYPE",
        "SYNTAX",
        "INTEGER",
        "OCTET",
        "STRING",
        "OBJECT",
        "IDENTIFIER",
        "SEQUENCE",
        "OF",
        "CHOICE",
        "BITS",
        "MAX-ACCESS",
        "ACCESS",
        "read-only",
        "STATUS",
        "current",
        "DESCRIPTION",
        "INDEX",
        "AUGMENTS",
        "IMPLIED",
        "DEFVAL",
        "TEXTUAL-CONVENTION",
        "DISPLAY-HINT",
        "MODULE-IDENTITY",
        "NOTIFICATION-TYPE",
        "OBJECTS",
        "TRAP-TYPE",
        "ENTERPRISE",
        "VARIABLES",
        "OBJECT-GROUP",
        "MODULE-COMPLIANCE",
        "MODULE",
        "MANDATORY-GROUPS",
        "GROUP",
        "AGENT-CAPABILITIES",
        "SUPPORTS",
        "INCLUDES",
        "VARIATION",
        "MACRO",
        "SIZE",
        "UNITS",
        "iso",
        "enterprises",
        "Counter32",
        "DisplayString",
        "--",
        "\n",
        "\"",
        "'",
    ]);
    prop::collection::vec(word, 0..80).prop_map(|words| words.join(" "))
}

proptest! {
    #[test]
    fn any_octets_are_read(octets in prop::collection::vec(any::<u8>(), 0..400)) {
        compile(octets);
    }

    #[test]
    fn any_words_are_read(body in words()) {
        let mib = compile(format!("X-MIB DEFINITIONS ::= BEGIN {body} END"));
        for diagnostic in mib.diagnostics() {
            mib.render(diagnostic, false);
        }
    }

    /// A damaged module is still a module: what is before the damage is there.
    #[test]
    fn a_damaged_module_is_read(at in 0..7000_usize, garbage in words()) {
        let text = include_str!("fixture.mib");
        let (before, after) = text.split_at(at.min(text.len()));
        let mib = compile(format!("{before}{garbage}{after}"));
        if at > 2000 {
            prop_assert!(mib.node_by_name("FIXTURE-MIB::fixture").is_some());
        }
    }
}
