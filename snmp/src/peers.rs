//! What a client knows of the engines it asks (RFC 3414 §2.3 and §4): their names,
//! their clocks, and the keys of its users for them.

use std::{collections::HashMap, hash::Hash, sync::Arc, time::Instant};

use crate::{
    EngineId,
    credentials::{LocalKeys, UserCredentials},
    usm::{Clock, Timeliness},
};

/// Engines by where they are.
pub(crate) struct Peers<A>(HashMap<A, Peer>);

/// An authoritative engine.
pub(crate) struct Peer {
    pub(crate) id: EngineId,
    /// Its clock as it was.
    clock: Clock,
    /// When it was so.
    at: Instant,
    /// Its latest time in a message that was authentic.
    latest: u32,
    /// Whether the clock is from such a message; else it is a hint that serves to
    /// ask with, and is believed no further.
    authentic: bool,
    keys: Vec<(UserCredentials, Arc<LocalKeys>)>,
}

/// More users at one agent than anybody has; keys are made anew beyond.
const MOST_USERS: usize = 8;

impl<A: Eq + Hash> Peers<A> {
    pub(crate) fn new() -> Self {
        Self(HashMap::new())
    }

    pub(crate) fn get_mut(&mut self, address: &A) -> Option<&mut Peer> {
        self.0.get_mut(address)
    }

    /// Takes note of an engine's name, with its clock as a hint.
    pub(crate) fn discovered(&mut self, address: A, id: EngineId, clock: Clock, now: Instant) {
        if self.0.get(&address).is_some_and(|peer| peer.id == id) {
            return;
        }
        let peer =
            Peer { id, clock, at: now, latest: clock.time, authentic: false, keys: Vec::new() };
        self.0.insert(address, peer);
    }
}

impl Peer {
    /// The engine's clock by now.
    pub(crate) fn clock(&self, now: Instant) -> Clock {
        let passed = now.saturating_duration_since(self.at).as_secs();
        let time = u64::from(self.clock.time).saturating_add(passed).min(i32::MAX as u64);
        Clock { boots: self.clock.boots, time: time as u32 }
    }

    /// The keys of a user here, if it has any.
    pub(crate) fn keys(&mut self, user: &UserCredentials) -> Option<Arc<LocalKeys>> {
        if let Some((_, keys)) = self.keys.iter().find(|(other, _)| other.is(user)) {
            return Some(Arc::clone(keys));
        }
        let keys = Arc::new(user.localised(&self.id)?);
        if self.keys.len() >= MOST_USERS {
            self.keys.remove(0);
        }
        self.keys.push((user.clone(), Arc::clone(&keys)));
        Some(keys)
    }

    /// Takes the clock of an authentic message, if that is timely.
    pub(crate) fn hear(&mut self, message: Clock, now: Instant) -> bool {
        let meaning = match self.authentic {
            true => self.clock(now).meets(self.latest, message),
            false => Timeliness::Newer,
        };
        if meaning == Timeliness::Newer {
            (self.clock, self.latest, self.at) = (message, message.time, now);
            self.authentic = true;
        }
        meaning != Timeliness::NotInWindow
    }
}
