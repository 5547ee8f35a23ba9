//! A tracker and agents on a simulated link: virtual time, loss, delay and
//! duplicates. The agents answer with the crate's own response writer.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::{Duration, Instant},
};

use lcms_snmp::{
    Arrived, Community, Completed, Credentials, Discarded, EngineId, ErrorStatus, Expired,
    LocalKeys, Oid, PduKind, Request, RequestId, ResponseWriter, Retry, Secret, Target, Tracker,
    Transmit, UserCredentials, Value, VarBind, message,
    usm::{AuthKey, AuthProtocol, Clock, MasterKey, PrivKey, PrivProtocol},
    v3::{self, OutPdu, Salts, ScopedPdu, SecurityLevel, V3Head, V3Message},
};
use proptest::prelude::*;

const MILLISECOND: Duration = Duration::from_millis(1);

fn up_time() -> Oid {
    "1.3.6.1.2.1.1.3.0".parse().unwrap()
}

fn target(address: u8) -> Target<u8> {
    let retry = Retry { timeout: 100 * MILLISECOND, ceiling: 250 * MILLISECOND, retries: 3 };
    Target { address, credentials: Community::v2c("public").into(), retry }
}

fn get() -> Request {
    Request::get([up_time()])
}

/// What an agent with an up-time of 42 answers.
fn answer(request: &[u8]) -> Vec<u8> {
    let message = message::decode(request).unwrap();
    let mut out = Vec::new();
    let mut response = ResponseWriter::new(&mut out, &message, 1472);
    for name in message.pdu.varbinds.names() {
        assert!(response.push(&name.to_oid(), &Value::TimeTicks(42)));
    }
    response.finish().unwrap().to_vec()
}

fn tracker() -> (Tracker<u8>, Instant) {
    (Tracker::new([3; 16]), Instant::now())
}

#[test]
fn an_answer_completes_its_request() {
    let (mut tracker, now) = tracker();
    let sent = tracker.submit(now, &target(1), &get());
    let completed = tracker
        .on_datagram(now + 7 * MILLISECOND, &1, &answer(&sent.octets))
        .and_then(Arrived::completed)
        .unwrap();
    assert_eq!((completed.id, completed.from, completed.attempts), (sent.id, 1, 1));
    assert_eq!(completed.round_trip, Some(7 * MILLISECOND));
    assert_eq!(completed.response.status(), Some(ErrorStatus::NoError));
    let expected = VarBind { name: up_time(), value: Value::TimeTicks(42) };
    assert_eq!(completed.response.varbinds, [expected]);
    assert!(tracker.is_empty());
    assert_eq!(tracker.poll_timeout(), None);
}

#[test]
fn attempts_back_off_up_to_the_ceiling_and_end() {
    let (mut tracker, start) = tracker();
    let sent = tracker.submit(start, &target(1), &get());
    let mut seen = Vec::new();
    while let Some(now) = tracker.poll_timeout() {
        assert!(tracker.on_timeout(now - MILLISECOND).is_none(), "before its time");
        match tracker.on_timeout(now).unwrap() {
            Expired::Resend(again) => assert_eq!(again.octets, sent.octets),
            Expired::GaveUp { id, to, attempts } => {
                assert_eq!((id, to, attempts), (sent.id, 1, 4));
            }
        }
        seen.push((now - start).as_millis());
    }
    assert_eq!(seen, [100, 300, 550, 800]);
    assert!(tracker.on_datagram(start, &1, &answer(&sent.octets)).is_none());
    assert_eq!(tracker.discarded(), Discarded { unknown_id: 1, ..Discarded::default() });
}

#[test]
fn a_late_answer_to_an_earlier_attempt_is_taken() {
    let (mut tracker, now) = tracker();
    let sent = tracker.submit(now, &target(1), &get());
    let later = tracker.poll_timeout().unwrap();
    assert!(matches!(tracker.on_timeout(later), Some(Expired::Resend(_))));
    let completed =
        tracker.on_datagram(later, &1, &answer(&sent.octets)).and_then(Arrived::completed).unwrap();
    assert_eq!((completed.attempts, completed.round_trip), (2, None));
    assert!(tracker.on_datagram(later, &1, &answer(&sent.octets)).is_none(), "the second one");
}

