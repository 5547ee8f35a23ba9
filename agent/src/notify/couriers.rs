//! Notifications on their way over TLS. To open a session takes time, and a peer that
//! hangs takes as much as it is given, so each peer has a thread, and a queue that is
//! never waited for: where it is full the oldest goes.

use std::{
    collections::{HashMap, VecDeque},
    io,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use lcms_snmp::{
    PduKind, Retry,
    notification::Notification,
    v3::{self, OutPdu, ScopedPdu, SecurityLevel, TSM, V3Head, V3Message},
};
use load_cluster_mib::{NOTIFICATION_NAMES, snmp_tls_tm_mib::nodes::SNMP_TLSTM_NOTIFICATIONS};

use super::{Client, Session, originator::WAITING, session::is_of_certificate};
use crate::{
    engine::Statistics,
    security::{Peer, Receiver, Security, Who},
    tcp::PATIENCE,
};

/// Peers that are told over TLS, at most: each costs a thread.
const MOST: usize = 64;

/// A session in which nobody has been told anything for so long is closed.
const IDLE: Duration = Duration::from_secs(60);

/// How often it is looked whether the other end has closed it, so that we do so too.
const LOOK: Duration = Duration::from_secs(1);

/// All of them.
pub struct Couriers {
    client: Option<Client>,
    statistics: Arc<Statistics>,
    all: HashMap<String, Courier>,
    next_id: i32,
}

/// The way to the thread of one, which ends with it.
struct Courier {
    bag: Arc<Bag>,
    peer: Arc<Peer>,
}

/// What waits for a thread.
#[derive(Default)]
struct Bag {
    content: Mutex<Content>,
    bell: Condvar,
}

#[derive(Default)]
struct Content {
    letters: VecDeque<Letter>,
    /// Whether it was said that some have been dropped.
    said: bool,
    is_closed: bool,
}

/// A message for a peer.
struct Letter {
    octets: Vec<u8>,
    /// Its number, and how it is waited for, if it is to be acknowledged.
    awaits: Option<(i32, Retry)>,
    /// Whether it tells of certificates that were refused.
    is_of_certificates: bool,
}

/// What a thread has.
struct Round {
    peer: Arc<Peer>,
    bag: Arc<Bag>,
    client: Client,
    statistics: Arc<Statistics>,
    session: Option<Session>,
    /// Whether the last session was not opened for the peer's certificate.
    is_refused: bool,
}

impl Couriers {
    /// With the own certificate, if there is one.
    pub fn new(client: Option<Client>, statistics: Arc<Statistics>) -> Self {
        Self { client, statistics, all: HashMap::new(), next_id: 0 }
    }

    /// Hands a notification to everybody who is to be told over TLS.
    pub fn notify(&mut self, notification: &Notification, security: &Security) {
        self.follow(security);
        for receiver in security.receivers() {
            if let Who::Session { peer, level, is_named_well } = &receiver.who
                && receiver.is_told(notification)
            {
                if !is_named_well {
                    self.statistics.tsm_invalid_prefixes.count();
                    continue;
                }
                self.next_id = self.next_id.wrapping_add(1) & i32::MAX;
                let confirmed = receiver.confirmed;
                let octets = message(notification, security, *level, confirmed, self.next_id);
                let letter = Letter {
                    octets,
                    awaits: confirmed.then_some((self.next_id, receiver.retry)),
                    is_of_certificates: notification.name.starts_with(SNMP_TLSTM_NOTIFICATIONS),
                };
                self.hand_over(peer, letter);
            }
        }
    }

    /// Whether there are any.
    pub fn are_some(&self) -> bool {
        !self.all.is_empty()
    }

    /// Ends those whose peer is not to be told any more, or is known by something else,
    /// with what they have in hand.
    pub fn follow(&mut self, security: &Security) {
        let is_peer = |receiver: &Receiver, known: &Peer| match &receiver.who {
            Who::Session { peer, .. } => **peer == *known,
            _ => false,
        };
        let receivers = security.receivers();
        self.all.retain(|_, courier| receivers.iter().any(|one| is_peer(one, &courier.peer)));
    }

    fn hand_over(&mut self, peer: &Arc<Peer>, letter: Letter) {
        let name = &peer.name;
        if !self.all.contains_key(name) {
            match self.employ(peer) {
                Ok(courier) => {
                    self.all.insert(name.clone(), courier);
                }
                Err(why) => {
                    self.statistics.notifications_dropped.count();
                    return tracing::warn!(receiver = name, "nobody is told over TLS: {why}");
                }
            }
        }
        if let Some(courier) = self.all.get(name) {
            courier.take(letter, &self.statistics);
        }
    }

    fn employ(&self, peer: &Arc<Peer>) -> Result<Courier, String> {
        let client = self.client.as_ref().ok_or("the configuration has no [tls]")?;
        if self.all.len() >= MOST {
            return Err(format!("there are {MOST} others already"));
        }
        let bag = Arc::new(Bag::default());
        let round = Round {
            peer: Arc::clone(peer),
            bag: Arc::clone(&bag),
            client: client.clone(),
            statistics: Arc::clone(&self.statistics),
            session: None,
            is_refused: false,
        };
        let thread = thread::Builder::new().name("notify tls".to_owned());
        thread.spawn(move || round.run()).map_err(|error| error.to_string())?;
        Ok(Courier { bag, peer: Arc::clone(peer) })
    }
}

/// A notification as a message that its session secures. Its context is of the own
/// engine, and no other engine needs a name (RFC 5591 §4).
fn message(
    notification: &Notification,
    security: &Security,
    level: SecurityLevel,
    confirmed: bool,
    id: i32,
) -> Vec<u8> {
    let engine = &*security.engine;
    let head = V3Head {
        reportable: confirmed,
        transport: Some(level),
        context_engine_id: engine.id.as_octets(),
        ..V3Head::unknown(id, engine.max_size)
    };
    let kind = if confirmed { PduKind::InformRequest } else { PduKind::SnmpV2Trap };
    let varbinds = notification.varbinds(&NOTIFICATION_NAMES);
    let pdu = OutPdu { kind, request_id: id, error_status: 0, error_index: 0, varbinds: &varbinds };
    v3::encode(&head, &pdu)
}

impl Courier {
    /// Takes a letter, for which another may have to go.
    fn take(&self, letter: Letter, statistics: &Statistics) {
        if self.bag.put(letter) {
            statistics.notifications_dropped.count();
            if !std::mem::replace(&mut self.bag.content().said, true) {
                let receiver = &self.peer.name;
                tracing::warn!(receiver, "notifications wait in vain; the oldest go");
            }
        }
    }
}

impl Drop for Courier {
    fn drop(&mut self) {
        self.bag.content().is_closed = true;
        self.bag.bell.notify_all();
    }
}

impl Bag {
    fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a letter in. Returns whether another had to go for it.
    fn put(&self, letter: Letter) -> bool {
        let mut content = self.content();
        let is_full = content.letters.len() >= WAITING;
        if is_full {
            content.letters.pop_front();
        }
        content.letters.push_back(letter);
        self.bell.notify_all();
        is_full
    }

    /// The next letter, `Some(None)` if there is none for so long, and `None` when there
    /// will be none any more.
    fn next(&self, wait: Duration) -> Option<Option<Letter>> {
        let waits = |content: &mut Content| content.letters.is_empty() && !content.is_closed;
        let waited = self.bell.wait_timeout_while(self.content(), wait, waits);
        let (mut content, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if content.is_closed {
            return None;
        }
        let letter = content.letters.pop_front();
        if content.letters.is_empty() {
            content.said = false;
        }
        Some(letter)
    }

    /// Lets time pass. Returns whether there is to be more.
    fn pause(&self, until: Instant) -> bool {
        let left = until.saturating_duration_since(Instant::now());
        let waited = self.bell.wait_timeout_while(self.content(), left, |one| !one.is_closed);
        let (content, _) = waited.unwrap_or_else(PoisonError::into_inner);
        !content.is_closed
    }
}

impl Round {
    fn run(mut self) {
        let mut used = Instant::now();
        while let Some(letter) = self.bag.next(if self.session.is_some() { LOOK } else { IDLE }) {
            if let Some(letter) = letter {
                self.deliver(&letter);
                used = Instant::now();
            } else if used.elapsed() > IDLE || !self.session.as_mut().is_some_and(Session::is_open)
            {
                self.session = None;
            }
        }
    }

    /// Sends a letter: once, or until it is acknowledged, as often as it may be.
    fn deliver(&mut self, letter: &Letter) {
        // RFC 6353, snmpTlstmServerCertificateUnknown: whoever has given rise to it is not
        // told of it, or would do so again.
        if self.is_refused && letter.is_of_certificates {
            return;
        }
        self.statistics.notifications_sent.count();
        let Some((id, retry)) = letter.awaits else {
            if let Err(error) = self.send(letter) {
                self.statistics.notifications_dropped.count();
                tracing::info!(receiver = self.peer.name, %error, "a trap was not sent");
            }
            return;
        };
        for attempt in 0..=retry.retries {
            let again = Instant::now() + retry.wait(attempt);
            let done = self.send(letter).and_then(|()| self.await_answer(id, retry.wait(attempt)));
            match done {
                Ok(Answer::Taken | Answer::OfAnother) => return,
                Ok(Answer::Report) => break,
                Err(error) => tracing::debug!(receiver = self.peer.name, %error, "an inform"),
            }
            if attempt < retry.retries && !self.bag.pause(again) {
                return;
            }
        }
        self.statistics.informs_unacknowledged.count();
        tracing::info!(receiver = self.peer.name, "an inform was not acknowledged");
    }

    /// Sends it in the session there is, or in a new one.
    fn send(&mut self, letter: &Letter) -> io::Result<()> {
        if !self.session.as_mut().is_some_and(Session::is_open) {
            self.session = None;
        }
        let mut session = match self.session.take() {
            Some(session) => session,
            None => {
                let opened = Session::open(&self.client, &self.peer, &self.statistics, PATIENCE);
                self.is_refused = opened.as_ref().is_err_and(is_of_certificate);
                opened?
            }
        };
        session.send(&letter.octets)?;
        self.session = Some(session);
        Ok(())
    }

    /// Waits for an answer in the session, which ends if it is no good; whoever takes
    /// long may still give one.
    fn await_answer(&mut self, id: i32, patience: Duration) -> io::Result<Answer> {
        let Some(session) = &mut self.session else { return Ok(Answer::OfAnother) };
        let until = Instant::now() + patience;
        loop {
            match session.receive(until).and_then(|message| Answer::of(&message, id)) {
                Ok(Answer::OfAnother) => {}
                Err(error) if error.kind() != io::ErrorKind::TimedOut => {
                    self.session = None;
                    return Err(error);
                }
                result => return result,
            }
        }
    }
}

/// What a message is to an inform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Taken,
    /// It will not be taken, however often it is sent.
    Report,
    /// It is about something else.
    OfAnother,
}

impl Answer {
    fn of(message: &[u8], id: i32) -> io::Result<Self> {
        let malformed = || io::Error::from(io::ErrorKind::InvalidData);
        let message = V3Message::decode(message).map_err(|_| malformed())?;
        if message.security_model != TSM {
            return Ok(Self::OfAnother);
        }
        let octets = message.of_session().map_err(|_| malformed())?;
        let scoped = ScopedPdu::decode(octets, false).map_err(|_| malformed())?;
        Ok(match scoped.pdu.kind {
            PduKind::Response if scoped.pdu.request_id == id => Self::Taken,
            PduKind::Report if message.id == id => Self::Report,
            _ => Self::OfAnother,
        })
    }
}

#[cfg(test)]
mod tests {
    use lcms_lb_core::model::RowState;
    use lcms_tls::Fingerprint;

    use super::*;
    use crate::{
        engine::tests::fixture::local_engine,
        security::{
            AccessId, AccessRow, Authorities, Domain, FamilyId, FamilyRow, GroupId, GroupRow,
            Model, NotifyRow, ParamsRow, SecurityRows, Server, TRANSPORT, TargetRow,
        },
    };

    fn letter(number: i32) -> Letter {
        Letter {
            octets: Vec::new(),
            awaits: Some((number, Retry::default())),
            is_of_certificates: false,
        }
    }

    #[test]
    fn a_queue_is_bounded_and_loses_the_oldest() {
        let peer = Peer {
            name: "noc".to_owned(),
            address: ([192, 0, 2, 9], 10162).into(),
            server: Server::Certificate(Fingerprint::of(b"a certificate")),
            client: None,
            authorities: Authorities::default(),
        };
        let bag = Arc::new(Bag::default());
        let numbers = 0..WAITING as i32 + 20;
        let dropped = numbers.filter(|number| bag.put(letter(*number))).count();
        assert_eq!(dropped, 20);
        let next = |bag: &Bag| bag.next(IDLE).map(|letter| letter.and_then(|one| one.awaits));
        for number in 20..20 + WAITING as i32 {
            assert_eq!(next(&bag).flatten().map(|(number, _)| number), Some(number));
        }
        drop(Courier { bag: Arc::clone(&bag), peer: Arc::new(peer) });
        bag.put(letter(0));
        assert!(next(&bag).is_none(), "nobody is told any more");
        assert!(!bag.pause(Instant::now() + IDLE), "nor waited for");
    }

    #[test]
    fn an_answer_is_of_its_inform_and_its_session() {
        let answer = |kind, id, transport| {
            let head = V3Head { transport, ..V3Head::unknown(id, 65_507) };
            let pdu =
                OutPdu { kind, request_id: id, error_status: 0, error_index: 0, varbinds: &[] };
            Answer::of(&v3::encode(&head, &pdu), 7).unwrap()
        };
        let session = Some(SecurityLevel::AuthPriv);
        assert_eq!(answer(PduKind::Response, 7, session), Answer::Taken);
        assert_eq!(answer(PduKind::Response, 6, session), Answer::OfAnother);
        assert_eq!(answer(PduKind::Response, 7, None), Answer::OfAnother, "of USM");
        assert_eq!(answer(PduKind::Report, 6, session), Answer::OfAnother);
        assert_eq!(answer(PduKind::Report, 7, session), Answer::Report);
        assert!(Answer::of(&[0x30, 3, 2, 1, 3], 7).is_err());
    }

    /// RFC 5591 §4.2: what has to have a prefix and has none is in nobody's name.
    #[test]
    fn a_name_without_its_prefix_is_counted() {
        let mut rows = SecurityRows::default();
        let (row, name) = (RowState::Active, || "noc".to_owned());
        let (domain, address) = Domain::of_tls(([192, 0, 2, 9], 10162).into());
        let target = TargetRow {
            domain: Some(domain),
            address,
            tag_list: name(),
            params: name(),
            row,
            ..TargetRow::default()
        };
        let params = ParamsRow {
            mp_model: Some(Model::V3),
            security_model: Some(Model::Transport),
            security_name: Some(name()),
            security_level: Some(SecurityLevel::AuthPriv),
            row,
            ..ParamsRow::default()
        };
        rows.notification.targets.insert(name(), target);
        rows.notification.params.insert(name(), params);
        let notify = NotifyRow { tag: name(), row, ..NotifyRow::default() };
        rows.notification.notify.insert(name(), notify);
        let id = GroupId { model: TRANSPORT, name: name() };
        rows.groups.insert(id, GroupRow { group: name(), row, ..GroupRow::default() });
        let id = AccessId {
            group: name(),
            context: String::new(),
            model: 0,
            level: SecurityLevel::AuthPriv,
        };
        rows.access.insert(id, AccessRow { notify: name(), row, ..AccessRow::default() });
        let id = FamilyId { view: name(), subtree: vec![1, 3] };
        rows.families.insert(id, FamilyRow { row, ..FamilyRow::default() });

        let notification =
            Notification { up_time: 1, name: "1.3.6".parse().unwrap(), objects: Vec::new() };
        for (use_prefix, counted) in [(true, (1, 0)), (false, (0, 1))] {
            rows.set_use_prefix(use_prefix);
            let engine = Arc::new(local_engine(Instant::now()));
            let security = Security::new(engine, Arc::new(rows.clone()));
            let statistics = Arc::<Statistics>::default();
            Couriers::new(None, Arc::clone(&statistics)).notify(&notification, &security);
            let found =
                (statistics.tsm_invalid_prefixes.value(), statistics.notifications_dropped.value());
            assert_eq!(found, counted, "there is no certificate to show");
        }
    }
}
