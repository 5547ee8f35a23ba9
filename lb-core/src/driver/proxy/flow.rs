//! Flows: datagrams of one client that go to one server.
//!
//! UDP does not say where a conversation begins or ends. A flow begins with a
//! client's first datagram and is forgotten after some time without any. One
//! that is no more than a question and its answer is forgotten sooner: such are
//! all of a name server's, each from another port. So does Linux's connection
//! tracking. When there is no room for another, the oldest of these makes it.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::time::Duration;

use super::capacity::Room;
use super::connection::Seat;
use super::expiry::Tick;
use super::share::Share;
use super::slots::{Key, Slots};
use crate::driver::handover::Talk;

/// How long a flow lives that has not become a conversation; the figure is that
/// of nf_conntrack_udp_timeout.
const QUESTION: Duration = Duration::from_secs(30);

/// One client's datagrams to one server, and back.
pub(super) struct Flow {
    pub(super) client: Client,
    /// Connected to the server.
    pub(super) socket: OwnedFd,
    pub(super) seat: Seat,
    /// Key of the service.
    pub(super) service: u64,
    /// Datagrams to take from the server at a time.
    pub(super) share: Share,
    /// When something last happened.
    pub(super) last: Tick,
    pub(super) talk: Talk,
    pub(super) _room: Room,
}

/// A client of a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Client {
    /// Number of the listener it speaks to.
    pub(super) listener: u32,
    pub(super) address: SocketAddr,
}

impl Flow {
    /// How long it may be silent.
    pub(super) fn patience(&self, idle_timeout: Duration) -> Duration {
        match self.talk {
            Talk::Asked | Talk::Answered => idle_timeout.min(QUESTION),
            Talk::Goes => idle_timeout,
        }
    }

    /// The client spoke.
    pub(super) fn asked(&mut self, now: Tick) {
        self.last = now;
        if self.talk == Talk::Answered {
            self.talk = Talk::Goes;
        }
    }

    /// The server spoke.
    pub(super) fn answered(&mut self, now: Tick) {
        self.last = now;
        if self.talk == Talk::Asked {
            self.talk = Talk::Answered;
        }
    }
}

/// The flows of a shard.
pub(super) struct Flows {
    slots: Slots<Flow>,
    by_client: HashMap<Client, Key>,
    /// In the order in which they came, those that may have to make room; some
    /// of them are gone or have become conversations.
    young: VecDeque<Key>,
}

impl Flows {
    pub(super) fn new() -> Self {
        Self { slots: Slots::new(), by_client: HashMap::new(), young: VecDeque::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn of(&self, client: &Client) -> Option<Key> {
        self.by_client.get(client).copied()
    }

    pub(super) fn get(&self, key: Key) -> Option<&Flow> {
        self.slots.get(key)
    }

    pub(super) fn get_mut(&mut self, key: Key) -> Option<&mut Flow> {
        self.slots.get_mut(key)
    }

    pub(super) fn insert(&mut self, flow: Flow) -> Option<Key> {
        let client = flow.client;
        let key = self.slots.insert(flow)?;
        self.by_client.insert(client, key);
        if self.young.len() > 2 * self.slots.len() {
            self.young.retain(|key| self.slots.get(*key).is_some_and(Flow::is_young));
        }
        self.young.push_back(key);
        Some(key)
    }

    pub(super) fn remove(&mut self, key: Key) -> Option<Flow> {
        let flow = self.slots.remove(key)?;
        self.by_client.remove(&flow.client);
        Some(flow)
    }

    /// Gives up the oldest that is not a conversation; false if there is none.
    pub(super) fn make_room(&mut self) -> bool {
        while let Some(key) = self.young.pop_front() {
            if self.slots.get(key).is_some_and(Flow::is_young) {
                return self.remove(key).is_some();
            }
        }
        false
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Key, &Flow)> {
        self.slots.iter()
    }

    /// Gives up those that are meant.
    pub(super) fn end_where(&mut self, is_meant: impl Fn(&Flow) -> bool) {
        let keys: Vec<Key> =
            self.slots.iter().filter(|(_, flow)| is_meant(flow)).map(|(key, _)| key).collect();
        for key in keys {
            self.remove(key);
        }
    }
}

impl Flow {
    fn is_young(&self) -> bool {
        self.talk != Talk::Goes
    }
}
