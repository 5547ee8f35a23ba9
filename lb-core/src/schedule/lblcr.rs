//! Locality-based least connections with replication: a few servers for a
//! destination address, more of them the more it is asked for.
//!
//! As `lblcr` of the Linux virtual server, `net/netfilter/ipvs/ip_vs_lblcr.c`: of
//! the destination's servers the one with the least to do for its weight is
//! taken. While that is overloaded, as lblc has it, another joins them; when
//! none has joined for long, the one with the most to do leaves.

use std::time::Duration;

use super::least::Burden;
use super::locality::{Destinations, Fallback};
use super::{Candidate, Servers};

/// Servers a destination has at most. The kernel has no limit; memory has.
const MOST: usize = 16;

/// How long a set of servers goes unchanged before it becomes smaller: the
/// kernel's `lblcr_expiration`.
const SHRINK_AFTER: Duration = Duration::from_secs(24 * 3_600);

/// One of the servers of the destination's address.
#[derive(Clone, Debug, Default)]
pub struct ReplicatedLocality {
    destinations: Destinations<Set>,
    servers: Fallback,
}

/// The servers of a destination, by key.
#[derive(Clone, Debug, Default)]
struct Set {
    keys: Vec<u64>,
    changed: Duration,
}

impl ReplicatedLocality {
    /// These are the servers from now on.
    pub fn set(&mut self, servers: &[Candidate]) {
        self.servers.set(servers);
    }

    /// Of the destination's servers the one with the least to do; another,
    /// which joins them, while that has too much.
    pub fn pick(&mut self, servers: &impl Servers) -> Option<usize> {
        let Some(destination) = servers.destination() else { return self.servers.pick(servers) };
        let now = servers.now();
        let Some(set) = self.destinations.of(destination, now) else {
            let place = self.servers.pick(servers)?;
            let keys = self.servers.key(place).into_iter().collect();
            self.destinations.remember(destination, Set { keys, changed: now }, now);
            return Some(place);
        };
        let burden = |(place, weight): (usize, u32)| Burden {
            load: servers.active(place).into(),
            weight: weight.into(),
        };
        let usable = |key: &u64| self.servers.usable(*key, servers);
        let least = set.keys.iter().filter_map(usable).min_by_key(|one| burden(*one));
        if set.keys.len() > 1 && now.saturating_sub(set.changed) >= SHRINK_AFTER {
            let most = |key: &u64| self.servers.usable(*key, servers).map(burden);
            let busiest = (0..set.keys.len()).max_by_key(|at| set.keys.get(*at).and_then(most));
            busiest.map(|at| set.keys.swap_remove(at));
            set.changed = now;
        }
        let joins = match least {
            Some(one) => match self.servers.instead_of(one, servers) {
                Some(other) => other,
                None => return Some(one.0),
            },
            None => self.servers.pick(servers)?,
        };
        if let Some(key) = self.servers.key(joins).filter(|key| !set.keys.contains(key)) {
            if set.keys.len() >= MOST {
                set.keys.remove(0);
            }
            set.keys.push(key);
            set.changed = now;
        }
        Some(joins)
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::super::testing::{Fleet, candidates};
    use super::*;

    #[test]
    fn a_popular_destination_gets_more_servers_and_loses_them_again() {
        let mut picker = ReplicatedLocality::default();
        picker.set(&candidates(&[4, 4, 4]));
        let mut fleet = Fleet::of(3);
        fleet.source = Some(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)));
        let mut used = |fleet: &mut Fleet, connections: usize| {
            fleet.active = vec![0; 3];
            for _ in 0..connections {
                let at = picker.pick(fleet).unwrap();
                fleet.active[at] += 1;
            }
            fleet.active.iter().filter(|active| **active > 0).count()
        };
        assert_eq!(used(&mut fleet, 5), 1);
        assert_eq!(used(&mut fleet, 6), 2);
        assert_eq!(used(&mut fleet, 30), 3);
        // All three are its own now, and share what there is.
        assert_eq!(used(&mut fleet, 3), 3);
        for day in 1..3 {
            fleet.now = SHRINK_AFTER * day;
            used(&mut fleet, 1);
        }
        assert_eq!(used(&mut fleet, 5), 1);
    }

    #[test]
    fn another_stands_in_for_a_server_that_is_away() {
        let mut picker = ReplicatedLocality::default();
        picker.set(&candidates(&[4, 4]));
        let mut fleet = Fleet::of(2);
        fleet.source = Some(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)));
        let first = picker.pick(&fleet).unwrap();
        fleet.closed = vec![first];
        let other = picker.pick(&fleet).unwrap();
        assert_ne!(first, other);
        fleet.closed = vec![0, 1];
        assert_eq!(picker.pick(&fleet), None);
    }
}
