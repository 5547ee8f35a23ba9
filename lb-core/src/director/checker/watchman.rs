//! The loop of the checking thread.

mod ejecting;
mod probing;

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant, SystemTime};

use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::io::Errno;

use self::probing::{Probe, Wire};
use super::script::Scripts;
use super::trust::Trust;
use super::{Ejected, HealthReport, Message, Order, Post, Target, WatchLeft};
use crate::deadlines::Deadlines;
use crate::driver::socket;
use crate::health::{Ejection, Monitor};
use crate::model::{Health, Question, ServerId};

/// First checks spread over at least this long, and longer where there are so
/// many servers that they would still come as a herd.
const FIRST_CHECKS_WITHIN: Duration = Duration::from_millis(250);
const FIRST_CHECK_EACH: Duration = Duration::from_micros(100);

/// How far an interval may be off, either way: what began together drifts
/// apart.
const JITTER: f64 = 0.1;

/// Events taken at a time.
const EVENTS: usize = 512;

/// The token of the bell; probes have greater ones.
const BELL: u64 = 0;

pub(super) struct Watchman {
    epoll: OwnedFd,
    post: Post,
    inbox: Receiver<Order>,
    to_owner: Sender<Message>,
    /// In boxes, since each event takes one out and puts it back.
    watches: HashMap<ServerId, Box<Watch>>,
    /// Probes under way, by token. A token is never used twice.
    probes: HashMap<u64, (ServerId, Alarm)>,
    next_probe: u64,
    deadlines: Deadlines<(ServerId, Alarm)>,
    trust: Trust,
    scripts: Scripts,
    /// What another process knew, up to the first orders.
    known: BTreeMap<ServerId, WatchLeft>,
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

impl Watchman {
    pub(super) fn new(
        post: Post,
        inbox: Receiver<Order>,
        to_owner: Sender<Message>,
        known: Vec<WatchLeft>,
    ) -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, &*post.bell, EventData::new_u64(BELL), EventFlags::IN)?;
        Ok(Self {
            epoll,
            scripts: Scripts::new(post.clone())?,
            post,
            inbox,
            to_owner,
            watches: HashMap::new(),
            probes: HashMap::new(),
            next_probe: BELL + 1,
            deadlines: Deadlines::new(),
            trust: Trust::default(),
            known: known.into_iter().map(|one| (one.server, one)).collect(),
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
                Order::Tell(tell) => {
                    let now = Instant::now();
                    let left = self.watches.iter().map(|(id, watch)| watch.left(*id, now));
                    // Whoever no longer waits has no use for it.
                    let _ = tell.send(left.collect());
                }
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
                    let known = self.known.remove(&id);
                    let mut watch = Box::new(Watch::new(target, known, now));
                    let until = watch.ejection.until();
                    self.alarm(id, &mut watch, Alarm::Ejection, until);
                    self.first_check(id, &mut watch, now);
                    watch
                }
            };
            self.watches.insert(id, watch);
        }
        self.known.clear();
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

    /// A probe's socket has news.
    fn answered(&mut self, token: u64) {
        let Some((id, of)) = self.probes.get(&token).copied() else { return };
        self.with(id, |watchman, watch| match of {
            Alarm::Check => watchman.check_answered(id, watch),
            Alarm::Confirm | Alarm::Ejection => watchman.confirm_answered(id, watch),
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
}

impl Watch {
    /// A server to watch, of which something may be known.
    fn new(target: Target, known: Option<WatchLeft>, now: Instant) -> Self {
        let mut watch = Self {
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
        let here = (watch.target.address, watch.target.checked);
        if let Some(left) = known.filter(|left| (left.address, left.checked) == here) {
            watch.monitor = left.monitor;
            watch.monitor.set(&watch.target.asked.check);
            watch.ejection = Ejection::after(&left.ejection, now);
            (watch.text, watch.why, watch.usual) = (left.text, left.why, left.usual);
        }
        watch
    }

    fn left(&self, server: ServerId, now: Instant) -> WatchLeft {
        WatchLeft {
            server,
            address: self.target.address,
            checked: self.target.checked,
            monitor: self.monitor.clone(),
            text: self.text.clone(),
            ejection: self.ejection.left(now),
            why: self.why.clone(),
            usual: self.usual,
        }
    }

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

/// A number from 0 up to 1 that is a name's own.
fn name_part(id: &ServerId) -> f64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    (hasher.finish() >> 11) as f64 / (1u64 << 53) as f64
}
