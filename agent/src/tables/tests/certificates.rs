//! Rows that say who the certificates of clients stand for.

use lcms_lb_core::model::RowState;
use lcms_snmp::{
    ErrorStatus::{self, *},
    Oid,
    object::{Scalar, Table},
};
use lcms_tls::Fingerprint;
use load_cluster_mib::{
    snmp_tls_tm_mib::{
        nodes,
        snmp_tlstm_cert_to_tsn::{self, Index, Patch, SnmpTlstmCertToTsn},
        snmp_tlstm_certificate_mapping as mapping,
    },
    snmp_tsm_mib::snmp_tsm_configuration::{self, SnmpTsmConfiguration},
    snmp_view_based_acm_mib::vacm_security_to_group::{self, VacmSecurityToGroup},
    tc::{RowStatus, StorageType},
};
use proptest::{collection, option, prelude::*, sample::select};

use super::station::{Station, wanted};
use crate::security::{CertificateRow, FamilyId, FamilyRow, MapType, SecurityRows, Storage};

/// A station whose writers may write these tables too, and whose configuration has the
/// first row, and a user whom sessions know.
fn station() -> Station {
    let mut rows = SecurityRows::default();
    let columns = mapping::ENTRY.columns.iter();
    let columns = columns.map(|column| mapping::ENTRY.instance(column.arc, &[]));
    let entries = [
        snmp_tlstm_cert_to_tsn::ENTRY.oid,
        snmp_tsm_configuration::ENTRY.oid,
        vacm_security_to_group::ENTRY.oid,
    ];
    for subtree in columns.chain(entries.map(<[u32]>::to_vec)) {
        for view in ["lcms-ordinary-write", "lcms-ordinary"] {
            let id = FamilyId { view: view.into(), subtree: subtree.clone() };
            rows.families.insert(id, FamilyRow { row: RowState::Active, ..FamilyRow::default() });
        }
    }
    rows.session_groups.insert("operator".into(), "writers".into());
    rows.set_use_prefix(false);
    let file = CertificateRow {
        fingerprint: Some(Fingerprint::of(b"the file's")),
        data: b"operator".to_vec(),
        storage: Storage::ReadOnly,
        row: RowState::Active,
        ..CertificateRow::default()
    };
    rows.certificates.insert(1, file);
    Station::with(wanted(), 8000, &rows)
}

fn index(number: u32) -> Index {
    Index { tlstm_cert_to_tsnid: number }
}

fn set(station: &mut Station, number: u32, patch: &Patch) -> (ErrorStatus, i32) {
    station.set(&[SnmpTlstmCertToTsn::varbinds(&index(number), patch)])
}

fn status(row_status: RowStatus) -> Patch {
    Patch { row_status: Some(row_status), ..Patch::default() }
}

fn octets(certificate: &str) -> Option<Vec<u8>> {
    Some(Fingerprint::of(certificate.as_bytes()).as_octets().to_vec())
}

/// Whom a certificate stands for.
fn specified(certificate: &str, name: &str) -> Patch {
    Patch { fingerprint: octets(certificate), data: Some(name.into()), ..Patch::default() }
}

fn shown(station: &mut Station, number: u32) -> Option<RowStatus> {
    station.row::<SnmpTlstmCertToTsn>(&index(number)).row_status
}

