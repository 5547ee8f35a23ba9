//! Failover: everything to the server of the greatest weight that is up.
//!
//! As `fo` of the Linux virtual server, `net/netfilter/ipvs/ip_vs_fo.c`.

use super::rank::Rank;
use super::{Candidate, Servers};

/// The server of the greatest weight.
#[derive(Clone, Debug, Default)]
pub struct Failover(Rank);

impl Failover {
    /// These are the servers from now on.
    pub fn set(&mut self, servers: &[Candidate]) {
        self.0.set(servers);
    }

    /// Of the usable ones, the one of the greatest weight.
    pub fn pick(&mut self, servers: &impl Servers) -> Option<usize> {
        self.0.first(servers, |_, _| true)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Fleet, candidates};
    use super::*;

    #[test]
    fn the_next_stands_in_while_the_first_is_away() {
        let mut picker = Failover::default();
        picker.set(&candidates(&[1, 9, 0, 9, 5]));
        let mut fleet = Fleet::of(5);
        let mut served = Vec::new();
        while let Some(at) = picker.pick(&fleet) {
            served.push(at);
            fleet.closed.push(at);
        }
        assert_eq!(served, [1, 3, 4, 0]);
        fleet.closed.clear();
        assert_eq!(picker.pick(&fleet), Some(1));
    }
}
