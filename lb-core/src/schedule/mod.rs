//! Schedulers: which server gets the next connection.
//!
//! A [`Picker`] is set up with the servers of a service in their order and then
//! asked once a connection. Counts of connections are the caller's, since they
//! are shared between threads; turns are the picker's own. A server of weight
//! 0 is never picked, and one that the caller finds not usable loses its turn
//! and nothing else.

mod choice;
mod lc;
mod rr;
mod turns;
mod wlc;
mod wrr;

pub use choice::Choice;
pub use lc::LeastConnections;
pub use rr::RoundRobin;
pub use wlc::WeightedLeastConnections;
pub use wrr::WeightedRoundRobin;

use crate::model::{Scheduler, Weight};

/// The schedulers there are.
pub const SCHEDULERS: &[Scheduler] =
    &[Scheduler::Rr, Scheduler::Wrr, Scheduler::Lc, Scheduler::Wlc];

/// A server as a scheduler knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Tells it from every other, also from a later one in its place.
    pub key: u64,
    /// Its effective weight.
    pub weight: Weight,
}

/// What a scheduler asks about the servers, by their place in the list.
pub trait Servers {
    /// Whether the server can be picked now.
    fn usable(&self, place: usize) -> bool;

    /// Its connections, those in flight included: they make a burst spread.
    fn active(&self, place: usize) -> u32;
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
}

impl Picker {
    /// The scheduler of this name, if there is one.
    pub fn new(scheduler: Scheduler) -> Option<Self> {
        Some(match scheduler {
            Scheduler::Rr => Self::Rr(RoundRobin::default()),
            Scheduler::Wrr => Self::Wrr(WeightedRoundRobin::default()),
            Scheduler::Lc => Self::Lc(LeastConnections::default()),
            Scheduler::Wlc => Self::Wlc(WeightedLeastConnections::default()),
            _ => return None,
        })
    }

    /// These are the servers from now on. Who had a turn is remembered.
    pub fn set(&mut self, servers: &[Candidate]) {
        match self {
            Self::Rr(picker) => picker.set(servers),
            Self::Wrr(picker) => picker.set(servers),
            Self::Lc(picker) => picker.set(servers),
            Self::Wlc(picker) => picker.set(servers),
        }
    }

    /// The place of the server that gets the next connection, if any can.
    pub fn pick(&mut self, servers: &impl Servers) -> Option<usize> {
        match self {
            Self::Rr(picker) => picker.pick(servers),
            Self::Wrr(picker) => picker.pick(servers),
            Self::Lc(picker) => picker.pick(servers),
            Self::Wlc(picker) => picker.pick(servers),
        }
    }
}

#[cfg(test)]
mod testing {
    //! Servers for the tests of this folder.

    use super::*;

    /// A fleet with counted connections, some of it closed.
    #[derive(Clone, Debug, Default)]
    pub(super) struct Fleet {
        pub(super) active: Vec<u32>,
        pub(super) closed: Vec<usize>,
    }

    impl Fleet {
        pub(super) fn of(servers: usize) -> Self {
            Self { active: vec![0; servers], closed: Vec::new() }
        }
    }

    impl Servers for Fleet {
        fn usable(&self, place: usize) -> bool {
            !self.closed.contains(&place)
        }

        fn active(&self, place: usize) -> u32 {
            self.active[place]
        }
    }

    pub(super) fn candidates(weights: &[u32]) -> Vec<Candidate> {
        weights
            .iter()
            .enumerate()
            .map(|(at, weight)| Candidate { key: at as u64, weight: Weight::clamped(*weight) })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::testing::{Fleet, candidates};
    use super::*;

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
            let mut picker = Picker::new(scheduler).unwrap();
            picker.set(&candidates(&weights));
            let mut fleet = Fleet::of(weights.len());
            fleet.closed = closed;
            let possible = (0..weights.len()).any(|at| weights[at] > 0 && fleet.usable(at));
            for _ in 0..picks {
                let picked = picker.pick(&fleet);
                prop_assert_eq!(picked.is_some(), possible);
                if let Some(at) = picked {
                    prop_assert!(weights[at] > 0 && fleet.usable(at));
                    fleet.active[at] += 1;
                }
            }
        }

        #[test]
        fn no_server_with_a_weight_is_starved(
            scheduler in any_scheduler(),
            weights in proptest::collection::vec(0u32..5, 1..8),
        ) {
            let mut picker = Picker::new(scheduler).unwrap();
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
            let mut picker = Picker::new(scheduler).unwrap();
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
