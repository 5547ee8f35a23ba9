//! Rows that say who is notified.

use lcms_lb_core::model::RowState;
use lcms_snmp::{ErrorStatus::*, Oid, Secret, Value, VarBind, object::Table, v3::SecurityLevel};
use load_cluster_mib::{
    snmp_community_mib::{
        nodes as community,
        snmp_target_addr_ext::{self, SnmpTargetAddrExt},
    },
    snmp_notification_mib::{
        nodes as notification,
        snmp_notify_filter::{self, SnmpNotifyFilter},
        snmp_notify_filter_profile::{self, SnmpNotifyFilterProfile},
    },
    snmp_target_mib::{
        nodes as target,
        snmp_target_addr::{self, SnmpTargetAddr},
        snmp_target_params::{self, SnmpTargetParams},
    },
    snmp_tls_tm_mib::{
        self,
        snmp_tlstm_addr::{self, SnmpTlstmAddr},
        snmp_tlstm_params::{self, SnmpTlstmParams},
    },
    snmp_view_based_acm_mib::vacm_view_tree_family::{self, VacmViewTreeFamily},
    snmpv2_tm,
    tc::{RowStatus, SnmpSecurityLevel, StorageType},
    transport_address_mib,
};

use super::station::{Station, wanted};
use crate::{
    engine::tests::exchange::Request,
    security::{
        AccessId, AccessRow, CommunityRow, FamilyId, FamilyRow, GroupId, GroupRow, SecurityRows,
        Storage, TargetRow, V2C,
    },
};

/// A station whose writers may write these tables too.
fn station() -> Station {
    let mut rows = SecurityRows::default();
    for subtree in [
        target::SNMP_TARGET_OBJECTS,
        notification::SNMP_NOTIFY_OBJECTS,
        community::SNMP_COMMUNITY_MIB_OBJECTS,
        snmp_tlstm_addr::ENTRY.oid,
        snmp_tlstm_params::ENTRY.oid,
        vacm_view_tree_family::ENTRY.oid,
    ] {
        for view in ["lcms-ordinary-write", "lcms-ordinary"] {
            let id = FamilyId { view: view.into(), subtree: subtree.to_vec() };
            rows.families.insert(id, FamilyRow { row: RowState::Active, ..FamilyRow::default() });
        }
    }
    let kept = TargetRow { storage: Storage::ReadOnly, ..TargetRow::default() };
    rows.notification.targets.insert("file".into(), kept);
    // A guest's messages may come from where a tag says, and it may do what a
    // community may that reads.
    let guest = CommunityRow { community: Secret::new("guest"), tag: "lan".into() };
    rows.communities.insert("guest".into(), guest);
    let group = GroupRow { group: "guests".into(), row: RowState::Active, ..GroupRow::default() };
    rows.groups.insert(GroupId { model: V2C, name: "guest".into() }, group);
    let access = AccessRow {
        read: "lcms-ordinary-write".into(),
        row: RowState::Active,
        ..AccessRow::default()
    };
    let (context, level) = (String::new(), SecurityLevel::NoAuthNoPriv);
    rows.access.insert(AccessId { group: "guests".into(), context, model: 0, level }, access);
    Station::with(wanted(), 8000, &rows)
}

fn index(name: &str) -> snmp_target_addr::Index {
    snmp_target_addr::Index { target_addr_name: name.into() }
}

fn set(
    station: &mut Station,
    name: &str,
    patch: snmp_target_addr::Patch,
) -> (lcms_snmp::ErrorStatus, i32) {
    station.set(&[SnmpTargetAddr::varbinds(&index(name), &patch)])
}

fn status(row_status: RowStatus) -> snmp_target_addr::Patch {
    snmp_target_addr::Patch { row_status: Some(row_status), ..Default::default() }
}

fn address(domain: &[u32], octets: &[u8]) -> snmp_target_addr::Patch {
    snmp_target_addr::Patch {
        t_domain: Oid::new(domain).ok(),
        t_address: Some(octets.to_vec()),
        params: Some("noc".into()),
        ..Default::default()
    }
}

