//! The time in which something is counted.

use std::time::{Duration, Instant};

use rustix::event::Timespec;

use super::Wrong;
use crate::{
    cpu::{Meter, Reading},
    failure::Failure,
    figure::Outcome,
};

/// A warm-up, and the window after it.
pub struct Window<'a> {
    meter: &'a Meter,
    begins: Instant,
    length: Duration,
    begun: Option<Reading>,
    pub outcome: Outcome,
}

impl<'a> Window<'a> {
    pub fn new(meter: &'a Meter, warm_up: Duration, length: Duration) -> Self {
        let begins = Instant::now() + warm_up;
        Self { meter, begins, length, begun: None, outcome: Outcome::default() }
    }

    /// Whether the load is to go on. What was done before the window began is
    /// forgotten; what failed is not.
    pub fn is_open(&mut self, now: Instant) -> Result<bool, Failure> {
        if self.begun.is_none() && now >= self.begins {
            // Reading takes a moment; the window begins with it.
            self.begun = Some(self.meter.read()?);
            self.begins = Instant::now();
            self.outcome.done = 0;
        }
        Ok(now < self.begins + self.length)
    }

    pub fn is_counting(&self) -> bool {
        self.begun.is_some()
    }

    pub fn fail(&mut self, wrong: &Wrong) {
        self.outcome.failed += 1;
        self.outcome.failure = Some(wrong.to_string());
    }

    pub fn close(mut self) -> Result<Outcome, Failure> {
        let end = self.meter.read()?;
        if let Some(begin) = self.begun {
            let used = begin.used_until(&end);
            self.outcome.seconds = used.wall;
            self.outcome.director_seconds = used.director;
            self.outcome.busy_seconds = used.busy;
        }
        Ok(self.outcome)
    }
}

/// How long a loop waits for events when nothing else is due: it looks at the
/// window in between.
pub const GLANCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };
