//! Accepting: a fair share at a time, and a pause when there is no room.

use std::os::fd::OwnedFd;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use rustix::event::epoll::{self, EventData};
use rustix::io::Errno;
use rustix::net::{SocketFlags, accept_with};

use super::super::connection::{Connection, Room};
use super::super::slots::Token;
use super::{Shard, WATCHED};
use crate::driver::socket;

/// Connections accepted from one listener before others get their turn.
const ACCEPTS: usize = 64;

/// How long accepting pauses when the process or system is out of files or
/// memory and no connection of this shard ends meanwhile.
const PAUSE: Duration = Duration::from_millis(100);

impl Shard {
    /// Accepts up to its share from a listener.
    pub(super) fn accept(&mut self, number: u32) {
        for _ in 0..ACCEPTS {
            let Some(listener) = self.listeners.get(&number) else { return };
            let service = listener.service;
            let Some(room) = self.capacity.take() else { return self.starve(number) };
            let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
            match accept_with(&listener.socket, flags) {
                Ok(client) => self.admit(client, service, room),
                Err(Errno::AGAIN) => return,
                Err(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM) => {
                    return self.starve(number);
                }
                Err(Errno::BADF | Errno::INVAL | Errno::NOTSOCK | Errno::OPNOTSUPP) => return,
                // Linux hands over errors of the connection that was to be
                // accepted, see accept(2); the next one may be fine.
                Err(_) => {}
            }
        }
        self.ready.push_back(Token::Listener(number));
    }

    /// Lets a listener wait for room. It is edge-triggered: no event will
    /// remind of the clients in its queue.
    fn starve(&mut self, number: u32) {
        if !self.starved.contains(&number) {
            self.starved.push(number);
        }
        self.starved_until = Some(Instant::now() + PAUSE);
    }

    /// Lets the listeners that wait for room try again.
    pub(super) fn feed(&mut self) {
        self.starved_until = None;
        self.ready.extend(self.starved.drain(..).map(Token::Listener));
    }

    fn admit(&mut self, client: OwnedFd, service: u64, room: Room) {
        let Some(known) = self.services.get(&service) else { return socket::abort(client) };
        known.route.live.connections.fetch_add(1, Relaxed);
        let Some(key) = self.connections.insert(Connection::new(client, service, room)) else {
            return;
        };
        self.connecting += 1;
        if let Some(connection) = self.connections.get(key) {
            let token = EventData::new_u64(Token::Client(key).to_bits());
            if epoll::add(&self.epoll, &connection.client, token, WATCHED).is_err() {
                return self.abort(key);
            }
        }
        self.connect(key);
    }
}
