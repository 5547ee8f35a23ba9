//! Accepting: a fair share at a time, and a pause when there is no room.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::io::Errno;
use rustix::net::{SocketFlags, accept_with, getpeername};

use super::super::capacity::{Capacity, Room};
use super::super::connection::{Connection, Stage};
use super::super::expiry::Patience;
use super::super::route;
use super::super::slots::Token;
use super::introduce::INTRODUCED_WITHIN;
use super::{Caller, Shard, WATCHED, rate};
use crate::driver::socket;

/// How long accepting pauses when the process or system is out of files or
/// memory and no connection of this shard ends meanwhile.
const PAUSE: Duration = Duration::from_millis(100);

/// Why accepting stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Accepted {
    /// The listener has no more.
    All,
    /// It had its share.
    Share,
    /// There is no room.
    NoRoom,
}

impl Shard {
    /// Accepts up to its share from a listener.
    ///
    /// Listeners are level-triggered, so that the share may be anything.
    pub(super) fn accept(&mut self, number: u32) -> Accepted {
        let Some(share) = self.listeners.get(&number).map(|listener| listener.share) else {
            return Accepted::All;
        };
        for done in 0..share.size() {
            let Some(listener) = self.listeners.get_mut(&number) else { return Accepted::All };
            let service = listener.service;
            let Some(room) = room(&listener.capacity, &self.caller) else {
                return self.starve(number, None);
            };
            let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
            match accept_with(&listener.socket, flags) {
                Ok(client) => self.admit(client, service, room),
                Err(Errno::AGAIN) => {
                    listener.share.shrink(done);
                    return Accepted::All;
                }
                Err(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM) => {
                    return self.starve(number, Some(PAUSE));
                }
                // Linux hands over errors of the connection that was to be
                // accepted, see accept(2); the next one may be fine.
                Err(_) => {}
            }
        }
        if let Some(listener) = self.listeners.get_mut(&number) {
            listener.share.grow();
        }
        Accepted::Share
    }

    /// Accepts all that wait in a listener's queue, as far as there is room.
    pub(super) fn accept_all(&mut self, number: u32) {
        while self.accept(number) == Accepted::Share {}
    }

    /// Lets a listener wait for room: up to a call, or for a while.
    fn starve(&mut self, number: u32, pause: Option<Duration>) -> Accepted {
        if !self.starved.contains(&number) {
            self.starved.push(number);
            self.attend(number, EventFlags::empty());
        }
        if let Some(pause) = pause {
            self.starved_until = Some(self.clock.now() + pause);
        }
        Accepted::NoRoom
    }

    /// Lets the listeners that wait for room try again.
    pub(super) fn feed(&mut self) {
        self.starved_until = None;
        if self.paused {
            return;
        }
        for number in std::mem::take(&mut self.starved) {
            self.attend(number, EventFlags::IN);
        }
    }

    fn attend(&self, number: u32, events: EventFlags) {
        let Some(listener) = self.listeners.get(&number) else { return };
        let token = EventData::new_u64(Token::Listener(number).to_bits());
        if let Err(error) = epoll::modify(&self.epoll, &listener.socket, token, events) {
            tracing::error!(%error, "a shard cannot watch its listener");
        }
    }

    fn admit(&mut self, client: OwnedFd, service: u64, room: Room) {
        let Some(known) = self.services.get(&service) else { return socket::abort(client) };
        known.route.live.connections.fetch_add(1, Relaxed);
        let introduced = !known.route.settings.accept_proxy;
        // Whom a proxy speaks for it says later.
        let source = || route::ip(getpeername(&client).ok()??);
        if introduced && rate::overruns(&known.route, source, self.clock.now()) {
            return socket::abort(client);
        }
        let stage = match introduced {
            true => Stage::connecting(),
            false => Stage::Introducing,
        };
        let connection = Connection::new(client, service, stage, self.clock.tick(), room);
        let Some(key) = self.connections.insert(connection) else { return };
        if let Some(connection) = self.connections.get(key) {
            let token = EventData::new_u64(Token::Client(key).to_bits());
            if epoll::add(&self.epoll, &connection.client, token, WATCHED).is_err() {
                return self.abort(key);
            }
        }
        if introduced {
            self.connect(key);
        } else {
            self.expect(key, Patience::Introduction, INTRODUCED_WITHIN);
        }
    }
}

/// Room for a connection. Where there is none, whoever makes some will call.
fn room(capacity: &Arc<Capacity>, caller: &Arc<Caller>) -> Option<Room> {
    loop {
        match capacity.take() {
            Ok(room) => return Some(room),
            Err(full) => {
                if !full.call_back(caller) {
                    return None;
                }
            }
        }
    }
}
