//! How many there may be of something, over all shards.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};

use super::shard::Caller;

/// Room for so many, some of which may be part of a greater room: the
/// connections of a service are also connections of the process.
///
/// Who finds it full can ask to be called. Between that and the next attempt
/// nothing can be missed: one side writes down its wish and then looks for
/// room, the other gives room back and then looks for wishes, and all four are
/// in one order.
pub(super) struct Capacity {
    most: AtomicUsize,
    used: AtomicUsize,
    within: Option<Arc<Capacity>>,
    wished: AtomicBool,
    wishes: Mutex<Vec<Arc<Caller>>>,
}

/// One part of a capacity. It is given back with this.
pub(super) struct Room(Arc<Capacity>);

/// What has no room.
pub(super) struct Full<'a>(&'a Capacity);

/// Stands for no limit.
const UNLIMITED: usize = usize::MAX;

impl Capacity {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most: AtomicUsize::new(most),
            used: AtomicUsize::new(0),
            within: None,
            wished: AtomicBool::new(false),
            wishes: Mutex::default(),
        }
    }

    /// A part of this one, without a limit of its own so far.
    pub(super) fn part(self: &Arc<Self>) -> Self {
        Self { within: Some(self.clone()), ..Self::new(UNLIMITED) }
    }

    /// There may be so many from now on; 0: no limit. Those beyond it stay.
    pub(super) fn limit(&self, most: u32) {
        let most = if most == 0 { UNLIMITED } else { usize::try_from(most).unwrap_or(UNLIMITED) };
        if self.most.swap(most, SeqCst) < most {
            self.call();
        }
    }

    /// Room for one more, if there is.
    pub(super) fn take(self: &Arc<Self>) -> Result<Room, Full<'_>> {
        self.enter().map(|()| Room(self.clone()))
    }

    /// How many there are.
    pub(super) fn used(&self) -> usize {
        self.used.load(Relaxed)
    }

    /// Whether it is itself at its limit, whatever is true of the greater one.
    pub(super) fn is_full(&self) -> bool {
        self.used.load(Relaxed) >= self.most.load(Relaxed)
    }

    fn enter(&self) -> Result<(), Full<'_>> {
        // Never one too many, not even for a moment: whoever saw that would be
        // sent away although there is room.
        let more = |used| (used < self.most.load(Relaxed)).then_some(used + 1);
        self.used.fetch_update(SeqCst, SeqCst, more).map_err(|_| Full(self))?;
        match self.within.as_ref().map_or(Ok(()), |greater| greater.enter()) {
            Ok(()) => Ok(()),
            Err(full) => {
                self.give_back();
                Err(full)
            }
        }
    }

    fn leave(&self) {
        self.give_back();
        if let Some(greater) = &self.within {
            greater.leave();
        }
    }

    fn give_back(&self) {
        self.used.fetch_sub(1, SeqCst);
        if self.wished.load(SeqCst) {
            self.call();
        }
    }

    /// Calls all that wished for it.
    fn call(&self) {
        let mut wishes = self.wishes.lock().unwrap_or_else(PoisonError::into_inner);
        self.wished.store(false, SeqCst);
        for caller in wishes.drain(..) {
            caller.feed();
        }
    }
}

impl Full<'_> {
    /// Asks for a call once there may be room; false if that was asked already.
    pub(super) fn call_back(&self, caller: &Arc<Caller>) -> bool {
        let mut wishes = self.0.wishes.lock().unwrap_or_else(PoisonError::into_inner);
        if wishes.iter().any(|one| Arc::ptr_eq(one, caller)) {
            return false;
        }
        wishes.push(caller.clone());
        self.0.wished.store(true, SeqCst);
        true
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.0.leave();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_has_a_limit_of_its_own_and_that_of_the_whole() {
        let whole = Arc::new(Capacity::new(3));
        let (one, other) = (Arc::new(whole.part()), Arc::new(whole.part()));
        one.limit(2);
        let mut rooms = vec![one.take().ok().unwrap(), one.take().ok().unwrap()];
        assert!(one.take().is_err() && one.is_full());
        rooms.push(other.take().ok().unwrap());
        assert!(other.take().is_err() && !other.is_full());
        rooms.clear();
        assert_eq!(whole.used.load(Relaxed), 0);
        one.limit(1);
        let _room = one.take().ok().unwrap();
        assert!(one.take().is_err());
        one.limit(0);
        assert!(one.take().is_ok());
    }
}
