//! What holds for the whole of the agent.

use std::{borrow::Cow, sync::Arc};

use lcms_lb_core::model::RowState;
use lcms_snmp::{
    ErrorStatus, Octets, Oid, Value, VarBind,
    object::{Base, Column, Entry, IndexPart, Syntax},
};
use proptest::{collection, prelude::*, sample::select};

use super::station::{Station, wanted};
use crate::{
    engine::tests::exchange::Request,
    security::{FamilyId, FamilyRow, SecurityRows},
    state::{Lock, Locks},
    tables::regions,
};

#[test]
fn a_walk_is_ordered_and_each_name_in_it_can_be_got() {
    let mut station = Station::new();
    let walked = station.walk();
    let names: Vec<Oid> = walked.iter().map(|(name, _)| name.parse().unwrap()).collect();
    assert!(names.is_sorted_by(|a, b| a < b));
    assert!(walked.len() > 250, "{}", walked.len());
    for (name, value) in &walked {
        let reply = station.ask(Request::get(&[name]));
        // The counter of received messages has moved on since.
        if !matches!(value, Value::Counter32(_)) {
            assert_eq!(reply.values(), [value], "{name}");
        }
    }
}

#[test]
fn a_walk_by_getbulk_is_the_same_at_any_size() {
    for size in [484, 1472, 65_000] {
        let mut station = Station::limited(size);
        let walked: Vec<String> = station.walk().into_iter().map(|(name, _)| name).collect();
        let mut found: Vec<String> = Vec::new();
        loop {
            let last = found.last().map_or("0.0", String::as_str).to_owned();
            let reply = station.ask(Request::bulk(0, 50, &[&last]));
            let end = reply.values().contains(&&Value::EndOfMibView);
            let real = reply.varbinds.into_iter().filter(|(_, v)| *v != Value::EndOfMibView);
            found.extend(real.map(|(name, _)| name));
            if end {
                break;
            }
        }
        assert_eq!(found, walked, "{size}");
    }
}

#[test]
fn every_value_fits_the_syntax_that_the_mib_gives_it() {
    let mut station = Station::new();
    let regions = regions();
    for (name, value) in station.walk() {
        let name: Oid = name.parse().unwrap();
        let column = regions.iter().find_map(|region| {
            let (arc, _) = region.entry().split(&name)?;
            region.entry().column(arc)
        });
        let column = column.unwrap_or_else(|| panic!("{name} is nobody's"));
        assert_eq!(column.syntax.check(&value), Ok(()), "{} = {value:?}", column.name);
    }
}

#[test]
fn version_1_sees_no_counter64() {
    let mut station = Station::new();
    let mut last = "0.0".to_owned();
    let mut seen = 0;
    loop {
        let reply = station.ask(Request::next(&[&last]).v1());
        if reply.status != ErrorStatus::NoError {
            assert_eq!(reply.fault(), (ErrorStatus::NoSuchName, 1));
            break;
        }
        let (name, value) = reply.varbinds.into_iter().next().unwrap();
        assert!(!matches!(value, Value::Counter64(_)), "{name}");
        assert!(name.parse::<Oid>().unwrap() > last.parse().unwrap());
        last = name;
        seen += 1;
    }
    assert!(seen > 200, "{seen}");
}

#[test]
fn every_module_of_the_agent_is_in_sys_or_table() {
    let mut station = Station::new();
    let listed: Vec<Oid> = station
        .walk()
        .into_iter()
        .filter(|(name, _)| name.starts_with("1.3.6.1.2.1.1.9.1.2."))
        .filter_map(|(_, value)| match value {
            Value::ObjectIdentifier(oid) => Some(oid.into_owned()),
            _ => None,
        })
        .collect();
    // A base module without an identity has nothing to be listed by.
    for module in load_cluster_mib::MODULES.iter().filter(|module| !module.oid.is_empty()) {
        assert!(listed.iter().any(|oid| **oid == *module.oid), "{}", module.name);
    }
}

