//! Messages of version 3 as an attacker, a confused manager and an honest one
//! send them.

use std::time::{Duration, Instant};

use lcms_snmp::{
    ErrorStatus, PduKind, Value, VarBind,
    ber::{Reader, put_element, tag},
    usm::{AuthKey, AuthProtocol, Clock, MasterKey, PrivKey, PrivProtocol},
    v3::{self, OutPdu, ScopedPdu, SecurityLevel, V3Head, V3Message},
};

use super::{super::*, exchange::oid, fixture::*};

/// What a manager knows of the agent and of one user.
#[derive(Clone)]
struct Manager {
    engine_id: Vec<u8>,
    context_engine_id: Vec<u8>,
    context: Vec<u8>,
    clock: Clock,
    user: &'static str,
    auth: Option<AuthKey>,
    privacy: Option<PrivKey>,
    kind: PduKind,
    reportable: bool,
    max_size: u32,
    names: Vec<&'static str>,
    value: Value<'static>,
    repetitions: i32,
}

const TEXT: &str = "1.3.9.1.1.0";

impl Manager {
    fn new(agent: &Agent, user: &'static str) -> Self {
        let engine = &agent.state.security().engine;
        let id = engine.id;
        let (protocol, cipher) = match user {
            "bob" => (AuthProtocol::Sha1, None),
            _ => (AuthProtocol::Sha256, Some(PrivProtocol::Aes128)),
        };
        let key = |password: &[u8]| MasterKey::of_password(protocol, password).unwrap();
        let auth = AuthKey::new(protocol, key(b"a password").localised(&id)).unwrap();
        let privacy = cipher.map(|cipher| {
            let key = key(b"another password").localised_for(cipher, &id);
            PrivKey::new(cipher, key).unwrap()
        });
        Self {
            engine_id: id.as_octets().to_vec(),
            context_engine_id: id.as_octets().to_vec(),
            context: Vec::new(),
            clock: engine.clock(Instant::now()),
            user,
            auth: Some(auth),
            privacy,
            kind: PduKind::GetRequest,
            reportable: true,
            max_size: 65_507,
            names: vec![TEXT],
            value: Value::Null,
            repetitions: 0,
        }
    }

    fn encode(&self) -> Vec<u8> {
        let head = V3Head {
            id: 815,
            max_size: self.max_size,
            reportable: self.reportable,
            engine_id: &self.engine_id,
            clock: self.clock,
            user: self.user.as_bytes(),
            auth: self.auth.as_ref(),
            privacy: self.privacy.as_ref().map(|key| (key, [9; 8])),
            transport: None,
            context_engine_id: &self.context_engine_id,
            context_name: &self.context,
        };
        let bind = |name: &&str| VarBind { name: oid(name), value: self.value.clone() };
        let varbinds: Vec<VarBind<'_>> = self.names.iter().map(bind).collect();
        v3::encode(
            &head,
            &OutPdu {
                kind: self.kind,
                request_id: 4711,
                error_status: 0,
                error_index: self.repetitions,
                varbinds: &varbinds,
            },
        )
    }

    fn ask(&self, agent: &mut Agent) -> Option<Answer> {
        let reply = agent.send(&self.encode())?;
        Some(self.read(&reply))
    }

    /// Reads an answer as a manager must: what is signed has the right code.
    fn read(&self, reply: &[u8]) -> Answer {
        let message = V3Message::decode(reply).expect("an answer decodes");
        let usm = message.usm().expect("its parameters too");
        let level = message.flags.level().expect("a level there is");
        assert_eq!((message.id, message.flags.reportable), (815, false));
        assert_eq!(usm.user, self.user.as_bytes());
        if level >= SecurityLevel::AuthNoPriv {
            assert!(message.is_authenticated_by(self.auth.as_ref().expect("a key"), &usm));
        }
        let mut room = Vec::new();
        let octets = match level {
            SecurityLevel::AuthPriv => {
                message.decrypt(self.privacy.as_ref().expect("a key"), &usm, &mut room).unwrap()
            }
            _ => message.plain().unwrap(),
        };
        let scoped = ScopedPdu::decode(octets, true).expect("a scoped PDU");
        let pdu = scoped.pdu;
        Answer {
            level,
            kind: pdu.kind,
            request_id: pdu.request_id,
            status: ErrorStatus::from_number(pdu.error_status).unwrap(),
            index: pdu.error_index,
            engine_id: usm.engine_id.to_vec(),
            clock: Clock { boots: usm.boots, time: usm.time },
            salt: usm.salt.to_vec(),
            varbinds: pdu.varbinds.to_vec(),
            len: reply.len(),
        }
    }
}

