//! What is sent to whom, and when it is sent again: everything of a notification
//! originator but the sockets.
//!
//! Traps are made and forgotten. Informs are requests, so their retries, the
//! discovery of their receivers' engines and the check of what comes back are the
//! tracker's. Here each receiver has a queue of its own: a few informs under way, a
//! bounded number that wait, and when there are more the oldest goes, since what is
//! newest says best how things are.

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    sync::Arc,
    time::Instant,
};

use lcms_snmp::{
    Arrived, Credentials, Expired, Oid, PduKind, Request, RequestId, Target, Tracker, Transmit,
    notification::Notification,
    v3::{self, OutPdu, SecurityLevel, V3Head},
};
use load_cluster_mib::NOTIFICATION_NAMES;

use crate::{
    engine::Statistics,
    security::{Receiver, Security, Who},
};

/// Informs to one receiver that are under way at once.
const UNDER_WAY: usize = 8;

/// Informs to one receiver that wait until one of those is done.
pub(super) const WAITING: usize = 100;

/// Sends notifications.
pub struct Originator {
    tracker: Tracker<SocketAddr>,
    queues: HashMap<String, Queue>,
    /// Whose queue an inform under way belongs to.
    under_way: HashMap<RequestId, String>,
    next_id: i32,
    statistics: Arc<Statistics>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<(Target<SocketAddr>, Request)>,
    under_way: usize,
    /// Whether it was said that some have been dropped.
    said: bool,
}

/// A datagram to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Datagram {
    /// Where it goes.
    pub to: SocketAddr,
    /// Its content, which may hold a community.
    pub octets: Arc<[u8]>,
}

/// What the sender is, for messages of version 1.
pub struct Own<'o> {
    /// sysObjectID.
    pub object_id: &'o Oid,
    /// The address that a receiver sees it at, 0.0.0.0 where that is not known.
    pub address: &'o dyn Fn(SocketAddr) -> [u8; 4],
}

impl Originator {
    /// Begins with nothing under way, and counts there; the seed has to be from the
    /// system's random numbers.
    pub fn new(seed: [u8; 16], statistics: Arc<Statistics>) -> Self {
        Self {
            tracker: Tracker::new(seed),
            queues: HashMap::new(),
            under_way: HashMap::new(),
            next_id: 0,
            statistics,
        }
    }

    /// Notifies everybody who is to be told.
    pub fn notify(
        &mut self,
        now: Instant,
        notification: &Notification,
        security: &Security,
        own: &Own<'_>,
    ) -> Vec<Datagram> {
        let receivers = security.receivers();
        self.queues.retain(|name, queue| {
            queue.under_way > 0 || receivers.iter().any(|one| one.confirmed && one.name == *name)
        });
        let mut out = Vec::new();
        for receiver in receivers.iter().filter(|receiver| receiver.is_told(notification)) {
            match receiver.confirmed {
                true => self.inform(now, notification, security, receiver, &mut out),
                false => {
                    let octets = self.trap(now, notification, security, receiver, own);
                    let datagram =
                        |octets: Vec<u8>| Datagram { to: receiver.address, octets: octets.into() };
                    let datagram = octets.map(datagram);
                    datagram.iter().for_each(|_| self.statistics.notifications_sent.count());
                    out.extend(datagram);
                }
            }
        }
        out
    }

    fn inform(
        &mut self,
        now: Instant,
        notification: &Notification,
        security: &Security,
        receiver: &Receiver,
        out: &mut Vec<Datagram>,
    ) {
        let credentials: Credentials = match &receiver.who {
            Who::Community(community) => community.clone().into(),
            Who::User { credentials: Some(user), .. } => user.clone().into(),
            Who::User { credentials: None, .. } | Who::Session { .. } => return,
        };
        let target = Target { address: receiver.address, credentials, retry: receiver.retry };
        let varbinds = notification.varbinds(&NOTIFICATION_NAMES);
        let request = Request::inform(varbinds, security.engine.id);
        let queue = self.queues.entry(receiver.name.clone()).or_default();
        if queue.waiting.len() >= WAITING {
            queue.waiting.pop_front();
            self.statistics.notifications_dropped.count();
            if !std::mem::replace(&mut queue.said, true) {
                tracing::warn!(receiver = receiver.name, "informs wait in vain; the oldest go");
            }
        }
        queue.waiting.push_back((target, request));
        self.go_on(now, &receiver.name, out);
    }

