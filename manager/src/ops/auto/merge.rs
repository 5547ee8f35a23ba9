//! The rounds of all directors, told as those of one controller.

use std::collections::BTreeMap;

use lcms_lb_core::model::Name;

use super::conditions::{Conditions, Tellers};
use super::director::Common;
use super::{Event, Round};

/// What the last round of each director came to.
#[derive(Debug, Default)]
pub(super) struct Merge {
    /// In the inventory's order.
    directors: Vec<Name>,
    latest: BTreeMap<Name, Round>,
    tellers: Tellers,
    /// What is missing of clusters.
    missing: Conditions,
}

impl Merge {
    /// These are the directors from now on.
    pub(super) fn retain(&mut self, directors: Vec<Name>) {
        self.latest.retain(|director, _| directors.contains(director));
        self.tellers.retain(|director| directors.contains(&director));
        self.directors = directors;
    }

    /// A director's round, and of the others what was known.
    pub(super) fn add(&mut self, director: Name, mut round: Round, common: &Common) -> Round {
        round.events.retain(|event| self.tellers.is_news(director, event));
        let events = std::mem::take(&mut round.events);
        let decisions = std::mem::take(&mut round.decisions);
        let (refused, interval) = (round.refused, round.interval);
        self.latest.insert(director, round);
        let mut whole = Round { events, decisions, refused, interval, ..Round::default() };
        for round in self.directors.iter().filter_map(|director| self.latest.get(director)) {
            whole.clusters.extend(round.clusters.iter().cloned());
            whole.unreachable.extend(&round.unreachable);
        }
        let missing = self.missing(&whole, common);
        whole.events.extend(self.missing.turn(missing));
        whole
    }

    /// The round of a controller that has no directors.
    pub(super) fn nobody(&mut self) -> Round {
        let mut missing = Conditions::default();
        missing.trouble("inventory".to_owned(), NOTHING.to_owned());
        let events: Vec<Event> = self.missing.turn(missing);
        Round { events, interval: super::round::PATIENCE, ..Round::default() }
    }

    /// Clusters that are asked for and not there, once every director has answered: one
    /// that does not is told of already.
    fn missing(&self, whole: &Round, common: &Common) -> Conditions {
        let mut missing = Conditions::default();
        let view = common.view.borrow();
        if !self.directors.iter().all(|director| view.get(director).is_some_and(Option::is_some)) {
            return missing;
        }
        if self.directors.iter().any(|director| !self.latest.contains_key(director)) {
            return missing;
        }
        for name in &common.options.clusters {
            if !whole.clusters.iter().any(|cluster| cluster.cluster == *name) {
                missing.trouble(name.to_string(), UNKNOWN.to_owned());
            }
        }
        if whole.clusters.is_empty() && common.options.clusters.is_empty() {
            missing.trouble("inventory".to_owned(), NOTHING.to_owned());
        }
        missing
    }
}

const UNKNOWN: &str = "no director of the inventory has a cluster of this name";
const NOTHING: &str = "no director of it has a cluster";