#[test]
fn a_caller_who_was_held_up_sends_one_attempt() {
    let (mut tracker, now) = tracker();
    tracker.submit(now, &target(1), &get());
    let late = now + Duration::from_secs(60);
    assert!(matches!(tracker.on_timeout(late), Some(Expired::Resend(_))));
    assert!(tracker.on_timeout(late).is_none());
    assert_eq!(tracker.poll_timeout(), Some(late + 200 * MILLISECOND));
}

#[test]
fn what_does_not_match_changes_nothing() {
    let (mut tracker, now) = tracker();
    let sent = tracker.submit(now, &target(1), &get());
    let right = answer(&sent.octets);
    let other_version = {
        let mut octets = right.clone();
        octets[4] = 0;
        octets
    };
    let other_community = {
        let mut octets = right.clone();
        octets[7] ^= 1;
        octets
    };
    let other_id = {
        let mut tracker = Tracker::new([4; 16]);
        answer(&tracker.submit(now, &target(1), &get()).octets)
    };
    let truncated = &right[..right.len() - 1];
    for (from, datagram) in [
        (2, &right[..]),
        (1, &other_version),
        (1, &other_community),
        (1, &other_id),
        (1, truncated),
        (1, &sent.octets),
        (1, &[]),
    ] {
        assert!(tracker.on_datagram(now, &from, datagram).is_none());
    }
    let discarded = Discarded { malformed: 2, not_a_response: 1, unknown_id: 1, mismatched: 3 };
    assert_eq!(tracker.discarded(), discarded);
    assert!(tracker.on_datagram(now, &1, &right).is_some());
}

#[test]
fn an_error_is_an_answer() {
    let (mut tracker, now) = tracker();
    let sent = tracker.submit(now, &target(1), &get());
    let message = message::decode(&sent.octets).unwrap();
    let mut out = Vec::new();
    let refusal =
        ResponseWriter::new(&mut out, &message, 1472).refuse(ErrorStatus::GenErr, 1).unwrap();
    let response =
        tracker.on_datagram(now, &1, refusal).and_then(Arrived::completed).unwrap().response;
    assert_eq!((response.status(), response.error_index), (Some(ErrorStatus::GenErr), 1));
    let unknown = lcms_snmp::Response { error_status: 77, ..response };
    assert_eq!(unknown.status(), None);
}

#[test]
fn version_1_gets_getnext_for_getbulk() {
    let (mut tracker, now) = tracker();
    let bulk = Request::get_bulk(1, 20, [up_time(), up_time()]);
    let old = Target { credentials: Community::v1("public").into(), ..target(1) };
    let sent = tracker.submit(now, &old, &bulk);
    let pdu = message::decode(&sent.octets).unwrap().pdu;
    assert_eq!((pdu.kind, pdu.error_status, pdu.error_index), (PduKind::GetNextRequest, 0, 0));
    let sent = tracker.submit(now, &target(1), &bulk);
    let pdu = message::decode(&sent.octets).unwrap().pdu;
    assert_eq!((pdu.kind, pdu.error_status, pdu.error_index), (PduKind::GetBulkRequest, 1, 20));
}

#[test]
fn a_cancelled_request_is_forgotten() {
    let (mut tracker, now) = tracker();
    let sent = tracker.submit(now, &target(1), &get());
    assert!(tracker.cancel(sent.id));
    assert!(!tracker.cancel(sent.id));
    assert_eq!((tracker.len(), tracker.poll_timeout()), (0, None));
}

#[test]
fn a_secret_does_not_print() {
    let (mut tracker, now) = tracker();
    let sent = tracker.submit(now, &target(1), &get());
    let message = message::decode(&sent.octets).unwrap();
    for text in [format!("{sent:?}"), format!("{message:?}"), format!("{:?}", target(1))] {
        assert!(!text.contains("public") && !text.contains("112, 117"), "{text}");
    }
}

