//! How far long work has come, on standard error where somebody looks at it.

use std::{
    io::{self, IsTerminal as _, Write as _},
    time::{Duration, Instant},
};

/// A line that is rewritten, and gone at the end.
#[derive(Debug)]
pub struct Progress {
    terminal: bool,
    begun: Instant,
    shown: Option<Instant>,
}

impl Default for Progress {
    fn default() -> Self {
        Self { terminal: io::stderr().is_terminal(), begun: Instant::now(), shown: None }
    }
}

impl Progress {
    /// What is done at once needs no progress.
    const QUIET: Duration = Duration::from_millis(700);
    /// Nobody reads faster.
    pub const EVERY: Duration = Duration::from_millis(100);

    /// Shows this, if it is time to.
    pub fn show(&mut self, line: impl FnOnce() -> String) {
        let due = self.shown.is_none_or(|shown| shown.elapsed() >= Self::EVERY);
        if self.terminal && due && self.begun.elapsed() >= Self::QUIET {
            self.shown = Some(Instant::now());
            // Progress that cannot be shown is no reason to stop.
            let _ = write!(io::stderr(), "\r\x1b[K{}", line());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown.is_some() {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