#[derive(Debug)]
struct Answer {
    level: SecurityLevel,
    kind: PduKind,
    request_id: i32,
    status: ErrorStatus,
    index: i32,
    engine_id: Vec<u8>,
    clock: Clock,
    salt: Vec<u8>,
    varbinds: Vec<VarBind<'static>>,
    len: usize,
}

/// What an agent reports to a message, at which level, and that it counts it once.
#[track_caller]
fn reports(manager: &Manager, reported: Reported, level: SecurityLevel) {
    let mut agent = Agent::sample();
    let answer = manager.ask(&mut agent).expect("a report");
    assert_eq!((answer.kind, answer.level), (PduKind::Report, level), "{reported:?}");
    let [VarBind { name, value }] = &answer.varbinds[..] else { panic!("{answer:?}") };
    assert_eq!((name.arcs(), value), (reported.name(), &Value::Counter32(1)));
    assert_eq!((answer.status, answer.index), (ErrorStatus::NoError, 0));
    assert_eq!(agent.engine.statistics.reported(reported).value(), 1);
    assert_eq!(answer.engine_id, agent.state.security().engine.id.as_octets());
    // The same without being asked to report, where nobody can see what it asks.
    let silent = Manager { reportable: false, ..manager.clone() };
    let hidden = manager.privacy.is_some() && level != SecurityLevel::AuthPriv;
    let told = silent.ask(&mut agent).is_some();
    assert_eq!(told, !hidden, "{reported:?}");
    assert_eq!(agent.engine.statistics.reported(reported).value(), 2, "counted all the same");
}

#[test]
fn each_level_that_a_user_has_keys_for_is_answered_at_that_level() {
    let mut agent = Agent::sample();
    let ann = Manager::new(&agent, "ann");
    let answer = ann.ask(&mut agent).expect("a response");
    assert_eq!((answer.kind, answer.level), (PduKind::Response, SecurityLevel::AuthPriv));
    assert_eq!(answer.request_id, 4711);
    assert_eq!(answer.clock.boots, 3);
    assert!(matches!(answer.varbinds[0].value, Value::OctetString(_)));

    let bob = Manager::new(&agent, "bob");
    let answer = bob.ask(&mut agent).expect("a response");
    assert_eq!((answer.kind, answer.level), (PduKind::Response, SecurityLevel::AuthNoPriv));
    assert_eq!(answer.status, ErrorStatus::NoError);
}

/// A user has access at the level of its keys and not below.
#[test]
fn a_lower_level_than_the_access_entry_s_is_not_authorised() {
    let mut agent = Agent::sample();
    let ann = Manager { privacy: None, ..Manager::new(&agent, "ann") };
    let answer = ann.ask(&mut agent).expect("a response");
    assert_eq!((answer.status, answer.index), (ErrorStatus::AuthorizationError, 0));
    let nobody = Manager { auth: None, ..ann };
    let answer = nobody.ask(&mut agent).expect("a response");
    assert_eq!(answer.status, ErrorStatus::AuthorizationError);
    assert_eq!(answer.level, SecurityLevel::NoAuthNoPriv);
}

#[test]
fn discovery_is_an_unknown_engine_with_name_and_clock() {
    let agent = Agent::sample();
    let stranger = Manager {
        engine_id: Vec::new(),
        context_engine_id: Vec::new(),
        user: "",
        auth: None,
        privacy: None,
        clock: Clock::default(),
        ..Manager::new(&agent, "ann")
    };
    reports(&stranger, Reported::UnknownEngineIds, SecurityLevel::NoAuthNoPriv);
    let answer = stranger.ask(&mut Agent::sample()).expect("a report");
    assert_eq!((answer.clock.boots, answer.request_id), (3, 4711));
}

