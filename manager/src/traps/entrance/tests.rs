use std::time::Duration;

use lcms_mibs::Mib;
use lcms_snmp::{
    Arrived as Answered, Oid, PduKind, Request, Retry, Secret, Target, Tracker, UserCredentials,
    notification::Notification,
    usm::{AuthProtocol, Identity, PrivProtocol},
    v3::{self, OutPdu, Salts, SecurityLevel, V3Head},
};
use load_cluster_mib::{
    load_cluster_mib::{lc_server, notifications::LcServerDown},
    snmpv2_mib::notifications::ColdStart,
    tc::LcOperState,
};

use super::*;
use crate::traps::{Record, Severity};

fn down() -> Notification {
    let index = lc_server::Index {
        cluster_name: "main".to_owned(),
        service_name: "web".to_owned(),
        server_name: "rs1".to_owned(),
    };
    let objects = LcServerDown {
        index,
        oper_state: LcOperState::Down,
        effective_weight: 10,
        reason: "tcp: refused".to_owned(),
    };
    let name = Oid::new(LcServerDown::OID).unwrap();
    Notification { up_time: 4711, name, objects: objects.varbinds() }
}

fn operator(level: SecurityLevel) -> UserCredentials {
    let secret = Secret::new("a good password");
    let auth = Some((AuthProtocol::Sha256, &secret));
    let privacy = Some((PrivProtocol::Aes128, &secret));
    UserCredentials::new("operator", auth, privacy).unwrap().at(level).unwrap()
}

fn from() -> SocketAddr {
    "192.0.2.1:40000".parse().unwrap()
}

/// An entrance of a community from one network, and of a user.
fn entrance(now: Instant) -> Entrance {
    limited(now, None)
}

fn limited(now: Instant, source_rate: Option<SourceRate>) -> Entrance {
    let settings = Settings {
        listen: Vec::new(),
        state_dir: "/nonexistent".into(),
        max_size: Settings::MAX_SIZE,
        source_rate,
        journal: Default::default(),
        communities: vec![KnownCommunity {
            name: "agents".to_owned(),
            community: Secret::new("s3cret"),
            sources: vec!["192.0.2.0/24".parse().unwrap()],
        }],
        users: vec![Authority {
            credentials: operator(SecurityLevel::AuthPriv),
            engines: Vec::new(),
            sources: Vec::new(),
        }],
        pass_on: Vec::new(),
    };
    let engine = LocalEngine::new(Identity::new([9; 12]), now, 1, settings.max_size.into());
    Entrance::new(&settings, engine, Arc::default(), now)
}

#[track_caller]
fn taken(arrived: Arrived) -> Taken {
    match arrived {
        Arrived::Taken(taken) => *taken,
        other => panic!("{other:?}"),
    }
}

fn reason(arrived: &Arrived) -> Option<Reason> {
    match arrived {
        Arrived::Dropped(reason) => Some(*reason),
        _ => None,
    }
}

#[test]
fn communities_are_taken_from_where_they_belong() {
    let now = Instant::now();
    let mut entrance = entrance(now);
    let own = Oid::new([1, 3, 6, 1, 4, 1, 8072]).unwrap();
    let trap = |version, community: &[u8]| {
        down().trap(version, community, 7, (&own, [192, 0, 2, 1]), &NOTIFICATION_NAMES).unwrap()
    };
    for (version, sort) in [(Version::V1, Kind::Trap), (Version::V2c, Kind::Trap)] {
        let taken = taken(entrance.receive(&trap(version, b"s3cret"), from(), now));
        assert_eq!((taken.version, taken.kind, taken.sender.as_str()), (version, sort, "agents"));
        assert!(taken.acknowledgement.is_none());
        let record = Record::new(&taken, jiff::Timestamp::UNIX_EPOCH, &Mib::builtin());
        assert_eq!(record.name, "LOAD-CLUSTER-MIB::lcServerDown");
        assert_eq!(
            (record.severity, record.subject.as_str()),
            (Severity::Critical, "server main/web/rs1")
        );
        assert_eq!(record.about.as_ref().and_then(|about| about.cluster()), Some("main"));
        assert_eq!(record.reason, "tcp: refused");
        let text = serde_json::to_string(&record).unwrap();
        assert!(!text.contains("s3cret"), "{text}");
        assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), record);
    }
    let elsewhere = "198.51.100.1:40000".parse().unwrap();
    let mapped = "[::ffff:192.0.2.9]:40000".parse().unwrap();
    for (octets, from, why) in [
        (trap(Version::V2c, b"other"), from(), Some(Reason::UnknownCommunity)),
        (trap(Version::V2c, b"s3cret"), elsewhere, Some(Reason::UnknownCommunity)),
        (trap(Version::V2c, b"s3cret"), mapped, None),
        (vec![0x30; 9000], from(), Some(Reason::TooLong)),
        (b"not a message".to_vec(), from(), Some(Reason::Malformed)),
    ] {
        assert_eq!(reason(&entrance.receive(&octets, from, now)), why);
    }
    let counted: Vec<_> = entrance.counters.dropped().filter(|(_, count)| *count > 0).collect();
    let wanted = [(Reason::Malformed, 1), (Reason::TooLong, 1), (Reason::UnknownCommunity, 2)];
    assert_eq!(counted, wanted);
}

