//! The state document: one file, written as a whole before a commit is
//! acknowledged.
//!
//! It holds what is wanted, the configuration it was last merged with, and the
//! terms of the leases. At start the three meet: where the configuration
//! differs from the one in the document, the configuration wins; everywhere
//! else what was set stands. So a weight set at run time survives restarts
//! until somebody edits that very weight in the file.
//!
//! A document of a newer format is refused and left as it is: an older program
//! must not rewrite what it cannot read. A damaged one is kept aside under
//! another name, never overwritten, and the start goes on from the
//! configuration: a director that serves the configured weights is better than
//! none, and the note that comes with it is to be said loudly.
//!
//! A commit may be one with a change of another file beside the document. The new
//! content of that file lies ready, and the document has its name as `companion`: so the
//! document alone decides whether both changes are made, wherever the process ends.
//!
//! Two processes must not write one document in turns, so it is locked as long
//! as its [`Store`] lives. The lock goes with the process, however it ends.

mod capacities;
mod merge;
#[cfg(test)]
mod tests;

pub use self::capacities::Capacities;

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize, de::IgnoredAny};
use serde_json::value::{RawValue, to_raw_value};

use crate::model::{Lease, Name, Problem, Provenance, Runtime, UnixTime, Wanted};

/// The format this program reads and writes.
pub const FORMAT: u32 = 1;

/// Where the document lives, and what it needs beside the wanted state.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    config: Wanted,
    /// The configuration as the document has it, once that was written. It changes only
    /// with a reload, the rest with every commit.
    config_text: Option<Box<RawValue>>,
    lock: File,
}

/// What was found at start.
#[derive(Debug)]
pub struct Opened {
    /// The document, to be written from now on.
    pub store: Store,
    /// What is wanted, by document and configuration together.
    pub wanted: Wanted,
    /// The leases that ran last: all over, their terms remembered.
    pub runtime: Runtime,
    /// What its last commit was one with, see [`Draft::with`](crate::director::Draft::with).
    pub companion: Option<String>,
    /// What the operator should hear about.
    pub notes: Vec<Note>,
}

/// Something that happened to the document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Note {
    /// There was no document yet.
    #[error("{0}: no state document yet; starting from the configuration")]
    Created(PathBuf),
    /// It could not be read and stands aside.
    #[error(
        "{path}: the state document is damaged ({reason}); it is kept as {kept} and everything \
         set since the configuration was written is not in force"
    )]
    Damaged {
        /// The document.
        path: String,
        /// Where it is now.
        kept: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The configuration changed since the last start.
    #[error("the configuration changed since the last start; its changes are in force")]
    ConfigChanged,
    /// Document and configuration do not go together: a row that was set names
    /// one that the configuration no longer has, say.
    #[error("{0}; the row was set right, so that the rest can be in force")]
    Mended(Problem),
    /// What was left over from a write that did not end was removed.
    #[error("{0}: removed, left over from an interrupted write")]
    LeftOver(PathBuf),
}

/// Why the document cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It was written by a newer program.
    #[error(
        "{path}: state document of format {format}, and this program knows up to {FORMAT}; \
         run the program that wrote it, or move the file away to start from the configuration"
    )]
    Newer {
        /// The document.
        path: String,
        /// Its format.
        format: u64,
    },
    /// Another process has it.
    #[error("{path}: the state document is in use by another process")]
    InUse {
        /// The document.
        path: String,
    },
    /// It cannot be read.
    #[error("{path}: cannot read the state document: {source}")]
    Read {
        /// The document.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// It cannot be written.
    #[error("{path}: cannot write the state document: {source}")]
    Write {
        /// The file.
        path: String,
        /// What the system says.
        source: io::Error,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    // It was looked at before.
    #[serde(rename = "format")]
    _format: IgnoredAny,
    wanted: Wanted,
    config: Wanted,
    #[serde(default)]
    leases: BTreeMap<Name, Term>,
    #[serde(default)]
    companion: Option<String>,
}

/// A [`Document`] as it is written.
#[derive(Serialize)]
struct Written<'c> {
    format: u32,
    wanted: Wanted,
    config: &'c RawValue,
    leases: BTreeMap<Name, Term>,
    #[serde(skip_serializing_if = "Option::is_none")]
    companion: Option<&'c str>,
}

/// Of a lease, what is kept.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Term {
    owner: String,
    term: u32,
}

impl Store {
    /// Opens the document at `path`, or begins it, and merges `config` into it.
    pub fn open(path: &Path, config: Wanted, now: UnixTime) -> Result<Opened, StoreError> {
        create_directory(path).map_err(|source| write_error(path, source))?;
        Self::open_with(lock(path)?, path, config, now)
    }

    /// The same in the place of another process, with its lock: the document is
    /// nobody else's in between.
    pub fn take_over(
        lock: File,
        path: &Path,
        config: Wanted,
        now: UnixTime,
    ) -> Result<Opened, StoreError> {
        Self::open_with(lock, path, config, now)
    }

    /// The lock, for a process that takes over.
    pub fn lock(&self) -> io::Result<File> {
        self.lock.try_clone()
    }

