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
//! much of, its neighbour has too little, and in the sums that cancels. For the
//! same reason `n` is the number of completions to be expected from the busy
//! time and not the one counted: else intervals with too many of them would
//! count for more.

/// Completions of a measurement that counts as much as all before it.
const HALF_TRUST: f64 = 40.0;

/// The first measurement stands alone, so it must have seen a few completions.
const FIRST_COMPLETIONS: u64 = 4;

/// Below this utilisation the clock ticks of the host are too coarse.
const LEAST_UTILISATION: f64 = 0.01;

/// Part of a new look in the mean of in-flight and runnable counts. Both are
/// counted at an instant and swing much more than capacity does.
const SHARE_GAIN: f64 = 0.1;

/// Counted at instants, our share is rough: only one clearly below the whole
/// counts as less.
const SHARE_OF_ALL: f64 = 0.7;

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
    /// Sums of completions and of busy seconds.
    sums: Option<(f64, f64)>,
    last: Option<Measurement>,
}

impl Capacity {
    /// Takes one interval into account.
    pub fn learn(&mut self, measurement: Measurement) {
        let (completed, busy) = (measurement.completed as f64, measurement.busy());
        if measurement.utilisation < LEAST_UTILISATION || busy <= 0.0 {
            return;
        }
        self.sums = Some(match self.sums {
            Some((sum_completed, sum_busy)) => {
                let expected = sum_completed / sum_busy * busy;
                let kept = HALF_TRUST / (expected + HALF_TRUST);
                (sum_completed * kept + completed, sum_busy * kept + busy)
            }
            None if measurement.completed >= FIRST_COMPLETIONS => (completed, busy),
            None => return,
        });
        self.last = Some(measurement);
    }

    /// Completions a second, once there was something to learn from.
    pub fn per_second(&self) -> Option<f64> {
        self.sums.map(|(completed, busy)| completed / busy)
    }

    /// The measurement learned from last.
    pub fn last(&self) -> Option<Measurement> {
        self.last
    }
}

/// The part of a host's runnable tasks that is a server's work.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Share {
    mean: Option<(f64, f64)>,
}

impl Share {
    /// Takes in our mean in-flight count and the host's mean runnable count
    /// over an interval.
    pub fn observe(&mut self, in_flight: f64, runnable: f64) {
        self.mean = Some(match self.mean {
            None => (in_flight, runnable),
            Some((ours, all)) => {
                (ours + (in_flight - ours) * SHARE_GAIN, all + (runnable - all) * SHARE_GAIN)
            }
        });
    }

    /// The share, 1 unless more is known.
    pub fn value(&self) -> f64 {
        match self.mean {
            Some((ours, all)) if all > 0.0 && ours > 0.0 => (ours / all / SHARE_OF_ALL).min(1.0),
            _ => 1.0,
        }
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
    fn work_of_others_on_the_host_is_not_held_against_the_server() {
        let mut share = Share::default();
        share.observe(1.0, 4.0);
        let mut capacity = Capacity::default();
        capacity.learn(Measurement { share: share.value(), ..interval(50, 1.0) });
        let per_second = capacity.per_second().expect("learned");
        assert!((130.0..210.0).contains(&per_second), "{per_second}");
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
            let mut capacity = Capacity { sums: Some((known, 1.0)), last: None };
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
