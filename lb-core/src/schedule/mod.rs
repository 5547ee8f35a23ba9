//! Schedulers: which server gets the next connection.
//!
//! A [`Picker`] is set up with the servers of a service in their order and then
//! asked once a connection. Counts of connections are the caller's, since they
//! are shared between threads; turns are the picker's own. A server of weight
//! 0 is never picked, and one that the caller finds not usable loses its turn
//! and nothing else.

mod address_hash;
mod change_log;
mod choice;
#[cfg(test)]
mod cost;
mod ewma;
mod fo;
mod freest;
mod hash;
mod lblc;
mod lblcr;
mod lc;
mod least;
mod locality;
mod mh;
mod nq;
mod ovf;
mod p2c;
mod pair;
mod rank;
mod ring;
mod rr;
mod sed;
mod tournament;
mod turns;
mod wlc;
mod wrr;

pub use address_hash::AddressHash;
pub use change_log::{ChangeLog, Mark};
pub use choice::{Choice, Lineup};
pub use ewma::{LeastLatency, PeakEwma};
pub use fo::Failover;
pub use freest::{Freest, Load};
pub use hash::{address as hash_of_address, name as hash_of_name};
pub use lblc::LocalityLeastConnections;
pub use lblcr::ReplicatedLocality;
pub use lc::LeastConnections;
pub use least::FEW;
pub use mh::Maglev;
pub use nq::NeverQueue;
pub use ovf::Overflow;
pub use p2c::PowerOfTwo;
pub use rr::RoundRobin;
pub use sed::ShortestExpectedDelay;
pub use wlc::WeightedLeastConnections;
pub use wrr::WeightedRoundRobin;

use std::net::IpAddr;
use std::time::Duration;

use crate::model::{Scheduler, Weight};

/// The schedulers there are.
pub const SCHEDULERS: &[Scheduler] = &[
    Scheduler::Rr,
    Scheduler::Wrr,
    Scheduler::Lc,
    Scheduler::Wlc,
    Scheduler::Sed,
    Scheduler::Nq,
    Scheduler::Sh,
    Scheduler::Dh,
    Scheduler::Mh,
    Scheduler::Lblc,
    Scheduler::Lblcr,
    Scheduler::Fo,
    Scheduler::Ovf,
    Scheduler::P2c,
    Scheduler::Ewma,
    Scheduler::Freest,
];

/// A server as a scheduler knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Tells it from every other, also from a later one in its place.
    pub key: u64,
    /// Hash of its name: the same on every director, and after a restart.
    pub name: u64,
    /// Its effective weight.
    pub weight: Weight,
}

/// What a scheduler asks about the servers, by their place in the list.
pub trait Servers {
    /// Whether the server can be picked now.
    fn usable(&self, place: usize) -> bool;

    /// Its connections, those in flight included: they make a burst spread.
    fn active(&self, place: usize) -> u32;

    /// Where the client is, if that is known.
    fn source(&self) -> Option<IpAddr>;

    /// Where the client went, if that is known.
    fn destination(&self) -> Option<IpAddr>;

    /// Time since some moment.
    fn now(&self) -> Duration;

    /// Whether its count alone keeps the server from being usable.
    fn full(&self, place: usize) -> bool;

    /// Moving average of its latency in seconds; 0 while it never answered.
    fn latency(&self, place: usize) -> f64;

    /// What load reports say of it.
    fn load(&self, place: usize) -> Load;

    /// Where changes of counts are told, if that is done. What [`Servers::full`]
    /// and [`Servers::load`] say changes with the count, or with the epoch.
    fn change_log(&self) -> Option<&ChangeLog>;

    /// Another one whenever something beside the counts has changed.
    fn epoch(&self) -> u64;
}

/// A scheduler and its state.
#[derive(Clone, Debug)]
pub enum Picker {
    /// In turn.
    Rr(RoundRobin),
    /// In turn, by weight.
    Wrr(WeightedRoundRobin),
    /// Fewest connections.
    Lc(LeastConnections),
    /// Fewest connections for the weight.
    Wlc(WeightedLeastConnections),
    /// Shortest expected delay.
    Sed(ShortestExpectedDelay),
    /// An idle server, else sed.
    Nq(NeverQueue),
    /// Hash of the source address.
    Sh(AddressHash),
    /// Hash of the destination address.
    Dh(AddressHash),
    /// Maglev hash of the source address.
    Mh(Maglev),
    /// The server of the destination address, while it is not overloaded.
    Lblc(LocalityLeastConnections),
    /// One of the servers of the destination address.
    Lblcr(ReplicatedLocality),
    /// Greatest weight.
    Fo(Failover),
    /// Greatest weight that is not full.
    Ovf(Overflow),
    /// The better of two drawn at random.
    P2c(PowerOfTwo),
    /// The better of two by latency.
    Ewma(LeastLatency),
    /// The most free capacity.
    Freest(Freest),
}

