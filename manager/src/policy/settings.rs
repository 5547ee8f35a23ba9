//! What a policy row of the director says.

use std::time::Duration;

use lcms_lb_core::model::{PolicyKind, PolicyWindow};

/// A policy's values; the default is the MIB's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// How wanted weights are worked out.
    pub kind: PolicyKind,
    /// Which figure of the processors counts.
    pub window: PolicyWindow,
    /// Part of the processors in a host's free share; only the proportion of
    /// the three coefficients matters.
    pub cpu: u32,
    /// Part of available memory.
    pub memory: u32,
    /// Part of free connections.
    pub connections: u32,
    /// From one poll to the next.
    pub interval: Duration,
    /// Part of the present weight kept in each interval, in thousandths.
    pub smoothing: u32,
    /// Least dynamic weight.
    pub floor: u32,
    /// Greatest dynamic weight.
    pub ceiling: u32,
    /// Greatest change in an interval; 0 is no limit.
    pub step: u32,
    /// A change up to this is not made.
    pub hysteresis: u32,
    /// From this age on, figures are stale and weights stay.
    pub stale_limit: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            kind: PolicyKind::Headroom,
            window: PolicyWindow::Instant,
            cpu: 1000,
            memory: 0,
            connections: 0,
            interval: Duration::from_secs(1),
            smoothing: 750,
            floor: 1,
            ceiling: 100,
            step: 20,
            hysteresis: 0,
            stale_limit: Duration::from_secs(10),
        }
    }
}

impl Settings {
    /// Where one interval leads from `present` on the way to `wanted`:
    /// smoothing, step, floor, ceiling, hysteresis, in the MIB's order.
    pub fn next(&self, present: u32, wanted: f64) -> u32 {
        let distance = wanted.round() - f64::from(present);
        let kept = f64::from(self.smoothing.min(1000)) / 1000.0;
        // Rounded away from zero: a weight must not come to rest short of the
        // wanted one because the part that is left rounds to nothing.
        let smoothed = (distance.abs() * (1.0 - kept)).ceil();
        let limit = if self.step == 0 { f64::INFINITY } else { f64::from(self.step) };
        let moved = f64::from(present) + smoothed.min(limit).copysign(distance);
        let next = self.clamp(moved.clamp(0.0, f64::from(u16::MAX)) as u32);
        let outside = self.clamp(present) != present;
        match next.abs_diff(present) <= self.hysteresis && !outside {
            true => present,
            false => next,
        }
    }

    /// The nearest weight between floor and ceiling.
    pub fn clamp(&self, weight: u32) -> u32 {
        weight.max(self.floor).min(self.ceiling.max(self.floor))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    prop_compose! {
        fn settings()(
            smoothing in 0..=1000u32,
            floor in 0..50u32,
            room in 0..1000u32,
            step in 0..100u32,
            hysteresis in 0..10u32,
        ) -> Settings {
            Settings { smoothing, floor, ceiling: floor + room, step, hysteresis,
                ..Settings::default() }
        }
    }

    proptest! {
        #[test]
        fn stays_between_floor_and_ceiling(
            settings in settings(), present in 0..65536u32, wanted in 0.0..70000.0f64,
        ) {
            let next = settings.next(present, wanted);
            prop_assert!(next >= settings.floor && next <= settings.ceiling);
        }

        #[test]
        fn moves_by_a_step_at_most_and_never_past_the_wanted(
            settings in settings(), at in 0.0..1.0f64, wanted in 0.0..1.0f64,
        ) {
            let span = f64::from(settings.ceiling - settings.floor);
            let present = settings.floor + (at * span) as u32;
            let wanted = f64::from(settings.floor) + wanted * span;
            let next = settings.next(present, wanted);
            if settings.step > 0 {
                prop_assert!(next.abs_diff(present) <= settings.step);
            }
            let wanted = wanted.round() as u32;
            prop_assert!((present.min(wanted)..=present.max(wanted)).contains(&next));
        }

        #[test]
        fn comes_within_the_hysteresis_of_the_wanted(
            settings in settings(), present in 0..1000u32, wanted in 0.0..1.0f64,
        ) {
            let settings = Settings { hysteresis: 0, smoothing: settings.smoothing.min(990),
                ..settings };
            let span = f64::from(settings.ceiling - settings.floor);
            let wanted = f64::from(settings.floor) + wanted * span;
            let mut weight = present;
            for _ in 0..2000 {
                weight = settings.next(weight, wanted);
            }
            prop_assert_eq!(f64::from(weight), wanted.round());
        }
    }

    #[test]
    fn hysteresis_ignores_small_changes_and_full_smoothing_all() {
        let settings = Settings { hysteresis: 3, smoothing: 0, ..Settings::default() };
        assert_eq!(settings.next(50, 53.0), 50);
        assert_eq!(settings.next(50, 54.0), 54);
        let frozen = Settings { smoothing: 1000, ..Settings::default() };
        assert_eq!(frozen.next(50, 100.0), 50);
    }
}
