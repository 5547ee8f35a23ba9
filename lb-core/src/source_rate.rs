//! How often one source may connect.
//!
//! A token bucket for each source, an IPv4 address or an IPv6 network of 64
//! bits, which is what one customer has. A bucket is one number, the time at
//! which it will be full again (the virtual scheduling algorithm of ITU-T
//! I.371); a full one need not be remembered at all. So a table of fixed size
//! serves any number of sources: where its places are taken, the bucket is
//! forgotten that is full soonest, which forgives its source a little and
//! punishes nobody else.

use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How often one source may connect to a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceRate {
    /// Connections each second, in the long run.
    pub each_second: NonZeroU32,
    /// Connections at once after a pause.
    pub burst: u32,
}

/// Parts with a lock each, the sets in each, and the places in a set.
const PARTS: usize = 16;
const SETS: usize = 1_024;
const WAYS: usize = 4;

/// The buckets of a service.
#[derive(Debug)]
pub struct Buckets {
    hasher: RandomState,
    parts: [Mutex<Box<[Set]>>; PARTS],
}

type Set = [Bucket; WAYS];

/// A bucket; one that is full at 0 is nobody's.
#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    source: u64,
    /// When it is full again, in nanoseconds.
    full_at: u64,
}

impl Default for Buckets {
    fn default() -> Self {
        let part = || Mutex::new(vec![[Bucket::default(); WAYS]; SETS].into());
        // Keyed by chance, so that nobody can choose addresses that share a
        // bucket with somebody else.
        Self { hasher: RandomState::new(), parts: std::array::from_fn(|_| part()) }
    }
}

impl Buckets {
    /// Whether the source may connect at this time since some moment. If so, it
    /// has done it.
    pub fn admit(&self, source: IpAddr, now: Duration, rate: SourceRate) -> bool {
        let hash = self.hasher.hash_one(network(source));
        let part = self.parts.get(hash as usize % PARTS).unwrap_or(&self.parts[0]);
        let mut part = part.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(set) = part.get_mut((hash >> 32) as usize % SETS) else { return true };
        let now = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        let each = 1_000_000_000 / u64::from(rate.each_second.get());
        let room = each.saturating_mul(rate.burst.max(1).into());
        let known = set.iter().position(|one| one.source == hash && one.full_at > now);
        let soonest =
            || set.iter().enumerate().min_by_key(|(_, one)| one.full_at).map(|(at, _)| at);
        let Some(place) = known.or_else(soonest).and_then(|at| set.get_mut(at)) else {
            return true;
        };
        let full_at = if known.is_some() { place.full_at } else { now };
        let after = full_at.saturating_add(each);
        if after.saturating_sub(now) > room {
            return false;
        }
        *place = Bucket { source: hash, full_at: after };
        true
    }
}

/// What counts as one source.
fn network(source: IpAddr) -> IpAddr {
    match source.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use proptest::prelude::*;

    use super::*;

    fn rate(each_second: u32, burst: u32) -> SourceRate {
        SourceRate { each_second: NonZeroU32::new(each_second).unwrap(), burst }
    }

    fn source(number: u32) -> IpAddr {
        Ipv4Addr::from(number).into()
    }

    #[test]
    fn a_network_of_64_bits_is_one_source_and_a_mapped_address_is_the_address() {
        let buckets = Buckets::default();
        let once = rate(1, 1);
        let admits = |text: &str| buckets.admit(text.parse().unwrap(), Duration::ZERO, once);
        assert!(admits("2001:db8::1") && !admits("2001:db8::2") && admits("2001:db8:0:1::1"));
        assert!(admits("192.0.2.1") && !admits("::ffff:192.0.2.1") && admits("192.0.2.2"));
    }

    #[test]
    fn a_flood_of_sources_takes_no_memory_and_punishes_nobody() {
        let buckets = Buckets::default();
        for number in 0..300_000 {
            let now = Duration::from_micros(number.into());
            assert!(buckets.admit(source(number), now, rate(10, 5)), "{number}");
        }
    }

    proptest! {
        #[test]
        fn no_window_holds_more_than_burst_and_rate_allow_and_who_waits_is_admitted(
            each_second in 1u32..1_000,
            burst in 1u32..20,
            pauses in proptest::collection::vec(0u64..400_000, 1..200),
        ) {
            let (buckets, rate) = (Buckets::default(), rate(each_second, burst));
            let mut now = Duration::from_secs(1);
            let mut admitted: Vec<Duration> = Vec::new();
            for pause in pauses {
                now += Duration::from_micros(pause);
                if buckets.admit(source(7), now, rate) {
                    admitted.push(now);
                }
            }
            for (first, from) in admitted.iter().enumerate() {
                for (last, to) in admitted.iter().enumerate().skip(first) {
                    let most = f64::from(burst) + (*to - *from).as_secs_f64() * f64::from(each_second);
                    prop_assert!((last - first + 1) as f64 <= most + 1e-3);
                }
            }
            let all = Duration::from_secs_f64(f64::from(burst) / f64::from(each_second) + 1e-3);
            for _ in 0..burst {
                prop_assert!(buckets.admit(source(7), now + all, rate));
            }
        }
    }
}
