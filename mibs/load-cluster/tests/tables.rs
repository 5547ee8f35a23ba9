//! The generated tables are what the rest of the project takes them for.

use std::collections::BTreeSet;

use ::load_cluster_mib::{
    MODULES,
    load_cluster_mib::{self, lc_host, lc_host_report, lc_server, notifications},
    snmpv2_mib::{self, system},
    tc,
};
use lcms_snmp::{
    Octets, Value,
    object::{Entry, Index as _, Table},
};

fn server() -> lc_server::Index {
    lc_server::Index {
        cluster_name: "main".to_owned(),
        service_name: "web".to_owned(),
        server_name: "rs1".to_owned(),
    }
}

fn is_ascending<T: Ord>(items: impl Iterator<Item = T>) -> bool {
    items.is_sorted()
}

#[test]
fn entries_and_columns_ascend() {
    for entries in [load_cluster_mib::ENTRIES, snmpv2_mib::ENTRIES] {
        assert!(is_ascending(entries.iter().map(|entry| entry.oid)));
        for entry in entries {
            assert!(is_ascending(entry.columns.iter().map(|column| column.arc)), "{}", entry.name);
        }
    }
}

#[test]
fn modules_are_ready_for_sys_or_table() {
    let oid = |name: &str| MODULES.iter().find(|module| module.name == name).map(|one| one.oid);
    assert_eq!(oid("LOAD-CLUSTER-MIB"), Some(load_cluster_mib::MODULE_OID));
    assert_eq!(oid("SNMPv2-MIB"), Some(snmpv2_mib::MODULE_OID));
    let names: BTreeSet<&str> = MODULES.iter().map(|module| module.name).collect();
    assert_eq!(names.len(), MODULES.len());
}

#[test]
fn a_server_s_index_is_its_names() {
    let mut arcs = Vec::new();
    server().encode(&mut arcs);
    assert_eq!(arcs, [4, 109, 97, 105, 110, 3, 119, 101, 98, 3, 114, 115, 49]);
    assert_eq!(lc_server::Index::decode(&arcs), Some(server()));
    // A shorter name comes first, whatever its letters.
    let longer = lc_server::Index { server_name: "a-long-one".to_owned(), ..server() };
    assert!(server() < longer);
}

#[test]
fn a_weight_goes_out_and_comes_in() {
    let patch = lc_server::Patch { weight: Some(5), ..Default::default() };
    let varbinds = lc_server::LcServer::varbinds(&server(), &patch);
    let [varbind] = varbinds.as_slice() else { panic!("{varbinds:?}") };
    assert_eq!(varbind.value, Value::Gauge32(5));
    let (arc, _) = lc_server::ENTRY.split(&varbind.name).expect("a name of the table");
    assert_eq!(arc, lc_server::col::WEIGHT);
    let mut received = lc_server::Patch::default();
    lc_server::LcServer::write(&mut received, arc, &varbind.value).expect("a weight");
    assert_eq!(received, patch);
}

#[test]
fn an_augmenting_table_shares_its_base_s_index() {
    let index: lc_host_report::Index = lc_host::Index { host_name: "node1".to_owned() };
    assert_eq!(index.host_name, "node1");
}

#[test]
fn the_system_group_reads_as_it_is_written() {
    let row =
        system::Row { sys_descr: Some("x".to_owned()), sys_up_time: Some(7), ..Default::default() };
    let entry: &Entry = system::System::ENTRY;
    assert!(entry.is_scalars());
    assert_eq!(
        system::column(&&row, system::col::SYS_DESCR),
        Some(Value::OctetString(Octets::copied(b"x")))
    );
    assert_eq!(system::column(&&row, system::col::SYS_UP_TIME), Some(Value::TimeTicks(7)));
    assert_eq!(system::column(&&row, system::col::SYS_NAME), None);
}

#[test]
fn a_notification_carries_its_objects() {
    let sent = notifications::LcServerUp {
        index: server(),
        oper_state: tc::LcOperState::Up,
        effective_weight: 3,
        reason: "check passed".to_owned(),
    };
    let received = notifications::LcServerUp::from_varbinds(&sent.varbinds());
    assert_eq!(received, Some(sent));
}
