//! Engines whose traps of version 3 were authentic: their clocks, and the keys of
//! our users for them.

use std::{collections::HashMap, time::Instant};

use lcms_snmp::{
    EngineId, LocalKeys,
    usm::{Clock, LearnedClock},
};

use super::Authority;

/// So many are known; whoever was silent for longest is forgotten first. Only who
/// has a user's key gets in.
pub const MOST: usize = 4096;

/// Engines by name.
#[derive(Debug, Default)]
pub struct Engines(HashMap<EngineId, Engine>);

#[derive(Debug)]
struct Engine {
    clock: LearnedClock,
    heard: Instant,
    /// By the user's place in the configuration.
    keys: Vec<(usize, LocalKeys)>,
}

impl Engines {
    /// What was known of an engine when we ended: its clock would be so by now.
    pub fn restore(&mut self, id: EngineId, clock: Clock, now: Instant) {
        self.hear(&id, clock, now);
    }

    /// Whether an authentic message of an engine is timely (RFC 3414 §3.2 (7b)).
    /// Its first one is: there is nothing yet to be compared with.
    pub fn hear(&mut self, id: &EngineId, clock: Clock, now: Instant) -> bool {
        if let Some(engine) = self.0.get_mut(id) {
            let timely = engine.clock.hear(clock, now);
            if timely {
                engine.heard = now;
            }
            return timely;
        }
        if self.0.len() >= MOST
            && let Some(oldest) = self.0.iter().min_by_key(|(_, engine)| engine.heard)
        {
            let oldest = *oldest.0;
            self.0.remove(&oldest);
        }
        let clock = LearnedClock::heard(clock, now);
        self.0.insert(*id, Engine { clock, heard: now, keys: Vec::new() });
        true
    }

    /// A user's keys for an engine. They are kept for engines that have been
    /// authentic, and made for others: that costs some hashes of a few octets.
    pub fn keys(&mut self, id: &EngineId, at: usize, user: &Authority) -> Option<LocalKeys> {
        let Some(engine) = self.0.get_mut(id) else { return user.credentials.localised(id) };
        if let Some((_, keys)) = engine.keys.iter().find(|(other, _)| *other == at) {
            return Some(keys.clone());
        }
        let keys = user.credentials.localised(id)?;
        engine.keys.push((at, keys.clone()));
        Some(keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_an_end_to_what_is_known() {
        let now = Instant::now();
        let mut engines = Engines::default();
        let clock = Clock { boots: 1, time: 1 };
        for n in 0..MOST as u32 + 10 {
            let mut random = [0; 12];
            random[..4].copy_from_slice(&n.to_be_bytes());
            let at = now + std::time::Duration::from_secs(n.into());
            assert!(engines.hear(&EngineId::of_enterprise(1, random), clock, at));
        }
        assert_eq!(engines.0.len(), MOST);
        assert!(
            !engines.0.contains_key(&EngineId::of_enterprise(1, [0; 12])),
            "the oldest is gone"
        );
    }
}
