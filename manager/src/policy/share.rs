//! The part of a host's work that is a server's, from counts at instants.

/// Part of a new look in the mean of in-flight and runnable counts. Both are
/// counted at an instant and swing much more than capacity does.
const SHARE_GAIN: f64 = 0.1;

/// Counted at instants, our share is rough: only one clearly below the whole
/// counts as less.
const SHARE_OF_ALL: f64 = 0.7;

/// The part of a host's runnable tasks that is a server's work.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Share {
    mean: Option<(f64, f64)>,
}

impl Share {
    /// Takes in our mean in-flight count and the host's mean runnable count
    /// over an interval.
    pub fn observe(&mut self, in_flight: f64, runnable: f64) {
        self.mean = Some(match self.mean {
            None => (in_flight, runnable),
            Some((ours, all)) => {
                (ours + (in_flight - ours) * SHARE_GAIN, all + (runnable - all) * SHARE_GAIN)
            }
        });
    }

    /// The share, 1 unless more is known.
    pub fn value(&self) -> f64 {
        match self.mean {
            Some((ours, all)) if all > 0.0 && ours > 0.0 => (ours / all / SHARE_OF_ALL).min(1.0),
            _ => 1.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use lcms_lb_core::load::{Capacity, Measurement};

    use super::*;

    #[test]
    fn work_of_others_on_the_host_is_not_held_against_the_server() {
        let mut share = Share::default();
        share.observe(1.0, 4.0);
        let mut capacity = Capacity::default();
        capacity.learn(Measurement {
            completed: 50,
            seconds: 1.0,
            utilisation: 1.0,
            share: share.value(),
        });
        let per_second = capacity.per_second().expect("learned");
        assert!((130.0..210.0).contains(&per_second), "{per_second}");
    }
}
