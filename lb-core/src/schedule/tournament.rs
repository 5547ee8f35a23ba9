//! Who is first among many, while few of them change.
//!
//! A tournament tree (Knuth, The Art of Computer Programming, volume 3, section
//! 5.4.1): each inner node holds the better of its two children, so that the
//! first stands at the root and a change repairs only the way from its leaf up.

/// No leaf.
const NOBODY: u32 = u32::MAX;

/// Tries at the next best before all are looked through: a connection tries few
/// servers in vain.
const TRIES: usize = 16;

/// What is said of one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// It is meant.
    Meant,
    /// It is not, and another may be.
    Not,
    /// Neither it nor any behind it.
    NoneBehind,
}

/// Keys by place; the least is first.
#[derive(Clone, Debug)]
pub(super) struct Tournament<K> {
    keys: Vec<K>,
    /// The winner below each inner node; the root is the second.
    nodes: Vec<u32>,
    leaves: usize,
}

impl<K> Default for Tournament<K> {
    fn default() -> Self {
        Self { keys: Vec::new(), nodes: Vec::new(), leaves: 0 }
    }
}

impl<K: Ord + Copy> Tournament<K> {
    /// These are the keys from now on.
    pub(super) fn set(&mut self, keys: impl Iterator<Item = K>) {
        self.keys.clear();
        self.keys.extend(keys);
        self.leaves = self.keys.len().next_power_of_two();
        self.nodes.clear();
        self.nodes.resize(self.leaves.max(2), NOBODY);
        (1..self.nodes.len()).rev().for_each(|node| self.play(node));
    }

    /// The key of a place.
    pub(super) fn key(&self, place: usize) -> Option<K> {
        self.keys.get(place).copied()
    }

    /// Gives a place another key.
    pub(super) fn update(&mut self, place: usize, key: K) {
        let Some(old) = self.keys.get_mut(place) else { return };
        if *old == key {
            return;
        }
        *old = key;
        let mut node = (self.leaves + place) / 2;
        while node > 0 {
            self.play(node);
            node /= 2;
        }
    }

    /// The first of those that are meant.
    pub(super) fn first(&self, say: impl Fn(usize, K) -> Said) -> Option<usize> {
        let mut open = vec![];
        let mut node = 1;
        for _ in 0..TRIES {
            let winner = self.winner(node);
            match say(winner as usize, self.key(winner as usize)?) {
                Said::Meant => return Some(winner as usize),
                Said::NoneBehind => return None,
                Said::Not => {}
            }
            // Whoever lost to it may be next.
            let mut child = self.leaves + winner as usize;
            while child > node {
                open.push(child ^ 1);
                child /= 2;
            }
            let next = (0..open.len()).min_by_key(|at| {
                open.get(*at)
                    .and_then(|node| self.key(self.winner(*node) as usize))
                    .map_or((true, None), |key| (false, Some(key)))
            })?;
            node = open.swap_remove(next);
        }
        let keys = self.keys.iter().copied().enumerate();
        let meant = keys.filter(|(place, key)| say(*place, *key) == Said::Meant);
        meant.min_by_key(|(_, key)| *key).map(|(place, _)| place)
    }

    /// The winner below a node; leaves come behind the inner nodes.
    fn winner(&self, node: usize) -> u32 {
        match node.checked_sub(self.leaves) {
            Some(leaf) if leaf < self.keys.len() => leaf as u32,
            Some(_) => NOBODY,
            None => self.nodes.get(node).copied().unwrap_or(NOBODY),
        }
    }

    fn play(&mut self, node: usize) {
        let (left, right) = (self.winner(2 * node), self.winner(2 * node + 1));
        // Who is further left is first among equals.
        let winner = match (self.key(left as usize), self.key(right as usize)) {
            (Some(one), Some(other)) if other < one => right,
            (Some(_), _) => left,
            _ => right,
        };
        if let Some(node) = self.nodes.get_mut(node) {
            *node = winner;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn finds_whom_a_look_at_all_finds(
            keys in proptest::collection::vec(0u8..20, 0..70),
            changes in proptest::collection::vec((0usize..70, 0u8..20), 0..60),
            closed in proptest::collection::btree_set(0usize..70, 0..70),
        ) {
            let mut tree = Tournament::default();
            tree.set(keys.iter().copied());
            let mut keys = keys;
            for (place, key) in changes {
                tree.update(place, key);
                if let Some(old) = keys.get_mut(place) {
                    *old = key;
                }
                let say = |place: usize, key: u8| match closed.contains(&place) {
                    _ if key > 17 => Said::NoneBehind,
                    true => Said::Not,
                    false => Said::Meant,
                };
                let is_meant = |at: &usize| say(*at, keys[*at]) == Said::Meant;
                let expected = (0..keys.len()).filter(is_meant).min_by_key(|at| keys[*at]);
                // Equals may stand in another order behind one that is passed over.
                prop_assert_eq!(tree.first(say).map(|at| keys[at]), expected.map(|at| keys[at]));
                let least = (0..keys.len()).min_by_key(|at| keys[*at]);
                prop_assert_eq!(tree.first(|_, _| Said::Meant), least);
            }
        }
    }
}
