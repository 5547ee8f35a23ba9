//! Leases, and what is written under them.

use std::time::Duration;

use lcms_snmp::{ErrorStatus::*, VarBind, object::Table};
use load_cluster_mib::{
    load_cluster_mib::{
        lc_cluster::{self, LcCluster},
        lc_host,
        lc_host_report::{self, LcHostReport},
        lc_server::{self, LcServer},
    },
    tc::{LcOperState, LcWeightSource, RowStatus},
};

use super::station::Station;

fn main() -> lc_cluster::Index {
    lc_cluster::Index { cluster_name: "main".into() }
}

fn rs1() -> lc_server::Index {
    lc_server::Index {
        cluster_name: "main".into(),
        service_name: "web".into(),
        server_name: "rs1".into(),
    }
}

fn lease(owner: Option<&str>, term: Option<u32>, seconds: Option<u32>) -> Vec<VarBind<'static>> {
    let patch = lc_cluster::Patch {
        lease_owner: owner.map(str::to_owned),
        lease_term: term,
        lease_seconds: seconds,
        ..Default::default()
    };
    LcCluster::varbinds(&main(), &patch)
}

fn term(term: u32) -> Vec<VarBind<'static>> {
    lease(None, Some(term), None)
}

fn weight(weight: Option<u32>, why: Option<&str>) -> Vec<VarBind<'static>> {
    let patch = lc_server::Patch {
        dynamic_weight: weight,
        weight_reason: why.map(str::to_owned),
        ..Default::default()
    };
    LcServer::varbinds(&rs1(), &patch)
}

fn report(host: &str, runnable: Option<u32>, cores: Option<u32>) -> Vec<VarBind<'static>> {
    let patch = lc_host_report::Patch { runnable, cores, ..Default::default() };
    LcHostReport::varbinds(&lc_host::Index { host_name: host.into() }, &patch)
}

/// A station whose cluster is under a lease of term 5.
fn leased() -> Station {
    let mut station = Station::new();
    station.done(&[lease(Some("auto"), Some(5), Some(10))]);
    station
}

#[test]
fn a_lease_is_acquired_renewed_and_released() {
    let mut station = leased();
    let row = station.row::<LcCluster>(&main());
    assert_eq!(
        (row.lease_owner.as_deref(), row.lease_term, row.lease_seconds),
        (Some("auto"), Some(5), Some(10))
    );
    assert_eq!(station.set(&[lease(Some("other"), Some(6), Some(10))]), (InconsistentValue, 2));
    station.wait(Duration::from_secs(4));
    assert_eq!(station.row::<LcCluster>(&main()).lease_seconds, Some(6));
    station.done(&[lease(None, Some(5), Some(20))]);
    assert_eq!(station.row::<LcCluster>(&main()).lease_seconds, Some(20));
    station.done(&[lease(None, Some(5), Some(0))]);
    let row = station.row::<LcCluster>(&main());
    assert_eq!((row.lease_term, row.lease_seconds), (Some(5), Some(0)));
    assert_eq!(station.set(&[lease(Some("other"), Some(5), Some(10))]).0, InconsistentValue);
    station.done(&[lease(Some("other"), Some(6), Some(10))]);
    // None of it is configuration.
    assert_eq!(station.director.snapshot().wanted.generation, 0);
}

#[test]
fn a_dynamic_weight_needs_the_present_term() {
    let mut station = leased();
    assert_eq!(station.set(&[weight(Some(3), None)]), (InconsistentValue, 1));
    for old in [0, 4, 6] {
        let fault = station.set(&[weight(Some(3), None), term(old)]);
        assert_eq!(fault.0, InconsistentValue, "term {old}");
    }
    assert_eq!(station.row::<LcServer>(&rs1()).dynamic_weight, None, "nothing was done");
    station.done(&[weight(Some(3), Some("busy")), term(5)]);
    let row = station.row::<LcServer>(&rs1());
    assert_eq!((row.weight, row.dynamic_weight), (Some(10), Some(3)));
    assert_eq!((row.effective_weight, row.weight_source), (Some(3), Some(LcWeightSource::Dynamic)));
    assert_eq!(row.weight_reason.as_deref(), Some("busy"));
    assert_eq!(row.weight_change_by.as_deref(), Some("auto"));
    assert_eq!(row.weight_before, Some(10));
    // Words without a weight are nobody's.
    assert_eq!(station.set(&[weight(None, Some("x")), term(5)]).0, InconsistentValue);
}

