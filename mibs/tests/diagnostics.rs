//! Faults planted in a module without any: each is found, on its line, and
//! nothing else is said.

use lcms_mibs::{Compiler, Record};

const MODULE: &str = r#"X-MIB DEFINITIONS ::= BEGIN
IMPORTS
    MODULE-IDENTITY, OBJECT-TYPE, Integer32, experimental FROM SNMPv2-SMI
    TEXTUAL-CONVENTION, DisplayString FROM SNMPv2-TC;
xMIB MODULE-IDENTITY
    LAST-UPDATED "202601010000Z" ORGANIZATION "o" CONTACT-INFO "c" DESCRIPTION "d"
    ::= { experimental 1 }
XState ::= TEXTUAL-CONVENTION
    STATUS current DESCRIPTION "d"
    SYNTAX INTEGER { up(1), down(2) }
xTable OBJECT-TYPE
    SYNTAX SEQUENCE OF XEntry MAX-ACCESS not-accessible STATUS current DESCRIPTION "d"
    ::= { xMIB 1 }
xEntry OBJECT-TYPE
    SYNTAX XEntry MAX-ACCESS not-accessible STATUS current DESCRIPTION "d"
    INDEX { xIndex }
    ::= { xTable 1 }
XEntry ::= SEQUENCE { xIndex Integer32, xName DisplayString, xState XState }
xIndex OBJECT-TYPE
    SYNTAX Integer32 (1..9) MAX-ACCESS not-accessible STATUS current DESCRIPTION "d"
    ::= { xEntry 1 }
xName OBJECT-TYPE
    SYNTAX DisplayString (SIZE (0..9))
    MAX-ACCESS read-only
    STATUS current
    DESCRIPTION "d"
    ::= { xEntry 2 }
xState OBJECT-TYPE
    SYNTAX XState MAX-ACCESS read-write STATUS current DESCRIPTION "d"
    DEFVAL { up }
    ::= { xEntry 3 }
END
"#;

fn records(text: impl Into<Vec<u8>>) -> Vec<Record> {
    let mut compiler = Compiler::with_base();
    compiler.text("X-MIB", text);
    compiler.compile().records().collect()
}

#[test]
fn the_module_has_no_fault() {
    assert_eq!(records(MODULE), []);
}

#[test]
fn a_planted_fault_is_found_where_it_is() {
    for (right, wrong, code, line, col) in [
        (", DisplayString FROM", " FROM", "not-imported", 23, 12),
        ("Integer32, experimental", "Integer32, nowhere, experimental", "missing-import", 3, 46),
        ("FROM SNMPv2-TC;", "FROM NO-MIB;", "missing-module", 4, 44),
        ("SYNTAX DisplayString", "SYNTAX DisplayStrin", "unknown-name", 23, 12),
        ("{ xTable 1 }", "{ xTabel 1 }", "unknown-name", 17, 11),
        ("INDEX { xIndex }", "INDEX { xIndx }", "unknown-name", 16, 13),
        ("MAX-ACCESS read-only", "MAX-ACCESS readonly", "bad-access", 24, 16),
        ("    STATUS current\n    DESC", "    STATUS fine\n    DESC", "bad-status", 25, 12),
        ("    INDEX { xIndex }\n", "\n", "missing-index", 14, 1),
        ("    MAX-ACCESS read-only\n", "\n", "missing-access", 22, 1),
        (", xName DisplayString", "", "missing-member", 22, 1),
        ("DEFVAL { up }", "DEFVAL { upp }", "bad-default", 30, 14),
        (
            "XState ::= TEXTUAL-CONVENTION",
            "XHint ::= TEXTUAL-CONVENTION DISPLAY-HINT \"1z\" STATUS current DESCRIPTION \"d\" \
             SYNTAX OCTET STRING\nXState ::= TEXTUAL-CONVENTION",
            "bad-hint",
            8,
            43,
        ),
        ("up(1), down(2)", "up(1), 2down(2)", "name-begins-with-digit", 10, 29),
        ("(SIZE (0..9))", "(SIZE (0..9)", "syntax", 24, 5),
        ("{ xEntry 3 }", "{ xEntry 99999999999 }", "number-too-large", 31, 18),
        ("XState ::= T", "XState ::= XState\nXState ::= T", "cycle", 8, 1),
        ("\nEND\n", "\n", "missing-end", 1, 1),
    ] {
        assert_eq!(MODULE.matches(right).count(), 1, "{right} stands once in the module");
        let found = records(MODULE.replace(right, wrong));
        let first = found.first().unwrap_or_else(|| panic!("{code} was not found"));
        assert!(
            found.iter().any(|r| (r.code, r.line, r.col) == (code, line, col)),
            "{code} at {line}:{col}, found {found:?}"
        );
        assert!(first.severity <= 3, "{first:?}");
    }
}

