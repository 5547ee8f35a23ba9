//! Buckets of addresses, each of one server: what sh and dh have in common.

use std::net::IpAddr;

use super::{Candidate, Servers, hash};

/// Buckets there are at least; there are always several for each server.
const FEW: usize = 256;

/// Buckets that are given to the servers in their order, to each as many in a
/// row as its weight has parts, over and over. A change of servers or weights
/// gives most buckets to others; mh is the scheduler that avoids that.
#[derive(Clone, Debug, Default)]
pub(super) struct Buckets(Vec<u32>);

impl Buckets {
    /// These are the servers from now on.
    pub(super) fn set(&mut self, servers: &[Candidate]) {
        self.0.clear();
        let divisor = servers.iter().fold(0, |divisor, one| gcd(divisor, one.weight.value()));
        if divisor == 0 {
            return;
        }
        let parts: u64 = servers.iter().map(|one| u64::from(one.weight.value() / divisor)).sum();
        // Weights of no common measure would make more parts than buckets.
        let most = servers.len().saturating_mul(4).max(FEW).next_power_of_two();
        let scale = (parts as f64 / most as f64).max(1.0);
        let row = |server: &Candidate| {
            let parts = f64::from(server.weight.value() / divisor) / scale;
            if server.weight.value() == 0 { 0 } else { (parts.round() as usize).max(1) }
        };
        let round: Vec<u32> = servers
            .iter()
            .zip(0..)
            .flat_map(|(server, place)| std::iter::repeat_n(place, row(server)))
            .collect();
        self.0.extend(round.iter().cycle().take(most.max(round.len())));
    }

    /// The server of an address; the next bucket's while it is not usable.
    pub(super) fn pick(&self, address: Option<IpAddr>, servers: &impl Servers) -> Option<usize> {
        // Without an address every connection is of the same nobody.
        let hash = address.map_or(0, hash::address);
        let count = u64::try_from(self.0.len()).ok().filter(|count| *count > 0)?;
        let (before, from) = self.0.split_at((hash % count) as usize);
        let mut last = None;
        from.iter().chain(before).map(|place| *place as usize).find(|place| {
            // Buckets of one server stand in a row.
            last.replace(*place) != Some(*place) && servers.usable(*place)
        })
    }
}

fn gcd(one: u32, other: u32) -> u32 {
    if other == 0 { one } else { gcd(other, one % other) }
}