impl Picker {
    /// The scheduler of this name.
    pub fn new(scheduler: Scheduler) -> Self {
        match scheduler {
            Scheduler::Rr => Self::Rr(RoundRobin::default()),
            Scheduler::Wrr => Self::Wrr(WeightedRoundRobin::default()),
            Scheduler::Lc => Self::Lc(LeastConnections::default()),
            Scheduler::Wlc => Self::Wlc(WeightedLeastConnections::default()),
            Scheduler::Sed => Self::Sed(ShortestExpectedDelay::default()),
            Scheduler::Nq => Self::Nq(NeverQueue::default()),
            Scheduler::Sh => Self::Sh(AddressHash::of_source()),
            Scheduler::Dh => Self::Dh(AddressHash::of_destination()),
            Scheduler::Mh => Self::Mh(Maglev::default()),
            Scheduler::Lblc => Self::Lblc(LocalityLeastConnections::default()),
            Scheduler::Lblcr => Self::Lblcr(ReplicatedLocality::default()),
            Scheduler::Fo => Self::Fo(Failover::default()),
            Scheduler::Ovf => Self::Ovf(Overflow::default()),
            Scheduler::P2c => Self::P2c(PowerOfTwo::default()),
            Scheduler::Ewma => Self::Ewma(LeastLatency::default()),
            Scheduler::Freest => Self::Freest(Freest::default()),
        }
    }

    /// These are the servers from now on. Who had a turn is remembered.
    pub fn set(&mut self, servers: &[Candidate]) {
        match self {
            Self::Rr(picker) => picker.set(servers),
            Self::Wrr(picker) => picker.set(servers),
            Self::Lc(picker) => picker.set(servers),
            Self::Wlc(picker) => picker.set(servers),
            Self::Sed(picker) => picker.set(servers),
            Self::Nq(picker) => picker.set(servers),
            Self::Sh(picker) => picker.set(servers),
            Self::Dh(picker) => picker.set(servers),
            Self::Mh(picker) => picker.set(servers),
            Self::Lblc(picker) => picker.set(servers),
            Self::Lblcr(picker) => picker.set(servers),
            Self::Fo(picker) => picker.set(servers),
            Self::Ovf(picker) => picker.set(servers),
            Self::P2c(picker) => picker.set(servers),
            Self::Ewma(picker) => picker.set(servers),
            Self::Freest(picker) => picker.set(servers),
        }
    }

    /// The place of the server that gets the next connection, if any can.
    pub fn pick(&mut self, servers: &impl Servers) -> Option<usize> {
        match self {
            Self::Rr(picker) => picker.pick(servers),
            Self::Wrr(picker) => picker.pick(servers),
            Self::Lc(picker) => picker.pick(servers),
            Self::Wlc(picker) => picker.pick(servers),
            Self::Sed(picker) => picker.pick(servers),
            Self::Nq(picker) => picker.pick(servers),
            Self::Sh(picker) => picker.pick(servers),
            Self::Dh(picker) => picker.pick(servers),
            Self::Mh(picker) => picker.pick(servers),
            Self::Lblc(picker) => picker.pick(servers),
            Self::Lblcr(picker) => picker.pick(servers),
            Self::Fo(picker) => picker.pick(servers),
            Self::Ovf(picker) => picker.pick(servers),
            Self::P2c(picker) => picker.pick(servers),
            Self::Ewma(picker) => picker.pick(servers),
            Self::Freest(picker) => picker.pick(servers),
        }
    }
}

#[cfg(test)]
mod testing {
    //! Servers for the tests of this folder.

    use std::sync::Arc;

    use super::*;

    /// A fleet with counted connections, some of it closed.
    #[derive(Clone, Debug, Default)]
    pub(super) struct Fleet {
        pub(super) active: Vec<u32>,
        pub(super) closed: Vec<usize>,
        /// Connections from which a server is full; 0: none.
        pub(super) limit: u32,
        pub(super) source: Option<IpAddr>,
        pub(super) now: Duration,
        /// Of the first servers; the others have none.
        pub(super) latency: Vec<f64>,
        pub(super) load: Vec<Load>,
        pub(super) log: Option<Arc<ChangeLog>>,
    }

    impl Fleet {
        pub(super) fn of(servers: usize) -> Self {
            Self { active: vec![0; servers], ..Self::default() }
        }

        /// Changes a count and tells of it.
        pub(super) fn add(&mut self, place: usize, change: i32) {
            self.active[place] = self.active[place].saturating_add_signed(change);
            if let Some(log) = &self.log {
                log.note(place as u32);
            }
        }
    }

    impl Servers for Fleet {
        fn usable(&self, place: usize) -> bool {
            !self.closed.contains(&place) && !self.full(place)
        }

        fn active(&self, place: usize) -> u32 {
            self.active[place]
        }

        fn source(&self) -> Option<IpAddr> {
            self.source
        }

        fn destination(&self) -> Option<IpAddr> {
            self.source
        }

