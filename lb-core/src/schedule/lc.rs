//! Least connections: the server with the fewest, whatever its weight.
//!
//! As `lc` of the Linux virtual server, `net/netfilter/ipvs/ip_vs_lc.c`, except
//! that equals take turns where the kernel takes the first.

use super::turns::Turns;
use super::{Candidate, Servers};

/// The server with the fewest connections.
#[derive(Clone, Debug, Default)]
pub struct LeastConnections {
    /// Places of the servers with a weight.
    places: Vec<usize>,
    turns: Turns,
}

impl LeastConnections {
    /// These are the servers from now on.
    pub fn set(&mut self, servers: &[Candidate]) {
        self.turns.set(servers.iter().map(|server| server.key));
        self.places = servers
            .iter()
            .enumerate()
            .filter(|(_, server)| server.weight.value() > 0)
            .map(|(place, _)| place)
            .collect();
    }

    /// The usable server with the fewest connections; of equals, the next in
    /// turn.
    pub fn pick(&mut self, servers: &impl Servers) -> Option<usize> {
        let place = self
            .places
            .iter()
            .copied()
            .filter(|place| servers.usable(*place))
            .min_by_key(|place| (servers.active(*place), self.turns.tag(*place)))?;
        self.turns.took(place, 1);
        Some(place)
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