#[test]
fn a_row_is_made_in_one_set_or_step_by_step() {
    let mut station = station();
    let at_once = Patch { row_status: Some(RowStatus::CreateAndGo), ..specified("a", "ann") };
    assert_eq!(set(&mut station, 10, &at_once), (NoError, 0));
    let row = station.row::<SnmpTlstmCertToTsn>(&index(10));
    assert_eq!(row.map_type, Oid::new(nodes::SNMP_TLSTM_CERT_SPECIFIED).ok(), "the MIB's default");
    assert_eq!(row.storage_type, Some(StorageType::NonVolatile));
    assert_eq!((row.fingerprint, row.data), (octets("a"), Some(b"ann".to_vec())));

    assert_eq!(set(&mut station, 20, &status(RowStatus::CreateAndWait)), (NoError, 0));
    assert_eq!(shown(&mut station, 20), Some(RowStatus::NotReady));
    assert_eq!(station.row::<SnmpTlstmCertToTsn>(&index(20)).fingerprint, None);
    assert_eq!(set(&mut station, 20, &status(RowStatus::Active)), (InconsistentValue, 1));
    let half = Patch { fingerprint: octets("b"), ..Patch::default() };
    assert_eq!(set(&mut station, 20, &half), (NoError, 0));
    assert_eq!(shown(&mut station, 20), Some(RowStatus::NotReady), "it specifies no name");
    assert_eq!(set(&mut station, 20, &status(RowStatus::NotInService)), (InconsistentValue, 1));
    let by_name = Oid::new(nodes::SNMP_TLSTM_CERT_COMMON_NAME).ok();
    let by_name = Patch { map_type: by_name, ..Patch::default() };
    assert_eq!(set(&mut station, 20, &by_name), (NoError, 0));
    assert_eq!(shown(&mut station, 20), Some(RowStatus::NotInService));
    assert_eq!(set(&mut station, 20, &status(RowStatus::Active)), (NoError, 0));
    let certificates = &station.node.security.current().rows.certificates;
    assert_eq!(certificates.keys().copied().collect::<Vec<_>>(), [1, 10, 20]);
    assert_eq!(certificates[&20].map, MapType::CommonName);
}

/// RFC 6353, snmpTlstmCertToTSNRowStatus.
#[test]
fn what_a_row_maps_stays_while_it_is_active() {
    let mut station = station();
    let made = Patch { row_status: Some(RowStatus::CreateAndGo), ..specified("a", "ann") };
    assert_eq!(set(&mut station, 10, &made), (NoError, 0));
    let by_name = Oid::new(nodes::SNMP_TLSTM_CERT_COMMON_NAME).ok();
    for other in [
        specified("b", "ann"),
        specified("a", "bob"),
        Patch { map_type: by_name, ..Patch::default() },
        Patch { row_status: Some(RowStatus::Active), ..specified("b", "ann") },
    ] {
        assert_eq!(set(&mut station, 10, &other).0, InconsistentValue, "{other:?}");
    }
    assert_eq!(set(&mut station, 10, &specified("a", "ann")).0, NoError, "that is no change");
    let volatile = Patch { storage_type: Some(StorageType::Volatile), ..Patch::default() };
    assert_eq!(set(&mut station, 10, &volatile), (NoError, 0));
    let parked = Patch { row_status: Some(RowStatus::NotInService), ..specified("b", "bob") };
    assert_eq!(set(&mut station, 10, &parked), (NoError, 0));
    let back = Patch { row_status: Some(RowStatus::Active), ..specified("b", "carol") };
    assert_eq!(set(&mut station, 10, &back), (NoError, 0));
    assert_eq!(set(&mut station, 10, &status(RowStatus::Destroy)), (NoError, 0));
    assert_eq!(shown(&mut station, 10), None);
    assert_eq!(
        set(&mut station, 10, &status(RowStatus::Destroy)),
        (NoError, 0),
        "as RFC 2579 says"
    );
}