    /// Sends what waits for a receiver, as far as it may be under way.
    fn go_on(&mut self, now: Instant, name: &str, out: &mut Vec<Datagram>) {
        let Some(queue) = self.queues.get_mut(name) else { return };
        while queue.under_way < UNDER_WAY
            && let Some((target, request)) = queue.waiting.pop_front()
        {
            let transmit = self.tracker.submit(now, &target, &request);
            self.under_way.insert(transmit.id, name.to_owned());
            queue.under_way += 1;
            self.statistics.notifications_sent.count();
            out.push(transmit.into());
        }
    }

    fn trap(
        &mut self,
        now: Instant,
        notification: &Notification,
        security: &Security,
        receiver: &Receiver,
        own: &Own<'_>,
    ) -> Option<Vec<u8>> {
        self.next_id = self.next_id.wrapping_add(1) & i32::MAX;
        let (user, level) = match &receiver.who {
            Who::Community(community) => {
                let address = (own.address)(receiver.address);
                return notification.trap(
                    community.version(),
                    community.name(),
                    self.next_id,
                    (own.object_id, address),
                    &NOTIFICATION_NAMES,
                );
            }
            Who::User { name, level, .. } => (security.user(name.as_bytes())?, *level),
            Who::Session { .. } => return None,
        };
        if !user.supports(level) {
            tracing::debug!(receiver = receiver.name, "the user has no keys for its level");
            return None;
        }
        // RFC 3414 §1.5.1: of a trap its sender is authoritative.
        let engine = &*security.engine;
        let privacy = user.privacy.as_ref().filter(|_| level == SecurityLevel::AuthPriv);
        let head = V3Head {
            id: self.next_id,
            max_size: engine.max_size,
            reportable: false,
            engine_id: engine.id.as_octets(),
            clock: engine.clock(now),
            user: user.name.as_bytes(),
            auth: user.auth.as_ref().filter(|_| level > SecurityLevel::NoAuthNoPriv),
            privacy: privacy.map(|key| (key, engine.salts.next())),
            transport: None,
            context_engine_id: engine.id.as_octets(),
            context_name: &[],
        };
        let varbinds = notification.varbinds(&NOTIFICATION_NAMES);
        Some(v3::encode(
            &head,
            &OutPdu {
                kind: PduKind::SnmpV2Trap,
                request_id: self.next_id,
                error_status: 0,
                error_index: 0,
                varbinds: &varbinds,
            },
        ))
    }

    /// Takes a datagram that has arrived.
    pub fn on_datagram(&mut self, now: Instant, from: SocketAddr, octets: &[u8]) -> Vec<Datagram> {
        let mut out = Vec::new();
        match self.tracker.on_datagram(now, &from, octets) {
            None => {}
            Some(Arrived::Send(transmit)) => out.push(transmit.into()),
            Some(Arrived::Completed(done)) => self.ended(now, done.id, &mut out),
            Some(Arrived::Reported { id, from, report }) => {
                tracing::warn!(receiver = %from, %report, "an inform was not taken");
                self.statistics.informs_unacknowledged.count();
                self.ended(now, id, &mut out);
            }
        }
        out
    }

    fn ended(&mut self, now: Instant, id: RequestId, out: &mut Vec<Datagram>) {
        let Some(name) = self.under_way.remove(&id) else { return };
        if let Some(queue) = self.queues.get_mut(&name) {
            queue.under_way = queue.under_way.saturating_sub(1);
            if queue.waiting.is_empty() {
                queue.said = false;
            }
        }
        self.go_on(now, &name, out);
    }

    /// When [`Originator::on_timeout`] is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.tracker.poll_timeout()
    }

    /// Does what is due.
    pub fn on_timeout(&mut self, now: Instant) -> Vec<Datagram> {
        let mut out = Vec::new();
        while let Some(expired) = self.tracker.on_timeout(now) {
            match expired {
                Expired::Resend(transmit) => out.push(transmit.into()),
                Expired::GaveUp { id, to, attempts } => {
                    tracing::warn!(receiver = %to, attempts, "an inform was not acknowledged");
                    self.statistics.informs_unacknowledged.count();
                    self.ended(now, id, &mut out);
                }
            }
        }
        out
    }
}

