//! Messages that a session secures (RFC 5591), where it has said already who is there.

use lcms_snmp::{
    EngineId, ErrorStatus, Message, OutMessage, PduKind, Value, VarBind, Version, message,
    usm::Clock,
    v3::{self, OutPdu, ScopedPdu, SecurityLevel, TSM, V3Head, V3Message},
};

use super::{super::*, exchange::oid, fixture::*};

const TEXT: &str = "1.3.9.1.1.0";
const LOCK: &str = "1.3.9.1.3.0";

/// What a manager asks.
struct Question<'q> {
    level: SecurityLevel,
    context_engine_id: &'q [u8],
    context: &'q [u8],
    kind: PduKind,
    name: &'q str,
    value: Value<'q>,
}

impl<'q> Question<'q> {
    fn about(agent: &'q Agent, name: &'q str) -> Self {
        Self {
            level: SecurityLevel::AuthPriv,
            context_engine_id: agent.state.security().engine.id.as_octets(),
            context: b"",
            kind: PduKind::GetRequest,
            name,
            value: Value::Null,
        }
    }

    fn encode(&self) -> Vec<u8> {
        let head = V3Head {
            id: 815,
            max_size: 65_507,
            reportable: true,
            engine_id: b"",
            clock: Clock::default(),
            user: b"",
            auth: None,
            privacy: None,
            transport: Some(self.level),
            context_engine_id: self.context_engine_id,
            context_name: self.context,
        };
        let varbinds = [VarBind { name: oid(self.name), value: self.value.clone() }];
        let pdu = OutPdu {
            kind: self.kind,
            request_id: 4711,
            error_status: 0,
            error_index: 0,
            varbinds: &varbinds,
        };
        v3::encode(&head, &pdu)
    }
}

struct Answer {
    level: SecurityLevel,
    kind: PduKind,
    status: ErrorStatus,
    context_engine_id: Vec<u8>,
    varbinds: Vec<VarBind<'static>>,
}

fn read(reply: &[u8]) -> Answer {
    let message = V3Message::decode(reply).expect("an answer decodes");
    assert_eq!((message.id, message.security_model, message.flags.reportable), (815, TSM, false));
    let octets = message.of_session().expect("with no parameters");
    let scoped = ScopedPdu::decode(octets, false).expect("a scoped PDU");
    Answer {
        level: message.flags.level().expect("a level there is"),
        kind: scoped.pdu.kind,
        status: ErrorStatus::from_number(scoped.pdu.error_status).expect("one there is"),
        context_engine_id: scoped.context_engine_id.to_vec(),
        varbinds: scoped.pdu.varbinds.to_vec(),
    }
}

fn ask(agent: &mut Agent, name: &str, octets: &[u8]) -> Option<Answer> {
    let source = Source { address: from(), session: Some(name) };
    agent.send_from(source, octets).map(|reply| read(&reply))
}

#[test]
fn whoever_has_a_session_reads_and_writes_as_its_group_may() {
    let mut agent = Agent::sample();
    let octets = Question::about(&agent, TEXT).encode();
    let answer = ask(&mut agent, "carol", &octets).expect("a response");
    assert_eq!((answer.kind, answer.level), (PduKind::Response, SecurityLevel::AuthPriv));
    assert_eq!(answer.status, ErrorStatus::NoError);
    assert!(matches!(answer.varbinds[0].value, Value::OctetString(_)));

    let set = Question {
        kind: PduKind::SetRequest,
        value: Value::Integer(7),
        ..Question::about(&agent, LOCK)
    };
    let octets = set.encode();
    let answer = ask(&mut agent, "carol", &octets).expect("a response");
    assert_eq!(answer.status, ErrorStatus::NoError);
    assert_eq!(agent.state.book.lock, 8);

    let octets = Question::about(&agent, TEXT).encode();
    let answer = ask(&mut agent, "nobody", &octets).expect("a response");
    assert_eq!(answer.status, ErrorStatus::AuthorizationError, "in no group");
    let answer = ask(&mut agent, "ann", &octets).expect("a response");
    assert_eq!(answer.status, ErrorStatus::AuthorizationError, "USM knows her, and that is all");
}