#[test]
fn what_no_row_can_be() {
    let mut station = station();
    let patch = |fingerprint: Vec<u8>| Patch {
        fingerprint: Some(fingerprint),
        row_status: Some(RowStatus::CreateAndWait),
        ..Patch::default()
    };
    let digest = |function: u8, length: usize| [vec![function], vec![7; length]].concat();
    for (octets, expected) in [
        (vec![], WrongLength),
        (vec![4], WrongValue),
        (digest(4, 31), WrongValue),
        (digest(4, 33), WrongValue),
        (digest(0, 0), WrongValue),
        (digest(1, 16), WrongValue),
        (digest(2, 20), WrongValue),
        (digest(7, 32), WrongValue),
        (digest(6, 32), WrongValue),
        (digest(4, 255), WrongLength),
    ] {
        assert_eq!(set(&mut station, 10, &patch(octets.clone())).0, expected, "{octets:?}");
    }
    for (function, length) in [(3, 28), (4, 32), (5, 48), (6, 64)] {
        let number = 100 + u32::from(function);
        assert_eq!(set(&mut station, number, &patch(digest(function, length))), (NoError, 0));
    }
    let with = |patch: Patch| Patch { row_status: Some(RowStatus::CreateAndWait), ..patch };
    for (bad, expected) in [
        (Patch { map_type: Oid::new(&[1, 3, 6][..]).ok(), ..Patch::default() }, WrongValue),
        (Patch { data: Some(vec![b'x'; 1025]), ..Patch::default() }, WrongLength),
        (Patch { storage_type: Some(StorageType::Permanent), ..Patch::default() }, WrongValue),
        (Patch { storage_type: Some(StorageType::ReadOnly), ..Patch::default() }, WrongValue),
    ] {
        assert_eq!(set(&mut station, 10, &with(bad.clone())).0, expected, "{bad:?}");
    }
    assert_eq!(set(&mut station, 10, &specified("a", "ann")), (InconsistentName, 1));
    assert_eq!(set(&mut station, 10, &status(RowStatus::Active)).0, InconsistentValue);
    assert_eq!(set(&mut station, 10, &status(RowStatus::NotReady)).0, WrongValue);
    assert_eq!(set(&mut station, 0, &status(RowStatus::CreateAndWait)).0, NoCreation);
    assert_eq!(shown(&mut station, 10), None, "nothing was made");
    // The configuration's stays as it is.
    for patch in [status(RowStatus::Destroy), status(RowStatus::Active), specified("b", "bob")] {
        assert_eq!(set(&mut station, 1, &patch).0, InconsistentValue);
    }
    let row = station.row::<SnmpTlstmCertToTsn>(&index(1));
    assert_eq!(
        (row.storage_type, row.row_status),
        (Some(StorageType::ReadOnly), Some(RowStatus::Active))
    );
}

/// With rows of other tables, in whichever order.
#[test]
fn a_set_of_several_tables_is_done_as_a_whole() {
    let mut station = station();
    let made = Patch { row_status: Some(RowStatus::CreateAndGo), ..specified("a", "ann") };
    let certificate = SnmpTlstmCertToTsn::varbinds(&index(10), &made);
    let group = |status| {
        let index =
            vacm_security_to_group::Index { security_model: 4, security_name: "ann".into() };
        let patch = vacm_security_to_group::Patch {
            vacm_group_name: Some("writers".into()),
            vacm_security_to_group_status: Some(status),
            ..Default::default()
        };
        VacmSecurityToGroup::varbinds(&index, &patch)
    };
    let refused = [certificate.clone(), group(RowStatus::Active)];
    assert_eq!(station.set(&refused).0, InconsistentValue);
    assert_eq!(shown(&mut station, 10), None);
    let prefix = |use_prefix| {
        let patch = snmp_tsm_configuration::Patch { use_prefix: Some(use_prefix) };
        SnmpTsmConfiguration::varbinds(&Scalar, &patch)
    };
    let refused = [prefix(true), group(RowStatus::NotReady), certificate.clone()];
    assert_eq!(station.set(&refused).0, WrongValue);
    assert_eq!(station.row::<SnmpTsmConfiguration>(&Scalar).use_prefix, Some(false));
    station.done(&[group(RowStatus::CreateAndGo), certificate]);
    assert_eq!(shown(&mut station, 10), Some(RowStatus::Active));
}

/// RFC 6353: 0 until something changes.
#[test]
fn the_table_says_when_it_changed() {
    let mut station = station();
    let scalars = |station: &mut Station| {
        let row = station.row::<mapping::SnmpTlstmCertificateMapping>(&Scalar);
        (row.snmp_tlstm_cert_to_tsn_count, row.snmp_tlstm_cert_to_tsn_table_last_changed)
    };
    assert_eq!(scalars(&mut station), (Some(1), Some(0)));
    let started = station.node.started;
    assert_eq!(set(&mut station, 10, &status(RowStatus::CreateAndWait)), (NoError, 0));
    let changed = station.node.security.current().changed.certificates.expect("just now");
    assert!(changed >= started);
    assert_eq!(scalars(&mut station), (Some(2), Some(station.node.ticks(changed))));
    assert_ne!(set(&mut station, 10, &status(RowStatus::Active)), (NoError, 0));
    assert_eq!(station.node.security.current().changed.certificates, Some(changed));
}

