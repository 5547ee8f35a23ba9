//! The task that owns the tracker and the sockets.

use std::{
    collections::HashMap,
    future, io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Instant,
};

use lcms_snmp::{Arrived, Completed, Expired, Request, RequestId, Target, Tracker, Transmit};
use rustix::net::SendFlags;
use tokio::{
    net::UdpSocket,
    sync::{mpsc, oneshot},
};

use super::{Answer, ClientError, Rejection, counts::Counters};

/// A question on its way to the task.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) target: Target<SocketAddr>,
    pub(super) request: Request,
    pub(super) reply: Reply,
}

type Reply = oneshot::Sender<Result<Answer, ClientError>>;

/// Runs until the last handle is gone.
pub(super) async fn run(mut asks: mpsc::Receiver<Ask>, seed: [u8; 16], counters: Arc<Counters>) {
    let mut shell = Shell {
        tracker: Tracker::new(seed),
        waiting: HashMap::new(),
        v4: None,
        v6: None,
        buffer: vec![0; LARGEST],
        counters,
    };
    loop {
        tokio::select! {
            ask = asks.recv() => match ask {
                Some(ask) => shell.submit(ask),
                None => return,
            },
            () = readable(shell.v4.as_ref()) => shell.receive(Family::V4),
            () = readable(shell.v6.as_ref()) => shell.receive(Family::V6),
            () = until(shell.tracker.poll_timeout()) => shell.expire(),
        }
    }
}

/// No UDP datagram is larger.
const LARGEST: usize = 65_536;
/// Datagrams taken in one turn, so that a flood does not keep the others out.
const TURN: usize = 64;
/// The receive buffer asked for; the system may grant less.
const RECEIVE_BUFFER: usize = 4 << 20;

#[derive(Clone, Copy)]
enum Family {
    V4,
    V6,
}

impl Family {
    fn of(address: SocketAddr) -> Self {
        match address {
            SocketAddr::V4(_) => Self::V4,
            SocketAddr::V6(_) => Self::V6,
        }
    }

    fn open(self) -> io::Result<UdpSocket> {
        let any: SocketAddr = match self {
            Self::V4 => (Ipv4Addr::UNSPECIFIED, 0).into(),
            Self::V6 => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let socket = std::net::UdpSocket::bind(any)?;
        socket.set_nonblocking(true)?;
        // Less than asked for costs repetitions, not answers.
        let _ = rustix::net::sockopt::set_socket_recv_buffer_size(&socket, RECEIVE_BUFFER);
        UdpSocket::from_std(socket)
    }
}

struct Shell {
    tracker: Tracker<SocketAddr>,
    waiting: HashMap<RequestId, Reply>,
    /// Opened when first needed: a machine may have one family only.
    v4: Option<UdpSocket>,
    v6: Option<UdpSocket>,
    buffer: Vec<u8>,
    counters: Arc<Counters>,
}

impl Shell {
    fn submit(&mut self, Ask { target, request, reply }: Ask) {
        self.counters.requests.fetch_add(1, Relaxed);
        let transmit = self.tracker.submit(Instant::now(), &target, &request);
        self.waiting.insert(transmit.id, reply);
        self.send(transmit);
    }

    fn send(&mut self, Transmit { id, to, octets }: Transmit<SocketAddr>) {
        // Not `try_send_to`, which knows nothing of a new socket until its task
        // has waited once: UDP is nearly always ready.
        let now = SendFlags::DONTWAIT;
        let sent = self
            .socket(Family::of(to))
            .and_then(|socket| Ok(rustix::net::sendto(socket, &octets, now, &to)?));
        match sent {
            Ok(_) => {}
            // As good as lost on the way: the repetition follows.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(source) => {
                self.tracker.cancel(id);
                self.reply(id, Err(ClientError::Network { address: to, source }));
            }
        }
    }

    fn socket(&mut self, family: Family) -> io::Result<&UdpSocket> {
        let place = match family {
            Family::V4 => &mut self.v4,
            Family::V6 => &mut self.v6,
        };
        match place {
            Some(socket) => Ok(socket),
            None => Ok(place.insert(family.open()?)),
        }
    }

    fn receive(&mut self, family: Family) {
        for _ in 0..TURN {
            let socket = match family {
                Family::V4 => self.v4.as_ref(),
                Family::V6 => self.v6.as_ref(),
            };
            let Some(socket) = socket else { return };
            let (length, from) = match socket.try_recv_from(&mut self.buffer) {
                Ok(received) => received,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // What an earlier datagram met on its way; its request's own
                // timeout is the answer to that.
                Err(error) => {
                    tracing::debug!(%error, "receive");
                    continue;
                }
            };
            let datagram = self.buffer.get(..length).unwrap_or_default();
            let arrived = self.tracker.on_datagram(Instant::now(), &from, datagram);
            match arrived {
                Some(Arrived::Completed(Completed { id, response, round_trip, .. })) => {
                    self.reply(id, Ok(Answer { response, round_trip }));
                }
                Some(Arrived::Send(transmit)) => self.send(transmit),
                Some(Arrived::Reported { id, from, report }) => {
                    let rejection = Rejection::of(&report);
                    self.reply(id, Err(ClientError::Reported { address: from, rejection }));
                }
                None => {}
            }
        }
    }

    fn expire(&mut self) {
        while let Some(expired) = self.tracker.on_timeout(Instant::now()) {
            match expired {
                Expired::Resend(transmit) => {
                    self.counters.retransmits.fetch_add(1, Relaxed);
                    self.send(transmit);
                }
                Expired::GaveUp { id, to, attempts } => {
                    self.counters.timeouts.fetch_add(1, Relaxed);
                    self.reply(id, Err(ClientError::Unreachable { address: to, attempts }));
                }
            }
        }
    }

    /// Whoever asked may have gone away, which is their affair.
    fn reply(&mut self, id: RequestId, answer: Result<Answer, ClientError>) {
        if let Some(reply) = self.waiting.remove(&id) {
            let _ = reply.send(answer);
        }
    }
}

/// Waits until there is something to receive; for ever without a socket.
async fn readable(socket: Option<&UdpSocket>) {
    match socket {
        // An error shows itself again where the datagram is taken.
        Some(socket) => {
            let _ = socket.readable().await;
        }
        None => future::pending().await,
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => future::pending().await,
    }
}
