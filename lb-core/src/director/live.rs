//! Counters that the data path writes and everybody reads.
//!
//! They live as long as their row does, across commits. All accesses are
//! relaxed: each counter is true by itself, and no two are promised to agree.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::{Instant, SystemTime};

use crate::model::UnixTime;

/// Live figures of one service.
#[derive(Debug)]
pub struct ServiceLive {
    /// Connections accepted from clients, whatever became of them.
    pub connections: AtomicU64,
    /// Of those, closed because every server tried failed.
    pub failed: AtomicU64,
    /// Of those, closed because there was no server to try.
    pub refused: AtomicU64,
    /// Of those refused, the ones that waited too long for a server.
    pub queue_timeouts: AtomicU64,
    /// Of those refused, the ones for which too many waited already.
    pub queue_overflows: AtomicU64,
    /// Connections that wait for a server.
    pub queued: AtomicU32,
    /// Most that waited at a time.
    pub queued_max: AtomicU32,
    /// Octets from clients passed to servers.
    pub in_octets: AtomicU64,
    /// Octets from servers passed to clients.
    pub out_octets: AtomicU64,
    since: Instant,
}

/// Live figures of one server.
#[derive(Debug)]
pub struct ServerLive {
    /// Connections given to it and not ended, those in flight included.
    pub active: AtomicU32,
    /// Of those, the ones it has not yet accepted.
    pub in_flight: AtomicU32,
    /// Connections it accepted.
    pub connections: AtomicU64,
    /// Connections given to it that it did not accept. Checks do not count.
    pub failed: AtomicU64,
    /// Octets from clients passed to it.
    pub in_octets: AtomicU64,
    /// Octets from it passed to clients.
    pub out_octets: AtomicU64,
    /// Checks that failed.
    pub check_failures: AtomicU64,
    /// Set while the checker has yet to hear of a refused connection.
    pub(crate) suspected: AtomicBool,
    last_check: AtomicU64,
    last_success: AtomicU64,
    since: Instant,
}

impl ServiceLive {
    /// All zero, from now on.
    pub fn new(since: Instant) -> Self {
        Self {
            connections: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            queue_timeouts: AtomicU64::new(0),
            queue_overflows: AtomicU64::new(0),
            queued: AtomicU32::new(0),
            queued_max: AtomicU32::new(0),
            in_octets: AtomicU64::new(0),
            out_octets: AtomicU64::new(0),
            since,
        }
    }

    /// When the counters started.
    pub fn since(&self) -> Instant {
        self.since
    }
}

impl ServerLive {
    /// All zero, from now on.
    pub fn new(since: Instant) -> Self {
        Self {
            active: AtomicU32::new(0),
            in_flight: AtomicU32::new(0),
            connections: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            in_octets: AtomicU64::new(0),
            out_octets: AtomicU64::new(0),
            check_failures: AtomicU64::new(0),
            suspected: AtomicBool::new(false),
            last_check: AtomicU64::new(0),
            last_success: AtomicU64::new(0),
            since,
        }
    }

    /// When the counters started.
    pub fn since(&self) -> Instant {
        self.since
    }

    /// When the latest check ended.
    pub fn last_check(&self) -> Option<UnixTime> {
        stamp(&self.last_check)
    }

    /// When a check last succeeded.
    pub fn last_success(&self) -> Option<UnixTime> {
        stamp(&self.last_success)
    }

    /// Notes the outcome of a check that ended at this time.
    pub(crate) fn checked(&self, passed: bool, at: SystemTime) {
        let at = UnixTime::from(at).0;
        self.last_check.store(at, Relaxed);
        if passed {
            self.last_success.store(at, Relaxed);
        } else {
            self.check_failures.fetch_add(1, Relaxed);
        }
    }
}

/// 0 stands for never.
fn stamp(at: &AtomicU64) -> Option<UnixTime> {
    match at.load(Relaxed) {
        0 => None,
        time => Some(UnixTime(time)),
    }
}
