//! The journal as it is read: whole at a start, bit by bit by whoever looks on.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
};

use super::{file_name, files, line};
use crate::traps::Record;

/// No line of ours is longer: a message has a limit, and its names have one.
const LONGEST: u64 = 16 << 20;

/// Shows the records of a file, and returns where the last whole one ends. A line
/// that is damaged is left out; those around it were written without it.
pub(super) fn each(path: &Path, see: &mut dyn FnMut(&Record)) -> io::Result<u64> {
    let mut lines = Lines { reader: BufReader::new(File::open(path)?), at: 0 };
    let mut end = 0;
    while let Some(line) = lines.next()? {
        if let Some(record) = line {
            see(&record);
            end = lines.at;
        }
    }
    Ok(end)
}

struct Lines {
    reader: BufReader<File>,
    /// Where the last line that was read ends.
    at: u64,
}

impl Lines {
    /// The next line that has its end, and its record if it is one; `None` where
    /// there is no further line yet.
    fn next(&mut self) -> io::Result<Option<Option<Record>>> {
        let mut line = Vec::new();
        let read = self.reader.by_ref().take(LONGEST).read_until(b'\n', &mut line)?;
        if line.pop() != Some(b'\n') {
            // To be read again when it is whole; from the start, where a receiver has
            // cut off what a crash had left.
            if self.reader.get_ref().metadata()?.len() < self.at {
                self.at = 0;
            }
            self.reader.seek(SeekFrom::Start(self.at))?;
            return Ok(None);
        }
        self.at = self.at.saturating_add(read as u64);
        let object = line::read(&line);
        Ok(Some(object.and_then(|object| serde_json::from_slice(object).ok())))
    }
}

/// Where somebody has read to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// Before the first record.
    Start,
    /// Behind the record of this number.
    After(u64),
}

/// Whoever reads the journal while it is written.
pub struct Reader {
    folder: PathBuf,
    /// The file that is read, and what it is called by.
    current: Option<(u64, Lines)>,
    last: u64,
}

impl Reader {
    /// Reads a journal from a position on.
    pub fn new(folder: PathBuf, from: Position) -> Self {
        let last = match from {
            Position::Start => 0,
            Position::After(id) => id,
        };
        Self { folder, current: None, last }
    }

    /// The next record, or `None` where there is none yet.
    pub fn read(&mut self) -> io::Result<Option<Record>> {
        loop {
            if self.current.is_none() && !self.open()? {
                return Ok(None);
            }
            let Some((_, lines)) = &mut self.current else { return Ok(None) };
            match lines.next()? {
                Some(Some(record)) if record.id > self.last => {
                    self.last = record.id;
                    return Ok(Some(record));
                }
                Some(_) => {}
                // A file that is followed by another is complete.
                None if !self.open()? => return Ok(None),
                None => {}
            }
        }
    }

    /// Opens the file behind the one that was read; whether there is one.
    fn open(&mut self) -> io::Result<bool> {
        let all = match files(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            all => all?,
        };
        let next = match &self.current {
            Some((current, _)) => all.into_iter().find(|first| first > current),
            // The last one that begins at or before what is wanted.
            None => {
                let wanted = self.last.saturating_add(1);
                let before = all.iter().rev().find(|first| **first <= wanted);
                before.or(all.first()).copied()
            }
        };
        let Some(first) = next else { return Ok(false) };
        match File::open(self.folder.join(file_name(first))) {
            Ok(file) => {
                self.current = Some((first, Lines { reader: BufReader::new(file), at: 0 }));
                Ok(true)
            }
            // It was the oldest a moment ago.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.current = None;
                Ok(!files(&self.folder)?.is_empty())
            }
            Err(error) => Err(error),
        }
    }
}
