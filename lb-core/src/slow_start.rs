//! Slow start: a server that comes back gets its weight bit by bit.
//!
//! Caches are cold and threads asleep, and a full share at once may send it down
//! again. As with HAProxy's `slowstart`, the weight grows evenly with time. It
//! is never 0, which would be a drain, and grows in whole steps of the weight: a
//! weight of 1 has none, so weights of 10 or 100 are for services that use this.

use std::time::Duration;

use crate::model::Weight;

/// Steps in which a weight grows at most, so that schedulers are not told more
/// often than anybody would notice.
const STEPS: u32 = 20;

/// The weight, so long after the start, of a server whose full weight is this.
pub fn weight(full: Weight, since: Duration, over: Duration) -> Weight {
    if since >= over {
        return full;
    }
    let step = over / STEPS;
    let done = since.as_nanos().checked_div(step.as_nanos()).unwrap_or(0);
    let part = u128::from(full.value()) * done / u128::from(STEPS);
    let part = Weight::clamped(u32::try_from(part).unwrap_or(u32::MAX));
    part.max(Weight::clamped(1)).min(full)
}

/// How long it is from then to the next step.
pub fn next_step(since: Duration, over: Duration) -> Option<Duration> {
    let left = over.checked_sub(since).filter(|left| !left.is_zero())?;
    let step = over / STEPS;
    let into = since.as_nanos().checked_rem(step.as_nanos())?;
    let rest = step.saturating_sub(Duration::from_nanos(u64::try_from(into).ok()?));
    Some(rest.min(left))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OVER: Duration = Duration::from_secs(10);

    #[test]
    fn it_grows_evenly() {
        let at =
            |seconds: u64| weight(Weight::clamped(100), Duration::from_secs(seconds), OVER).value();
        assert_eq!([0, 1, 5, 9, 10, 11].map(at), [1, 10, 50, 90, 100, 100]);
    }

    proptest! {
        #[test]
        fn a_weight_never_shrinks_is_never_nothing_and_ends_exact(
            full in 0u32..=65_535,
            over in 1u64..100_000,
            times in proptest::collection::vec(0u64..120_000, 1..20),
        ) {
            let (full, over) = (Weight::clamped(full), Duration::from_millis(over));
            let mut times = times;
            times.sort_unstable();
            let mut before = Weight::MIN;
            for time in times {
                let now = weight(full, Duration::from_millis(time), over);
                prop_assert!(now >= before && now <= full);
                prop_assert_eq!(now == Weight::MIN, full == Weight::MIN);
                before = now;
            }
            prop_assert_eq!(weight(full, over, over), full);
        }

        #[test]
        fn between_two_steps_nothing_changes_and_the_last_is_the_end(
            full in 1u32..1_000,
            over in 1u64..100_000,
        ) {
            let (full, over) = (Weight::clamped(full), Duration::from_millis(over));
            let mut since = Duration::ZERO;
            let mut steps = 0;
            while let Some(step) = next_step(since, over) {
                prop_assert!(!step.is_zero());
                let just_before = since + step - Duration::from_nanos(1);
                prop_assert_eq!(weight(full, just_before, over), weight(full, since, over));
                since += step;
                steps += 1;
            }
            prop_assert_eq!(since, over);
            prop_assert!(steps <= STEPS + 1, "{} steps", steps);
        }
    }
}
