//! What reading costs the allocator: nothing, once the buffers have grown.

use lcms_snmp::Value;

use super::station::{Station, wanted};
use crate::{
    engine::tests::exchange::Request,
    security::{
        FilterId, FilterRow, Network, NotifyRow, ParamsRow, ProfileRow, SecurityRows, TargetRow,
    },
};

/// A row in each of the tables that say who is notified.
fn notified() -> SecurityRows {
    let mut rows = SecurityRows::default();
    let noc = || "noc".to_owned();
    let network = Network { address: [192, 0, 2, 0].into(), prefix: 24 };
    rows.notification.targets.insert(noc(), TargetRow::of_network(network, "noc"));
    rows.notification.params.insert(noc(), ParamsRow::default());
    rows.notification.notify.insert(noc(), NotifyRow { tag: noc(), ..NotifyRow::default() });
    rows.notification.profiles.insert(noc(), ProfileRow { name: noc(), ..ProfileRow::default() });
    let id = FilterId { profile: noc(), subtree: vec![1, 3, 6] };
    rows.notification.filters.insert(id, FilterRow::default());
    rows
}

#[test]
fn no_variable_is_read_with_an_allocation() {
    let mut station = Station::with(wanted(), 8000, &notified());
    let all = station.walk();
    let tables = ["1.3.6.1.6.3.12.1.2", "1.3.6.1.6.3.12.1.3", "1.3.6.1.6.3.13"];
    for table in tables {
        assert!(all.iter().any(|(name, _)| name.starts_with(table)), "{table}");
    }
    let (first, rest) = all.split_first().expect("an agent with variables");
    // Grows the buffers.
    station.send(&Request::bulk(0, 10_000, &["0.0"]).encode());
    for (name, value) in rest {
        let get = Request::get(&[&first.0, name]);
        let v1 = matches!(value, Value::Counter64(_)).then(|| get.clone().v1());
        let next = Request::next(&[&first.0, name]);
        let bulk = Request::bulk(1, 20, &[&first.0, name]);
        for request in v1.into_iter().chain([get, next, bulk]) {
            let allocations = station.allocations(&request.encode());
            assert_eq!(allocations, 0, "{name}: {:?}", request.kind);
        }
    }
}

/// Nor is what is refused, or dropped.
#[test]
fn nothing_wrong_is_answered_with_an_allocation() {
    let mut station = Station::new();
    station.send(&Request::bulk(0, 10_000, &["0.0"]).encode());
    let good = Request::get(&["1.3.6.1.2.1.1.3.0"]);
    let foreign = good.clone().community("a community that nobody knows").encode();
    let missing = Request::get(&["1.3.6.1.2.1.1.3.1", "1.3.6.1.2.1.1.99.0", "2.999"]);
    let good = good.encode();
    let cut = good.get(..good.len() - 1).unwrap_or_default();
    let wrong = [&foreign[..], cut, b"\x30\x80", b"", &[0x30; 1000]];
    for octets in wrong.into_iter().chain([&missing.encode()[..], &missing.v1().encode()[..]]) {
        assert_eq!(station.allocations(octets), 0, "{octets:?}");
    }
}
