//! Persistence: the next connection of a client goes where its last one went.
//!
//! As in the Linux virtual server, a client is an address under a mask, and its
//! entry lives for a time since its latest connection began. The table is one
//! for all threads, in parts with a lock each, and bounded: where it is full,
//! the entry goes that was used longest ago.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::schedule::hash_of_address;

/// How long clients stay with their servers, and what a client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Persistence {
    /// How long an entry lives since its client's latest connection began.
    pub timeout: Duration,
    /// Leading bits of an IPv4 address that make a client.
    pub prefix_ipv4: u32,
    /// The same of an IPv6 address.
    pub prefix_ipv6: u32,
}

impl Persistence {
    /// The client that an address belongs to.
    pub fn client(&self, address: IpAddr) -> IpAddr {
        match address.to_canonical() {
            IpAddr::V4(address) => {
                let mask = u32::MAX.checked_shl(32_u32.saturating_sub(self.prefix_ipv4));
                Ipv4Addr::from(u32::from(address) & mask.unwrap_or(0)).into()
            }
            IpAddr::V6(address) => {
                let mask = u128::MAX.checked_shl(128_u32.saturating_sub(self.prefix_ipv6));
                Ipv6Addr::from(u128::from(address) & mask.unwrap_or(0)).into()
            }
        }
    }
}

/// Entries of one service, over all parts.
pub const MOST_CLIENTS: usize = 1 << 18;

const PARTS: usize = 16;

/// Old entries that one new one may clear away: a little more than come in, so
/// that they never pile up.
const SWEEP: usize = 4;

/// Who is with which server, by the server's key.
#[derive(Debug, Default)]
pub struct Clients {
    parts: [Mutex<Part>; PARTS],
}

#[derive(Debug, Default)]
struct Part {
    entries: HashMap<IpAddr, Entry>,
    /// Each client once, in the order in which they were last looked at: the
    /// time is that of then, and the entry may have been used since.
    order: VecDeque<(IpAddr, Instant)>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    server: u64,
    used: Instant,
}

impl Clients {
    /// The server of a client, if it has been there lately.
    pub fn server(&self, client: IpAddr, now: Instant, timeout: Duration) -> Option<u64> {
        let part = self.part(client);
        let entry = part.entries.get(&client)?;
        (now.saturating_duration_since(entry.used) < timeout).then_some(entry.server)
    }

    /// The client is with this server from now on.
    pub fn keep(&self, client: IpAddr, server: u64, now: Instant, timeout: Duration) {
        let mut part = self.part(client);
        let entry = Entry { server, used: now };
        if part.entries.insert(client, entry).is_none() {
            part.order.push_back((client, now));
        }
        part.sweep(now, timeout, SWEEP);
        part.make_room(MOST_CLIENTS / PARTS);
    }

    /// How many clients there are; some whose time is just over may be among
    /// them.
    pub fn count(&self, now: Instant, timeout: Duration) -> usize {
        let count = |part: &Mutex<Part>| {
            let mut part = part.lock().unwrap_or_else(PoisonError::into_inner);
            part.sweep(now, timeout, usize::MAX);
            part.entries.len()
        };
        self.parts.iter().map(count).sum()
    }

    /// All clients with their servers' keys and how long ago their latest connection
    /// began, those first that were there for longest not.
    pub fn all(&self, now: Instant, timeout: Duration) -> Vec<(IpAddr, u64, Duration)> {
        let mut all = Vec::new();
        for part in &self.parts {
            let part = part.lock().unwrap_or_else(PoisonError::into_inner);
            let entry = |(client, entry): (&IpAddr, &Entry)| {
                (*client, entry.server, now.saturating_duration_since(entry.used))
            };
            all.extend(part.entries.iter().map(entry).filter(|(_, _, ago)| *ago < timeout));
        }
        all.sort_by_key(|(client, _, ago)| (std::cmp::Reverse(*ago), *client));
        all
    }

