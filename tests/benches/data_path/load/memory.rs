//! Many connections that stand and do nothing, each after one request.

use std::{net::SocketAddrV4, os::fd::OwnedFd, thread, time::Duration};

use rustix::net::{SendFlags, send};

use super::{Wrong, standing, take_reply};
use crate::{cpu::Meter, failure::Failure, figure::Outcome, wire};

/// How many they are.
const CONNECTIONS: u64 = 9_000;

/// Connections that ask at a time.
const GROUP: usize = 50;

/// What a director gets to tidy up.
const REST: Duration = Duration::from_millis(300);

pub fn measure(target: SocketAddrV4, meter: &Meter) -> Result<Outcome, Failure> {
    let before = meter.resident();
    let mut outcome = Outcome::default();
    let mut sockets = Vec::new();
    let serials: Vec<u64> = (0..CONNECTIONS).collect();
    for group in serials.chunks(GROUP) {
        let first = sockets.len();
        for &serial in group {
            let socket = standing(target)?;
            let request = wire::request(serial, wire::REPLY as u32);
            send(&socket, &request, SendFlags::NOSIGNAL).map_err(Failure::doing("asking"))?;
            sockets.push(socket);
        }
        for (socket, &serial) in sockets[first..].iter().zip(group) {
            match reply(socket, serial) {
                Ok(()) => outcome.done += 1,
                Err(wrong) => {
                    outcome.failed += 1;
                    outcome.failure = Some(wrong.to_string());
                }
            }
        }
    }
    thread::sleep(REST);
    outcome.resident = Some((before, meter.resident()));
    Ok(outcome)
}

/// Waits for a reply and takes it.
fn reply(socket: &OwnedFd, serial: u64) -> Result<(), Wrong> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let patience = Timespec { tv_sec: 1, tv_nsec: 0 };
    if poll(&mut [PollFd::new(socket, PollFlags::IN)], Some(&patience))? == 0 {
        return Err(Wrong::Late);
    }
    take_reply(socket, serial)
}