impl std::fmt::Debug for Datagram {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Datagram").field("to", &self.to).finish_non_exhaustive()
    }
}

impl From<Transmit<SocketAddr>> for Datagram {
    fn from(transmit: Transmit<SocketAddr>) -> Self {
        Self { to: transmit.to, octets: transmit.octets }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use lcms_snmp::{Envelope, Version, message, notification::Incoming, v3::V3Message};
    use proptest::prelude::*;

    use super::*;
    use crate::{config::Config, engine::tests::fixture::local_engine, security::SecurityRows};

    /// The receivers of a file with these tables.
    fn security(receivers: &str) -> Security {
        let folder = tempfile::tempdir().unwrap();
        let text = format!("name = \"lb1\"\nlisten = [\"127.0.0.1:0\"]\n{receivers}");
        for file in ["c", "p"] {
            let secret = folder.path().join(file);
            crate::security::file::write(&secret, b"long enough\n").unwrap();
        }
        let config = Config::parse(&folder.path().join("agent.toml"), &text)
            .unwrap_or_else(|error| panic!("{}", error.render(false)));
        let engine = local_engine(Instant::now());
        let rows: SecurityRows = config.senders.rows(engine.id);
        Security::new(Arc::new(engine), Arc::new(rows))
    }

    fn community(rest: &str) -> String {
        format!(
            "[[community]]\nname = \"c\"\nfile = \"c\"\n\
             [[receiver]]\nname = \"noc\"\naddress = \"192.0.2.1:162\"\ncommunity = \"c\"\n{rest}"
        )
    }

    fn notification(number: u32) -> Notification {
        let name = "1.3.6.1.4.1.8072.9999.9999.5163.0.2".parse().unwrap();
        Notification { up_time: number, name, objects: Vec::new() }
    }

    fn own() -> Own<'static> {
        Own { object_id: crate::tables::object_id(), address: &|_| [127, 0, 0, 1] }
    }

    fn receiver() -> SocketAddr {
        "192.0.2.1:162".parse().unwrap()
    }

    /// What an acknowledgement of a datagram is, and what it acknowledges.
    fn acknowledged(datagram: &Datagram) -> (u32, Vec<u8>) {
        let envelope = message::open(&datagram.octets).unwrap();
        let incoming = Incoming::of(&envelope, &NOTIFICATION_NAMES).unwrap();
        (incoming.notification.up_time, incoming.acknowledge(&NOTIFICATION_NAMES).unwrap())
    }

    #[test]
    fn a_queue_is_bounded_and_loses_the_oldest() {
        let security =
            security(&community("notify_type = \"inform\"\nretry_count = 0\ntimeout = 1000"));
        let (mut now, mut originator) = (Instant::now(), Originator::new([1; 16], Arc::default()));
        let mut sent = Vec::new();
        let all = (UNDER_WAY + WAITING + 20) as u32;
        for number in 0..all {
            sent.extend(originator.notify(now, &notification(number), &security, &own()));
        }
        assert_eq!(sent.len(), UNDER_WAY, "the others wait");
        assert_eq!(originator.statistics.notifications_dropped.value(), 20);
        // One is acknowledged, and the next goes: the oldest that was not dropped.
        let (_, octets) = acknowledged(&sent[0]);
        let next = originator.on_datagram(now, receiver(), &octets);
        let [next] = next.as_slice() else { panic!() };
        assert_eq!(acknowledged(next).0, UNDER_WAY as u32 + 20);
        assert_eq!(originator.on_datagram(now, receiver(), &octets), [], "acknowledged once");
        // Nobody answers any more: each has its turn, and then there is silence.
        let mut rest = 0;
        while let Some(due) = originator.poll_timeout() {
            now = due;
            rest += originator.on_timeout(now).len();
        }
        assert_eq!(rest, WAITING - 1);
        assert_eq!(
            originator.statistics.informs_unacknowledged.value() as usize,
            UNDER_WAY + WAITING - 1
        );
    }

