//! Connecting: from one server to the next until one accepts.

use std::os::fd::AsFd;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::io::Errno;

use super::super::connection::{Seat, Stage};
use super::super::expiry::Patience;
use super::super::line::Outcome;
use super::super::queue::{Turn, TurnState};
use super::super::route::{Backend, Ends, Untried};
use super::super::slots::{Key, Token};
use super::{Service, Shard, WATCHED, introduce, stick};
use crate::director::{Sign, Suspicion};
use crate::driver::socket::{self, Handshake};
use crate::model::{SendProxy, Weight};

/// A connect that has no answer for so long is worth a second look at the
/// server. A lost segment is sent again after a second (RFC 6298, 2.1).
const SLOW: Duration = Duration::from_millis(400);

impl Shard {
    /// Turns a connection to the next server that can take it.
    pub(super) fn connect(&mut self, key: Key) {
        loop {
            let Some(connection) = self.connections.get_mut(key) else { return };
            let Some(service) = self.services.get_mut(&connection.service) else {
                return self.abort(key);
            };
            let Service { route, choice, opening } = service;
            let turn = connection.turn();
            let called = turn.is_some_and(|turn| turn.state == TurnState::Called);
            // Nobody overtakes those who wait.
            let tried = connection.tried();
            let now = self.clock.now();
            let ends = connection.origin().map_or(Ends::Of(&connection.client), Ends::Told);
            let untried = Untried { route, tried, ends, now };
            let place = match called || !route.queue.is_busy() {
                true => stick::pick(choice, &untried),
                false => None,
            };
            let Some(backend) = place.and_then(|place| route.backends.get(place)) else {
                match self.wait(key) {
                    true => continue,
                    false => return,
                }
            };
            let peer = &backend.peer;
            // Another shard may take the last seat first.
            let Some(seat) = Seat::take(peer, backend.plan.connection_limit) else { continue };
            stick::keep(&untried, peer.key);
            if let Some(turn) = turn.filter(|_| called) {
                connection.prelude.get_or_insert_default().turn =
                    Some(Turn { state: TurnState::Served, ..turn });
                route.queue.settle(turn.number, Outcome::Seated);
            }
            let address = backend.plan.address;
            let handshake = opening.handshake();
            let begun = socket::connect(address, handshake).and_then(|(socket, stands)| {
                connection.attempt = connection.attempt.wrapping_add(1);
                let token = Token::server(key, connection.attempt).to_bits();
                epoll::add(&self.epoll, &socket, EventData::new_u64(token), WATCHED)?;
                Ok((socket, stands))
            });
            match begun {
                Ok((socket, stands)) => {
                    let may_reflect = socket::may_reflect(address);
                    let stage = Stage::Connecting { may_reflect, handshake };
                    connection.turn_to(socket, seat, stage);
                    // One that stands already is told by an event as well, and
                    // may yet turn out to be refused.
                    if !stands {
                        connection.last = self.clock.tick();
                        let attempt = Patience::Connect(connection.attempt);
                        let within = route.settings.connect_timeout.min(SLOW);
                        self.expect(key, attempt, within);
                    }
                    return;
                }
                Err(error) => {
                    connection.rule_out(peer.key);
                    failed(&self.suspicion, &seat, error);
                }
            }
        }
    }

    /// The server's socket has news while it is connecting.
    pub(super) fn connected(&mut self, key: Key, flags: EventFlags) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        let Some(server) = &connection.server else { return };
        // Only a failure sets these, and only then is it worth a look.
        let failed = flags.intersects(EventFlags::ERR | EventFlags::HUP);
        let outcome = match connection.stage {
            Stage::Connecting { may_reflect, .. } if failed || may_reflect => {
                socket::connected(server.as_fd())
            }
            _ => Ok(()),
        };
        let Some(service) = self.services.get_mut(&connection.service) else { return };
        let how = service.route.settings.send_proxy;
        let told = outcome
            .and_then(|()| introduce::tell(server, &connection.client, connection.origin(), how));
        match told {
            Ok(()) => {
                let client_spoke = connection.client_side.readable;
                let waits = matches!(
                    connection.stage,
                    Stage::Connecting { handshake: Handshake::WithData, .. }
                );
                if waits && !client_spoke {
                    socket::acknowledge(server.as_fd());
                }
                service.opening.learn(client_spoke);
                connection.server_side.spoke = how != SendProxy::None;
                connection.open(&self.clock);
                self.relay(key);
                self.idle(key);
            }
            Err(error) => self.connect_failed(key, error),
        }
    }

    /// The server has not answered for a while. Up to the timeout it is waited
    /// for, unless it gets no connections any more and there is another.
    pub(super) fn unanswered(&mut self, key: Key) {
        let Some(connection) = self.connections.get(key) else { return };
        let Some(service) = self.services.get(&connection.service) else { return };
        let Some(seat) = &connection.seat else { return };
        let (own, tried) = (seat.peer.key, connection.tried());
        let takes = |one: &Backend| one.plan.weight > Weight::MIN;
        let stays = service.route.backends.iter().any(|one| one.peer.key == own && takes(one));
        let other = service.route.backends.iter().any(|one| {
            let key = one.peer.key;
            key != own && takes(one) && !tried.contains(&key)
        });
        let waited = self.clock.since(connection.last);
        match service.route.settings.connect_timeout.checked_sub(waited) {
            Some(left) if !left.is_zero() && (stays || !other) => {
                self.suspicion.failed(seat.peer.id, &seat.peer.live, Sign::Slow);
                self.expect(key, Patience::Connect(connection.attempt), left.min(SLOW));
            }
            _ => self.connect_failed(key, Errno::TIMEDOUT),
        }
    }

    /// The server did not accept: the next one is tried, and the client does
    /// not notice.
    pub(super) fn connect_failed(&mut self, key: Key, error: Errno) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        connection.server = None;
        let Some(seat) = connection.seat.take() else { return };
        connection.rule_out(seat.peer.key);
        failed(&self.suspicion, &seat, error);
        drop(seat);
        self.connect(key);
    }
}

/// Counts a connection that a server did not accept, and says so to the checks.
pub(super) fn failed(suspicion: &Suspicion, seat: &Seat, error: Errno) {
    let peer = &seat.peer;
    peer.live.failed.fetch_add(1, Relaxed);
    if !socket::is_local(error) {
        let sign = match error {
            // Accepted and reset before this was looked at.
            Errno::CONNRESET => Sign::Reset,
            _ => Sign::Refused(socket::reason(error).unwrap_or("connection failed")),
        };
        suspicion.failed(peer.id, &peer.live, sign);
    }
}