#[test]
fn everything_that_is_wrong_has_its_report() {
    use SecurityLevel::{AuthNoPriv, AuthPriv, NoAuthNoPriv};
    let agent = Agent::sample();
    let ann = || Manager::new(&agent, "ann");
    let bob = || Manager::new(&agent, "bob");
    let other = |id: &str| id.as_bytes().to_vec();

    reports(
        &Manager { engine_id: other("another"), ..ann() },
        Reported::UnknownEngineIds,
        NoAuthNoPriv,
    );
    reports(&Manager { user: "eve", ..ann() }, Reported::UnknownUserNames, NoAuthNoPriv);
    let encrypted = Manager { privacy: ann().privacy, ..bob() };
    reports(&encrypted, Reported::UnsupportedSecLevels, NoAuthNoPriv);
    let guess = lcms_snmp::usm::Key::new(&[1; 20]).unwrap();
    let guessed = Manager { auth: AuthKey::new(AuthProtocol::Sha1, guess).ok(), ..bob() };
    reports(&guessed, Reported::WrongDigests, NoAuthNoPriv);
    reports(
        &Manager { context_engine_id: other("another"), ..ann() },
        Reported::UnknownPduHandlers,
        AuthPriv,
    );
    reports(&Manager { context: other("side"), ..ann() }, Reported::UnknownContexts, AuthPriv);
    reports(
        &Manager { kind: PduKind::InformRequest, ..bob() },
        Reported::UnknownPduHandlers,
        AuthNoPriv,
    );
}

/// The code is looked at before the time, and the time before what is encrypted:
/// of several things that are wrong the first in that order is said.
#[test]
fn code_then_time_then_decryption() {
    use SecurityLevel::{AuthNoPriv, NoAuthNoPriv};
    let agent = Agent::sample();
    let ann = Manager::new(&agent, "ann");
    let late = Clock { boots: ann.clock.boots, time: ann.clock.time + 10_000 };
    let wrong_key = |len| lcms_snmp::usm::Key::new(&vec![1; len]).unwrap();
    let wrong_privacy = PrivKey::new(PrivProtocol::Aes128, wrong_key(16)).ok();
    let wrong_auth = AuthKey::new(AuthProtocol::Sha256, wrong_key(32)).ok();

    let all =
        Manager { auth: wrong_auth, privacy: wrong_privacy.clone(), clock: late, ..ann.clone() };
    reports(&all, Reported::WrongDigests, NoAuthNoPriv);
    let late_and_garbled = Manager { privacy: wrong_privacy, clock: late, ..ann.clone() };
    reports(&late_and_garbled, Reported::NotInTimeWindows, AuthNoPriv);
    let des = PrivKey::new(PrivProtocol::Des, wrong_key(16)).ok();
    reports(&Manager { privacy: des, ..ann }, Reported::DecryptionErrors, NoAuthNoPriv);
}

#[test]
fn old_and_future_messages_are_not_in_time_and_the_report_says_it_signed() {
    let agent = Agent::sample();
    let ann = Manager::new(&agent, "ann");
    let Clock { boots, time } = ann.clock;
    for clock in [
        Clock { boots: boots - 1, time },
        Clock { boots: boots + 1, time },
        Clock { boots, time: time + 200 },
        Clock { boots: lcms_snmp::usm::LATCHED, time },
        Clock { boots: 0, time: 0 },
    ] {
        let wrong = Manager { clock, ..ann.clone() };
        reports(&wrong, Reported::NotInTimeWindows, SecurityLevel::AuthNoPriv);
        // From the report a manager learns the time, and is answered then.
        let mut agent = Agent::sample();
        let report = wrong.ask(&mut agent).expect("a report");
        let right = Manager { clock: report.clock, ..wrong };
        assert_eq!(right.ask(&mut agent).expect("an answer").kind, PduKind::Response);
    }
}

/// RFC 3412 §6.4: what can be seen not to wait for an answer gets none, whatever
/// its flag says, so no two engines can report to each other without an end.
#[test]
fn nothing_answers_what_does_not_ask() {
    let mut agent = Agent::sample();
    for kind in [PduKind::Report, PduKind::Response, PduKind::SnmpV2Trap] {
        for user in ["ann", "bob"] {
            let good = Manager { kind, ..Manager::new(&agent, user) };
            assert!(good.ask(&mut agent).is_none(), "{kind:?}");
        }
        let plain = Manager { kind, privacy: None, ..Manager::new(&agent, "bob") };
        let unknown = Manager { engine_id: vec![1, 2, 3, 4, 5], ..plain.clone() };
        let nobody = Manager { user: "eve", ..plain.clone() };
        let late = Manager { clock: Clock { boots: 9, time: 9 }, ..plain };
        for wrong in [unknown, nobody, late] {
            assert!(wrong.ask(&mut agent).is_none(), "{kind:?}");
        }
    }
}

