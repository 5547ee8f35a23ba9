//! Numbers by the group they belong to.

use std::iter::repeat_n;

/// The members of many groups, each group in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    /// Where each group ends.
    ends: Vec<u32>,
    members: Vec<u32>,
}

impl Groups {
    /// `pairs` are groups, below `count`, and members.
    pub fn new(count: usize, pairs: impl Iterator<Item = (u32, u32)> + Clone) -> Self {
        // First where each group begins: how many belong to those before it.
        let mut ends: Vec<u32> = repeat_n(0, count + 1).collect();
        for (group, _) in pairs.clone() {
            ends[group as usize + 1] += 1;
        }
        for at in 1..ends.len() {
            ends[at] += ends[at - 1];
        }
        let mut members = vec![0; ends.last().map_or(0, |&n| n as usize)];
        for (group, member) in pairs {
            let next = &mut ends[group as usize];
            members[*next as usize] = member;
            *next += 1;
        }
        Self { ends, members }
    }

    /// The ends and the members, to be kept.
    pub fn parts(&self) -> (&[u32], &[u32]) {
        (&self.ends, &self.members)
    }

    /// What was kept; none where it cannot be that.
    pub fn from_parts(ends: Vec<u32>, members: Vec<u32>) -> Option<Self> {
        let is_whole = ends.is_sorted()
            && ends.last().is_none_or(|&end| end as usize == members.len())
            && (!ends.is_empty() || members.is_empty());
        is_whole.then_some(Self { ends, members })
    }

    fn range(&self, group: u32) -> std::ops::Range<usize> {
        let start = group.checked_sub(1).and_then(|g| self.ends.get(g as usize)).map_or(0, |&e| e);
        let end = self.ends.get(group as usize).map_or(start, |&end| end);
        start as usize..end as usize
    }

    pub fn of(&self, group: u32) -> &[u32] {
        self.members.get(self.range(group)).unwrap_or_default()
    }

    pub fn of_mut(&mut self, group: u32) -> &mut [u32] {
        let range = self.range(group);
        self.members.get_mut(range).unwrap_or_default()
    }
}
