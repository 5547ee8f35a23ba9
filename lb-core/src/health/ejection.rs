//! Ejection: a server whose connections fail gets none for a while, whatever
//! its checks say. The words and the rule are those of Envoy's outlier
//! detection: consecutive failures eject, for a time that grows with each
//! ejection, up to a maximum. Whether an ejection is heeded is the service's to
//! decide, see [`super::Standing`].

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// Failures in a row that eject.
const CONSECUTIVE: u32 = 5;

/// The longest ejection, in first ones.
const MOST_TIMES: u32 = 10;

/// What a server has achieved so far. Progress between two failures means that
/// they were not in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Connections it accepted.
    pub accepted: u64,
    /// Octets it sent to clients.
    pub octets: u64,
}

/// How a server's connections failed lately, and whether it is ejected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ejection {
    failures: u32,
    progress: Progress,
    /// Ejections that were not long enough apart to be forgotten.
    times: u32,
    until: Option<Instant>,
    /// When the last one began or ended, whichever was later.
    last: Option<Instant>,
    /// Because it does not accept; so that a check can find that it does.
    refuses: bool,
}

/// The same in times from now, for a process that goes on with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EjectionLeft {
    failures: u32,
    times: u32,
    /// How long the ejection lasts yet.
    until: Option<Duration>,
    /// How long ago the last one began or ended.
    last: Option<Duration>,
    refuses: bool,
}

impl Ejection {
    /// What is left of it, for another process.
    pub fn left(&self, now: Instant) -> EjectionLeft {
        EjectionLeft {
            failures: self.failures,
            times: self.times,
            until: self.until.map(|until| until.saturating_duration_since(now)),
            last: self.last.map(|last| now.saturating_duration_since(last)),
            refuses: self.refuses,
        }
    }

    /// Goes on with what another process left, whose counts of progress have begun
    /// anew since.
    pub fn after(left: &EjectionLeft, now: Instant) -> Self {
        Self {
            failures: left.failures,
            progress: Progress::default(),
            times: left.times,
            until: left.until.and_then(|until| now.checked_add(until)),
            last: left.last.and_then(|last| now.checked_sub(last)),
            refuses: left.refuses,
        }
    }

    /// When the ejection ends, if it is ejected.
    pub fn until(&self) -> Option<Instant> {
        self.until
    }

    /// How many ejections followed each other, this one included.
    pub fn times(&self) -> u32 {
        self.times
    }

    /// A connection was not accepted; true if that ejects the server.
    pub fn refused(&mut self, progress: Progress, base: Duration, now: Instant) -> bool {
        self.failed(progress.accepted == self.progress.accepted, true, progress, base, now)
    }

    /// A connection was accepted and then reset without a word; true if that
    /// ejects the server.
    pub fn reset(&mut self, progress: Progress, base: Duration, now: Instant) -> bool {
        self.failed(progress.octets == self.progress.octets, false, progress, base, now)
    }

    fn failed(
        &mut self,
        in_a_row: bool,
        refuses: bool,
        progress: Progress,
        base: Duration,
        now: Instant,
    ) -> bool {
        self.failures = if in_a_row { self.failures.saturating_add(1) } else { 1 };
        self.progress = progress;
        self.failures >= CONSECUTIVE && self.eject(refuses, base, now)
    }

    /// A connection of the director's own was not accepted, right after one of
    /// a client; true if that ejects the server.
    pub fn confirmed(&mut self, base: Duration, now: Instant) -> bool {
        self.eject(true, base, now)
    }

    /// A check found that the server accepts; true if that ends an ejection.
    /// One for resets is not ended by it: what accepts and then resets passes a
    /// check all the time.
    pub fn accepts(&mut self, now: Instant) -> bool {
        if !self.refuses {
            return false;
        }
        self.failures = 0;
        self.end(now)
    }

    /// Ends an ejection whose time is over; true if there was one.
    pub fn expire(&mut self, now: Instant) -> bool {
        self.until.is_some_and(|until| until <= now) && self.end(now)
    }