    fn open_with(
        lock: File,
        path: &Path,
        config: Wanted,
        now: UnixTime,
    ) -> Result<Opened, StoreError> {
        let mut notes = Vec::new();
        let temporary = temporary(path);
        if fs::remove_file(&temporary).is_ok() {
            notes.push(Note::LeftOver(temporary));
        }
        let read = match fs::read(path) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(source) => return Err(StoreError::Read { path: shown(path), source }),
        };
        let document = match read.map(|bytes| parse(path, &bytes)) {
            Some(Ok(document)) => Some(document),
            Some(Err(Unreadable::Newer(error))) => return Err(error),
            Some(Err(Unreadable::Damaged(reason))) => {
                let kept = keep_aside(path, now).map_err(|source| write_error(path, source))?;
                notes.push(Note::Damaged { path: shown(path), kept: shown(&kept), reason });
                None
            }
            None => {
                notes.push(Note::Created(path.to_owned()));
                None
            }
        };
        let (mut wanted, changed, runtime, companion) = match document {
            Some(document) => {
                let changed = !document.config.asks_the_same(&config);
                if changed {
                    notes.push(Note::ConfigChanged);
                }
                let merged = merge::three_way(&document.config, &config, &document.wanted);
                (merged, changed, remembered(document.leases), document.companion)
            }
            None => (config.clone(), true, Runtime::default(), None),
        };
        let mended = wanted.mend();
        let changed = changed || !mended.is_empty();
        notes.extend(mended.into_iter().map(Note::Mended));
        if changed {
            wanted.generation = wanted.generation.saturating_add(1);
            wanted.provenance = Provenance::config(now, "");
        }
        let mut store = Self { path: path.to_owned(), config, config_text: None, lock };
        // That is no commit, so the last one's companion stays.
        store.save(&wanted, &runtime, companion.as_deref())?;
        Ok(Opened { store, wanted, runtime, companion, notes })
    }

    /// What is wanted under another configuration, and what had to be set right.
    pub fn merged(&self, config: &Wanted, wanted: &Wanted) -> (Wanted, Vec<Note>) {
        let mut merged = merge::three_way(&self.config, config, wanted);
        let mended = merged.mend();
        (merged, mended.into_iter().map(Note::Mended).collect())
    }

    /// The next document is merged with this configuration. Returns the one
    /// before.
    pub fn replace_config(&mut self, config: Wanted) -> Wanted {
        self.config_text = None;
        std::mem::replace(&mut self.config, config)
    }

    /// The file beside the document in which capacities are remembered.
    pub fn capacities(&self) -> Capacities {
        Capacities::at(with_suffix(&self.path, ".capacities"))
    }

    /// Writes the document; once this returns, it survives a loss of power.
    pub fn save(
        &mut self,
        wanted: &Wanted,
        runtime: &Runtime,
        companion: Option<&str>,
    ) -> Result<(), StoreError> {
        self.write(wanted, runtime, companion).map_err(|source| write_error(&self.path, source))
    }

    fn write(
        &mut self,
        wanted: &Wanted,
        runtime: &Runtime,
        companion: Option<&str>,
    ) -> io::Result<()> {
        let config = match &mut self.config_text {
            Some(text) => text,
            none => none.insert(to_raw_value(&self.config)?),
        };
        let (wanted, leases) = (wanted.kept(), terms(runtime));
        let document = Written { format: FORMAT, wanted, config, leases, companion };
        let mut bytes = serde_json::to_vec_pretty(&document)?;
        bytes.push(b'\n');
        replace(&self.path, &bytes)
    }
}

enum Unreadable {
    Newer(StoreError),
    Damaged(String),
}

/// The format is read by itself first, since a newer document may differ in
/// everything else.
fn parse(path: &Path, bytes: &[u8]) -> Result<Document, Unreadable> {
    #[derive(Deserialize)]
    struct Header {
        format: u64,
    }
    let damaged = |error: serde_json::Error| Unreadable::Damaged(error.to_string());
    let header: Header = serde_json::from_slice(bytes).map_err(damaged)?;
    if header.format > FORMAT.into() {
        let error = StoreError::Newer { path: shown(path), format: header.format };
        return Err(Unreadable::Newer(error));
    }
    serde_json::from_slice(bytes).map_err(damaged)
}

fn terms(runtime: &Runtime) -> BTreeMap<Name, Term> {
    let term = |lease: &Lease| Term { owner: lease.owner.clone(), term: lease.term };
    runtime.leases.iter().map(|(name, lease)| (*name, term(lease))).collect()
}

fn remembered(terms: BTreeMap<Name, Term>) -> Runtime {
    let lease = |term: Term| Lease { owner: term.owner, term: term.term, expires: None };
    let leases = terms.into_iter().map(|(name, term)| (name, lease(term))).collect();
    Runtime { leases, ..Runtime::default() }
}

fn create_directory(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)
        }
        _ => Ok(()),
    }
}

/// The document itself is replaced with each write, and a lock on it with it.
fn lock(path: &Path) -> Result<File, StoreError> {
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(with_suffix(path, ".lock"))
        .map_err(|source| write_error(path, source))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse { path: shown(path) }),
        Err(TryLockError::Error(source)) => Err(write_error(path, source)),
    }
}

/// Puts `bytes` in the place of the file: either the old or the new content is
/// there at any time, and the new one for good once this returns.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = temporary(path);
    // One that an earlier attempt left behind may have another mode.
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    sync_folder(path)
}

/// A rename is in the folder, which has to reach the disk itself.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// Moves a damaged document out of the way, to a name that is free.
fn keep_aside(path: &Path, now: UnixTime) -> io::Result<PathBuf> {
    let mut time = now.0 / 1_000;
    loop {
        let aside = with_suffix(path, &format!(".damaged-{time}"));
        if !aside.exists() {
            fs::rename(path, &aside)?;
            sync_folder(path)?;
            return Ok(aside);
        }
        time += 1;
    }
}

fn temporary(path: &Path) -> PathBuf {
    with_suffix(path, ".tmp")
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn write_error(path: &Path, source: io::Error) -> StoreError {
    StoreError::Write { path: shown(path), source }
}
