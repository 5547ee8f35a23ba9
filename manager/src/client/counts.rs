//! How often was asked, and how often in vain.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Requests of a client so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests, each counted once.
    pub requests: u64,
    /// Repetitions, because no answer came in time.
    pub retransmits: u64,
    /// Requests given up.
    pub timeouts: u64,
}

/// What the client's task counts.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) requests: AtomicU64,
    pub(super) retransmits: AtomicU64,
    pub(super) timeouts: AtomicU64,
}

impl Counters {
    /// What they are at present.
    pub(super) fn read(&self) -> Counts {
        Counts {
            requests: self.requests.load(Relaxed),
            retransmits: self.retransmits.load(Relaxed),
            timeouts: self.timeouts.load(Relaxed),
        }
    }
}
