//! What was counted.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use lcms_snmp::{Version, notification::Refused};

use super::Kind;

/// Counters of a receiver, shared by its threads and whoever shows them. None ever
/// goes back, and each event is counted in one place of each group.
#[derive(Debug, Default)]
pub struct Counters {
    /// Datagrams that came.
    pub datagrams: Counter,
    /// Notifications from those who may send them, by version and kind.
    received: [Counter; 5],
    /// What nothing came of, by reason.
    dropped: [Counter; Reason::ALL.len()],
    /// Reports that were sent, as in discovery.
    pub reports: Counter,
    /// In the journal.
    pub stored: Counter,
    /// That came again after they had been stored.
    pub retransmitted: Counter,
    /// Informs that were acknowledged, each time.
    pub acknowledged: Counter,
    /// That the journal did not take.
    pub unstored: Counter,
    /// Whether there is a receiver.
    begun: AtomicBool,
    /// By the rules that pass on.
    rules: Mutex<BTreeMap<String, RuleCounts>>,
}

/// One of them.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// One more.
    pub fn add(&self) {
        self.many(1);
    }

    /// So many more.
    pub fn many(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    /// How many by now.
    pub fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What became of the notifications that a rule is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RuleCounts {
    /// Handed to the consumer.
    pub passed: u64,
    /// The same again, and not passed on for that.
    pub duplicates: u64,
    /// Held back, and told of with a later one.
    pub held: u64,
    /// That the consumer did not take in the end.
    pub failed: u64,
    /// For which its queue had no room.
    pub overflowed: u64,
    /// That waited at the last end, and are old or no longer in the journal.
    pub lost: u64,
    /// That are in its queue or on their way at present.
    pub waiting: u64,
}

/// Why nothing came of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// No message, or none that is told here.
    Malformed,
    /// Longer than is taken.
    TooLong,
    /// A message of another kind.
    NotANotification,
    /// A community that is none of ours, or not from there.
    UnknownCommunity,
    /// A user that is none of ours, or not from there, or not for that engine.
    UnknownUser,
    /// A user below the level that was agreed.
    Level,
    /// To another engine than ours.
    UnknownEngine,
    /// Signed by somebody else.
    WrongDigest,
    /// Encrypted by somebody else.
    Decryption,
    /// Of another time.
    NotInTimeWindow,
    /// More than a source may send.
    Rate,
    /// More than could be stored in time.
    Busy,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Malformed,
        Self::TooLong,
        Self::NotANotification,
        Self::UnknownCommunity,
        Self::UnknownUser,
        Self::Level,
        Self::UnknownEngine,
        Self::WrongDigest,
        Self::Decryption,
        Self::NotInTimeWindow,
        Self::Rate,
        Self::Busy,
    ];

    /// Its word, as metrics have it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::TooLong => "too_long",
            Self::NotANotification => "not_a_notification",
            Self::UnknownCommunity => "unknown_community",
            Self::UnknownUser => "unknown_user",
            Self::Level => "level",
            Self::UnknownEngine => "unknown_engine",
            Self::WrongDigest => "wrong_digest",
            Self::Decryption => "decryption",
            Self::NotInTimeWindow => "not_in_time_window",
            Self::Rate => "rate",
            Self::Busy => "busy",
        }
    }
}

impl From<Refused> for Reason {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Malformed => Self::Malformed,
            Refused::UnsupportedSecLevels => Self::Level,
            Refused::NotInTimeWindows => Self::NotInTimeWindow,
            Refused::UnknownUserNames => Self::UnknownUser,
            Refused::UnknownEngineIds => Self::UnknownEngine,
            Refused::WrongDigests => Self::WrongDigest,
            Refused::DecryptionErrors => Self::Decryption,
            Refused::NotANotification => Self::NotANotification,
        }
    }
}

/// The versions and kinds that there are: version 1 has no informs.
const SORTS: [(Version, Kind); 5] = [
    (Version::V1, Kind::Trap),
    (Version::V2c, Kind::Trap),
    (Version::V2c, Kind::Inform),
    (Version::V3, Kind::Trap),
    (Version::V3, Kind::Inform),
];

impl Counters {
    /// A receiver has begun.
    pub(super) fn begin(&self) {
        self.begun.store(true, Ordering::Relaxed);
    }

    /// Whether there has been a receiver.
    pub fn has_begun(&self) -> bool {
        self.begun.load(Ordering::Relaxed)
    }

    /// Counts a notification.
    pub(super) fn receive(&self, version: Version, kind: Kind) {
        let sorts = SORTS.iter().zip(&self.received);
        for (_, counter) in sorts.filter(|(sort, _)| **sort == (version, kind)) {
            counter.add();
        }
    }

    /// Counts what nothing came of, and how often that was so by now.
    pub(super) fn refuse(&self, reason: Reason) -> u64 {
        let counter = Reason::ALL.iter().zip(&self.dropped).find(|(one, _)| **one == reason);
        counter.map_or(0, |(_, counter)| {
            counter.add();
            counter.value()
        })
    }

    pub(super) fn of_rule(&self, rule: &str, count: impl FnOnce(&mut RuleCounts)) {
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        match rules.get_mut(rule) {
            Some(counts) => count(counts),
            None => count(rules.entry(rule.to_owned()).or_default()),
        }
    }

    /// Notifications from those who may send them.
    pub fn received(&self) -> impl Iterator<Item = (Version, Kind, u64)> {
        SORTS.iter().zip(&self.received).map(|((v, kind), counter)| (*v, *kind, counter.value()))
    }

    /// What nothing came of.
    pub fn dropped(&self) -> impl Iterator<Item = (Reason, u64)> {
        Reason::ALL.into_iter().zip(&self.dropped).map(|(reason, c)| (reason, c.value()))
    }

    /// By the rules, in the order of their names.
    pub fn rules(&self) -> Vec<(String, RuleCounts)> {
        let rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        rules.iter().map(|(name, counts)| (name.clone(), *counts)).collect()
    }
}
