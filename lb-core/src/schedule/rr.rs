//! Round robin: one after the other, whatever the weight.
//!
//! As `rr` of the Linux virtual server, `net/netfilter/ipvs/ip_vs_rr.c`.

use super::ring::Ring;
use super::{Candidate, Servers};

/// Servers in turn.
#[derive(Clone, Debug, Default)]
pub struct RoundRobin {
    /// The servers with a weight, and their keys.
    ring: Ring,
    keys: Vec<u64>,
    /// Where in the ring the next turn is.
    next: usize,
}

impl RoundRobin {
    /// These are the servers from now on; the turn stays with whose it was.
    pub fn set(&mut self, servers: &[Candidate]) {
        let turn = self.keys.get(self.next).copied();
        let members = servers.iter().enumerate().filter(|(_, one)| one.weight.value() > 0);
        let members = members.map(|(place, server)| (place, server.key));
        self.ring.set(members.clone());
        self.keys = members.map(|(_, key)| key).collect();
        self.next = self
            .keys
            .iter()
            .position(|key| Some(*key) == turn)
            .unwrap_or(if self.next < self.keys.len() { self.next } else { 0 });
    }

    /// The next in turn that is usable.
    pub fn pick(&mut self, servers: &impl Servers) -> Option<usize> {
        let at = self.ring.next(self.next, servers)?;
        self.next = (at + 1) % self.ring.len();
        self.ring.place(at)
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
