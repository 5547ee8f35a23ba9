//! Health of one server, from the outcomes of its checks.
//!
//! A new server may serve at once, and its first outcome decides alone: either
//! way it is known soon. After that it takes `fall` failures in a row to go
//! down and `rise` successes in a row to come up. A connection of a client that
//! the server refused counts as a failed check, so that a killed server is out
//! after a few clients' attempts rather than after a few intervals.

mod ejection;
mod standing;

use serde::{Deserialize, Serialize};

use crate::model::{Check, Health};

pub use ejection::{Ejection, EjectionLeft, Progress};
pub use standing::{Member, Rules, Standing};

/// The health of one server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Monitor {
    rise: u32,
    fall: u32,
    health: Health,
    /// Outcomes in a row that speak against `health`.
    against: u32,
}

impl Monitor {
    /// A server that was never checked.
    pub fn new(check: &Check) -> Self {
        Self {
            rise: check.rise.value(),
            fall: check.fall.value(),
            health: Health::Unchecked,
            against: 0,
        }
    }

    /// Goes on under other settings.
    pub fn set(&mut self, check: &Check) {
        (self.rise, self.fall) = (check.rise.value(), check.fall.value());
    }

    /// The health now.
    pub fn health(&self) -> Health {
        self.health
    }

    /// Whether it is up and may soon be down: the last outcome was a failure.
    pub fn is_in_doubt(&self) -> bool {
        self.health == Health::Up && self.against > 0
    }

    /// Takes one outcome into account; true if the health changed.
    pub fn observe(&mut self, passed: bool) -> bool {
        let (opposite, enough) = match self.health {
            Health::Unchecked => (if passed { Health::Up } else { Health::Down }, 1),
            Health::Up if passed => return self.confirm(),
            Health::Up => (Health::Down, self.fall),
            Health::Down if passed => (Health::Up, self.rise),
            Health::Down => return self.confirm(),
        };
        self.against += 1;
        if self.against < enough {
            return false;
        }
        self.health = opposite;
        self.against = 0;
        true
    }

    fn confirm(&mut self) -> bool {
        self.against = 0;
        false
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::CheckCount;

    fn monitor(rise: u32, fall: u32) -> Monitor {
        Monitor::new(&Check {
            rise: CheckCount::clamped(rise),
            fall: CheckCount::clamped(fall),
            ..Check::default()
        })
    }

    #[test]
    fn the_first_outcome_decides_alone() {
        let mut server = monitor(2, 3);
        assert!(server.observe(false));
        assert_eq!(server.health(), Health::Down);
        let mut server = monitor(2, 3);
        assert!(server.observe(true));
        assert_eq!(server.health(), Health::Up);
    }

    #[test]
    fn it_takes_fall_failures_in_a_row_and_rise_successes_in_a_row() {
        let mut server = monitor(2, 3);
        let changed: Vec<bool> =
            [true, false, false, true, false, false, false, true, false, true, true]
                .into_iter()
                .map(|passed| server.observe(passed))
                .collect();
        let at: Vec<usize> =
            changed.iter().enumerate().filter_map(|(at, changed)| changed.then_some(at)).collect();
        assert_eq!(at, [0, 6, 10]);
    }

    proptest! {
        #[test]
        fn health_changes_exactly_after_a_full_run_against_it(
            outcomes in proptest::collection::vec(any::<bool>(), 1..200),
            rise in 1u32..6,
            fall in 1u32..6,
        ) {
            let mut server = monitor(rise, fall);
            let mut run = 0;
            for (at, passed) in outcomes.into_iter().enumerate() {
                let before = server.health();
                let against = match before {
                    Health::Unchecked => true,
                    Health::Up => !passed,
                    Health::Down => passed,
                };
                run = if against { run + 1 } else { 0 };
                let enough = match before {
                    Health::Unchecked => 1,
                    Health::Up => fall,
                    Health::Down => rise,
                };
                let changed = server.observe(passed);
                prop_assert_eq!(changed, run == enough, "outcome {}", at);
                prop_assert_eq!(changed, server.health() != before);
                if changed {
                    run = 0;
                }
            }
        }
    }
}
