//! Source texts, and places in them.

use std::{
    borrow::Cow,
    fs,
    io::{self, Read as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::OnceLock,
    time::Duration,
};

use crate::cache::checksum;

/// A stretch of one source text, in octets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Offset of the first octet.
    pub start: u32,
    /// Offset behind the last octet.
    pub end: u32,
}

impl Span {
    /// From the beginning of this span to the end of the other.
    pub fn to(self, other: Span) -> Span {
        Span { start: self.start, end: other.end.max(self.start) }
    }
}

/// The number of a source text within one compilation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub(crate) u32);

impl FileId {
    /// The file that was added when this many were there.
    pub fn new(number: u32) -> Self {
        Self(number)
    }
}

/// A line and a column, both counted from 1; columns are characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The character within the line.
    pub column: u32,
}

/// The text of one file, as it was read: octets of any encoding.
#[derive(Debug)]
pub struct Source {
    name: String,
    /// Where the text is read again when it is asked for. Thousands of modules
    /// are not kept in memory; few of them are asked for their prose.
    path: Option<PathBuf>,
    octets: OnceLock<Cow<'static, [u8]>>,
    /// What the file was when it was compiled, where that is kept.
    stamp: OnceLock<Stamp>,
    is_watched: bool,
    lines: OnceLock<Vec<u32>>,
}

impl Source {
    /// Offsets are 32 bits wide; whatever lies beyond this is not read.
    pub const MAX_LEN: usize = i32::MAX as usize;

    /// Beyond this a line is no text anybody wrote.
    const LONG_LINE: u32 = 1000;

    /// Takes a text. The name is the one diagnostics show.
    pub fn new(name: impl Into<String>, octets: impl Into<Cow<'static, [u8]>>) -> Self {
        let octets = OnceLock::from(readable(octets.into()));
        let name = name.into();
        Self { octets, ..Self::empty(name, None) }
    }

    /// A text that stays on disk until it is asked for.
    pub(crate) fn on_disk(path: PathBuf) -> Self {
        Self::empty(path.display().to_string(), Some(path))
    }

    fn empty(name: String, path: Option<PathBuf>) -> Self {
        let (octets, stamp, lines) = Default::default();
        Self { name, path, octets, stamp, is_watched: false, lines }
    }

    /// A text that was compiled before, and is read again only if it is still the
    /// same.
    pub(crate) fn stamped(path: PathBuf, stamp: Stamp) -> Self {
        Self { stamp: OnceLock::from(stamp), ..Self::on_disk(path) }
    }

    /// Takes the file's stamp when it is read.
    pub(crate) fn watch(&mut self) {
        self.is_watched = true;
    }

    pub(crate) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    pub(crate) fn stamp(&self) -> Option<Stamp> {
        self.stamp.get().copied()
    }

    /// The text, in `buffer` if it is on disk; an error where it cannot be read.
    pub(crate) fn read<'a>(&'a self, buffer: &'a mut Vec<u8>) -> io::Result<&'a [u8]> {
        if let Some(octets) = self.octets.get() {
            return Ok(octets);
        }
        buffer.clear();
        let mut seen = None;
        if let Some(path) = &self.path {
            let file = fs::File::open(path)?;
            if self.is_watched {
                seen = Some(file.metadata()?);
            }
            // A device or a pipe among the modules would never end.
            file.take(Self::MAX_LEN as u64 + 1).read_to_end(buffer)?;
        }
        if let Cow::Owned(converted) = readable(Cow::Borrowed(buffer.as_slice())) {
            *buffer = converted;
        }
        if let Some(seen) = seen {
            self.stamp.get_or_init(|| Stamp::new(&seen, buffer));
        }
        Ok(buffer)
    }

    /// The file's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// All octets.
    pub fn octets(&self) -> &[u8] {
        // A file that has gone or is another meanwhile has no prose any more.
        self.octets.get_or_init(|| {
            let mut buffer = Vec::new();
            let is_read = self.read(&mut buffer).is_ok();
            let is_same = || self.stamp().is_none_or(|stamp| stamp.is_of(&buffer));
            Cow::Owned(if is_read && is_same() { buffer } else { Vec::new() })
        })
    }

    /// The octets of a span.
    pub fn slice(&self, span: Span) -> &[u8] {
        self.octets().get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// The span as text: UTF-8, or Latin-1 where it is not.
    pub fn text(&self, span: Span) -> Cow<'_, str> {
        decode(self.slice(span))
    }

