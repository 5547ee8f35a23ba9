//! One client's connection, and what it holds on to.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

use rustix::event::epoll::EventFlags;

use super::relay::Pipe;
use super::route::Peer;

/// A client's connection and the server's that belongs to it. It is small: an
/// idle one is this and the kernel's two sockets.
pub(super) struct Connection {
    pub(super) client: OwnedFd,
    pub(super) client_side: Side,
    pub(super) server: Option<OwnedFd>,
    pub(super) server_side: Side,
    /// The place it holds at the server.
    pub(super) seat: Option<Seat>,
    /// Key of the service.
    pub(super) service: u64,
    /// How many servers' sockets it has had.
    pub(super) attempt: u8,
    pub(super) stage: Stage,
    /// From the client to the server.
    pub(super) up: Pipe,
    /// From the server to the client.
    pub(super) down: Pipe,
    /// The server's socket failed: what it sent before is still passed on.
    pub(super) failed: bool,
    /// It stands in the shard's queue of connections with more to do.
    pub(super) queued: bool,
    _room: Room,
}

/// How far a connection is.
pub(super) enum Stage {
    /// A server has been asked and did not answer yet.
    Connecting {
        /// Servers that failed before it, by key.
        tried: Vec<u64>,
        /// When to give up on the present one.
        due: Option<Instant>,
    },
    /// Both ends stand.
    Open,
}

/// What epoll said about a socket. It says so once, at each edge.
#[derive(Clone, Copy)]
pub(super) struct Side {
    pub(super) readable: bool,
    pub(super) writable: bool,
    /// The peer has ended its sending, so reading goes on up to the end even
    /// when a read was short.
    pub(super) ending: bool,
}

impl Side {
    fn new() -> Self {
        // A fresh socket can be written to; what there is to read is told.
        Self { readable: false, writable: true, ending: false }
    }

    /// Takes an event into account.
    pub(super) fn note(&mut self, flags: EventFlags) {
        let over = EventFlags::RDHUP | EventFlags::HUP | EventFlags::ERR;
        self.ending |= flags.intersects(over);
        self.readable |= flags.intersects(EventFlags::IN | over);
        self.writable |= flags.intersects(EventFlags::OUT | EventFlags::HUP | EventFlags::ERR);
    }
}

impl Connection {
    pub(super) fn new(client: OwnedFd, service: u64, room: Room) -> Self {
        Self {
            client,
            client_side: Side::new(),
            server: None,
            server_side: Side::new(),
            seat: None,
            service,
            attempt: 0,
            stage: Stage::Connecting { tried: Vec::new(), due: None },
            up: Pipe::default(),
            down: Pipe::default(),
            failed: false,
            queued: false,
            _room: room,
        }
    }

    pub(super) fn is_connecting(&self) -> bool {
        matches!(self.stage, Stage::Connecting { .. })
    }

    /// Whether it gives up on its present server at exactly this time.
    pub(super) fn is_due(&self, at: Instant) -> bool {
        matches!(self.stage, Stage::Connecting { due, .. } if due == Some(at))
    }

    /// Starts with another server's socket.
    pub(super) fn turn_to(&mut self, server: OwnedFd, seat: Seat) {
        self.server = Some(server);
        self.server_side = Side::new();
        self.seat = Some(seat);
    }
}

/// A connection given to a server. It counts from here to its end, whatever
/// that end is.
pub(super) struct Seat {
    pub(super) peer: Arc<Peer>,
    accepted: bool,
}

impl Seat {
    /// A place at the server, if it is below its limit.
    pub(super) fn take(peer: &Arc<Peer>, limit: u32) -> Option<Self> {
        let before = peer.live.active.fetch_add(1, Relaxed);
        if limit > 0 && before >= limit {
            // Another shard took the last place.
            peer.live.active.fetch_sub(1, Relaxed);
            return None;
        }
        peer.live.in_flight.fetch_add(1, Relaxed);
        Some(Self { peer: peer.clone(), accepted: false })
    }

    /// The server accepted.
    pub(super) fn accepted(&mut self) {
        if !self.accepted {
            self.accepted = true;
            self.peer.live.in_flight.fetch_sub(1, Relaxed);
            self.peer.live.connections.fetch_add(1, Relaxed);
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.peer.live.active.fetch_sub(1, Relaxed);
        if !self.accepted {
            self.peer.live.in_flight.fetch_sub(1, Relaxed);
        }
    }
}

/// How many connections there may be, over all shards.
pub(super) struct Capacity {
    most: usize,
    used: AtomicUsize,
}

/// One connection's part of the capacity.
pub(super) struct Room(Arc<Capacity>);

impl Capacity {
    pub(super) fn new(most: usize) -> Self {
        Self { most, used: AtomicUsize::new(0) }
    }

    /// Room for one more, if there is.
    pub(super) fn take(self: &Arc<Self>) -> Option<Room> {
        let before = self.used.fetch_add(1, Relaxed);
        let room = Room(self.clone());
        // Out of scope, it gives back what it took.
        (before < self.most).then_some(room)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.0.used.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_connection_is_small() {
        assert!(size_of::<Connection>() <= 128, "{}", size_of::<Connection>());
    }
}
