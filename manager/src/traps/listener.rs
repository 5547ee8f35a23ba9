//! The sockets: one thread for all of them, which looks at what comes, tells who has
//! to be told something at once, and puts what is taken into the store's queue.

use std::{
    io::{self, PipeReader},
    net::SocketAddr,
    sync::{
        Arc,
        mpsc::{SyncSender, TrySendError},
    },
    time::Instant,
};

use jiff::Timestamp;
use lcms_udp::{Inbox, Peer, Socket, TOGETHER};
use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
    net::{AddressFamily, SocketFlags, SocketType, ipproto, socket_with, sockopt},
};

use super::{Arrived, Counters, Entrance, Reason, store::Job};

/// Room for the bursts of many agents at once.
const RECEIVE_BUFFER: usize = 1 << 20;

/// So many datagrams of one socket are looked at before the next one's.
const TURN: usize = 64;

/// Sockets to be served.
pub(super) struct Listener {
    pub sockets: Vec<Arc<Socket>>,
    pub entrance: Entrance,
    pub counters: Arc<Counters>,
    pub store: SyncSender<Job>,
    /// It is at its end when somebody wants us to end.
    pub stop: PipeReader,
}

/// Binds an address; port 0 takes any that is free.
pub(super) fn bind(address: SocketAddr) -> io::Result<Socket> {
    let family = if address.is_ipv6() { AddressFamily::INET6 } else { AddressFamily::INET };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(family, SocketType::DGRAM, flags, Some(ipproto::UDP))?;
    if address.is_ipv6() {
        // `[::]` and `0.0.0.0` are two addresses and may both be listened on.
        sockopt::set_ipv6_v6only(&socket, true)?;
    }
    // The kernel grants what its limits allow; less is no reason to fail.
    if let Err(error) = sockopt::set_socket_recv_buffer_size(&socket, RECEIVE_BUFFER) {
        tracing::debug!(%error, "the receive buffer keeps its size");
    }
    rustix::net::bind(&socket, &address)?;
    Socket::new(socket.into())
}

impl Listener {
    /// Serves them until it is to end.
    pub(super) fn run(mut self) {
        let sockets = self.sockets.clone();
        let mut inboxes: Vec<Inbox> = sockets.iter().cloned().map(Inbox::new).collect();
        loop {
            let mut waited: Vec<PollFd<'_>> =
                sockets.iter().map(|socket| PollFd::new(&**socket, PollFlags::IN)).collect();
            waited.push(PollFd::new(&self.stop, PollFlags::IN));
            match poll(&mut waited, None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return tracing::error!(%error, "the receiver cannot wait"),
            }
            let ready: Vec<bool> = waited.iter().map(|one| !one.revents().is_empty()).collect();
            if ready.last() == Some(&true) {
                return;
            }
            for ((socket, inbox), _) in
                sockets.iter().zip(&mut inboxes).zip(ready).filter(|(_, ready)| *ready)
            {
                self.turn(socket, inbox);
            }
        }
    }

    fn turn(&mut self, socket: &Arc<Socket>, inbox: &mut Inbox) {
        for _ in 0..TURN / TOGETHER {
            match inbox.receive() {
                Ok(datagrams) => {
                    datagrams.for_each(|(datagram, peer)| self.take(socket, datagram, peer));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // What somebody said of an answer of ours: port closed, host gone.
                Err(error) => tracing::debug!(%error, "an error of a socket"),
            }
        }
    }

    fn take(&mut self, socket: &Arc<Socket>, datagram: &[u8], peer: Peer) {
        match self.entrance.receive(datagram, peer.address, Instant::now()) {
            Arrived::Report(octets) => {
                // Whoever did not get it asks again.
                let _ = socket.reply(&peer, &octets);
            }
            Arrived::Taken(taken) => {
                let (received, socket) = (Timestamp::now(), Arc::clone(socket));
                let job = Job { taken, received, socket, peer };
                if let Err(TrySendError::Full(_)) = self.store.try_send(job) {
                    self.counters.refuse(Reason::Busy);
                }
            }
            Arrived::Dropped(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_families_have_one_port() {
        let four = bind(([0, 0, 0, 0], 0).into()).unwrap();
        let port = four.address().port();
        let six = bind((std::net::Ipv6Addr::UNSPECIFIED, port).into()).unwrap();
        assert_eq!(six.address().port(), port);
        assert!(bind(([0, 0, 0, 0], port).into()).is_err(), "nobody shares it");
    }
}