        fn now(&self) -> Duration {
            self.now
        }

        fn full(&self, place: usize) -> bool {
            self.limit > 0 && self.active[place] >= self.limit
        }

        fn latency(&self, place: usize) -> f64 {
            self.latency.get(place).copied().unwrap_or_default()
        }

        fn load(&self, place: usize) -> Load {
            self.load.get(place).copied().unwrap_or_default()
        }

        fn change_log(&self) -> Option<&ChangeLog> {
            self.log.as_deref()
        }

        fn epoch(&self) -> u64 {
            0
        }
    }

    pub(super) fn candidates(weights: &[u32]) -> Vec<Candidate> {
        weights
            .iter()
            .enumerate()
            .map(|(at, weight)| Candidate {
                key: at as u64,
                name: hash_of_name(&format!("rs{at}")),
                weight: Weight::clamped(*weight),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::testing::{Fleet, candidates};
    use super::*;

    /// Those that give each server its share of any few connections.
    const EXACT: &[Scheduler] = &[
        Scheduler::Rr,
        Scheduler::Wrr,
        Scheduler::Lc,
        Scheduler::Wlc,
        Scheduler::Nq,
        Scheduler::Ovf,
    ];

    /// Whether any server can be picked.
    fn is_possible(scheduler: Scheduler, weights: &[u32], fleet: &Fleet) -> bool {
        (0..weights.len()).any(|at| {
            let full = scheduler == Scheduler::Ovf && fleet.active[at] >= weights[at];
            weights[at] > 0 && fleet.usable(at) && !full
        })
    }

    fn any_scheduler() -> impl Strategy<Value = Scheduler> {
        proptest::sample::select(SCHEDULERS)
    }

    proptest! {
        #[test]
        fn only_usable_servers_with_a_weight_are_picked_and_one_always_is(
            scheduler in any_scheduler(),
            weights in proptest::collection::vec(0u32..5, 0..8),
            closed in proptest::collection::vec(0usize..8, 0..8),
            picks in 1usize..50,
        ) {
            let mut picker = Picker::new(scheduler);
            picker.set(&candidates(&weights));
            let mut fleet = Fleet::of(weights.len());
            fleet.closed = closed;
            for _ in 0..picks {
                let picked = picker.pick(&fleet);
                prop_assert_eq!(picked.is_some(), is_possible(scheduler, &weights, &fleet));
                if let Some(at) = picked {
                    prop_assert!(weights[at] > 0 && fleet.usable(at));
                    fleet.active[at] += 1;
                }
            }
        }

        #[test]
        fn of_many_servers_those_that_become_full_are_passed_over_until_they_have_room(
            scheduler in any_scheduler(),
            weights in proptest::collection::vec(0u32..5, FEW + 1..FEW + 90),
            limit in 1u32..4,
            events in proptest::collection::vec((0usize..200, 0u32..4), 1..400),
        ) {
            let mut picker = Picker::new(scheduler);
            picker.set(&candidates(&weights));
            let mut fleet = Fleet::of(weights.len());
            fleet.limit = limit;
            fleet.log = Some(std::sync::Arc::default());
            for (place, event) in events {
                let place = place % weights.len();
                match event {
                    // Connections of others begin, and all of a server's end.
                    0 => fleet.add(place, 1),
                    1 => fleet.add(place, -4),
                    _ => {
                        let picked = picker.pick(&fleet);
                        prop_assert_eq!(picked.is_some(), is_possible(scheduler, &weights, &fleet));
                        if let Some(at) = picked {
                            prop_assert!(weights[at] > 0 && fleet.usable(at));
                            fleet.add(at, 1);
                        }
                    }
                }
            }
        }

        #[test]
        fn no_server_with_a_weight_is_starved(
            scheduler in proptest::sample::select(EXACT),
            weights in proptest::collection::vec(0u32..5, 1..8),
        ) {
            let mut picker = Picker::new(scheduler);
            picker.set(&candidates(&weights));
            let mut fleet = Fleet::of(weights.len());
            for _ in 0..weights.iter().sum::<u32>() {
                let at = picker.pick(&fleet).unwrap();
                fleet.active[at] += 1;
            }
            for (at, weight) in weights.iter().enumerate() {
                prop_assert_eq!(fleet.active[at] > 0, *weight > 0, "{} of {:?}", at, fleet.active);
            }
        }

        #[test]
        fn any_change_of_servers_is_taken(
            scheduler in any_scheduler(),
            rounds in proptest::collection::vec(proptest::collection::vec(0u32..70_000, 0..6), 1..6),
        ) {
            let mut picker = Picker::new(scheduler);
            for weights in rounds {
                picker.set(&candidates(&weights));
                let fleet = Fleet::of(weights.len());
                for _ in 0..10 {
                    if let Some(at) = picker.pick(&fleet) {
                        prop_assert!(weights[at] > 0);
                    }
                }
            }
        }
    }
}
