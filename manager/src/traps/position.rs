//! How far each rule has come, kept over restarts: what was acknowledged and waits for
//! its consumer when the process is killed is passed on by the next one.
//!
//! A rule has judged all records up to one, and of these some wait: they are held, in
//! the consumer's queue, or on their way. Everything else is settled for good, be it
//! delivered, given up, the same again or not wanted. The file is written once a second
//! at most, so what was passed on in the last second before a kill is passed on again.
//!
//! What waits is bounded by the hold and the queue, so the file is too.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use super::document;

/// Name of the file in the state folder.
const FILE: &str = "passed-on.json";

/// The least time between two writings.
const PAUSE: Duration = Duration::from_secs(1);

/// How far a rule has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Position {
    /// The number of the last record that it has judged.
    pub judged: u64,
    /// Of those up to there, the ones that wait.
    pub waiting: BTreeSet<u64>,
}

impl Position {
    /// Of a rule that has nothing to do with what came before.
    pub(super) fn behind(last: u64) -> Self {
        Self { judged: last, waiting: BTreeSet::new() }
    }

    /// The same in a journal that ends with this record: it may have been removed, and
    /// have begun anew.
    fn within(mut self, last: u64) -> Self {
        self.judged = self.judged.min(last);
        self.waiting.retain(|id| *id <= last);
        self
    }

    /// Whether a record is not settled.
    pub(super) fn is_open(&self, id: u64) -> bool {
        id > self.judged || self.waiting.contains(&id)
    }

    /// The first that is not settled, in a journal that ends with this record.
    pub(super) fn first_open(&self, last: u64) -> Option<u64> {
        let unjudged = (self.judged < last).then(|| self.judged.saturating_add(1));
        self.waiting.first().copied().or(unjudged)
    }

    /// How many are not settled there.
    pub(super) fn open(&self, last: u64) -> u64 {
        last.saturating_sub(self.judged).saturating_add(self.waiting.len() as u64)
    }
}

/// The positions of all rules by their names, and their file.
pub(super) struct Positions {
    path: PathBuf,
    written: BTreeMap<String, Position>,
    /// When it was tried to write them.
    tried: Option<Instant>,
    failing: bool,
}

impl Positions {
    /// Reads them, for a journal that ends with this record.
    pub(super) fn load(state_dir: &Path, last: u64) -> Self {
        let path = state_dir.join(FILE);
        let read = match fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).map_err(io::Error::from),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
            Err(error) => Err(error),
        };
        let read: BTreeMap<String, Position> = read.unwrap_or_else(|error| {
            tracing::error!(
                "{}: {error}; what waited to be passed on is not, and is in the journal",
                path.display()
            );
            BTreeMap::new()
        });
        let within = |(name, position): (String, Position)| (name, position.within(last));
        let written = read.into_iter().map(within).collect();
        Self { path, written, tried: None, failing: false }
    }

    /// That of a rule, unless it is new.
    pub(super) fn of(&self, rule: &str) -> Option<&Position> {
        self.written.get(rule)
    }

    /// When they may be written again.
    pub(super) fn due(&self, now: Instant) -> Instant {
        self.tried.map_or(now, |tried| tried + PAUSE)
    }

    /// Writes them if they are others. What cannot be written is tried again with the
    /// next change.
    pub(super) fn write(&mut self, positions: BTreeMap<String, Position>, now: Instant) {
        self.tried = Some(now);
        if positions == self.written {
            return;
        }
        let text = serde_json::to_vec(&positions).map_err(io::Error::from);
        match text.and_then(|text| document::replace(&self.path, &text)) {
            Ok(()) => (self.written, self.failing) = (positions, false),
            Err(error) if !self.failing => {
                self.failing = true;
                let path = self.path.display();
                tracing::error!(
                    "{path}: {error}; after a crash, notifications are passed on again"
                );
            }
            Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(judged: u64, waiting: &[u64]) -> Position {
        Position { judged, waiting: waiting.iter().copied().collect() }
    }

    #[test]
    fn what_is_open_is_what_waits_and_what_nobody_has_judged() {
        let position = position(10, &[4, 9]);
        let open: Vec<u64> = (1..=12).filter(|id| position.is_open(*id)).collect();
        assert_eq!(open, [4, 9, 11, 12]);
        assert_eq!((position.first_open(12), position.open(12)), (Some(4), 4));
        let settled = Position::behind(12);
        assert_eq!((settled.first_open(12), settled.open(12)), (None, 0));
        assert_eq!(settled.first_open(13), Some(13));
    }

    #[test]
    fn they_are_kept_and_never_beyond_the_journal() {
        let folder = tempfile::tempdir().unwrap();
        let now = Instant::now();
        let mut positions = Positions::load(folder.path(), 0);
        assert!(positions.of("noc").is_none());
        let noc = position(10, &[4, 9]);
        positions.write([("noc".to_owned(), noc.clone())].into(), now);
        assert_eq!(positions.due(now), now + PAUSE);
        assert_eq!(Positions::load(folder.path(), 20).of("noc"), Some(&noc));
        assert_eq!(Positions::load(folder.path(), 5).of("noc"), Some(&position(5, &[4])));
        fs::write(folder.path().join(FILE), "{").unwrap();
        assert!(Positions::load(folder.path(), 20).of("noc").is_none());
    }
}
