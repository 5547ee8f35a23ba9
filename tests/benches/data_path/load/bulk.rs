//! Replies without end over a few connections.
//!
//! The clients must not be what is measured. So most of what arrives is thrown
//! away by the kernel uncopied, and counted; one read in so many is copied and
//! compared with what belongs at its place.

use std::{net::SocketAddrV4, os::fd::OwnedFd, time::Instant};

use lcms_tests::events::Events;
use rustix::{
    io::Errno,
    net::{RecvFlags, SendFlags, recv, send},
};

use super::{
    Generator, Wrong, standing,
    window::{GLANCE, Now, Window},
};
use crate::{
    failure::Failure,
    figure::Outcome,
    wire::{self, ENDLESS, PERIOD},
};

/// Connections at a time, two for each server.
const STREAMS: usize = 8;

/// One read in so many is checked.
const CHECKED: u64 = 32;

/// Octets thrown away at a time.
const SHARE: usize = 1 << 20;

/// Octets checked at a time.
const SAMPLE: usize = 16 << 10;

pub struct Bulk {
    target: SocketAddrV4,
    pattern: Vec<u8>,
    buffer: Vec<u8>,
}

struct Stream {
    socket: OwnedFd,
    position: u64,
    reads: u64,
}

impl Bulk {
    pub fn new(target: SocketAddrV4) -> Self {
        Self { target, pattern: wire::pattern(), buffer: vec![0; SHARE] }
    }
}

impl Generator for Bulk {
    /// The connections are those of the slice alone: one that has stood full
    /// for a while, its windows closed, does not soon come to speed again.
    fn slice(&mut self, mut window: Window<'_>) -> Result<Outcome, Failure> {
        let mut events = Events::new().map_err(Failure::doing("epoll"))?;
        let connect = |number| {
            let socket = standing(self.target)?;
            events.watch(&socket, number).map_err(Failure::doing("epoll"))?;
            send(&socket, &wire::request(number as u64, ENDLESS), SendFlags::NOSIGNAL)
                .map_err(Failure::doing("asking"))?;
            Ok(Some(Stream { socket, position: 0, reads: 0 }))
        };
        let mut streams: Vec<_> = (0..STREAMS).map(connect).collect::<Result<_, Failure>>()?;
        while window.advance(Instant::now())? == Now::Load {
            for (number, _) in events.wait(Some(&GLANCE)).map_err(Failure::doing("epoll"))? {
                let place = &mut streams[number];
                let Some(stream) = place else { continue };
                match stream.take(&self.pattern, &mut self.buffer) {
                    Ok(taken) => window.did(taken),
                    Err(wrong) => {
                        window.failed(&wrong);
                        *place = None;
                    }
                }
            }
        }
        for _ in streams.iter().flatten().filter(|stream| stream.position == 0) {
            window.failed(&Wrong::Late);
        }
        Ok(window.outcome())
    }
}

impl Stream {
    /// Takes what has arrived; how much it was.
    fn take(&mut self, pattern: &[u8], buffer: &mut [u8]) -> Result<u64, Wrong> {
        let checked = self.reads.is_multiple_of(CHECKED);
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
