//! What a client knows of the engines it asks (RFC 3414 §2.3 and §4): their names,
//! their clocks, and the keys of its users for them.

use std::{collections::HashMap, hash::Hash, sync::Arc, time::Instant};

use crate::{
    EngineId,
    credentials::{LocalKeys, UserCredentials},
    usm::{Clock, LearnedClock},
};

/// Engines by where they are.
pub(crate) struct Peers<A>(HashMap<A, Peer>);

/// An authoritative engine.
pub(crate) struct Peer {
    pub(crate) id: EngineId,
    clock: LearnedClock,
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
        let clock = LearnedClock::hint(clock, now);
        self.0.insert(address, Peer { id, clock, keys: Vec::new() });
    }
}

impl Peer {
    /// The engine's clock by now.
    pub(crate) fn clock(&self, now: Instant) -> Clock {
        self.clock.by(now)
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
        self.clock.hear(message, now)
    }
}
