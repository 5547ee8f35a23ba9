//! The journal: every notification, on disk before its sender is told so.
//!
//! Files of lines, each named by the number of its first record; the last one is
//! written to. A batch of records is one write and one sync, however many senders
//! wait for it. What a crash leaves behind the last whole record is cut off at the
//! next start; nobody was told that it was there. A file that is full is followed by
//! another, and beyond their number the oldest goes.
//!
//! After an error nothing is believed of what was written since the last sync: the
//! file is cut back to that, and the next batch begins another. The kernel tells of a
//! failed sync once, and may have dropped the pages.

mod line;
mod read;

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use rustix::fs::{FlockOperation, flock};
use thiserror::Error;

pub use self::read::{Position, Reader};
use super::Record;

/// The folder of the journal, in the state folder.
const FOLDER: &str = "notifications";
/// Whoever has this locked writes the journal.
const LOCK: &str = "lock";

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The length at which a file is full, in octets.
    pub file_size: u64,
    /// The number of files.
    pub files: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { file_size: 16 << 20, files: 10 }
    }
}

/// The journal, to be written.
#[derive(Debug)]
pub struct Journal {
    folder: PathBuf,
    limits: Limits,
    next: u64,
    /// The file that is written to, unless it is to be another.
    current: Option<Current>,
    /// By their first records, the oldest first; the current one is the last.
    files: Vec<u64>,
    // Nobody else writes as long as it is open.
    _lock: File,
}

#[derive(Debug)]
struct Current {
    file: File,
    /// What is known to be on disk.
    length: u64,
}

/// What was there.
#[derive(Debug)]
pub struct Opened {
    /// The journal.
    pub journal: Journal,
    /// Octets behind the last whole record that were cut off.
    pub cut: u64,
}

/// Why there is no journal.
#[derive(Debug, Error)]
#[error("{}: cannot {doing} the journal of notifications: {source}", path.display())]
pub struct JournalError {
    path: PathBuf,
    doing: &'static str,
    source: io::Error,
}

impl JournalError {
    /// What to do about it.
    pub fn advice(&self) -> &'static str {
        match self.source.kind() {
            io::ErrorKind::WouldBlock => {
                "another receiver writes it: end that one, or give this one a state_dir of its own"
            }
            _ => "make state_dir a folder that the receiver may write to",
        }
    }
}

/// Where a journal lies in a state folder.
pub fn folder(state_dir: &Path) -> PathBuf {
    state_dir.join(FOLDER)
}

fn file_name(first: u64) -> String {
    format!("{first:020}.jsonl")
}

/// The files of a journal by their first records, the oldest first.
fn files(folder: &Path) -> io::Result<Vec<u64>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let first = name.to_str().and_then(|name| name.strip_suffix(".jsonl"));
        files.extend(first.and_then(|first| first.parse::<u64>().ok()));
    }
    files.sort_unstable();
    Ok(files)
}

impl Journal {
    /// Opens the journal of a state folder, or begins it, and shows the records of its
    /// last two files.
    pub fn open(
        state_dir: &Path,
        limits: Limits,
        see: &mut dyn FnMut(&Record),
    ) -> Result<Opened, JournalError> {
        let folder = folder(state_dir);
        let failed = |doing| {
            let path = folder.clone();
            move |source| JournalError { path, doing, source }
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)
            .map_err(failed("make the folder of"))?;
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(folder.join(LOCK))
            .map_err(failed("lock"))?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive)
            .map_err(|error| failed("lock")(error.into()))?;
        Self::recover(folder.clone(), limits, lock, see).map_err(failed("read"))
    }

    fn recover(
        folder: PathBuf,
        limits: Limits,
        lock: File,
        see: &mut dyn FnMut(&Record),
    ) -> io::Result<Opened> {
        let files = files(&folder)?;
        let mut journal = Self { folder, limits, next: 1, current: None, files, _lock: lock };
        let mut cut = 0;
        let before = journal.files.len().saturating_sub(2);
        for first in journal.files.split_off(before) {
            journal.files.push(first);
            let path = journal.folder.join(file_name(first));
            journal.next = journal.next.max(first);
            let mut last = 0;
            let end = read::each(&path, &mut |record| {
                last = record.id;
                see(record);
            })?;
            journal.next = journal.next.max(last.saturating_add(1));
            let file = OpenOptions::new().append(true).open(&path)?;
            cut = file.metadata()?.len().saturating_sub(end);
            journal.current = Some(Current { file, length: end });
        }
        if cut > 0
            && let Some(Current { file, length }) = &journal.current
        {
            file.set_len(*length)?;
            file.sync_all()?;
        }
        Ok(Opened { journal, cut })
    }

    /// The number of the last record; 0 if there was none.
    pub fn last(&self) -> u64 {
        self.next.saturating_sub(1)
    }

    /// Writes records, which get their numbers, and returns once they are on disk.
    /// After an error none of them is.
    pub fn append(&mut self, records: &mut [Record]) -> io::Result<()> {
        let mut text = Vec::new();
        let mut next = self.next;
        for record in records {
            record.id = next;
            next = next.saturating_add(1);
            line::write(&serde_json::to_string(record).map_err(io::Error::from)?, &mut text);
        }
        let full = |current: &Current| {
            current.length > 0
                && current.length.saturating_add(text.len() as u64) > self.limits.file_size
        };
        if self.current.as_ref().is_none_or(full) {
            self.begin()?;
        }
        let Some(current) = &mut self.current else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let written = current.file.write_all(&text).and_then(|()| current.file.sync_data());
        if let Err(error) = written {
            // If even this fails, the checksums tell at the next start.
            let _ = current.file.set_len(current.length).and_then(|()| current.file.sync_all());
            self.current = None;
            return Err(error);
        }
        current.length = current.length.saturating_add(text.len() as u64);
        self.next = next;
        Ok(())
    }

    /// Begins a file, and lets go of the oldest.
    fn begin(&mut self) -> io::Result<()> {
        self.current = None;
        let path = self.folder.join(file_name(self.next));
        // One of that name holds nothing that was ever told to be on disk.
        let file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
        File::open(&self.folder)?.sync_all()?;
        if self.files.last() != Some(&self.next) {
            self.files.push(self.next);
        }
        self.current = Some(Current { file, length: 0 });
        let surplus = self.files.len().saturating_sub(self.limits.files.max(1));
        for first in self.files.drain(..surplus) {
            match fs::remove_file(self.folder.join(file_name(first))) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    tracing::warn!("an old file of the journal stays: {error}");
                }
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
