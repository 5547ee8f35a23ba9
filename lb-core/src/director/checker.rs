//! The thread that checks servers: nonblocking connects, one epoll, one queue
//! of deadlines.
//!
//! A check of TCP opens a connection and resets it, as other balancers do: the
//! server's kernel drops it cheaply, and no TIME_WAIT is left here for each
//! server and interval. A check of UDP sends an empty datagram: a server that is
//! there need not answer, but a host without one says so by ICMP.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::event::{EventfdFlags, eventfd};
use rustix::io::Errno;
use rustix::net::{SendFlags, send};

use super::handle::Message;
use super::live::ServerLive;
use crate::deadlines::Deadlines;
use crate::driver::socket::{self, Handshake};
use crate::health::Monitor;
use crate::model::{Check, CheckKind, Health, ServerId};

/// A first check waits up to this long, so that the checks of many servers
/// spread over time from the beginning.
const FIRST_CHECK_WITHIN: Duration = Duration::from_millis(250);

/// A server to check.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) address: SocketAddr,
    pub(super) check: Check,
    /// Tells a row from a later one of the same name or another address.
    pub(super) epoch: u64,
    pub(super) live: Arc<ServerLive>,
}

impl PartialEq for Target {
    fn eq(&self, other: &Self) -> bool {
        self.epoch == other.epoch && self.address == other.address && self.check == other.check
    }
}

/// News about a server.
#[derive(Debug)]
pub(super) struct HealthReport {
    pub(super) server: ServerId,
    pub(super) epoch: u64,
    pub(super) health: Health,
    pub(super) text: String,
}

/// The checking thread, which ends with this.
pub(super) struct Checker {
    suspicion: Suspicion,
    epochs: AtomicU64,
    thread: Option<JoinHandle<()>>,
}

/// The way for a driver to say that a server refused a connection.
#[derive(Clone, Debug)]
pub struct Suspicion {
    orders: Sender<Order>,
    bell: Arc<OwnedFd>,
}

#[derive(Debug)]
enum Order {
    Watch(BTreeMap<ServerId, Target>),
    Suspect(ServerId, &'static str),
    Stop,
}

impl Suspicion {
    /// Counts as one failed check. Said again before it was heard, it is said
    /// once, so a flood of refusals does not flood the checker.
    pub fn refused(&self, server: ServerId, live: &ServerLive, why: &'static str) {
        if !live.suspected.swap(true, Relaxed) {
            self.send(Order::Suspect(server, why));
        }
    }

    fn send(&self, order: Order) {
        // A checker that is gone needs no orders.
        if self.orders.send(order).is_ok() {
            let _ = rustix::io::write(&*self.bell, &1u64.to_ne_bytes());
        }
    }
}

impl Checker {
    pub(super) fn start(to_owner: Sender<Message>) -> io::Result<Self> {
        let bell = Arc::new(eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?);
        let (orders, inbox) = mpsc::channel();
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, &*bell, EventData::new_u64(BELL), EventFlags::IN)?;
        let watchman = Watchman {
            epoll,
            bell: bell.clone(),
            inbox,
            to_owner,
            watches: BTreeMap::new(),
            probes: HashMap::new(),
            next_probe: BELL + 1,
            deadlines: Deadlines::new(),
        };
        let thread = thread::Builder::new().name("checker".into()).spawn(move || watchman.run())?;
        let suspicion = Suspicion { orders, bell };
        Ok(Self { suspicion, epochs: AtomicU64::new(0), thread: Some(thread) })
    }

    pub(super) fn suspicion(&self) -> Suspicion {
        self.suspicion.clone()
    }

    pub(super) fn next_epoch(&self) -> u64 {
        self.epochs.fetch_add(1, Relaxed)
    }

    /// Checks these servers from now on, and no others.
    pub(super) fn watch(&self, targets: BTreeMap<ServerId, Target>) {
        self.suspicion.send(Order::Watch(targets));
    }
}