/// What the link does with each datagram it is given, in turn.
#[derive(Clone, Debug)]
enum Fate {
    Lost,
    Delayed(u64),
    Twice(u64, u64),
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        2 => Just(Fate::Lost),
        5 => (0_u64..400).prop_map(Fate::Delayed),
        1 => (0_u64..400, 0_u64..1000).prop_map(|(a, b)| Fate::Twice(a, b)),
    ]
}

/// A lossy link with an agent at every address. Datagrams arrive in the order of
/// their times.
struct Link<F> {
    fates: F,
    flying: BTreeMap<(Instant, u64), (u8, Vec<u8>)>,
    serial: u64,
}

impl<F: Iterator<Item = Fate>> Link<F> {
    fn carry(&mut self, now: Instant, sent: &Transmit<u8>) {
        let delays = match self.fates.next().unwrap_or(Fate::Delayed(1)) {
            Fate::Lost => vec![],
            Fate::Delayed(delay) => vec![delay],
            Fate::Twice(first, second) => vec![first, second],
        };
        for delay in delays {
            self.serial += 1;
            let at = now + Duration::from_millis(delay);
            self.flying.insert((at, self.serial), (sent.to, answer(&sent.octets)));
        }
    }
}

proptest! {
    /// Whatever the link does, each request ends exactly once, with an answer or
    /// given up, within the sum of its waits, and its agent is the one it asked.
    #[test]
    fn every_request_ends_once(
        fates in prop::collection::vec(fate(), 0..200),
        requests in prop::collection::vec((0_u8..8, 0_u64..500), 1..40),
    ) {
        let (mut tracker, start) = tracker();
        let mut now = start;
        let mut link = Link { fates: fates.into_iter(), flying: BTreeMap::new(), serial: 0 };
        let mut due: BTreeSet<(u64, usize)> =
            requests.iter().enumerate().map(|(i, &(_, at))| (at, i)).collect();
        let mut begun: HashMap<RequestId, (u8, Instant)> = HashMap::new();
        let mut ended: HashMap<RequestId, u32> = HashMap::new();
        loop {
            let submit = due.first().map(|&(at, _)| start + Duration::from_millis(at));
            let arrival = link.flying.first_key_value().map(|((at, _), _)| *at);
            let next = [submit, arrival, tracker.poll_timeout()].into_iter().flatten().min();
            let Some(next) = next else { break };
            now = now.max(next);
            if submit == Some(next) {
                let (_, i) = due.pop_first().unwrap();
                let sent = tracker.submit(now, &target(requests[i].0), &get());
                prop_assert!(begun.insert(sent.id, (sent.to, now)).is_none());
                link.carry(now, &sent);
            } else if arrival == Some(next) {
                let (_, (from, datagram)) = link.flying.pop_first().unwrap();
                if let Some(Arrived::Completed(Completed { id, from, attempts, .. })) =
                    tracker.on_datagram(now, &from, &datagram)
                {
                    prop_assert_eq!(begun[&id].0, from);
                    prop_assert!(ended.insert(id, attempts).is_none());
                }
            } else {
                match tracker.on_timeout(now).unwrap() {
                    Expired::Resend(sent) => link.carry(now, &sent),
                    Expired::GaveUp { id, attempts, .. } => {
                        prop_assert_eq!(attempts, 4);
                        prop_assert_eq!(now - begun[&id].1, 800 * MILLISECOND);
                        prop_assert!(ended.insert(id, attempts).is_none());
                    }
                }
            }
        }
        prop_assert_eq!(begun.len(), requests.len());
        prop_assert_eq!(ended.len(), requests.len());
        prop_assert!(tracker.is_empty());
    }
}

/// An engine that answers as RFC 3414 has it, as far as a client can tell.
struct Engine {
    id: EngineId,
    boots: u32,
    started: Instant,
    salts: Salts,
}

impl Engine {
    fn new(octet: u8, boots: u32, started: Instant) -> Self {
        let id = EngineId::of_enterprise(1, [octet; 12]);
        Self { id, boots, started, salts: Salts::authoritative(boots, 0) }
    }

