//! Salts that no two encrypted messages share.

use std::sync::atomic::{AtomicU64, Ordering};

/// The source of msgPrivacyParameters.
///
/// With AES the initialisation vector holds boots, time and salt, so a salt has
/// to be unique within a second; with DES it holds the salt alone, for as long as
/// the key lives. Two messages with one vector would show what they have in
/// common.
#[derive(Debug)]
pub struct Salts {
    /// What the upper half of every salt is, where the engine knows a number that
    /// it will never know again: its boots.
    boots: Option<u32>,
    next: AtomicU64,
}

impl Salts {
    /// For an authoritative engine: the boots, which never come again, and a
    /// counter from anywhere. This is the salt of RFC 3414 §8.1.1.1 for DES.
    pub fn authoritative(boots: u32, seed: u64) -> Self {
        Self { boots: Some(boots), next: AtomicU64::new(seed) }
    }

    /// For an engine whose messages carry somebody else's boots, which a restart
    /// of its own does not advance: a counter of 64 bits that begins at random,
    /// as RFC 3826 §3.1.2.1 has it.
    pub fn random(seed: u64) -> Self {
        Self { boots: None, next: AtomicU64::new(seed) }
    }

    /// The next one.
    pub fn next(&self) -> [u8; 8] {
        // Nothing else is ordered by it.
        let next = self.next.fetch_add(1, Ordering::Relaxed);
        match self.boots {
            Some(boots) => u64::from(boots) << 32 | next & u64::from(u32::MAX),
            None => next,
        }
        .to_be_bytes()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_salt_comes_twice_in_several_lives() {
        let mut seen = BTreeSet::new();
        for boots in 1..50 {
            // The worst seeds there are: the same each time, and at the edge.
            let salts = Salts::authoritative(boots, u64::MAX - 10);
            assert!((0..100).all(|_| seen.insert(salts.next())));
        }
        let salts = Salts::random(u64::MAX - 10);
        let random: BTreeSet<_> = (0..100).map(|_| salts.next()).collect();
        assert_eq!(random.len(), 100);
    }
}
