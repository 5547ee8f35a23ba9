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
