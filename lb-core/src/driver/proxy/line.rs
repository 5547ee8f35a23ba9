//! The order in which the connections that wait for a server get one.
//!
//! It is first come, first served, over all shards. A seat that becomes free
//! calls the first in the line, which then looks for a seat by itself: the
//! scheduler decides which, and the first may not want just this one. While
//! somebody waits or was called, newcomers go to the end of the line, so nobody
//! overtakes.
//!
//! What must not happen is that a seat stays free while somebody waits. So a
//! seat that becomes free while all that wait have been called is remembered,
//! and whoever was called says what came of it: then the next is called if
//! there may be more.

use std::collections::BTreeMap;

/// Those who wait, each known by its number.
pub(super) struct Line<W> {
    waiting: BTreeMap<u64, W>,
    next: u64,
    /// Who was called and has not said what came of it, each with the number of
    /// changes there had been by then.
    called: BTreeMap<u64, u64>,
    /// Seats that became free when there was nobody to call.
    spare: u32,
    /// How often everything may have changed, and whether since the last time
    /// nobody found that there is no seat.
    changes: u64,
    roused: bool,
}

/// What came of a call.
pub(super) enum Outcome<W> {
    /// It has a seat.
    Seated,
    /// There was none, so it waits on.
    None(W),
    /// There was none that it has not tried, and it waits on; others may find
    /// one.
    NoneOfMine(W),
    /// It is no longer there.
    Gone,
}

/// How one came into the line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entered {
    /// It waits for a call.
    Waits(u64),
    /// It is called at once: a seat may have become free meanwhile.
    Called(u64),
}

impl<W> Line<W> {
    pub(super) fn new() -> Self {
        Self {
            waiting: BTreeMap::new(),
            next: 0,
            called: BTreeMap::new(),
            spare: 0,
            changes: 0,
            roused: false,
        }
    }

