//! Datagrams to the receiver of notifications.

use std::{
    borrow::Cow,
    net::SocketAddr,
    sync::{Arc, LazyLock, Mutex},
    time::Instant,
};

use lcms_manager::traps::{
    Arrived, Authority, Entrance, Kind, KnownCommunity, Record, Settings, journal::Limits,
};
use lcms_mibs::Mib;
use lcms_snmp::{
    Oid, OutMessage, PduKind, Secret, UserCredentials, Value, VarBind, Version,
    message::{self, TrapFields, encode_trap},
    notification::Notification,
    usm::{AuthProtocol, Clock, Identity, LocalEngine, PrivProtocol},
    v3::{self, OutPdu, V3Head},
};
use load_cluster_mib::NOTIFICATION_NAMES;

/// Leads a datagram through the receiver's entrance and what it takes into a record.
/// Only who is known gets anything taken; an inform that is taken has an
/// acknowledgement that can be read, and a trap has none; what is recorded is read
/// back as it was, and says nothing of the community; and an answer to whoever is not
/// known is small.
pub fn notification(octets: &[u8]) {
    let mut entrance = ENTRANCE.lock().unwrap();
    match entrance.receive(octets, FROM, Instant::now()) {
        Arrived::Dropped(_) => {}
        Arrived::Report(report) => {
            assert!(report.len() <= 300, "{}", report.len());
            assert!(v3::V3Message::decode(&report).is_ok());
        }
        Arrived::Taken(taken) => {
            assert!(taken.sender == COMMUNITY_NAME || taken.sender == USER);
            let answered = taken.acknowledgement.as_deref();
            assert_eq!(answered.is_some(), taken.kind == Kind::Inform);
            assert!(answered.is_none_or(|octets| message::open(octets).is_ok()));
            assert!(!taken.notification.name.arcs().iter().all(|arc| *arc == 0));
            let record = Record::new(&taken, jiff::Timestamp::UNIX_EPOCH, &MIB);
            let text = serde_json::to_string(&record).unwrap();
            assert!(!text.contains('\n'));
            assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), record);
            assert!(!record.to_string().contains(char::is_control));
        }
    }
}

const FROM: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9);
const COMMUNITY_NAME: &str = "agents";
const COMMUNITY: &[u8] = b"the entrance's own";
const USER: &str = "operator";

static MIB: LazyLock<Mib> = LazyLock::new(Mib::builtin);

/// A user of everybody's name and nobody's password.
static CREDENTIALS: LazyLock<UserCredentials> = LazyLock::new(|| {
    let secret = Secret::new("the entrance's own");
    let auth = Some((AuthProtocol::Sha1, &secret));
    UserCredentials::new(USER, auth, Some((PrivProtocol::Aes128, &secret))).unwrap()
});

static ENTRANCE: LazyLock<Mutex<Entrance>> = LazyLock::new(|| {
    let settings = Settings {
        listen: Vec::new(),
        state_dir: "/nonexistent".into(),
        max_size: Settings::MAX_SIZE,
        source_rate: None,
        journal: Limits::default(),
        communities: vec![KnownCommunity {
            name: COMMUNITY_NAME.to_owned(),
            community: Secret::new(COMMUNITY),
            sources: Vec::new(),
        }],
        users: vec![Authority {
            credentials: CREDENTIALS.clone(),
            engines: Vec::new(),
            sources: Vec::new(),
        }],
        pass_on: Vec::new(),
    };
    let now = Instant::now();
    let engine = LocalEngine::new(identity(), now, 7, settings.max_size.into());
    Mutex::new(Entrance::new(&settings, engine, Arc::default(), now))
});

fn identity() -> Identity {
    Identity { boots: 3, ..Identity::new([7; 12]) }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let oid = |text: &str| text.parse::<Oid>().unwrap();
    let down = oid("1.3.6.1.6.3.1.1.5.3");
    let objects = vec![
        VarBind { name: oid("1.3.6.1.2.1.2.2.1.1.3"), value: Value::Integer(3) },
        VarBind {
            name: oid("1.3.6.1.2.1.2.2.1.2.3"),
            value: Value::OctetString(b"e\n|;th0".to_vec().into()),
        },
        VarBind {
            name: oid("1.3.6.1.2.1.1.2.0"),
            value: Value::ObjectIdentifier(Cow::Owned(oid("1.3.6.1.4.1.8072"))),
        },
    ];
    let notification = Notification { up_time: 4711, name: down, objects };
    let varbinds = notification.varbinds(&NOTIFICATION_NAMES);
    let community = |kind, varbinds: &[VarBind<'_>]| {
        message::encode(&OutMessage {
            version: Version::V2c,
            community: COMMUNITY,
            kind,
            request_id: 17,
            error_status: 0,
            error_index: 0,
            varbinds,
        })
    };
    let fields = TrapFields {
        enterprise: &[1, 3, 6, 1, 4, 1, 9],
        agent_addr: [192, 0, 2, 9],
        generic: 6,
        specific: 17,
        timestamp: 4711,
    };
    let generic = TrapFields { generic: 2, specific: 0, ..fields };
    // A snmpTrapOID of no octets: its header says none, and its value is gone.
    let mut nameless = community(PduKind::SnmpV2Trap, varbinds.get(..2).unwrap());
    let name = b"\x06\x0a\x2b\x06\x01\x06\x03\x01\x01\x05\x03";
    if let Some(at) =
        nameless.windows(9).rposition(|window| window == b"\x2b\x06\x01\x06\x03\x01\x01\x05\x03")
    {
        nameless.splice(at - 1..at + name.len() - 2, [0]);
    }
    let mut seeds = vec![
        community(PduKind::SnmpV2Trap, &varbinds),
        community(PduKind::InformRequest, &varbinds),
        community(PduKind::InformRequest, &[]),
        nameless,
        encode_trap(COMMUNITY, &fields, &notification.objects),
        encode_trap(COMMUNITY, &generic, &[]),
    ];
    let own = identity().id;
    let theirs = lcms_snmp::EngineId::of_enterprise(8072, [3; 12]);
    for (engine, kind) in [(theirs, PduKind::SnmpV2Trap), (own, PduKind::InformRequest)] {
        let keys = CREDENTIALS.localised(&engine).unwrap();
        let head = V3Head {
            id: 9,
            max_size: 1472,
            reportable: kind == PduKind::InformRequest,
            engine_id: engine.as_octets(),
            clock: Clock { boots: 3, time: 1 },
            user: USER.as_bytes(),
            auth: keys.auth.as_ref(),
            privacy: keys.privacy.as_ref().map(|key| (key, [1; 8])),
            transport: None,
            context_engine_id: theirs.as_octets(),
            context_name: b"",
        };
        let pdu =
            OutPdu { kind, request_id: 1, error_status: 0, error_index: 0, varbinds: &varbinds };
        seeds.push(v3::encode(&head, &pdu));
        seeds.push(v3::encode(&V3Head { privacy: None, ..head }, &pdu));
        let nobody = V3Head { privacy: None, auth: None, ..head };
        seeds.push(v3::encode(&nobody, &pdu));
        let discovery = V3Head { engine_id: b"", user: b"", reportable: true, ..nobody };
        seeds.push(v3::encode(&discovery, &OutPdu { varbinds: &[], ..pdu }));
    }
    seeds
}