/// Of each name that stands for nothing it is said what was perhaps meant.
#[test]
fn what_was_meant_is_said() {
    let module = MODULE.replace(
        "END\n",
        "xGroup OBJECT-GROUP OBJECTS { xName } STATUS current DESCRIPTION \"d\" ::= { xMIB 2 }\n\
         xCompliance MODULE-COMPLIANCE STATUS current DESCRIPTION \"d\"\n\
         MODULE MANDATORY-GROUPS { xGroup }\n::= { xMIB 3 }\nEND\n",
    );
    let module = module.replace("xMIB MODULE-I", "OBJECT-GROUP, xMIB MODULE-I").replace(
        "DisplayString FROM SNMPv2-TC;\nOBJECT-GROUP, xMIB",
        "DisplayString FROM SNMPv2-TC\nOBJECT-GROUP, MODULE-COMPLIANCE FROM SNMPv2-CONF;\nxMIB",
    );
    assert_eq!(records(module.as_str()), []);
    for (right, wrong, meant) in [
        ("Integer32, exp", "Intger32, exp", "Integer32"),
        ("OBJECT-TYPE, Integer32", "OBJECT-TYPE, DisplayString, Integer32", "DisplayString FROM"),
        ("FROM SNMPv2-TC\n", "FROM SNMPV2TC\n", "SNMPv2-TC"),
        ("SYNTAX DisplayString", "SYNTAX DispalyString", "DisplayString"),
        ("SYNTAX Integer32", "SYNTAX INTEGR", "INTEGER"),
        ("{ xTable 1 }", "{ xTabel 1 }", "xTable"),
        ("INDEX { xIndex }", "INDEX { xIdnex }", "xIndex"),
        ("OBJECTS { xName }", "OBJECTS { xNam }", "xName"),
        ("GROUPS { xGroup }", "GROUPS { xGrop }", "xGroup"),
        ("MAX-ACCESS read-only", "MAX-ACCESS readonly", "read-only"),
        ("MAX-ACCESS read-only", "MAX-ACESS read-only", "MAX-ACCESS"),
        ("STATUS current\n    DESC", "STATUS curent\n    DESC", "current"),
        ("xName OBJECT-TYPE", "xName OBJECT-TPYE", "OBJECT-TYPE"),
    ] {
        assert_eq!(module.matches(right).count(), 1, "{right} stands once in the module");
        let found = records(module.replace(right, wrong));
        let said = format!("did you mean `{meant}");
        assert!(found.iter().any(|r| r.message.contains(&said)), "{wrong}: {found:?}");
    }
}

/// One fault is one message, at what is wrong.
#[test]
fn one_fault_is_said_once() {
    for (right, wrong, code, line, col) in [
        ("{ up(1), down(2) }\n", "{ up(1), down(2)\n", "syntax", 11, 1),
        ("\n    ::= { xEntry 2 }", "\n    { xEntry 2 }", "syntax", 27, 5),
        ("Integer32 (1..9)", "Integer32 (9..1)", "range-exchanged", 20, 23),
        ("xState OBJECT-TYPE", "xName OBJECT-TYPE", "duplicate-definition", 28, 1),
        (
            "    DESCRIPTION \"d\"\n    ::= { xEntry 2 }",
            "    ::= { xEntry 2 }",
            "description-missing",
            22,
            1,
        ),
        ("\"d\"\n    DEFVAL", "\"d\n    DEFVAL", "unterminated-text", 29, 68),
        ("DisplayString FROM SNMPv2-TC", "DisplaySting FROM SNMPv2-TC", "missing-import", 4, 25),
    ] {
        assert_eq!(MODULE.matches(right).count(), 1, "{right} stands once in the module");
        let judged = |text: String| {
            let mut compiler = Compiler::with_base();
            compiler.judge().text("X-MIB", text);
            let records: Vec<Record> = compiler.compile().records().collect();
            records
        };
        let before: Vec<String> =
            judged(MODULE.to_owned()).into_iter().map(|r| r.code.to_owned() + &r.message).collect();
        let found = judged(MODULE.replace(right, wrong)).into_iter();
        let found: Vec<Record> =
            found.filter(|r| !before.contains(&(r.code.to_owned() + &r.message))).collect();
        let first = found.first().unwrap_or_else(|| panic!("{code} was not found"));
        assert_eq!((first.code, first.line, first.col), (code, line, col), "{found:?}");
        assert!(found.len() <= 2, "{wrong}: {found:?}");
    }
}

