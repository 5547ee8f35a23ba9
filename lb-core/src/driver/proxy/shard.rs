//! One thread of the proxy: its loop, and what each event leads to.

mod accept;
mod adopt;
mod caller;
mod connect;
mod datagram;
mod handover;
mod introduce;
mod rate;
mod stick;
mod wait;

pub(super) use self::adopt::{Adoption, Opened};
pub(super) use self::caller::Caller;

use std::collections::{HashMap, VecDeque};
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::event::{EventfdFlags, eventfd};
use rustix::io::Errno;

use super::capacity::Capacity;
use super::connection::{Connection, Stage};
use super::expiry::{Clock, Expiry, Patience};
use super::flow::Flows;
use super::kernel_pipe::KernelPipes;
use super::opening::Opening;
use super::queue::Queue;
use super::relay::{Means, Progress};
use super::route::Route;
use super::share::Share;
use super::slots::{Key, Slots, Token};
use crate::deadlines::Deadlines;
use crate::director::{Sign, Suspicion};
use crate::driver::handover::FlowLeft;
use crate::driver::socket;
use crate::model::Protocol;
use crate::schedule::Choice;

/// Events taken at a time.
const EVENTS: usize = 512;

/// What a connection's sockets are watched for.
const WATCHED: EventFlags = EventFlags::IN
    .union(EventFlags::OUT)
    .union(EventFlags::RDHUP)
    .union(EventFlags::PRI)
    .union(EventFlags::ET);

enum Order {
    Adopt(Adoption, SyncSender<()>),
    /// The connection waited with this number, and it is its turn.
    Call(Arc<Queue>, Key, u64),
    /// Give duplicates of the listeners.
    Lend(SyncSender<io::Result<Vec<OwnedFd>>>),
    /// Another process is about to accept.
    Pause(SyncSender<io::Result<Vec<(FlowLeft, OwnedFd)>>>),
    /// It does not after all.
    Resume,
    /// Another process accepts from now on.
    Retire(SyncSender<()>),
    /// Listeners that wait for room may try again.
    Feed,
    Stop,
}

/// A shard, from outside. It ends with this.
pub(super) struct ShardHandle {
    caller: Arc<Caller>,
    thread: Option<JoinHandle<()>>,
}

impl ShardHandle {
    /// Hands over changes; `done` is told once they are in force.
    pub(super) fn adopt(&self, changes: Adoption, done: SyncSender<()>) {
        self.caller.send(Order::Adopt(changes, done));
    }

    /// Asks for duplicates of its listeners.
    pub(super) fn lend(&self, give: SyncSender<io::Result<Vec<OwnedFd>>>) {
        self.caller.send(Order::Lend(give));
    }

    /// Has it accept no more for the time being, and tell its flows.
    pub(super) fn pause(&self, give: SyncSender<io::Result<Vec<(FlowLeft, OwnedFd)>>>) {
        self.caller.send(Order::Pause(give));
    }

    /// Ends a pause.
    pub(super) fn resume(&self) {
        self.caller.send(Order::Resume);
    }

    /// Has it give up its listeners and flows after a pause.
    pub(super) fn retire(&self, done: SyncSender<()>) {
        self.caller.send(Order::Retire(done));
    }
}

