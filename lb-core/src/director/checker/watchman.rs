//! The loop of the checking thread.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant, SystemTime};

use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};

use super::conversation::Conversation;
use super::script::{Job, Ran, Scripts};
use super::trust::Trust;
use super::{Ejected, HealthReport, Message, Order, Post, Sign, Target};
use crate::deadlines::Deadlines;
use crate::driver::socket;
use crate::health::{Ejection, Monitor, Progress};
use crate::model::{Health, Protocol, Question, ServerId};
use crate::probe::{Dialogue, DnsExchange, Heard};

/// First checks spread over at least this long, and longer where there are so
/// many servers that they would still come as a herd.
const FIRST_CHECKS_WITHIN: Duration = Duration::from_millis(250);
const FIRST_CHECK_EACH: Duration = Duration::from_micros(100);

/// How far an interval may be off, either way: what began together drifts
/// apart.
const JITTER: f64 = 0.1;

/// How long a connect of our own may take to confirm that a server is there,
/// when one of a client's has had no answer: longer where its checks are, and
/// at the end of each ejection that follows another, since far servers are slow
/// without being ill.
const CONFIRM_WITHIN: Duration = Duration::from_millis(400);

/// Events taken at a time.
const EVENTS: usize = 512;

/// The token of the bell; probes have greater ones.
const BELL: u64 = 0;

/// The longest answer of the DNS that a datagram carries where nobody says that
/// he takes more (RFC 1035, 4.2.1), and room to see that one is longer.
const DATAGRAM: usize = 4 << 10;

pub(super) struct Watchman {
    epoll: OwnedFd,
    post: Post,
    inbox: Receiver<Order>,
    to_owner: Sender<Message>,
    watches: BTreeMap<ServerId, Watch>,
    /// Probes under way, by token. A token is never used twice.
    probes: HashMap<u64, (ServerId, Alarm)>,
    next_probe: u64,
    deadlines: Deadlines<(ServerId, Alarm)>,
    trust: Trust,
    scripts: Scripts,
    /// How far the first checks of all servers are spread.
    spread: Duration,
    dice: RandomState,
}

/// What a deadline is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Alarm {
    /// A check begins, or has not been answered in time.
    Check,
    /// A connect that is to confirm a client's has not been answered in time.
    Confirm,
    /// An ejection is over.
    Ejection,
}

struct Watch {
    target: Target,
    monitor: Monitor,
    ejection: Ejection,
    /// Why it was ejected.
    why: String,
    /// How long the last check took that passed.
    usual: Duration,
    /// What was last reported.
    text: String,
    check: Option<Probe>,
    confirm: Option<Probe>,
    /// When each alarm goes off. A deadline in the queue that differs is a
    /// former one.
    due: [Option<Instant>; 3],
    /// When the present check began or the next begins.
    begin: Instant,
}

struct Probe {
    token: u64,
    wire: Wire,
}

enum Wire {
    Stream(Box<Conversation>),
    /// An empty datagram, which must not come back.
    Datagram(OwnedFd),
    Dns(OwnedFd, Box<DnsExchange>),
    Script,
}

/// Why a probe did not begin.
enum NotBegun {
    /// Something here, which says nothing about the server.
    Here(Errno),
    /// It has failed already.
    Failed(String),
}

impl From<Errno> for NotBegun {
    fn from(error: Errno) -> Self {
        match socket::is_local(error) {
            true => Self::Here(error),
            false => Self::Failed(socket::describe(error)),
        }
    }
}

