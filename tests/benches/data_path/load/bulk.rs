//! Replies without end over a few connections.
//!
//! The clients must not be what is measured. So most of what arrives is thrown
//! away by the kernel uncopied, and counted; one read in so many is copied and
//! compared with what belongs at its place.

use std::{net::SocketAddrV4, os::fd::OwnedFd, time::Instant};

use rustix::{
    buffer::spare_capacity,
    event::epoll::{self, CreateFlags, Event, EventData, EventFlags},
    io::Errno,
    net::{RecvFlags, SendFlags, recv, send},
};

use super::{PATIENCE, Window, Wrong, standing, window::GLANCE};
use crate::{
    failure::Failure,
    figure::Outcome,
    wire::{self, ENDLESS, PERIOD},
};

/// Connections at a time, two for each server.
const STREAMS: u64 = 8;

/// One read in so many is checked.
const CHECKED: u64 = 32;

/// Octets thrown away at a time.
const SHARE: usize = 1 << 20;

/// Octets checked at a time.
const SAMPLE: usize = 16 << 10;

struct Stream {
    socket: OwnedFd,
    position: u64,
    reads: u64,
    heard: Instant,
}

pub fn measure(target: SocketAddrV4, mut window: Window<'_>) -> Result<Outcome, Failure> {
    let pattern = wire::pattern();
    let mut buffer = vec![0; SHARE];
    let epoll = epoll::create(CreateFlags::CLOEXEC).map_err(Failure::doing("epoll"))?;
    let mut streams = Vec::new();
    for number in 0..STREAMS {
        let socket = standing(target)?;
        epoll::add(&epoll, &socket, EventData::new_u64(number), EventFlags::IN)
            .map_err(Failure::doing("epoll"))?;
        send(&socket, &wire::request(number, ENDLESS), SendFlags::NOSIGNAL)
            .map_err(Failure::doing("asking"))?;
        streams.push(Some(Stream { socket, position: 0, reads: 0, heard: Instant::now() }));
    }
    let mut events: Vec<Event> = Vec::with_capacity(STREAMS as usize);
    let mut now = Instant::now();
    while window.is_open(now)? {
        events.clear();
        match epoll::wait(&epoll, spare_capacity(&mut events), Some(&GLANCE)) {
            Err(Errno::INTR) => continue,
            other => other.map_err(Failure::doing("epoll"))?,
        };
        now = Instant::now();
        for event in &events {
            let place = &mut streams[event.data.u64() as usize];
            let Some(stream) = place else { continue };
            stream.heard = now;
            match stream.take(&pattern, &mut buffer) {
                Ok(taken) => window.outcome.done += taken,
                Err(wrong) => {
                    window.fail(&wrong);
                    *place = None;
                }
            }
        }
    }
    for stream in streams.iter().flatten() {
        if now.saturating_duration_since(stream.heard) > PATIENCE {
            window.fail(&Wrong::Late);
        }
    }
    window.close()
}

impl Stream {
    /// Takes what has arrived; how much it was.
    fn take(&mut self, pattern: &[u8], buffer: &mut [u8]) -> Result<u64, Wrong> {
        let checked = self.reads % CHECKED == 0;
        self.reads += 1;
        let place = (self.position % PERIOD as u64) as usize;
        let taken = if checked {
            let most = SAMPLE.min(PERIOD - place);
            recv(&self.socket, &mut buffer[..most], RecvFlags::empty())
        } else {
            recv(&self.socket, &mut *buffer, RecvFlags::TRUNC)
        };
        let taken = match taken {
            Ok((_, 0)) => return Err(Wrong::Closed),
            Ok((_, taken)) => taken,
            Err(Errno::AGAIN | Errno::INTR) => return Ok(0),
            Err(error) => return Err(error.into()),
        };
        if checked && buffer[..taken] != pattern[place..place + taken] {
            return Err(Wrong::Reply { serial: self.position, length: taken });
        }
        self.position += taken as u64;
        Ok(taken as u64)
    }
}
