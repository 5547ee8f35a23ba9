//! GET, GETNEXT and GETBULK.

use lcms_snmp::{ErrorStatus::*, Value, Version, message};

use super::{
    exchange::{Reply, Request, text},
    fixture::{Agent, Book, Key, Note, from},
};
use crate::engine::{At, Verdict};

/// Column `arc` of the note `name`.
fn note(arc: u32, name: &str) -> String {
    let bytes: Vec<String> = name.bytes().map(|b| format!(".{b}")).collect();
    format!("1.3.9.1.2.1.{arc}.{}{}", name.len(), bytes.concat())
}

#[test]
fn get_tells_objects_from_instances() {
    let mut agent = Agent::sample();
    for (name, value) in [
        ("1.3.9.1.1.0", text("fixture")),
        (&note(4, "a"), Value::Gauge32(10)),
        // No object type of that name.
        ("1.3.9.1.9.0", Value::NoSuchObject),
        ("1.3.9", Value::NoSuchObject),
        ("2.0", Value::NoSuchObject),
        ("1.3.9.1.2.1.1.1.97", Value::NoSuchObject),
        // Accessible to notifications alone.
        ("1.3.9.1.4.0", Value::NoSuchObject),
        // An object type, and no such instance of it.
        ("1.3.9.1.1", Value::NoSuchInstance),
        ("1.3.9.1.1.1", Value::NoSuchInstance),
        ("1.3.9.1.1.0.0", Value::NoSuchInstance),
        (&note(4, "b"), Value::NoSuchInstance),
        (&note(4, "zz"), Value::NoSuchInstance),
        ("1.3.9.1.2.1.4.1.97.0", Value::NoSuchInstance),
        ("1.3.9.1.2.1.4.1.4294967295", Value::NoSuchInstance),
    ] {
        let reply = agent.ask(Request::get(&[name]));
        assert_eq!(reply.fault(), (NoError, 0), "{name}");
        assert_eq!(reply.varbinds, [(name.to_owned(), value)]);
    }
}

#[test]
fn get_answers_each_name_in_its_place() {
    let names = ["1.3.9.1.9.0", "1.3.9.1.1.0", "1.3.9.1.1.0"];
    let reply = Agent::sample().ask(Request::get(&names));
    assert_eq!(reply.names(), names);
    assert_eq!(reply.values(), [&Value::NoSuchObject, &text("fixture"), &text("fixture")]);
}

#[test]
fn next_finds_its_place_from_any_name() {
    let mut agent = Agent::sample();
    let a = note(4, "a");
    for (name, expected) in [
        ("0.0", "1.3.9.1.1.0"),
        ("1.3.9.1.1", "1.3.9.1.1.0"),
        ("1.3.9.1.1.0", &note(2, "a")),
        // Between columns, inside the entry, before the first column.
        ("1.3.9.1.2", &note(2, "a")),
        ("1.3.9.1.2.1.1.5", &note(2, "a")),
        // Half an index, a whole one, one too long, and what is no index.
        ("1.3.9.1.2.1.4", &a),
        ("1.3.9.1.2.1.4.1", &a),
        ("1.3.9.1.2.1.4.1.96", &a),
        ("1.3.9.1.2.1.4.1.97", &note(4, "c")),
        ("1.3.9.1.2.1.4.1.97.0", &note(4, "c")),
        ("1.3.9.1.2.1.4.0.4294967295", &a),
        ("1.3.9.1.2.1.4.1.256", "1.3.9.1.3.0"),
        ("1.3.9.1.2.1.2.2.97", &note(2, "aa")),
        ("1.3.9.1.2.1.2.2.4294967295", &note(3, "a")),
        // A row without the column is passed over.
        (&note(3, "a"), &note(3, "c")),
        // Behind the last column of the table comes the scalar with a greater arc.
        (&note(4, "zzz"), "1.3.9.1.3.0"),
    ] {
        let reply = agent.ask(Request::next(&[name]));
        assert_eq!(reply.names(), [expected], "after {name}");
    }
}

#[test]
fn next_passes_over_what_a_get_may_not_name() {
    let reply = Agent::sample().ask(Request::next(&["1.3.9.1.3.0"]));
    assert_eq!(reply.varbinds, [("1.3.9.1.3.0".to_owned(), Value::EndOfMibView)]);
}

