//! Who was not let in, as the log has it: a line of some, and how many others.

use std::{
    net::SocketAddr,
    sync::{
        OnceLock,
        atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

/// The least time between two lines: whoever sends bad messages fills no disk.
const HOLD: Duration = Duration::from_secs(5);

/// What keeps the lines apart. Good messages never come here.
#[derive(Debug, Default)]
pub struct Failures {
    began: OnceLock<Instant>,
    /// When the next line may be said, in milliseconds since then.
    next: AtomicU64,
    /// How many have gone unsaid since the last one.
    unsaid: AtomicU32,
}

impl Failures {
    /// Says that a message was refused, or counts it for the next line. `user` is whom
    /// it said it was from; a community is never said, for it may be a password that was
    /// mistyped.
    pub(super) fn log(&self, now: Instant, from: SocketAddr, why: &str, user: Option<&[u8]>) {
        let Some(unsaid) = self.turn(now) else { return };
        let user = user.map(|user| format!(" {:?}", String::from_utf8_lossy(user)));
        let user = user.unwrap_or_default();
        match unsaid {
            0 => tracing::info!("refused a message from {from}: {why}{user}"),
            more => tracing::info!("refused a message from {from}: {why}{user}; and {more} more"),
        }
    }

    /// How many have gone unsaid, if it is time for a line.
    fn turn(&self, now: Instant) -> Option<u32> {
        let began = *self.began.get_or_init(|| now);
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let passed = millis(now.saturating_duration_since(began));
        let next = self.next.load(Relaxed);
        let then = passed.saturating_add(millis(HOLD));
        // Of threads that come together one has the turn.
        if passed < next || self.next.compare_exchange(next, then, Relaxed, Relaxed).is_err() {
            self.unsaid.fetch_add(1, Relaxed);
            return None;
        }
        Some(self.unsaid.swap(0, Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_at_a_time_counts_those_between() {
        let failures = Failures::default();
        let start = Instant::now();
        let turns: Vec<Option<u32>> = [0, 1, 4_999, 5_000, 5_001, 60_000, 60_000]
            .map(|millis| failures.turn(start + Duration::from_millis(millis)))
            .into();
        assert_eq!(turns, [Some(0), None, None, Some(2), None, Some(1), None]);
    }
}
