//! Two servers drawn by weight, and the better of them: what p2c and ewma have in
//! common.

use std::hash::{BuildHasher, RandomState};

use super::{Candidate, Servers, hash};

/// Draws of a pair before the servers are looked through one by one.
const TRIES: usize = 8;

/// Servers to draw from.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    /// Places and weights of the servers with a weight, each with the sum of
    /// the weights up to here.
    sums: Vec<(usize, u32, u64)>,
    random: u64,
}

impl Default for Pair {
    fn default() -> Self {
        // Where the sequence begins differs from shard to shard.
        Self { sums: Vec::new(), random: RandomState::new().hash_one(0) }
    }
}

impl Pair {
    /// These are the servers from now on.
    pub(super) fn set(&mut self, servers: &[Candidate]) {
        let mut sum = 0;
        self.sums.clear();
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
        let (mut one, mut other) = (None, None);
        for _ in 0..TRIES {
            let (place, weight) = self.draw()?;
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
            // Hardly any is usable.
            _ => self.sums.iter().map(|(place, ..)| *place).find(|place| servers.usable(*place)),
        }
    }

    /// A server, by weight.
    fn draw(&mut self) -> Option<(usize, u32)> {
        let (.., total) = *self.sums.last()?;
        self.random = self.random.wrapping_add(1);
        let drawn = hash::mix(self.random) % total;
        let at = self.sums.partition_point(|(.., sum)| *sum <= drawn);
        self.sums.get(at).map(|(place, weight, _)| (*place, *weight))
    }
}
