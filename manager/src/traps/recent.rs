//! Which messages have been stored lately.
//!
//! An inform whose acknowledgement was lost comes again, and is acknowledged again
//! and not stored. So may a trap that somebody has caught and sends once more:
//! within the window of its engine's clock it is as authentic as it was.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use super::Digest;

/// As long as a sender may go on trying, and twice as long as a message is timely.
const KEPT: Duration = Duration::from_secs(300);

/// So many are remembered; the oldest are forgotten first.
pub const MOST: usize = 16_384;

/// The messages of the last five minutes.
#[derive(Debug, Default)]
pub struct Recent {
    seen: HashMap<Digest, Instant>,
    order: VecDeque<(Instant, Digest)>,
}

impl Recent {
    /// Whether it was stored.
    pub fn contains(&self, digest: &Digest, now: Instant) -> bool {
        let young = |at: &Instant| now.saturating_duration_since(*at) < KEPT;
        self.seen.get(digest).is_some_and(young)
    }

    /// It is stored.
    pub fn insert(&mut self, digest: Digest, now: Instant) {
        self.seen.insert(digest, now);
        self.order.push_back((now, digest));
        while let Some((at, oldest)) = self.order.front().copied() {
            let old = now.saturating_duration_since(at) >= KEPT;
            if !old && self.order.len() <= MOST {
                break;
            }
            self.order.pop_front();
            // Unless it has come anew since.
            if self.seen.get(&oldest) == Some(&at) {
                self.seen.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(n: u32) -> Digest {
        Digest::parse(&format!("{n:032x}")).unwrap()
    }

    #[test]
    fn a_message_is_known_for_five_minutes() {
        let start = Instant::now();
        let mut recent = Recent::default();
        recent.insert(digest(1), start);
        assert!(recent.contains(&digest(1), start + Duration::from_secs(299)));
        assert!(!recent.contains(&digest(2), start));
        assert!(!recent.contains(&digest(1), start + Duration::from_secs(300)));
        recent.insert(digest(2), start + Duration::from_secs(301));
        assert_eq!((recent.seen.len(), recent.order.len()), (1, 1));
    }

    #[test]
    fn there_is_an_end_to_what_is_remembered() {
        let now = Instant::now();
        let mut recent = Recent::default();
        let most = MOST as u32;
        (0..most + 100).for_each(|n| recent.insert(digest(n), now));
        assert_eq!((recent.seen.len(), recent.order.len()), (MOST, MOST));
        assert!(!recent.contains(&digest(99), now) && recent.contains(&digest(100), now));
    }
}