/// RFC 2580 §5.4.2.
#[test]
fn a_refinement_has_labels_of_the_object() {
    let text = |labels: &str| {
        MODULE
            .replace(
                "DisplayString FROM SNMPv2-TC;",
                "DisplayString FROM SNMPv2-TC
             MODULE-COMPLIANCE FROM SNMPv2-CONF;",
            )
            .replace(
                "\nEND\n",
                &format!(
                    "\nxCompliance MODULE-COMPLIANCE STATUS current DESCRIPTION \"d\" MODULE
                 OBJECT xState SYNTAX INTEGER {{ {labels} }} DESCRIPTION \"d\"
                 ::= {{ xMIB 3 }}\nEND\n"
                ),
            )
    };
    for (labels, count) in [("up(1)", 0), ("up(1), down(3)", 1), ("lost(2)", 1)] {
        let mut compiler = Compiler::with_base();
        compiler.judge().text("X-MIB", text(labels));
        let records = compiler.compile().records().collect::<Vec<_>>();
        let found = records.iter().filter(|r| r.code == "subtype-enumeration-illegal");
        assert_eq!(found.count(), count, "{labels}: {records:?}");
    }
}

#[test]
fn a_record_is_plain_data() {
    let found = records(MODULE.replace(", DisplayString FROM", " FROM"));
    let expected = Record {
        file: "X-MIB".to_owned(),
        line: 23,
        col: 12,
        severity: 3,
        code: "not-imported",
        message: "`DisplayString` is not imported".to_owned(),
    };
    assert_eq!(found, [expected]);
}

#[test]
fn of_two_modules_of_one_name_the_newer_counts() {
    let newer = MODULE.replace("202601010000Z", "202701010000Z").replace("xName", "xTitle");
    for texts in [[MODULE, &newer], [&newer, MODULE]] {
        let mut compiler = Compiler::with_base();
        for text in texts {
            compiler.text("file", text);
        }
        let mib = compiler.compile();
        assert!(mib.node_by_name("xTitle").is_some());
        assert!(mib.node_by_name("xName").is_none());
        assert_eq!(mib.records().map(|r| r.code).collect::<Vec<_>>(), ["duplicate-module"]);
    }
}

#[test]
fn a_module_of_version_1_compiles_on_the_base_of_version_2() {
    let text = r#"OLD-MIB DEFINITIONS ::= BEGIN
IMPORTS enterprises, Counter, Gauge, TimeTicks, IpAddress, NetworkAddress FROM RFC1155-SMI
    OBJECT-TYPE FROM RFC-1212 TRAP-TYPE FROM RFC-1215 DisplayString, mib-2 FROM RFC1213-MIB;
old OBJECT IDENTIFIER ::= { enterprises 99999 }
oldCount OBJECT-TYPE SYNTAX Counter ACCESS read-only STATUS mandatory DESCRIPTION "d" ::= { old 1 }
oldName OBJECT-TYPE SYNTAX DisplayString ACCESS read-write STATUS mandatory ::= { old 2 }
oldTrap TRAP-TYPE ENTERPRISE old VARIABLES { oldCount, oldName } DESCRIPTION "d" ::= 7
END"#;
    let mut compiler = Compiler::with_base();
    compiler.text("OLD-MIB", text);
    let mib = compiler.compile();
    assert_eq!(mib.records().collect::<Vec<_>>(), []);
    let count = mib.node_by_name("oldCount").and_then(|node| node.syntax()).map(|s| s.base());
    assert_eq!(count, Some(lcms_mibs::Base::Counter32));
    let trap = mib.node_by_name("oldTrap").expect("the trap is a node");
    assert_eq!(trap.oid(), [1, 3, 6, 1, 4, 1, 99999, 0, 7]);
    assert_eq!(trap.members().count(), 2);
}

/// RFC 2578 §7.1: a number of 32 bits has a sign, and an OCTET STRING has at most
/// 65535 octets.
#[test]
fn a_range_wider_than_its_type_is_a_finding() {
    let text = |syntax: &str| {
        format!(
            "X-MIB DEFINITIONS ::= BEGIN IMPORTS OBJECT-TYPE, enterprises, Integer32, Unsigned32 \
             FROM SNMPv2-SMI; x OBJECT-TYPE SYNTAX {syntax} MAX-ACCESS read-only STATUS current \
             DESCRIPTION \"d\" ::= {{ enterprises 99999 }} END"
        )
    };
    for (syntax, is_wide) in [
        ("Integer32 (0..4294967295)", true),
        ("OCTET STRING (SIZE (4..65536))", true),
        ("Unsigned32 (-1..5)", true),
        ("Unsigned32 (0..4294967295)", false),
        ("Integer32 (MIN..MAX)", false),
        ("OCTET STRING (SIZE (0..65535))", false),
    ] {
        let mut compiler = Compiler::with_base();
        compiler.judge().text("X-MIB", text(syntax));
        let mib = compiler.compile();
        let found = mib.diagnostics().iter().any(|d| d.code() == "range-bounds");
        assert_eq!(found, is_wide, "{syntax}");
    }
}
