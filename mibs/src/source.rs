//! Source texts, and places in them.

use std::{borrow::Cow, sync::OnceLock};

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
    octets: Cow<'static, [u8]>,
    lines: OnceLock<Vec<u32>>,
}

impl Source {
    /// Offsets are 32 bits wide; whatever lies beyond this is not read.
    pub const MAX_LEN: usize = i32::MAX as usize;

    /// Beyond this a line is no text anybody wrote.
    const LONG_LINE: u32 = 1000;

    /// Takes a text. The name is the one diagnostics show.
    pub fn new(name: impl Into<String>, octets: impl Into<Cow<'static, [u8]>>) -> Self {
        let mut octets = octets.into();
        if octets.len() > Self::MAX_LEN {
            octets.to_mut().truncate(Self::MAX_LEN);
        }
        Self { name: name.into(), octets, lines: OnceLock::new() }
    }

    /// The file's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// All octets.
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// The octets of a span.
    pub fn slice(&self, span: Span) -> &[u8] {
        self.octets.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// The span as text: UTF-8, or Latin-1 where it is not.
    pub fn text(&self, span: Span) -> Cow<'_, str> {
        decode(self.slice(span))
    }

    /// Line and column of an offset.
    pub fn position(&self, offset: u32) -> Position {
        let lines = self.lines.get_or_init(|| {
            let ends = memchr::memchr_iter(b'\n', &self.octets).map(|at| at as u32 + 1);
            std::iter::once(0).chain(ends).collect()
        });
        let line = lines.partition_point(|&start| start <= offset).max(1);
        let start = lines.get(line - 1).copied().unwrap_or(0);
        let offset = offset.min(self.octets.len() as u32);
        // Characters are counted near the offset only: a file may be one line,
        // and have a diagnostic for each word of it.
        let near = start.max(offset.saturating_sub(Self::LONG_LINE));
        let before = self.text(Span { start: near, end: offset });
        let column = (near - start) + before.chars().count() as u32 + 1;
        Position { line: line as u32, column }
    }
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
