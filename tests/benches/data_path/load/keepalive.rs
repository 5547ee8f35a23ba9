//! Small requests over standing connections, the next as soon as the last is
//! answered.

use std::{net::SocketAddrV4, os::fd::OwnedFd, time::Instant};

use rustix::{
    buffer::spare_capacity,
    event::epoll::{self, CreateFlags, Event, EventData, EventFlags},
    io::Errno,
    net::{SendFlags, send},
};

use super::{CONCURRENT, PATIENCE, Window, Wrong, standing, take_reply, window::GLANCE};
use crate::{failure::Failure, figure::Outcome, wire};

struct Connection {
    socket: OwnedFd,
    serial: u64,
    asked: Instant,
}

pub fn measure(target: SocketAddrV4, mut window: Window<'_>) -> Result<Outcome, Failure> {
    let epoll = epoll::create(CreateFlags::CLOEXEC).map_err(Failure::doing("epoll"))?;
    let mut connections = Vec::with_capacity(CONCURRENT);
    for number in 0..CONCURRENT as u64 {
        let socket = standing(target)?;
        epoll::add(&epoll, &socket, EventData::new_u64(number), EventFlags::IN)
            .map_err(Failure::doing("epoll"))?;
        let mut connection = Connection { socket, serial: number << 32, asked: Instant::now() };
        connection.ask(Instant::now()).map_err(Failure::doing("asking"))?;
        connections.push(Some(connection));
    }
    let mut events: Vec<Event> = Vec::with_capacity(CONCURRENT);
    let mut now = Instant::now();
    while window.is_open(now)? {
        events.clear();
        match epoll::wait(&epoll, spare_capacity(&mut events), Some(&GLANCE)) {
            Err(Errno::INTR) => continue,
            other => other.map_err(Failure::doing("epoll"))?,
        };
        now = Instant::now();
        for event in &events {
            let place = &mut connections[event.data.u64() as usize];
            let Some(connection) = place else { continue };
            match connection.answered(now) {
                Ok(()) => window.outcome.done += 1,
                Err(wrong) => {
                    window.fail(&wrong);
                    *place = None;
                }
            }
        }
    }
    for connection in connections.iter().flatten() {
        if now.saturating_duration_since(connection.asked) > PATIENCE {
            window.fail(&Wrong::Late);
        }
    }
    window.close()
}

impl Connection {
    fn ask(&mut self, now: Instant) -> Result<(), Errno> {
        self.asked = now;
        let request = wire::request(self.serial, wire::REPLY as u32);
        send(&self.socket, &request, SendFlags::NOSIGNAL).map(drop)
    }

    fn answered(&mut self, now: Instant) -> Result<(), Wrong> {
        take_reply(&self.socket, self.serial)?;
        self.serial += 1;
        Ok(self.ask(now)?)
    }
}
