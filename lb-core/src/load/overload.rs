//! What the director's own counts say of a host between two reports.
//!
//! A host that pages completes a tenth of what it did, while connections come as
//! before: within a second there are more of them than it can hold for minutes, and
//! where reports are rare none is there in time. But the director sees it happen:
//! more connections in flight than ever went well, and hardly any that end. Then
//! the host gets no more than went well, until a report tells whether it pages.
//! What else may be behind it, as slower jobs or work of others that has come, is
//! found out by the same report, and until then nothing was lost but room that was
//! never needed before.

use std::time::Duration;

/// How few of the usual ends are taken for paging: one in so many, and the logarithm of
/// that.
const FEW: f64 = 4.0;
const LN_FEW: f64 = 2.0 * std::f64::consts::LN_2;

/// The evidence, as the logarithm of how much better what was seen agrees with few
/// ends than with the usual number, that is enough.
const EVIDENCE: f64 = 4.0;

/// Ends that were to be expected in a time that is looked at, and the part of them
/// with which all is well.
const EXPECTED: f64 = 16.0;
const USUAL: f64 = 2.0 / 3.0;

/// The time, in seconds, over which ends are counted for what is usual.
const MEMORY: f64 = 30.0;

/// A report tells of a suspicion if so much of it, in seconds, was before the
/// sample: swapping is measured over time.
const TELLING: Duration = Duration::from_secs(1);

/// Whether a host has more connections than it can do with.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Overload {
    /// The most connections that went well, once a report said so.
    well: Option<u32>,
    /// The time of the last look, and connections that had ended ever.
    last: Option<(Duration, u64)>,
    /// Seconds, and ends in them; what is old counts less.
    usual: (f64, f64),
    /// The time since there are more than went well.
    beyond: Option<Beyond>,
    /// Since when it is taken for overloaded.
    since: Option<Duration>,
}

/// A time with more connections than went well.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Beyond {
    /// Ends to be expected in it.
    expected: f64,
    ended: f64,
    least: u32,
}

impl Beyond {
    /// How much the ends speak for few of them: if they come independently, as many
    /// as are to be expected in the mean, their number follows Poisson's law.
    fn evidence(&self) -> f64 {
        self.expected * (1.0 - 1.0 / FEW) - self.ended * LN_FEW
    }
}

impl Overload {
    /// Takes a look at the director's own connections on the host: those in flight,
    /// and those that have ended ever.
    pub fn look(&mut self, now: Duration, own: u32, ended: u64) {
        let Some((before, ended_before)) = self.last.replace((now, ended)) else { return };
        if self.since.is_some() {
            return;
        }
        let seconds = now.saturating_sub(before).as_secs_f64();
        let ended = ended.saturating_sub(ended_before) as f64;
        if self.well.is_some_and(|well| own > well) {
            self.beyond = self.go_on(now, own, seconds, ended);
        } else {
            self.beyond = None;
        }
        let kept = MEMORY / (MEMORY + seconds);
        self.usual = (self.usual.0 * kept + seconds, self.usual.1 * kept + ended);
    }

    /// Another look with more connections than went well.
    fn go_on(&mut self, now: Duration, own: u32, seconds: f64, ended: f64) -> Option<Beyond> {
        let usual = if self.usual.0 > 0.0 { self.usual.1 / self.usual.0 } else { 0.0 };
        let before = self.beyond.unwrap_or(Beyond { expected: 0.0, ended: 0.0, least: own });
        let all = Beyond {
            expected: before.expected + usual * seconds,
            ended: before.ended + ended,
            least: before.least.min(own),
        };
        if all.evidence() > EVIDENCE {
            self.since = Some(now);
            return None;
        }
        if all.expected < EXPECTED {
            return Some(all);
        }
        if all.ended >= all.expected * USUAL {
            self.well = Some(all.least);
        }
        None
    }

    /// Takes in what a report says of the time up to its sample, in which there were
    /// so many connections at most.
    pub fn report(&mut self, taken: Duration, most: u32, swapping: bool) {
        if swapping {
            let less = (most / 2).max(1);
            self.well = Some(self.well.map_or(less, |well| well.min(less)));
            self.beyond = None;
        } else if self.since.is_none_or(|since| taken >= since + TELLING) {
            self.since = None;
            self.well = Some(self.well.map_or(most, |well| well.max(most)));
        }
    }

    /// Connections of this director beyond which the host is not to go until the
    /// next report.
    pub fn limit(&self) -> Option<u32> {
        self.since.and(self.well).map(|well| well.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOK: Duration = Duration::from_millis(100);

    /// A host under the director's eyes, ten times a second.
    struct Host {
        overload: Overload,
        now: Duration,
        ended: u64,
    }

    impl Host {
        /// Ten seconds with four connections and twenty ends a second, of which a
        /// report says that they went well.
        fn well() -> Self {
            let mut host = Self { overload: Overload::default(), now: LOOK, ended: 0 };
            host.goes_on(100, 4, 2);
            host.overload.report(host.now, 4, false);
            host
        }

        fn goes_on(&mut self, looks: u32, own: u32, ended: u64) {
            for _ in 0..looks {
                self.now += LOOK;
                self.ended += ended;
                self.overload.look(self.now, own, self.ended);
            }
        }
    }

    #[test]
    fn more_connections_than_ever_of_which_none_end_are_too_many() {
        let mut host = Host::well();
        host.goes_on(2, 8, 0);
        assert_eq!(host.overload.limit(), None, "half a dozen may be late by chance");
        host.goes_on(1, 12, 0);
        assert_eq!(host.overload.limit(), Some(4));
    }

    #[test]
    fn as_many_as_went_well_may_take_their_time() {
        let mut host = Host::well();
        host.goes_on(1_000, 4, 0);
        assert_eq!(host.overload.limit(), None);
    }

    #[test]
    fn more_that_end_as_usual_went_well() {
        let mut host = Host::well();
        host.goes_on(100, 9, 2);
        host.goes_on(20, 30, 0);
        assert_eq!(host.overload.limit(), Some(9));
    }

    #[test]
    fn a_report_tells_whether_it_pages() {
        let mut host = Host::well();
        host.goes_on(5, 20, 0);
        // The sample is from before.
        host.overload.report(host.now - LOOK, 20, false);
        assert_eq!(host.overload.limit(), Some(4));
        host.goes_on(20, 10, 0);
        let mut other = Overload { ..host.overload };
        host.overload.report(host.now, 20, false);
        assert_eq!(host.overload.limit(), None);
        host.goes_on(20, 20, 0);
        assert_eq!(host.overload.limit(), None, "so many went well");
        other.report(host.now, 6, true);
        assert_eq!(other.limit(), Some(3), "it pages");
    }

    #[test]
    fn without_a_report_nothing_is_suspected() {
        let mut host = Host { overload: Overload::default(), now: LOOK, ended: 0 };
        host.goes_on(100, 4, 2);
        host.goes_on(100, 40, 0);
        assert_eq!(host.overload.limit(), None);
    }
}
