//! Whether anything answers at an address, before anybody is asked as anyone.
//!
//! The question for an engine's name (RFC 3414 §4) needs no user and no community,
//! and every engine of version 3 answers it. It goes out by a connected socket,
//! which is told where a host refuses the port; the client's own sockets are not.

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use lcms_snmp::{
    EngineId, Envelope, message,
    usm::Clock,
    v3::{self, V3Message},
};
use tokio::net::UdpSocket;

/// The longest answer that is taken: what one frame of Ethernet carries.
const LONGEST: u32 = 1472;

/// What is at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// An engine, with its name and clock.
    Engine(EngineId, Clock),
    /// The host is there, and has nothing at this port.
    Refused,
    /// Nothing came back: there is no such host, a filter, or an agent without
    /// version 3.
    Silence,
}

/// Asks for an engine's name, `attempts` times at most.
pub async fn probe(address: SocketAddr, wait: Duration, attempts: u32) -> io::Result<Probe> {
    let any: SocketAddr = match address {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(address).await?;
    let mut seed = [0; 4];
    getrandom::fill(&mut seed).map_err(io::Error::other)?;
    // A msgID is not negative.
    let id = (u32::from_be_bytes(seed) >> 1).cast_signed();
    let question = v3::discovery(id, LONGEST);
    for _ in 0..attempts {
        match socket.send(&question).await {
            Ok(_) => {}
            // It is about what was sent before.
            Err(error) if is_refusal(&error) => return Ok(Probe::Refused),
            Err(error) => return Err(error),
        }
        match tokio::time::timeout(wait, answer(&socket, id)).await {
            Ok(Ok(probe)) => return Ok(probe),
            Ok(Err(error)) if is_refusal(&error) => return Ok(Probe::Refused),
            Ok(Err(error)) => return Err(error),
            Err(_) => {}
        }
    }
    Ok(Probe::Silence)
}

fn is_refusal(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::ConnectionRefused
}

/// Waits for the answer with this id; whatever else comes is none.
async fn answer(socket: &UdpSocket, id: i32) -> io::Result<Probe> {
    let mut buffer = vec![0; 2048];
    loop {
        let length = socket.recv(&mut buffer).await?;
        let datagram = buffer.get(..length).unwrap_or_default();
        let Ok(Envelope::V3(whole)) = message::open(datagram) else { continue };
        let Ok(message) = V3Message::decode(whole) else { continue };
        let Ok(usm) = message.usm() else { continue };
        if let (true, Ok(engine)) = (message.id == id, EngineId::new(usm.engine_id)) {
            return Ok(Probe::Engine(engine, Clock { boots: usm.boots, time: usm.time }));
        }
    }
}