impl Drop for Checker {
    fn drop(&mut self) {
        self.suspicion.send(Order::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The token of the bell; probes have greater ones.
const BELL: u64 = 0;

struct Watchman {
    epoll: OwnedFd,
    bell: Arc<OwnedFd>,
    inbox: Receiver<Order>,
    to_owner: Sender<Message>,
    watches: BTreeMap<ServerId, Watch>,
    /// Probes under way, by token. A token is never used twice.
    probes: HashMap<u64, ServerId>,
    next_probe: u64,
    deadlines: Deadlines<ServerId>,
}

struct Watch {
    target: Target,
    monitor: Monitor,
    text: String,
    stage: Stage,
    /// When the stage ends by itself. A deadline in the queue that differs is
    /// a former one.
    due: Instant,
    /// When the present check began or the next begins.
    begin: Instant,
}

enum Stage {
    Waiting,
    Probing { token: u64, socket: OwnedFd, kind: CheckKind },
}

impl Watchman {
    fn run(mut self) {
        let mut events = Vec::with_capacity(256);
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
            while let Some((at, server)) = self.deadlines.pop(now) {
                self.due(server, at, now);
            }
        }
    }

    /// Takes all orders; `None` is the one to stop.
    fn orders(&mut self) -> Option<()> {
        let mut count = [0; 8];
        let _ = rustix::io::read(&*self.bell, &mut count);
        while let Ok(order) = self.inbox.try_recv() {
            match order {
                Order::Watch(targets) => self.watch(targets),
                Order::Suspect(server, why) => self.suspect(&server, why),
                Order::Stop => return None,
            }
        }
        Some(())
    }

    fn watch(&mut self, targets: BTreeMap<ServerId, Target>) {
        let now = Instant::now();
        let mut before = std::mem::take(&mut self.watches);
        for (id, target) in targets {
            match before.remove(&id).filter(|watch| watch.target.epoch == target.epoch) {
                Some(mut watch) => {
                    watch.monitor.set(&target.check);
                    let slower = target.check.interval > watch.target.check.interval;
                    watch.target = target;
                    // A shorter interval is not to wait for the end of a longer.
                    let latest = now + watch.target.check.interval.milliseconds();
                    if !slower && matches!(watch.stage, Stage::Waiting) && watch.due > latest {
                        self.schedule(id, &mut watch, latest);
                    }
                    self.watches.insert(id, watch);
                }
                None => {
                    let begin = now + first_delay(&id, &target.check);
                    // Said while nobody checked, it was never heard.
                    target.live.suspected.store(false, Relaxed);
                    let mut watch = Watch {
                        monitor: Monitor::new(&target.check),
                        target,
                        text: String::new(),
                        stage: Stage::Waiting,
                        due: begin,
                        begin,
                    };
                    self.schedule(id, &mut watch, begin);
                    self.watches.insert(id, watch);
                }
            }
        }
        for watch in before.into_values() {
            if let Stage::Probing { token, .. } = watch.stage {
                self.probes.remove(&token);
            }
        }
    }

    fn schedule(&mut self, id: ServerId, watch: &mut Watch, at: Instant) {
        watch.due = at;
        let watches = &self.watches;
        self.deadlines.push(at, id, watches.len() + 1, |at, id| {
            watches.get(&id).is_none_or(|watch| watch.due == at)
        });
    }

    /// A deadline came: a check begins, or was not answered in time.
    fn due(&mut self, id: ServerId, at: Instant, now: Instant) {
        let Some(mut watch) = self.watches.remove(&id) else { return };
        if watch.due == at {
            match watch.stage {
                Stage::Waiting => self.begin(id, &mut watch, now),
                Stage::Probing { kind, .. } => {
                    let waited = watch.target.check.timeout;
                    let outcome = match kind {
                        CheckKind::Udp => Ok("not refused"),
                        CheckKind::Tcp | CheckKind::None => {
                            Err(format!("no answer within {waited} ms"))
                        }
                    };
                    self.end(id, &mut watch, outcome);
                }
            }
        }
        self.watches.insert(id, watch);
    }

    fn begin(&mut self, id: ServerId, watch: &mut Watch, now: Instant) {
        watch.begin = now;
        let kind = watch.target.check.kind;
        match self.probe(watch.target.address, kind) {
            Ok((token, socket)) => {
                self.probes.insert(token, id);
                watch.stage = Stage::Probing { token, socket, kind };
                let timeout = watch.target.check.timeout.milliseconds();
                self.schedule(id, watch, now + timeout);
            }
            Err(error) if socket::is_local(error) => {
                // Nothing was learned about the server.
                tracing::warn!(server = %id, %error, "cannot check");
                self.schedule(id, watch, now + watch.target.check.interval.milliseconds());
            }
            Err(error) => self.end(id, watch, Err(socket::describe(error))),
        }
    }

    fn probe(&mut self, address: SocketAddr, kind: CheckKind) -> Result<(u64, OwnedFd), Errno> {
        let (socket, answer) = match kind {
            CheckKind::Udp => (socket::datagram(address)?, EventFlags::IN),
            CheckKind::Tcp | CheckKind::None => {
                (socket::connect(address, Handshake::Prompt)?.0, EventFlags::OUT)
            }
        };
        let token = self.next_probe;
        self.next_probe += 1;
        let data = EventData::new_u64(token);
        epoll::add(&self.epoll, &socket, data, answer | EventFlags::ET)?;
        if kind == CheckKind::Udp {
            send(&socket, &[], SendFlags::NOSIGNAL)?;
        }
        Ok((token, socket))
    }

    /// A probe's socket has news.
    fn answered(&mut self, token: u64) {
        let Some(id) = self.probes.get(&token).copied() else { return };
        let Some(mut watch) = self.watches.remove(&id) else { return };
        if let Stage::Probing { socket, kind, .. } = &watch.stage {
            let outcome = match kind {
                CheckKind::Udp => socket::error(socket.as_fd()).map(|()| "answered"),
                CheckKind::Tcp | CheckKind::None => {
                    socket::connected(socket.as_fd()).map(|()| "connected")
                }
            };
            self.end(id, &mut watch, outcome.map_err(socket::describe));
        }
        self.watches.insert(id, watch);
    }

    /// A check ended: with success, or without, and with these words.
    fn end(&mut self, id: ServerId, watch: &mut Watch, outcome: Result<&str, String>) {
        if let Stage::Probing { token, socket, .. } =
            std::mem::replace(&mut watch.stage, Stage::Waiting)
        {
            self.probes.remove(&token);
            socket::abort(socket);
        }
        let ended = Instant::now();
        watch.target.live.checked(outcome.is_ok(), SystemTime::now());
        let interval = watch.target.check.interval.milliseconds();
        self.schedule(id, watch, (watch.begin + interval).max(ended));
        match outcome {
            Ok(how) => {
                let took = ended.saturating_duration_since(watch.begin);
                self.judge(id, watch, true, format!("{how} in {} ms", took.as_millis()));
            }
            Err(why) => self.judge(id, watch, false, why),
        }
    }

    /// A client's connection was refused.
    fn suspect(&mut self, id: &ServerId, why: &'static str) {
        let Some(mut watch) = self.watches.remove(id) else { return };
        watch.target.live.suspected.store(false, Relaxed);
        self.judge(*id, &mut watch, false, why.to_owned());
        self.watches.insert(*id, watch);
    }

    fn judge(&self, id: ServerId, watch: &mut Watch, passed: bool, text: String) {
        let changed = watch.monitor.observe(passed);
        // A server that stays down may be so for another reason by now.
        let news = changed || (watch.monitor.health() == Health::Down && watch.text != text);
        if !news {
            return;
        }
        watch.text.clone_from(&text);
        let report = HealthReport {
            server: id,
            epoch: watch.target.epoch,
            health: watch.monitor.health(),
            text,
        };
        // An owner that is gone has no use for it.
        let _ = self.to_owner.send(Message::Health(report));
    }
}

/// Spread by name: no state, and the same after each start.
fn first_delay(id: &ServerId, check: &Check) -> Duration {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    let within = FIRST_CHECK_WITHIN.min(check.interval.milliseconds());
    within.mul_f64((hasher.finish() >> 11) as f64 / (1u64 << 53) as f64)
}
