//! Connecting: from one server to the next until one accepts.

use std::os::fd::AsFd;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use rustix::event::epoll::{self, EventData};
use rustix::io::Errno;

use super::super::connection::{Seat, Stage};
use super::super::route::Untried;
use super::super::slots::{Key, Token};
use super::{Shard, WATCHED};
use crate::director::Suspicion;
use crate::driver::socket;

impl Shard {
    /// Turns a connection to the next server that can take it.
    pub(super) fn connect(&mut self, key: Key) {
        loop {
            let Some(connection) = self.connections.get_mut(key) else { return };
            let Stage::Connecting { tried, due } = &mut connection.stage else { return };
            let Some(service) = self.services.get_mut(&connection.service) else {
                return self.abort(key);
            };
            let route = &service.route;
            let untried = Untried { backends: &route.backends, tried };
            let place = service.choice.pick(&untried);
            let Some(backend) = place.and_then(|place| route.backends.get(place)) else {
                let counter =
                    if tried.is_empty() { &route.live.refused } else { &route.live.failed };
                counter.fetch_add(1, Relaxed);
                return self.abort(key);
            };
            let peer = &backend.peer;
            let Some(seat) = Seat::take(peer, backend.plan.connection_limit) else {
                tried.push(peer.key);
                continue;
            };
            let begun = socket::connect(backend.plan.address).and_then(|(socket, stands)| {
                connection.attempt = connection.attempt.wrapping_add(1);
                let token = Token::server(key, connection.attempt).to_bits();
                epoll::add(&self.epoll, &socket, EventData::new_u64(token), WATCHED)?;
                Ok((socket, stands))
            });
            match begun {
                Ok((socket, stands)) => {
                    // One that stands already is told by an event as well, and
                    // may yet turn out to be refused.
                    let at = Instant::now() + route.settings.connect_timeout;
                    *due = (!stands).then_some(at);
                    connection.turn_to(socket, seat);
                    if !stands {
                        let connections = &self.connections;
                        self.deadlines.push(at, key, self.connecting, |at, key| {
                            connections.get(key).is_some_and(|one| one.is_due(at))
                        });
                    }
                    return;
                }
                Err(error) => {
                    tried.push(peer.key);
                    failed(&self.suspicion, &seat, error);
                }
            }
        }
    }

    /// The server's socket has news while it is connecting.
    pub(super) fn connected(&mut self, key: Key) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        let (Some(server), Some(seat)) = (&connection.server, &mut connection.seat) else { return };
        match socket::connected(server.as_fd()) {
            Ok(()) => {
                seat.accepted();
                connection.stage = Stage::Open;
                self.connecting = self.connecting.saturating_sub(1);
                self.relay(key);
            }
            Err(error) => self.connect_failed(key, error),
        }
    }

    /// The server did not accept: the next one is tried, and the client does
    /// not notice.
    pub(super) fn connect_failed(&mut self, key: Key, error: Errno) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        connection.server = None;
        let (Stage::Connecting { tried, .. }, Some(seat)) =
            (&mut connection.stage, connection.seat.take())
        else {
            return;
        };
        tried.push(seat.peer.key);
        failed(&self.suspicion, &seat, error);
        drop(seat);
        self.connect(key);
    }
}

/// Counts a connection that a server did not accept, and says so to the checks.
fn failed(suspicion: &Suspicion, seat: &Seat, error: Errno) {
    let peer = &seat.peer;
    peer.live.failed.fetch_add(1, Relaxed);
    if !socket::is_local(error) {
        let why = socket::reason(error).unwrap_or("connection failed");
        suspicion.refused(peer.id, &peer.live, why);
    }
}