    fn clock(&self, now: Instant) -> Clock {
        let time = now.saturating_duration_since(self.started).as_secs() as u32;
        Clock { boots: self.boots, time }
    }

    fn answer(&self, now: Instant, request: &[u8]) -> Vec<u8> {
        let message = V3Message::decode(request).unwrap();
        let usm = message.usm().unwrap();
        let (auth, privacy) = self.keys();
        let report = |arc: u32, signed: bool| {
            let head = V3Head {
                id: message.id,
                max_size: 1472,
                reportable: false,
                engine_id: self.id.as_octets(),
                clock: self.clock(now),
                user: usm.user,
                auth: signed.then_some(&auth),
                privacy: None,
                transport: None,
                context_engine_id: self.id.as_octets(),
                context_name: &[],
            };
            let mut out = Vec::new();
            v3::report(&mut out, &head, 1472, 0, (&[1, 3, 6, arc], 1)).unwrap().to_vec()
        };
        if usm.engine_id != self.id.as_octets() {
            return report(4, false);
        }
        if !message.is_authenticated_by(&auth, &usm) {
            return report(5, false);
        }
        if !self.clock(now).admits(Clock { boots: usm.boots, time: usm.time }) {
            return report(2, true);
        }
        let mut room = Vec::new();
        let octets = message.decrypt(&privacy, &usm, &mut room).unwrap();
        let pdu = ScopedPdu::decode(octets, true).unwrap().pdu;
        let varbinds: Vec<VarBind<'_>> = pdu
            .varbinds
            .names()
            .map(|name| VarBind { name: name.to_oid(), value: Value::TimeTicks(42) })
            .collect();
        let head = V3Head {
            id: message.id,
            max_size: 1472,
            reportable: false,
            engine_id: self.id.as_octets(),
            clock: self.clock(now),
            user: usm.user,
            auth: Some(&auth),
            privacy: Some((&privacy, self.salts.next())),
            transport: None,
            context_engine_id: self.id.as_octets(),
            context_name: &[],
        };
        let (kind, request_id) = (PduKind::Response, pdu.request_id);
        let (error_status, error_index) = (0, 0);
        v3::encode(
            &head,
            &OutPdu { kind, request_id, error_status, error_index, varbinds: &varbinds },
        )
    }

    fn keys(&self) -> (AuthKey, PrivKey) {
        let key = MasterKey::of_password(AuthProtocol::Sha1, b"a password").unwrap();
        let auth = AuthKey::new(AuthProtocol::Sha1, key.localised(&self.id)).unwrap();
        let privacy = key.localised_for(PrivProtocol::Aes128, &self.id);
        (auth, PrivKey::new(PrivProtocol::Aes128, privacy).unwrap())
    }
}

fn user(password: &str) -> Target<u8> {
    let secret = Secret::new(password);
    let user = UserCredentials::new(
        "ann",
        Some((AuthProtocol::Sha1, &secret)),
        Some((PrivProtocol::Aes128, &secret)),
    );
    Target { credentials: user.unwrap().into(), ..target(1) }
}

/// Asks until there is an end: how many messages it took, and the answer.
fn converse(
    tracker: &mut Tracker<u8>,
    engine: &Engine,
    target: &Target<u8>,
    now: Instant,
) -> (usize, Result<Completed<u8>, Oid>) {
    let mut octets = tracker.submit(now, target, &get()).octets;
    for messages in 1..10 {
        match tracker.on_datagram(now, &1, &engine.answer(now, &octets)) {
            Some(Arrived::Completed(completed)) => return (messages, Ok(completed)),
            Some(Arrived::Reported { report, .. }) => return (messages, Err(report)),
            Some(Arrived::Send(transmit)) => octets = transmit.octets,
            None => panic!("an answer in vain: {:?}", tracker.discarded()),
        }
    }
    panic!("no end");
}