const IPV4: [u8; 6] = [192, 0, 2, 1, 0, 162];

#[test]
fn an_address_is_made_in_one_set_or_step_by_step() {
    let mut station = station();
    let whole = address(snmpv2_tm::nodes::SNMP_UDP_DOMAIN, &IPV4);
    let patch =
        snmp_target_addr::Patch { row_status: Some(RowStatus::CreateAndGo), ..whole.clone() };
    assert_eq!(set(&mut station, "one", patch), (NoError, 0));
    let row = station.row::<SnmpTargetAddr>(&index("one"));
    assert_eq!((row.timeout, row.retry_count), (Some(1500), Some(3)), "the MIB's defaults");
    assert_eq!(row.row_status, Some(RowStatus::Active));
    assert_eq!(row.storage_type, Some(StorageType::NonVolatile));

    assert_eq!(set(&mut station, "two", status(RowStatus::CreateAndWait)), (NoError, 0));
    let shown = |station: &mut Station| station.row::<SnmpTargetAddr>(&index("two")).row_status;
    assert_eq!(shown(&mut station), Some(RowStatus::NotReady));
    assert_eq!(set(&mut station, "two", status(RowStatus::Active)), (InconsistentValue, 1));
    assert_eq!(set(&mut station, "two", whole), (NoError, 0));
    assert_eq!(shown(&mut station), Some(RowStatus::NotInService));
    assert_eq!(set(&mut station, "two", status(RowStatus::Active)), (NoError, 0));
    // RFC 3413: not while it is active.
    let other = address(snmpv2_tm::nodes::SNMP_UDP_DOMAIN, &[192, 0, 2, 2, 0, 162]);
    assert_eq!(set(&mut station, "two", other.clone()).0, InconsistentValue);
    assert_eq!(set(&mut station, "two", status(RowStatus::NotInService)), (NoError, 0));
    assert_eq!(set(&mut station, "two", other), (NoError, 0));
    assert_eq!(set(&mut station, "two", status(RowStatus::Destroy)), (NoError, 0));
    assert_eq!(shown(&mut station), None);
}

#[test]
fn what_no_address_can_be() {
    let mut station = station();
    let domains = [
        (snmpv2_tm::nodes::SNMP_UDP_DOMAIN, &IPV4[..5], InconsistentValue),
        (transport_address_mib::nodes::TRANSPORT_DOMAIN_UDP_IPV6, &IPV4[..], InconsistentValue),
        (transport_address_mib::nodes::TRANSPORT_DOMAIN_TCP_IPV4, &IPV4[..], WrongValue),
        (snmp_tls_tm_mib::nodes::SNMP_TLSTCP_DOMAIN, &IPV4[..], InconsistentValue),
        (snmp_tls_tm_mib::nodes::SNMP_TLSTCP_DOMAIN, b"noc.example.net:10162", InconsistentValue),
        (snmp_tls_tm_mib::nodes::SNMP_TLSTCP_DOMAIN, b"[2001:db8::1]:10162", NoError),
    ];
    for (domain, octets, expected) in domains {
        let patch = snmp_target_addr::Patch {
            row_status: Some(RowStatus::CreateAndGo),
            ..address(domain, octets)
        };
        assert_eq!(set(&mut station, "bad", patch).0, expected, "{domain:?}");
    }
    assert_eq!(set(&mut station, "bad", status(RowStatus::Destroy)).0, NoError);
    let tags = snmp_target_addr::Patch {
        tag_list: Some("a  b".into()),
        ..status(RowStatus::CreateAndWait)
    };
    assert_eq!(set(&mut station, "bad", tags).0, WrongValue);
    assert_eq!(station.row::<SnmpTargetAddr>(&index("bad")).row_status, None, "nothing was made");
    // The configuration's stays as it is.
    assert_eq!(set(&mut station, "file", status(RowStatus::Destroy)).0, InconsistentValue);
}

