//! The least load for the weight: what lc, wlc, sed, nq and freest have in common.
//!
//! Few servers are looked through at each pick. Many stand in a tournament tree,
//! which hears of changed counts from the service's [`ChangeLog`] and is repaired
//! there alone: so a pick is the least of the counts as told, at a cost that
//! grows with the logarithm of their number. Where nobody keeps a log, all are
//! looked through.

use std::cmp::Ordering;

use super::change_log::{ChangeLog, News};
use super::tournament::{Said, Tournament};
use super::turns::Turns;
use super::{Candidate, Servers};

/// The stride of a server of weight 1.
const ROUND: u128 = 1 << 64;

/// Servers up to which looking at all is as quick as a tree.
pub const FEW: usize = 48;

/// Servers by what they have to do for their weight. Equals take turns by
/// weight, where the kernel's schedulers take the first.
#[derive(Clone, Debug, Default)]
pub(super) struct Least {
    /// The servers with a weight.
    members: Vec<Member>,
    turns: Turns,
    order: Order,
}

#[derive(Clone, Copy, Debug)]
struct Member {
    place: usize,
    weight: u32,
}

/// What a server has to do, and for what weight; compared without dividing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Burden {
    pub(super) load: u64,
    /// Above 0.
    pub(super) weight: u64,
}

/// Where a server stands; the least is next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Standing {
    full: bool,
    burden: Burden,
    tag: u128,
    /// Of servers that are equal in everything, the first in the list is first.
    place: usize,
}

/// The tree, and what it was made from.
#[derive(Clone, Debug, Default)]
struct Order {
    tree: Tournament<Standing>,
    news: News,
}

impl Ord for Burden {
    fn cmp(&self, other: &Self) -> Ordering {
        let ours = u128::from(self.load) * u128::from(other.weight);
        let theirs = u128::from(other.load) * u128::from(self.weight);
        ours.cmp(&theirs)
    }
}

impl PartialOrd for Burden {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Standing {
    fn cmp(&self, other: &Self) -> Ordering {
        let full = self.full.cmp(&other.full);
        let burden = full.then_with(|| self.burden.cmp(&other.burden));
        burden.then(self.tag.cmp(&other.tag)).then(self.place.cmp(&other.place))
    }
}

impl PartialOrd for Standing {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Least {
    /// These are the servers from now on.
    pub(super) fn set(&mut self, servers: &[Candidate]) {
        self.turns.set(servers.iter().map(|server| server.key));
        self.members = servers
            .iter()
            .enumerate()
            .map(|(place, server)| Member { place, weight: server.weight.value() })
            .filter(|member| member.weight > 0)
            .collect();
        self.order = Order::default();
        if self.members.len() > FEW {
            let keys = self.members.iter().filter_map(|member| servers.get(member.place));
            self.order.news = News::of(keys.map(|server| server.key));
        }
    }

    /// The usable server with the least burden, a function of its place and
    /// weight; of equals, the next in turn.
    pub(super) fn pick(
        &mut self,
        servers: &impl Servers,
        burden: impl Fn(usize, u32) -> Burden,
    ) -> Option<usize> {
        let number = match servers.change_log().filter(|_| self.members.len() > FEW) {
            None => self.look_through(servers, burden),
            Some(log) => self.look_up(servers, log, burden),
        }?;
        let Member { place, weight } = *self.members.get(number)?;
        self.turns.took(place, ROUND / u128::from(weight));
        // Its count is about to change too, and the log will tell.
        if let Some(standing) = self.order.tree.key(number) {
            let tag = self.turns.tag(place);
            self.order.tree.update(number, Standing { tag, ..standing });
        }
        Some(place)
    }

    fn look_through(
        &self,
        servers: &impl Servers,
        burden: impl Fn(usize, u32) -> Burden,
    ) -> Option<usize> {
        let usable = self.members.iter().zip(0..).filter(|(one, _)| servers.usable(one.place));
        let standing =
            |member: &Member| (burden(member.place, member.weight), self.turns.tag(member.place));
        usable.min_by_key(|(member, _)| standing(member)).map(|(_, number)| number)
    }

    fn look_up(
        &mut self,
        servers: &impl Servers,
        log: &ChangeLog,
        burden: impl Fn(usize, u32) -> Burden,
    ) -> Option<usize> {
        let Self { members, turns, order } = self;
        let standing = |member: &Member| Standing {
            full: servers.full(member.place),
            burden: burden(member.place, member.weight),
            tag: turns.tag(member.place),
            place: member.place,
        };
        let Order { tree, news } = order;
        let told = news.read(log, servers.epoch(), |number| {
            if let Some(member) = members.get(number) {
                tree.update(number, standing(member));
            }
        });
        if !told {
            tree.set(members.iter().map(standing));
        }
        tree.first(|number, standing| {
            let usable = members.get(number).is_some_and(|one| servers.usable(one.place));
            match (usable, standing.full) {
                (true, _) => Said::Meant,
                (false, false) => Said::Not,
                // Of full servers the first stands for all.
                (false, true) => Said::NoneBehind,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{Fleet, candidates};
    use super::*;

    /// What happens to a service of many servers.
    #[derive(Clone, Debug)]
    enum Event {
        Pick,
        /// A connection of ours, or one of another thread, begins or ends.
        Begin(usize),
        End(usize),
        Close(usize),
        Open(usize),
        /// So many changes at once that the log does not hold them.
        Storm(usize),
    }

    fn any_event(servers: usize) -> impl Strategy<Value = Event> {
        prop_oneof![
            8 => Just(Event::Pick),
            2 => (0..servers).prop_map(Event::Begin),
            4 => (0..servers).prop_map(Event::End),
            1 => (0..servers).prop_map(Event::Close),
            1 => (0..servers).prop_map(Event::Open),
            1 => (0..servers).prop_map(Event::Storm),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_tree_picks_as_a_look_at_all_does(
            weights in proptest::collection::vec(0u32..6, FEW + 20..FEW + 120),
            limit in 0u32..4,
            events in proptest::collection::vec(any_event(FEW + 20), 1..200),
        ) {
            let servers = candidates(&weights);
            let (mut tree, mut scan) = (Least::default(), Least::default());
            tree.set(&servers);
            scan.set(&servers);
            let mut fleet = Fleet::of(weights.len());
            fleet.limit = limit;
            let mut plain = fleet.clone();
            fleet.log = Some(ChangeLog::default().into());
            for event in events {
                match event {
                    Event::Pick => {
                        let burden = |fleet: &Fleet, place: usize, weight: u32| Burden {
                            load: u64::from(fleet.active[place]) + 1,
                            weight: weight.into(),
                        };
                        let picked = tree.pick(&fleet, |place, weight| burden(&fleet, place, weight));
                        let expected = scan.pick(&plain, |place, weight| burden(&plain, place, weight));
                        prop_assert_eq!(picked, expected);
                        if let Some(at) = picked {
                            fleet.add(at, 1);
                        }
                    }
                    Event::Begin(at) => fleet.add(at, 1),
                    Event::End(at) => fleet.add(at, -1),
                    Event::Close(at) => fleet.closed.push(at),
                    Event::Open(at) => fleet.closed.retain(|closed| *closed != at),
                    Event::Storm(at) => (0..5_000).for_each(|_| fleet.add(at, 0)),
                }
                plain.active.clone_from(&fleet.active);
                plain.closed.clone_from(&fleet.closed);
            }
        }
    }
}