#[test]
fn a_user_asks_for_the_engine_once() {
    let (mut tracker, now) = tracker();
    let engine = Engine::new(1, 7, now);
    let ann = user("a password");
    let (messages, answer) = converse(&mut tracker, &engine, &ann, now);
    assert_eq!(messages, 2);
    assert_eq!(answer.unwrap().response.varbinds[0].value, Value::TimeTicks(42));
    for seconds in [0, 100, 1000, 100_000] {
        let now = now + Duration::from_secs(seconds);
        assert_eq!(converse(&mut tracker, &engine, &ann, now).0, 1, "after {seconds} s");
    }
    assert!(tracker.is_empty());
}

/// Where no password is known, one engine's keys serve for that engine; another is
/// asked for its name and told nothing else.
#[test]
fn a_user_of_one_engine_tells_others_nothing() {
    let (mut tracker, now) = tracker();
    let (engine, other) = (Engine::new(1, 7, now), Engine::new(2, 7, now));
    let (auth, privacy) = engine.keys();
    let keys = LocalKeys { auth: Some(auth), privacy: Some(privacy) };
    let level = SecurityLevel::AuthPriv;
    let ann = UserCredentials::of_engines("ann", level, [(engine.id, keys)]);
    let ann = Target { credentials: ann.into(), ..target(1) };
    let sent = tracker.submit(now, &ann, &get());
    let mut octets = sent.octets;
    let mut questions = 0;
    while let Some(Arrived::Send(transmit)) =
        tracker.on_datagram(now, &1, &other.answer(now, &octets))
    {
        octets = transmit.octets;
        questions += 1;
        let Ok(message::Envelope::V3(whole)) = message::open(&octets) else { panic!() };
        let message = V3Message::decode(whole).unwrap();
        let pdu = ScopedPdu::decode(message.plain().unwrap(), false).unwrap().pdu;
        assert_eq!(pdu.varbinds.names().count(), 0, "a question for a name holds no object");
    }
    assert!((1..5).contains(&questions), "{questions}");
    // It is this one's turn again.
    let reply = tracker.on_datagram(now, &1, &engine.answer(now, &octets));
    assert!(reply.is_none(), "the turns are over until the timeout");
    let later = tracker.poll_timeout().unwrap();
    let Some(Expired::Resend(again)) = tracker.on_timeout(later) else { panic!() };
    assert_eq!(again.id, sent.id);
    while tracker
        .on_timeout(tracker.poll_timeout().unwrap())
        .is_some_and(|expired| !matches!(expired, Expired::GaveUp { .. }))
    {}
    let (_, answer) = converse(&mut tracker, &engine, &ann, later);
    assert_eq!(answer.unwrap().response.varbinds[0].value, Value::TimeTicks(42));
}

#[test]
fn a_restarted_engine_says_its_time_and_a_new_one_its_name() {
    let (mut tracker, now) = tracker();
    let ann = user("a password");
    converse(&mut tracker, &Engine::new(1, 7, now), &ann, now).1.unwrap();
    let later = now + Duration::from_secs(5000);
    let restarted = Engine::new(1, 8, later);
    assert_eq!(converse(&mut tracker, &restarted, &ann, later).0, 2);
    assert_eq!(converse(&mut tracker, &restarted, &ann, later).0, 1);
    let other = Engine::new(2, 1, later);
    let (messages, answer) = converse(&mut tracker, &other, &ann, later);
    assert!(answer.is_ok());
    assert_eq!(messages, 2);
}

#[test]
fn a_wrong_password_is_reported_at_once() {
    let (mut tracker, now) = tracker();
    let engine = Engine::new(1, 7, now);
    let (_, answer) = converse(&mut tracker, &engine, &user("another password"), now);
    assert_eq!(answer.unwrap_err().to_string(), "1.3.6.5");
    assert!(tracker.is_empty());
}

