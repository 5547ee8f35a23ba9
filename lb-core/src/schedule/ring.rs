//! Servers in an order, of which many may be full: the next with room is found
//! without a look at those between.
//!
//! Few servers are looked through. Of many there is a bit each, and above it one for
//! each word of bits, so that a search climbs over what is full; the bits hear of
//! changed counts from the service's log. Where nobody keeps one, all are looked
//! through.

use super::Servers;
use super::change_log::News;
use super::least::FEW;

/// Bits of a word.
const WORD: usize = 64;

/// Places in an order.
#[derive(Clone, Debug, Default)]
pub(super) struct Ring {
    places: Vec<usize>,
    room: Marks,
    news: News,
}

/// A bit for each position, and above it one for each word that is not zero.
#[derive(Clone, Debug, Default)]
struct Marks(Vec<Vec<u64>>);

impl Ring {
    /// These are the servers, by place and key, and this is their order.
    pub(super) fn set(&mut self, servers: impl Iterator<Item = (usize, u64)>) {
        let (places, keys): (Vec<usize>, Vec<u64>) = servers.unzip();
        let is_many = places.len() > FEW;
        self.news = News::of(keys.into_iter().filter(|_| is_many));
        self.room = Marks::new(if is_many { places.len() } else { 0 });
        self.places = places;
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// The place at a position.
    pub(super) fn place(&self, position: usize) -> Option<usize> {
        self.places.get(position).copied()
    }

    /// Hears whose counts changed. Who asks for the next now and then only does this at
    /// each pick, lest what is told in between be more than the log holds.
    pub(super) fn hear(&mut self, servers: &impl Servers) {
        self.hear_with(servers, &|_, place| !servers.full(place));
    }

    /// The first usable server at this position or behind it, round to those before.
    pub(super) fn next(&mut self, from: usize, servers: &impl Servers) -> Option<usize> {
        self.next_with(from, servers, |_, place| !servers.full(place))
    }

    /// The same of those that have room, which changes with their counts alone.
    pub(super) fn next_with(
        &mut self,
        from: usize,
        servers: &impl Servers,
        has_room: impl Fn(usize, usize) -> bool,
    ) -> Option<usize> {
        let is_told = self.hear_with(servers, &has_room);
        let Self { places, room, .. } = self;
        let is_meant = |position: usize| {
            let place = places.get(position).copied();
            place.is_some_and(|place| servers.usable(place) && has_room(position, place))
        };
        if !is_told {
            let from = from.min(places.len());
            return (from..places.len()).chain(0..from).find(|position| is_meant(*position));
        }
        // Who has room is usable, but for the few that this connection has tried.
        let behind = |start: usize| {
            std::iter::successors(room.next(start), |at| room.next(at + 1))
                .find(|position| is_meant(*position))
        };
        behind(from).or_else(|| behind(0))
    }

    /// Brings the bits up to date; false if nobody tells.
    fn hear_with(
        &mut self,
        servers: &impl Servers,
        has_room: &impl Fn(usize, usize) -> bool,
    ) -> bool {
        let Self { places, room, news } = self;
        let Some(log) = servers.change_log().filter(|_| places.len() > FEW) else { return false };
        let mut look = |position: usize| {
            let place = places.get(position).copied();
            room.put(position, place.is_some_and(|place| has_room(position, place)));
        };
        if !news.read(log, servers.epoch(), &mut look) {
            (0..places.len()).for_each(look);
        }
        true
    }
}

impl Marks {
    fn new(len: usize) -> Self {
        let mut levels = Vec::new();
        let mut words = len;
        while words > 1 || levels.is_empty() && words > 0 {
            words = words.div_ceil(WORD);
            levels.push(vec![0; words]);
        }
        Self(levels)
    }

    fn put(&mut self, mut at: usize, mut is_set: bool) {
        for level in &mut self.0 {
            let Some(word) = level.get_mut(at / WORD) else { return };
            let bit = 1 << (at % WORD);
            *word = if is_set { *word | bit } else { *word & !bit };
            (at, is_set) = (at / WORD, *word != 0);
        }
    }

    /// The first that is set at this position or behind it.
    fn next(&self, mut at: usize) -> Option<usize> {
        for (height, level) in self.0.iter().enumerate() {
            let word = level.get(at / WORD)? & (u64::MAX << (at % WORD));
            if word != 0 {
                let found = at / WORD * WORD + word.trailing_zeros() as usize;
                let mut below = self.0.get(..height)?.iter().rev();
                return below.try_fold(found, |at, level| {
                    Some(at * WORD + level.get(at)?.trailing_zeros() as usize)
                });
            }
            at = at / WORD + 1;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::super::ChangeLog;
    use super::super::testing::Fleet;
    use super::*;

    proptest! {
        #[test]
        fn the_next_mark_is_the_next_of_a_list(
            len in 0usize..9_000,
            set in proptest::collection::btree_set(0usize..9_000, 0..40),
            cleared in proptest::collection::btree_set(0usize..9_000, 0..40),
            from in 0usize..9_100,
        ) {
            let mut marks = Marks::new(len);
            set.iter().filter(|at| **at < len).for_each(|at| marks.put(*at, true));
            cleared.iter().filter(|at| **at < len).for_each(|at| marks.put(*at, false));
            let expected = set.difference(&cleared).copied().find(|at| *at >= from && *at < len);
            prop_assert_eq!(marks.next(from), expected);
        }

        #[test]
        fn a_ring_of_many_finds_whom_a_look_at_all_finds(
            servers in FEW + 1..300,
            changes in proptest::collection::vec((0usize..300, -3i32..4, 0usize..300), 1..200),
            closed in proptest::collection::btree_set(0usize..300, 0..6),
        ) {
            let mut ring = Ring::default();
            ring.set((0..servers).map(|place| (place, place as u64)));
            let mut fleet = Fleet::of(servers);
            fleet.limit = 2;
            fleet.closed = closed.into_iter().collect();
            fleet.log = Some(Arc::new(ChangeLog::default()));
            for (place, change, from) in changes {
                fleet.add(place % servers, change);
                let from = from % servers;
                let all = (from..servers).chain(0..from);
                let expected = all.into_iter().find(|place| fleet.usable(*place));
                prop_assert_eq!(ring.next(from, &fleet), expected);
            }
        }
    }
}
