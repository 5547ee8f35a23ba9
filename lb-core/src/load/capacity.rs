//! A server's capacity, learned from what it does.
//!
//! `capacity = completions in the interval / (utilisation × our share)`: what
//! the host would complete of this server's work if it were busy all the time
//! and with nothing else. One interval is a rough measurement when it saw
//! little work, so it counts by `n / (n + 40)`, for `n` completions.
//!
//! Completions and busy time are summed each by itself, old intervals counting
//! less and less, and divided then. The director counts the one and the host
//! the other, over intervals that never quite agree; what one interval has too
//! much of, its neighbour has too little, and in the sums that cancels. A second
//! pair of sums forgets more slowly and gives the figure, as long as the two
//! agree; when they do not, the server has changed and the quick one is right.
//! For the same reason as above `n` is the number of completions to be expected
//! from the busy time and not the one counted: else intervals with too many of
//! them would count for more.

/// Completions of a measurement that counts as much as all before it.
const HALF_TRUST: f64 = 40.0;

/// The same of the long memory. Jobs differ in length, so forty of them tell a
/// capacity within some twelve per cent, and four hundred within four.
const LONG_TRUST: f64 = 400.0;

/// Long and short memory that differ by more than this part are not of the same
/// server any more: three times what chance does.
const ANOTHER: f64 = 0.35;

/// Completions that a guess is worth, when there are few of the server's own.
const GUESS: f64 = 10.0;

/// Nothing is said before so many completions.
const FIRST_COMPLETIONS: f64 = 4.0;

/// Below this utilisation the clock ticks of the host are too coarse.
const LEAST_UTILISATION: f64 = 0.01;

/// What one interval saw of a server and its host.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measurement {
    /// Connections that ended.
    pub completed: u64,
    /// The length of the interval.
    pub seconds: f64,
    /// Busy share of the host's processors, 0 to 1.
    pub utilisation: f64,
    /// The part of that which is this server's work, 0 to 1.
    pub share: f64,
}

impl Measurement {
    /// Seconds of full utilisation by this server's work.
    fn busy(&self) -> f64 {
        self.seconds * self.utilisation * self.share
    }
}

/// The capacity of one server, as far as it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Capacity {
    /// What the last completions say, and what many more do.
    sums: Option<(Sums, Sums)>,
    /// The first completions, while they are too few.
    first: Sums,
    last: Option<Measurement>,
}

/// Completions, and the busy seconds they took; what is old counts less.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Sums {
    completed: f64,
    busy: f64,
}

impl Sums {
    fn per_second(self) -> f64 {
        self.completed / self.busy
    }

    fn and(self, completed: f64, busy: f64, trust: f64) -> Self {
        let kept = trust / (self.per_second() * busy + trust);
        Self { completed: self.completed * kept + completed, busy: self.busy * kept + busy }
    }
}

impl Capacity {
    /// A capacity that is known from before; it counts as one that was learned
    /// from a few intervals.
    pub fn known(per_second: f64) -> Self {
        if !per_second.is_finite() || per_second <= 0.0 {
            return Self::default();
        }
        let sums = Sums { completed: HALF_TRUST, busy: HALF_TRUST / per_second };
        Self { sums: Some((sums, sums)), ..Self::default() }
    }

    /// Takes one interval into account.
    pub fn learn(&mut self, measurement: Measurement) {
        let (completed, busy) = (measurement.completed as f64, measurement.busy());
        // Without any busy time of ours, what ended is counted all the same: it
        // was busy between two looks, and what is left out here would be missing.
        if measurement.utilisation < LEAST_UTILISATION {
            return;
        }
        if let Some((short, long)) = self.sums {
            let short = short.and(completed, busy, HALF_TRUST);
            let long = long.and(completed, busy, LONG_TRUST);
            let same = (short.per_second() / long.per_second() - 1.0).abs() <= ANOTHER;
            self.sums = Some((short, if same { long } else { short }));
        } else {
            self.first.completed += completed;
            self.first.busy += busy;
            if self.first.completed >= FIRST_COMPLETIONS && self.first.busy > 0.0 {
                self.sums = Some((self.first, self.first));
            }
        }
        self.last = Some(measurement);
    }

    /// Completions a second, once there was something to learn from.
    pub fn per_second(&self) -> Option<f64> {
        self.sums.map(|(_, long)| long.per_second())
    }

    /// Completions a second, for a server of which this would be thought if it
    /// were not known yet. One that seemed slow in its first few jobs gets
    /// hardly any more to show that it is not; so a guess counts beside them,
    /// for as much as a few jobs do.
    pub fn beside(&self, guess: f64) -> f64 {
        let Some((_, long)) = self.sums else { return guess };
        (long.completed + GUESS) / (long.busy + GUESS / guess)
    }

    /// The measurement learned from last.
    pub fn last(&self) -> Option<Measurement> {
        self.last
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn interval(completed: u64, utilisation: f64) -> Measurement {
        Measurement { completed, seconds: 1.0, utilisation, share: 1.0 }
    }

    #[test]
    fn a_half_busy_host_could_do_twice_as_much() {
        let mut capacity = Capacity::default();
        capacity.learn(interval(50, 0.5));
        assert_eq!(capacity.per_second(), Some(100.0));
    }

    #[test]
    fn idle_hosts_and_single_completions_teach_nothing() {
        let mut capacity = Capacity::default();
        capacity.learn(interval(100, 0.001));
        capacity.learn(interval(1, 0.5));
        assert_eq!(capacity.per_second(), None);
    }

    #[test]
    fn what_two_counters_book_in_different_intervals_cancels() {
        let mut capacity = Capacity::default();
        capacity.learn(interval(75, 0.5));
        for (completed, utilisation) in [(100, 0.4), (50, 0.6)].repeat(50) {
            capacity.learn(interval(completed, utilisation));
            let per_second = capacity.per_second().expect("learned");
            // Each by itself would say 250 or 83.
            assert!((100.0..220.0).contains(&per_second), "{per_second}");
        }
    }

    #[test]
    fn a_server_that_hung_is_believed_in_again() {
        let mut capacity = Capacity::default();
        capacity.learn(interval(100, 1.0));
        (0..60).for_each(|_| capacity.learn(interval(0, 1.0)));
        assert!(capacity.per_second().is_some_and(|per_second| per_second < 30.0));
        (0..30).for_each(|_| capacity.learn(interval(100, 1.0)));
        assert!(capacity.per_second().is_some_and(|per_second| per_second > 95.0));
    }

    proptest! {
        #[test]
        fn stays_between_what_was_known_and_what_was_measured(
            known in 1.0..1000.0f64, completed in 0..1000u64, utilisation in 0.0..1.0f64,
        ) {
            let mut capacity = Capacity::known(known);
            capacity.learn(interval(completed, utilisation));
            let after = capacity.per_second().expect("was known");
            let measured = match utilisation < LEAST_UTILISATION {
                true => known,
                false => completed as f64 / utilisation,
            };
            let (low, high) = (known.min(measured), known.max(measured));
            prop_assert!(after >= low - 1e-9 && after <= high + 1e-9);
        }
    }
}
