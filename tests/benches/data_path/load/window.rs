//! The time in which something is counted.

use std::time::{Duration, Instant};

use rustix::event::Timespec;

use super::{PATIENCE, Wrong};
use crate::{
    failure::Failure,
    figure::Outcome,
    process::{Meter, Reading},
};

/// How long a loop waits for events when nothing else is due: it looks at the
/// time in between.
pub const GLANCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 10_000_000 };

/// A warm-up, a window, and the time in which what was begun may end.
pub struct Window<'a> {
    meter: &'a Meter,
    next: Instant,
    length: Duration,
    phase: Phase,
    outcome: Outcome,
}

enum Phase {
    WarmUp,
    Counting(Reading),
    Draining,
}

/// What a load is to do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Now {
    /// Ask on.
    Load,
    /// Begin nothing, and wait for what was begun.
    Drain,
    /// Nor wait any longer.
    Stop,
}

impl<'a> Window<'a> {
    pub fn new(meter: &'a Meter, warm_up: Duration, length: Duration) -> Self {
        let next = Instant::now() + warm_up;
        Self { meter, next, length, phase: Phase::WarmUp, outcome: Outcome::default() }
    }

    pub fn meter(&self) -> &Meter {
        self.meter
    }

    /// Goes on with the time.
    pub fn advance(&mut self, now: Instant) -> Result<Now, Failure> {
        match &self.phase {
            Phase::WarmUp if now >= self.next => {
                self.phase = Phase::Counting(self.meter.read()?);
                // Reading took a moment; the window begins with its end.
                self.next = Instant::now() + self.length;
            }
            Phase::Counting(begin) if now >= self.next => {
                let used = begin.used_until(&self.meter.read()?);
                self.outcome.seconds = used.wall;
                self.outcome.director_seconds = used.director;
                self.outcome.busy_seconds = used.busy;
                self.phase = Phase::Draining;
                self.next = now + PATIENCE;
            }
            Phase::Draining if now >= self.next => return Ok(Now::Stop),
            _ => {}
        }
        Ok(if matches!(self.phase, Phase::Draining) { Now::Drain } else { Now::Load })
    }

    pub fn is_counting(&self) -> bool {
        matches!(self.phase, Phase::Counting(_))
    }

    /// Counts what was done, if it was done within the window.
    pub fn did(&mut self, done: u64) {
        if self.is_counting() {
            self.outcome.done += done;
        }
    }

    /// Counts what failed, at whatever time.
    pub fn failed(&mut self, wrong: &Wrong) {
        self.outcome.failed += 1;
        self.outcome.failure = Some(wrong.to_string());
    }

    pub fn outcome(self) -> Outcome {
        self.outcome
    }
}
