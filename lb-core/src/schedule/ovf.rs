//! Overflow: the server of the greatest weight until it has that many
//! connections, then the next.
//!
//! As `ovf` of the Linux virtual server, `net/netfilter/ipvs/ip_vs_ovf.c`, but
//! that a server is full at its weight, where the kernel gives it one more. When
//! all are full, nobody gets the connection.

use super::rank::Rank;
use super::{Candidate, Servers};

/// The server of the greatest weight that is not full.
#[derive(Clone, Debug, Default)]
pub struct Overflow(Rank);

impl Overflow {
    /// These are the servers from now on.
    pub fn set(&mut self, servers: &[Candidate]) {
        self.0.set(servers);
    }

    /// Of the usable ones with fewer connections than weight, the one of the
    /// greatest weight.
    pub fn pick(&mut self, servers: &impl Servers) -> Option<usize> {
        self.0.first(servers, |place, weight| servers.active(place) < weight)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Fleet, candidates};
    use super::*;

    #[test]
    fn each_is_filled_before_the_next() {
        let mut picker = Overflow::default();
        picker.set(&candidates(&[2, 3, 1]));
        let mut fleet = Fleet::of(3);
        let mut served = Vec::new();
        while let Some(at) = picker.pick(&fleet) {
            served.push(at);
            fleet.active[at] += 1;
        }
        assert_eq!(served, [1, 1, 1, 0, 0, 2]);
        fleet.active[1] -= 1;
        assert_eq!(picker.pick(&fleet), Some(1));
    }
}
