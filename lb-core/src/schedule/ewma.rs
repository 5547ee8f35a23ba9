//! Least latency: of two servers drawn by weight, the one whose latency, times
//! what it has to do, is less.
//!
//! The peak-sensitive moving average of Finagle (`PeakEwma` of its load balancers,
//! which Linkerd took over in `linkerd2-proxy`): a latency above the average
//! replaces it at once, one below it counts by the time since the last, so that
//! a server that becomes slow is avoided from the first slow answer on and
//! trusted again only gradually. Between answers the average fades, and a server
//! that was slow is tried again. The burden is the average times one more than
//! the connections; both projects compare that of two drawn servers.
//!
//! Latency is the time from the moment a connection stands and its client has
//! spoken to the server's first byte. The time to connect says what the
//! server's kernel does and nothing of its load; the length of the whole
//! connection is the client's doing as much as the server's.

use std::time::Duration;

use super::pair::Pair;
use super::{Candidate, Servers};

/// The time in which what was known counts for a third; Finagle's and Linkerd's
/// default.
const DECAY: Duration = Duration::from_secs(10);

/// Burden of a server that has connections and has never answered: behind all
/// that have.
const UNPROVEN: f64 = 1e9;

/// The better of two by latency.
#[derive(Clone, Debug, Default)]
pub struct LeastLatency(Pair);

/// A peak-sensitive moving average of latency.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PeakEwma {
    seconds: f32,
    /// Milliseconds since some moment, as far as they fit.
    at: u32,
}

/// In so many steps an average fades by `DECAY`.
const STEPS: i32 = 256;

impl PeakEwma {
    /// Takes in a latency.
    pub fn observe(&mut self, latency: Duration, now: Duration) {
        let latency = latency.as_secs_f32();
        let faded = self.seconds_at(now) as f32;
        let kept = self.kept(now) as f32;
        self.seconds =
            if latency > self.seconds { latency } else { faded + latency * (1.0 - kept) };
        self.at = now.as_millis() as u32;
    }

    /// The average in seconds, faded since the last answer; 0 if there never was
    /// one.
    pub fn seconds_at(&self, now: Duration) -> f64 {
        f64::from(self.seconds) * self.kept(now)
    }

    /// As one number, for a shared place.
    pub fn to_bits(self) -> u64 {
        (u64::from(self.seconds.to_bits()) << 32) | u64::from(self.at)
    }

    /// From that number.
    pub fn from_bits(bits: u64) -> Self {
        Self { seconds: f32::from_bits((bits >> 32) as u32), at: bits as u32 }
    }

    fn kept(&self, now: Duration) -> f64 {
        let since = (now.as_millis() as u32).wrapping_sub(self.at);
        // Shards read their clocks a little apart.
        let since = if since > u32::MAX / 2 { 0 } else { since };
        // The exponential to a part in a hundred, which is enough here. It is the only
        // function of libm there would be, and libm a third of a mebibyte of the process.
        let steps = f64::from(since) / DECAY.as_millis() as f64 / f64::from(STEPS);
        (1.0 - steps).max(0.0).powi(STEPS)
    }
}

impl LeastLatency {
    /// These are the servers from now on.
    pub fn set(&mut self, servers: &[Candidate]) {
        self.0.set(servers);
    }

    /// Of two usable servers drawn by weight the one that answers sooner for
    /// what it has to do.
    pub fn pick(&mut self, servers: &impl Servers) -> Option<usize> {
        self.0.pick(servers, |place, weight| {
            let (latency, active) = (servers.latency(place), f64::from(servers.active(place)));
            let burden = match latency {
                0.0 if active > 0.0 => UNPROVEN + active,
                latency => latency * (active + 1.0),
            };
            burden / f64::from(weight)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{Fleet, candidates};
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_slow_answer_counts_at_once_and_a_quick_one_gradually() {
        let mut average = PeakEwma::default();
        average.observe(10 * MS, Duration::ZERO);
        average.observe(500 * MS, 1_000 * MS);
        assert!((average.seconds_at(1_000 * MS) - 0.5).abs() < 1e-6);
        average.observe(10 * MS, 2_000 * MS);
        assert!(average.seconds_at(2_000 * MS) > 0.4);
        assert!(average.seconds_at(60_000 * MS) < 0.01);
    }

    #[test]
    fn the_slower_of_two_gets_little() {
        let mut picker = LeastLatency::default();
        picker.set(&candidates(&[1, 1]));
        let mut fleet = Fleet::of(2);
        fleet.latency = vec![0.5, 0.01];
        // One draw in 2^7 or so sees the same server all the time.
        let slow = (0..1_000).filter(|_| picker.pick(&fleet) == Some(0)).count();
        assert!(slow < 50, "{slow} of 1000 went to the slow one");
    }

    #[test]
    fn a_server_that_never_answered_gets_one_connection_and_then_waits() {
        let mut picker = LeastLatency::default();
        picker.set(&candidates(&[1, 1]));
        let mut fleet = Fleet::of(2);
        fleet.latency = vec![0.0, 0.01];
        let mut given = [0; 2];
        for _ in 0..200 {
            let at = picker.pick(&fleet).unwrap();
            given[at] += 1;
            fleet.active[at] = u32::from(at == 0);
        }
        assert!(given[0] >= 1 && given[1] > 150, "{given:?}");
    }

    proptest! {
        #[test]
        fn survives_its_bits_and_never_exceeds_the_slowest_answer(
            answers in proptest::collection::vec((0u64..100_000, 0u32..5_000), 1..20),
        ) {
            let mut average = PeakEwma::default();
            let mut now = Duration::ZERO;
            let mut slowest = 0.0f64;
            for (latency, gap) in answers {
                now += MS * gap;
                let latency = Duration::from_micros(latency);
                slowest = slowest.max(latency.as_secs_f64());
                average.observe(latency, now);
                prop_assert!(average.seconds_at(now) <= slowest + 1e-6);
                prop_assert!(average.seconds_at(now) + 1e-6 >= 0.0);
                prop_assert_eq!(PeakEwma::from_bits(average.to_bits()), average);
            }
        }
    }
}
