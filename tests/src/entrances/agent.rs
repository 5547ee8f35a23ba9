//! The agent's engine with the tables it serves.

use std::{cell::RefCell, time::Duration};

use lcms_snmp::{
    EngineId, Envelope, ErrorStatus, Oid, OutMessage, PduKind, Value, VarBind, Version,
    message::{self, encode},
    object::Table,
    v3::{Flags, ScopedPdu, TSM, V3Message},
};
use load_cluster_mib::{
    load_cluster_mib::{lc_cluster, lc_host_report, lc_policy, lc_server, lc_service},
    tc::RowStatus,
};

use super::{
    frames::{Frame, frame, frames},
    laws::assert_answers,
    station::{READ, SESSION, Station, WRITE},
};

thread_local! {
    /// Most inputs change nothing, and a station takes long to make.
    static STATION: RefCell<Option<Station>> = const { RefCell::new(None) };
}

/// Sends datagrams to an agent, one after another; the tag of a frame is the
/// seconds that pass before it, and whether it comes in a session. Each is
/// counted; none that does not decode is answered; an answer is never larger than
/// the agent's greatest message and keeps what RFC 3416 promises; a SET is done as
/// a whole or not at all.
pub fn agent(octets: &[u8]) {
    let mut station = STATION.take().unwrap_or_else(Station::new);
    for Frame { tag, octets } in frames(octets) {
        station.wait(Duration::from_secs((tag & !IN_SESSION).into()));
        send(&mut station, (tag & IN_SESSION != 0).then_some(SESSION), octets);
    }
    if station.is_untouched() {
        STATION.set(Some(station));
    }
}

/// The bit of a tag that says so.
const IN_SESSION: u8 = 0x80;

fn send(station: &mut Station, session: Option<&str>, datagram: &[u8]) {
    let counted = |station: &Station| {
        let s = &station.statistics;
        [&s.in_pkts, &s.in_asn_parse_errs, &s.in_bad_versions].map(|counter| counter.value())
    };
    let counters = counted(station);
    let (before, locks) = station.present();
    let reply = station.send(session, datagram);
    let (after, locks_after) = station.present();

    let opened = message::open(datagram);
    let mut expected = counters;
    expected[0] += 1;
    match opened {
        Err(lcms_snmp::DecodeError::Version(_)) => expected[2] += 1,
        Err(_) => expected[1] += 1,
        // What is wrong with one of version 3 is counted in many places.
        Ok(Envelope::V3(_)) => expected[1] = counted(station)[1],
        Ok(Envelope::Community(_) | Envelope::TrapV1(_)) => {}
    }
    assert_eq!(counted(station), expected);

    let mut done = false;
    if let Some(reply) = reply {
        assert!(reply.len() <= Station::MAX_SIZE, "{} octets", reply.len());
        match opened {
            Ok(Envelope::Community(request)) => {
                let reply = message::decode(&reply).expect("a reply decodes");
                assert_answers(&reply, &request);
                done = request.pdu.kind == PduKind::SetRequest && reply.pdu.error_status == 0;
            }
            Ok(Envelope::V3(request)) if is_of_session(request) => {
                assert!(session.is_some(), "nobody knows who sent it");
                assert_in_session(&reply, request);
            }
            // Nobody here knows a key: it is a report, or a user without one is told
            // that this is no way to ask.
            Ok(Envelope::V3(request)) => assert_refused(&reply, request),
            other => panic!("{other:?} was answered"),
        }
    }
    match done {
        true => assert_eq!(after.check(), []),
        false => {
            assert!(before.asks_the_same(&after), "changed by what was not done");
            assert_eq!(locks, locks_after);
        }
    }
}

fn is_of_session(request: &[u8]) -> bool {
    V3Message::decode(request).is_ok_and(|message| message.security_model == TSM)
}

/// Who may read gets an answer or a report at the level he asked at.
fn assert_in_session(reply: &[u8], request: &[u8]) {
    let request = V3Message::decode(request).expect("what is answered decodes");
    let reply = V3Message::decode(reply).expect("an answer decodes");
    assert_eq!((reply.id, reply.security_model), (request.id, TSM));
    assert_eq!(reply.flags, Flags { reportable: false, ..request.flags });
    let octets = reply.of_session().expect("it is of the session");
    let pdu = ScopedPdu::decode(octets, false).expect("with a PDU").pdu;
    assert!(matches!(pdu.kind, PduKind::Response | PduKind::Report));
}

