//! The clients: one loop over epoll for each figure.

mod bulk;
mod connections;
mod keepalive;
mod latency;
mod memory;
mod window;

use std::{
    io::{self, Read, Write},
    net::{SocketAddrV4, TcpStream},
    os::fd::OwnedFd,
    thread,
    time::{Duration, Instant},
};

use rustix::{
    io::Errno,
    net::{RecvFlags, recv},
};

use self::{
    bulk::Bulk, connections::Connections, keepalive::Keepalive, latency::Latency, memory::Memory,
    window::Window,
};
use crate::{
    failure::Failure,
    figure::{Figure, Outcome},
    options::Load,
    process::Meter,
    wire::{self, Reply},
};

/// Connections with a request on its way, for all figures but bulk and memory.
const CONCURRENT: usize = 64;

/// What is let pass before a window: by then the caches are warm again.
const WARM_UP: Duration = Duration::from_millis(50);

/// How long a director may take to its first reply, in seconds.
const FIRST_REPLY: u64 = 10;

/// Requests before anything is measured, so that each server and each thread
/// of a director has had some.
const KNOCKS: u64 = 32;

/// A reply that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(1);

/// A kind of load.
trait Generator {
    /// Loads for a while, and comes to rest.
    fn slice(&mut self, window: Window<'_>) -> Result<Outcome, Failure>;
}

/// Says once that the director answers. Then, whenever it is told a line,
/// measures for a slice, and writes the outcome as a line of JSON.
pub fn run(load: &Load) -> Result<(), Failure> {
    knock(load.target)?;
    let meter = Meter::new(load.watch);
    let mut generator: Box<dyn Generator> = match load.figure {
        Figure::Keepalive => Box::new(Keepalive::new(load.target)?),
        Figure::Connections => Box::new(Connections::new(load.target)?),
        Figure::Bulk => Box::new(Bulk::new(load.target)),
        Figure::Latency => Box::new(Latency::new(load.target)?),
        Figure::Memory => Box::new(Memory::new(load.target)),
    };
    println!("ready");
    for order in io::stdin().lines() {
        order.map_err(Failure::doing("reading orders"))?;
        let window = Window::new(&meter, WARM_UP, Duration::from_secs_f64(load.seconds));
        let outcome = generator.slice(window)?;
        let line = serde_json::to_string(&outcome).map_err(Failure::doing("writing"))?;
        println!("{line}");
    }
    Ok(())
}

/// Waits until the director passes requests on.
fn knock(target: SocketAddrV4) -> Result<(), Failure> {
    let start = Instant::now();
    let mut knocked = 0;
    while knocked < KNOCKS {
        match ask(target, knocked) {
            Ok(()) => knocked += 1,
            Err(error) if start.elapsed() > Duration::from_secs(FIRST_REPLY) => {
                return Err(Failure::Silent(FIRST_REPLY, error.to_string()));
            }
            // A pause between two looks; what is waited for is the reply.
            Err(_) => thread::sleep(Duration::from_millis(20)),
        }
    }
    Ok(())
}

fn ask(target: SocketAddrV4, serial: u64) -> io::Result<()> {
    let mut stream = TcpStream::connect_timeout(&target.into(), PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(&wire::request(serial, wire::REPLY as u32))?;
    let mut reply: Reply = [0; wire::REPLY];
    stream.read_exact(&mut reply)?;
    if reply == wire::reply(serial) { Ok(()) } else { Err(io::ErrorKind::InvalidData.into()) }
}

/// A connection that stands, for a loop over epoll.
fn standing(target: SocketAddrV4) -> Result<OwnedFd, Failure> {
    let connect = || {
        let stream = TcpStream::connect_timeout(&target.into(), PATIENCE)?;
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        io::Result::Ok(stream)
    };
    connect().map(OwnedFd::from).map_err(Failure::doing("connecting"))
}

/// Takes the reply to a request, whole; what is wrong with it otherwise.
fn take_reply(socket: &OwnedFd, serial: u64) -> Result<(), Wrong> {
    // One octet more than there should be.
    let mut reply = [0; wire::REPLY + 1];
    match recv(socket, &mut reply, RecvFlags::empty()) {
        Ok((_, wire::REPLY)) if reply[..wire::REPLY] == wire::reply(serial) => Ok(()),
        Ok((_, 0)) => Err(Wrong::Closed),
        Ok((_, length)) => Err(Wrong::Reply { serial, length }),
        Err(error) => Err(Wrong::System(error)),
    }
}

/// What was wrong with a reply or connection.
#[derive(Debug, thiserror::Error)]
enum Wrong {
    #[error("closed before the reply")]
    Closed,
    #[error("reply to {serial} is wrong, {length} octets of it")]
    Reply { serial: u64, length: usize },
    #[error("no reply within {PATIENCE:?}")]
    Late,
    #[error("{0}")]
    System(#[from] Errno),
}
