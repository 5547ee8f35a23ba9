//! Connect, one request, its reply, close: by the client.

use std::{net::SocketAddrV4, os::fd::OwnedFd, time::Instant};

use lcms_tests::events::Events;
use rustix::{
    event::epoll::EventFlags,
    io::Errno,
    net::{AddressFamily, SendFlags, SocketFlags, SocketType, connect, send, socket_with, sockopt},
};

use super::{
    CONCURRENT, Generator, Wrong, take_reply,
    window::{GLANCE, Now, Window},
};
use crate::{failure::Failure, figure::Outcome, wire};

/// Said once for each edge, so that nothing has to be said to epoll but once a
/// connection.
const WATCHED: EventFlags = EventFlags::IN.union(EventFlags::OUT).union(EventFlags::ET);

pub struct Connections {
    events: Events,
    target: SocketAddrV4,
    serial: u64,
}

struct Connection {
    socket: OwnedFd,
    serial: u64,
    asked: bool,
}

impl Connections {
    pub fn new(target: SocketAddrV4) -> Result<Self, Failure> {
        Ok(Self { events: Events::new().map_err(Failure::doing("epoll"))?, target, serial: 0 })
    }

    fn begin(&mut self, number: usize) -> Result<Connection, Errno> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?;
        match connect(&socket, &self.target) {
            Ok(()) | Err(Errno::INPROGRESS) => {}
            Err(error) => return Err(error),
        }
        self.events.watch_for(&socket, number, WATCHED)?;
        self.serial += 1;
        Ok(Connection { socket, serial: self.serial, asked: false })
    }
}

impl Generator for Connections {
    fn slice(&mut self, mut window: Window<'_>) -> Result<Outcome, Failure> {
        let mut open: [Option<Connection>; CONCURRENT] = [const { None }; CONCURRENT];
        // Places whose connection is over.
        let mut free: Vec<usize> = (0..CONCURRENT).collect();
        let mut now = window.advance(Instant::now())?;
        while now != Now::Stop {
            while now == Now::Load
                && let Some(number) = free.pop()
            {
                match self.begin(number) {
                    Ok(connection) => open[number] = Some(connection),
                    Err(error) => {
                        free.push(number);
                        window.failed(&error.into());
                        break;
                    }
                }
            }
            if free.len() == CONCURRENT {
                break;
            }
            let events = self.events.wait(Some(&GLANCE)).map_err(Failure::doing("epoll"))?;
            now = window.advance(Instant::now())?;
            for (number, flags) in events {
                let Some(connection) = &mut open[number] else { continue };
                match connection.proceed(flags) {
                    Ok(false) => continue,
                    Ok(true) => window.did(1),
                    Err(wrong) => window.failed(&wrong),
                }
                open[number] = None;
                free.push(number);
            }
        }
        open.iter().flatten().for_each(|_| window.failed(&Wrong::Late));
        Ok(window.outcome())
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