/// What was recorded before, what is not signed, and what comes from elsewhere
/// completes nothing.
#[test]
fn answers_that_are_not_the_engines_are_in_vain() {
    let (mut tracker, now) = tracker();
    let engine = Engine::new(1, 7, now);
    let ann = user("a password");
    converse(&mut tracker, &engine, &ann, now).1.unwrap();
    let sent = tracker.submit(now, &ann, &get());
    let good = engine.answer(now, &sent.octets);
    for at in 0..good.len() {
        let mut octets = good.clone();
        octets[at] ^= 1;
        assert!(tracker.on_datagram(now, &1, &octets).is_none(), "octet {at}");
    }
    assert!(tracker.on_datagram(now, &2, &good).is_none(), "from elsewhere");
    // The clock has moved on by what others said, and this is old by then.
    let much_later = now + Duration::from_secs(500);
    converse(&mut tracker, &engine, &ann, much_later).1.unwrap();
    assert!(tracker.on_datagram(much_later, &1, &good).is_none(), "late");
    let fresh = engine.answer(much_later, &sent.octets);
    // The request itself is as old: the engine says so, and is asked again.
    let again = tracker.on_datagram(much_later, &1, &fresh);
    assert!(matches!(again, Some(Arrived::Send(_))));
    assert_eq!(tracker.len(), 1);
}

/// RFC 5591: what an agent answers in a session, at this level and about this context.
fn in_session(id: i32, kind: PduKind, transport: Option<SecurityLevel>, context: &[u8]) -> Vec<u8> {
    let head = V3Head { transport, context_engine_id: context, ..V3Head::unknown(id, 65_507) };
    let varbinds = [VarBind { name: up_time(), value: Value::TimeTicks(42) }];
    let pdu = OutPdu { kind, request_id: id, error_status: 0, error_index: 0, varbinds: &varbinds };
    v3::encode(&head, &pdu)
}

#[test]
fn a_session_says_who_asks_and_the_answer_is_about_the_same_engine() {
    let (mut tracker, now) = tracker();
    let engine = EngineId::new(b"an engine").unwrap();
    let credentials = Credentials::Session(engine);
    let target = Target { credentials, ..target(1) };
    let sent = tracker.submit(now, &target, &get());
    let message = V3Message::decode(&sent.octets).unwrap();
    let scoped = ScopedPdu::decode(message.of_session().unwrap(), false).unwrap();
    assert_eq!((message.security_model, scoped.context_engine_id), (v3::TSM, engine.as_octets()));

    let (id, level) = (sent.id.number(), Some(SecurityLevel::AuthPriv));
    let own = engine.as_octets();
    for vain in [
        in_session(id, PduKind::Response, level, EngineId::LOCAL),
        in_session(id, PduKind::Response, Some(SecurityLevel::NoAuthNoPriv), own),
        in_session(id, PduKind::Response, None, own),
        in_session(id ^ 1, PduKind::Response, level, own),
        in_session(id, PduKind::GetRequest, level, own),
    ] {
        assert!(tracker.on_datagram(now, &1, &vain).is_none(), "{vain:x?}");
    }
    let answer = in_session(id, PduKind::Response, level, own);
    assert!(tracker.on_datagram(now, &2, &answer).is_none(), "it is of another session");
    let arrived = tracker.on_datagram(now, &1, &answer).and_then(Arrived::completed).unwrap();
    assert_eq!(arrived.response.varbinds[0].value, Value::TimeTicks(42));

    let sent = tracker.submit(now, &target, &get());
    let report = in_session(sent.id.number(), PduKind::Report, level, own);
    let arrived = tracker.on_datagram(now, &1, &report);
    assert!(matches!(arrived, Some(Arrived::Reported { report, .. }) if report == up_time()));
    assert!(tracker.is_empty());
}

/// The session vouches for nothing that is asked outside of it.
#[test]
fn an_answer_in_a_session_is_none_to_a_community() {
    let (mut tracker, now) = tracker();
    let sent = tracker.submit(now, &target(1), &get());
    let level = Some(SecurityLevel::AuthPriv);
    let answer = in_session(sent.id.number(), PduKind::Response, level, EngineId::LOCAL);
    assert!(tracker.on_datagram(now, &1, &answer).is_none());
    assert_eq!((tracker.len(), tracker.discarded().mismatched), (1, 1));
}