    /// How many wait, those who were called included.
    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.waiting.len() + self.called.len()).unwrap_or(u32::MAX)
    }

    /// Comes to the end of the line, or back to where it was.
    pub(super) fn enter(&mut self, number: Option<u64>, who: W) -> Entered {
        let number = number.unwrap_or(self.next);
        self.next = self.next.max(number.saturating_add(1));
        if self.len() == 0 {
            self.called.insert(number, self.changes);
            return Entered::Called(number);
        }
        self.waiting.insert(number, who);
        Entered::Waits(number)
    }

    /// Goes away. One that was called already says so by [`Outcome::Gone`].
    pub(super) fn leave(&mut self, number: u64) {
        self.waiting.remove(&number);
    }

    /// A seat has become free: whom to call.
    pub(super) fn freed(&mut self) -> Option<(u64, W)> {
        let first = self.call();
        if first.is_none() && !self.called.is_empty() {
            self.spare = self.spare.saturating_add(1);
        }
        first
    }

    /// Everything may be other than it was: whom to call first.
    pub(super) fn rouse(&mut self) -> Option<(u64, W)> {
        self.changes = self.changes.wrapping_add(1);
        self.roused = self.len() > 0;
        self.call()
    }

    /// What came of the call of this number: whom to call next.
    pub(super) fn settle(&mut self, number: u64, outcome: Outcome<W>) -> Option<(u64, W)> {
        let changes = self.called.remove(&number);
        let next = match outcome {
            Outcome::Seated if self.roused => self.call(),
            Outcome::Seated => self.call_for_spare(),
            Outcome::Gone => self.freed(),
            Outcome::None(who) => {
                self.waiting.insert(number, who);
                if changes == Some(self.changes) {
                    self.roused = false;
                    // Seats that became free just after it looked.
                    self.call_for_spare()
                } else {
                    // It may have looked before the change.
                    self.call()
                }
            }
            Outcome::NoneOfMine(who) => {
                self.waiting.insert(number, who);
                let after = self.waiting.range(number.saturating_add(1)..).next();
                match after.map(|(number, _)| *number) {
                    Some(after) => self.call_this(after),
                    None if changes == Some(self.changes) => self.call_for_spare(),
                    None => self.call(),
                }
            }
        };
        if self.len() == 0 {
            (self.spare, self.roused) = (0, false);
        }
        next
    }

    fn call_for_spare(&mut self) -> Option<(u64, W)> {
        let left = self.spare.checked_sub(1)?;
        let first = self.call()?;
        self.spare = left;
        Some(first)
    }

    fn call(&mut self) -> Option<(u64, W)> {
        let number = *self.waiting.first_key_value()?.0;
        self.call_this(number)
    }

    fn call_this(&mut self, number: u64) -> Option<(u64, W)> {
        let who = self.waiting.remove(&number)?;
        self.called.insert(number, self.changes);
        Some((number, who))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, VecDeque};

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        Arrive,
        /// The one of this rank in the line gives up.
        Leave(usize),
        /// A seat becomes free.
        Free,
        /// The oldest call arrives, and who was called looks for a seat.
        Look,
        /// The oldest look is told to the line.
        Tell,
        /// There are more seats than before.
        More(u32),
    }

    fn any_step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => Just(Step::Arrive),
            1 => (0usize..8).prop_map(Step::Leave),
            3 => Just(Step::Free),
            4 => Just(Step::Look),
            4 => Just(Step::Tell),
            1 => (0u32..3).prop_map(Step::More),
        ]
    }

    /// Seats, and those who want one. Calls take their time, and so does telling
    /// what came of them.
    #[derive(Default)]
    struct World {
        line: Line<()>,
        free: u32,
        taken: u32,
        calls: VecDeque<u64>,
        looks: VecDeque<(u64, bool)>,
        here: BTreeSet<u64>,
    }

    impl Default for Line<()> {
        fn default() -> Self {
            Self::new()
        }
    }

    impl World {
        fn post(&mut self, call: Option<(u64, ())>) {
            self.calls.extend(call.map(|(number, ())| number));
        }

        fn sit(&mut self) {
            self.free -= 1;
            self.taken += 1;
        }

        fn look(&mut self, number: u64) {
            if !self.here.contains(&number) {
                let next = self.line.settle(number, Outcome::Gone);
                return self.post(next);
            }
            let found = self.free > 0;
            if found {
                self.sit();
                self.here.remove(&number);
            }
            self.looks.push_back((number, found));
        }

        fn step(&mut self, step: Step) {
            match step {
                Step::Arrive if self.line.len() == 0 && self.free > 0 => self.sit(),
                Step::Arrive => match self.line.enter(None, ()) {
                    Entered::Waits(number) => drop(self.here.insert(number)),
                    Entered::Called(number) => {
                        self.here.insert(number);
                        self.look(number);
                    }
                },
                Step::Leave(rank) => {
                    let looked = |number: &u64| self.looks.iter().any(|(one, _)| one == number);
                    let number = self.here.iter().filter(|one| !looked(one)).nth(rank).copied();
                    if let Some(number) = number {
                        self.here.remove(&number);
                        self.line.leave(number);
                    }
                }
                Step::Free if self.taken == 0 => {}
                Step::Free => {
                    self.taken -= 1;
                    self.free += 1;
                    if self.line.len() > 0 {
                        let call = self.line.freed();
                        self.post(call);
                    }
                }
                Step::Look => {
                    if let Some(number) = self.calls.pop_front() {
                        self.look(number);
                    }
                }
                Step::Tell => {
                    if let Some((number, found)) = self.looks.pop_front() {
                        let outcome = if found { Outcome::Seated } else { Outcome::None(()) };
                        let next = self.line.settle(number, outcome);
                        self.post(next);
                    }
                }
                Step::More(seats) => {
                    self.free += seats;
                    if self.line.len() > 0 {
                        let call = self.line.rouse();
                        self.post(call);
                    }
                }
            }
        }

        /// Everything that is under way arrives.
        fn settle(&mut self) {
            while !self.calls.is_empty() || !self.looks.is_empty() {
                self.step(Step::Look);
                self.step(Step::Tell);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

        #[test]
        fn no_seat_stays_free_while_somebody_waits_and_nobody_is_forgotten(
            steps in proptest::collection::vec(any_step(), 0..100),
            free in 0u32..4,
        ) {
            let mut world = World { free, ..World::default() };
            for step in steps {
                world.step(step);
            }
            world.settle();
            prop_assert!(world.free == 0 || world.here.is_empty(), "{} free", world.free);
            prop_assert_eq!(world.line.len() as usize, world.here.len());
            while !world.here.is_empty() {
                let before = world.here.len();
                world.taken += u32::from(world.taken == 0);
                world.step(Step::Free);
                world.settle();
                prop_assert_eq!(world.here.len(), before - 1);
            }
        }

        #[test]
        fn calls_are_in_the_order_of_arrival(arrivals in 1u64..50) {
            let mut line = Line::new();
            prop_assert_eq!(line.enter(None, 0), Entered::Called(0));
            prop_assert!(line.settle(0, Outcome::None(0)).is_none());
            for number in 1..arrivals {
                prop_assert_eq!(line.enter(None, number), Entered::Waits(number));
            }
            for number in 0..arrivals {
                prop_assert_eq!(line.freed(), Some((number, number)));
                prop_assert!(line.settle(number, Outcome::Seated).is_none());
            }
            prop_assert_eq!(line.len(), 0);
        }
    }

    #[test]
    fn one_that_finds_none_it_has_not_tried_lets_the_next_try() {
        let mut line = Line::new();
        assert_eq!(line.enter(None, ()), Entered::Called(0));
        assert!(line.settle(0, Outcome::None(())).is_none());
        assert_eq!(line.enter(None, ()), Entered::Waits(1));
        assert_eq!(line.freed(), Some((0, ())));
        assert_eq!(line.settle(0, Outcome::NoneOfMine(())), Some((1, ())));
        assert!(line.settle(1, Outcome::Seated).is_none());
        assert_eq!(line.freed(), Some((0, ())));
    }

    #[test]
    fn who_lost_its_server_comes_back_to_its_place() {
        let mut line = Line::new();
        assert_eq!(line.enter(None, ()), Entered::Called(0));
        assert!(line.settle(0, Outcome::None(())).is_none());
        assert_eq!(line.enter(None, ()), Entered::Waits(1));
        assert_eq!(line.freed(), Some((0, ())));
        assert!(line.settle(0, Outcome::Seated).is_none());
        assert_eq!(line.enter(Some(0), ()), Entered::Waits(0));
        assert_eq!(line.freed(), Some((0, ())));
    }
}
