use super::*;
use crate::ast::{Clause, Constraint, Defval, Shape};
use crate::lexer::reserved;

fn parsed(text: &[u8]) -> File {
    let symbols = reserved();
    parse_file(text, &mut Desk::new(&symbols))
}

fn module_of(body: &str) -> (Module, Vec<String>, String) {
    let text = format!("X-MIB DEFINITIONS ::= BEGIN\n{body}\nEND");
    let file = parsed(text.as_bytes());
    let problems = file.problems.iter().map(|(_, problem)| problem.to_string()).collect();
    (file.modules.into_iter().next().expect("there is a module"), problems, text)
}

fn read(body: &str) -> (Vec<Definition>, Vec<String>, String) {
    let (module, problems, text) = module_of(body);
    (module.definitions, problems, text)
}

fn names(definitions: &[Definition], text: &str) -> Vec<String> {
    let name = |name: Name| {
        let rest = &text[name.start as usize..];
        rest.split_whitespace().next().unwrap_or_default().to_owned()
    };
    definitions.iter().map(|definition| name(definition.name)).collect()
}

/// The only definition of a text without a fault.
fn one(body: &str) -> (Body, Pools) {
    let (mut module, problems, _) = module_of(body);
    assert_eq!(problems, Vec::<String>::new(), "{body}");
    assert_eq!(module.definitions.len(), 1, "{body}");
    (module.definitions.remove(0).body, module.pools)
}

fn syntax_of(body: &str) -> (crate::ast::Syntax, Pools) {
    match one(&format!("T ::= {body}")) {
        (Body::Type { syntax, .. }, pools) => (pools[syntax], pools),
        other => panic!("{other:?}"),
    }
}

