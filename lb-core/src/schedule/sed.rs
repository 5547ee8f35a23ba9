//! Shortest expected delay: where a new connection would have the least company
//! for the weight.
//!
//! As `sed` of the Linux virtual server, `net/netfilter/ipvs/ip_vs_sed.c`: the
//! least of connections plus one over weight. The one is the connection to
//! come, so that of two idle servers the faster is first, where wlc sees no
//! difference.

use super::least::{Burden, Least};
use super::{Candidate, Servers};

/// The server with the shortest expected delay.
#[derive(Clone, Debug, Default)]
pub struct ShortestExpectedDelay(Least);

impl ShortestExpectedDelay {
    /// These are the servers from now on.
    pub fn set(&mut self, servers: &[Candidate]) {
        self.0.set(servers);
    }

    /// The usable server that would be the least loaded with one connection
    /// more; of equals, the next in turn.
    pub fn pick(&mut self, servers: &impl Servers) -> Option<usize> {
        self.0.pick(servers, |place, weight| Burden {
            load: delay(servers.active(place)),
            weight: weight.into(),
        })
    }
}

/// What a connection more would make of so many.
pub(super) fn delay(active: u32) -> u64 {
    u64::from(active) + 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{Fleet, candidates};
    use super::*;

    #[test]
    fn a_fast_server_gets_several_before_a_slow_one_gets_its_first() {
        let mut picker = ShortestExpectedDelay::default();
        picker.set(&candidates(&[1, 4]));
        let mut fleet = Fleet::of(2);
        for _ in 0..3 {
            assert_eq!(picker.pick(&fleet), Some(1));
            fleet.active[1] += 1;
        }
    }

    proptest! {
        #[test]
        fn nobody_would_be_less_loaded_than_the_picked(
            servers in proptest::collection::vec((1u32..50, 0u32..50), 1..10),
        ) {
            let weights: Vec<u32> = servers.iter().map(|(weight, _)| *weight).collect();
            let mut picker = ShortestExpectedDelay::default();
            picker.set(&candidates(&weights));
            let mut fleet = Fleet::of(servers.len());
            fleet.active = servers.iter().map(|(_, active)| *active).collect();
            let at = picker.pick(&fleet).unwrap();
            for (active, weight) in fleet.active.iter().zip(&weights) {
                prop_assert!((fleet.active[at] + 1) * weight <= (active + 1) * weights[at]);
            }
        }
    }
}
