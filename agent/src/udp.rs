//! SNMP over UDP: one socket and one thread for each address to listen on.

use std::{
    io,
    net::SocketAddr,
    os::fd::OwnedFd,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use lcms_udp::{Inbox, Outbox, Peer};
use rustix::net::sockopt::set_socket_recv_buffer_size_force;
use socket2::{Domain, Protocol, Socket, Type};

use crate::{
    bell::Bell,
    engine::{At, Engine, Verdict, Workspace},
    setter::Setter,
    state::{AgentState, Publisher},
};

/// Room for what comes while this thread has no processor: the bursts of many managers
/// that poll at the same second, or a good request among bad messages, whose sender
/// would wait for his timeout if it were dropped. A busy scheduler takes 16 ms for one
/// round, in which a flood of messages of all sizes brings two or three mebibytes.
const RECEIVE_BUFFER: usize = 4 << 20;

/// How long to leave a socket alone whose error is not that of one packet.
const PAUSE: Duration = Duration::from_millis(50);

/// A bound socket, not yet served.
#[derive(Debug)]
pub struct Listener(lcms_udp::Socket);

/// A served socket.
#[derive(Debug)]
pub struct Service {
    stop: Arc<AtomicBool>,
    bell: Arc<Bell>,
    thread: JoinHandle<()>,
}

impl Listener {
    /// Binds an address; port 0 takes any that is free.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
        if address.is_ipv6() {
            // `[::]` and `0.0.0.0` are two addresses and may both be listened on.
            socket.set_only_v6(true)?;
        }
        // Whoever administers networks may exceed net.core.rmem_max; others are granted
        // what it allows. Less is no reason to fail.
        if set_socket_recv_buffer_size_force(&socket, RECEIVE_BUFFER).is_err()
            && let Err(error) = socket.set_recv_buffer_size(RECEIVE_BUFFER)
        {
            tracing::debug!(%error, "the receive buffer keeps its size");
        }
        socket.bind(&address.into())?;
        Ok(Self(lcms_udp::Socket::new(socket.into())?))
    }

    /// Goes on with the socket of another process.
    pub fn inherit(socket: OwnedFd) -> io::Result<Self> {
        Ok(Self(lcms_udp::Socket::new(socket.into())?))
    }

    /// A duplicate of the socket, for another process.
    pub fn socket(&self) -> io::Result<OwnedFd> {
        Ok(self.0.try_clone()?.into())
    }

    /// Where it is bound.
    pub fn address(&self) -> SocketAddr {
        self.0.address()
    }

    /// Serves it on a thread of its own.
    pub fn serve(
        self,
        engine: Arc<Engine<AgentState>>,
        publisher: Arc<Publisher>,
        setter: Setter,
    ) -> io::Result<Service> {
        let socket = Arc::new(self.0);
        let port = socket.address().port();
        let stop = Arc::new(AtomicBool::new(false));
        let bell = Arc::new(Bell::new()?);
        let server = Server {
            socket,
            stop: Arc::clone(&stop),
            bell: Arc::clone(&bell),
            engine,
            publisher,
            setter,
        };
        let thread =
            thread::Builder::new().name(format!("udp {port}")).spawn(move || server.run())?;
        Ok(Service { stop, bell, thread })
    }
}

impl Service {
    /// Ends the thread.
    pub fn stop(self) {
        self.stop.store(true, Ordering::Release);
        self.bell.ring();
        if self.thread.join().is_err() {
            tracing::error!("the thread of an SNMP listener had died");
        }
    }
}

struct Server {
    socket: Arc<lcms_udp::Socket>,
    stop: Arc<AtomicBool>,
    bell: Arc<Bell>,
    engine: Arc<Engine<AgentState>>,
    publisher: Arc<Publisher>,
    setter: Setter,
}

impl Server {
    fn run(self) {
        let mut workspace = Workspace::default();
        let mut inbox = Inbox::new(Arc::clone(&self.socket));
        let mut outbox = Outbox::new(Arc::clone(&self.socket));
        // What was taken is answered, also as the last thing: nobody else has it.
        while !self.stop.load(Ordering::Acquire) {
            match inbox.receive() {
                Ok(datagrams) => self.answer(datagrams, &mut outbox, &mut workspace),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    match self.bell.wait(&self.socket) {
                        Ok(true) => {}
                        Ok(false) => return,
                        Err(error) => self.bear(&error),
                    }
                }
                Err(error) => self.bear(&error),
            }
        }
    }

    /// Answers what has come together by one state, at least as new as the last thing
    /// that any of its senders was told.
    fn answer<'d>(
        &self,
        datagrams: impl Iterator<Item = (&'d [u8], Peer)>,
        outbox: &mut Outbox,
        workspace: &mut Workspace,
    ) {
        let state = self.publisher.current();
        let at = At { state: &**state, now: Instant::now() };
        for (datagram, peer) in datagrams {
            match self.engine.receive(at, peer.address.into(), datagram, workspace) {
                Verdict::Drop => {}
                Verdict::Reply(reply) | Verdict::Report(reply) => {
                    lost(outbox.put(&peer, reply));
                }
                Verdict::Set => self.setter.submit(&self.socket, peer, datagram, workspace),
            }
        }
        lost(outbox.send());
    }

    /// An error that an earlier reply brought back is of no interest here; one
    /// of the socket itself may last, and must not make the thread spin.
    fn bear(&self, error: &io::Error) {
        use io::ErrorKind::{ConnectionRefused, ConnectionReset, HostUnreachable, Interrupted};
        use io::ErrorKind::{NetworkUnreachable, WouldBlock};
        match error.kind() {
            ConnectionRefused | ConnectionReset | HostUnreachable | NetworkUnreachable
            | Interrupted | WouldBlock => {}
            _ => {
                tracing::warn!(%error, "receiving SNMP messages");
                thread::sleep(PAUSE);
            }
        }
    }
}

/// Sends a reply.
pub fn send(socket: &lcms_udp::Socket, to: &Peer, reply: &[u8]) {
    lost(socket.reply(to, reply));
}

/// A reply that cannot be sent is lost like any datagram may be.
fn lost(sent: io::Result<()>) {
    if let Err(error) = sent {
        tracing::debug!(%error, "a reply was not sent");
    }
}

#[cfg(test)]
mod tests {
    use std::{error::Error, fs};

    use rustix::net::sockopt::socket_recv_buffer_size;

    use super::*;

    #[test]
    fn the_receive_buffer_is_as_large_as_the_system_allows() -> Result<(), Box<dyn Error>> {
        let listener = Listener::bind("127.0.0.1:0".parse()?)?;
        let limit: usize = fs::read_to_string("/proc/sys/net/core/rmem_max")?.trim().parse()?;
        // The kernel counts what it needs besides, and so doubles what is asked for.
        let granted = socket_recv_buffer_size(&listener.0)? / 2;
        assert!(granted >= RECEIVE_BUFFER.min(limit), "{granted}");
        Ok(())
    }
}
