//! Power of two choices: two servers drawn by weight, and of these the one with
//! fewer connections for its weight.
//!
//! Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", IEEE
//! TPDS 2001; drawn by weight as nginx's `random two least_conn` does. Directors
//! that know nothing of each other do not all run to the same server.

use super::least::Burden;
use super::pair::Pair;
use super::{Candidate, Servers};

/// The better of two drawn at random.
#[derive(Clone, Debug, Default)]
pub struct PowerOfTwo(Pair);

impl PowerOfTwo {
    /// These are the servers from now on.
    pub fn set(&mut self, servers: &[Candidate]) {
        self.0.set(servers);
    }

    /// The less loaded of two usable servers drawn by weight.
    pub fn pick(&mut self, servers: &impl Servers) -> Option<usize> {
        self.0.pick(servers, |place, weight| Burden {
            load: u64::from(servers.active(place)) + 1,
            weight: weight.into(),
        })
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