#[test]
fn names_of_128_sub_identifiers_are_answered() {
    let long = format!("1.3.9.1.2.1.4{}", ".1".repeat(121));
    let mut agent = Agent::sample();
    let reply = agent.ask(Request::get(&[&long]));
    assert_eq!(reply.varbinds, [(long.clone(), Value::NoSuchInstance)]);
    assert_eq!(agent.ask(Request::next(&[&long])).names(), [&note(4, "a")]);
}

#[test]
fn version_1_has_no_counter64_and_no_exceptions() {
    let mut agent = Agent::sample();
    for (name, expected) in [
        (note(3, "a"), (NoSuchName, 2)),
        (note(4, "b"), (NoSuchName, 2)),
        ("1.3.9.1.9.0".to_owned(), (NoSuchName, 2)),
        (note(4, "a"), (NoError, 0)),
    ] {
        let request = Request::get(&["1.3.9.1.1.0", &name]).v1();
        let reply = agent.ask(request.clone());
        assert_eq!(reply.fault(), expected, "{name}");
        // An error repeats the request.
        if reply.status != NoError {
            assert_eq!(reply.names(), ["1.3.9.1.1.0", &name]);
            assert_eq!(reply.values(), [&Value::Null, &Value::Null]);
        }
    }
    // A walk passes over the whole column of Counter64.
    let reply = agent.ask(Request::next(&[&note(2, "aa")]).v1());
    assert_eq!(reply.names(), [&note(4, "a")]);
    let reply = agent.ask(Request::next(&["1.3.9.1.1.0", "1.3.9.1.3.0"]).v1());
    assert_eq!(reply.fault(), (NoSuchName, 2));
}

#[test]
fn bulk_repeats_by_rows_of_the_request() {
    let reply = Agent::sample().ask(Request::bulk(1, 3, &["0.0", &note(2, ""), &note(4, "")]));
    assert_eq!(
        reply.names(),
        [
            "1.3.9.1.1.0",
            &note(2, "a"),
            &note(4, "a"),
            &note(2, "b"),
            &note(4, "c"),
            &note(2, "c"),
            "1.3.9.1.3.0",
        ]
    );
}

#[test]
fn bulk_with_odd_numbers() {
    let mut agent = Agent::sample();
    let names = ["0.0", "1.3.9.1.1.0"];
    for (non_repeaters, repetitions, expected) in [
        (-1, -1, 0),
        (0, 0, 0),
        (0, i32::MIN, 0),
        (1, 0, 1),
        (2, 0, 2),
        (i32::MAX, i32::MAX, 2),
        (-5, 1, 2),
        (0, 2, 4),
    ] {
        let reply = agent.ask(Request::bulk(non_repeaters, repetitions, &names));
        assert_eq!(reply.fault(), (NoError, 0));
        assert_eq!(reply.varbinds.len(), expected, "{non_repeaters} {repetitions}");
    }
    assert_eq!(agent.ask(Request::bulk(0, 10, &[])).varbinds, []);
}

#[test]
fn bulk_stops_when_everything_has_ended() {
    let mut agent = Agent::sample();
    let reply = agent.ask(Request::bulk(0, i32::MAX, &["1.3.9.1.2.1.4.1.98"]));
    assert_eq!(reply.names(), [&note(4, "c"), "1.3.9.1.3.0", "1.3.9.1.3.0"]);
    assert_eq!(reply.values().last(), Some(&&Value::EndOfMibView));
    // Past the end from the start: one repetition says it.
    let reply = agent.ask(Request::bulk(0, i32::MAX, &["2.1", "2.2"]));
    assert_eq!(reply.names(), ["2.1", "2.2"]);
    assert_eq!(reply.values(), [&Value::EndOfMibView, &Value::EndOfMibView]);
}

#[test]
fn bulk_fills_the_message_and_no_more() {
    let notes = (0..200).map(|i| {
        let note = Note { text: format!("{i}"), count: Some(u64::MAX), number: Some(100) };
        (Key::new(&format!("n{i}")), note)
    });
    for max_size in [484, 600, 1472, 8000] {
        let mut agent = Agent::limited(Book { lock: 0, notes: notes.clone().collect() }, max_size);
        let request = Request::bulk(0, 1000, &["1.3.9.1.2.1.2", "1.3.9.1.2.1.3"]).encode();
        let reply = agent.send(&request).unwrap();
        assert!(reply.len() <= max_size, "{} > {max_size}", reply.len());
        assert!(reply.len() > max_size - 40, "{} of {max_size} used", reply.len());
        assert_eq!(Reply::decode(&reply).status, NoError);
    }
}

