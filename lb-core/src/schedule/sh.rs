//! Source hash: the same server for the same client address.
//!
//! As `sh` of the Linux virtual server, `net/netfilter/ipvs/ip_vs_sh.c`, by weight
//! and with the next server for one that is not usable (its `sh-fallback`).

use super::buckets::Buckets;
use super::{Candidate, Servers};

/// The server of the client's address.
#[derive(Clone, Debug, Default)]
pub struct SourceHash(Buckets);

impl SourceHash {
    /// These are the servers from now on.
    pub fn set(&mut self, servers: &[Candidate]) {
        self.0.set(servers);
    }

    /// The server of the address, if it is usable, else the next.
    pub fn pick(&mut self, servers: &impl Servers) -> Option<usize> {
        self.0.pick(servers.source(), servers)
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use proptest::prelude::*;

    use super::super::testing::{Fleet, candidates};
    use super::*;

    fn client(number: u32) -> Option<IpAddr> {
        Some(Ipv4Addr::from(0x0a00_0000 + number).into())
    }

    proptest! {
        #[test]
        fn a_client_stays_and_finds_its_server_again(
            weights in proptest::collection::vec(0u32..9, 1..9),
            number: u16,
        ) {
            prop_assume!(weights.iter().filter(|weight| **weight > 0).count() > 1);
            let mut picker = SourceHash::default();
            picker.set(&candidates(&weights));
            let mut fleet = Fleet::of(weights.len());
            fleet.source = client(number.into());
            let first = picker.pick(&fleet).unwrap();
            fleet.active[first] += 100;
            prop_assert_eq!(picker.pick(&fleet), Some(first));
            fleet.closed = vec![first];
            let other = picker.pick(&fleet).unwrap();
            prop_assert!(other != first);
            prop_assert_eq!(picker.pick(&fleet), Some(other));
            fleet.closed.clear();
            prop_assert_eq!(picker.pick(&fleet), Some(first));
        }
    }

    #[test]
    fn clients_are_spread_by_weight() {
        let mut picker = SourceHash::default();
        picker.set(&candidates(&[1, 2, 0, 5]));
        let mut fleet = Fleet::of(4);
        for number in 0..8_000 {
            fleet.source = client(number);
            let at = picker.pick(&fleet).unwrap();
            fleet.active[at] += 1;
        }
        for (active, weight) in fleet.active.iter().zip([1, 2, 0, 5]) {
            assert!(active.abs_diff(weight * 1_000) <= weight * 100, "{:?}", fleet.active);
        }
    }
}
