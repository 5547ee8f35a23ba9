//! Address hash: the same server for the same address, of the client (sh) or of the
//! destination (dh).
//!
//! As `sh` and `dh` of the Linux virtual server, `net/netfilter/ipvs/ip_vs_sh.c` and
//! `ip_vs_dh.c`, by weight and with the next server for one that is not usable
//! (`sh-fallback`).

use super::ring::Ring;
use super::{Candidate, Servers, hash};

/// Buckets there are at least; there are always several for each server.
const LEAST: usize = 256;

/// The server of an address.
///
/// Buckets are given to the servers in their order, to each as many in a row as its
/// weight has parts, over and over. A change of servers or weights gives most buckets
/// to others; mh is the scheduler that avoids that.
#[derive(Clone, Debug)]
pub struct AddressHash {
    of: End,
    /// Positions in the ring.
    buckets: Vec<u32>,
    ring: Ring,
}

/// Whose address it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Source,
    Destination,
}

impl AddressHash {
    /// By the client's address.
    pub fn of_source() -> Self {
        Self::of(End::Source)
    }

    /// By the address that the client went to.
    pub fn of_destination() -> Self {
        Self::of(End::Destination)
    }

    fn of(of: End) -> Self {
        Self { of, buckets: Vec::new(), ring: Ring::default() }
    }

    /// These are the servers from now on.
    pub fn set(&mut self, servers: &[Candidate]) {
        let members = || servers.iter().enumerate().filter(|(_, one)| one.weight.value() > 0);
        self.ring.set(members().map(|(place, server)| (place, server.key)));
        self.buckets.clear();
        let divisor = servers.iter().fold(0, |divisor, one| gcd(divisor, one.weight.value()));
        if divisor == 0 {
            return;
        }
        let parts: u64 = servers.iter().map(|one| u64::from(one.weight.value() / divisor)).sum();
        // Weights of no common measure would make more parts than buckets.
        let most = servers.len().saturating_mul(4).max(LEAST).next_power_of_two();
        let scale = (parts as f64 / most as f64).max(1.0);
        let row = |server: &Candidate| {
            let parts = f64::from(server.weight.value() / divisor) / scale;
            (parts.round() as usize).max(1)
        };
        let round: Vec<u32> = members()
            .zip(0..)
            .flat_map(|((_, server), position)| std::iter::repeat_n(position, row(server)))
            .collect();
        self.buckets.extend(round.iter().cycle().take(most.max(round.len())));
    }

    /// The server of the address, if it is usable, else the next.
    pub fn pick(&mut self, servers: &impl Servers) -> Option<usize> {
        self.ring.hear(servers);
        let address = match self.of {
            End::Source => servers.source(),
            End::Destination => servers.destination(),
        };
        // Without an address every connection is of the same nobody.
        let hash = address.map_or(0, hash::address);
        let count = u64::try_from(self.buckets.len()).ok().filter(|count| *count > 0)?;
        let position = *self.buckets.get((hash % count) as usize)? as usize;
        let own = self.ring.place(position).filter(|place| servers.usable(*place));
        own.or_else(|| {
            let position = self.ring.next(position, servers)?;
            self.ring.place(position)
        })
    }
}

fn gcd(one: u32, other: u32) -> u32 {
    if other == 0 { one } else { gcd(other, one % other) }
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
            let mut picker = AddressHash::of_source();
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
        let mut picker = AddressHash::of_source();
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
