//! The least load for the weight: what wlc, sed and nq have in common.

use super::turns::Turns;
use super::{Candidate, Servers};

/// The stride of a server of weight 1.
const ROUND: u128 = 1 << 64;

/// Servers by what they have to do for their weight. Equals take turns by
/// weight, where the kernel's schedulers take the first.
#[derive(Clone, Debug, Default)]
pub(super) struct Least {
    /// Places and weights of the servers with a weight.
    places: Vec<(usize, u32)>,
    turns: Turns,
}

impl Least {
    /// These are the servers from now on.
    pub(super) fn set(&mut self, servers: &[Candidate]) {
        self.turns.set(servers.iter().map(|server| server.key));
        self.places = servers
            .iter()
            .enumerate()
            .map(|(place, server)| (place, server.weight.value()))
            .filter(|(_, weight)| *weight > 0)
            .collect();
    }

    /// The usable server with the least load for its weight, the load being a
    /// function of its connections; of equals, the next in turn. Compared
    /// without dividing.
    pub(super) fn pick(
        &mut self,
        servers: &impl Servers,
        load: impl Fn(u32) -> u64,
    ) -> Option<usize> {
        let mut best: Option<(usize, u32, u64)> = None;
        for (place, weight) in self.places.iter().copied() {
            if !servers.usable(place) {
                continue;
            }
            let load = load(servers.active(place));
            let better = best.is_none_or(|(best, best_weight, best_load)| {
                let ours = u128::from(load) * u128::from(best_weight);
                let theirs = u128::from(best_load) * u128::from(weight);
                ours < theirs || (ours == theirs && self.turns.tag(place) < self.turns.tag(best))
            });
            if better {
                best = Some((place, weight, load));
            }
        }
        let (place, weight, _) = best?;
        self.turns.took(place, ROUND / u128::from(weight));
        Some(place)
    }
}