/// One that comes again from another port is known for what it is, and another one
/// of the same content is not taken for it.
#[test]
fn a_message_that_comes_again_has_the_same_digest() {
    let now = Instant::now();
    let mut entrance = entrance(now);
    let mut digest = |request_id: i32, port: u16, up_time: u32| {
        let inform = message::encode(&lcms_snmp::OutMessage {
            version: Version::V2c,
            community: b"s3cret",
            kind: PduKind::InformRequest,
            request_id,
            error_status: 0,
            error_index: 0,
            varbinds: &Notification { up_time, ..down() }.varbinds(&NOTIFICATION_NAMES),
        });
        let from = SocketAddr::new(from().ip(), port);
        let taken = taken(entrance.receive(&inform, from, now));
        assert!(taken.acknowledgement.is_some());
        assert_eq!(Digest::parse(&taken.digest.to_string()), Some(taken.digest));
        taken.digest
    };
    let first = digest(7, 1, 100);
    assert_eq!(first, digest(7, 2, 100));
    assert_ne!(first, digest(8, 1, 100));
    assert_ne!(first, digest(7, 1, 101));
}

/// Discovery, time and the inform itself, as RFC 3414 has it.
#[test]
fn an_inform_of_a_user_finds_its_way() {
    let mut now = Instant::now();
    let mut entrance = entrance(now);
    let mut tracker = Tracker::new([5; 16]);
    let second = Duration::from_secs(1);
    let retry = Retry { timeout: second, ceiling: second, retries: 0 };
    let credentials = operator(SecurityLevel::AuthPriv).into();
    let target = Target { address: from(), credentials, retry };
    let request = Request::inform(down().varbinds(&NOTIFICATION_NAMES), engine(3));
    let mut octets = tracker.submit(now, &target, &request).octets;
    for _ in 0..4 {
        now += Duration::from_millis(10);
        match entrance.receive(&octets, from(), now) {
            Arrived::Report(report) => match tracker.on_datagram(now, &from(), &report) {
                Some(Answered::Send(next)) => octets = next.octets,
                other => panic!("{other:?}"),
            },
            arrived => {
                let taken = taken(arrived);
                assert_eq!(taken.level, Some(SecurityLevel::AuthPriv));
                assert_eq!((taken.kind, taken.engine), (Kind::Inform, None));
                let answer = taken.acknowledgement.unwrap();
                let answered = tracker.on_datagram(now, &from(), &answer);
                assert!(matches!(answered, Some(Answered::Completed(_))), "{answered:?}");
                return;
            }
        }
    }
    panic!("it never arrived");
}

fn engine(octet: u8) -> EngineId {
    EngineId::of_enterprise(8072, [octet; 12])
}