/// A name of some column, mostly one that can be written, with an index of the shape that
/// its table has, mostly of the rows that there are.
fn names() -> impl Strategy<Value = (Oid, &'static Column)> {
    let objects: Vec<(&'static Entry, &'static Column)> = regions()
        .iter()
        .map(|region| region.entry())
        .flat_map(|entry| entry.columns.iter().map(move |column| (entry, column)))
        .collect();
    let writable = objects.iter().copied().filter(|(_, column)| column.access.is_writable());
    let writable: Vec<_> = writable.collect();
    prop_oneof![8 => select(writable), 1 => select(objects)].prop_flat_map(|(entry, column)| {
        let index = prop_oneof![
            9 => indexes(entry),
            1 => collection::vec(any::<u32>(), 0..4),
        ];
        index.prop_map(move |index| (Oid::new(entry.instance(column.arc, &index)).unwrap(), column))
    })
}

fn indexes(entry: &'static Entry) -> BoxedStrategy<Vec<u32>> {
    if entry.is_scalars() {
        return Just(vec![0]).boxed();
    }
    let part = |part: &'static IndexPart| -> BoxedStrategy<Vec<u32>> {
        let names = ["lb1", "rs1", "rs2", "web", "mail", "main", "steady", "new"];
        let sequence = match part.syntax.base {
            Base::OctetString => select(names.to_vec())
                .prop_map(|name| name.bytes().map(u32::from).collect::<Vec<u32>>())
                .boxed(),
            Base::ObjectIdentifier => select(vec![vec![1], vec![1, 3, 6]]).boxed(),
            _ => return (1_u32..4).prop_map(|number| vec![number]).boxed(),
        };
        let prefixed = move |arcs: Vec<u32>| match part.bare {
            true => arcs,
            false => [&[arcs.len() as u32], &arcs[..]].concat(),
        };
        sequence.prop_map(prefixed).boxed()
    };
    let parts: Vec<_> = entry.index.iter().map(part).collect();
    parts.prop_map(|parts| parts.concat()).boxed()
}

fn values(syntax: &'static Syntax) -> BoxedStrategy<Value<'static>> {
    let labels: Vec<i32> = syntax.labels.iter().map(|(_, number)| *number).collect();
    let (low, high) = syntax.ranges.first().copied().unwrap_or((-1, 1_000));
    let numbers = low..=high.min(low.saturating_add(1_000));
    let fitting = match syntax.base {
        Base::Integer32 if !labels.is_empty() => select(labels).prop_map(Value::Integer).boxed(),
        Base::Integer32 => numbers.prop_map(|n| Value::Integer(n as i32)).boxed(),
        Base::Gauge32 => prop_oneof![numbers.prop_map(|n| n as u32), any::<u32>()]
            .prop_map(Value::Gauge32)
            .boxed(),
        Base::Counter32 => any::<u32>().prop_map(Value::Counter32).boxed(),
        Base::TimeTicks => any::<u32>().prop_map(Value::TimeTicks).boxed(),
        Base::Counter64 => any::<u64>().prop_map(Value::Counter64).boxed(),
        Base::IpAddress => any::<[u8; 4]>().prop_map(Value::IpAddress).boxed(),
        Base::OctetString | Base::Opaque | Base::Bits => {
            let octets = prop_oneof![
                select(vec!["", "rs1", "steady", "main", "new"])
                    .prop_map(|s| s.as_bytes().to_vec()),
                collection::vec(any::<u8>(), 0..7),
            ];
            octets.prop_map(|octets| Value::OctetString(Octets::from(octets))).boxed()
        }
        Base::ObjectIdentifier => select(vec!["0.0", "1.3.6.1.6.1.1"])
            .prop_map(|oid| Value::ObjectIdentifier(Cow::Owned(oid.parse().unwrap())))
            .boxed(),
    };
    prop_oneof![19 => fitting, 1 => Just(Value::Null)].boxed()
}

fn sets() -> impl Strategy<Value = Vec<VarBind<'static>>> {
    let binding = names().prop_flat_map(|(name, column)| {
        values(&column.syntax).prop_map(move |value| VarBind { name: name.clone(), value })
    });
    let binding = binding.boxed();
    prop_oneof![2 => collection::vec(binding.clone(), 1), 1 => collection::vec(binding, 1..5)]
}

