//! Weighted least connections: the server with the fewest for its weight.
//!
//! As `wlc` of the Linux virtual server, `net/netfilter/ipvs/ip_vs_wlc.c`: the
//! least of connections over weight, compared without dividing. Equals, idle
//! servers above all, take turns by weight where the kernel takes the first.

use super::least::{Burden, Least};
use super::{Candidate, Servers};

/// The server with the fewest connections for its weight.
#[derive(Clone, Debug, Default)]
pub struct WeightedLeastConnections(Least);

impl WeightedLeastConnections {
    /// These are the servers from now on.
    pub fn set(&mut self, servers: &[Candidate]) {
        self.0.set(servers);
    }

    /// The usable server with the fewest connections for its weight; of equals,
    /// the next in turn.
    pub fn pick(&mut self, servers: &impl Servers) -> Option<usize> {
        self.0.pick(servers, |place, weight| Burden {
            load: servers.active(place).into(),
            weight: weight.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{Fleet, candidates};
    use super::*;

    #[test]
    fn idle_servers_take_turns_by_weight() {
        let mut picker = WeightedLeastConnections::default();
        picker.set(&candidates(&[3, 1]));
        let fleet = Fleet::of(2);
        let picks: Vec<usize> = (0..400).map(|_| picker.pick(&fleet).unwrap()).collect();
        assert_eq!(picks.iter().filter(|at| **at == 0).count(), 300);
    }

    proptest! {
        #[test]
        fn nobody_has_fewer_connections_for_the_weight_than_the_picked(
            servers in proptest::collection::vec((1u32..50, 0u32..50), 1..10),
            picks in 1usize..30,
        ) {
            let weights: Vec<u32> = servers.iter().map(|(weight, _)| *weight).collect();
            let mut picker = WeightedLeastConnections::default();
            picker.set(&candidates(&weights));
            let mut fleet = Fleet::of(servers.len());
            fleet.active = servers.iter().map(|(_, active)| *active).collect();
            for _ in 0..picks {
                let at = picker.pick(&fleet).unwrap();
                for (active, weight) in fleet.active.iter().zip(&weights) {
                    prop_assert!(fleet.active[at] * weight <= active * weights[at]);
                }
                fleet.active[at] += 1;
            }
        }

        #[test]
        fn lasting_connections_end_up_in_proportion_to_the_weights(
            weights in proptest::collection::vec(1u32..20, 1..8),
        ) {
            let mut picker = WeightedLeastConnections::default();
            picker.set(&candidates(&weights));
            let mut fleet = Fleet::of(weights.len());
            for _ in 0..weights.iter().sum::<u32>() * 10 {
                let at = picker.pick(&fleet).unwrap();
                fleet.active[at] += 1;
            }
            let wanted: Vec<u32> = weights.iter().map(|weight| weight * 10).collect();
            prop_assert_eq!(fleet.active, wanted);
        }
    }
}
