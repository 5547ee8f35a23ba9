//! Small requests over standing connections, the next as soon as the last is
//! answered.

use std::{net::SocketAddrV4, os::fd::OwnedFd, time::Instant};

use lcms_tests::events::Events;
use rustix::{
    io::Errno,
    net::{SendFlags, send},
};

use super::{
    CONCURRENT, Generator, Wrong, standing, take_reply,
    window::{GLANCE, Now, Window},
};
use crate::{failure::Failure, figure::Outcome, wire};

pub struct Keepalive {
    events: Events,
    connections: Vec<Option<Connection>>,
}

struct Connection {
    socket: OwnedFd,
    serial: u64,
}

impl Keepalive {
    pub fn new(target: SocketAddrV4) -> Result<Self, Failure> {
        let events = Events::new().map_err(Failure::doing("epoll"))?;
        let connect = |number| {
            let socket = standing(target)?;
            events.watch(&socket, number).map_err(Failure::doing("epoll"))?;
            Ok(Some(Connection { socket, serial: (number as u64) << 32 }))
        };
        let connections = (0..CONCURRENT).map(connect).collect::<Result<_, Failure>>()?;
        Ok(Self { events, connections })
    }
}

impl Generator for Keepalive {
    fn slice(&mut self, mut window: Window<'_>) -> Result<Outcome, Failure> {
        let mut open = 0;
        for place in &mut self.connections {
            match place.as_ref().map(Connection::ask) {
                Some(Ok(())) => open += 1,
                Some(Err(error)) => {
                    window.failed(&error.into());
                    *place = None;
                }
                None => {}
            }
        }
        let mut now = window.advance(Instant::now())?;
        while open > 0 && now != Now::Stop {
            let events = self.events.wait(Some(&GLANCE)).map_err(Failure::doing("epoll"))?;
            now = window.advance(Instant::now())?;
            for (number, _) in events {
                let place = &mut self.connections[number];
                let Some(connection) = place else { continue };
                match connection.answered(now) {
                    Ok(()) => {
                        window.did(1);
                        open -= usize::from(now != Now::Load);
                    }
                    Err(wrong) => {
                        window.failed(&wrong);
                        *place = None;
                        open -= 1;
                    }
                }
            }
        }
        (0..open).for_each(|_| window.failed(&Wrong::Late));
        Ok(window.outcome())
    }
}

impl Connection {
    fn ask(&self) -> Result<(), Errno> {
        let request = wire::request(self.serial, wire::REPLY as u32);
        send(&self.socket, &request, SendFlags::NOSIGNAL).map(drop)
    }

    fn answered(&mut self, now: Now) -> Result<(), Wrong> {
        take_reply(&self.socket, self.serial)?;
        self.serial += 1;
        if now == Now::Load {
            self.ask()?;
        }
        Ok(())
    }
}
