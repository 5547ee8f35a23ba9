//! Many connections that stand and do nothing, each after one request.

use std::{net::SocketAddrV4, os::fd::OwnedFd, thread, time::Duration};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    net::{SendFlags, send},
};

use super::{Generator, Wrong, standing, take_reply, window::Window};
use crate::{failure::Failure, figure::Outcome, wire};

/// How many they are.
const CONNECTIONS: u64 = 9_000;

/// Connections that ask at a time.
const GROUP: usize = 50;

/// What a director gets to tidy up.
const REST: Duration = Duration::from_millis(300);

pub struct Memory {
    target: SocketAddrV4,
}

impl Memory {
    pub fn new(target: SocketAddrV4) -> Self {
        Self { target }
    }
}

impl Generator for Memory {
    fn slice(&mut self, mut window: Window<'_>) -> Result<Outcome, Failure> {
        let before = window.meter().resident();
        let mut sockets = Vec::new();
        let mut stand = 0;
        let serials: Vec<u64> = (0..CONNECTIONS).collect();
        for group in serials.chunks(GROUP) {
            let first = sockets.len();
            for &serial in group {
                let socket = standing(self.target)?;
                let request = wire::request(serial, wire::REPLY as u32);
                send(&socket, &request, SendFlags::NOSIGNAL).map_err(Failure::doing("asking"))?;
                sockets.push(socket);
            }
            for (socket, &serial) in sockets[first..].iter().zip(group) {
                match reply(socket, serial) {
                    Ok(()) => stand += 1,
                    Err(wrong) => window.failed(&wrong),
                }
            }
        }
        thread::sleep(REST);
        let after = window.meter().resident();
        Ok(Outcome { done: stand, resident: Some((before, after)), ..window.outcome() })
    }
}

/// Waits for a reply and takes it.
fn reply(socket: &OwnedFd, serial: u64) -> Result<(), Wrong> {
    let patience = Timespec { tv_sec: 1, tv_nsec: 0 };
    if poll(&mut [PollFd::new(socket, PollFlags::IN)], Some(&patience))? == 0 {
        return Err(Wrong::Late);
    }
    take_reply(socket, serial)
}
