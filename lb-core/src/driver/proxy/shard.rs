//! One thread of the proxy.

use std::collections::{HashMap, HashSet, VecDeque};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::event::{EventfdFlags, eventfd};
use rustix::io::Errno;
use rustix::net::{SocketFlags, accept_with};

use super::connection::{Capacity, Connection, Room, Seat, Stage};
use super::relay::Progress;
use super::route::{Route, Untried};
use super::slots::{Key, Slots, Token};
use crate::deadlines::Deadlines;
use crate::director::Suspicion;
use crate::driver::socket;
use crate::schedule::Choice;

/// The buffer that all bytes of a shard pass through.
const BUFFER: usize = 64 << 10;

/// Events taken at a time.
const EVENTS: usize = 512;

/// Connections accepted from one listener before others get their turn.
const ACCEPTS: usize = 64;

/// How long accepting pauses when the process or system is out of files or
/// memory and no connection of this shard ends meanwhile.
const PAUSE: Duration = Duration::from_millis(100);

/// What a connection's sockets are watched for.
const WATCHED: EventFlags =
    EventFlags::IN.union(EventFlags::OUT).union(EventFlags::RDHUP).union(EventFlags::ET);

/// Changes for a shard, all of them at once.
#[derive(Default)]
pub(super) struct Adoption {
    /// Services that are no more.
    pub(super) gone_services: Vec<u64>,
    /// Servers that are no more.
    pub(super) gone_servers: Vec<u64>,
    /// Services that listen no longer.
    pub(super) muted: Vec<u64>,
    /// Services that are new, or other than before.
    pub(super) routes: Vec<Arc<Route>>,
    /// New listeners of services: one for each shard that has none yet.
    pub(super) listeners: Vec<(u64, Vec<OwnedFd>)>,
}

impl Adoption {
    /// The changes for one shard, with a listener each for itself.
    pub(super) fn for_one_shard(&mut self) -> Self {
        Self {
            gone_services: self.gone_services.clone(),
            gone_servers: self.gone_servers.clone(),
            muted: self.muted.clone(),
            routes: self.routes.clone(),
            listeners: self
                .listeners
                .iter_mut()
                .map(|(service, sockets)| (*service, sockets.pop().into_iter().collect()))
                .collect(),
        }
    }
}

enum Order {
    Adopt(Adoption, SyncSender<()>),
    Stop,
}

/// A shard, from outside. It ends with this.
pub(super) struct ShardHandle {
    orders: Sender<Order>,
    bell: Arc<OwnedFd>,
    thread: Option<JoinHandle<()>>,
}

impl ShardHandle {
    /// Hands over changes; `done` is told once they are in force.
    pub(super) fn adopt(&self, changes: Adoption, done: SyncSender<()>) {
        self.send(Order::Adopt(changes, done));
    }

    fn send(&self, order: Order) {
        // A shard that is gone needs no orders.
        if self.orders.send(order).is_ok() {
            let _ = rustix::io::write(&*self.bell, &1u64.to_ne_bytes());
        }
    }
}

