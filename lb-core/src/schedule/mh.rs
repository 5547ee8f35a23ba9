//! Maglev hash: the same server for the same client address, and few clients
//! that move when a server comes or goes.
//!
//! Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer",
//! NSDI 2016, section 3.4: each server has an order of its own of all the rows of
//! a table, and the servers take turns to fill the next row in their order that
//! is free. A server of greater weight takes more rows a turn, as in `mh` of the
//! Linux virtual server, `net/netfilter/ipvs/ip_vs_mh.c`. The orders follow from
//! names alone, so two directors fill their tables alike.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use super::ring::Ring;
use super::{Candidate, Servers, hash};

/// Sizes of tables: primes, so that every step visits every row. With a hundred
/// rows for each server the shares are within a hundredth (section 5.3).
const SIZES: [u32; 3] = [4_093, 65_521, 1_048_573];

/// Rows for each server in a table that is large enough.
const ROWS: usize = 100;

/// The virtual time in which a server of weight 1 takes one row. The longest
/// table of the greatest weights fits into a number of this size.
const ROUND: u64 = 1 << 40;

/// A row that is free while the table is filled.
const FREE: u32 = u32::MAX;

/// Tries at other rows for a server that is not usable, before just any is
/// taken. Each is a hash of its own, so that its clients are spread over all.
const TRIES: u64 = 8;

/// The server of the client's address in a table that changes little.
#[derive(Clone, Debug, Default)]
pub struct Maglev {
    table: Arc<Table>,
    /// The servers with a weight in the table's order of them.
    ring: Ring,
}

/// The table, which all shards share: to fill a long one takes a good part of a
/// second, and is not for them to do.
#[derive(Clone, Debug, Default)]
pub struct Table {
    rows: Vec<u32>,
    /// Places and keys of the servers with a weight.
    servers: Vec<(usize, u64)>,
}

struct Filler {
    place: u32,
    key: u64,
    row: u32,
    step: u32,
    /// From one of its turns to the next.
    stride: u64,
}

impl Table {
    /// The table of these servers.
    pub fn of(servers: &[Candidate]) -> Self {
        let size = SIZES
            .into_iter()
            .find(|size| servers.len().saturating_mul(ROWS) <= *size as usize)
            .unwrap_or(SIZES[2]);
        let mut fillers: Vec<Filler> = servers
            .iter()
            .zip(0..)
            .filter(|(server, _)| server.weight.value() > 0)
            .map(|(server, place)| Filler {
                place,
                key: server.key,
                row: (hash::mix(server.name) % u64::from(size)) as u32,
                step: (hash::mix(!server.name) % u64::from(size - 1)) as u32 + 1,
                stride: ROUND / u64::from(server.weight.value()),
            })
            .collect();
        // Names, not places, decide who is first.
        fillers.sort_by_key(|filler| (filler.row, filler.step));
        if fillers.is_empty() {
            return Self::default();
        }
        let servers = fillers.iter().map(|filler| (filler.place as usize, filler.key)).collect();
        let mut rows = vec![FREE; size as usize];
        let first = fillers.iter().map(|filler| filler.stride);
        let mut turns: BinaryHeap<_> = first.zip(0..).map(Reverse).collect();
        for _ in 0..size {
            let Some(Reverse((due, number))) = turns.pop() else { break };
            let Some(filler) = fillers.get_mut(number) else { break };
            // One row is free in each round, and the steps visit every row.
            while let Some(row) = rows.get_mut(filler.row as usize) {
                filler.row = (filler.row + filler.step) % size;
                if *row == FREE {
                    *row = filler.place;
                    break;
                }
            }
            turns.push(Reverse((due + filler.stride, number)));
        }
        Self { rows, servers }
    }
}

impl Maglev {
    /// These are the servers from now on.
    pub fn set(&mut self, servers: &[Candidate]) {
        self.adopt(Table::of(servers).into());
    }

    /// The servers of this table are those from now on.
    pub(super) fn adopt(&mut self, table: Arc<Table>) {
        self.ring.set(table.servers.iter().copied());
        self.table = table;
    }

    /// The server of the client's address, if it is usable; else that of other
    /// rows, and at last any.
    pub fn pick(&mut self, servers: &impl Servers) -> Option<usize> {
        self.ring.hear(servers);
        let rows = &self.table.rows;
        let size = u64::try_from(rows.len()).ok().filter(|size| *size > 0)?;
        let client = servers.source().map_or(0, hash::address);
        let tries = (0..TRIES).map(|number| hash::mix(client ^ number) % size);
        let mut tried = tries.filter_map(|row| rows.get(row as usize)).map(|place| *place as usize);
        tried.find(|place| servers.usable(*place)).or_else(|| {
            let from = (client % self.ring.len().max(1) as u64) as usize;
            let position = self.ring.next(from, servers)?;
            self.ring.place(position)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use proptest::prelude::*;

    use super::super::testing::{Fleet, candidates};
    use super::*;

    fn owners(servers: &[Candidate], clients: u32) -> Vec<u64> {
        let mut picker = Maglev::default();
        picker.set(servers);
        let mut fleet = Fleet::of(servers.len());
        (0..clients)
            .map(|number| {
                fleet.source = Some(IpAddr::V4(Ipv4Addr::from(0x0a00_0000 + number)));
                servers[picker.pick(&fleet).unwrap()].name
            })
            .collect()
    }

    proptest! {
        /// The disruption law: a server that goes moves its own clients and few
        /// others; section 5.3 measures a few per cent for tables of this size.
        #[test]
        fn few_clients_move_but_those_of_a_server_that_goes(
            count in 2usize..20,
            gone in 0usize..20,
        ) {
            let servers = candidates(&vec![1; count]);
            let gone = gone % count;
            let mut fewer = servers.clone();
            fewer.remove(gone);
            let (before, after) = (owners(&servers, 4_000), owners(&fewer, 4_000));
            let moved = before
                .iter()
                .zip(&after)
                .filter(|(before, after)| **before != servers[gone].name && before != after)
                .count();
            prop_assert!(moved <= 4_000 / 12, "{} of 4000 moved for nothing", moved);
        }

        #[test]
        fn the_order_of_the_servers_does_not_matter(
            weights in proptest::collection::vec(1u32..9, 1..9),
        ) {
            let servers = candidates(&weights);
            let mut reversed = servers.clone();
            reversed.reverse();
            prop_assert_eq!(owners(&servers, 500), owners(&reversed, 500));
        }

        #[test]
        fn the_table_is_divided_by_weight(weights in proptest::collection::vec(0u32..9, 1..9)) {
            let mut picker = Maglev::default();
            picker.set(&candidates(&weights));
            let total: u32 = weights.iter().sum();
            for (place, weight) in (0..).zip(&weights) {
                let rows = picker.table.rows.iter().filter(|row| **row == place).count();
                let exact = (weight * 4_093).checked_div(total).unwrap_or(0) as usize;
                prop_assert!(rows.abs_diff(exact) <= 10, "{} rows instead of {}", rows, exact);
            }
        }
    }
}