/// A trap of version 3 as an engine sends it.
fn trap_v3(user: &UserCredentials, engine: EngineId, clock: Clock) -> Vec<u8> {
    let keys = user.localised(&engine).unwrap();
    let salts = Salts::random(2);
    let head = V3Head {
        id: 9,
        max_size: 1472,
        reportable: false,
        engine_id: engine.as_octets(),
        clock,
        user: user.name().as_bytes(),
        auth: keys.auth.as_ref(),
        privacy: keys.privacy.as_ref().map(|key| (key, salts.next())),
        transport: None,
        context_engine_id: engine.as_octets(),
        context_name: b"there",
    };
    let name = Oid::new(ColdStart::OID).unwrap();
    let varbinds = Notification { up_time: 1, name, objects: Vec::new() };
    let varbinds = varbinds.varbinds(&NOTIFICATION_NAMES);
    let pdu = OutPdu {
        kind: PduKind::SnmpV2Trap,
        request_id: 1,
        error_status: 0,
        error_index: 0,
        varbinds: &varbinds,
    };
    v3::encode(&head, &pdu)
}

#[test]
fn traps_of_a_user_are_of_their_engine_and_their_time() {
    let start = Instant::now();
    let at = |seconds| start + Duration::from_secs(seconds);
    let mut entrance = entrance(start);
    let user = operator(SecurityLevel::AuthPriv);
    let clock = |boots, time| Clock { boots, time };
    let good = trap_v3(&user, engine(3), clock(7, 1000));
    let first = taken(entrance.receive(&good, from(), at(0)));
    assert_eq!(first.engine, Some((engine(3), clock(7, 1000))));
    assert_eq!(first.context, b"there");
    // The same once more, while it is timely and from wherever; the journal knows it by
    // its digest.
    for (from, seconds) in [(from(), 99), ("203.0.113.9:1".parse().unwrap(), 100)] {
        assert_eq!(taken(entrance.receive(&good, from, at(seconds))).digest, first.digest);
    }
    for (octets, when, why) in [
        (good.clone(), 200, Some(Reason::NotInTimeWindow)),
        (trap_v3(&user, engine(3), clock(6, 9000)), 1, Some(Reason::NotInTimeWindow)),
        (trap_v3(&user, engine(3), clock(8, 0)), 200, None),
        (good.clone(), 201, Some(Reason::NotInTimeWindow)),
        // Another engine has another clock.
        (trap_v3(&user, engine(4), clock(1, 5)), 201, None),
        (
            trap_v3(&operator(SecurityLevel::AuthNoPriv), engine(4), clock(1, 5)),
            201,
            Some(Reason::Level),
        ),
        (
            trap_v3(&operator(SecurityLevel::NoAuthNoPriv), engine(4), clock(1, 5)),
            201,
            Some(Reason::Level),
        ),
    ] {
        assert_eq!(reason(&entrance.receive(&octets, from(), at(when))), why, "{when}");
    }
    let mut forged = trap_v3(&user, engine(3), clock(8, 300));
    *forged.last_mut().unwrap() ^= 1;
    let arrived = entrance.receive(&forged, from(), at(300));
    assert_eq!(reason(&arrived), Some(Reason::WrongDigest));

    // After a restart what was known is known, and the old message is old.
    let mut entrance = self::entrance(start);
    entrance.restore(engine(3), clock(8, 200), at(400));
    assert_eq!(reason(&entrance.receive(&good, from(), at(400))), Some(Reason::NotInTimeWindow));
    assert!(matches!(
        entrance.receive(&trap_v3(&user, engine(3), clock(8, 201)), from(), at(401)),
        Arrived::Taken(_)
    ));
}

#[test]
fn a_source_that_sends_too_much_holds_up_itself() {
    let now = Instant::now();
    let rate = SourceRate { each_second: std::num::NonZeroU32::MIN, burst: 3 };
    let mut entrance = limited(now, Some(rate));
    let own = Oid::new([1, 3, 6, 1]).unwrap();
    let trap = down().trap(Version::V2c, b"s3cret", 7, (&own, [0; 4]), &NOTIFICATION_NAMES);
    let mut from_host = |host: u8, now| {
        let from = SocketAddr::from(([192, 0, 2, host], 40_000));
        reason(&entrance.receive(trap.as_ref().unwrap(), from, now))
    };
    let all: Vec<_> = (0..5).map(|_| from_host(1, now)).collect();
    assert_eq!(all, [None, None, None, Some(Reason::Rate), Some(Reason::Rate)]);
    assert_eq!(from_host(2, now), None);
    assert_eq!(from_host(1, now + Duration::from_secs(2)), None);
}
