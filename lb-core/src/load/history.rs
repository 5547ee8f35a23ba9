//! What a director counted lately, to be asked for a moment gone by.
//!
//! A sample was taken some time before its report arrives. What counts is the
//! director's own work at the time of the sample, so a few seconds of it are
//! kept.

use std::collections::VecDeque;
use std::time::Duration;

/// Entries kept: four seconds at ten looks a second. Older samples are taken
/// for as old as the oldest entry.
const KEPT: usize = 40;

/// A director's own work on a server, as counted up to some moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals {
    /// The moment.
    pub at: Duration,
    /// Connections in flight.
    pub active: f64,
    /// Connections that have ended, ever.
    pub completed: f64,
    /// Time integral of the connections in flight, in seconds.
    pub in_flight_time: f64,
    /// Time integral of the processors in use.
    pub used_time: f64,
    /// The same of those that the director's own connections use.
    pub own_used_time: f64,
}

/// What else runs where the director's connections go.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Company {
    /// Tasks of others.
    pub others: f64,
    /// Processors.
    pub cores: f64,
}

impl Company {
    /// Processors that so many connections use, and all tasks together. It is
    /// the mean of this that counts and not this of the mean: it bends.
    fn used(&self, active: f64) -> (f64, f64) {
        let tasks = active + self.others;
        if tasks <= 0.0 {
            return (0.0, 0.0);
        }
        let all = tasks.min(self.cores.max(1.0));
        (all * active / tasks, all)
    }
}

/// The last seconds of a director's own work.
#[derive(Clone, Debug, Default)]
pub struct History {
    entries: VecDeque<Totals>,
}

impl History {
    /// Takes a look: so many are in flight, and so many have ended ever, in this
    /// company.
    pub fn look(&mut self, now: Duration, active: u32, completed: u64, company: Company) {
        let last = self.entries.back().copied().unwrap_or(Totals { at: now, ..Totals::default() });
        let seconds = now.saturating_sub(last.at).as_secs_f64();
        let active = f64::from(active);
        let ((own_before, all_before), (own, all)) =
            (company.used(last.active), company.used(active));
        self.entries.push_back(Totals {
            at: now,
            active,
            completed: completed as f64,
            in_flight_time: last.in_flight_time + (last.active + active) / 2.0 * seconds,
            used_time: last.used_time + (all_before + all) / 2.0 * seconds,
            own_used_time: last.own_used_time + (own_before + own) / 2.0 * seconds,
        });
        if self.entries.len() > KEPT {
            self.entries.pop_front();
        }
    }

    /// The totals at a moment, between two looks in proportion.
    pub fn at(&self, moment: Duration) -> Option<Totals> {
        let after = self.entries.partition_point(|entry| entry.at <= moment);
        let Some(before) = after.checked_sub(1).and_then(|at| self.entries.get(at)) else {
            return self.entries.front().copied();
        };
        let Some(after) = self.entries.get(after) else { return Some(*before) };
        let part = (moment - before.at).as_secs_f64() / (after.at - before.at).as_secs_f64();
        let between = |one: f64, other: f64| one + (other - one) * part;
        Some(Totals {
            at: moment,
            active: between(before.active, after.active),
            completed: between(before.completed, after.completed),
            in_flight_time: between(before.in_flight_time, after.in_flight_time),
            used_time: between(before.used_time, after.used_time),
            own_used_time: between(before.own_used_time, after.own_used_time),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);
    const ALONE: Company = Company { others: 0.0, cores: 1.0 };

    #[test]
    fn others_take_their_part_of_the_processors() {
        let mut history = History::default();
        let company = Company { others: 1.0, cores: 1.0 };
        history.look(Duration::ZERO, 1, 0, company);
        history.look(1_000 * MS, 1, 0, company);
        history.look(1_001 * MS, 0, 0, company);
        history.look(2_000 * MS, 0, 0, company);
        let totals = history.at(2_000 * MS).unwrap();
        // Half of one second; in the other the processor was used by others.
        assert!((totals.own_used_time - 0.5).abs() < 1e-3, "{totals:?}");
        assert!((totals.used_time - 2.0).abs() < 1e-3, "{totals:?}");
    }

    #[test]
    fn a_moment_between_two_looks_is_found_in_proportion() {
        let mut history = History::default();
        assert_eq!(history.at(Duration::ZERO), None);
        history.look(100 * MS, 2, 10, ALONE);
        history.look(200 * MS, 4, 20, ALONE);
        let found = history.at(150 * MS).unwrap();
        assert_eq!((found.active, found.completed), (3.0, 15.0));
        assert!((history.at(200 * MS).unwrap().in_flight_time - 0.3).abs() < 1e-9);
        assert_eq!(history.at(900 * MS).unwrap().active, 4.0);
        assert_eq!(history.at(10 * MS).unwrap().active, 2.0);
    }

    #[test]
    fn it_is_bounded() {
        let mut history = History::default();
        (0..1_000).for_each(|number| history.look(MS * number, number, 0, ALONE));
        assert!(history.entries.len() <= KEPT);
        assert_eq!(history.at(Duration::ZERO).unwrap().active, 960.0);
    }
}
