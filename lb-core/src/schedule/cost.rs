//! The law that a pick costs at most the logarithm of the number of servers, in
//! servers that it looks at. It is about picks between changes of the servers
//! themselves: such a change looks at all.

use std::cell::Cell;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use super::testing::candidates;
use super::{ChangeLog, Load, Picker, SCHEDULERS, Servers};
use crate::model::Scheduler;

/// A fleet that counts which servers are asked for, each time again.
struct Watched {
    active: Vec<u32>,
    limits: Vec<u32>,
    tried: Vec<usize>,
    client: u32,
    log: ChangeLog,
    looks: Cell<usize>,
}

impl Watched {
    fn look(&self) {
        self.looks.set(self.looks.get() + 1);
    }

    fn is_full(&self, place: usize) -> bool {
        self.limits[place] > 0 && self.active[place] >= self.limits[place]
    }

    fn add(&mut self, place: usize, change: i32) {
        self.active[place] = self.active[place].saturating_add_signed(change);
        self.log.note(place as u32);
    }
}

impl Servers for Watched {
    fn usable(&self, place: usize) -> bool {
        self.look();
        !self.is_full(place) && !self.tried.contains(&place)
    }

    fn active(&self, place: usize) -> u32 {
        self.look();
        self.active[place]
    }

    fn source(&self) -> Option<IpAddr> {
        Some(IpAddr::V4(Ipv4Addr::from(self.client)))
    }

    fn destination(&self) -> Option<IpAddr> {
        self.source()
    }

    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn full(&self, place: usize) -> bool {
        self.look();
        self.is_full(place)
    }

    fn latency(&self, place: usize) -> f64 {
        self.look();
        1.0 + (place % 7) as f64
    }

    fn load(&self, place: usize) -> Load {
        self.look();
        Load { others: 100, cores: 2, capacity: 1_000 + (place % 5) as u64, limit: 0 }
    }

    fn change_log(&self) -> Option<&ChangeLog> {
        Some(&self.log)
    }

    fn epoch(&self) -> u64 {
        0
    }
}

/// What is true of the servers of a case, by place and number of servers.
struct Case {
    name: &'static str,
    weight: fn(usize, usize) -> u32,
    /// Connections at which it is full, and those that it has; it has no limit at 0.
    limit: fn(usize, usize) -> u32,
    active: fn(usize, usize) -> u32,
}

const ONE: fn(usize, usize) -> u32 = |_, _| 1;
const NONE: fn(usize, usize) -> u32 = |_, _| 0;

const CASES: [Case; 8] = [
    Case { name: "idle", weight: ONE, limit: NONE, active: NONE },
    Case {
        name: "all but the last full",
        weight: ONE,
        limit: |_, _| 2,
        active: |at, of| {
            if at + 1 == of { 0 } else { 2 }
        },
    },
    Case {
        name: "all but one full",
        weight: |at, _| 1 + at as u32 % 9,
        limit: |_, _| 10,
        active: |at, of| {
            if at == of / 3 { 0 } else { 10 }
        },
    },
    Case { name: "all full", weight: ONE, limit: |_, _| 2, active: |_, _| 2 },
    Case {
        name: "every other full",
        weight: ONE,
        limit: |_, _| 2,
        active: |at, _| at as u32 % 2 * 2,
    },
    Case {
        name: "all but one down",
        weight: |at, of| u32::from(at == of / 3),
        limit: NONE,
        active: NONE,
    },
    Case {
        name: "all but one down, and that full",
        weight: |at, of| u32::from(at == of / 3),
        limit: |_, _| 1,
        active: |_, _| 1,
    },
    Case {
        name: "the first half at its weight",
        weight: |_, _| 4,
        limit: NONE,
        active: |at, of| {
            if at < of / 2 { 4 } else { 0 }
        },
    },
];

/// The most servers that a pick looks at, of so many.
fn most_looks(scheduler: Scheduler, case: &Case, servers: usize) -> usize {
    let all = 0..servers;
    let weights: Vec<u32> = all.clone().map(|at| (case.weight)(at, servers)).collect();
    let mut picker = Picker::new(scheduler);
    picker.set(&candidates(&weights));
    let mut fleet = Watched {
        active: all.clone().map(|at| (case.active)(at, servers)).collect(),
        limits: all.map(|at| (case.limit)(at, servers)).collect(),
        tried: Vec::new(),
        client: 0,
        log: ChangeLog::default(),
        looks: Cell::new(0),
    };
    // The first look is at all of them, and may find out once that they are full.
    for client in 0..40 {
        fleet.client = client;
        picker.pick(&fleet);
    }
    let mut most = 0;
    for client in 0..200 {
        fleet.client = 1_000 + client;
        fleet.looks.set(0);
        let picked = picker.pick(&fleet);
        // One that did not accept is tried no more.
        fleet.tried.extend(picked);
        let again = picker.pick(&fleet).or(picked);
        most = most.max(fleet.looks.get());
        fleet.tried.clear();
        // It begins, and ends again, as others do elsewhere.
        if let Some(place) = again {
            fleet.add(place, 1);
            fleet.add(place, -1);
        }
        let elsewhere = client as usize * 7 % servers;
        fleet.add(elsewhere, 1);
        fleet.add(elsewhere, -1);
    }
    most
}

#[test]
fn a_pick_looks_at_no_more_servers_than_the_logarithm_allows() {
    for scheduler in SCHEDULERS {
        for case in &CASES {
            // Maglev's table for more takes long to fill.
            let many = if *scheduler == Scheduler::Mh { 600 } else { 8_000 };
            for servers in [64_usize, 600, many] {
                let looks = most_looks(*scheduler, case, servers);
                // Of two picks, each with the changes since the one before.
                let most = 12 * servers.ilog2() as usize;
                assert!(
                    looks <= most,
                    "{scheduler}, {servers} servers, {}: {looks} looks, and {most} are allowed",
                    case.name
                );
            }
        }
    }
}
