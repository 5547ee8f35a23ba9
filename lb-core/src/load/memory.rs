//! How many tasks a host can hold before it pages, learned from how its memory
//! goes with its tasks.
//!
//! Paging is a cliff: one connection too many, and the host completes a tenth of
//! what it did. So the limit is to be known before it is reached: used memory
//! is nearly `base + tasks × each`. What a task needs follows from how both change
//! from one look to the next (least squares, old looks counting less): what grows
//! slowly, and what came once, as a new program does, changes the base and is not
//! taken for the need of tasks. The line ends where only [`RESERVE`] is left. Where
//! none shows, because tasks need little memory or differ much, there is no limit
//! before the host was seen to swap; then it is well below the tasks it had, and
//! grows slowly while all is well.

/// Part of memory that is to stay available.
const RESERVE: f64 = 0.08;

/// How much a change counts against the one after it.
const KEPT: f64 = 0.98;

/// How much a look counts against the one after it, for the base.
const BASE_KEPT: f64 = 0.9;

/// Tasks that are more or fewer by less are no change.
const CHANGE: f64 = 0.5;

/// Changes, by weight, without which there is no line.
const ENOUGH: f64 = 2.9;

/// Part of the changes in memory that those of the tasks have to explain.
const EXPLAINED: f64 = 0.7;

/// What the line explains, by what it leaves for each change beyond the one that any
/// line needs: few of them lie on one by chance, if not as well as that.
const BEYOND_CHANCE: f64 = 15.0;

/// Below this part a line that was believed is so no more.
const REFUTED: f64 = 0.3;

/// Mean square of the changes in memory below which it does not change: it is told
/// in thousandths.
const STILL: f64 = 2e-6;

/// Part of the tasks that are allowed after a host was seen to swap, and by how
/// much more after each look at which all was well.
const AFTER_SWAPPING: f64 = 0.5;
const RECOVERY: f64 = 0.01;

/// The same where a line says that more is possible.
const TO_THE_LINE: f64 = 0.2;

/// What is known of a host's memory.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MemoryGuard {
    changes: Changes,
    /// Tasks and used memory at the last look, unless the host swapped.
    last: Option<(f64, f64)>,
    /// The means of both, over the last looks.
    mean: Option<(f64, f64)>,
    /// Memory that each task uses, while that is believed.
    each: Option<f64>,
    /// The limit since the host was seen to swap.
    scalded: Option<f64>,
}

/// Weighted sums over the changes of tasks and memory: of 1, n², u², nu.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Changes {
    weight: f64,
    nn: f64,
    uu: f64,
    nu: f64,
}

impl MemoryGuard {
    /// Takes in a look: so many tasks now, and the most of them since the look
    /// before; so much memory available now, and whether it swapped since.
    pub fn observe(&mut self, tasks: f64, most: f64, free: Option<f64>, swapping: Option<bool>) {
        let by_line = self.by_line();
        if swapping == Some(true) {
            // Beyond the end of the line that was to be expected.
            if by_line.is_none_or(|end| most <= end) {
                let allowed = (most * AFTER_SWAPPING).max(1.0);
                self.scalded = Some(self.scalded.map_or(allowed, |before| before.min(allowed)));
            }
            // While it swaps, memory is full whatever the tasks.
            self.last = None;
            return;
        }
        let Some(free) = free else { return };
        if let Some(allowed) = &mut self.scalded
            && free > RESERVE
            && tasks >= *allowed * 0.5
        {
            let rise =
                if by_line.is_some_and(|end| end > *allowed) { TO_THE_LINE } else { RECOVERY };
            *allowed += (*allowed * rise).max(0.1);
        }
        self.learn(tasks, 1.0 - free);
    }