#[test]
fn parameters_are_complete_before_they_are_active() {
    let mut station = station();
    let index = snmp_target_params::Index { target_params_name: "noc".into() };
    let whole = snmp_target_params::Patch {
        mp_model: Some(3),
        security_model: Some(3),
        security_name: Some("ann".into()),
        security_level: Some(SnmpSecurityLevel::AuthPriv),
        storage_type: Some(StorageType::Volatile),
        row_status: Some(RowStatus::CreateAndGo),
    };
    let mut set = |patch: &snmp_target_params::Patch| {
        station.set(&[SnmpTargetParams::varbinds(&index, patch)]).0
    };
    let part = snmp_target_params::Patch { security_name: None, ..whole.clone() };
    assert_eq!(set(&part), InconsistentValue);
    let unknown = snmp_target_params::Patch { mp_model: Some(2), ..whole.clone() };
    assert_eq!(set(&unknown), InconsistentValue, "SNMPv2u is not spoken here");
    assert_eq!(set(&whole), NoError);
    let bob = snmp_target_params::Patch { security_name: Some("bob".into()), ..Default::default() };
    assert_eq!(set(&bob), InconsistentValue, "not while it is active");

    let index = snmp_notify_filter_profile::Index { target_params_name: "noc".into() };
    let mut set = |name: Option<&str>| {
        let patch = snmp_notify_filter_profile::Patch {
            name: name.map(str::to_owned),
            row_status: Some(RowStatus::CreateAndGo),
            ..Default::default()
        };
        station.set(&[SnmpNotifyFilterProfile::varbinds(&index, &patch)]).0
    };
    assert_eq!(set(None), InconsistentValue);
    assert_eq!(set(Some("filter")), NoError);
}

/// RFC 6353, snmpTlstmAddrTable: what a target has to show is known before it is told, and
/// is not whatever it shows.
#[test]
fn what_a_target_over_tls_has_to_show() {
    let mut station = station();
    let index = snmp_tlstm_addr::Index { target_addr_name: "noc".into() };
    let fingerprint = |octets: &[u8]| snmp_tlstm_addr::Patch {
        server_fingerprint: Some(octets.to_vec()),
        ..Default::default()
    };
    let identity = |name: &str| snmp_tlstm_addr::Patch {
        server_identity: Some(name.into()),
        ..Default::default()
    };
    let status =
        |row_status| snmp_tlstm_addr::Patch { row_status: Some(row_status), ..Default::default() };
    let both = |patch: snmp_tlstm_addr::Patch, row_status| snmp_tlstm_addr::Patch {
        row_status: Some(row_status),
        ..patch
    };
    let mut set =
        |patch: &snmp_tlstm_addr::Patch| station.set(&[SnmpTlstmAddr::varbinds(&index, patch)]).0;
    let sha256 = [&[4][..], &[7; 32]].concat();
    assert_eq!(set(&status(RowStatus::CreateAndGo)), InconsistentValue, "* and no fingerprint");
    let sha1 = [&[2][..], &[7; 20]].concat();
    assert_eq!(set(&both(fingerprint(&sha1), RowStatus::CreateAndGo)), WrongValue);
    assert_eq!(set(&fingerprint(&sha256)), InconsistentName);
    assert_eq!(set(&both(identity(""), RowStatus::CreateAndGo)), InconsistentValue);
    assert_eq!(set(&both(identity("noc.example.net"), RowStatus::CreateAndGo)), NoError);
    assert_eq!(set(&fingerprint(&sha256)), InconsistentValue, "not while it is active");
    assert_eq!(set(&identity("*")), InconsistentValue, "nor anybody");
    assert_eq!(set(&identity("other.example.net")), NoError);
    assert_eq!(set(&both(fingerprint(&sha256), RowStatus::NotInService)), NoError);
    assert_eq!(set(&both(identity("*"), RowStatus::Active)), NoError);
    let row = station.row::<SnmpTlstmAddr>(&index);
    assert_eq!((row.server_fingerprint, row.row_status), (Some(sha256), Some(RowStatus::Active)));
}

