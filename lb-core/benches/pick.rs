//! Nanoseconds a pick, with the connection it begins and one that ends, by
//! scheduler and number of servers; what it takes to set the servers; and what picks
//! cost among ten thousand of which few can be picked.
//!
//! `cargo bench -p lcms-lb-core --bench pick`; a word after `--` chooses one
//! scheduler.

use std::cell::Cell;
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use lcms_lb_core::model::{Scheduler, Weight};
use lcms_lb_core::schedule::{
    Candidate, ChangeLog, FEW, Load, Picker, SCHEDULERS, Servers, hash_of_name,
};

const SIZES: [usize; 5] = [3, 10, 100, 1_000, 10_000];
const PICKS: u32 = 20_000;

/// Connections each server has in the mean while it is measured.
const EACH: usize = 4;

/// Which of the servers are full before it begins, by place and number.
type IsFull = fn(usize, usize) -> bool;

/// None of ten thousand, every other, and all but one.
const CASES: [(&str, IsFull); 4] = [
    ("none", |_, _| false),
    ("half", |at, _| at % 2 == 0),
    ("but first", |at, _| at > 0),
    ("but last", |at, of| at + 1 < of),
];

struct Fleet {
    active: Vec<Cell<u32>>,
    full: Vec<bool>,
    client: Cell<u32>,
    log: Option<ChangeLog>,
}

impl Fleet {
    fn add(&self, place: usize, change: i32) {
        let count = &self.active[place];
        count.set(count.get().saturating_add_signed(change));
        if let Some(log) = &self.log {
            log.note(place as u32);
        }
    }

    fn address(&self) -> Option<IpAddr> {
        Some(IpAddr::V4(Ipv4Addr::from(self.client.get())))
    }
}

impl Servers for Fleet {
    fn usable(&self, place: usize) -> bool {
        !self.full[place]
    }

    fn active(&self, place: usize) -> u32 {
        self.active[place].get()
    }

    fn source(&self) -> Option<IpAddr> {
        self.address()
    }

    fn destination(&self) -> Option<IpAddr> {
        self.address()
    }

    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn full(&self, place: usize) -> bool {
        self.full[place]
    }

    fn latency(&self, place: usize) -> f64 {
        1.0 + (place % 7) as f64
    }

    fn load(&self, place: usize) -> Load {
        Load { others: 100, cores: 2, capacity: 1_000 + (place % 5) as u64, limit: 0 }
    }

    fn change_log(&self) -> Option<&ChangeLog> {
        self.log.as_ref()
    }

    fn epoch(&self) -> u64 {
        0
    }
}

fn main() {
    let only = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    print!("{:8}", "ns/pick");
    SIZES.iter().for_each(|size| print!("{size:>9}"));
    println!("   set 10000, ms");
    let is_meant = |one: &&Scheduler| only.as_ref().is_none_or(|only| *only == one.to_string());
    for scheduler in SCHEDULERS.iter().filter(is_meant) {
        print!("{:8}", scheduler.to_string());
        let mut set = Duration::ZERO;
        for size in SIZES {
            let (nanoseconds, time) = measure(*scheduler, size, CASES[0].1);
            print!("{nanoseconds:>9.0}");
            set = time;
        }
        println!("{:>16.2}", set.as_secs_f64() * 1e3);
    }
    println!("\nof 10000 servers so many are full");
    print!("{:8}", "ns/pick");
    CASES.iter().for_each(|(name, _)| print!("{name:>10}"));
    println!();
    for scheduler in SCHEDULERS.iter().filter(is_meant) {
        print!("{:8}", scheduler.to_string());
        CASES.iter().for_each(|(_, full)| print!("{:>10.0}", measure(*scheduler, 10_000, *full).0));
        println!();
    }
}

fn measure(scheduler: Scheduler, size: usize, is_full: IsFull) -> (f64, Duration) {
    let candidates: Vec<Candidate> = (0..size)
        .map(|at| Candidate {
            key: at as u64,
            name: hash_of_name(&format!("rs{at}")),
            weight: Weight::clamped(50 + at as u32 % 10),
        })
        .collect();
    let mut picker = Picker::new(scheduler);
    let begun = Instant::now();
    picker.set(&candidates);
    let set = begun.elapsed();
    let fleet = Fleet {
        active: vec![Cell::new(0); size],
        full: (0..size).map(|at| is_full(at, size)).collect(),
        client: Cell::new(0),
        log: (size > FEW).then(ChangeLog::default),
    };
    // Connections end in another order than they began in.
    let mut alive: Vec<usize> = Vec::new();
    let mut draw = 1u64;
    let mut step = |fleet: &Fleet, alive: &mut Vec<usize>| {
        draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        fleet.client.set((draw >> 40) as u32 % 5_000);
        if alive.len() >= size * EACH {
            let ends = alive.swap_remove((draw >> 33) as usize % alive.len());
            fleet.add(ends, -1);
        }
        if let Some(place) = picker.pick(black_box(fleet)) {
            fleet.add(place, 1);
            alive.push(place);
        }
    };
    for _ in 0..size * EACH + 100 {
        step(&fleet, &mut alive);
    }
    let begun = Instant::now();
    for _ in 0..PICKS {
        step(&fleet, &mut alive);
    }
    (begun.elapsed().as_nanos() as f64 / f64::from(PICKS), set)
}