/// What refuses a message says one thing about it, and is plain.
fn assert_refused(reply: &[u8], request: &[u8]) {
    let request = V3Message::decode(request).expect("what is answered decodes");
    let Ok(Envelope::V3(reply)) = message::open(reply) else { panic!("not version 3") };
    let reply = V3Message::decode(reply).expect("a report decodes");
    assert_eq!(reply.id, request.id);
    assert!(!reply.flags.reportable && !reply.flags.privacy);
    let scoped = ScopedPdu::decode(reply.plain().expect("it is plain"), false);
    let scoped = scoped.expect("a report decodes");
    let pdu = scoped.pdu;
    match pdu.kind {
        PduKind::Report => {
            assert_eq!((pdu.varbinds.len(), pdu.error_status, pdu.error_index), (1, 0, 0));
        }
        // The engine's name is no secret, and is asked for by the one that all have.
        PduKind::Response if scoped.context_engine_id == EngineId::LOCAL => {}
        kind => {
            assert_eq!(kind, PduKind::Response);
            let refused = [ErrorStatus::AuthorizationError, ErrorStatus::TooBig];
            assert!(refused.iter().any(|status| *status as i32 == pdu.error_status));
        }
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let reads = [
        read(Version::V2c, PduKind::GetRequest, (0, 0), &["1.3.6.1.2.1.1.3.0", "1.3.6.1.2.1.1.99"]),
        read(Version::V1, PduKind::GetNextRequest, (0, 0), &["1.3.6.1.2.1.1.9.1.4.7"]),
        read(Version::V1, PduKind::GetNextRequest, (0, 0), &["2.1"]),
        read(Version::V2c, PduKind::GetNextRequest, (0, 0), &["0.0", "1.3.6.1.2.1.11"]),
        read(Version::V2c, PduKind::GetBulkRequest, (0, 50), &["1.3.6.1"]),
        read(Version::V2c, PduKind::GetBulkRequest, (1, 9), &["1.3", "1.3.6.1.2.1.1", "1.3.6.1.4"]),
    ];
    let mut seeds: Vec<Vec<u8>> = reads.iter().map(|datagram| frame(0, datagram)).collect();
    seeds.push(reads.iter().flat_map(|datagram| frame(1, datagram)).collect());
    seeds.extend(sets().iter().map(|varbinds| frame(0, &set(varbinds))));
    for tag in [0, IN_SESSION] {
        seeds.extend(super::v3::seeds().iter().map(|datagram| frame(tag, datagram)));
    }
    // One after another they make a service, weigh its server and take it away.
    seeds.push(sets().iter().flat_map(|varbinds| frame(1, &set(varbinds))).collect());
    seeds
}

fn read(version: Version, kind: PduKind, (status, index): (i32, i32), names: &[&str]) -> Vec<u8> {
    let bind = |name: &&str| VarBind { name: name.parse::<Oid>().unwrap(), value: Value::Null };
    let varbinds: Vec<VarBind<'_>> = names.iter().map(bind).collect();
    let request = OutMessage {
        version,
        community: READ,
        kind,
        request_id: 7,
        error_status: status,
        error_index: index,
        varbinds: &varbinds,
    };
    encode(&request)
}

fn set(varbinds: &[VarBind<'static>]) -> Vec<u8> {
    encode(&OutMessage {
        version: Version::V2c,
        community: WRITE,
        kind: PduKind::SetRequest,
        request_id: 8,
        error_status: 0,
        error_index: 0,
        varbinds,
    })
}

fn sets() -> Vec<Vec<VarBind<'static>>> {
    let service = lc_service::Index { cluster_name: "main".into(), service_name: "mail".into() };
    let server = |service: &str| lc_server::Index {
        cluster_name: "main".into(),
        service_name: service.into(),
        server_name: "rs1".into(),
    };
    let cluster = lc_cluster::Index { cluster_name: "main".into() };
    let address = |port| lc_server::Patch {
        address_type: Some(load_cluster_mib::tc::InetAddressType::Ipv4),
        address: Some(vec![127, 0, 0, 1]),
        port: Some(port),
        row_status: Some(RowStatus::CreateAndGo),
        ..lc_server::Patch::default()
    };
    let made = lc_service::Patch {
        address_type: Some(load_cluster_mib::tc::InetAddressType::Ipv4),
        address: Some(vec![127, 0, 0, 1]),
        port: Some(25),
        row_status: Some(RowStatus::CreateAndGo),
        ..lc_service::Patch::default()
    };
    let gone =
        lc_service::Patch { row_status: Some(RowStatus::Destroy), ..lc_service::Patch::default() };
    let weight = lc_server::Patch { weight: Some(0), ..lc_server::Patch::default() };
    vec![
        lc_server::LcServer::varbinds(&server("web"), &weight),
        lc_service::LcService::varbinds(&service, &made),
        lc_server::LcServer::varbinds(&server("mail"), &address(26)),
        lc_server::LcServer::varbinds(&server("mail"), &weight),
        lc_policy::LcPolicy::varbinds(
            &lc_policy::Index { policy_name: "new".into() },
            &lc_policy::Patch {
                row_status: Some(RowStatus::CreateAndWait),
                ..lc_policy::Patch::default()
            },
        ),
        lc_cluster::LcCluster::varbinds(
            &cluster,
            &lc_cluster::Patch {
                lease_owner: Some("somebody".into()),
                lease_term: Some(5),
                lease_seconds: Some(60),
                ..lc_cluster::Patch::default()
            },
        ),
        // A report is taken with the term of the running lease.
        [
            lc_cluster::LcCluster::varbinds(
                &cluster,
                &lc_cluster::Patch { lease_term: Some(5), ..lc_cluster::Patch::default() },
            ),
            lc_host_report::LcHostReport::varbinds(
                &lc_host_report::Index { host_name: "rs1".into() },
                &lc_host_report::Patch {
                    runnable: Some(100),
                    cores: Some(4),
                    ..lc_host_report::Patch::default()
                },
            ),
        ]
        .concat(),
        lc_service::LcService::varbinds(&service, &gone),
    ]
}
