//! Servers from the greatest weight down: what fo and ovf have in common.

use super::Candidate;

/// Places and weights, the greatest weight first; of equals the first in the
/// list, so that the order is the same on every director.
#[derive(Clone, Debug, Default)]
pub(super) struct Rank(Vec<(usize, u32)>);

impl Rank {
    /// These are the servers from now on; those without weight have no rank.
    pub(super) fn set(&mut self, servers: &[Candidate]) {
        let places = servers.iter().enumerate();
        self.0 = places.map(|(place, server)| (place, server.weight.value())).collect();
        self.0.retain(|(_, weight)| *weight > 0);
        self.0.sort_by_key(|(place, weight)| (std::cmp::Reverse(*weight), *place));
    }

    /// The first of which this is true, given place and weight.
    pub(super) fn first(&self, is_meant: impl Fn(usize, u32) -> bool) -> Option<usize> {
        self.0.iter().find(|(place, weight)| is_meant(*place, *weight)).map(|(place, _)| *place)
    }
}