#[test]
fn what_is_no_message_is_counted_and_not_answered() {
    let agent = &mut Agent::sample();
    let ann = Manager { auth: None, privacy: None, ..Manager::new(agent, "ann") };
    let good = ann.encode();
    let flags = good.windows(3).position(|w| w == [4, 1, 4]).expect("msgFlags") + 2;
    let count = |agent: &Agent| {
        let s = &agent.engine.statistics;
        [s.invalid_msgs.value(), s.unknown_security_models.value(), s.in_asn_parse_errs.value()]
    };
    let mut with = |at: usize, octet: u8, counted: [u32; 3]| {
        let mut octets = good.clone();
        octets[at] = octet;
        let before = count(agent);
        assert_eq!(agent.send(&octets), None);
        let after = count(agent);
        let grown: Vec<u32> = before.iter().zip(after).map(|(b, a)| a - b).collect();
        assert_eq!(grown, counted);
    };
    with(flags, 6, [1, 0, 0]);
    with(flags + 3, 2, [0, 1, 0]);
    with(flags + 3, 0, [0, 0, 1]);
    with(good.len() - 1, 9, [0, 0, 1]);
}

/// A code of another length than the protocol's is wrong, even if its octets are
/// those that the right one begins with.
#[test]
fn a_code_of_another_length_is_wrong() {
    let agent = &mut Agent::sample();
    let bob = Manager::new(agent, "bob");
    let good = bob.encode();
    let key = bob.auth.as_ref().unwrap();
    let mut wrong = 0;
    for length in [0, 1, 4, 11, 12, 13, 20] {
        let mut octets = with_code(&good, &vec![0; length]);
        let place = place_of_code(&octets);
        assert_eq!(place.len(), length);
        key.sign(&mut octets, place);
        let reply = bob.read(&agent.send(&octets).expect("an answer"));
        if length == 12 {
            assert_eq!(octets, good);
            assert_eq!(reply.level, SecurityLevel::AuthNoPriv);
        } else {
            wrong += 1;
            assert_eq!((reply.kind, reply.level), (PduKind::Report, SecurityLevel::NoAuthNoPriv));
        }
        assert_eq!(agent.engine.statistics.reported(Reported::WrongDigests).value(), wrong);
    }
}

/// Elements that stand one behind the other.
fn elements(octets: &[u8]) -> Vec<(u8, &[u8])> {
    let mut reader = Reader::new(octets);
    std::iter::from_fn(|| (!reader.is_empty()).then(|| reader.any().unwrap())).collect()
}

fn sequence(elements: &[(u8, &[u8])]) -> Vec<u8> {
    let mut content = Vec::new();
    elements.iter().for_each(|(tag, octets)| put_element(&mut content, *tag, octets));
    let mut out = Vec::new();
    put_element(&mut out, tag::SEQUENCE, &content);
    out
}

/// The message with another code, and lengths to match.
fn with_code(message: &[u8], code: &[u8]) -> Vec<u8> {
    let mut parts = elements(elements(message)[0].1);
    let mut parameters = elements(elements(parts[2].1)[0].1);
    parameters[4].1 = code;
    let parameters = sequence(&parameters);
    parts[2].1 = &parameters;
    sequence(&parts)
}

/// Where the code stands in a message.
fn place_of_code(message: &[u8]) -> std::ops::Range<usize> {
    let parts = elements(elements(message)[0].1);
    let code = elements(elements(parts[2].1)[0].1)[4].1;
    let start = code.as_ptr().addr() - message.as_ptr().addr();
    start..start + code.len()
}

