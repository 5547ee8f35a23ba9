//! Connect, one request, its reply, close: by the client.

use std::{net::SocketAddrV4, os::fd::OwnedFd, time::Instant};

use rustix::{
    buffer::spare_capacity,
    event::epoll::{self, CreateFlags, Event, EventData, EventFlags},
    io::Errno,
    net::{AddressFamily, SendFlags, SocketFlags, SocketType, connect, send, socket_with, sockopt},
};

use super::{CONCURRENT, PATIENCE, Window, Wrong, take_reply, window::GLANCE};
use crate::{failure::Failure, figure::Outcome, wire};

/// Said once for each edge, so that nothing has to be said to epoll but once a
/// connection.
const WATCHED: EventFlags = EventFlags::IN.union(EventFlags::OUT).union(EventFlags::ET);

struct Connection {
    socket: OwnedFd,
    serial: u64,
    asked: bool,
    begun: Instant,
}

struct Clients {
    epoll: OwnedFd,
    target: SocketAddrV4,
    serial: u64,
}

pub fn measure(target: SocketAddrV4, mut window: Window<'_>) -> Result<Outcome, Failure> {
    let epoll = epoll::create(CreateFlags::CLOEXEC).map_err(Failure::doing("epoll"))?;
    let mut clients = Clients { epoll, target, serial: 0 };
    let mut now = Instant::now();
    let mut connections = Vec::with_capacity(CONCURRENT);
    for number in 0..CONCURRENT {
        connections.push(Some(clients.begin(number, now).map_err(Failure::doing("connecting"))?));
    }
    let mut events: Vec<Event> = Vec::with_capacity(CONCURRENT);
    while window.is_open(now)? {
        events.clear();
        match epoll::wait(&clients.epoll, spare_capacity(&mut events), Some(&GLANCE)) {
            Err(Errno::INTR) => continue,
            other => other.map_err(Failure::doing("epoll"))?,
        };
        now = Instant::now();
        for event in &events {
            let number = event.data.u64() as usize;
            let Some(connection) = &mut connections[number] else { continue };
            match connection.proceed(event.flags) {
                Ok(false) => continue,
                Ok(true) => window.outcome.done += 1,
                Err(wrong) => window.fail(&wrong),
            }
            // Closed first: one socket a place, and one event a round for it.
            connections[number] = None;
            match clients.begin(number, now) {
                Ok(next) => connections[number] = Some(next),
                Err(error) => window.fail(&error.into()),
            }
        }
    }
    for connection in connections.iter().flatten() {
        if now.saturating_duration_since(connection.begun) > PATIENCE {
            window.fail(&Wrong::Late);
        }
    }
    window.close()
}

impl Clients {
    fn begin(&mut self, number: usize, now: Instant) -> Result<Connection, Errno> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?;
        match connect(&socket, &self.target) {
            Ok(()) | Err(Errno::INPROGRESS) => {}
            Err(error) => return Err(error),
        }
        epoll::add(&self.epoll, &socket, EventData::new_u64(number as u64), WATCHED)?;
        self.serial += 1;
        Ok(Connection { socket, serial: self.serial, asked: false, begun: now })
    }
}

impl Connection {
    /// Whether it is done.
    fn proceed(&mut self, flags: EventFlags) -> Result<bool, Wrong> {
        if flags.intersects(EventFlags::ERR) {
            sockopt::socket_error(&self.socket)??;
        }
        if !self.asked {
            if flags.intersects(EventFlags::OUT) {
                let request = wire::request(self.serial, wire::REPLY as u32);
                send(&self.socket, &request, SendFlags::NOSIGNAL)?;
                self.asked = true;
            }
            return Ok(false);
        }
        if !flags.intersects(EventFlags::IN) {
            return Ok(false);
        }
        take_reply(&self.socket, self.serial).map(|()| true)
    }
}
