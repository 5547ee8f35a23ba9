//! SET.

use lcms_snmp::{ErrorStatus::*, Value};

use super::{
    exchange::{Request, text},
    fixture::Agent,
};

const A_TEXT: &str = "1.3.9.1.2.1.2.1.97";
const A_COUNT: &str = "1.3.9.1.2.1.3.1.97";
const A_NUMBER: &str = "1.3.9.1.2.1.4.1.97";
const B_TEXT: &str = "1.3.9.1.2.1.2.1.98";
const B_NUMBER: &str = "1.3.9.1.2.1.4.1.98";
const LOCK: &str = "1.3.9.1.3.0";

#[test]
fn set_changes_everything_it_names_and_repeats_the_request() {
    let mut agent = Agent::sample();
    let request = Request::set(&[
        (B_NUMBER, Value::Gauge32(5)),
        (A_TEXT, text("x")),
        (LOCK, Value::Integer(7)),
    ]);
    let reply = agent.ask(request);
    assert_eq!(reply.fault(), (NoError, 0));
    assert_eq!(reply.names(), [B_NUMBER, A_TEXT, LOCK]);
    assert_eq!(reply.values(), [&Value::Gauge32(5), &text("x"), &Value::Integer(7)]);
    let reply = agent.ask(Request::get(&[B_NUMBER, A_TEXT, LOCK]));
    assert_eq!(reply.values(), [&Value::Gauge32(5), &text("x"), &Value::Integer(8)]);
}

#[test]
fn what_is_wrong_is_said_of_the_binding_that_is_wrong_and_nothing_is_done() {
    let good = (A_TEXT, text("x"));
    for (wrong, status) in [
        // No such object, not accessible, read-only.
        (("1.3.9.9.0", Value::Integer(1)), NotWritable),
        (("1.3.9.1.4.0", Value::Integer(1)), NotWritable),
        (("1.3.9.1.1.0", text("x")), NotWritable),
        ((A_COUNT, Value::Counter64(1)), NotWritable),
        // The wrong type, even where the value would fit.
        ((A_NUMBER, Value::Integer(5)), WrongType),
        ((A_NUMBER, Value::Null), WrongType),
        ((B_TEXT, Value::NoSuchInstance), WrongType),
        ((B_TEXT, text("toolong")), WrongLength),
        ((B_TEXT, Value::OctetString(vec![0xff].into())), WrongValue),
        ((A_NUMBER, Value::Gauge32(101)), WrongValue),
        ((LOCK, Value::Integer(-1)), WrongValue),
        // A name that can never be, and one that is not.
        (("1.3.9.1.3", Value::Integer(7)), NoCreation),
        (("1.3.9.1.3.1", Value::Integer(7)), NoCreation),
        (("1.3.9.1.2.1.4.1", Value::Gauge32(1)), NoCreation),
        (("1.3.9.1.2.1.4.1.97.1", Value::Gauge32(1)), NoCreation),
        (("1.3.9.1.2.1.4.1.122", Value::Gauge32(1)), InconsistentName),
        // Right by themselves, and not now or not together.
        ((LOCK, Value::Integer(6)), InconsistentValue),
        ((B_TEXT, text("C")), InconsistentValue),
        ((B_TEXT, text("x")), InconsistentValue),
        ((A_TEXT, text("y")), InconsistentValue),
    ] {
        for (bindings, index) in
            [([good.clone(), wrong.clone()], 2), ([wrong.clone(), good.clone()], 1)]
        {
            let mut agent = Agent::sample();
            let before = agent.state.book.clone();
            let request = Request::set(&bindings);
            let reply = agent.ask(request.clone());
            // Of two bindings at odds with each other either may be blamed.
            let either = status == InconsistentValue && wrong.0 != LOCK;
            assert_eq!(reply.status, status, "{wrong:?}");
            assert!(either || reply.index == index, "{wrong:?} at {index}: {}", reply.index);
            assert_eq!(reply.names(), [bindings[0].0, bindings[1].0], "an error repeats");
            assert_eq!(agent.state.book, before);
            // And version 1 says it in its own words.
            if !matches!(wrong.1, Value::Counter64(_) | Value::NoSuchInstance) {
                let v1 = agent.ask(request.v1());
                assert_eq!(v1.fault(), (status.in_v1(), reply.index), "{wrong:?}");
            }
        }
    }
}

#[test]
fn the_first_wrong_binding_is_named() {
    let request = Request::set(&[
        (A_TEXT, text("x")),
        (A_NUMBER, Value::Gauge32(101)),
        (B_TEXT, Value::Integer(1)),
    ]);
    assert_eq!(Agent::sample().ask(request).fault(), (WrongValue, 2));
}

#[test]
fn the_same_twice_is_harmless_and_two_values_are_refused() {
    let mut agent = Agent::sample();
    let same = Request::set(&[(A_TEXT, text("x")), (A_TEXT, text("x"))]);
    assert_eq!(agent.ask(same).fault(), (NoError, 0));
    let differ = Request::set(&[(A_TEXT, text("y")), (B_TEXT, text("b")), (A_TEXT, text("z"))]);
    assert_eq!(agent.ask(differ).fault(), (InconsistentValue, 3));
    assert_eq!(agent.ask(Request::get(&[A_TEXT])).values(), [&text("x")]);
}

#[test]
fn who_may_only_read_is_refused() {
    let mut agent = Agent::sample();
    let request = Request::set(&[(A_TEXT, text("x"))]).community("read");
    assert_eq!(agent.ask(request.clone()).fault(), (AuthorizationError, 0));
    assert_eq!(agent.ask(request.v1()).fault(), (NoSuchName, 1));
    assert_eq!(agent.engine.statistics.in_bad_community_uses.value(), 2);
    assert_eq!(agent.ask(Request::get(&[A_TEXT])).values(), [&text("A")]);
}

#[test]
fn a_set_whose_response_does_not_fit_is_not_done() {
    let mut agent = Agent::limited(Agent::sample().state.book, 484);
    let binding = (A_TEXT, text("x"));
    let request = Request::set(&vec![binding; 40]);
    assert_eq!(agent.ask(request).fault(), (TooBig, 0));
    assert_eq!(agent.ask(Request::get(&[A_TEXT])).values(), [&text("A")]);
}

#[test]
fn an_empty_set_is_done_at_once() {
    assert_eq!(Agent::sample().ask(Request::set(&[])).fault(), (NoError, 0));
    let request = Request::set(&[]).community("read");
    assert_eq!(Agent::sample().ask(request).fault(), (AuthorizationError, 0));
}
