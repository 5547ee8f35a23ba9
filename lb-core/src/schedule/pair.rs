//! Two servers drawn by weight, and the better of them: what p2c and ewma have in
//! common.

use std::hash::{BuildHasher, RandomState};

use super::ring::Ring;
use super::{Candidate, Servers, hash};

/// Draws of a pair before the next that is usable is taken.
const TRIES: usize = 8;

/// Servers to draw from.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    /// Places and weights of the servers with a weight, each with the sum of
    /// the weights up to here.
    sums: Vec<(usize, u32, u64)>,
    /// The same in their order.
    ring: Ring,
    random: u64,
}

impl Default for Pair {
    fn default() -> Self {
        // Where the sequence begins differs from shard to shard.
        Self { sums: Vec::new(), ring: Ring::default(), random: RandomState::new().hash_one(0) }
    }
}

impl Pair {
    /// These are the servers from now on.
    pub(super) fn set(&mut self, servers: &[Candidate]) {
        let mut sum = 0;
        self.sums.clear();
        let members = servers.iter().enumerate().filter(|(_, one)| one.weight.value() > 0);
        self.ring.set(members.map(|(place, server)| (place, server.key)));
        for (place, server) in servers.iter().enumerate() {
            let weight = server.weight.value();
            if weight > 0 {
                sum += u64::from(weight);
                self.sums.push((place, weight, sum));
            }
        }
    }

    /// Of two usable servers the one whose burden, a function of place and
    /// weight, is not greater.
    pub(super) fn pick<B: PartialOrd>(
        &mut self,
        servers: &impl Servers,
        burden: impl Fn(usize, u32) -> B,
    ) -> Option<usize> {
        self.ring.hear(servers);
        let (mut one, mut other) = (None, None);
        let mut last = 0;
        for _ in 0..TRIES {
            let position = self.draw()?;
            let &(place, weight, _) = self.sums.get(position)?;
            last = position;
            if !servers.usable(place) || one.is_some_and(|(first, _)| first == place) {
                continue;
            }
            if one.is_none() {
                one = Some((place, weight));
            } else {
                other = Some((place, weight));
                break;
            }
        }
        match (one, other) {
            (Some((one, weight)), Some((other, other_weight))) => {
                let better = burden(one, weight) <= burden(other, other_weight);
                Some(if better { one } else { other })
            }
            (Some((place, _)), None) => Some(place),
            // Hardly any is usable: the next is as good as one drawn.
            _ => {
                let position = self.ring.next(last, servers)?;
                self.ring.place(position)
            }
        }
    }

    /// The position of a server, by weight.
    fn draw(&mut self) -> Option<usize> {
        let (.., total) = *self.sums.last()?;
        self.random = self.random.wrapping_add(1);
        let drawn = hash::mix(self.random) % total;
        Some(self.sums.partition_point(|(.., sum)| *sum <= drawn))
    }
}
