//! Destinations that were seen lately: what lblc and lblcr have in common.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use super::wlc::WeightedLeastConnections;
use super::{Candidate, Servers, hash};

/// Destinations remembered at most; the kernel's schedulers keep as many.
const MOST: usize = 16_384;

/// How long a destination is remembered without a connection: the kernel's
/// `lblc_expiration` and `lblcr_expiration`.
const EXPIRATION: Duration = Duration::from_secs(24 * 3_600);

/// What is remembered of each destination.
#[derive(Clone, Debug)]
pub(super) struct Destinations<T> {
    known: HashMap<u64, Known<T>>,
    /// In the order in which they came, or were passed over because they had
    /// been used: whoever is first and was not used makes room.
    order: VecDeque<u64>,
}

#[derive(Clone, Debug)]
struct Known<T> {
    what: T,
    last: Duration,
    used: bool,
}

impl<T> Default for Destinations<T> {
    fn default() -> Self {
        Self { known: HashMap::new(), order: VecDeque::new() }
    }
}

impl<T> Destinations<T> {
    /// What is remembered of a destination, which is used now.
    pub(super) fn of(&mut self, destination: IpAddr, now: Duration) -> Option<&mut T> {
        let known = self.known.get_mut(&hash::address(destination))?;
        if now.saturating_sub(known.last) >= EXPIRATION {
            return None;
        }
        (known.last, known.used) = (now, true);
        Some(&mut known.what)
    }

    /// How many are remembered.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    /// Remembers something of a destination.
    pub(super) fn remember(&mut self, destination: IpAddr, what: T, now: Duration) {
        let key = hash::address(destination);
        let known = Known { what, last: now, used: false };
        if self.known.insert(key, known).is_some() {
            return;
        }
        self.order.push_back(key);
        while self.known.len() > MOST {
            let Some(first) = self.order.pop_front() else { return };
            let known = self.known.get_mut(&first);
            if known.is_some_and(|known| std::mem::take(&mut known.used)) {
                self.order.push_back(first);
            } else {
                self.known.remove(&first);
            }
        }
    }
}

/// The servers, and who has the least to do among all of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Fallback {
    least: WeightedLeastConnections,
    /// Places and weights of the servers with a weight, by key.
    by_key: HashMap<u64, (usize, u32)>,
    keys: Vec<u64>,
}

impl Fallback {
    /// These are the servers from now on.
    pub(super) fn set(&mut self, servers: &[Candidate]) {
        self.least.set(servers);
        self.keys = servers.iter().map(|server| server.key).collect();
        self.by_key = servers
            .iter()
            .enumerate()
            .filter(|(_, server)| server.weight.value() > 0)
            .map(|(place, server)| (server.key, (place, server.weight.value())))
            .collect();
    }

    /// Place and weight of a server, if it is usable.
    pub(super) fn usable(&self, key: u64, servers: &impl Servers) -> Option<(usize, u32)> {
        self.by_key.get(&key).copied().filter(|(place, _)| servers.usable(*place))
    }

    /// The key of a place.
    pub(super) fn key(&self, place: usize) -> Option<u64> {
        self.keys.get(place).copied()
    }

    /// Who has the least to do for its weight.
    pub(super) fn pick(&mut self, servers: &impl Servers) -> Option<usize> {
        self.least.pick(servers)
    }

    /// Who gets the connection instead: the server has more connections than
    /// weight, and the one with the least to do has less than half. So the
    /// kernel's `is_overloaded`, but that it is content with any such server.
    pub(super) fn instead_of(
        &mut self,
        (place, weight): (usize, u32),
        servers: &impl Servers,
    ) -> Option<usize> {
        if servers.active(place) <= weight {
            return None;
        }
        let other = self.pick(servers)?;
        let (_, weight) = self.by_key.get(&self.key(other)?)?;
        (u64::from(servers.active(other)) * 2 < u64::from(*weight)).then_some(other)
    }
}
