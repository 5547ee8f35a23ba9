//! Round robin: one after the other, whatever the weight.
//!
//! As `rr` of the Linux virtual server, `net/netfilter/ipvs/ip_vs_rr.c`.

use super::{Candidate, Servers};

/// Servers in turn.
#[derive(Clone, Debug, Default)]
pub struct RoundRobin {
    /// Places and keys of the servers with a weight.
    ring: Vec<(usize, u64)>,
    /// Where in the ring the next turn is.
    next: usize,
}

impl RoundRobin {
    /// These are the servers from now on; the turn stays with whose it was.
    pub fn set(&mut self, servers: &[Candidate]) {
        let turn = self.ring.get(self.next).map(|(_, key)| *key);
        self.ring = servers
            .iter()
            .enumerate()
            .filter(|(_, server)| server.weight.value() > 0)
            .map(|(place, server)| (place, server.key))
            .collect();
        self.next = self
            .ring
            .iter()
            .position(|(_, key)| Some(*key) == turn)
            .unwrap_or(if self.next < self.ring.len() { self.next } else { 0 });
    }

    /// The next in turn that is usable.
    pub fn pick(&mut self, servers: &impl Servers) -> Option<usize> {
        let (before, from) = self.ring.split_at(self.next.min(self.ring.len()));
        let ahead = from.iter().chain(before).position(|(place, _)| servers.usable(*place))?;
        let at = (self.next + ahead) % self.ring.len();
        self.next = (at + 1) % self.ring.len();
        self.ring.get(at).map(|(place, _)| *place)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Fleet, candidates};
    use super::*;

    fn picks(picker: &mut RoundRobin, fleet: &Fleet, count: usize) -> Vec<usize> {
        (0..count).map(|_| picker.pick(fleet).unwrap()).collect()
    }

    #[test]
    fn goes_round_past_the_unusable() {
        let mut picker = RoundRobin::default();
        picker.set(&candidates(&[1, 9, 0, 1]));
        let mut fleet = Fleet::of(4);
        assert_eq!(picks(&mut picker, &fleet, 4), [0, 1, 3, 0]);
        fleet.closed = vec![1];
        assert_eq!(picks(&mut picker, &fleet, 3), [3, 0, 3]);
    }

    #[test]
    fn the_turn_survives_a_change_of_servers() {
        let mut picker = RoundRobin::default();
        picker.set(&candidates(&[1, 1, 1]));
        let fleet = Fleet::of(3);
        assert_eq!(picks(&mut picker, &fleet, 1), [0]);
        picker.set(&candidates(&[0, 1, 1]));
        assert_eq!(picks(&mut picker, &fleet, 3), [1, 2, 1]);
    }
}
