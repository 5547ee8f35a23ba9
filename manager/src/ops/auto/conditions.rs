//! What is not as it should be, and what of it is worth telling.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use lcms_lb_core::model::Name;

use super::Event;

/// What is not as it should be, by the node or cluster it is about.
#[derive(Debug, Default)]
pub(super) struct Conditions(BTreeMap<String, Event>);

impl Conditions {
    pub(super) fn trouble(&mut self, about: String, what: String) {
        self.0.insert(about.clone(), Event::Trouble { about, what });
    }

    pub(super) fn insert(&mut self, about: String, event: Event) {
        self.0.insert(about, event);
    }

    /// Takes what holds now for what held before; what is new of it, and what is over.
    pub(super) fn turn(&mut self, now: Self) -> Vec<Event> {
        let before = mem::replace(self, now).0;
        // The end of a wait tells itself: the lease is acquired.
        let over = before.iter().filter(|(about, event)| {
            matches!(event, Event::Trouble { .. }) && !self.0.contains_key(*about)
        });
        let over = over.map(|(about, _)| Event::Recovered { about: about.clone() });
        let new = self.0.iter().filter(|(about, event)| {
            !before.get(*about).is_some_and(|before| before.same_matter(event))
        });
        over.chain(new.map(|(_, event)| event.clone())).collect()
    }
}

/// Who has told of trouble with something: what several directors have trouble with, a
/// host for instance, is told once, and is over when the last of them has none.
#[derive(Debug, Default)]
pub(super) struct Tellers(BTreeMap<String, BTreeSet<Name>>);

impl Tellers {
    /// Whether what a director tells is news.
    pub(super) fn is_news(&mut self, director: Name, event: &Event) -> bool {
        match event {
            Event::Trouble { about, .. } => {
                let tellers = self.0.entry(about.clone()).or_default();
                tellers.insert(director);
                tellers.len() == 1
            }
            Event::Recovered { about } => {
                let Some(tellers) = self.0.get_mut(about) else { return true };
                tellers.remove(&director);
                let last = tellers.is_empty();
                if last {
                    self.0.remove(about);
                }
                last
            }
            _ => true,
        }
    }

    /// Forgets directors that are gone.
    pub(super) fn retain(&mut self, stays: impl Fn(Name) -> bool) {
        self.0.retain(|_, tellers| {
            tellers.retain(|director| stays(*director));
            !tellers.is_empty()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trouble(what: &str) -> Event {
        Event::Trouble { about: "rs1".to_owned(), what: what.to_owned() }
    }

    #[test]
    fn what_goes_on_is_told_once_and_its_end_too() {
        let now = |what: &str| {
            let mut now = Conditions::default();
            now.trouble("rs1".to_owned(), what.to_owned());
            now
        };
        let mut conditions = Conditions::default();
        assert_eq!(conditions.turn(now("silent")), [trouble("silent")]);
        assert_eq!(conditions.turn(now("silent")), []);
        assert_eq!(conditions.turn(now("refused")), [trouble("refused")]);
        let over = Event::Recovered { about: "rs1".to_owned() };
        assert_eq!(conditions.turn(Conditions::default()), [over]);
    }

    #[test]
    fn trouble_of_several_directors_is_told_once() {
        let [one, two] = ["lb1", "lb2"].map(|name| name.parse().unwrap());
        let over = Event::Recovered { about: "rs1".to_owned() };
        let mut tellers = Tellers::default();
        assert!(tellers.is_news(one, &trouble("silent")));
        assert!(!tellers.is_news(two, &trouble("silent")));
        assert!(!tellers.is_news(one, &over));
        assert!(tellers.is_news(two, &trouble("refused")), "it is his alone");
        assert!(tellers.is_news(two, &over));
        assert!(tellers.is_news(one, &trouble("silent")));
        tellers.retain(|director| director != one);
        assert!(tellers.is_news(two, &trouble("silent")));
    }
}