/// A station where `write` may write everything.
fn writable() -> Station {
    let mut rows = SecurityRows::default();
    for region in regions() {
        for view in ["lcms-ordinary", "lcms-ordinary-write"] {
            let id = FamilyId { view: view.into(), subtree: region.entry().oid.to_vec() };
            rows.families.insert(id, FamilyRow { row: RowState::Active, ..FamilyRow::default() });
        }
    }
    Station::with(wanted(), 8000, &rows)
}

/// What a SET advances.
const LOCKS: [&str; 6] = [
    "snmpSetSerialNo",
    "lcConfigLock",
    "usmUserSpinLock",
    "vacmViewSpinLock",
    "snmpTargetSpinLock",
    "lcConfigReload",
];

fn locks(station: &Station) -> [i32; 6] {
    let Locks { serial, config, users, views, targets, reload } = &station.node.locks;
    [serial, config, users, views, targets, reload].map(Lock::value)
}

/// Whether a variable is what a SET that was done has made of it.
fn is_done(varbind: &VarBind<'_>, got: &Value<'static>, set: &[VarBind<'static>]) -> bool {
    let regions = regions();
    let (entry, column, index) = regions
        .iter()
        .find_map(|region| {
            let (arc, index) = region.entry().split(&varbind.name)?;
            Some((region.entry(), region.entry().column(arc)?, index))
        })
        .unwrap();
    let is_status =
        |column: &Column| column.syntax.labels.iter().any(|(label, _)| *label == "createAndGo");
    let is_gone = set.iter().any(|other| {
        let of_row = entry.split(&other.name).filter(|(_, of)| *of == index);
        let column = of_row.and_then(|(arc, _)| entry.column(arc));
        column.is_some_and(is_status) && other.value == Value::Integer(6)
    });
    match (&varbind.value, got) {
        (_, Value::NoSuchInstance) => is_gone,
        (Value::Integer(asked), Value::Integer(now)) if is_status(column) => match asked {
            1 | 4 => *now == 1,
            _ => matches!(now, 2 | 3),
        },
        (Value::Integer(asked), Value::Integer(now)) if LOCKS.contains(&column.name) => {
            *now == asked + 1
        }
        // Bits that nobody says are not set.
        (Value::OctetString(asked), Value::OctetString(now))
            if column.syntax.base == Base::Bits =>
        {
            let longest = asked.len().max(now.len());
            let octet = |octets: &[u8], at: usize| octets.get(at).copied().unwrap_or(0);
            (0..longest).all(|at| octet(asked, at) == octet(now, at))
        }
        (asked, now) => asked == now,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn a_set_is_done_as_a_whole_or_not_at_all(sets in collection::vec(sets(), 1..12)) {
        let mut station = writable();
        for varbinds in sets {
            let before = station.director.snapshot();
            let rows = Arc::clone(&station.node.security.current().rows);
            let locks = locks(&station);
            let reply = station.ask(Request::set_all(varbinds.clone()));
            let names: Vec<String> = varbinds.iter().map(|v| v.name.to_string()).collect();
            prop_assert_eq!(reply.names(), names, "a response repeats the request");
            let after = station.director.snapshot();
            if reply.status == ErrorStatus::NoError {
                prop_assert_eq!(reply.index, 0);
                prop_assert_eq!(after.wanted.check(), vec![]);
                for varbind in &varbinds {
                    let got = station.ask(Request::get(&[&varbind.name.to_string()]));
                    let got = got.varbinds.into_iter().next().unwrap().1;
                    prop_assert!(is_done(varbind, &got, &varbinds), "{varbind:?}: {got:?}");
                }
            } else {
                prop_assert!(reply.index >= 1 && reply.index as usize <= varbinds.len());
                prop_assert!(before.wanted.asks_the_same(&after.wanted));
                prop_assert_eq!(&before.runtime, &after.runtime);
                prop_assert_eq!(locks, self::locks(&station));
                prop_assert_eq!(&*rows, &*station.node.security.current().rows);
            }
        }
    }

    #[test]
    fn any_octets_are_survived(octets in collection::vec(any::<u8>(), 0..300)) {
        if let Some(reply) = Station::limited(484).send(&octets) {
            prop_assert!(reply.len() <= 484);
        }
    }
}