impl Drop for ShardHandle {
    fn drop(&mut self) {
        self.caller.send(Order::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A service with this shard's turns.
struct Service {
    route: Arc<Route>,
    choice: Choice,
    opening: Opening,
}

struct Listener {
    socket: OwnedFd,
    protocol: Protocol,
    service: u64,
    capacity: Arc<Capacity>,
    /// Connections or datagrams to take at a time.
    share: Share,
}

pub(super) struct Shard {
    epoll: OwnedFd,
    bell: Arc<OwnedFd>,
    inbox: Receiver<Order>,
    caller: Arc<Caller>,
    suspicion: Suspicion,
    services: HashMap<u64, Service>,
    listeners: HashMap<u32, Listener>,
    next_listener: u32,
    connections: Slots<Connection>,
    flows: Flows,
    /// Connections with more to do although no event will say so.
    ready: VecDeque<Key>,
    /// Listeners that wait for room, and when they try again at the latest.
    starved: Vec<u32>,
    starved_until: Option<Instant>,
    /// Another process is about to go on with the listeners and flows.
    paused: bool,
    deadlines: Deadlines<Expiry>,
    clock: Clock,
    means: Means,
}

impl Shard {
    pub(super) fn start(
        number: usize,
        suspicion: Suspicion,
        pipes: Arc<Capacity>,
    ) -> io::Result<ShardHandle> {
        let bell = Arc::new(eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?);
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let token = EventData::new_u64(Token::Bell.to_bits());
        epoll::add(&epoll, &*bell, token, EventFlags::IN)?;
        let (orders, inbox) = mpsc::channel();
        let caller = Arc::new(Caller::new(orders, bell.clone()));
        let shard = Self {
            epoll,
            bell,
            inbox,
            caller: caller.clone(),
            suspicion,
            services: HashMap::new(),
            listeners: HashMap::new(),
            next_listener: 0,
            connections: Slots::new(),
            flows: Flows::new(),
            ready: VecDeque::new(),
            starved: Vec::new(),
            starved_until: None,
            paused: false,
            deadlines: Deadlines::new(),
            clock: Clock::new(),
            means: Means::new(KernelPipes::new(pipes)),
        };
        let name = format!("proxy-{number}");
        let thread = thread::Builder::new().name(name).spawn(move || shard.run())?;
        Ok(ShardHandle { caller, thread: Some(thread) })
    }

    fn run(mut self) {
        let mut events: Vec<Event> = Vec::with_capacity(EVENTS);
        loop {
            let timeout = self.patience().map(socket::timeout);
            events.clear();
            match epoll::wait(&self.epoll, spare_capacity(&mut events), timeout.as_ref()) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => {
                    tracing::error!(%error, "a shard stops: it cannot wait for events");
                    return;
                }
            }
            self.clock.advance();
            for event in &events {
                match Token::from_bits(event.data.u64()) {
                    Token::Bell => {
                        if self.obey().is_none() {
                            return;
                        }
                    }
                    token => self.handle(token, event.flags),
                }
            }
            // Only those that were ready before: each gets one turn a round.
            for _ in 0..self.ready.len() {
                if let Some(key) = self.ready.pop_front() {
                    self.resume(key);
                }
            }
            self.watch_time();
        }
    }

    /// How long to wait for events; without end if `None`.
    fn patience(&self) -> Option<Duration> {
        if !self.ready.is_empty() {
            return Some(Duration::ZERO);
        }
        let next = [self.deadlines.next(), self.starved_until].into_iter().flatten().min()?;
        Some(next.saturating_duration_since(self.clock.now()))
    }

    fn watch_time(&mut self) {
        let now = self.clock.now();
        if self.starved_until.is_some_and(|at| at <= now) {
            self.feed();
        }
        while let Some((_, Expiry { key, of })) = self.deadlines.pop(now) {
            if of == Patience::Flow {
                self.flow_expires(key);
            } else if self.connections.get(key).is_some_and(|one| one.waits_for(of)) {
                match of {
                    Patience::Connect(_) => self.unanswered(key),
                    Patience::Turn => self.waited_in_vain(key),
                    Patience::Idle => self.idle(key),
                    Patience::Introduction | Patience::Flow => self.abort(key),
                }
            }
        }
    }

    /// Ends a connection in which nothing happened for too long, or looks again
    /// when that would be so.
    fn idle(&mut self, key: Key) {
        let Some(connection) = self.connections.get(key) else { return };
        let Some(service) = self.services.get(&connection.service) else { return };
        let idle = self.clock.since(connection.last);
        match service.route.settings.idle_timeout.checked_sub(idle) {
            None | Some(Duration::ZERO) => self.abort(key),
            Some(left) => self.expect(key, Patience::Idle, left),
        }
    }

    /// Sets a deadline.
    fn expect(&mut self, key: Key, of: Patience, within: Duration) {
        let (connections, flows) = (&self.connections, &self.flows);
        let at = self.clock.now() + within;
        // Each connection or flow has one that matters.
        let alive = connections.len() + flows.len();
        self.deadlines.push(at, Expiry { key, of }, alive, |_, Expiry { key, of }| match of {
            Patience::Flow => flows.get(key).is_some(),
            _ => connections.get(key).is_some_and(|connection| connection.waits_for(of)),
        });
    }

    fn handle(&mut self, token: Token, flags: EventFlags) {
        match token {
            Token::Bell => {}
            // From the same round of events as the order to pause.
            Token::Listener(_) | Token::Flow(_) if self.paused => {}
            Token::Listener(number) => match self.listeners.get(&number).map(|one| one.protocol) {
                Some(Protocol::Tcp) => {
                    self.accept(number);
                }
                Some(Protocol::Udp) => self.receive(number),
                None => {}
            },
            Token::Flow(key) => self.answer(key),
            Token::Client(key) => {
                let Some(connection) = self.connections.get_mut(key) else { return };
                connection.client_side.note(flags);
                let gone = flags.intersects(EventFlags::ERR)
                    || (!connection.is_open() && flags.intersects(EventFlags::HUP));
                if gone {
                    self.abort(key);
                } else {
                    match connection.stage {
                        Stage::Introducing => self.introduce(key),
                        Stage::Waiting => self.watch_waiting(key),
                        Stage::Connecting { .. } => {}
                        Stage::Open => self.relay(key),
                    }
                }
            }
            Token::Server(key, _) => {
                let Some(connection) = self.connections.get_mut(key) else { return };
                if Token::server(key, connection.attempt) != token {
                    return;
                }
                connection.server_side.note(flags);
                if connection.is_open() {
                    connection.failed |= flags.intersects(EventFlags::ERR);
                    self.relay(key);
                } else {
                    self.connected(key, flags);
                }
            }
        }
    }

    fn resume(&mut self, key: Key) {
        if let Some(connection) = self.connections.get_mut(key) {
            connection.queued = false;
            self.relay(key);
        }
    }

    /// Moves what a connection can move.
    fn relay(&mut self, key: Key) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        connection.last = self.clock.tick();
        match connection.relay(&mut self.means, &self.clock) {
            Progress::Waits => {}
            Progress::More => {
                if !std::mem::replace(&mut connection.queued, true) {
                    self.ready.push_back(key);
                }
            }
            Progress::Finished => drop(self.remove(key)),
            Progress::Broken => {
                if let Some(seat) = connection.seat.as_ref().filter(|_| connection.was_cut()) {
                    self.suspicion.failed(seat.peer.id, &seat.peer.live, Sign::Reset);
                }
                self.abort(key);
            }
        }
    }

    /// Ends a connection with a reset on both sides.
    fn abort(&mut self, key: Key) {
        if let Some(connection) = self.remove(key) {
            socket::abort(connection.client);
            if let Some(server) = connection.server {
                socket::abort(server);
            }
        }
    }

    /// Takes a connection out, and with it all that it held.
    fn remove(&mut self, key: Key) -> Option<Connection> {
        let connection = self.connections.remove(key)?;
        if let Some(turn) = connection.turn()
            && let Some(service) = self.services.get(&connection.service)
        {
            service.route.queue.leave(turn);
        }
        if !self.starved.is_empty() {
            self.feed();
        }
        Some(connection)
    }
}