/// RFC 6353, snmpTlstmParamsTable.
#[test]
fn what_is_shown_to_targets_over_tls() {
    let mut station = station();
    let index = snmp_tlstm_params::Index { target_params_name: "noc".into() };
    let patch = |octets: Option<&[u8]>, row_status| snmp_tlstm_params::Patch {
        client_fingerprint: octets.map(<[u8]>::to_vec),
        row_status,
        ..Default::default()
    };
    let mut set = |octets: Option<&[u8]>, row_status| {
        station.set(&[SnmpTlstmParams::varbinds(&index, &patch(octets, row_status))]).0
    };
    let one = [&[4][..], &[7; 32]].concat();
    let other = [&[6][..], &[7; 64]].concat();
    assert_eq!(set(None, Some(RowStatus::CreateAndGo)), InconsistentValue);
    assert_eq!(set(Some(&[]), Some(RowStatus::CreateAndWait)), WrongValue);
    assert_eq!(set(None, Some(RowStatus::CreateAndWait)), NoError);
    assert_eq!(set(Some(&one), None), NoError);
    assert_eq!(set(None, Some(RowStatus::Active)), NoError);
    assert_eq!(set(Some(&other), None), InconsistentValue, "not while it is active");
    assert_eq!(set(Some(&one), None), NoError);
    let changed = station.node.security.current().changed;
    assert!(changed.clients.is_some() && changed.servers.is_none());
    assert_eq!(station.row::<SnmpTlstmParams>(&index).client_fingerprint, Some(one));
}

/// RFC 3584 §5.3: a community's tag names targets, and their masks say which bits of
/// their addresses count.
#[test]
fn a_community_is_used_from_where_its_tag_says() {
    let mut station = station();
    let ask = Request::bulk(0, 100, &["1.3.6.1.6.3.12"]).community("guest").encode();
    let ext = |mask: &[u8], largest| snmp_target_addr_ext::Patch {
        snmp_target_addr_t_mask: Some(mask.to_vec()),
        snmp_target_addr_mms: Some(largest),
    };
    let extend = |station: &mut Station, name: &str, patch: &snmp_target_addr_ext::Patch| {
        station.set(&[SnmpTargetAddrExt::varbinds(&index(name), patch)]).0
    };
    assert_eq!(station.send(&ask), None, "no row has its tag");
    let target = snmp_target_addr::Patch {
        tag_list: Some("noc lan".into()),
        row_status: Some(RowStatus::CreateAndGo),
        ..address(snmpv2_tm::nodes::SNMP_UDP_DOMAIN, &[127, 0, 0, 9, 0, 0])
    };
    assert_eq!(extend(&mut station, "lan", &ext(&[], 0)), InconsistentName);
    // Both in one SET, in whichever order.
    let both = [
        SnmpTargetAddrExt::varbinds(&index("lan"), &ext(&[255, 0, 0, 0, 0, 0], 0)),
        SnmpTargetAddr::varbinds(&index("lan"), &target),
    ];
    assert_eq!(station.set(&both).0, NoError);
    let all = station.send(&ask).expect("it is from there").len();
    assert!(all > 484, "{all}");
    assert_eq!(station.allocations(&ask), 0);
    // A mask is as long as the address.
    assert_eq!(extend(&mut station, "lan", &ext(&[255], 0)), InconsistentValue);
    assert_eq!(extend(&mut station, "file", &ext(&[], 0)), InconsistentValue);
    assert_eq!(extend(&mut station, "lan", &ext(&[255, 0, 0, 0, 0, 0], 483)), WrongValue);
    assert_eq!(extend(&mut station, "lan", &ext(&[255, 0, 0, 0, 0, 0], 484)), NoError);
    let short = station.send(&ask).expect("an answer").len();
    assert!((300..=484).contains(&short), "{short}");
    assert_eq!(extend(&mut station, "lan", &ext(&[], 0)), NoError);
    assert_eq!(station.send(&ask), None, "it is from another address");
}

