//! Weighted round robin: in turn, by weight, as evenly as can be.
//!
//! Each server has a virtual time at which its next turn starts and one by
//! which it is due, a stride apart, the stride being inverse to its weight. Of
//! the servers whose turn has started, the one due first is picked. That is
//! worst-case fair weighted fair queueing (Bennett and Zhang, "WF²Q", INFOCOM
//! 1996) with connections for packets. It gives the evenly mixed sequences of
//! nginx's smooth weighted round robin, and in addition any server's picks are
//! at every moment within one of its exact share, at logarithmic cost where
//! the other looks at all servers for each pick.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::change_log::News;
use super::least::FEW;
use super::{Candidate, Servers};

/// The virtual time in which a server of weight 1 has one turn.
const ROUND: u128 = 1 << 64;

/// Servers in turn, by weight.
#[derive(Clone, Debug, Default)]
pub struct WeightedRoundRobin {
    /// One for each server in the list; those without weight are in no heap.
    turns: Vec<Turn>,
    /// Virtual time, and how much of it one pick takes.
    now: u128,
    step: u128,
    /// Servers whose turn has started, by when it is due.
    started: BinaryHeap<Reverse<(u128, usize)>>,
    /// The others, by when it starts.
    waiting: BinaryHeap<Reverse<(u128, usize)>>,
    /// Servers that were not usable in the pick under way.
    aside: Vec<usize>,
    /// What is heard of many servers, whose full ones are in no heap.
    news: News,
}

#[derive(Clone, Debug)]
struct Turn {
    key: u64,
    start: u128,
    stride: u128,
    /// It is full, and in no heap until there is news of it.
    is_full: bool,
}

impl WeightedRoundRobin {
    /// These are the servers from now on. One that was there before starts its
    /// next turn when it would have, so that frequent changes of weight do not
    /// shift the shares, but at most one turn of its new weight off.
    pub fn set(&mut self, servers: &[Candidate]) {
        let starts: HashMap<u64, u128> =
            self.turns.iter().map(|turn| (turn.key, turn.start)).collect();
        let total: u64 = servers.iter().map(|server| u64::from(server.weight.value())).sum();
        self.step = ROUND.checked_div(total.into()).unwrap_or(0);
        self.started.clear();
        self.waiting.clear();
        self.turns.clear();
        let is_many = servers.len() > FEW;
        self.news = News::of(servers.iter().map(|server| server.key).filter(|_| is_many));
        for (place, server) in servers.iter().enumerate() {
            let stride = ROUND.checked_div(server.weight.value().into()).unwrap_or(0);
            let start = starts.get(&server.key).map_or(self.now, |start| *start);
            let start = start.clamp(self.now.saturating_sub(stride), self.now + stride);
            self.turns.push(Turn { key: server.key, start, stride, is_full: false });
            if stride > 0 {
                self.waiting.push(Reverse((start, place)));
            }
        }
    }

    /// Of the usable ones whose turn has started, the one due first.
    pub fn pick(&mut self, servers: &impl Servers) -> Option<usize> {
        let hears = self.hear(servers);
        let picked = loop {
            let Some(place) = self.due() else { break None };
            if servers.usable(place) {
                break Some(place);
            }
            match self.turns.get_mut(place) {
                Some(turn) if hears && servers.full(place) => turn.is_full = true,
                _ => self.aside.push(place),
            }
        };
        // Turns that were lost are not made up for later: after an hour at its
        // limit a server must not get everything for the next hour.
        while let Some(place) = self.aside.pop() {
            self.wait(place, self.now);
        }
        if let Some(place) = picked {
            self.wait(place, 0);
            self.now += self.step;
        }
        picked
    }

    /// Puts those back that were full and are so no longer; false if nobody tells.
    fn hear(&mut self, servers: &impl Servers) -> bool {
        let Some(log) = servers.change_log().filter(|_| self.turns.len() > FEW) else {
            return false;
        };
        let (mut news, all) = (std::mem::take(&mut self.news), self.turns.len());
        let mut look = |place: usize| {
            let turn = self.turns.get_mut(place);
            if let Some(turn) = turn.filter(|turn| turn.is_full && !servers.full(place)) {
                turn.is_full = false;
                self.wait(place, self.now);
            }
        };
        if !news.read(log, servers.epoch(), &mut look) {
            (0..all).for_each(look);
        }
        self.news = news;
        true
    }

