//! One client's connection, and what it holds on to.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};

use rustix::event::epoll::EventFlags;

use super::capacity::Room;
use super::expiry::{Clock, Moment, Patience, Tick};
use super::queue::Turn;
use super::relay::Pipe;
use super::route::Peer;
use crate::driver::socket::Handshake;
use crate::proxy_protocol::Origin;

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
    /// What there is to remember until it is open; mostly nothing.
    pub(super) prelude: Option<Box<Prelude>>,
    /// From the client to the server.
    pub(super) up: Pipe,
    /// From the server to the client.
    pub(super) down: Pipe,
    /// When something last happened.
    pub(super) last: Tick,
    /// Since when the server's answer is waited for, if latency matters.
    pub(super) asked: Option<Moment>,
    /// The server's socket failed: what it sent before is still passed on.
    pub(super) failed: bool,
    /// It stands in the shard's queue of connections with more to do.
    pub(super) queued: bool,
    _room: Room,
}

/// How far a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The client has yet to say, by the PROXY protocol, whom it speaks for.
    Introducing,
    /// Every server is full: it waits in the service's queue.
    Waiting,
    /// A server has been asked and did not answer yet.
    Connecting {
        /// It may turn out to be the socket itself.
        may_reflect: bool,
        /// How it was asked.
        handshake: Handshake,
    },
    /// Both ends stand.
    Open,
}

/// What a connection remembers until it is open.
#[derive(Default)]
pub(super) struct Prelude {
    /// Servers that failed before the present one, by key.
    pub(super) tried: Vec<u64>,
    /// Whom it is made for, if a proxy said so.
    pub(super) origin: Option<Origin>,
    /// Its part in the service's queue.
    pub(super) turn: Option<Turn>,
}

/// What is known of a socket, mostly by epoll. It says so once, at each edge.
#[derive(Clone, Copy)]
pub(super) struct Side {
    pub(super) readable: bool,
    pub(super) writable: bool,
    /// The peer sends no more, whatever the reason, so reading goes on up to
    /// the end even when a read was short.
    pub(super) over: bool,
    /// It sends no more because it has ended in good order, and there is
    /// nothing urgent at which a read would stop early: the next short read is
    /// the last.
    pub(super) ends: bool,
    /// Something was sent.
    pub(super) spoke: bool,
    /// Small segments do not wait for acknowledgements.
    pub(super) prompt: bool,
}

impl Side {
    /// A fresh socket can be written to; what there is to read is told.
    fn new(prompt: bool) -> Self {
        Self { readable: false, writable: true, over: false, ends: false, spoke: false, prompt }
    }

    /// Takes an event into account.
    pub(super) fn note(&mut self, flags: EventFlags) {
        let over = EventFlags::RDHUP | EventFlags::HUP | EventFlags::ERR;
        if flags.intersects(over) {
            let not_so_fast = EventFlags::HUP | EventFlags::ERR | EventFlags::PRI;
            self.over = true;
            self.ends = !flags.intersects(not_so_fast);
        }
        self.readable |= flags.intersects(EventFlags::IN | over);
        self.writable |= flags.intersects(EventFlags::OUT | EventFlags::HUP | EventFlags::ERR);
    }
}

impl Stage {
    /// Before the first server is asked.
    pub(super) fn connecting() -> Self {
        Self::Connecting { may_reflect: false, handshake: Handshake::Prompt }
    }
}

impl Connection {
    pub(super) fn new(client: OwnedFd, service: u64, stage: Stage, now: Tick, room: Room) -> Self {
        Self {
            client,
            // It inherits TCP_NODELAY from its listener.
            client_side: Side::new(true),
            server: None,
            server_side: Side::new(false),
            seat: None,
            service,
            attempt: 0,
            stage,
            prelude: None,
            up: Pipe::default(),
            down: Pipe::default(),
            last: now,
            asked: None,
            failed: false,
            queued: false,
            _room: room,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.stage == Stage::Open
    }

    /// Whether a deadline of this kind still applies.
    pub(super) fn waits_for(&self, what: Patience) -> bool {
        match what {
            Patience::Introduction => self.stage == Stage::Introducing,
            Patience::Turn => self.stage == Stage::Waiting,
            Patience::Connect(attempt) => {
                matches!(self.stage, Stage::Connecting { .. }) && self.attempt == attempt
            }
            Patience::Idle => self.is_open(),
            Patience::Flow => false,
        }
    }

    /// Servers that failed before the present one, by key.
    pub(super) fn tried(&self) -> &[u64] {
        self.prelude.as_ref().map_or(&[], |prelude| &prelude.tried)
    }

    /// Whom it is made for, if a proxy said so.
    pub(super) fn origin(&self) -> Option<Origin> {
        self.prelude.as_ref().and_then(|prelude| prelude.origin)
    }

    /// Its part in the service's queue.
    pub(super) fn turn(&self) -> Option<Turn> {
        self.prelude.as_ref().and_then(|prelude| prelude.turn)
    }

    /// Starts with another server's socket.
    pub(super) fn turn_to(&mut self, server: OwnedFd, seat: Seat, stage: Stage) {
        self.server = Some(server);
        self.server_side = Side::new(false);
        self.seat = Some(seat);
        self.stage = stage;
    }

    /// The server accepted.
    pub(super) fn open(&mut self, clock: &Clock) {
        // Some servers speak first.
        self.time_answer(true, false, clock);
        if let Some(seat) = &mut self.seat {
            seat.accepted();
        }
        self.stage = Stage::Open;
        self.prelude = None;
    }

    /// Times the server: it was asked when the client's last byte went up, or by
    /// the connection itself, and has answered with its first byte since.
    pub(super) fn time_answer(&mut self, went_up: bool, came_down: bool, clock: &Clock) {
        let Some(seat) = &self.seat else { return };
        if !seat.peer.service.is_timed() {
            return;
        }
        if let Some(asked) = self.asked.take_if(|_| came_down) {
            let now = seat.peer.service.age(clock.now());
            seat.peer.live.answered(clock.since_moment(asked), now);
        } else if went_up {
            self.asked = Some(clock.moment());
        }
    }

    /// Remembers a server not to be tried again.
    pub(super) fn rule_out(&mut self, server: u64) {
        self.prelude.get_or_insert_default().tried.push(server);
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
        let active = &peer.live.active;
        if limit == 0 {
            active.fetch_add(1, Relaxed);
        } else {
            // Never one too many, not even for a moment: another shard would
            // take the server for full.
            let more = |active| (active < limit).then_some(active + 1);
            active.fetch_update(SeqCst, Relaxed, more).ok()?;
        }
        peer.live.in_flight.fetch_add(1, Relaxed);
        peer.tell();
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
        if !self.accepted {
            self.peer.live.in_flight.fetch_sub(1, Relaxed);
        }
        // First the seat, then the look at who waits for one, in the order
        // that the queue relies on.
        self.peer.live.active.fetch_sub(1, SeqCst);
        self.peer.tell();
        self.peer.queue.freed();
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
