//! Power of two choices: two servers drawn by weight, and of these the one with
//! fewer connections for its weight.
//!
//! Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", IEEE
//! TPDS 2001; drawn by weight as nginx's `random two least_conn` does. Directors
//! that know nothing of each other do not all run to the same server.

use std::hash::{BuildHasher, RandomState};

use super::{Candidate, Servers, hash};

/// Draws of a pair before the servers are looked through one by one.
const TRIES: usize = 8;

/// The better of two drawn at random.
#[derive(Clone, Debug)]
pub struct PowerOfTwo {
    /// Places and weights of the servers with a weight, each with the sum of
    /// the weights up to here.
    sums: Vec<(usize, u32, u64)>,
    random: u64,
}

impl Default for PowerOfTwo {
    fn default() -> Self {
        // Where the sequence begins differs from shard to shard.
        Self { sums: Vec::new(), random: RandomState::new().hash_one(0) }
    }
}

impl PowerOfTwo {
    /// These are the servers from now on.
    pub fn set(&mut self, servers: &[Candidate]) {
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

    /// The less loaded of two usable servers drawn by weight.
    pub fn pick(&mut self, servers: &impl Servers) -> Option<usize> {
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
        let load = |(place, weight): (usize, u32)| {
            (u64::from(servers.active(place)) + 1, u64::from(weight))
        };
        match (one, other) {
            (Some(one), Some(other)) => {
                let ((load, weight), (other_load, other_weight)) = (load(one), load(other));
                let better = if load * other_weight <= other_load * weight { one } else { other };
                Some(better.0)
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

#[cfg(test)]
mod tests {
    use super::super::testing::{Fleet, candidates};
    use super::*;

    #[test]
    fn lasting_connections_end_up_near_the_weights() {
        let weights = [1, 2, 3, 4];
        let mut picker = PowerOfTwo::default();
        picker.set(&candidates(&weights));
        let mut fleet = Fleet::of(4);
        for _ in 0..10_000 {
            let at = picker.pick(&fleet).unwrap();
            fleet.active[at] += 1;
        }
        for (active, weight) in fleet.active.iter().zip(weights) {
            assert!(active.abs_diff(weight * 1_000) <= weight * 50, "{:?}", fleet.active);
        }
    }

    #[test]
    fn of_two_servers_the_less_loaded_is_picked() {
        let mut picker = PowerOfTwo::default();
        picker.set(&candidates(&[1, 1]));
        let mut fleet = Fleet::of(2);
        fleet.active = vec![1_000, 0];
        // One draw in 2^7 or so sees the same server all the time.
        let wrong = (0..1_000).filter(|_| picker.pick(&fleet) == Some(0)).count();
        assert!(wrong < 50, "{wrong} of 1000 went to the busy one");
    }
}