#[test]
fn dynamic_weights_end_with_the_lease() {
    let mut station = leased();
    station.done(&[weight(Some(3), None), term(5)]);
    station.wait(Duration::from_secs(11));
    assert_eq!(station.row::<LcServer>(&rs1()).dynamic_weight, None);
    assert_eq!(station.set(&[weight(Some(4), None), term(5)]).0, InconsistentValue);
    // A new lease in the same SET as its first use.
    station.done(&[weight(Some(4), None), lease(Some("auto"), Some(6), Some(10))]);
    assert_eq!(station.row::<LcServer>(&rs1()).dynamic_weight, Some(4));
    // Taken out of service, a cluster has no lease.
    let park =
        lc_cluster::Patch { row_status: Some(RowStatus::NotInService), ..Default::default() };
    station.done(&[LcCluster::varbinds(&main(), &park)]);
    assert_eq!(station.row::<LcCluster>(&main()).lease_seconds, Some(0));
    assert_eq!(station.row::<LcServer>(&rs1()).dynamic_weight, None);
    assert_eq!(station.set(&[lease(Some("auto"), Some(7), Some(10))]).0, InconsistentValue);
}

#[test]
fn a_report_replaces_the_one_before() {
    let mut station = leased();
    let index = lc_host::Index { host_name: "rs1".into() };
    station.done(&[report("rs1", Some(150), Some(4)), term(5)]);
    station.wait(Duration::from_millis(1500));
    let row = station.row::<LcHostReport>(&index);
    assert_eq!((row.runnable, row.cores), (Some(150), Some(4)));
    assert_eq!((row.age, row.by.as_deref()), (Some(1500), Some("auto")));
    assert_eq!((row.utilisation, row.swapping), (None, None));
    station.done(&[term(5), report("rs1", Some(900), None)]);
    let row = station.row::<LcHostReport>(&index);
    assert_eq!((row.runnable, row.cores, row.age), (Some(900), None, Some(0)));
}

#[test]
fn a_report_needs_a_lease_a_host_and_its_runnable_tasks() {
    let mut station = leased();
    for (rows, status) in [
        (vec![report("rs1", Some(1), None)], InconsistentValue),
        (vec![report("rs1", Some(1), None), term(4)], InconsistentValue),
        (vec![report("rs1", None, Some(4)), term(5)], InconsistentValue),
        // No server of the cluster is on it.
        (vec![report("spare", Some(1), None), term(5)], InconsistentValue),
        (vec![report("gone", Some(1), None), term(5)], InconsistentName),
        (vec![report("rs1", Some(1), Some(0)), term(5)], WrongValue),
    ] {
        assert_eq!(station.set(&rows).0, status, "{rows:?}");
    }
    let walked = station.walk();
    let entry = lc_host_report::ENTRY.oid.iter().map(u32::to_string).collect::<Vec<_>>().join(".");
    assert!(!walked.iter().any(|(name, _)| name.starts_with(&format!("{entry}."))));
}

#[test]
fn an_overload_report_shows_at_the_host() {
    let mut station = leased();
    let state = |station: &mut Station| {
        let index = lc_host::Index { host_name: "rs1".into() };
        station.row::<lc_host::LcHost>(&index).oper_state
    };
    assert_eq!(state(&mut station), Some(LcOperState::Up));
    station.done(&[report("rs1", Some(801), Some(4)), term(5)]);
    assert_eq!(state(&mut station), Some(LcOperState::Overloaded));
    station.wait(Duration::from_secs(31));
    assert_eq!(state(&mut station), Some(LcOperState::Up), "an old report says nothing");
}
