//! Freest: the server that would have the least to do for what it can do.
//!
//! Whoever sends all to the server that was freest at the last look sends
//! everybody to the same. Here a look at the hosts only corrects what the
//! director counts itself, and each connection given away counts at once: the
//! least of `(r + 1, at least the cores) / capacity`, where `r` is the work of
//! others on the host, as last reported, and our own connections now.
//! [`crate::load`] finds capacity, others and limit.
//!
//! The shape is that of the shortest expected delay (sed) with measured
//! capacities for weights. A computer with idle cores is as quick for one task
//! as for several, hence "at least the cores".

use super::least::{Burden, Least};
use super::{Candidate, Servers};

/// What is known of a server's load, as the scheduler needs it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Work on its host that is not of its own connections: hundredths of tasks.
    pub others: u32,
    /// Processors of the host; 0: not known.
    pub cores: u32,
    /// What it can complete, in any unit that the servers of a service share;
    /// 0: not known of any of them, and the weights stand for it.
    pub capacity: u64,
    /// Connections from which it gets no more, as long as another is below its
    /// own; 0: no limit.
    pub limit: u32,
}

/// The server with the most free capacity.
#[derive(Clone, Debug, Default)]
pub struct Freest(Least);

impl Freest {
    /// These are the servers from now on.
    pub fn set(&mut self, servers: &[Candidate]) {
        self.0.set(servers);
    }

    /// The usable server that would have the least to do for its capacity; of
    /// equals, the next in turn.
    pub fn pick(&mut self, servers: &impl Servers) -> Option<usize> {
        self.0.pick(servers, |place, weight| {
            burden(servers.load(place), servers.active(place), weight)
        })
    }
}

/// How much more it matters how long a task takes than how many cores are idle.
const IDLE_MATTERS: u64 = 3;

/// How much heavier a server is that is beyond its limit.
const BEYOND: u64 = 1 << 24;

fn burden(load: Load, active: u32, weight: u32) -> Burden {
    // In hundredths of tasks; the one more is the connection to come.
    let tasks = (u64::from(active) + 1) * 100 + u64::from(load.others);
    let weight = if load.capacity > 0 { load.capacity } else { weight.into() };
    // Beyond its limit a server would page: any other comes before it.
    let beyond = if load.limit > 0 && active >= load.limit { BEYOND } else { 1 };
    // Of computers with idle cores, the one with more of them for its capacity:
    // other directors do not see what this one gives away.
    let work = tasks.max(u64::from(load.cores) * 100) * IDLE_MATTERS + tasks;
    Burden { load: work.saturating_mul(beyond), weight }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{Fleet, candidates};
    use super::*;

    #[test]
    fn a_burst_between_two_looks_spreads_by_capacity() {
        let mut picker = Freest::default();
        picker.set(&candidates(&[1, 1]));
        let mut fleet = Fleet::of(2);
        let load = |others, capacity| Load { others, cores: 1, capacity, limit: 0 };
        fleet.load = vec![load(0, 3_000), load(0, 1_000)];
        for _ in 0..400 {
            let at = picker.pick(&fleet).unwrap();
            fleet.active[at] += 1;
        }
        assert_eq!(fleet.active, [300, 100]);
        // Others' work counts as if it were ours.
        fleet.load[0].others = 30_000;
        for _ in 0..100 {
            let at = picker.pick(&fleet).unwrap();
            fleet.active[at] += 1;
        }
        assert_eq!(fleet.active, [300, 200]);
    }

    #[test]
    fn idle_cores_are_all_the_same() {
        let mut picker = Freest::default();
        picker.set(&candidates(&[1, 1]));
        let mut fleet = Fleet::of(2);
        let load = |cores| Load { others: 0, cores, capacity: u64::from(cores), limit: 0 };
        fleet.load = vec![load(8), load(2)];
        for _ in 0..10 {
            let at = picker.pick(&fleet).unwrap();
            fleet.active[at] += 1;
        }
        assert_eq!(fleet.active, [8, 2]);
    }

    #[test]
    fn a_server_beyond_its_limit_is_the_last_resort() {
        let mut picker = Freest::default();
        picker.set(&candidates(&[1, 1]));
        let mut fleet = Fleet::of(2);
        let load = |capacity, limit| Load { others: 0, cores: 1, capacity, limit };
        fleet.load = vec![load(1_000_000, 3), load(1, 2)];
        for _ in 0..5 {
            let at = picker.pick(&fleet).unwrap();
            fleet.active[at] += 1;
        }
        assert_eq!(fleet.active, [3, 2]);
        assert_eq!(picker.pick(&fleet), Some(0));
    }

    proptest! {
        #[test]
        fn nobody_would_have_less_to_do_for_its_capacity_than_the_picked(
            servers in proptest::collection::vec((0u32..50, 0u32..3_000, 1u32..9, 1u64..900), 1..10),
        ) {
            let mut picker = Freest::default();
            picker.set(&candidates(&vec![1; servers.len()]));
            let mut fleet = Fleet::of(servers.len());
            fleet.active = servers.iter().map(|one| one.0).collect();
            fleet.load = servers
                .iter()
                .map(|(_, others, cores, capacity)| {
                    Load { others: *others, cores: *cores, capacity: *capacity, limit: 0 }
                })
                .collect();
            let at = picker.pick(&fleet).unwrap();
            let cost = |at: usize| {
                let load = fleet.load[at];
                let tasks = f64::from(fleet.active[at]) + 1.0 + f64::from(load.others) / 100.0;
                tasks.max(f64::from(load.cores)) / load.capacity as f64
            };
            for other in 0..servers.len() {
                prop_assert!(cost(at) <= cost(other) * (1.0 + 1.0 / IDLE_MATTERS as f64));
            }
        }

        #[test]
        fn without_any_figures_it_is_sed(
            servers in proptest::collection::vec((1u32..50, 0u32..50), 1..10),
        ) {
            let weights: Vec<u32> = servers.iter().map(|(weight, _)| *weight).collect();
            let mut fleet = Fleet::of(servers.len());
            fleet.active = servers.iter().map(|(_, active)| *active).collect();
            let (mut freest, mut sed) = (Freest::default(), super::super::ShortestExpectedDelay::default());
            freest.set(&candidates(&weights));
            sed.set(&candidates(&weights));
            prop_assert_eq!(freest.pick(&fleet), sed.pick(&fleet));
        }
    }
}
