//! Requests at a fixed rate, whether the last ones were answered or not.
//!
//! A latency counts from when a request was due, not from when a connection
//! was free to send it: a stall is charged to every request it kept waiting.

use std::{
    collections::VecDeque,
    net::SocketAddrV4,
    os::fd::OwnedFd,
    time::{Duration, Instant},
};

use rustix::{
    buffer::spare_capacity,
    event::{
        Timespec,
        epoll::{self, CreateFlags, Event, EventData, EventFlags},
    },
    io::Errno,
    net::{SendFlags, send},
};

use super::{CONCURRENT, PATIENCE, Window, Wrong, standing, take_reply};
use crate::{failure::Failure, figure::Outcome, spread, wire};

/// Time between two requests: 4,000 a second.
const BEAT: Duration = Duration::from_micros(250);

struct Connection {
    socket: OwnedFd,
    serial: u64,
    due: Instant,
}

struct Clients {
    connections: Vec<Connection>,
    idle: VecDeque<usize>,
    /// When those requests were due for which no connection was free.
    waiting: VecDeque<Instant>,
}

pub fn measure(target: SocketAddrV4, mut window: Window<'_>) -> Result<Outcome, Failure> {
    let epoll = epoll::create(CreateFlags::CLOEXEC).map_err(Failure::doing("epoll"))?;
    let mut clients = Clients {
        connections: Vec::new(),
        idle: (0..CONCURRENT).collect(),
        waiting: VecDeque::new(),
    };
    for number in 0..CONCURRENT as u64 {
        let socket = standing(target)?;
        epoll::add(&epoll, &socket, EventData::new_u64(number), EventFlags::IN)
            .map_err(Failure::doing("epoll"))?;
        let due = Instant::now();
        clients.connections.push(Connection { socket, serial: number << 32, due });
    }
    let mut latencies = Vec::new();
    let mut events: Vec<Event> = Vec::with_capacity(CONCURRENT);
    let mut now = Instant::now();
    let mut next = now;
    while window.is_open(now)? {
        events.clear();
        // Timers wake a virtual machine late. So this never sleeps; it is run
        // where whoever has work to do takes the processor from it.
        match epoll::wait(&epoll, spare_capacity(&mut events), Some(&Timespec::default())) {
            Err(Errno::INTR) => continue,
            other => other.map_err(Failure::doing("epoll"))?,
        };
        now = Instant::now();
        for event in &events {
            match clients.answered(event.data.u64() as usize, now) {
                Ok(latency) => {
                    window.outcome.done += 1;
                    if window.is_counting() {
                        latencies.push(latency.as_secs_f64() * 1e6);
                    }
                }
                Err(wrong) => window.fail(&wrong),
            }
        }
        while next <= now {
            clients.ask(next).unwrap_or_else(|error| window.fail(&error.into()));
            next += BEAT;
        }
    }
    let late = |due: &Instant| now.saturating_duration_since(*due) > PATIENCE;
    let busy = (0..CONCURRENT).filter(|number| !clients.idle.contains(number));
    let sent = busy.map(|number| clients.connections[number].due);
    for _ in sent.chain(clients.waiting).filter(late) {
        window.fail(&Wrong::Late);
    }
    let mut outcome = window.close()?;
    outcome.median = spread::quantile(&mut latencies, 0.5);
    outcome.p99 = spread::quantile(&mut latencies, 0.99);
    Ok(outcome)
}

impl Clients {
    fn ask(&mut self, due: Instant) -> Result<(), Errno> {
        let Some(number) = self.idle.pop_front() else {
            self.waiting.push_back(due);
            return Ok(());
        };
        let connection = &mut self.connections[number];
        connection.serial += 1;
        connection.due = due;
        let request = wire::request(connection.serial, wire::REPLY as u32);
        send(&connection.socket, &request, SendFlags::NOSIGNAL).map(drop)
    }

    /// The latency of the request that was answered. A connection that failed
    /// is not used again.
    fn answered(&mut self, number: usize, now: Instant) -> Result<Duration, Wrong> {
        let connection = &self.connections[number];
        take_reply(&connection.socket, connection.serial)?;
        let latency = now.saturating_duration_since(connection.due);
        self.idle.push_back(number);
        if let Some(due) = self.waiting.pop_front() {
            self.ask(due)?;
        }
        Ok(latency)
    }
}
