//! What is passed on at once, what is held back, and what was passed on already.
//!
//! What happens to a subject first is passed on at once. From then on, for a window
//! of time, the same again is a duplicate and goes no further; anything else that
//! has been told in the window already is held, the latest of each name. At its end
//! what was held is passed on, in the order in which it came and with the number of
//! those it stands for, and the next window is twice as long, up to the hold-down. A
//! window in which nothing happened is the last.
//!
//! So a server that dies is told of at once, and so is that it came back; one that
//! flaps is told of at ever longer intervals; and what was told last is what
//! happened last. Something that is said again and again, as some devices do, is
//! passed on once in a hold-down.
//!
//! Time is what the caller says it is.

use std::{
    collections::{BTreeSet, HashMap},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use super::Record;

/// So many subjects are remembered, and so many objects of their notifications; then
/// the one whose window ends first makes room.
pub const MOST: usize = 10_000;
const OBJECTS: usize = 10 * MOST;

/// The held of a rule.
#[derive(Debug)]
pub struct Hold {
    window: Duration,
    hold_down: Duration,
    subjects: HashMap<Key, Subject>,
    /// When each subject's window ends.
    ends: BTreeSet<(Instant, Key)>,
    /// What all subjects weigh.
    weight: usize,
}

/// What a notification is about: its sender, and the rows of its objects.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Key(IpAddr, Arc<str>);

#[derive(Debug)]
struct Subject {
    end: Instant,
    window: Duration,
    /// When something was passed on last.
    passed: Instant,
    /// The names that were passed on in this window.
    told: Vec<String>,
    /// The one that came last, and its content.
    last: (Arc<Record>, u64),
    /// How often that has been said again since something was passed on.
    again: u64,
    /// Whether that was in this window.
    noisy: bool,
    /// In the order in which they came.
    held: Vec<Held>,
}

#[derive(Debug)]
struct Held {
    record: Arc<Record>,
    count: u64,
}

/// More names than there are notifications of one thing; beyond, the oldest that is
/// held is passed on.
const NAMES: usize = 8;

/// A notification to be passed on.
#[derive(Clone, Debug, PartialEq)]
pub struct Passed {
    /// It.
    pub record: Arc<Record>,
    /// How many of its name were not passed on before it.
    pub held: u64,
}

/// What is done with a notification.
#[derive(Clone, Debug, PartialEq)]
pub enum Judged {
    /// It goes on.
    Pass(Passed),
    /// It was told of already.
    Duplicate,
    /// It is told of later.
    Held,
}

impl Hold {
    /// A window of no time passes everything on.
    pub fn new(window: Duration, hold_down: Duration) -> Self {
        let hold_down = hold_down.max(window);
        Self { window, hold_down, subjects: HashMap::new(), ends: BTreeSet::new(), weight: 0 }
    }

    /// A notification has come. What else is to be passed on now, see
    /// [`Hold::expire`], comes before it.
    pub fn arrive(&mut self, record: Arc<Record>, now: Instant) -> Judged {
        let pass = |record| Judged::Pass(Passed { record, held: 0 });
        if self.window.is_zero() {
            return pass(record);
        }
        let key = Key(record.from.ip(), record.subject.as_str().into());
        let content = content(&record);
        let Some(subject) = self.subjects.get_mut(&key) else {
            let end = now + self.window;
            let subject = Subject {
                end,
                window: self.window,
                passed: now,
                told: vec![record.name.clone()],
                last: (Arc::clone(&record), content),
                again: 0,
                noisy: false,
                held: Vec::new(),
            };
            self.weight = self.weight.saturating_add(subject.weight());
            self.ends.insert((end, key.clone()));
            self.subjects.insert(key, subject);
            return pass(record);
        };
        let before = subject.weight();
        let judged = subject.arrive(record, content, now);
        self.weight = self.weight.saturating_sub(before).saturating_add(subject.weight());
        judged
    }

    /// When there will be something to do.
    pub fn due(&self) -> Option<Instant> {
        self.ends.first().map(|(end, _)| *end)
    }

    /// What is to be passed on by now, in this order.
    pub fn expire(&mut self, now: Instant) -> Vec<Passed> {
        let mut out = Vec::new();
        while let Some((end, key)) = self.ends.first().cloned() {
            // Who has to make room is told of early.
            let crowded = self.subjects.len() > MOST || self.weight > OBJECTS;
            if end > now && !crowded {
                break;
            }
            self.ends.pop_first();
            let Some(mut subject) = self.subjects.remove(&key) else { continue };
            self.weight = self.weight.saturating_sub(subject.weight());
            let reminded = now.saturating_duration_since(subject.passed) >= self.hold_down;
            if !subject.held.is_empty() {
                let held = subject.held.drain(..);
                subject.told = held.as_slice().iter().map(|h| h.record.name.clone()).collect();
                out.extend(held.map(|Held { record, count }| Passed { record, held: count }));
                subject.window = subject.window.saturating_mul(2).min(self.hold_down);
                subject.passed = now;
            } else if !subject.noisy || crowded {
                continue;
            } else if reminded {
                let record = Arc::clone(&subject.last.0);
                out.push(Passed { record, held: subject.again });
                subject.again = 0;
                subject.passed = now;
            } else {
                subject.told.clear();
            }
            subject.noisy = false;
            if !crowded {
                subject.end = now + subject.window;
                self.weight = self.weight.saturating_add(subject.weight());
                self.ends.insert((subject.end, key.clone()));
                self.subjects.insert(key, subject);
            }
        }
        out
    }

    /// The numbers of what is held.
    pub fn held(&self) -> impl Iterator<Item = u64> {
        self.subjects.values().flat_map(|subject| &subject.held).map(|held| held.record.id)
    }

    /// What is held, in the order in which its time would have come: nobody will be
    /// there to wait for it.
    pub fn end(&mut self) -> Vec<Passed> {
        let mut out = Vec::new();
        while let Some((_, key)) = self.ends.pop_first() {
            let held = self.subjects.remove(&key).map(|subject| subject.held).unwrap_or_default();
            out.extend(
                held.into_iter().map(|Held { record, count }| Passed { record, held: count }),
            );
        }
        out
    }
}

impl Subject {
    fn arrive(&mut self, record: Arc<Record>, content: u64, now: Instant) -> Judged {
        if self.last.1 == content {
            self.again = self.again.saturating_add(1);
            self.noisy = true;
            return Judged::Duplicate;
        }
        self.last = (Arc::clone(&record), content);
        self.again = 0;
        let is_new = !self.told.contains(&record.name);
        // Nothing overtakes what is held.
        if is_new && self.held.is_empty() && self.told.len() < NAMES {
            self.told.push(record.name.clone());
            self.passed = now;
            return Judged::Pass(Passed { record, held: 0 });
        }
        let before = self.held.iter().position(|held| held.record.name == record.name);
        let count = before.map_or(0, |at| self.held.remove(at).count.saturating_add(1));
        self.held.push(Held { record, count });
        if self.held.len() > NAMES {
            let Held { record, count } = self.held.remove(0);
            return Judged::Pass(Passed { record, held: count });
        }
        Judged::Held
    }

    /// The objects of all that is remembered.
    fn weight(&self) -> usize {
        let records = self.held.iter().map(|held| &held.record).chain([&self.last.0]);
        records.map(|record| 1 + record.objects.len()).sum()
    }
}

/// What a notification says, apart from when.
fn content(record: &Record) -> u64 {
    let mut hasher = DefaultHasher::new();
    record.oid.hash(&mut hasher);
    for object in &record.objects {
        (&object.oid, &object.text).hash(&mut hasher);
    }
    hasher.finish()
}

#[cfg(test)]
pub(super) mod tests;
