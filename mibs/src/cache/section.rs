//! Sections of a cache: checked as a whole when it is opened, and read in pieces
//! when these are asked for.
//!
//! A section that is in pieces ends with the numbers of octets at which they end.

use std::{fs::File, os::unix::fs::FileExt as _, sync::Arc};

use super::bytes::{Reader, Sum, Writer};
use crate::model::{PIECE, Table};

/// Where sections lie. A file stays open; what is written anew is another file.
#[derive(Debug)]
pub(super) enum Store {
    File(File),
    Memory(Vec<u8>),
}

impl Store {
    fn fill(&self, octets: &mut [u8], start: u64) -> Option<()> {
        match self {
            Self::File(file) => file.read_exact_at(octets, start).ok(),
            Self::Memory(all) => {
                let start = usize::try_from(start).ok()?;
                octets.copy_from_slice(all.get(start..start.checked_add(octets.len())?)?);
                Some(())
            }
        }
    }
}

/// A stretch of a store.
#[derive(Clone, Debug)]
pub(super) struct Section {
    store: Arc<Store>,
    start: u64,
    len: usize,
}

impl Section {
    /// A section in memory.
    pub fn in_memory(octets: &[u8]) -> Self {
        let (len, store) = (octets.len(), Store::Memory(octets.to_vec()));
        Self { store: Arc::new(store), start: 0, len }
    }

    /// A section of a file, which was found to be as long.
    pub fn of(store: &Arc<Store>, start: u64, len: u64) -> Option<Self> {
        Some(Self { store: store.clone(), start, len: usize::try_from(len).ok()? })
    }

    /// Its checksum. What is read for it is in no memory afterwards.
    pub fn sum(&self) -> Option<u64> {
        // Fits into the processor's cache, and is a multiple of what the checksum
        // takes at once.
        const AT_ONCE: usize = 1 << 18;
        let mut buffer = vec![0; AT_ONCE.min(self.len)];
        let mut sum = Sum::default();
        for at in (0..self.len).step_by(AT_ONCE) {
            let octets = buffer.get_mut(..AT_ONCE.min(self.len - at))?;
            self.store.fill(octets, self.start + at as u64)?;
            sum.add(octets);
        }
        Some(sum.finish())
    }

    /// All of it.
    pub fn read(&self) -> Option<Vec<u8>> {
        self.read_from(0, self.len)
    }

    fn read_from(&self, start: usize, end: usize) -> Option<Vec<u8>> {
        let len = end.checked_sub(start).filter(|_| end <= self.len)?;
        let mut octets = vec![0; len];
        self.store.fill(&mut octets, self.start + start as u64)?;
        Some(octets)
    }
}

/// A section in pieces.
#[derive(Debug)]
pub(super) struct Pieces {
    section: Section,
    ends: Vec<u32>,
}

impl Pieces {
    /// A section in so many pieces.
    pub fn new(section: Section, count: usize) -> Option<Self> {
        let start = section.len.checked_sub(count.checked_mul(4)?)?;
        let octets = section.read_from(start, section.len)?;
        let (ends, _) = octets.as_chunks::<4>();
        let ends = ends.iter().map(|&end| u32::from_le_bytes(end)).collect();
        Some(Self { section, ends })
    }

    pub fn read(&self, number: usize) -> Option<Vec<u8>> {
        let start = number.checked_sub(1).map_or(Some(&0), |before| self.ends.get(before))?;
        self.section.read_from(*start as usize, *self.ends.get(number)? as usize)
    }

    /// Writes them, one after another.
    pub fn write(
        out: &mut Writer,
        count: usize,
        mut put: impl FnMut(&mut Writer, usize) -> Option<()>,
    ) -> Option<()> {
        let mut ends = Vec::with_capacity(count);
        for number in 0..count {
            put(out, number)?;
            ends.push(u32::try_from(out.position()).ok()?);
        }
        ends.into_iter().for_each(|end| out.u32(end));
        Some(())
    }
}

/// The numbers of the entries in a piece of a table.
fn entries(piece: usize, len: usize) -> std::ops::Range<usize> {
    let first = piece * PIECE;
    first..(first + PIECE).min(len)
}

/// Writes a table of so many entries.
pub(super) fn put_table(
    out: &mut Writer,
    len: usize,
    mut put: impl FnMut(&mut Writer, usize) -> Option<()>,
) -> Option<()> {
    Pieces::write(out, len.div_ceil(PIECE), |out, piece| {
        entries(piece, len).try_for_each(|at| put(out, at))
    })
}

/// A table of so many entries; `read` takes one, which has this number.
pub(super) fn table<T>(
    section: Section,
    len: usize,
    blank: T,
    read: impl Fn(&mut Reader<'_>, usize) -> Option<T> + Send + Sync + 'static,
) -> Option<Table<T>> {
    let pieces = Pieces::new(section, len.div_ceil(PIECE))?;
    Some(Table::kept(len, blank, move |piece| {
        let octets = pieces.read(piece)?;
        let mut reader = Reader(&octets);
        let read: Option<Vec<T>> = entries(piece, len).map(|at| read(&mut reader, at)).collect();
        read.filter(|_| reader.is_empty())
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(octets: &[u8], len: usize) -> Option<Table<u32>> {
        table(Section::in_memory(octets), len, u32::MAX, |reader, _| reader.u32())
    }

    #[test]
    fn a_piece_that_cannot_be_read_is_blank_and_the_others_stay() {
        let len = 2 * PIECE + 1;
        let mut out = Writer::default();
        put_table(&mut out, len, |out, at| {
            out.u32(at as u32);
            Some(())
        });
        let mut octets = out.into_parts().1;
        let table = kept(&octets, len).expect("a table");
        assert!(table.iter().copied().eq(0..len as u32));
        assert_eq!(table.get(len), None);
        assert_eq!(table.partition_point(|&entry| entry < 200), 200);
        // The first piece ends one octet too late.
        let ends = octets.len() - 3 * 4;
        octets[ends] += 1;
        let table = kept(&octets, len).expect("a table");
        let read = [0, PIECE, 2 * PIECE].map(|at| table[at]);
        assert_eq!(read, [u32::MAX, u32::MAX, 2 * PIECE as u32]);
        assert!(kept(&octets, octets.len() * PIECE).is_none(), "more than there is room for");
    }

    #[test]
    fn a_sum_in_parts_is_the_sum_of_all() {
        let octets: Vec<u8> = (0..(1_u32 << 18) + 77).map(|at| at as u8).collect();
        let section = Section::in_memory(&octets);
        assert_eq!(section.sum(), Some(super::super::checksum(&octets)));
    }
}
