//! Requests at a fixed rate, whether the last ones were answered or not.
//!
//! A latency counts from when a request was due, not from when a connection
//! was free to send it: a stall is charged to every request it kept waiting.
//! Timers wake a virtual machine late, so this never sleeps; it is run behind
//! all that has work to do on its processor.

use std::{
    collections::VecDeque,
    net::SocketAddrV4,
    os::fd::OwnedFd,
    time::{Duration, Instant},
};

use lcms_tests::events::Events;
use rustix::{
    event::Timespec,
    io::Errno,
    net::{SendFlags, send},
};

use super::{
    CONCURRENT, Generator, Wrong, standing, take_reply,
    window::{Now, Window},
};
use crate::{failure::Failure, figure::Outcome, wire};

/// Time between two requests: 4,000 a second.
const BEAT: Duration = Duration::from_micros(250);

const AT_ONCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

pub struct Latency {
    events: Events,
    clients: Clients,
}

struct Clients {
    connections: Vec<Connection>,
    idle: VecDeque<usize>,
    /// When those requests were due for which no connection was free.
    waiting: VecDeque<Instant>,
}

struct Connection {
    socket: OwnedFd,
    serial: u64,
    due: Instant,
}

impl Latency {
    pub fn new(target: SocketAddrV4) -> Result<Self, Failure> {
        let events = Events::new().map_err(Failure::doing("epoll"))?;
        let connect = |number| {
            let socket = standing(target)?;
            events.watch(&socket, number).map_err(Failure::doing("epoll"))?;
            Ok(Connection { socket, serial: (number as u64) << 32, due: Instant::now() })
        };
        let connections = (0..CONCURRENT).map(connect).collect::<Result<_, Failure>>()?;
        let (idle, waiting) = ((0..CONCURRENT).collect(), VecDeque::new());
        Ok(Self { events, clients: Clients { connections, idle, waiting } })
    }
}

impl Generator for Latency {
    fn slice(&mut self, mut window: Window<'_>) -> Result<Outcome, Failure> {
        let mut latencies = Vec::new();
        let mut due = Instant::now();
        let mut now = window.advance(due)?;
        let mut asked = 0;
        let mut answered = 0;
        while now == Now::Load || (now == Now::Drain && answered < asked) {
            let events = self.events.wait(Some(&AT_ONCE)).map_err(Failure::doing("epoll"))?;
            let time = Instant::now();
            now = window.advance(time)?;
            for (number, _) in events {
                answered += 1;
                match self.clients.answered(number, time) {
                    Ok(latency) if window.is_counting() => {
                        window.did(1);
                        latencies.push(latency.as_nanos() as u64);
                    }
                    Ok(_) => {}
                    Err(wrong) => window.failed(&wrong),
                }
            }
            while now == Now::Load && due <= time {
                asked += 1;
                self.clients.ask(due).unwrap_or_else(|error| window.failed(&error.into()));
                due += BEAT;
            }
        }
        (answered..asked).for_each(|_| window.failed(&Wrong::Late));
        let mut outcome = window.outcome();
        outcome.nanoseconds = latencies;
        Ok(outcome)
    }
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
    fn answered(&mut self, number: usize, time: Instant) -> Result<Duration, Wrong> {
        let connection = &self.connections[number];
        take_reply(&connection.socket, connection.serial)?;
        let latency = time.saturating_duration_since(connection.due);
        self.idle.push_back(number);
        if let Some(due) = self.waiting.pop_front() {
            self.ask(due)?;
        }
        Ok(latency)
    }
}
