//! Servers from the greatest weight down: what fo and ovf have in common.

use super::ring::Ring;
use super::{Candidate, Servers};

/// The greatest weight first; of equals the first in the list, so that the order is
/// the same on every director.
#[derive(Clone, Debug, Default)]
pub(super) struct Rank {
    ring: Ring,
    weights: Vec<u32>,
}

impl Rank {
    /// These are the servers from now on; those without weight have no rank.
    pub(super) fn set(&mut self, servers: &[Candidate]) {
        let mut ranked: Vec<(usize, &Candidate)> =
            servers.iter().enumerate().filter(|(_, one)| one.weight.value() > 0).collect();
        ranked.sort_by_key(|(place, one)| (std::cmp::Reverse(one.weight), *place));
        self.weights = ranked.iter().map(|(_, one)| one.weight.value()).collect();
        self.ring.set(ranked.into_iter().map(|(place, one)| (place, one.key)));
    }

    /// The first usable one that has room, given place and weight. That may change
    /// with its count alone.
    pub(super) fn first(
        &mut self,
        servers: &impl Servers,
        has_room: impl Fn(usize, u32) -> bool,
    ) -> Option<usize> {
        let Self { ring, weights } = self;
        let has_room = |position: usize, place: usize| {
            let weight = weights.get(position);
            !servers.full(place) && weight.is_some_and(|weight| has_room(place, *weight))
        };
        let position = ring.next_with(0, servers, has_room)?;
        ring.place(position)
    }
}
