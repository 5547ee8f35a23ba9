//! Least connections: the server with the fewest, whatever its weight.
//!
//! As `lc` of the Linux virtual server, `net/netfilter/ipvs/ip_vs_lc.c`, except
//! that equals take turns where the kernel takes the first.

use super::least::{Burden, Least};
use super::{Candidate, Servers};
use crate::model::Weight;

/// The server with the fewest connections.
#[derive(Clone, Debug, Default)]
pub struct LeastConnections(Least);

impl LeastConnections {
    /// These are the servers from now on.
    pub fn set(&mut self, servers: &[Candidate]) {
        let equal = |server: &Candidate| Candidate {
            weight: Weight::clamped(server.weight.value().min(1)),
            ..*server
        };
        self.0.set(&servers.iter().map(equal).collect::<Vec<_>>());
    }

    /// The usable server with the fewest connections; of equals, the next in
    /// turn.
    pub fn pick(&mut self, servers: &impl Servers) -> Option<usize> {
        self.0.pick(servers, |place, _| Burden { load: servers.active(place).into(), weight: 1 })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{Fleet, candidates};
    use super::*;

    #[test]
    fn idle_servers_take_turns() {
        let mut picker = LeastConnections::default();
        picker.set(&candidates(&[1, 7, 1]));
        let fleet = Fleet::of(3);
        let picks: Vec<usize> = (0..6).map(|_| picker.pick(&fleet).unwrap()).collect();
        assert_eq!(picks, [0, 1, 2, 0, 1, 2]);
    }

    proptest! {
        #[test]
        fn nobody_has_fewer_connections_than_the_picked(
            active in proptest::collection::vec(0u32..20, 1..10),
            picks in 1usize..30,
        ) {
            let mut picker = LeastConnections::default();
            picker.set(&candidates(&vec![1; active.len()]));
            let mut fleet = Fleet::of(active.len());
            fleet.active = active;
            for _ in 0..picks {
                let at = picker.pick(&fleet).unwrap();
                prop_assert_eq!(Some(&fleet.active[at]), fleet.active.iter().min());
                fleet.active[at] += 1;
            }
        }
    }
}
