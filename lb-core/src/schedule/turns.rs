//! Whose turn it is among servers that are equal otherwise.
//!
//! A least-connections rule alone sends everything to the first server while
//! connections are short, since all are idle at each pick. Equals therefore
//! take turns, by start-time fair queueing (Goyal, Vin and Cheng, SIGCOMM
//! 1996): each pick moves the server's tag on by a stride, the least tag is
//! next, and whoever was not in question for a while does not catch up: it is
//! next once, and then again among the others.

use std::collections::HashMap;

/// Tags of the servers, by place.
#[derive(Clone, Debug, Default)]
pub(super) struct Turns {
    tags: Vec<(u64, u128)>,
    now: u128,
}

impl Turns {
    /// These are the servers from now on, by their keys.
    pub(super) fn set(&mut self, keys: impl Iterator<Item = u64>) {
        let known: HashMap<u64, u128> = self.tags.drain(..).collect();
        let now = self.now;
        self.tags.extend(keys.map(|key| (key, known.get(&key).copied().unwrap_or(now))));
    }

    /// The tag of a server; the least is next. It changes only by a turn.
    pub(super) fn tag(&self, place: usize) -> u128 {
        self.tags.get(place).map_or(self.now, |(_, tag)| *tag)
    }

    /// The server was picked, and its next turn is a stride away.
    pub(super) fn took(&mut self, place: usize, stride: u128) {
        self.now = self.now.max(self.tag(place));
        let next = self.now + stride;
        if let Some((_, tag)) = self.tags.get_mut(place) {
            *tag = next;
        }
    }
}