    fn part(&self, client: IpAddr) -> MutexGuard<'_, Part> {
        let number = hash_of_address(client) as usize % PARTS;
        let part = self.parts.get(number).unwrap_or(&self.parts[0]);
        part.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Part {
    /// Clears away up to so many entries whose time is over.
    fn sweep(&mut self, now: Instant, timeout: Duration, most: usize) {
        for _ in 0..most {
            let Some((client, seen)) = self.order.front().copied() else { return };
            if now.saturating_duration_since(seen) < timeout {
                return;
            }
            self.order.pop_front();
            let used = self.entries.get(&client).map(|entry| entry.used);
            match used {
                Some(used) if now.saturating_duration_since(used) < timeout => {
                    self.order.push_back((client, used));
                }
                _ => drop(self.entries.remove(&client)),
            }
        }
    }

    /// Gives up entries beyond so many, those first that were used longest ago.
    fn make_room(&mut self, most: usize) {
        let mut looks = 0;
        while self.entries.len() > most
            && let Some((client, seen)) = self.order.pop_front()
        {
            let used = self.entries.get(&client).map(|entry| entry.used);
            looks += 1;
            match used {
                // It was used since it was last looked at. That many in a row
                // have no order worth finding.
                Some(used) if used > seen && looks <= SWEEP => {
                    self.order.push_back((client, used));
                }
                _ => drop(self.entries.remove(&client)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(10);

    fn client(number: u32) -> IpAddr {
        Ipv4Addr::from(0x0a00_0000 + number).into()
    }

    #[test]
    fn a_client_is_an_address_under_a_mask() {
        let persistence = Persistence { timeout: TIMEOUT, prefix_ipv4: 24, prefix_ipv6: 56 };
        let client = |text: &str| persistence.client(text.parse().unwrap()).to_string();
        assert_eq!(client("192.0.2.77"), "192.0.2.0");
        assert_eq!(client("::ffff:192.0.2.77"), "192.0.2.0");
        assert_eq!(client("2001:db8:1:2ff::9"), "2001:db8:1:200::");
        let whole = Persistence { prefix_ipv4: 32, prefix_ipv6: 128, ..persistence };
        assert_eq!(whole.client("::1".parse().unwrap()).to_string(), "::1");
        assert_eq!(whole.client("192.0.2.77".parse().unwrap()).to_string(), "192.0.2.77");
    }

    #[test]
    fn a_full_table_gives_up_who_was_not_there_for_longest() {
        let clients = Clients::default();
        let begin = Instant::now();
        let at = |step: u32| begin + Duration::from_micros(step.into());
        let timeout = Duration::from_secs(3_600);
        let many = (MOST_CLIENTS + MOST_CLIENTS / 4) as u32;
        for number in 0..many {
            clients.keep(client(number), 7, at(number), timeout);
        }
        let now = at(many);
        assert!(clients.count(now, timeout) <= MOST_CLIENTS);
        assert_eq!(clients.server(client(0), now, timeout), None);
        assert_eq!(clients.server(client(many - 1), now, timeout), Some(7));
        assert_eq!(clients.count(now + 2 * timeout, timeout), 0);
    }

    proptest! {
        #[test]
        fn the_table_knows_what_a_list_of_all_connections_would_say(
            steps in proptest::collection::vec((0u32..20, 0u64..4, 0u64..4), 0..300),
        ) {
            let clients = Clients::default();
            let mut now = Instant::now();
            let mut latest: BTreeMap<u32, (u64, Instant)> = BTreeMap::new();
            for (number, server, seconds) in steps {
                now += Duration::from_secs(seconds);
                let alive = |(_, used): &&(u64, Instant)| now.duration_since(*used) < TIMEOUT;
                let known = latest.get(&number).filter(alive).map(|(server, _)| *server);
                prop_assert_eq!(clients.server(client(number), now, TIMEOUT), known);
                clients.keep(client(number), server, now, TIMEOUT);
                latest.insert(number, (server, now));
                let alive = latest.values().filter(|(_, used)| now.duration_since(*used) < TIMEOUT);
                let count = clients.count(now, TIMEOUT);
                prop_assert!((alive.count()..=latest.len()).contains(&count), "{}", count);
            }
            // A table made of what this one tells knows the same.
            let told = Clients::default();
            for (client, server, ago) in clients.all(now, TIMEOUT) {
                told.keep(client, server, now - ago, TIMEOUT);
            }
            for later in [0, 3, 6, 9] {
                let then = now + Duration::from_secs(later);
                for number in 0..20 {
                    let [known, here] = [&told, &clients]
                        .map(|table| table.server(client(number), then, TIMEOUT));
                    prop_assert_eq!(known, here);
                }
            }
            prop_assert_eq!(clients.count(now + TIMEOUT, TIMEOUT), 0);
        }
    }
}
