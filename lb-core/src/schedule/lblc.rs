//! Locality-based least connections: the same server for the same destination
//! address, until it is overloaded.
//!
//! As `lblc` of the Linux virtual server, `net/netfilter/ipvs/ip_vs_lblc.c`: meant
//! for caches, where the destination is what is asked for. A destination that
//! is new goes by wlc; one that is known stays with its server, unless that has
//! more connections than weight while another has less than half of its own.
//! Each shard of a director remembers destinations by itself.

use super::locality::{Destinations, Fallback};
use super::{Candidate, Servers};

/// The server of the destination's address, while it is not overloaded.
#[derive(Clone, Debug, Default)]
pub struct LocalityLeastConnections {
    destinations: Destinations<u64>,
    servers: Fallback,
}

impl LocalityLeastConnections {
    /// These are the servers from now on.
    pub fn set(&mut self, servers: &[Candidate]) {
        self.servers.set(servers);
    }

    /// The server the destination had before, else the one with the least to do.
    pub fn pick(&mut self, servers: &impl Servers) -> Option<usize> {
        let Some(destination) = servers.destination() else { return self.servers.pick(servers) };
        let now = servers.now();
        let known = self.destinations.of(destination, now).copied();
        let place = match known.and_then(|key| self.servers.usable(key, servers)) {
            Some(one) => match self.servers.instead_of(one, servers) {
                Some(other) => other,
                None => return Some(one.0),
            },
            None => self.servers.pick(servers)?,
        };
        if let Some(key) = self.servers.key(place) {
            self.destinations.remember(destination, key, now);
        }
        Some(place)
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};
    use std::time::Duration;

    use proptest::prelude::*;

    use super::super::testing::{Fleet, candidates};
    use super::*;

    fn destination(number: u32) -> Option<IpAddr> {
        Some(Ipv4Addr::from(0x0a00_0000 + number).into())
    }

    proptest! {
        /// The disruption law: a server that goes moves its own destinations and
        /// no others, and one that comes moves none.
        #[test]
        fn destinations_stay_when_others_servers_come_and_go(
            count in 3usize..12,
            gone in 0usize..12,
        ) {
            let all = candidates(&vec![1_000; count]);
            let gone = gone % count;
            let mut fewer = all.clone();
            fewer.remove(gone);
            let mut picker = LocalityLeastConnections::default();
            let mut owners = |servers: &[Candidate]| -> Vec<u64> {
                picker.set(servers);
                let mut fleet = Fleet::of(servers.len());
                (0..300)
                    .map(|number| {
                        fleet.source = destination(number);
                        servers[picker.pick(&fleet).unwrap()].key
                    })
                    .collect()
            };
            let before = owners(&all);
            let without = owners(&fewer);
            for (before, without) in before.iter().zip(&without) {
                prop_assert!(*before == all[gone].key || before == without);
            }
            prop_assert_eq!(owners(&all), without);
        }
    }

    #[test]
    fn an_overloaded_server_gives_destinations_away() {
        let mut picker = LocalityLeastConnections::default();
        picker.set(&candidates(&[10, 10]));
        let mut fleet = Fleet::of(2);
        fleet.source = destination(1);
        let first = picker.pick(&fleet).unwrap();
        fleet.active[first] = 10;
        assert_eq!(picker.pick(&fleet), Some(first));
        fleet.active[first] = 11;
        let other = picker.pick(&fleet).unwrap();
        assert_ne!(other, first);
        fleet.active[first] = 0;
        assert_eq!(picker.pick(&fleet), Some(other));
        // With no better one it stays.
        fleet.active = vec![11, 11];
        assert_eq!(picker.pick(&fleet), Some(other));
    }

    #[test]
    fn the_table_is_bounded_and_forgets_what_is_old() {
        let mut picker = LocalityLeastConnections::default();
        picker.set(&candidates(&[1, 1]));
        let mut fleet = Fleet::of(2);
        let mut ask = |fleet: &mut Fleet, number| {
            fleet.source = destination(number);
            picker.pick(fleet).unwrap()
        };
        let kept = ask(&mut fleet, 0);
        for number in 1..40_000 {
            ask(&mut fleet, number);
            // One that is asked for all the time is never the one to go.
            if number % 1_000 == 0 {
                assert_eq!(ask(&mut fleet, 0), kept);
            }
        }
        let size = picker.destinations.len();
        assert!(size <= 16_384, "{size}");
        // After a day without a connection a destination is new.
        fleet.active[kept] = 1;
        fleet.now = Duration::from_secs(86_400);
        fleet.source = destination(0);
        assert_ne!(picker.pick(&fleet), Some(kept));
    }
}
