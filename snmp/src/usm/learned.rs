//! The clock of an authoritative engine, as another engine learns it from its
//! messages (RFC 3414 §2.3).

use std::time::Instant;

use super::{Clock, Timeliness};

/// An engine's clock as it was, and when that was.
#[derive(Clone, Copy, Debug)]
pub struct LearnedClock {
    clock: Clock,
    at: Instant,
    /// The engine's latest time in a message that was authentic.
    latest: u32,
    /// Whether the clock is from such a message; else it is a hint that serves to
    /// ask with, and is believed no further.
    authentic: bool,
}

impl LearnedClock {
    /// Of a message that anybody could have sent.
    pub fn hint(clock: Clock, now: Instant) -> Self {
        Self { clock, at: now, latest: clock.time, authentic: false }
    }

    /// Of a message that was authentic.
    pub fn heard(clock: Clock, now: Instant) -> Self {
        Self { authentic: true, ..Self::hint(clock, now) }
    }

    /// The engine's clock by now.
    pub fn by(&self, now: Instant) -> Clock {
        let passed = now.saturating_duration_since(self.at).as_secs();
        let time = u64::from(self.clock.time).saturating_add(passed).min(i32::MAX as u64);
        Clock { boots: self.clock.boots, time: time as u32 }
    }

    /// Takes the clock of an authentic message, if that is timely.
    pub fn hear(&mut self, message: Clock, now: Instant) -> bool {
        let meaning = match self.authentic {
            true => self.by(now).meets(self.latest, message),
            false => Timeliness::Newer,
        };
        if meaning == Timeliness::Newer {
            *self = Self::heard(message, now);
        }
        meaning != Timeliness::NotInWindow
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_was_authentic_is_believed_and_grows_old() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let clock = |boots, time| Clock { boots, time };
        let mut learned = LearnedClock::hint(clock(9, 9000), start);
        assert!(learned.hear(clock(2, 100), at(1)), "a hint does not stand against a signature");
        assert_eq!(learned.by(at(11)), clock(2, 110));
        assert!(learned.hear(clock(2, 100), at(11)), "a message may be old");
        assert!(!learned.hear(clock(2, 100), at(400)), "and not that old");
        assert!(!learned.hear(clock(1, 9000), at(400)), "nor of a life before");
        assert!(learned.hear(clock(3, 0), at(400)));
        assert_eq!(learned.by(at(400)), clock(3, 0));
    }
}