impl Watchman {
    pub(super) fn new(
        post: Post,
        inbox: Receiver<Order>,
        to_owner: Sender<Message>,
    ) -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, &*post.bell, EventData::new_u64(BELL), EventFlags::IN)?;
        Ok(Self {
            epoll,
            scripts: Scripts::new(post.clone())?,
            post,
            inbox,
            to_owner,
            watches: BTreeMap::new(),
            probes: HashMap::new(),
            next_probe: BELL + 1,
            deadlines: Deadlines::new(),
            trust: Trust::default(),
            spread: FIRST_CHECKS_WITHIN,
            dice: RandomState::new(),
        })
    }

    pub(super) fn run(mut self) {
        let mut events = Vec::with_capacity(EVENTS);
        loop {
            let timeout = self
                .deadlines
                .next()
                .map(|at| socket::timeout(at.saturating_duration_since(Instant::now())));
            events.clear();
            let waited = epoll::wait(
                &self.epoll,
                rustix::buffer::spare_capacity(&mut events),
                timeout.as_ref(),
            );
            match waited {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => {
                    tracing::error!(%error, "checks stop: cannot wait for events");
                    return;
                }
            }
            let tokens: Vec<u64> = events.iter().map(|event| event.data.u64()).collect();
            for token in tokens {
                if token != BELL {
                    self.answered(token);
                } else if self.orders().is_none() {
                    return;
                }
            }
            let now = Instant::now();
            while let Some((at, (server, alarm))) = self.deadlines.pop(now) {
                self.with(server, |watchman, watch| watchman.due(server, watch, alarm, at, now));
            }
        }
    }

    /// Takes a watch out while something is done with it.
    fn with(&mut self, id: ServerId, act: impl FnOnce(&mut Self, &mut Watch)) {
        if let Some(mut watch) = self.watches.remove(&id) {
            act(self, &mut watch);
            self.watches.insert(id, watch);
        }
    }

    /// Takes all orders; `None` is the one to stop.
    fn orders(&mut self) -> Option<()> {
        let mut count = [0; 8];
        let _ = rustix::io::read(&*self.post.bell, &mut count);
        while let Ok(order) = self.inbox.try_recv() {
            match order {
                Order::Watch(targets) => self.watch(targets),
                Order::Suspect(id, sign) => {
                    self.with(id, |watchman, watch| watchman.suspect(id, watch, sign));
                }
                Order::Ran(token, ran) => self.ran(token, ran),
                Order::Stop => return None,
            }
        }
        Some(())
    }

    fn watch(&mut self, targets: BTreeMap<ServerId, Target>) {
        let now = Instant::now();
        let many = u32::try_from(targets.len()).unwrap_or(u32::MAX);
        self.spread = FIRST_CHECKS_WITHIN.max(FIRST_CHECK_EACH.saturating_mul(many));
        self.trust.forget();
        let mut before = std::mem::take(&mut self.watches);
        for (id, target) in targets {
            let watch = match before.remove(&id).filter(|one| one.target.epoch == target.epoch) {
                Some(mut watch) => {
                    self.adopt(id, &mut watch, target, now);
                    watch
                }
                None => {
                    // Said while nobody watched, it was never heard.
                    target.live.suspected.store(false, Relaxed);
                    let mut watch = Watch {
                        monitor: Monitor::new(&target.asked.check),
                        ejection: Ejection::default(),
                        why: String::new(),
                        usual: Duration::ZERO,
                        text: String::new(),
                        check: None,
                        confirm: None,
                        due: [None; 3],
                        begin: now,
                        target,
                    };
                    self.first_check(id, &mut watch, now);
                    watch
                }
            };
            self.watches.insert(id, watch);
        }
        for mut watch in before.into_values() {
            self.drop_probe(watch.check.take());
            self.drop_probe(watch.confirm.take());
        }
    }

    /// Goes on with a server under other settings.
    fn adopt(&mut self, id: ServerId, watch: &mut Watch, target: Target, now: Instant) {
        let (old, new) = (watch.target.asked.clone(), target.asked.clone());
        watch.target = target;
        watch.monitor.set(&new.check);
        if old.question != new.question {
            self.drop_probe(watch.check.take());
            self.first_check(id, watch, now);
        } else if new.check.interval < old.check.interval && watch.check.is_none() {
            // A shorter interval is not to wait for the end of a longer.
            let latest = now + new.check.interval.milliseconds();
            if watch.due(Alarm::Check).is_some_and(|due| due > latest) {
                self.alarm(id, watch, Alarm::Check, Some(latest));
            }
        }
    }

    /// Says when the first check is, after something is asked that was not.
    fn first_check(&mut self, id: ServerId, watch: &mut Watch, now: Instant) {
        let asked = &watch.target.asked;
        let within = self.spread.min(asked.check.interval.milliseconds());
        // Spread by name: the same after each start.
        let at = now + within.mul_f64(name_part(&id));
        let at = asked.question.is_some().then_some(at);
        self.alarm(id, watch, Alarm::Check, at);
    }

    fn alarm(&mut self, id: ServerId, watch: &mut Watch, alarm: Alarm, at: Option<Instant>) {
        watch.due[alarm as usize] = at;
        let Some(at) = at else { return };
        let watches = &self.watches;
        self.deadlines.push(at, (id, alarm), 2 * watches.len() + 2, |at, (id, alarm)| {
            watches.get(&id).is_none_or(|watch| watch.due(alarm) == Some(at))
        });
    }

    fn due(&mut self, id: ServerId, watch: &mut Watch, alarm: Alarm, at: Instant, now: Instant) {
        if watch.due(alarm) != Some(at) {
            return;
        }
        watch.due[alarm as usize] = None;
        match alarm {
            Alarm::Check => match &watch.check {
                None => self.begin(id, watch, now),
                Some(Probe { wire: Wire::Datagram(_), .. }) => {
                    self.end(id, watch, Ok("not refused".to_owned()));
                }
                Some(_) => {
                    let waited = watch.target.asked.check.timeout;
                    self.end(id, watch, Err(format!("no answer within {waited} ms")));
                }
            },
            Alarm::Confirm => {
                // A datagram that nobody sent back is no sign of failure.
                let silent = match &watch.confirm {
                    Some(Probe { wire: Wire::Datagram(_), .. }) => Ok(()),
                    _ => Err("no answer to connects".to_owned()),
                };
                self.confirmed(id, watch, silent);
            }
            // A server comes back to its clients when it has shown that it
            // accepts; else it would be they who find out.
            Alarm::Ejection => {
                if watch.confirm.is_none() {
                    self.confirm(id, watch, now);
                }
            }
        }
    }

    fn begin(&mut self, id: ServerId, watch: &mut Watch, now: Instant) {
        let asked = watch.target.asked.clone();
        let Some(question) = &asked.question else { return };
        watch.begin = now;
        match self.probe(id, watch, question) {
            Ok(probe) => {
                // A script's time begins when its turn comes.
                let within = asked.check.timeout.milliseconds();
                let at = (!matches!(probe.wire, Wire::Script)).then_some(now + within);
                watch.check = Some(probe);
                self.alarm(id, watch, Alarm::Check, at);
            }
            Err(NotBegun::Failed(why)) => self.end(id, watch, Err(why)),
            Err(NotBegun::Here(error)) => {
                tracing::warn!(server = %id, %error, "cannot check");
                self.next_check(id, watch, now);
            }
        }
    }

    fn probe(
        &mut self,
        id: ServerId,
        watch: &Watch,
        question: &Question,
    ) -> Result<Probe, NotBegun> {
        let address = watch.target.checked;
        match question {
            Question::Datagram => self.datagram(id, Alarm::Check, address),
            Question::Dns(asked) => {
                let token = self.next_token();
                let number = self.dice.hash_one(token) as u16;
                let exchange = Box::new(DnsExchange::new(asked, number));
                let socket = socket::datagram(address)?;
                self.listen(id, Alarm::Check, token, socket.as_fd())?;
                send(&socket, exchange.query(), SendFlags::NOSIGNAL)?;
                Ok(Probe { token, wire: Wire::Dns(socket, exchange) })
            }
            Question::Script(command) => {
                let token = self.next_token();
                self.probes.insert(token, (id, Alarm::Check));
                self.scripts.run(Job {
                    token,
                    server: id,
                    address,
                    command: command.clone(),
                    timeout: watch.target.asked.check.timeout.milliseconds(),
                });
                Ok(Probe { token, wire: Wire::Script })
            }
            Question::Connect | Question::Http(_) | Question::Smtp(_) | Question::Tls(_) => {
                let server = address.to_string();
                let dialogue = Dialogue::new(question, &server).unwrap_or(Dialogue::Connect);
                let name = match question {
                    Question::Http(asked) if asked.secure => {
                        Some(asked.host.as_deref().map(without_port))
                    }
                    Question::Tls(name) => Some(name.as_deref()),
                    _ => None,
                };
                let ca_file = watch.target.asked.check.ca_file.as_ref();
                let tls = name.map(|name| self.trust.client(ca_file, name, address.ip()));
                let tls = tls.transpose().map_err(NotBegun::Failed)?;
                self.stream(id, Alarm::Check, Conversation::begin(address, dialogue, tls)?)
            }
        }
    }

    fn datagram(
        &mut self,
        id: ServerId,
        of: Alarm,
        address: SocketAddr,
    ) -> Result<Probe, NotBegun> {
        let socket = socket::datagram(address)?;
        let token = self.next_token();
        self.listen(id, of, token, socket.as_fd())?;
        send(&socket, &[], SendFlags::NOSIGNAL)?;
        Ok(Probe { token, wire: Wire::Datagram(socket) })
    }

    fn stream(
        &mut self,
        id: ServerId,
        of: Alarm,
        conversation: Conversation,
    ) -> Result<Probe, NotBegun> {
        let token = self.next_token();
        self.listen(id, of, token, conversation.socket())?;
        Ok(Probe { token, wire: Wire::Stream(Box::new(conversation)) })
    }

    fn next_token(&mut self) -> u64 {
        self.next_probe += 1;
        self.next_probe
    }

    fn listen(
        &mut self,
        id: ServerId,
        of: Alarm,
        token: u64,
        socket: impl AsFd,
    ) -> Result<(), Errno> {
        let watched = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
        epoll::add(&self.epoll, socket, EventData::new_u64(token), watched)?;
        self.probes.insert(token, (id, of));
        Ok(())
    }

    /// A probe's socket has news.
    fn answered(&mut self, token: u64) {
        let Some((id, of)) = self.probes.get(&token).copied() else { return };
        self.with(id, |watchman, watch| match of {
            Alarm::Check => watchman.check_answered(id, watch),
            Alarm::Confirm | Alarm::Ejection => watchman.confirm_answered(id, watch),
        });
    }

    fn check_answered(&mut self, id: ServerId, watch: &mut Watch) {
        let Some(probe) = &mut watch.check else { return };
        let outcome = match &mut probe.wire {
            Wire::Stream(conversation) => conversation.proceed(),
            Wire::Datagram(socket) => datagram_answered(socket, "answered"),
            Wire::Dns(socket, exchange) => match dns_answered(socket, exchange) {
                None => None,
                Some(Ok(Heard::Answer(outcome))) => Some(outcome.map_err(|why| why.to_string())),
                Some(Ok(Heard::Other)) => None,
                Some(Ok(Heard::Truncated)) => return self.again_by_stream(id, watch),
                Some(Err(error)) => Some(Err(socket::describe(error))),
            },
            Wire::Script => None,
        };
        if let Some(outcome) = outcome {
            self.end(id, watch, outcome);
        }
    }

    /// Asks the same by stream, within the time there is.
    fn again_by_stream(&mut self, id: ServerId, watch: &mut Watch) {
        let Some(Probe { wire: Wire::Dns(_, exchange), token }) = watch.check.take() else {
            return;
        };
        self.probes.remove(&token);
        let dialogue = Dialogue::Dns(*exchange);
        let begun = Conversation::begin(watch.target.checked, dialogue, None)
            .map_err(NotBegun::from)
            .and_then(|conversation| self.stream(id, Alarm::Check, conversation));
        match begun {
            Ok(probe) => watch.check = Some(probe),
            Err(NotBegun::Failed(why)) => self.end(id, watch, Err(format!("dns: {why}"))),
            Err(NotBegun::Here(_)) => self.next_check(id, watch, Instant::now()),
        }
    }

    fn ran(&mut self, token: u64, ran: Ran) {
        self.scripts.ended(token);
        let Some((id, _)) = self.probes.get(&token).copied() else { return };
        self.with(id, |watchman, watch| match ran {
            Some(outcome) => watchman.end(id, watch, outcome),
            None => {
                watchman.drop_probe(watch.check.take());
                watchman.next_check(id, watch, Instant::now());
            }
        });
    }

    /// A check ended: with success, or without, and with these words.
    fn end(&mut self, id: ServerId, watch: &mut Watch, outcome: Result<String, String>) {
        if let Some(Probe { token, wire }) = watch.check.take() {
            self.probes.remove(&token);
            // What was said to the end is closed, all else is reset: it leaves
            // nothing behind, here or there.
            if let Wire::Stream(conversation) = wire
                && !(outcome.is_ok() && conversation.said_good_bye())
            {
                conversation.abort();
            }
        }
        let ended = Instant::now();
        let passed = outcome.is_ok();
        watch.target.live.checked(passed, SystemTime::now());
        let text = match outcome {
            Ok(how) => {
                let took = ended.saturating_duration_since(watch.begin);
                watch.usual = took;
                format!("{how} in {} ms", took.as_millis())
            }
            Err(why) => why,
        };
        let lifted = passed && watch.accepts() && watch.ejection.accepts(ended);
        self.judge(id, watch, passed, text, lifted);
        self.next_check(id, watch, ended);
    }

    /// Says when the next check is, after one that ended now.
    fn next_check(&mut self, id: ServerId, watch: &mut Watch, ended: Instant) {
        let check = &watch.target.asked.check;
        let interval = check.interval.milliseconds();
        // One more or less from 1 - JITTER to 1 + JITTER.
        let roll = self.dice.hash_one((id, watch.begin)) as u32;
        let part = 1.0 - JITTER + 2.0 * JITTER * f64::from(roll) / f64::from(u32::MAX);
        let mut at = watch.begin + interval.mul_f64(part);
        if watch.monitor.is_in_doubt() {
            at = at.min(ended + check.doubt_interval.milliseconds());
        }
        self.alarm(id, watch, Alarm::Check, Some(at.max(ended)));
    }

    /// A connection of a client failed.
    fn suspect(&mut self, id: ServerId, watch: &mut Watch, sign: Sign) {
        let live = &watch.target.live;
        live.suspected.store(false, Relaxed);
        let progress = Progress {
            accepted: live.connections.load(Relaxed),
            octets: live.out_octets.load(Relaxed),
        };
        let (base, now) = (watch.target.asked.ejection, Instant::now());
        let (ejected, why) = match sign {
            Sign::Refused(why) => (watch.ejection.refused(progress, base, now), why),
            Sign::Slow => (false, "no answer to connects"),
            Sign::Reset => (watch.ejection.reset(progress, base, now), "connections reset"),
        };
        if ejected {
            self.eject(id, watch, why.to_owned());
        }
        let free = watch.confirm.is_none() && watch.ejection.until().is_none();
        if sign != Sign::Reset && free && !base.is_zero() {
            self.confirm(id, watch, now);
        }
        let Sign::Refused(why) = sign else { return };
        if watch.target.asked.question.is_some() {
            self.judge(id, watch, false, why.to_owned(), false);
            if watch.monitor.is_in_doubt() && watch.check.is_none() {
                let soon = now + watch.target.asked.check.doubt_interval.milliseconds();
                if watch.due(Alarm::Check).is_some_and(|due| due > soon) {
                    self.alarm(id, watch, Alarm::Check, Some(soon));
                }
            }
        }
    }

    /// Sees for itself whether the server accepts.
    fn confirm(&mut self, id: ServerId, watch: &mut Watch, now: Instant) {
        let address = watch.target.address;
        let begun = match watch.target.asked.protocol {
            Protocol::Udp => self.datagram(id, Alarm::Confirm, address),
            Protocol::Tcp => Conversation::begin(address, Dialogue::Connect, None)
                .map_err(NotBegun::from)
                .and_then(|conversation| self.stream(id, Alarm::Confirm, conversation)),
        };
        match begun {
            Ok(probe) => {
                watch.confirm = Some(probe);
                let again = watch.ejection.until().map_or(1, |_| watch.ejection.times() + 1);
                let usual = match watch.target.asked.question {
                    Some(Question::Connect) => 2 * watch.usual,
                    _ => Duration::ZERO,
                };
                let within = (again * CONFIRM_WITHIN).max(usual);
                self.alarm(id, watch, Alarm::Confirm, Some(now + within));
            }
            Err(NotBegun::Failed(why)) => self.confirmed(id, watch, Err(why)),
            Err(NotBegun::Here(_)) => self.confirmed(id, watch, Ok(())),
        }
    }

    fn confirm_answered(&mut self, id: ServerId, watch: &mut Watch) {
        let Some(probe) = &mut watch.confirm else { return };
        let outcome = match &mut probe.wire {
            Wire::Stream(conversation) => conversation.proceed(),
            Wire::Datagram(socket) => datagram_answered(socket, "answered"),
            Wire::Dns(..) | Wire::Script => None,
        };
        match outcome {
            None => {}
            // It did accept.
            Some(Err(why)) if Some(why.as_str()) == socket::reason(Errno::CONNRESET) => {
                self.confirmed(id, watch, Ok(()));
            }
            Some(outcome) => self.confirmed(id, watch, outcome.map(drop)),
        }
    }

    /// What came of seeing for itself.
    fn confirmed(&mut self, id: ServerId, watch: &mut Watch, outcome: Result<(), String>) {
        self.drop_probe(watch.confirm.take());
        self.alarm(id, watch, Alarm::Confirm, None);
        let (base, now) = (watch.target.asked.ejection, Instant::now());
        let is_over = watch.ejection.expire(now);
        match outcome {
            Err(why) if watch.ejection.confirmed(base, now) => self.eject(id, watch, why),
            _ if is_over => self.report(id, watch),
            _ => {}
        }
    }

    fn eject(&mut self, id: ServerId, watch: &mut Watch, why: String) {
        watch.why = why;
        watch.target.live.ejections.fetch_add(1, Relaxed);
        let until = watch.ejection.until();
        self.alarm(id, watch, Alarm::Ejection, until);
        // Its checks are to say the same, or the contrary, before it is over.
        if watch.check.is_none() && watch.target.asked.question.is_some() {
            self.alarm(id, watch, Alarm::Check, Some(Instant::now()));
        }
        self.report(id, watch);
    }

    fn judge(&mut self, id: ServerId, watch: &mut Watch, passed: bool, text: String, news: bool) {
        let changed = watch.monitor.observe(passed);
        // A server that stays down may be so for another reason by now.
        let other = watch.monitor.health() == Health::Down && watch.text != text;
        if changed || other {
            watch.text = text;
        }
        if changed || other || news {
            self.report(id, watch);
        }
    }

    fn report(&self, server: ServerId, watch: &Watch) {
        let ejected = watch.ejection.until().map(|until| Ejected { until, why: watch.why.clone() });
        let report = HealthReport {
            server,
            epoch: watch.target.epoch,
            health: watch.monitor.health(),
            text: watch.text.clone(),
            ejected,
        };
        // An owner that is gone has no use for it.
        let _ = self.to_owner.send(Message::Health(report));
    }

    /// Ends a probe that nobody waits for any more.
    fn drop_probe(&mut self, probe: Option<Probe>) {
        let Some(Probe { token, wire }) = probe else { return };
        self.probes.remove(&token);
        match wire {
            Wire::Stream(conversation) => conversation.abort(),
            Wire::Script => self.scripts.forget(token),
            Wire::Datagram(_) | Wire::Dns(..) => {}
        }
    }
}