    /// Tasks the host can hold, if there is reason to think of an end.
    pub fn limit(&self) -> Option<f64> {
        match (self.by_line(), self.scalded) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        }
    }

    fn learn(&mut self, tasks: f64, used: f64) {
        let (mean_tasks, mean_used) = self.mean.unwrap_or((tasks, used));
        let mean = |mean: f64, now: f64| mean * BASE_KEPT + now * (1.0 - BASE_KEPT);
        self.mean = Some((mean(mean_tasks, tasks), mean(mean_used, used)));
        let Some((tasks_before, used_before)) = self.last.replace((tasks, used)) else { return };
        self.changes.add(tasks - tasks_before, used - used_before);
        match self.changes.line() {
            Some((each, explained)) if explained >= self.changes.least_explained() => {
                self.each = Some(each);
            }
            Some((_, explained)) if explained < REFUTED => self.each = None,
            _ => {}
        }
    }

    /// Where the line ends.
    fn by_line(&self) -> Option<f64> {
        let (each, (tasks, used)) = (self.each?, self.mean?);
        Some((tasks + (1.0 - RESERVE - used) / each).max(1.0))
    }
}

impl Changes {
    fn add(&mut self, n: f64, u: f64) {
        if n.abs() < CHANGE {
            return;
        }
        for (sum, value) in [
            (&mut self.weight, 1.0),
            (&mut self.nn, n * n),
            (&mut self.uu, u * u),
            (&mut self.nu, n * u),
        ] {
            *sum = *sum * KEPT + value;
        }
    }

    /// The part of the changes that a line has to explain to be believed.
    fn least_explained(&self) -> f64 {
        let free = (self.weight - 1.0).max(0.0);
        (BEYOND_CHANCE / (BEYOND_CHANCE + free)).max(EXPLAINED)
    }

    /// Memory for each task more, and which part of the changes that explains;
    /// nothing before there were enough of them.
    fn line(&self) -> Option<(f64, f64)> {
        if self.weight < ENOUGH {
            return None;
        }
        if self.uu < STILL * self.weight {
            return Some((0.0, 0.0));
        }
        let explained = self.nu.max(0.0).powi(2) / (self.nn * self.uu);
        Some((self.nu / self.nn, explained))
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
                guard.observe(tasks, tasks, Some(free), Some(false));
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
                guard.observe(tasks.into(), tasks.into(), Some(free), Some(false));
            }
            prop_assert_eq!(guard.limit(), None);
        }
    }

    #[test]
    fn a_host_that_swapped_gets_less_and_slowly_more_again() {
        let mut guard = MemoryGuard::default();
        guard.observe(100.0, 100.0, Some(0.0), Some(true));
        let after = guard.limit().unwrap();
        assert!((49.0..51.0).contains(&after), "{after}");
        // Idle, it learns nothing about how much it can take.
        guard.observe(1.0, 1.0, Some(0.5), Some(false));
        assert_eq!(guard.limit(), Some(after));
        (0..30).for_each(|_| guard.observe(after, after, Some(0.5), Some(false)));
        assert!(guard.limit().is_some_and(|limit| limit > after * 1.2 && limit < after * 1.5));
    }

    #[test]
    fn what_came_once_is_not_the_need_of_tasks() {
        let mut guard = MemoryGuard::default();
        // A program begins to run there, as there come to be more tasks.
        guard.observe(1.0, 1.0, Some(0.9), Some(false));
        for tasks in [3.0, 4.0, 3.0, 3.0, 5.0, 3.0, 3.0, 4.0, 3.0] {
            guard.observe(tasks, tasks, Some(0.7), Some(false));
            assert_eq!(guard.limit(), None);
        }
    }

    #[test]
    fn paging_beyond_the_end_that_was_known_teaches_nothing_new() {
        let mut guard = MemoryGuard::default();
        for tasks in [1.0, 3.0, 2.0, 4.0, 1.0] {
            guard.observe(tasks, tasks, Some(0.9 - tasks / 10.0), Some(false));
        }
        let known = guard.limit().unwrap();
        assert!((7.9..8.5).contains(&known), "{known}");
        guard.observe(3.0, 20.0, Some(0.0), Some(true));
        assert_eq!(guard.limit(), Some(known));
        // Before the end, the line was wrong; and is tried again soon.
        guard.observe(3.0, 6.0, Some(0.0), Some(true));
        assert_eq!(guard.limit(), Some(3.0));
        (0..6).for_each(|_| guard.observe(3.0, 3.0, Some(0.6), Some(false)));
        assert!(guard.limit().is_some_and(|limit| limit > 6.0));
    }
}
