//! Never queue: an idle server if there is one, else the shortest expected
//! delay.
//!
//! As `nq` of the Linux virtual server, `net/netfilter/ipvs/ip_vs_nq.c` (Weinrib
//! and Shenker, "Greed is not enough", INFOCOM 1988): sed may let a connection
//! wait at a fast server while a slow one is idle, and this does not. Idle
//! servers take turns by weight.

use super::least::{Burden, Least};
use super::sed::delay;
use super::{Candidate, Servers};

/// An idle server, else the one with the shortest expected delay.
#[derive(Clone, Debug, Default)]
pub struct NeverQueue(Least);

impl NeverQueue {
    /// These are the servers from now on.
    pub fn set(&mut self, servers: &[Candidate]) {
        self.0.set(servers);
    }

    /// An idle usable server, else as sed.
    pub fn pick(&mut self, servers: &impl Servers) -> Option<usize> {
        self.0.pick(servers, |place, weight| {
            let active = servers.active(place);
            let load = if active == 0 { 0 } else { delay(active) };
            Burden { load, weight: weight.into() }
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{Fleet, candidates};
    use super::*;

    proptest! {
        #[test]
        fn nobody_queues_while_somebody_is_idle(
            servers in proptest::collection::vec((1u32..50, 0u32..3), 1..10),
        ) {
            let weights: Vec<u32> = servers.iter().map(|(weight, _)| *weight).collect();
            let mut picker = NeverQueue::default();
            picker.set(&candidates(&weights));
            let mut fleet = Fleet::of(servers.len());
            fleet.active = servers.iter().map(|(_, active)| *active).collect();
            let at = picker.pick(&fleet).unwrap();
            prop_assert_eq!(fleet.active[at] == 0, fleet.active.contains(&0));
            if fleet.active[at] > 0 {
                for (active, weight) in fleet.active.iter().zip(&weights) {
                    prop_assert!((fleet.active[at] + 1) * weight <= (active + 1) * weights[at]);
                }
            }
        }
    }
}