impl Watch {
    fn due(&self, alarm: Alarm) -> Option<Instant> {
        self.due[alarm as usize]
    }

    /// Whether a check that passes has shown that clients' connections are
    /// accepted: it was made where they go.
    fn accepts(&self) -> bool {
        let at_the_port = self.target.checked == self.target.address;
        at_the_port && !matches!(self.target.asked.question, Some(Question::Script(_)))
    }
}

/// What a datagram's socket says: `None` if it is only that it can be written
/// to.
fn datagram_answered(socket: &OwnedFd, how: &str) -> Option<Result<String, String>> {
    let mut buffer = [0; 1];
    match recv(socket, &mut buffer, RecvFlags::TRUNC) {
        Ok(_) => Some(Ok(how.to_owned())),
        Err(Errno::AGAIN | Errno::INTR) => None,
        Err(error) => Some(Err(socket::describe(error))),
    }
}

/// The first datagram that says something; each that does not is passed over,
/// a bounded number of times.
fn dns_answered(socket: &OwnedFd, exchange: &DnsExchange) -> Option<Result<Heard, Errno>> {
    let mut buffer = [0; DATAGRAM];
    for _ in 0..16 {
        match recv(socket, &mut buffer, RecvFlags::empty()) {
            Ok((read, _)) => match exchange.hear(buffer.get(..read).unwrap_or_default()) {
                Heard::Other => {}
                heard => return Some(Ok(heard)),
            },
            Err(Errno::AGAIN | Errno::INTR) => return None,
            Err(error) => return Some(Err(error)),
        }
    }
    None
}

/// The host of what the Host field of HTTP says.
fn without_port(host: &str) -> &str {
    let host = match host.rsplit_once(':') {
        Some((name, port)) if port.chars().all(|c| c.is_ascii_digit()) => name,
        _ => host,
    };
    host.trim_start_matches('[').trim_end_matches(']')
}

/// A number from 0 up to 1 that is a name's own.
fn name_part(id: &ServerId) -> f64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    (hasher.finish() >> 11) as f64 / (1u64 << 53) as f64
}
