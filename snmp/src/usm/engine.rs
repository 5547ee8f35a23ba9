//! The own engine: its name, how often it has started, and since when it runs.
//!
//! Where name and boots are kept between two starts is the affair of whoever has a
//! disk. It must be before the engine answers anybody, or a message of the last
//! life is timely in this one.

use std::time::Instant;

use super::{Clock, LATCHED};
use crate::{EngineId, v3::Salts};

/// Under which the name is made (RFC 3411 §5). The project has no number of its
/// own; this is net-snmp's, with whose experimental tree its MIB lives.
const ENTERPRISE: u32 = 8072;

/// What an engine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// snmpEngineID.
    pub id: EngineId,
    /// snmpEngineBoots.
    pub boots: u32,
}

/// The own engine while it runs.
#[derive(Debug)]
pub struct LocalEngine {
    /// snmpEngineID.
    pub id: EngineId,
    /// Salts for what it encrypts.
    pub salts: Salts,
    /// The longest message it takes.
    pub max_size: u32,
    boots: u32,
    started: Instant,
}

impl Identity {
    /// Of an engine that nobody has heard of.
    pub fn new(random: [u8; 12]) -> Self {
        Self { id: EngineId::of_enterprise(ENTERPRISE, random), boots: 1 }
    }

    /// The same engine at its next start.
    #[must_use]
    pub fn again(self) -> Self {
        Self { boots: self.boots.saturating_add(1).min(LATCHED), ..self }
    }

    /// What was kept of an engine, if it can be that.
    pub fn kept(id: &str, boots: u32) -> Option<Self> {
        let id = id.parse().ok().filter(|_| (1..=LATCHED).contains(&boots))?;
        Some(Self { id, boots })
    }
}

impl LocalEngine {
    /// The engine of a start.
    pub fn new(identity: Identity, started: Instant, seed: u64, max_size: u32) -> Self {
        let Identity { id, boots } = identity;
        Self { id, salts: Salts::authoritative(boots, seed), max_size, boots, started }
    }

    /// Boots and time at a moment.
    pub fn clock(&self, now: Instant) -> Clock {
        let seconds = now.saturating_duration_since(self.started).as_secs();
        match u32::try_from(seconds) {
            Ok(time) if time <= LATCHED => Clock { boots: self.boots, time },
            // After 68 years: boots that were never written could come again.
            _ => Clock { boots: LATCHED, time: LATCHED },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn boots_grow_up_to_their_end() {
        let first = Identity::new([1; 12]);
        assert_eq!((first.boots, first.again().boots, first.again().id), (1, 2, first.id));
        let last = Identity { boots: LATCHED - 1, ..first };
        assert_eq!((last.again().boots, last.again().again().boots), (LATCHED, LATCHED));
        let now = Instant::now();
        let clock = LocalEngine::new(last.again(), now, 0, 484).clock(now);
        assert!(!clock.admits(clock), "nothing is timely any more");
    }

    #[test]
    fn what_was_kept_is_an_engine_or_nothing() {
        let kept = |id, boots| Identity::kept(id, boots).map(|identity| identity.boots);
        assert_eq!(kept("80001f8805010203", 7), Some(7));
        assert_eq!(kept("80001f8805010203", 0), None);
        assert_eq!(kept("80001f8805010203", LATCHED + 1), None);
        assert_eq!(kept("8000", 7), None);
    }

    #[test]
    fn time_counts_from_the_start() {
        let identity = Identity { boots: 4, ..Identity::new([1; 12]) };
        let started = Instant::now();
        let engine = LocalEngine::new(identity, started, 0, 484);
        let at = |seconds| engine.clock(started + Duration::from_secs(seconds));
        assert_eq!(at(0), Clock { boots: 4, time: 0 });
        assert_eq!(at(77), Clock { boots: 4, time: 77 });
        assert_eq!(at(1 << 31).boots, LATCHED);
    }
}