    fn end(&mut self, now: Instant) -> bool {
        self.last = self.until.map(|_| now).or(self.last);
        self.until.take().is_some()
    }

    fn eject(&mut self, refuses: bool, base: Duration, now: Instant) -> bool {
        self.failures = 0;
        if self.until.is_some() || base.is_zero() {
            return false;
        }
        let long_ago = |last: Instant| now.saturating_duration_since(last) >= base * MOST_TIMES;
        self.times = match self.last.is_none_or(long_ago) {
            true => 1,
            false => self.times.saturating_add(1).min(MOST_TIMES),
        };
        self.refuses = refuses;
        self.until = Some(now + base * self.times);
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BASE: Duration = Duration::from_secs(5);

    fn accepted(accepted: u64) -> Progress {
        Progress { accepted, octets: 0 }
    }

    #[test]
    fn only_failures_in_a_row_eject() {
        let now = Instant::now();
        let mut server = Ejection::default();
        // Every fourth connection is accepted.
        let ejected = (0..40).any(|at| server.refused(accepted(at / 4), BASE, now));
        assert!(!ejected);
        let times = (0..CONSECUTIVE).map(|_| server.refused(accepted(99), BASE, now));
        assert_eq!(times.filter(|ejected| *ejected).count(), 1);
        assert_eq!(server.until(), Some(now + BASE));
    }

    #[test]
    fn a_check_ends_an_ejection_for_refusals_but_not_for_resets() {
        let now = Instant::now();
        let mut server = Ejection::default();
        assert!(server.confirmed(BASE, now));
        assert!(!server.confirmed(BASE, now), "it is ejected already");
        assert!(server.accepts(now) && server.until().is_none());
        let resets = |server: &mut Ejection| {
            (0..CONSECUTIVE).any(|at| server.reset(accepted(at.into()), BASE, now))
        };
        let mut server = Ejection::default();
        assert!(resets(&mut server));
        assert!(!server.accepts(now) && server.until().is_some());
    }

    #[test]
    fn another_process_goes_on_with_what_is_left() {
        let now = Instant::now();
        let mut server = Ejection::default();
        assert!(server.confirmed(BASE, now) && server.expire(now + BASE));
        let again = now + 2 * BASE;
        assert!(server.confirmed(BASE, again));
        let later = again + BASE;
        let mut after = Ejection::after(&server.left(later), later);
        assert_eq!((after.until(), after.times()), (Some(again + 2 * BASE), 2));
        assert!(!after.expire(again + BASE) && after.expire(again + 2 * BASE));
        assert!(after.confirmed(BASE, again + 3 * BASE));
        assert_eq!(after.times(), 3, "it followed the others");
    }

    #[test]
    fn without_a_time_nobody_is_ejected() {
        let now = Instant::now();
        let mut server = Ejection::default();
        assert!(!server.confirmed(Duration::ZERO, now));
        assert_eq!(server.until(), None);
    }

    proptest! {
        #[test]
        fn ejections_grow_while_they_follow_each_other_and_start_anew_after_a_while(
            waits in proptest::collection::vec(0u64..120, 1..30),
        ) {
            let mut now = Instant::now();
            let mut server = Ejection::default();
            let mut times = 0;
            for (at, wait) in waits.into_iter().enumerate() {
                now += Duration::from_secs(wait);
                let anew = at == 0 || Duration::from_secs(wait) >= BASE * MOST_TIMES;
                times = if anew { 1 } else { (times + 1).min(MOST_TIMES) };
                prop_assert!(server.confirmed(BASE, now));
                let until = server.until().unwrap();
                prop_assert_eq!(until, now + BASE * times);
                prop_assert!(!server.expire(until - Duration::from_nanos(1)));
                prop_assert!(server.expire(until));
                prop_assert!(!server.expire(until));
                now = until;
            }
        }
    }
}
