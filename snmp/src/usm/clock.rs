//! Timeliness (RFC 3414 §2.2, §2.3 and §3.2 (7)): what the two sides of an
//! exchange know of the authoritative engine's time.

/// The greatest snmpEngineBoots. An engine that has come to it stays there, and
/// takes no authenticated message until it gets a new name.
pub const LATCHED: u32 = i32::MAX as u32;

/// How many seconds a message may be off.
pub const WINDOW: u32 = 150;

/// What an engine knows of an authoritative engine's boots and time; for its own
/// it is the truth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    /// snmpEngineBoots.
    pub boots: u32,
    /// snmpEngineTime, in seconds.
    pub time: u32,
}

/// What the time of a received message means to a non-authoritative engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timeliness {
    /// The message is timely, and tells nothing new.
    Known,
    /// The message is timely, and its clock is to be kept from now on.
    Newer,
    /// The message is of the past, or its engine has latched.
    NotInWindow,
}

impl Clock {
    /// Whether a message with this clock is timely for the authoritative engine
    /// that has `self` (RFC 3414 §3.2 (7a)).
    pub fn admits(&self, message: Clock) -> bool {
        self.boots != LATCHED
            && message.boots == self.boots
            && message.time.abs_diff(self.time) <= WINDOW
    }

    /// What an authenticated message with this clock means to an engine that
    /// has taken the authoritative engine's clock for `self`, and whose latest
    /// time received is `latest` (RFC 3414 §3.2 (7b)).
    pub fn meets(&self, latest: u32, message: Clock) -> Timeliness {
        if message.boots == LATCHED || message.boots < self.boots {
            return Timeliness::NotInWindow;
        }
        if message.boots > self.boots || message.time > latest {
            return Timeliness::Newer;
        }
        match message.time.saturating_add(WINDOW) < self.time {
            true => Timeliness::NotInWindow,
            false => Timeliness::Known,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(boots: u32, time: u32) -> Clock {
        Clock { boots, time }
    }

    #[test]
    fn the_window_of_an_authoritative_engine() {
        let own = clock(7, 1000);
        for (message, timely) in [
            (clock(7, 1000), true),
            (clock(7, 850), true),
            (clock(7, 849), false),
            (clock(7, 1150), true),
            (clock(7, 1151), false),
            (clock(6, 1000), false),
            (clock(8, 1000), false),
        ] {
            assert_eq!(own.admits(message), timely, "{message:?}");
        }
        assert!(clock(1, 10).admits(clock(1, 0)), "before zero there is nothing");
        assert!(!clock(LATCHED, 5).admits(clock(LATCHED, 5)), "a latched engine takes nothing");
    }

    #[test]
    fn what_a_client_makes_of_a_message() {
        let known = clock(7, 1000);
        for (message, meaning) in [
            (clock(7, 1000), Timeliness::Newer),
            (clock(7, 990), Timeliness::Known),
            (clock(7, 850), Timeliness::Known),
            (clock(7, 849), Timeliness::NotInWindow),
            (clock(8, 0), Timeliness::Newer),
            (clock(6, 5000), Timeliness::NotInWindow),
            (clock(LATCHED, 5), Timeliness::NotInWindow),
        ] {
            assert_eq!(known.meets(995, message), meaning, "{message:?}");
        }
    }
}
