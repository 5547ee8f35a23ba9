//! The locks, and the story of the configuration.

use lcms_snmp::{
    ErrorStatus::*,
    VarBind,
    object::{Scalar, Table},
};
use load_cluster_mib::{
    load_cluster_mib::{
        lc_agent::{self, LcAgent},
        lc_server::{self, LcServer},
    },
    snmpv2_mib::snmp_set::{self, SnmpSet},
    tc::LcConfigSource,
};

use super::station::Station;
use crate::engine::tests::exchange::Request;

fn agent(patch: lc_agent::Patch) -> Vec<VarBind<'static>> {
    LcAgent::varbinds(&Scalar, &patch)
}

fn lock(value: i32) -> Vec<VarBind<'static>> {
    agent(lc_agent::Patch { lc_config_lock: Some(value), ..Default::default() })
}

fn serial(value: i32) -> Vec<VarBind<'static>> {
    SnmpSet::varbinds(&Scalar, &snmp_set::Patch { serial_no: Some(value) })
}

fn index() -> lc_server::Index {
    lc_server::Index {
        cluster_name: "main".into(),
        service_name: "web".into(),
        server_name: "rs1".into(),
    }
}

fn weight(weight: u32) -> Vec<VarBind<'static>> {
    LcServer::varbinds(&index(), &lc_server::Patch { weight: Some(weight), ..Default::default() })
}

#[test]
fn of_two_who_read_the_same_lock_one_succeeds() {
    let mut station = Station::new();
    let read = station.row::<LcAgent>(&Scalar).lc_config_lock.unwrap();
    station.done(&[weight(5), lock(read)]);
    assert_eq!(station.set(&[weight(6), lock(read)]), (InconsistentValue, 2));
    assert_eq!(station.row::<LcServer>(&index()).weight, Some(5));
    assert_eq!(station.row::<LcAgent>(&Scalar).lc_config_lock, Some(read + 1));
}

#[test]
fn a_lock_stays_where_the_rest_of_the_set_fails() {
    let mut station = Station::new();
    let read = station.row::<SnmpSet>(&Scalar).serial_no.unwrap();
    assert_eq!(station.set(&[serial(read), weight(70_000)]), (WrongValue, 2));
    let gone = lc_server::Patch { host: Some("gone".into()), ..Default::default() };
    let gone = LcServer::varbinds(&index(), &gone);
    assert_eq!(station.set(&[serial(read), gone]), (InconsistentValue, 2));
    assert_eq!(station.row::<SnmpSet>(&Scalar).serial_no, Some(read));
    station.done(&[serial(read)]);
    assert_eq!(station.row::<SnmpSet>(&Scalar).serial_no, Some(read + 1));
    assert_eq!(station.set(&[serial(-1)]).0, WrongValue);
}

#[test]
fn a_change_says_who_and_why() {
    let mut station = Station::new();
    let why = |source, reason: Option<&str>| {
        agent(lc_agent::Patch {
            lc_config_last_source: source,
            lc_config_last_reason: reason.map(str::to_owned),
            ..Default::default()
        })
    };
    station.done(&[why(Some(LcConfigSource::Cli), Some("less heat")), weight(5)]);
    let row = station.row::<LcAgent>(&Scalar);
    assert_eq!(row.lc_config_generation, Some(1));
    assert_eq!(row.lc_config_last_principal.as_deref(), Some("who-writes"));
    assert_eq!(row.lc_config_last_source, Some(LcConfigSource::Cli));
    assert_eq!(row.lc_config_last_reason.as_deref(), Some("less heat"));
    station.done(&[weight(6)]);
    let row = station.row::<LcAgent>(&Scalar);
    assert_eq!(row.lc_config_last_source, Some(LcConfigSource::Snmp));
    assert_eq!(row.lc_config_last_reason.as_deref(), Some(""));
    // The same weight again is no change.
    station.done(&[weight(6)]);
    assert_eq!(station.row::<LcAgent>(&Scalar).lc_config_generation, Some(2));
    for rows in [
        vec![why(None, Some("no change"))],
        vec![why(Some(LcConfigSource::Cli), None), weight(6)],
        vec![why(Some(LcConfigSource::Config), None), weight(7)],
        vec![why(Some(LcConfigSource::None), None), weight(7)],
    ] {
        assert_eq!(station.set(&rows), (InconsistentValue, 1), "{rows:?}");
    }
}

#[test]
fn what_the_configuration_file_alone_decides() {
    use lcms_snmp::Value;
    use load_cluster_mib::snmpv2_mib::system;
    let mut station = Station::new();
    for (entry, arc, value) in [
        (&system::ENTRY, system::col::SYS_CONTACT, Value::OctetString("me".into())),
        (&system::ENTRY, system::col::SYS_NAME, Value::OctetString("me".into())),
        (&system::ENTRY, system::col::SYS_LOCATION, Value::OctetString("here".into())),
    ] {
        let name = lcms_snmp::Oid::new(entry.instance(arc, &[0])).unwrap();
        let request = Request::set_all(vec![VarBind { name, value }]);
        assert_eq!(station.ask(request).fault(), (NotWritable, 1));
    }
}