#[test]
fn what_cannot_fit_is_too_big() {
    let names: Vec<String> = (0..40).map(|_| note(4, "a")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut agent = Agent::limited(Agent::sample().state.book, 484);
    for request in [Request::get(&names), Request::next(&names)] {
        let reply = agent.ask(request.clone());
        assert_eq!((reply.fault(), reply.varbinds), ((TooBig, 0), vec![]), "version 2: empty");
        // Version 1 repeats the request, as long as it is.
        let request = request.v1();
        let asked = request.encode();
        assert!(asked.len() > 484);
        let reply = agent.send(&asked).unwrap();
        assert_eq!(reply.len(), asked.len());
        let reply = Reply::decode(&reply);
        assert_eq!(reply.fault(), (TooBig, 0));
        assert_eq!(reply.names(), names);
    }
    assert_eq!(agent.engine.statistics.silent_drops.value(), 0);
    let notes = [(Key::new("k"), Note { text: "x".repeat(600), count: None, number: None })];
    let mut agent = Agent::limited(Book { lock: 0, notes: notes.into() }, 484);
    assert_eq!(agent.ask(Request::bulk(0, 9, &["1.3.9.1.2"])).fault(), (TooBig, 0));
    let reply = agent.ask(Request::bulk(0, 9, &["0.0"]));
    assert_eq!(reply.names(), ["1.3.9.1.1.0"], "what fits is sent");
}

#[test]
fn messages_that_are_not_answered_are_counted() {
    let mut agent = Agent::sample();
    let good = Request::get(&["1.3.9.1.1.0"]);
    let mut bad_version = good.encode();
    bad_version[4] = 7;
    // Version 3 by its number, and nothing that version 3 is made of.
    let mut v3 = good.encode();
    v3[4] = 3;
    let mut truncated = good.encode();
    truncated.pop();
    for (datagram, what) in [
        (bad_version, "version"),
        (v3, "asn"),
        (truncated, "asn"),
        (vec![], "asn"),
        (Request::bulk(0, 1, &["0.0"]).v1().encode(), "asn"),
        (good.clone().community("guess").encode(), "community"),
        (good.clone().community("").encode(), "community"),
    ] {
        let count = |agent: &Agent| {
            let s = &agent.engine.statistics;
            match what {
                "version" => s.in_bad_versions.value(),
                "asn" => s.in_asn_parse_errs.value(),
                _ => s.in_bad_community_names.value(),
            }
        };
        let before = count(&agent);
        assert_eq!(agent.send(&datagram), None, "{what}");
        assert_eq!(count(&agent), before + 1, "{what}");
    }
    assert_eq!(agent.engine.statistics.in_pkts.value(), 7);
    agent.ask(good);
    assert_eq!(agent.engine.statistics.in_pkts.value(), 8);
}

#[test]
fn nobody_answers_what_is_no_request() {
    use lcms_snmp::PduKind::*;
    for kind in [Response, InformRequest, SnmpV2Trap, Report] {
        let mut agent = Agent::sample();
        let request = Request { kind, ..Request::get(&["1.3.9.1.1.0"]) };
        assert_eq!(agent.send(&request.encode()), None, "{kind:?}");
    }
}

#[test]
fn a_response_comes_in_the_version_and_community_of_its_request() {
    for version in [Version::V1, Version::V2c] {
        let agent = &mut Agent::sample();
        let request = Request { version, ..Request::get(&["1.3.9.1.1.0"]) }.encode();
        let at = At { state: &agent.state, now: std::time::Instant::now() };
        let Verdict::Reply(reply) =
            agent.engine.receive(at, from().into(), &request, &mut agent.workspace)
        else {
            panic!("no reply");
        };
        let reply = message::decode(reply).unwrap();
        assert_eq!((reply.version, reply.community), (version, &b"read"[..]));
    }
}