/// The level that the message says counts for access, and is that of the answer.
#[test]
fn a_message_may_claim_less_than_its_session_has() {
    for level in [SecurityLevel::NoAuthNoPriv, SecurityLevel::AuthNoPriv] {
        let mut agent = Agent::sample();
        let octets = Question { level, ..Question::about(&agent, TEXT) }.encode();
        let answer = ask(&mut agent, "carol", &octets).expect("a response");
        assert_eq!((answer.status, answer.level), (ErrorStatus::AuthorizationError, level));
    }
}

/// RFC 5591 §5.2 (2): over UDP nobody is known.
#[test]
fn without_a_session_there_is_no_sender() {
    let mut agent = Agent::sample();
    let octets = Question::about(&agent, TEXT).encode();
    assert!(agent.send(&octets).is_none());
    assert_eq!(agent.engine.statistics.tsm_invalid_caches.value(), 1);
}

/// RFC 5591 §3.1.3: the session has seen to all that parameters could say.
#[test]
fn parameters_or_encrypted_data_are_no_message_of_a_session() {
    let mut agent = Agent::sample();
    let octets = Question::about(&agent, TEXT).encode();
    let empty = octets.windows(3).position(|three| three == [4, 0, 0x30]).expect("parameters");
    let mut with_some = octets.clone();
    with_some.splice(empty..empty + 2, [4, 1, 0]);
    with_some[1] += 1;
    let mut encrypted = octets;
    encrypted[empty + 2] = 4;
    for (octets, counted) in [(with_some, 1), (encrypted, 2)] {
        assert!(ask(&mut agent, "carol", &octets).is_none());
        assert_eq!(agent.engine.statistics.in_asn_parse_errs.value(), counted);
    }
}

/// RFC 5343: whoever asks for the engine's name may, and for nothing else.
#[test]
fn the_engine_is_found_by_the_name_that_all_have() {
    let mut agent = Agent::sample();
    for level in [SecurityLevel::NoAuthNoPriv, SecurityLevel::AuthPriv] {
        let local = |kind| {
            let octets = Question {
                level,
                context_engine_id: EngineId::LOCAL,
                kind,
                value: if kind == PduKind::SetRequest { Value::Integer(7) } else { Value::Null },
                name: if kind == PduKind::SetRequest { LOCK } else { TEXT },
                context: b"",
            };
            octets.encode()
        };
        let answer = ask(&mut agent, "nobody", &local(PduKind::GetRequest)).expect("a response");
        assert_eq!((answer.kind, answer.status), (PduKind::Response, ErrorStatus::NoError));
        assert_eq!(answer.context_engine_id, EngineId::LOCAL);
        // The fixture has no snmpEngineID, and what it has is in nobody's view here.
        assert_eq!(answer.varbinds[0].value, Value::NoSuchObject);
        let answer = ask(&mut agent, "carol", &local(PduKind::SetRequest)).expect("a report");
        assert_eq!((answer.kind, answer.level), (PduKind::Report, level));
        assert_eq!(agent.state.book.lock, 7);
    }
}

#[test]
fn reports_go_back_in_the_session() {
    let mut agent = Agent::sample();
    let context = Question { context: b"blue", ..Question::about(&agent, TEXT) }.encode();
    let engine = Question { context_engine_id: b"another engine", ..Question::about(&agent, TEXT) };
    let engine = engine.encode();
    for (octets, reported) in
        [(context, Reported::UnknownContexts), (engine, Reported::UnknownPduHandlers)]
    {
        let answer = ask(&mut agent, "carol", &octets).expect("a report");
        assert_eq!((answer.kind, answer.level), (PduKind::Report, SecurityLevel::AuthPriv));
        assert_eq!(answer.varbinds[0].name.arcs(), reported.name());
    }
}

/// A community is no second identity beside that of the session.
#[test]
fn a_community_is_nobody_in_a_session() {
    let mut agent = Agent::sample();
    let octets = message::encode(&OutMessage {
        version: Version::V2c,
        community: b"write",
        kind: PduKind::GetRequest,
        request_id: 1,
        error_status: 0,
        error_index: 0,
        varbinds: &[VarBind { name: oid(TEXT), value: Value::Null }],
    });
    let source = Source { address: from(), session: Some("carol") };
    assert!(agent.send_from(source, &octets).is_none());
    assert_eq!(agent.engine.statistics.in_bad_community_names.value(), 1);
    let reply = agent.send(&octets).expect("elsewhere it is");
    assert!(message::decode(&reply).is_ok_and(|Message { pdu, .. }| pdu.error_status == 0));
}