    #[test]
    fn an_inform_is_sent_again_until_it_is_acknowledged_or_has_had_its_retries() {
        let security =
            security(&community("notify_type = \"inform\"\nretry_count = 3\ntimeout = 1000"));
        // After how many of them it is acknowledged, how often it is sent, and whether it
        // is one that nobody acknowledged.
        for (heard, expected, unacknowledged) in [(1, 1, 0), (2, 2, 0), (4, 4, 0), (5, 4, 1)] {
            let now = Instant::now();
            let mut originator = Originator::new([1; 16], Arc::default());
            let mut sent = originator.notify(now, &notification(7), &security, &own());
            loop {
                if sent.len() == heard {
                    let (_, octets) = acknowledged(&sent[0]);
                    assert_eq!(originator.on_datagram(now, receiver(), &octets), []);
                }
                let Some(due) = originator.poll_timeout() else { break };
                sent.extend(originator.on_timeout(due));
            }
            assert_eq!(sent.len(), expected, "acknowledged after {heard}");
            assert!(sent.iter().all(|again| *again == sent[0]), "octet for octet");
            assert_eq!(originator.statistics.informs_unacknowledged.value(), unacknowledged);
        }
    }

    #[test]
    fn traps_are_of_their_version_and_need_no_answer() {
        let now = Instant::now();
        let mut originator = Originator::new([1; 16], Arc::default());
        let security = security(&format!(
            "{}\n[[receiver]]\nname = \"old\"\naddress = \"192.0.2.2:162\"\ncommunity = \"c\"\n\
             version = \"1\"\n[[user]]\nname = \"ann\"\nauth_file = \"p\"\n\
             [[receiver]]\nname = \"new\"\naddress = \"[2001:db8::1]:162\"\nuser = \"ann\"\n",
            community("")
        ));
        let sent = originator.notify(now, &notification(7), &security, &own());
        assert_eq!(sent.len(), 3);
        for datagram in &sent {
            match message::open(&datagram.octets).unwrap() {
                Envelope::Community(message) => {
                    assert_eq!((message.version, datagram.to), (Version::V2c, receiver()));
                }
                Envelope::TrapV1(message) => assert_eq!(message.trap.specific, 2),
                Envelope::V3(whole) => {
                    let message = V3Message::decode(whole).unwrap();
                    let usm = message.usm().unwrap();
                    assert_eq!(usm.engine_id, security.engine.id.as_octets());
                    assert!(!message.flags.reportable, "it has no answer");
                    assert!(message.plain().is_err(), "at the user's level");
                }
            }
        }
        assert_eq!(originator.poll_timeout(), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

        /// However a link loses, each inform is sent 1 + retries times at most, none
        /// is lost without being counted, and in the end nothing is left to do.
        #[test]
        fn a_lossy_link(
            lost in prop::collection::vec(any::<bool>(), 1..50),
            retries in 0..4_u8,
            count in 1..40_u32,
        ) {
            let inform = format!("notify_type = \"inform\"\nretry_count = {retries}\ntimeout = 100");
            let security = security(&community(&inform));
            let (mut now, mut originator) = (Instant::now(), Originator::new([1; 16], Arc::default()));
            let mut lost = lost.into_iter().cycle();
            let mut times: HashMap<u32, u32> = HashMap::new();
            let mut acknowledged_count = 0;
            let mut out = VecDeque::new();
            for number in 0..count {
                out.extend(originator.notify(now, &notification(number), &security, &own()));
            }
            loop {
                while let Some(datagram) = out.pop_front() {
                    let (number, octets) = acknowledged(&datagram);
                    *times.entry(number).or_default() += 1;
                    now += Duration::from_millis(1);
                    if !lost.next().unwrap_or(false) {
                        acknowledged_count += 1;
                        out.extend(originator.on_datagram(now, receiver(), &octets));
                    }
                }
                let Some(due) = originator.poll_timeout() else { break };
                now = due;
                out.extend(originator.on_timeout(now));
            }
            prop_assert_eq!(times.len(), count as usize);
            prop_assert!(times.values().all(|times| *times <= 1 + u32::from(retries)));
            let unacknowledged = originator.statistics.informs_unacknowledged.value();
            prop_assert_eq!(acknowledged_count + unacknowledged, count);
            prop_assert_eq!(originator.statistics.notifications_sent.value(), count);
        }
    }
}