impl Drop for ShardHandle {
    fn drop(&mut self) {
        self.send(Order::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A service with this shard's turns.
struct Service {
    route: Arc<Route>,
    choice: Choice,
}

struct Listener {
    socket: OwnedFd,
    service: u64,
}

pub(super) struct Shard {
    epoll: OwnedFd,
    bell: Arc<OwnedFd>,
    inbox: Receiver<Order>,
    suspicion: Suspicion,
    capacity: Arc<Capacity>,
    services: HashMap<u64, Service>,
    listeners: HashMap<u32, Listener>,
    next_listener: u32,
    connections: Slots<Connection>,
    /// What has more to do although no event will say so.
    ready: VecDeque<Token>,
    /// Listeners that wait for room, and when they try again at the latest.
    starved: Vec<u32>,
    starved_until: Option<Instant>,
    deadlines: Deadlines<Key>,
    connecting: usize,
    buffer: Box<[u8]>,
}

impl Shard {
    pub(super) fn start(
        number: usize,
        suspicion: Suspicion,
        capacity: Arc<Capacity>,
    ) -> io::Result<ShardHandle> {
        let bell = Arc::new(eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?);
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let token = EventData::new_u64(Token::Bell.to_bits());
        epoll::add(&epoll, &*bell, token, EventFlags::IN)?;
        let (orders, inbox) = mpsc::channel();
        let shard = Self {
            epoll,
            bell: bell.clone(),
            inbox,
            suspicion,
            capacity,
            services: HashMap::new(),
            listeners: HashMap::new(),
            next_listener: 0,
            connections: Slots::new(),
            ready: VecDeque::new(),
            starved: Vec::new(),
            starved_until: None,
            deadlines: Deadlines::new(),
            connecting: 0,
            buffer: vec![0; BUFFER].into(),
        };
        let name = format!("proxy-{number}");
        let thread = thread::Builder::new().name(name).spawn(move || shard.run())?;
        Ok(ShardHandle { orders, bell, thread: Some(thread) })
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
                if let Some(token) = self.ready.pop_front() {
                    self.resume(token);
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
        Some(next.saturating_duration_since(Instant::now()))
    }

    fn watch_time(&mut self) {
        if self.deadlines.next().is_none() && self.starved_until.is_none() {
            return;
        }
        let now = Instant::now();
        if self.starved_until.is_some_and(|at| at <= now) {
            self.feed();
        }
        while let Some((at, key)) = self.deadlines.pop(now) {
            if self.connections.get(key).is_some_and(|one| one.is_due(at)) {
                self.connect_failed(key, Errno::TIMEDOUT);
            }
        }
    }

    fn handle(&mut self, token: Token, flags: EventFlags) {
        match token {
            Token::Bell => {}
            Token::Listener(number) => self.accept(number),
            Token::Client(key) => {
                let Some(connection) = self.connections.get_mut(key) else { return };
                connection.client_side.note(flags);
                let gone = flags.intersects(EventFlags::ERR)
                    || (connection.is_connecting() && flags.intersects(EventFlags::HUP));
                if gone {
                    self.abort(key);
                } else if !connection.is_connecting() {
                    self.relay(key);
                }
            }
            Token::Server(key, _) => {
                let Some(connection) = self.connections.get_mut(key) else { return };
                if Token::server(key, connection.attempt) != token {
                    return;
                }
                connection.server_side.note(flags);
                if connection.is_connecting() {
                    self.connected(key);
                } else {
                    connection.failed |= flags.intersects(EventFlags::ERR);
                    self.relay(key);
                }
            }
        }
    }

    fn resume(&mut self, token: Token) {
        match token {
            Token::Listener(number) => self.accept(number),
            Token::Client(key) | Token::Server(key, _) => {
                if let Some(connection) = self.connections.get_mut(key) {
                    connection.queued = false;
                    self.relay(key);
                }
            }
            Token::Bell => {}
        }
    }

    /// Accepts up to its share from a listener.
    fn accept(&mut self, number: u32) {
        for _ in 0..ACCEPTS {
            let Some(listener) = self.listeners.get(&number) else { return };
            let service = listener.service;
            let Some(room) = self.capacity.take() else { return self.starve(number) };
            let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
            match accept_with(&listener.socket, flags) {
                Ok(client) => self.admit(client, service, room),
                Err(Errno::AGAIN) => return,
                Err(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM) => {
                    return self.starve(number);
                }
                Err(Errno::BADF | Errno::INVAL | Errno::NOTSOCK | Errno::OPNOTSUPP) => return,
                // Linux hands over errors of the connection that was to be
                // accepted, see accept(2); the next one may be fine.
                Err(_) => {}
            }
        }
        self.ready.push_back(Token::Listener(number));
    }

    /// Lets a listener wait for room. It is edge-triggered: no event will
    /// remind of the clients in its queue.
    fn starve(&mut self, number: u32) {
        if !self.starved.contains(&number) {
            self.starved.push(number);
        }
        self.starved_until = Some(Instant::now() + PAUSE);
    }

    /// Lets the listeners that wait for room try again.
    fn feed(&mut self) {
        self.starved_until = None;
        self.ready.extend(self.starved.drain(..).map(Token::Listener));
    }

    fn admit(&mut self, client: OwnedFd, service: u64, room: Room) {
        let Some(known) = self.services.get(&service) else { return socket::abort(client) };
        known.route.live.connections.fetch_add(1, Relaxed);
        let Some(key) = self.connections.insert(Connection::new(client, service, room)) else {
            return;
        };
        self.connecting += 1;
        if let Some(connection) = self.connections.get(key) {
            let token = EventData::new_u64(Token::Client(key).to_bits());
            if epoll::add(&self.epoll, &connection.client, token, WATCHED).is_err() {
                return self.abort(key);
            }
        }
        self.connect(key);
    }

    /// Turns a connection to the next server that can take it.
    fn connect(&mut self, key: Key) {
        loop {
            let Some(connection) = self.connections.get_mut(key) else { return };
            let Stage::Connecting { tried, due } = &mut connection.stage else { return };
            let Some(service) = self.services.get_mut(&connection.service) else {
                return self.abort(key);
            };
            let route = &service.route;
            let untried = Untried { backends: &route.backends, tried };
            let place = service.choice.pick(&untried);
            let Some(backend) = place.and_then(|place| route.backends.get(place)) else {
                let counter =
                    if tried.is_empty() { &route.live.refused } else { &route.live.failed };
                counter.fetch_add(1, Relaxed);
                return self.abort(key);
            };
            let peer = &backend.peer;
            let Some(seat) = Seat::take(peer, backend.plan.connection_limit) else {
                tried.push(peer.key);
                continue;
            };
            let begun = socket::connect(backend.plan.address).and_then(|(socket, stands)| {
                connection.attempt = connection.attempt.wrapping_add(1);
                let token = Token::server(key, connection.attempt).to_bits();
                epoll::add(&self.epoll, &socket, EventData::new_u64(token), WATCHED)?;
                Ok((socket, stands))
            });
            match begun {
                Ok((socket, stands)) => {
                    let at = Instant::now() + route.settings.connect_timeout;
                    *due = Some(at);
                    connection.turn_to(socket, seat);
                    if stands {
                        return self.connected(key);
                    }
                    let connections = &self.connections;
                    self.deadlines.push(at, key, self.connecting, |at, key| {
                        connections.get(key).is_some_and(|one| one.is_due(at))
                    });
                    return;
                }
                Err(error) => {
                    tried.push(peer.key);
                    failed(&self.suspicion, &seat, error);
                }
            }
        }
    }

    /// The server's socket has news while it is connecting.
    fn connected(&mut self, key: Key) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        let (Some(server), Some(seat)) = (&connection.server, &mut connection.seat) else { return };
        match socket::connected(server.as_fd()) {
            Ok(()) => {
                seat.accepted();
                connection.stage = Stage::Open;
                self.connecting = self.connecting.saturating_sub(1);
                self.relay(key);
            }
            Err(error) => self.connect_failed(key, error),
        }
    }

    /// The server did not accept: the next one is tried, and the client does
    /// not notice.
    fn connect_failed(&mut self, key: Key, error: Errno) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        connection.server = None;
        let (Stage::Connecting { tried, .. }, Some(seat)) =
            (&mut connection.stage, connection.seat.take())
        else {
            return;
        };
        tried.push(seat.peer.key);
        failed(&self.suspicion, &seat, error);
        drop(seat);
        self.connect(key);
    }

    fn relay(&mut self, key: Key) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        match connection.relay(&mut self.buffer) {
            Progress::Waits => {}
            Progress::More => {
                if !std::mem::replace(&mut connection.queued, true) {
                    self.ready.push_back(Token::Client(key));
                }
            }
            Progress::Finished => drop(self.remove(key)),
            Progress::Broken => self.abort(key),
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

    fn remove(&mut self, key: Key) -> Option<Connection> {
        let connection = self.connections.remove(key)?;
        self.connecting -= usize::from(connection.is_connecting());
        if !self.starved.is_empty() {
            self.feed();
        }
        Some(connection)
    }

    /// Carries out all orders; `None` is the one to stop.
    fn obey(&mut self) -> Option<()> {
        let mut count = [0; 8];
        let _ = rustix::io::read(&*self.bell, &mut count);
        while let Ok(order) = self.inbox.try_recv() {
            match order {
                Order::Adopt(changes, done) => {
                    self.adopt(changes);
                    // A director that no longer waits was told already.
                    let _ = done.send(());
                }
                Order::Stop => return None,
            }
        }
        Some(())
    }

    fn adopt(&mut self, changes: Adoption) {
        self.mute(&changes.muted);
        self.end_services(changes.gone_services);
        for route in changes.routes {
            self.put_route(route);
        }
        self.end_servers(changes.gone_servers);
        for (service, sockets) in changes.listeners {
            for socket in sockets {
                self.listen(service, socket);
            }
        }
    }

    /// Closes listeners, after accepting those that wait in their queues: for
    /// the client these are connections that stand.
    fn mute(&mut self, services: &[u64]) {
        let numbers: Vec<u32> = self
            .listeners
            .iter()
            .filter(|(_, listener)| services.contains(&listener.service))
            .map(|(number, _)| *number)
            .collect();
        for number in numbers {
            let queued = Token::Listener(number);
            loop {
                self.accept(number);
                if self.ready.back() != Some(&queued) {
                    break;
                }
                self.ready.pop_back();
            }
            self.listeners.remove(&number);
        }
    }

    fn end_services(&mut self, services: Vec<u64>) {
        if services.is_empty() {
            return;
        }
        let gone: HashSet<u64> = services.into_iter().collect();
        self.listeners.retain(|_, listener| !gone.contains(&listener.service));
        self.services.retain(|service, _| !gone.contains(service));
        for key in self.connections_where(|connection| gone.contains(&connection.service)) {
            self.abort(key);
        }
    }

    fn end_servers(&mut self, servers: Vec<u64>) {
        if servers.is_empty() {
            return;
        }
        let gone: HashSet<u64> = servers.into_iter().collect();
        let theirs = self.connections_where(|connection| {
            connection.seat.as_ref().is_some_and(|seat| gone.contains(&seat.peer.key))
        });
        for key in theirs {
            let Some(connection) = self.connections.get_mut(key) else { continue };
            if connection.is_connecting() {
                (connection.server, connection.seat) = (None, None);
                self.connect(key);
            } else {
                self.abort(key);
            }
        }
    }

    fn connections_where(&self, is_meant: impl Fn(&Connection) -> bool) -> Vec<Key> {
        self.connections.iter().filter(|(_, one)| is_meant(one)).map(|(key, _)| key).collect()
    }

    fn put_route(&mut self, route: Arc<Route>) {
        let candidates = route.candidates();
        let scheduler = route.settings.scheduler;
        match self.services.get_mut(&route.key) {
            Some(service) if service.choice.scheduler() == scheduler => {
                service.choice.set(&candidates);
                service.route = route;
            }
            _ => {
                // The plan holds only what the capabilities include.
                let Some(mut choice) = Choice::new(scheduler) else { return };
                choice.set(&candidates);
                self.services.insert(route.key, Service { route, choice });
            }
        }
    }

    fn listen(&mut self, service: u64, socket: OwnedFd) {
        let number = self.next_listener;
        self.next_listener = self.next_listener.wrapping_add(1);
        let token = EventData::new_u64(Token::Listener(number).to_bits());
        if let Err(error) = epoll::add(&self.epoll, &socket, token, EventFlags::IN | EventFlags::ET)
        {
            tracing::error!(%error, "a shard cannot watch its listener");
            return;
        }
        self.listeners.insert(number, Listener { socket, service });
    }
}

/// Counts a connection that a server did not accept, and says so to the checks.
fn failed(suspicion: &Suspicion, seat: &Seat, error: Errno) {
    let peer = &seat.peer;
    peer.live.failed.fetch_add(1, Relaxed);
    if !socket::is_local(error) {
        let why = socket::reason(error).unwrap_or("connection failed");
        suspicion.refused(peer.id, &peer.live, why);
    }
}