    /// Line and column of an offset.
    pub fn position(&self, offset: u32) -> Position {
        let lines = self.lines.get_or_init(|| {
            // Old Macintosh files have only carriage returns.
            let octets = self.octets();
            let end = if memchr::memchr(b'\n', octets).is_some() { b'\n' } else { b'\r' };
            let ends = memchr::memchr_iter(end, octets).map(|at| at as u32 + 1);
            std::iter::once(0).chain(ends).collect()
        });
        let line = lines.partition_point(|&start| start <= offset).max(1);
        let start = lines.get(line - 1).copied().unwrap_or(0);
        let offset = offset.min(self.octets().len() as u32);
        // Characters are counted near the offset only: a file may be one line,
        // and have a diagnostic for each word of it.
        let near = start.max(offset.saturating_sub(Self::LONG_LINE));
        let before = self.text(Span { start: near, end: offset });
        let column = (near - start) + before.chars().count() as u32 + 1;
        Position { line: line as u32, column }
    }
}

/// What a file was when it was read. That the length and the time are the same
/// is enough to believe that nothing changed; where they are not, the octets say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub len: u64,
    /// Nanoseconds of the clock of the file system.
    pub modified: i64,
    /// Of the octets as the lexer reads them.
    pub sum: u64,
}

impl Stamp {
    /// Stands where the time says nothing.
    const UNSETTLED: i64 = i64::MIN;

    fn new(seen: &fs::Metadata, octets: &[u8]) -> Self {
        // A file that was written a moment ago may be written again within the
        // same tick of the file system's clock, which is a second or two where
        // it has no finer one.
        let tick = if seen.mtime_nsec() == 0 { 2_000 } else { 20 };
        let age = seen.modified().ok().and_then(|then| then.elapsed().ok());
        let is_settled = age.is_some_and(|age| age > Duration::from_millis(tick));
        let modified = if is_settled { modified(seen) } else { Self::UNSETTLED };
        Self { len: seen.len(), modified, sum: checksum(octets) }
    }

    /// Whether these octets are the ones that were compiled.
    fn is_of(&self, octets: &[u8]) -> bool {
        checksum(octets) == self.sum
    }

    /// Whether the file is still the same.
    pub fn is_fresh(&self, path: &Path) -> bool {
        let Ok(seen) = fs::metadata(path) else { return false };
        if seen.len() != self.len {
            return false;
        }
        let mut octets = Vec::new();
        modified(&seen) == self.modified
            || (Source::on_disk(path.to_owned()).read(&mut octets).is_ok() && self.is_of(&octets))
    }
}

fn modified(seen: &fs::Metadata) -> i64 {
    seen.mtime().saturating_mul(1_000_000_000).saturating_add(seen.mtime_nsec())
}

/// Text as the lexer reads it: UTF-16 becomes UTF-8, and what lies beyond the
/// width of an offset is cut off.
fn readable(mut octets: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    let unit = match octets.get(..2) {
        Some([0xff, 0xfe]) => Some(u16::from_le_bytes as fn([u8; 2]) -> u16),
        Some([0xfe, 0xff]) => Some(u16::from_be_bytes as fn([u8; 2]) -> u16),
        _ => None,
    };
    if let Some(unit) = unit {
        let (pairs, _) = octets.as_chunks::<2>();
        let units = pairs.iter().skip(1).map(|&pair| unit(pair));
        let text: String =
            char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
        octets = Cow::Owned(text.into_bytes());
    }
    if octets.len() > Source::MAX_LEN {
        octets = Cow::Owned(octets.get(..Source::MAX_LEN).unwrap_or_default().to_vec());
    }
    octets
}

/// Text in UTF-8, or else in Latin-1, which every sequence of octets is.
pub(crate) fn decode(octets: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(octets) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(octets.iter().copied().map(char::from).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters() {
        let source = Source::new("x", "ab\nüx\n".as_bytes());
        assert_eq!(source.position(0), Position { line: 1, column: 1 });
        assert_eq!(source.position(3), Position { line: 2, column: 1 });
        assert_eq!(source.position(5), Position { line: 2, column: 2 });
        assert_eq!(source.position(999), Position { line: 3, column: 1 });
    }

    #[test]
    fn latin_1_is_text_too() {
        assert_eq!(decode(b"M\xfcller"), "Müller");
    }
}