#[test]
fn types_in_all_their_forms() {
    assert!(matches!(syntax_of("INTEGER").0.shape, Shape::Integer));
    assert!(matches!(syntax_of("OCTET STRING").0.shape, Shape::OctetString));
    assert!(matches!(syntax_of("OBJECT IDENTIFIER").0.shape, Shape::ObjectIdentifier));
    assert!(matches!(syntax_of("SEQUENCE OF Foo").0.shape, Shape::SequenceOf(_)));
    assert!(matches!(syntax_of("X-MIB.Foo").0.shape, Shape::Named { module: Some(_), .. }));
    assert!(matches!(syntax_of("CHOICE { a INTEGER, b Foo (1..2) }").0.shape, Shape::Choice));
    match syntax_of("SEQUENCE { a INTEGER { x(1), y(2) }, b OCTET STRING (SIZE (0..9)) }").0.shape {
        Shape::Sequence(members) => assert_eq!(members.len(), 2),
        other => panic!("{other:?}"),
    }
    let (syntax, pools) = syntax_of("INTEGER { up(1), down(-2) }");
    let labels = &pools[syntax.labels];
    assert_eq!(labels.iter().map(|label| label.number).collect::<Vec<_>>(), [1, -2]);
    let (syntax, pools) = syntax_of("INTEGER (-5..5 | 'ff'H | MIN..MAX)");
    match syntax.constraint {
        Some(Constraint::Range(ranges)) => {
            assert_eq!(pools[ranges], [(-5, 5), (255, 255), (i64::MIN, i64::MAX)]);
        }
        other => panic!("{other:?}"),
    }
    let (syntax, pools) = syntax_of("OCTET STRING (SIZE (4|8..16))");
    match syntax.constraint {
        Some(Constraint::Size(sizes)) => assert_eq!(pools[sizes], [(4, 4), (8, 16)]),
        other => panic!("{other:?}"),
    }
    match one("T ::= [APPLICATION 6] IMPLICIT INTEGER (0..18446744073709551615)") {
        (Body::Type { application_tag, .. }, _) => assert_eq!(application_tag, Some(6)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn object_identifiers_in_all_their_forms() {
    for (value, parts) in [
        ("{ iso 3 }", 2),
        ("{ iso org(3) dod(6) 1 }", 4),
        ("{ X-MIB.parent 1 }", 2),
        ("{ 0 0 }", 2),
        ("{ parent }", 1),
    ] {
        match one(&format!("x OBJECT IDENTIFIER ::= {value}")) {
            (Body::Value { value }, _) => assert_eq!(value.parts.len(), parts),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn defaults_in_all_their_forms() {
    for (value, is_right) in [
        ("{ -3 }", (|d| matches!(d, Defval::Number(-3))) as fn(&Defval) -> bool),
        ("{ \"x\" }", |d| matches!(d, Defval::Text(_))),
        ("{ ''H }", |d| matches!(d, Defval::Hex(_))),
        ("{ '01'B }", |d| matches!(d, Defval::Binary(_))),
        ("{ enabled }", |d| matches!(d, Defval::Name(_))),
        ("{ { } }", |d| matches!(d, Defval::Bits(bits) if bits.is_empty())),
        ("{ { a, b } }", |d| matches!(d, Defval::Bits(bits) if bits.len() == 2)),
        ("{ { 0 0 } }", |d| matches!(d, Defval::Oid(_))),
        ("{ { parent 1 } }", |d| matches!(d, Defval::Oid(_))),
    ] {
        let body = format!("x OBJECT-TYPE SYNTAX INTEGER DEFVAL {value} ::= {{ a 1 }}");
        let (Body::Invocation { clauses, .. }, pools) = one(&body) else { panic!("{body}") };
        let clause = &pools[clauses][1];
        assert!(matches!(clause, Clause::Defval(value, _) if is_right(&pools[*value])), "{body}");
    }
}

#[test]
fn every_macro_is_read() {
    for (body, clauses) in [
        (
            "m MODULE-IDENTITY LAST-UPDATED \"202601010000Z\" ORGANIZATION \"o\" CONTACT-INFO \
             \"c\" DESCRIPTION \"d\" REVISION \"202601010000Z\" DESCRIPTION \"r\" ::= { a 1 }",
            6,
        ),
        ("i OBJECT-IDENTITY STATUS current DESCRIPTION \"d\" REFERENCE \"r\" ::= { a 1 }", 3),
        (
            "o OBJECT-TYPE SYNTAX INTEGER UNITS \"u\" MAX-ACCESS read-only STATUS current \
             DESCRIPTION \"d\" INDEX { IMPLIED b, INTEGER } ::= { a 1 }",
            6,
        ),
        ("o OBJECT-TYPE SYNTAX X ACCESS read-only STATUS mandatory AUGMENTS { b } ::= { a 1 }", 4),
        ("n NOTIFICATION-TYPE OBJECTS { b, c } STATUS current DESCRIPTION \"d\" ::= { a 1 }", 3),
        ("t TRAP-TYPE ENTERPRISE e VARIABLES { b } DESCRIPTION \"d\" ::= 3", 3),
        ("t TRAP-TYPE ENTERPRISE { e 1 } ::= 3", 1),
        ("g OBJECT-GROUP OBJECTS { b } STATUS current DESCRIPTION \"d\" ::= { a 1 }", 3),
        (
            "g NOTIFICATION-GROUP NOTIFICATIONS { b } STATUS current DESCRIPTION \"d\" ::= { a 1 }",
            3,
        ),
        (
            "c MODULE-COMPLIANCE STATUS current DESCRIPTION \"d\" MODULE MANDATORY-GROUPS { g } \
             GROUP h DESCRIPTION \"d\" OBJECT o SYNTAX INTEGER { x(1) } WRITE-SYNTAX INTEGER \
             MIN-ACCESS read-only DESCRIPTION \"d\" MODULE Y-MIB { 1 3 } GROUP i DESCRIPTION \"d\" \
             ::= { a 1 }",
            14,
        ),
        (
            "c AGENT-CAPABILITIES PRODUCT-RELEASE \"p\" STATUS current DESCRIPTION \"d\" SUPPORTS \
             Y-MIB INCLUDES { g } VARIATION o ACCESS read-only CREATION-REQUIRES { b } DEFVAL \
             { 1 } DESCRIPTION \"d\" ::= { a 1 }",
            10,
        ),
    ] {
        match one(body) {
            (Body::Invocation { clauses: found, .. }, _) => {
                assert_eq!(found.len(), clauses, "{body}");
            }
            other => panic!("{other:?}"),
        }
    }
    match one(
        "T ::= TEXTUAL-CONVENTION DISPLAY-HINT \"d\" STATUS current DESCRIPTION \"d\" SYNTAX INTEGER",
    ) {
        (Body::TextualConvention { clauses }, _) => assert_eq!(clauses.len(), 4),
        other => panic!("{other:?}"),
    }
    assert!(matches!(one("X MACRO ::= BEGIN A ::= B \"|\" C END").0, Body::Macro));
}

#[test]
fn a_broken_definition_costs_itself_only() {
    let good = "b OBJECT IDENTIFIER ::= { a 1 }";
    for broken in [
        "x OBJECT-TYPE SYNTAX INTEGER MAX-ACCESS read-only",
        "x OBJECT IDENTIFIER = { a 2 }",
        "x ::= 5 5 }",
        "X ::= SEQUENCE { a INTEGER, b",
        "X ::= INTEGER { a(1), b 2 }",
        "x OBJECT-TYPE SYNTAX INTEGER { a(1) ::= { a 2",
        "} ) , , ::=",
        "x OBJECT-TYPE INDEX { a",
    ] {
        let (definitions, problems, text) =
            read(&format!("{good}\n{broken}\nc OBJECT IDENTIFIER ::= {{ a 3 }}"));
        let found = names(&definitions, &text);
        assert!(found.contains(&"b".to_owned()) && found.contains(&"c".to_owned()), "{broken}");
        assert!(!problems.is_empty(), "{broken}");
    }
}

#[test]
fn a_broken_clause_costs_itself_only() {
    let (module, problems, _) = module_of(
        "x OBJECT-TYPE SYNTAX INTEGER { a(1), b STATUS current UNITS units DESCRIPTION \"d\" ::= { a 1 }",
    );
    assert_eq!(problems, ["expected `(`", "expected a quoted string"]);
    assert!(matches!(
        module.clauses(&module.definitions[0]),
        [Clause::Broken, Clause::Status(_), Clause::Broken, Clause::Description(_)]
    ));
}

#[test]
fn commas_and_capitals_in_labels_are_said_and_accepted() {
    for (labels, problem) in [
        ("a(1), b(2),", "a comma with nothing behind it"),
        ("a(1) b(2)", "a comma is missing here"),
        ("a(1), Bc(2)", "the label `Bc` begins with a capital"),
    ] {
        let (module, problems, _) = module_of(&format!("T ::= INTEGER {{ {labels} }}"));
        assert_eq!(problems, [problem]);
        let syntax = module.syntax(&module.definitions[0]).expect("a type");
        assert_eq!(syntax.labels.len(), 2);
    }
}

#[test]
fn a_missing_brace_or_assignment_costs_nothing() {
    for broken in ["x OBJECT IDENTIFIER ::= { a 2", "x OBJECT IDENTIFIER := { a 2 }"] {
        let (definitions, problems, text) =
            read(&format!("{broken}\nb OBJECT IDENTIFIER ::= {{ a 1 }}"));
        assert_eq!(problems.len(), 1, "{broken}: {problems:?}");
        assert_eq!(names(&definitions, &text), ["x", "b"]);
    }
}

#[test]
fn a_missing_quote_costs_one_definition_at_most() {
    let object = |name: &str, open: &str, close: &str, number: u32| {
        format!(
            "{name} OBJECT-TYPE SYNTAX INTEGER MAX-ACCESS read-only STATUS current\n\
             DESCRIPTION {open}some 10 words{close}\n    ::= {{ a {number} }}\n"
        )
    };
    for (open, close) in [("", "\""), ("\"", "")] {
        let body = [
            object("b", "\"", "\"", 1),
            object("c", open, close, 2),
            object("d", "\"", "\"", 3),
            object("e", "\"", "\"", 4),
        ]
        .concat();
        let (definitions, problems, text) = read(&body);
        assert_eq!(names(&definitions, &text), ["b", "c", "d", "e"], "{problems:?}");
        assert!(!problems.is_empty());
    }
}

#[test]
fn several_modules_in_a_file() {
    let text = b"noise\nA-MIB DEFINITIONS ::= BEGIN IMPORTS x, y FROM B z FROM C; END\n\
        -- between\nB { iso 3 } DEFINITIONS IMPLICIT TAGS ::= BEGIN EXPORTS x; x OBJECT IDENTIFIER ::= { iso 1 } END\n\
        C-MIB DEFINITIONS ::= BEGIN y OBJECT IDENTIFIER ::= { iso 1 }";
    let file = parsed(text);
    assert_eq!(file.modules.len(), 3);
    assert_eq!(file.modules[0].imports.len(), 2);
    assert_eq!(file.modules[1].definitions.len(), 1);
    assert_eq!(file.modules[2].definitions.len(), 1);
    assert!(matches!(file.problems.as_slice(), [(_, Problem::MissingEnd { .. })]));
}

#[test]
fn imports_without_a_semicolon_end_at_the_first_definition() {
    let (definitions, problems, _) = read("IMPORTS a FROM B\nx OBJECT IDENTIFIER ::= { a 1 }");
    assert_eq!((definitions.len(), problems.len()), (1, 1));
}

#[test]
fn a_file_without_a_module_is_said_to_be_one() {
    assert!(matches!(parsed(b"text").problems.as_slice(), [(_, Problem::NoModule)]));
}
