//! Whose counts changed lately, told to many readers.
//!
//! Counts of connections are shared between threads, and a scheduler that keeps
//! servers in order must hear of each change that another thread makes. A
//! writer leaves the server's key in a ring; each reader goes through the ring
//! at its own pace and never waits. One that falls behind by more than the ring
//! holds looks at all servers anew, which by then costs little for each of the
//! changes it missed.

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Release};

/// Slots of the ring; a power of two.
const SLOTS: usize = 4_096;

/// A ring of keys of servers.
#[derive(Debug)]
pub struct ChangeLog {
    head: AtomicU64,
    /// Number of the change in the upper half, key in the lower: a reader sees
    /// whether a slot holds the change it looks for.
    slots: Box<[AtomicU64]>,
}

/// How far a reader has read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark(Option<u64>);

/// What a reader hears of its servers, which it has numbered.
#[derive(Clone, Debug, Default)]
pub(super) struct News {
    by_key: HashMap<u32, usize>,
    mark: Mark,
    epoch: u64,
}

impl News {
    /// Of servers with these keys.
    pub(super) fn of(keys: impl Iterator<Item = u64>) -> Self {
        let by_key = keys.map(|key| key as u32).zip(0..).collect();
        Self { by_key, ..Self::default() }
    }

    /// Hands over the numbers of those that changed since it was last asked; false if
    /// any may have, and all are to be looked at, as at first.
    pub(super) fn read(
        &mut self,
        log: &ChangeLog,
        epoch: u64,
        mut changed: impl FnMut(usize),
    ) -> bool {
        let by_key = &self.by_key;
        let told = log.read(&mut self.mark, |key| {
            if let Some(number) = by_key.get(&key) {
                changed(*number);
            }
        });
        let same = std::mem::replace(&mut self.epoch, epoch) == epoch;
        told && same
    }
}

impl Default for ChangeLog {
    fn default() -> Self {
        // No change has the number that an empty slot shows first.
        let slots = (0..SLOTS).map(|_| AtomicU64::new(u64::from(u32::MAX) << 32)).collect();
        Self { head: AtomicU64::new(0), slots }
    }
}

impl ChangeLog {
    /// Tells that the count of a server has changed, after the change.
    pub fn note(&self, key: u32) {
        let number = self.head.fetch_add(1, Release);
        if let Some(slot) = self.slots.get(number as usize % SLOTS) {
            slot.store((number << 32) | u64::from(key), Release);
        }
    }

    /// Hands over the keys noted since the mark, which moves on; false if some
    /// are lost, and all servers have to be looked at.
    pub fn read(&self, mark: &mut Mark, mut changed: impl FnMut(u32)) -> bool {
        let head = self.head.load(Acquire);
        let Some(from) = mark.0.filter(|from| head.wrapping_sub(*from) <= SLOTS as u64) else {
            *mark = Mark(Some(head));
            return false;
        };
        for number in from..head {
            let Some(slot) = self.slots.get(number as usize % SLOTS) else { return false };
            let held = slot.load(Acquire);
            let ahead = ((held >> 32) as u32).wrapping_sub(number as u32);
            if ahead != 0 {
                // Its writer is between the two steps: it is read next time.
                // Or other writers went round meanwhile, and it is lost.
                let is_lost = (ahead as usize).is_multiple_of(SLOTS) && ahead < u32::MAX / 2;
                *mark = Mark(Some(if is_lost { self.head.load(Acquire) } else { number }));
                return !is_lost;
            }
            changed(held as u32);
        }
        *mark = Mark(Some(head));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reader_hears_of_each_change_once() {
        let log = ChangeLog::default();
        let (mut one, mut other) = (Mark::default(), Mark::default());
        assert!(!log.read(&mut one, |_| {}));
        for key in 0..10_000 {
            log.note(key);
            let mut heard = Vec::new();
            assert!(log.read(&mut one, |key| heard.push(key)));
            assert_eq!(heard, [key]);
        }
        assert!(!log.read(&mut other, |_| {}));
        assert!(log.read(&mut other, |_| unreachable!()));
    }

    #[test]
    fn a_reader_that_fell_behind_is_told_so() {
        let log = ChangeLog::default();
        let mut mark = Mark::default();
        log.read(&mut mark, |_| {});
        (0..SLOTS as u32).for_each(|key| log.note(key));
        let mut heard = 0;
        assert!(log.read(&mut mark, |_| heard += 1));
        assert_eq!(heard, SLOTS);
        (0..=SLOTS as u32).for_each(|key| log.note(key));
        assert!(!log.read(&mut mark, |_| {}));
        assert!(log.read(&mut mark, |_| unreachable!()));
    }

    #[test]
    fn nothing_is_lost_between_threads() {
        const EACH: u32 = 20_000;
        let log = ChangeLog::default();
        let mut mark = Mark::default();
        log.read(&mut mark, |_| {});
        let (mut heard, mut all) = ([0u32; 2], true);
        std::thread::scope(|scope| {
            for key in 0..2 {
                let log = &log;
                scope.spawn(move || (0..EACH).for_each(|_| log.note(key)));
            }
            for _ in 0..1_000 {
                all &= log.read(&mut mark, |key| heard[key as usize] += 1);
            }
        });
        all &= log.read(&mut mark, |key| heard[key as usize] += 1);
        assert!(!all || heard == [EACH; 2], "{heard:?}");
    }
}
