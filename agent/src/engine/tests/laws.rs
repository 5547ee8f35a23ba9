//! What holds for any rows and any names.

use std::collections::BTreeMap;

use lcms_snmp::{ErrorStatus, Oid, Value};
use proptest::{collection, prelude::*};

use super::{
    exchange::{Reply, Request},
    fixture::{Agent, Book, Key, Note},
};

fn books() -> impl Strategy<Value = Book> {
    let note = ("[a-z]{0,4}", any::<Option<u64>>(), proptest::option::of(0_u32..=100));
    let note = note.prop_map(|(text, count, number)| Note { text, count, number });
    let notes = collection::btree_map("[a-c]{0,3}".prop_map(|key| Key::new(&key)), note, 0..12);
    notes.prop_map(|notes: BTreeMap<_, _>| Book { lock: 1, notes })
}

/// Names near the fixture's, and a few far from it.
fn names() -> impl Strategy<Value = Oid> {
    let arc = prop_oneof![6 => 0_u32..5, 3 => 96_u32..101, 1 => any::<u32>()];
    let near = collection::vec(arc, 0..6);
    let head = prop_oneof![
        Just(vec![1, 3, 9]),
        Just(vec![1, 3, 9, 1]),
        Just(vec![1, 3, 9, 1, 2, 1]),
        Just(vec![1, 3, 9, 1, 2, 1, 2]),
        Just(vec![0, 0])
    ];
    (head, near).prop_map(|(head, tail)| Oid::new([head, tail].concat()).unwrap())
}

fn walk(agent: &mut Agent) -> Vec<(String, Value<'static>)> {
    let mut found = Vec::new();
    let mut name = "0.0".to_owned();
    loop {
        let Reply { varbinds, .. } = agent.ask(Request::next(&[&name]));
        let (next, value) = varbinds.into_iter().next().unwrap();
        if value == Value::EndOfMibView {
            return found;
        }
        name.clone_from(&next);
        found.push((next, value));
    }
}

proptest! {
    #[test]
    fn a_walk_is_the_sorted_gets(book in books()) {
        let mut agent = Agent::new(book);
        let walked = walk(&mut agent);
        let names: Vec<Oid> = walked.iter().map(|(name, _)| name.parse().unwrap()).collect();
        prop_assert!(names.is_sorted_by(|a, b| a < b));
        for (name, value) in &walked {
            let reply = agent.ask(Request::get(&[name]));
            prop_assert_eq!(reply.values(), [value]);
        }
        // And nothing that a GET finds is missing from it.
        let values = agent.state.book.notes.values();
        let notes: usize = values
            .map(|note| 1 + usize::from(note.count.is_some()) + usize::from(note.number.is_some()))
            .sum();
        prop_assert_eq!(walked.len(), notes + 2);
    }

    #[test]
    fn bulk_walks_as_next_does(book in books(), repetitions in 1_i32..9, size in 484_usize..700) {
        let mut agent = Agent::limited(book, size);
        let walked = walk(&mut agent);
        let mut found: Vec<(String, Value<'static>)> = Vec::new();
        loop {
            let last = found.last().map_or("0.0", |(name, _)| name.as_str()).to_owned();
            let reply = agent.ask(Request::bulk(0, repetitions, &[&last]));
            prop_assert!(!reply.varbinds.is_empty());
            let end = reply.varbinds.iter().any(|(_, value)| *value == Value::EndOfMibView);
            let real = |(_, value): &(String, Value<'static>)| *value != Value::EndOfMibView;
            found.extend(reply.varbinds.into_iter().filter(real));
            if end {
                break;
            }
        }
        prop_assert_eq!(found, walked);
    }

    #[test]
    fn next_is_the_first_greater_name_of_the_walk(book in books(), name in names()) {
        let mut agent = Agent::new(book);
        let walked = walk(&mut agent);
        let expected = walked.iter().find(|(other, _)| other.parse::<Oid>().unwrap() > name);
        let reply = agent.ask(Request::next(&[&name.to_string()]));
        match expected {
            Some(expected) => prop_assert_eq!(&reply.varbinds[0], expected),
            None => prop_assert_eq!(
                &reply.varbinds[0], &(name.to_string(), Value::EndOfMibView)),
        }
    }

    #[test]
    fn version_1_walks_the_same_without_counter64(book in books()) {
        let mut agent = Agent::new(book);
        let without = |(_, value): &(String, Value<'static>)| !matches!(value, Value::Counter64(_));
        let expected: Vec<_> = walk(&mut agent).into_iter().filter(without).collect();
        let mut found: Vec<(String, Value<'static>)> = Vec::new();
        loop {
            let last = found.last().map_or("0.0", |(name, _)| name.as_str()).to_owned();
            let reply = agent.ask(Request::next(&[&last]).v1());
            match reply.status {
                ErrorStatus::NoError => found.extend(reply.varbinds),
                status => {
                    prop_assert_eq!((status, reply.index), (ErrorStatus::NoSuchName, 1));
                    break;
                }
            }
        }
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn any_octets_at_all_are_survived(
        octets in collection::vec(any::<u8>(), 0..200),
        flips in collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        names in collection::vec(names(), 0..8),
        kind in prop_oneof![Just(0_u8), Just(1), Just(2), Just(3)],
        numbers in any::<(i32, i32)>(),
    ) {
        let mut agent = Agent::limited(Agent::sample().state.book, 484);
        agent.send(&octets);
        let names: Vec<String> = names.iter().map(Oid::to_string).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut request = match kind {
            0 => Request::get(&names),
            1 => Request::next(&names),
            2 => Request { community: "write", ..Request::new(lcms_snmp::PduKind::SetRequest, &names) },
            _ => Request::bulk(numbers.0, numbers.1, &names),
        }
        .encode();
        for (at, octet) in flips {
            let at = at.index(request.len());
            request[at] = octet;
        }
        if let Some(reply) = agent.send(&request) {
            prop_assert!(reply.len() <= 484);
            prop_assert!(lcms_snmp::message::decode(&reply).is_ok());
        }
    }
}
