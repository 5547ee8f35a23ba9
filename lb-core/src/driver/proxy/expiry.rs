//! When a connection's time is up.

use std::time::{Duration, Instant};

use super::slots::Key;

/// Milliseconds since the shard began, as far as they fit: what each connection
/// keeps instead of an [`Instant`]. Ages are exact up to 49 days, and no
/// timeout is that long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tick(u32);

/// Microseconds since the shard began, as far as they fit: for what takes less
/// than an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment(u32);

/// The time as a shard sees it: read once for each round of events.
pub(super) struct Clock {
    began: Instant,
    now: Instant,
}

impl Clock {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self { began: now, now }
    }

    /// Reads the time.
    pub(super) fn advance(&mut self) {
        self.now = Instant::now();
    }

    pub(super) fn now(&self) -> Instant {
        self.now
    }

    pub(super) fn tick(&self) -> Tick {
        Tick(self.now.saturating_duration_since(self.began).as_millis() as u32)
    }

    pub(super) fn moment(&self) -> Moment {
        Moment(self.now.saturating_duration_since(self.began).as_micros() as u32)
    }

    /// How long ago that was.
    pub(super) fn since_moment(&self, then: Moment) -> Duration {
        Duration::from_micros(self.moment().0.wrapping_sub(then.0).into())
    }

    /// So many milliseconds ago.
    pub(super) fn tick_before(&self, milliseconds: u64) -> Tick {
        Tick(self.tick().0.wrapping_sub(milliseconds as u32))
    }

    /// How long ago that was.
    pub(super) fn since(&self, then: Tick) -> Duration {
        Duration::from_millis(self.tick().0.wrapping_sub(then.0).into())
    }
}

/// A deadline of a connection or flow. One that no longer applies is passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Expiry {
    pub(super) key: Key,
    pub(super) of: Patience,
}

/// What a connection waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Patience {
    /// The client is to say whom it speaks for.
    Introduction,
    /// A server is to have a seat for it.
    Turn,
    /// The server of this attempt is to accept.
    Connect(u8),
    /// Anything at all is to happen. An open connection has one of these.
    Idle,
    /// The same of a flow.
    Flow,
}
