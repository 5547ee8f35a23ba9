//! How many tasks a host can hold before it pages, learned from how its memory
//! goes with its tasks.
//!
//! Paging is a cliff: one connection too many, and the host completes a tenth of
//! what it did. So the limit is to be known before it is reached: used memory
//! is nearly `base + tasks × each`, a line whose two figures follow from looks
//! at different numbers of tasks (least squares, old looks counting less). It
//! ends where only [`RESERVE`] is left. Where no such line shows, because tasks
//! need little memory or differ much, there is no limit before the host was
//! seen to swap; then it is well below the tasks it had, and grows slowly while
//! all is well.

/// Part of the memory that is to stay available.
const RESERVE: f64 = 0.08;

/// How much a look counts against the one after it.
const KEPT: f64 = 0.98;

/// Looks, by weight, before a line is believed.
const ENOUGH: f64 = 6.0;

/// Part of the variation in memory that tasks have to explain.
const EXPLAINED: f64 = 0.7;

/// Part of the tasks that are allowed after a host was seen to swap, and by how
/// much more after each look at which all was well.
const AFTER_SWAPPING: f64 = 0.7;
const RECOVERY: f64 = 0.01;

/// What is known of a host's memory.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MemoryGuard {
    sums: Sums,
    /// The limit since the host was seen to swap.
    scalded: Option<f64>,
}

/// Weighted sums over the looks: of 1, n, u, n², u², nu.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Sums {
    weight: f64,
    n: f64,
    u: f64,
    nn: f64,
    uu: f64,
    nu: f64,
}

impl MemoryGuard {
    /// Takes in a look: so many tasks, so much memory available, and whether it
    /// swaps.
    pub fn observe(&mut self, tasks: f64, free: Option<f64>, swapping: Option<bool>) {
        if swapping == Some(true) {
            let allowed = (tasks * AFTER_SWAPPING).max(1.0);
            self.scalded = Some(self.scalded.map_or(allowed, |before| before.min(allowed)));
            // While it swaps, memory is full whatever the tasks.
            return;
        }
        let Some(free) = free else { return };
        if let Some(allowed) = &mut self.scalded
            && free > RESERVE
            && tasks >= *allowed * 0.5
        {
            *allowed += (*allowed * RECOVERY).max(0.1);
        }
        self.sums.add(tasks, 1.0 - free);
    }

    /// Tasks the host can hold, if there is reason to think of an end.
    pub fn limit(&self) -> Option<f64> {
        let by_line = self.sums.line().map(|(base, each)| ((1.0 - RESERVE - base) / each).max(1.0));
        match (by_line, self.scalded) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        }
    }
}

impl Sums {
    fn add(&mut self, n: f64, u: f64) {
        for (sum, value) in [
            (&mut self.weight, 1.0),
            (&mut self.n, n),
            (&mut self.u, u),
            (&mut self.nn, n * n),
            (&mut self.uu, u * u),
            (&mut self.nu, n * u),
        ] {
            *sum = *sum * KEPT + value;
        }
    }

    /// Used memory without tasks, and for each task more, if a line is there.
    fn line(&self) -> Option<(f64, f64)> {
        if self.weight < ENOUGH {
            return None;
        }
        let (mean_n, mean_u) = (self.n / self.weight, self.u / self.weight);
        let var_n = self.nn / self.weight - mean_n * mean_n;
        let var_u = self.uu / self.weight - mean_u * mean_u;
        let covariance = self.nu / self.weight - mean_n * mean_u;
        // Memory is told in thousandths: less than that is no variation.
        if var_n < 0.1 || var_u < 1e-6 || covariance <= 0.0 {
            return None;
        }
        let each = covariance / var_n;
        let explained = covariance * covariance / (var_n * var_u);
        (explained >= EXPLAINED).then_some((mean_u - each * mean_n, each))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_end_of_the_line_is_known_before_it_is_reached(
            base in 0.1f64..0.5,
            holds in 5.0f64..100.0,
            looks in proptest::collection::vec(0.0f64..0.5, 20..60),
        ) {
            prop_assume!(looks.iter().any(|one| *one > 0.4) && looks.iter().any(|one| *one < 0.1));
            let each = (1.0 - base) / holds;
            let mut guard = MemoryGuard::default();
            for part in looks {
                let tasks = (part * holds).round();
                let free = ((1.0 - base - tasks * each) * 1000.0).round() / 1000.0;
                guard.observe(tasks, Some(free), Some(false));
            }
            let limit = guard.limit();
            let exact = (1.0 - RESERVE - base) / each;
            prop_assert!(limit.is_some_and(|limit| (limit - exact).abs() < 0.15 * exact + 0.5), "{limit:?} {exact}");
        }

        #[test]
        fn memory_that_does_not_go_with_tasks_sets_no_limit(
            looks in proptest::collection::vec((0u32..50, 0.3f64..0.7), 60..120),
        ) {
            let mut guard = MemoryGuard::default();
            for (tasks, free) in looks {
                guard.observe(tasks.into(), Some(free), Some(false));
            }
            prop_assert_eq!(guard.limit(), None);
        }
    }

    #[test]
    fn a_host_that_swapped_gets_less_and_slowly_more_again() {
        let mut guard = MemoryGuard::default();
        guard.observe(100.0, Some(0.0), Some(true));
        let after = guard.limit().unwrap();
        assert!((69.0..71.0).contains(&after), "{after}");
        // Idle, it learns nothing about how much it can take.
        guard.observe(1.0, Some(0.5), Some(false));
        assert_eq!(guard.limit(), Some(after));
        (0..30).for_each(|_| guard.observe(after, Some(0.5), Some(false)));
        assert!(guard.limit().is_some_and(|limit| limit > after * 1.2 && limit < after * 1.5));
    }
}