    /// Takes the server that is due first out of its heap.
    fn due(&mut self) -> Option<usize> {
        if self.started.is_empty() {
            // Strides are rounded down, and servers may be aside: the next
            // turn to start is then a little ahead.
            let Reverse((start, _)) = self.waiting.peek()?;
            self.now = self.now.max(*start);
        }
        while let Some(Reverse((start, place))) = self.waiting.peek().copied() {
            if start > self.now {
                break;
            }
            self.waiting.pop();
            let stride = self.turns.get(place).map_or(0, |turn| turn.stride);
            self.started.push(Reverse((start + stride, place)));
        }
        self.started.pop().map(|Reverse((_, place))| place)
    }

    /// Puts a server back with its next turn, which starts at `earliest` or
    /// later.
    fn wait(&mut self, place: usize, earliest: u128) {
        if let Some(turn) = self.turns.get_mut(place) {
            turn.start = (turn.start + turn.stride).max(earliest);
            self.waiting.push(Reverse((turn.start, place)));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{Fleet, candidates};
    use super::*;

    fn picker(weights: &[u32]) -> WeightedRoundRobin {
        let mut picker = WeightedRoundRobin::default();
        picker.set(&candidates(weights));
        picker
    }

    fn sequence(picker: &mut WeightedRoundRobin, fleet: &Fleet, count: usize) -> Vec<usize> {
        (0..count).map(|_| picker.pick(fleet).unwrap()).collect()
    }

    #[test]
    fn mixes_evenly() {
        let fleet = Fleet::of(3);
        assert_eq!(sequence(&mut picker(&[5, 1, 1]), &fleet, 7), [0, 1, 0, 0, 2, 0, 0]);
        assert_eq!(sequence(&mut picker(&[1, 1, 1]), &fleet, 6), [0, 1, 2, 0, 1, 2]);
        assert_eq!(sequence(&mut picker(&[2, 1, 0]), &fleet, 6), [0, 1, 0, 0, 1, 0]);
    }

    #[test]
    fn lost_turns_are_not_made_up_for() {
        let mut picker = picker(&[9, 1, 1]);
        let mut fleet = Fleet::of(3);
        fleet.closed = vec![0];
        let without: Vec<usize> = sequence(&mut picker, &fleet, 1_000);
        assert_eq!(without.iter().filter(|place| **place == 1).count(), 500);
        fleet.closed.clear();
        let with = sequence(&mut picker, &fleet, 110);
        let first = with.iter().filter(|place| **place == 0).count();
        assert!((89..=91).contains(&first), "{first}");
    }

    #[test]
    fn frequent_changes_of_weight_keep_the_shares() {
        let mut picker = WeightedRoundRobin::default();
        let fleet = Fleet::of(2);
        let mut count = [0u32; 2];
        for round in 0..2_000 {
            picker.set(&candidates(&[10 + round % 2, 30 + round % 3]));
            for place in sequence(&mut picker, &fleet, 3) {
                count[place] += 1;
            }
        }
        let share = f64::from(count[0]) / 6_000.0;
        let exact = 10.5 / 41.5;
        assert!((share - exact).abs() < 0.01, "{share} {exact}");
    }

    proptest! {
        #[test]
        fn every_share_is_exact_within_one_at_every_moment(
            weights in proptest::collection::vec(0u32..200, 1..10),
            picks in 1u32..2_000,
        ) {
            let total: u32 = weights.iter().sum();
            prop_assume!(total > 0);
            let mut picker = picker(&weights);
            let fleet = Fleet::of(weights.len());
            let mut count = vec![0u32; weights.len()];
            for pick in 1..=picks {
                count[picker.pick(&fleet).unwrap()] += 1;
                for (weight, count) in weights.iter().zip(&count) {
                    let exact = f64::from(pick) * f64::from(*weight) / f64::from(total);
                    prop_assert!((f64::from(*count) - exact).abs() <= 1.0 + 1e-6);
                }
            }
        }
    }
}
