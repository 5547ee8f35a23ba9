//! What holds for the whole of the agent.

use lcms_snmp::{ErrorStatus, Octets, Oid, Value, VarBind, object::Base};
use proptest::{collection, prelude::*, sample::select};

use super::station::Station;
use crate::{engine::tests::exchange::Request, tables::regions};

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

/// A name of some column with some index, mostly of the rows that there are.
fn names() -> impl Strategy<Value = (Oid, Base)> {
    let objects: Vec<(Vec<u32>, Base)> = regions()
        .iter()
        .flat_map(|region| {
            let entry = region.entry();
            entry.columns.iter().map(|c| (entry.instance(c.arc, &[]), c.syntax.base))
        })
        .collect();
    let part = select(vec!["lb1", "rs1", "rs2", "web", "mail", "main", "steady", "new", "X"]);
    let index = prop_oneof![
        2 => Just(vec![0]),
        6 => collection::vec(part, 1..4).prop_map(|names| {
            let arcs = |name: &str| {
                std::iter::once(name.len() as u32)
                    .chain(name.bytes().map(u32::from))
                    .collect::<Vec<_>>()
            };
            names.into_iter().flat_map(arcs).collect()
        }),
        1 => collection::vec(any::<u32>(), 0..4),
    ];
    (select(objects), index)
        .prop_map(|((object, base), index)| (Oid::new([object, index].concat()).unwrap(), base))
}

fn values(base: Base) -> BoxedStrategy<Value<'static>> {
    let fitting = match base {
        Base::Integer32 => (-1_i32..20).prop_map(Value::Integer).boxed(),
        Base::Gauge32 => prop_oneof![0_u32..200, any::<u32>()].prop_map(Value::Gauge32).boxed(),
        Base::Counter32 => any::<u32>().prop_map(Value::Counter32).boxed(),
        Base::TimeTicks => any::<u32>().prop_map(Value::TimeTicks).boxed(),
        Base::Counter64 => any::<u64>().prop_map(Value::Counter64).boxed(),
        Base::IpAddress => any::<[u8; 4]>().prop_map(Value::IpAddress).boxed(),
        Base::OctetString | Base::Opaque | Base::Bits => {
            let octets = prop_oneof![
                select(vec!["", "rs1", "steady", "main", "new"])
                    .prop_map(|s| s.as_bytes().to_vec()),
                collection::vec(any::<u8>(), 0..6),
            ];
            octets.prop_map(|octets| Value::OctetString(Octets::from(octets))).boxed()
        }
        Base::ObjectIdentifier => Just(Value::Null).boxed(),
    };
    prop_oneof![9 => fitting, 1 => Just(Value::Null)].boxed()
}

fn sets() -> impl Strategy<Value = Vec<VarBind<'static>>> {
    let binding = names().prop_flat_map(|(name, base)| {
        values(base).prop_map(move |value| VarBind { name: name.clone(), value })
    });
    collection::vec(binding, 1..5)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_set_is_done_as_a_whole_or_not_at_all(sets in collection::vec(sets(), 1..12)) {
        let mut station = Station::new();
        for varbinds in sets {
            let before = station.director.snapshot();
            let locks = (station.node.locks.config.value(), station.node.locks.serial.value());
            let reply = station.ask(Request::set_all(varbinds.clone()));
            let names: Vec<String> = varbinds.iter().map(|v| v.name.to_string()).collect();
            prop_assert_eq!(reply.names(), names, "a response repeats the request");
            let after = station.director.snapshot();
            if reply.status == ErrorStatus::NoError {
                prop_assert_eq!(reply.index, 0);
                prop_assert_eq!(after.wanted.check(), vec![]);
            } else {
                prop_assert!(reply.index >= 1 && reply.index as usize <= varbinds.len());
                prop_assert!(before.wanted.asks_the_same(&after.wanted));
                prop_assert_eq!(&before.runtime, &after.runtime);
                let now = (station.node.locks.config.value(), station.node.locks.serial.value());
                prop_assert_eq!(locks, now);
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