/// RFC 5591: what VACM knows sessions by; and groups that the configuration has made
/// follow.
#[test]
fn names_have_a_prefix_or_have_none() {
    let mut station = station();
    let prefix = |use_prefix| {
        let patch = snmp_tsm_configuration::Patch { use_prefix: Some(use_prefix) };
        SnmpTsmConfiguration::varbinds(&Scalar, &patch)
    };
    let group = |station: &mut Station, name: &str| {
        let index = vacm_security_to_group::Index { security_model: 4, security_name: name.into() };
        station.row::<VacmSecurityToGroup>(&index).vacm_group_name
    };
    let writers = Some("writers".to_owned());
    assert_eq!(group(&mut station, "operator"), writers);
    station.done(&[prefix(true)]);
    assert_eq!(station.row::<SnmpTsmConfiguration>(&Scalar).use_prefix, Some(true));
    assert_eq!(group(&mut station, "tls:operator"), writers);
    assert_eq!(group(&mut station, "operator"), None);
    station.done(&[prefix(false)]);
    assert_eq!(group(&mut station, "operator"), writers);
}

/// Whoever may write the rest of the agent writes neither of these tables, and who may
/// read it does not see whom certificates stand for.
#[test]
fn by_default_only_administrators_write_them() {
    let mut station = Station::new();
    let made = Patch { row_status: Some(RowStatus::CreateAndGo), ..specified("a", "ann") };
    assert_eq!(set(&mut station, 10, &made), (NoAccess, 1));
    let patch = snmp_tsm_configuration::Patch { use_prefix: Some(true) };
    assert_eq!(station.set(&[SnmpTsmConfiguration::varbinds(&Scalar, &patch)]), (NoAccess, 1));
    let seen = |station: &mut Station, subtree: &[u32]| {
        let subtree = Oid::new(subtree).expect("a node's OID is one");
        let walked = station.walk();
        let below = |name: &str| name.parse::<Oid>().is_ok_and(|name| name.starts_with(&subtree));
        walked.iter().filter(|(name, _)| below(name)).count()
    };
    assert_eq!(seen(&mut station, nodes::SNMP_TLSTM_CERTIFICATE_MAPPING), 0);
    assert_eq!(seen(&mut station, nodes::SNMP_TLSTM_SESSION), 10);
}

fn patches() -> impl Strategy<Value = Patch> {
    let statuses = select(vec![
        RowStatus::Active,
        RowStatus::NotInService,
        RowStatus::CreateAndGo,
        RowStatus::CreateAndWait,
        RowStatus::Destroy,
    ]);
    let storages = select(vec![StorageType::Volatile, StorageType::NonVolatile]);
    let fingerprints = select(vec![octets("a"), octets("b"), Some(vec![9; 33])]);
    let kinds = [nodes::SNMP_TLSTM_CERT_SPECIFIED, nodes::SNMP_TLSTM_CERT_SANDNS_NAME, &[1, 3]];
    let kinds = select(kinds.map(|kind| Oid::new(kind).ok()).to_vec());
    let data = select(vec![b"ann".to_vec(), b"bob".to_vec(), Vec::new()]);
    let map = (option::of(fingerprints), option::of(kinds), option::of(data));
    (map, option::of(storages), option::of(statuses)).prop_map(
        |((fingerprint, map_type, data), storage_type, row_status)| Patch {
            fingerprint: fingerprint.flatten(),
            map_type: map_type.flatten(),
            data,
            storage_type,
            row_status,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever is set: the configuration's row stays, what is active is complete, and of
    /// a SET that is refused nothing is done.
    #[test]
    fn rows_keep_their_rules(
        sets in collection::vec((1u32..4, patches(), 1u32..4, patches()), 1..20)
    ) {
        let mut station = station();
        let of_the_file = station.node.security.current().rows.certificates[&1].clone();
        for (first, one, second, other) in sets {
            let varbinds = [
                SnmpTlstmCertToTsn::varbinds(&index(first), &one),
                SnmpTlstmCertToTsn::varbinds(&index(second), &other),
            ];
            if varbinds.concat().is_empty() {
                continue;
            }
            let before = station.node.security.current();
            let (error, _) = station.set(&varbinds);
            let after = station.node.security.current();
            if error != NoError {
                prop_assert_eq!(&before.rows, &after.rows);
            }
            let rows = &after.rows.certificates;
            prop_assert_eq!(&rows[&1], &of_the_file);
            prop_assert!(
                rows.values().all(|row| row.row != RowState::Active || row.is_complete())
            );
            let same = before.rows.certificates == after.rows.certificates;
            prop_assert_eq!(same, before.changed.certificates == after.changed.certificates);
        }
    }
}
