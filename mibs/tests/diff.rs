//! What a revision of a module may do.

use lcms_mibs::{Change, Compiler, Mib, What, diff};

const BASE: &str = "X-MIB DEFINITIONS ::= BEGIN
IMPORTS MODULE-IDENTITY, OBJECT-TYPE, NOTIFICATION-TYPE, enterprises, Integer32 FROM SNMPv2-SMI
    TEXTUAL-CONVENTION FROM SNMPv2-TC OBJECT-GROUP FROM SNMPv2-CONF;
x MODULE-IDENTITY LAST-UPDATED \"202601010000Z\" ORGANIZATION \"o\" CONTACT-INFO \"c\"
    DESCRIPTION \"d\" ::= { enterprises 99999 }
Level ::= TEXTUAL-CONVENTION STATUS current DESCRIPTION \"d\" SYNTAX INTEGER { low(1), high(2) }
xLimit OBJECT-TYPE SYNTAX Integer32 (0..9) MAX-ACCESS read-write STATUS current
    DESCRIPTION \"The limit.\" DEFVAL { 3 } ::= { x 1 }
xLevel OBJECT-TYPE SYNTAX Level MAX-ACCESS read-only STATUS deprecated DESCRIPTION \"d\" ::= { x 2 }
xTable OBJECT-TYPE SYNTAX SEQUENCE OF XEntry MAX-ACCESS not-accessible STATUS current
    DESCRIPTION \"d\" ::= { x 3 }
xEntry OBJECT-TYPE SYNTAX XEntry MAX-ACCESS not-accessible STATUS current DESCRIPTION \"d\"
    INDEX { xName } ::= { xTable 1 }
XEntry ::= SEQUENCE { xName OCTET STRING, xCount Integer32 }
xName OBJECT-TYPE SYNTAX OCTET STRING (SIZE (1..9)) MAX-ACCESS not-accessible STATUS current
    DESCRIPTION \"d\" ::= { xEntry 1 }
xCount OBJECT-TYPE SYNTAX Integer32 MAX-ACCESS read-only STATUS current DESCRIPTION \"d\"
    ::= { xEntry 5 }
xEvent NOTIFICATION-TYPE OBJECTS { xCount } STATUS current DESCRIPTION \"d\" ::= { x 0 1 }
xGroup OBJECT-GROUP OBJECTS { xLimit, xCount } STATUS current DESCRIPTION \"d\" ::= { x 9 }
END
";

fn compiled(text: &str) -> Mib {
    let mut compiler = Compiler::with_base();
    compiler.text("X-MIB", text);
    compiler.compile()
}

/// The differences after some replacements, in an edition of a later date.
fn changes(replaced: &[(&str, &str)]) -> Vec<Change> {
    let mut text = BASE.replace("202601010000Z", "202602010000Z");
    for (old, new) in replaced {
        assert!(text.contains(old), "{old}");
        text = text.replace(old, new);
    }
    let (old, new) = (compiled(BASE), compiled(&text));
    diff(&old, &new, |m| m.name() == "X-MIB", |m| m.name() == "X-MIB")
}

fn said(replaced: &[(&str, &str)]) -> Vec<(String, What)> {
    changes(replaced).into_iter().map(|change| (change.name, change.what)).collect()
}

#[test]
fn the_same_is_the_same() {
    assert_eq!(said(&[]), []);
    assert_eq!(said(&[("The limit.", "The\n   limit.")]), [], "the space between words is nothing");
}

#[test]
fn each_change_has_its_clause() {
    let column = "xMore OBJECT-TYPE SYNTAX Integer32 MAX-ACCESS read-only STATUS current \
                  DESCRIPTION \"d\" ::= { xEntry 6 }\nxEvent NOTIFICATION-TYPE";
    for (old, new, name, what, is_compatible) in [
        ("low(1), high(2)", "low(1), high(2), top(3)", "Level", What::LabelAdded, true),
        ("low(1), high(2)", "least(1), high(2)", "Level", What::LabelChanged, true),
        ("low(1), high(2)", "low(1)", "Level", What::LabelRemoved, false),
        ("(0..9)", "(0..10)", "xLimit", What::Values, false),
        ("SYNTAX Integer32 (0..9)", "SYNTAX TimeTicks", "xLimit", What::Base, false),
        ("read-write", "read-only", "xLimit", What::Access, false),
        (
            "MAX-ACCESS read-write",
            "UNITS \"s\" MAX-ACCESS read-write",
            "xLimit",
            What::UnitsAdded,
            true,
        ),
        ("DEFVAL { 3 }", "DEFVAL { 4 }", "xLimit", What::DefaultChanged, true),
        ("DEFVAL { 3 }", "", "xLimit", What::DefaultRemoved, false),
        ("The limit.", "The upper limit.", "xLimit", What::Description, true),
        ("STATUS deprecated", "STATUS obsolete", "xLevel", What::StatusAged, true),
        ("STATUS deprecated", "STATUS current", "xLevel", What::StatusRevived, false),
        ("{ xEntry 5 }", "{ xEntry 7 }", "xCount", What::Moved, false),
        ("INDEX { xName }", "INDEX { IMPLIED xName }", "xEntry", What::Index, false),
        ("OBJECTS { xCount }", "OBJECTS { xCount, xLimit }", "xEvent", What::Objects, false),
        ("OBJECTS { xLimit, xCount }", "OBJECTS { xLimit }", "xGroup", What::Members, false),
        ("xEvent NOTIFICATION-TYPE", column, "xMore", What::Added, true),
    ] {
        assert_eq!(said(&[(old, new)]), [(name.to_owned(), what)], "{old} → {new}");
        assert_eq!(what.is_compatible(), is_compatible, "{what:?}");
        assert!(what.clause().starts_with("RFC 25"));
    }
}

#[test]
fn names_and_places_are_for_ever() {
    let inserted = "xMore OBJECT-TYPE SYNTAX Integer32 MAX-ACCESS read-only STATUS current \
                    DESCRIPTION \"d\" ::= { xEntry 3 }\nxEvent NOTIFICATION-TYPE";
    let found = said(&[("xEvent NOTIFICATION-TYPE", inserted)]);
    assert_eq!(found, [("xMore".to_owned(), What::ColumnInserted)]);
    let found = said(&[("xLevel OBJECT-TYPE", "xGrade OBJECT-TYPE")]);
    assert_eq!(found, [("xGrade".to_owned(), What::Renamed)]);
    let event = "xEvent NOTIFICATION-TYPE OBJECTS { xCount } STATUS current DESCRIPTION \"d\" \
                 ::= { x 0 1 }\n";
    assert_eq!(said(&[(event, "")]), [("xEvent".to_owned(), What::Removed)]);
}

#[test]
fn a_change_has_a_date() {
    let changed = BASE.replace("(0..9)", "(0..8)");
    let (old, new) = (compiled(BASE), compiled(&changed));
    let found = diff(&old, &new, |m| m.name() == "X-MIB", |m| m.name() == "X-MIB");
    let codes: Vec<&str> = found.iter().map(|change| change.what.code()).collect();
    assert_eq!(codes, ["values", "not-dated"]);
}

#[test]
fn modules_come_and_go() {
    let (old, new) = (compiled(BASE), Compiler::with_base().compile());
    let is_own = |m: &lcms_mibs::Module<'_>| m.name() == "X-MIB";
    assert_eq!(diff(&old, &new, is_own, is_own)[0].what, What::ModuleRemoved);
    assert_eq!(diff(&new, &old, is_own, is_own)[0].what, What::ModuleAdded);
}