/// RFC 3584, snmpTargetAddrTMask: it has the address's length or none, whatever the
/// row's state.
#[test]
fn a_mask_is_as_long_as_the_address() {
    let mut station = station();
    let mask = |octets: &[u8]| {
        let patch = snmp_target_addr_ext::Patch {
            snmp_target_addr_t_mask: Some(octets.to_vec()),
            ..Default::default()
        };
        SnmpTargetAddrExt::varbinds(&index("a"), &patch)
    };
    let at = |octets: &[u8]| {
        let patch =
            snmp_target_addr::Patch { t_address: Some(octets.to_vec()), ..Default::default() };
        SnmpTargetAddr::varbinds(&index("a"), &patch)
    };
    assert_eq!(set(&mut station, "a", status(RowStatus::CreateAndWait)).0, NoError);
    let refused = (InconsistentValue, 1);
    assert_eq!(station.set(&[mask(&[255; 6])]), refused, "there is no address yet");
    assert_eq!(station.set(&[at(&[127, 0, 0, 1, 0, 0])]).0, NoError);
    for (octets, expected) in [(5, refused), (18, refused), (6, (NoError, 0)), (0, (NoError, 0))] {
        assert_eq!(station.set(&[mask(&vec![255; octets])]), expected, "{octets}");
    }
    // Another length of address needs another mask in the same SET, in whichever order.
    assert_eq!(station.set(&[mask(&[255; 6])]).0, NoError);
    assert_eq!(station.set(&[at(&[0; 18])]), refused);
    assert_eq!(station.set(&[at(&[0; 18]), mask(&[255; 18])]).0, NoError);
    assert_eq!(station.set(&[mask(&[255; 6]), at(&[0; 6])]).0, NoError);
    assert_eq!(station.set(&[at(&[0; 18]), mask(&[255; 6])]), (InconsistentValue, 2));
    assert_eq!(station.set(&[mask(&[]), at(&[0; 18])]).0, NoError);
}

/// From the SET that enables them on, bad messages are counted for authenticationFailure.
#[test]
fn failures_are_told_from_the_set_that_enables_it() {
    let mut station = Station::new();
    let bad = Request::get(&["1.3.6.1.2.1.1.3.0"]).community("guess").encode();
    let count = |station: &Station| station.node.statistics.failures_to_tell.value();
    assert_eq!(station.send(&bad), None);
    assert_eq!(count(&station), 0);
    for (enable, expected) in [(1, 1), (2, 1), (1, 2)] {
        let patch = vec![VarBind {
            name: "1.3.6.1.2.1.11.30.0".parse().unwrap(),
            value: Value::Integer(enable),
        }];
        station.done(&[patch]);
        assert_eq!(station.send(&bad), None);
        assert_eq!(count(&station), expected);
    }
}

/// As part of an index an OID may be shorter than BER could have it: `snmpvacm
/// createView all .1` names such a one.
#[test]
fn subtrees_may_be_all_there_is() {
    let mut station = station();
    let family = |arcs: &[u32]| vacm_view_tree_family::Index {
        view_tree_family_view_name: "all".into(),
        view_tree_family_subtree: arcs.to_vec(),
    };
    let create = vacm_view_tree_family::Patch {
        mask: Some(vec![0x80]),
        status: Some(RowStatus::CreateAndGo),
        ..Default::default()
    };
    for arcs in [&[1][..], &[], &[1, 3], &[2]] {
        let index = family(arcs);
        station.done(&[VacmViewTreeFamily::varbinds(&index, &create)]);
        assert_eq!(station.row::<VacmViewTreeFamily>(&index).mask, Some(vec![0x80]), "{arcs:?}");
    }
    for arcs in [&[3][..], &[1, 40], &[3, 1]] {
        let set = station.set(&[VacmViewTreeFamily::varbinds(&family(arcs), &create)]);
        assert_eq!(set, (NoCreation, 1), "{arcs:?}");
    }
    let filter = |arcs: &[u32]| snmp_notify_filter::Index {
        notify_filter_profile_name: "all".into(),
        notify_filter_subtree: arcs.to_vec(),
    };
    let create = snmp_notify_filter::Patch {
        row_status: Some(RowStatus::CreateAndGo),
        ..Default::default()
    };
    station.done(&[SnmpNotifyFilter::varbinds(&filter(&[1]), &create)]);
    // Without a length in front it has at least one.
    let set = station.set(&[SnmpNotifyFilter::varbinds(&filter(&[]), &create)]);
    assert_eq!(set.0, NoCreation);
}
