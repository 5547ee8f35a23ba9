//! What holds for any rows and any names.

use std::collections::BTreeMap;

use lcms_snmp::{
    ErrorStatus, Oid, Value,
    object::Index as _,
    vacm::{Family, View},
};
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

/// The same by GETBULK.
fn bulk_walk(agent: &mut Agent, repetitions: i32) -> Vec<(String, Value<'static>)> {
    let mut found: Vec<(String, Value<'static>)> = Vec::new();
    loop {
        let last = found.last().map_or("0.0", |(name, _)| name.as_str()).to_owned();
        let reply = agent.ask(Request::bulk(0, repetitions, &[&last]));
        assert!(!reply.varbinds.is_empty());
        let end = reply.varbinds.iter().any(|(_, value)| *value == Value::EndOfMibView);
        let real = |(_, value): &(String, Value<'static>)| *value != Value::EndOfMibView;
        found.extend(reply.varbinds.into_iter().filter(real));
        if end {
            return found;
        }
    }
}

/// Views of whole columns, of instances, and of families of either: of the same row in
/// every column, of the same column in rows with names of one length.
fn families() -> impl Strategy<Value = Vec<Family>> {
    let instance = (2_u32..5, "[a-c]{0,3}").prop_map(|(column, key)| {
        let mut name = vec![1, 3, 9, 1, 2, 1, column];
        Key::new(&key).encode(&mut name);
        name
    });
    let subtree = prop_oneof![
        1 => Just(vec![1, 3]),
        1 => Just(vec![1, 3, 9, 1, 1, 0]),
        2 => (2_u32..5).prop_map(|column| vec![1, 3, 9, 1, 2, 1, column]),
        2 => names().prop_map(|name| name.to_vec()),
        4 => instance,
    ];
    let mask = prop_oneof![
        2 => Just(Vec::new()),
        2 => Just(vec![0b1111_1101]),
        1 => Just(vec![0b1111_1111, 0b0011_1111]),
        1 => collection::vec(any::<u8>(), 1..3),
    ];
    let families = collection::btree_map(subtree, (mask, any::<bool>()), 1..8);
    families.prop_map(|families| {
        let family = |(subtree, (mask, included))| Family { subtree, mask, included };
        families.into_iter().map(family).collect()
    })
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
        prop_assert_eq!(bulk_walk(&mut agent, repetitions), walked);
    }

    /// Of what is outside of a view a walk passes over every instance, and nothing else;
    /// a GET of it finds nothing.
    #[test]
    fn a_walk_in_a_view_is_the_whole_walk_without_the_rest(
        book in books(),
        families in families(),
        repetitions in 1_i32..9,
    ) {
        let view = View::new(families.clone());
        let whole = walk(&mut Agent::new(book.clone()));
        let seen = |(name, _): &(String, _)| view.contains(&name.parse::<Oid>().unwrap());
        let (inside, outside): (Vec<_>, Vec<_>) = whole.into_iter().partition(seen);
        let mut agent = Agent::viewed(book, &families);
        prop_assert_eq!(&walk(&mut agent), &inside);
        prop_assert_eq!(&bulk_walk(&mut agent, repetitions), &inside);
        for (name, value) in &inside {
            let reply = agent.ask(Request::get(&[name]));
            prop_assert_eq!(reply.values(), [value]);
        }
        for (name, _) in &outside {
            let reply = agent.ask(Request::get(&[name]));
            let nothing = [Value::NoSuchObject, Value::NoSuchInstance];
            prop_assert!(nothing.contains(&reply.varbinds[0].1), "{name}: {:?}", reply);
        }
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