#[test]
fn writing_takes_the_right_and_the_level() {
    let agent = &mut Agent::sample();
    let set = |manager: Manager| Manager {
        kind: PduKind::SetRequest,
        names: vec!["1.3.9.1.2.1.4.1.97"],
        value: Value::Gauge32(7),
        ..manager
    };
    let ann = set(Manager::new(agent, "ann"));
    let bob = set(Manager::new(agent, "bob"));
    assert_eq!(bob.ask(agent).unwrap().status, ErrorStatus::AuthorizationError);
    let unsafely = Manager { privacy: None, ..ann.clone() };
    assert_eq!(unsafely.ask(agent).unwrap().status, ErrorStatus::AuthorizationError);
    let answer = ann.ask(agent).unwrap();
    assert_eq!((answer.status, answer.level), (ErrorStatus::NoError, SecurityLevel::AuthPriv));
    let read = Manager { kind: PduKind::GetRequest, value: Value::Null, ..ann };
    assert_eq!(read.ask(agent).unwrap().varbinds[0].value, Value::Gauge32(7));
}

/// The requester's msgMaxSize holds: GETBULK fills fewer bindings, and others say
/// tooBig with none.
#[test]
fn a_small_requester_gets_small_answers() {
    for user in ["ann", "bob"] {
        let agent = &mut Agent::sample();
        let manager = Manager { max_size: 484, ..Manager::new(agent, user) };
        let bulk = Manager {
            kind: PduKind::GetBulkRequest,
            repetitions: 500,
            names: vec!["1.3.9", "1.3.9", "1.3.9"],
            ..manager.clone()
        };
        let answer = bulk.ask(agent).expect("an answer");
        assert_eq!(answer.status, ErrorStatus::NoError);
        assert!(answer.len <= 484 && answer.varbinds.len() > 3, "{answer:?}");

        let many = Manager { names: vec![TEXT; 60], ..manager.clone() };
        let answer = many.ask(agent).expect("an answer");
        assert_eq!((answer.status, answer.index), (ErrorStatus::TooBig, 0));
        assert!(answer.varbinds.is_empty() && answer.len <= 484);
    }
}

#[test]
fn no_salt_is_used_twice() {
    let agent = &mut Agent::sample();
    let ann = Manager::new(agent, "ann");
    let salts: std::collections::BTreeSet<Vec<u8>> =
        (0..200).map(|_| ann.ask(agent).expect("an answer").salt).collect();
    assert_eq!(salts.len(), 200);
    assert!(salts.iter().all(|salt| salt[..4] == 3_u32.to_be_bytes()), "boots are in each");
}

/// A captured message stops being one after the window, and after a restart.
#[test]
fn a_replay_is_late() {
    let agent = &mut Agent::sample();
    let octets = Manager::new(agent, "ann").encode();
    let at =
        |seconds| At { state: &agent.state, now: Instant::now() + Duration::from_secs(seconds) };
    let mut workspace = Workspace::default();
    for (seconds, kind) in
        [(0, PduKind::Response), (140, PduKind::Response), (160, PduKind::Report)]
    {
        let (Verdict::Reply(reply) | Verdict::Report(reply)) =
            agent.engine.receive(at(seconds), from().into(), &octets, &mut workspace)
        else {
            panic!("no answer")
        };
        assert_eq!(Manager::new(agent, "ann").read(reply).kind, kind, "after {seconds} seconds");
    }
}

/// Verifying, decrypting, encrypting and signing happen in buffers that stay.
#[test]
fn nothing_is_allocated_for_a_user() {
    let agent = &mut Agent::sample();
    for user in ["ann", "bob"] {
        let get = Manager::new(agent, user);
        let (kind, repetitions) = (PduKind::GetBulkRequest, 20);
        let bulk = Manager { kind, repetitions, names: vec!["1.3.9"], ..get.clone() };
        let late = Manager { clock: Clock { boots: 1, time: 1 }, ..get.clone() };
        let nobody = Manager { user: "eve", ..get.clone() };
        for manager in [bulk, get, late, nobody] {
            let datagram = manager.encode();
            assert!(agent.send(&datagram).is_some());
            let at = At { state: &agent.state, now: Instant::now() };
            let count = allocation_counter::measure(|| {
                agent.engine.receive(at, from().into(), &datagram, &mut agent.workspace);
            });
            assert_eq!(count.count_total, 0, "{user}: {:?}", manager.kind);
        }
    }
}
