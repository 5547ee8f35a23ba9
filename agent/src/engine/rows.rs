//! The rows of a table in the order of their names.

use lcms_snmp::object::Index;

use super::Guess;

/// Rows sorted by the sub-identifiers of their index.
///
/// GETNEXT compares sub-identifiers with sub-identifiers here, so a name that
/// is half an index, longer than one, or no index at all finds its place like
/// any other, and nothing has to be decoded for it.
#[derive(Clone, Debug)]
pub struct Rows<K> {
    rows: Vec<(Box<[u32]>, K)>,
}

impl<K> Rows<K> {
    /// Takes rows in any order; of several with the same index the first stays.
    pub fn new<I: Index>(rows: impl IntoIterator<Item = (I, K)>) -> Self {
        let mut arcs = Vec::new();
        let mut rows: Vec<(Box<[u32]>, K)> = rows
            .into_iter()
            .map(|(index, key)| {
                arcs.clear();
                index.encode(&mut arcs);
                (arcs.as_slice().into(), key)
            })
            .collect();
        rows.sort_by(|(a, _), (b, _)| a.cmp(b));
        rows.dedup_by(|(later, _), (first, _)| later == first);
        Self { rows }
    }

    /// The row with exactly this index.
    pub fn find(&self, index: &[u32]) -> Option<&K> {
        let at = self.rows.binary_search_by(|(arcs, _)| (**arcs).cmp(index)).ok()?;
        self.rows.get(at).map(|(_, key)| key)
    }

    /// The first row with a greater index of which `value` finds something.
    pub fn after<'r, V>(
        &'r self,
        index: &[u32],
        guess: &mut Guess,
        mut value: impl FnMut(&'r K) -> Option<V>,
    ) -> Option<(&'r [u32], V)> {
        let before = guess.0.checked_sub(1).and_then(|before| self.rows.get(before));
        let from = match before {
            Some((arcs, _)) if **arcs == *index => guess.0,
            _ => self.rows.partition_point(|(arcs, _)| **arcs <= *index),
        };
        for (at, (arcs, key)) in self.rows.iter().enumerate().skip(from) {
            if let Some(value) = value(key) {
                *guess = Guess(at + 1);
                return Some((arcs, value));
            }
        }
        None
    }

    /// All rows, ascending.
    pub fn iter(&self) -> impl Iterator<Item = (&[u32], &K)> {
        self.rows.iter().map(|(arcs, key)| (&**arcs, key))
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

impl<K> Default for Rows<K> {
    fn default() -> Self {
        Self { rows: Vec::new() }
    }
}
