//! Numbers and texts as octets, and back.

use std::{
    fs,
    io::{self, Write as _},
};

/// What is written, in little-endian order. With a file it goes there piece by
/// piece: the tables of thousands of modules are not in memory twice.
#[derive(Debug, Default)]
pub(super) struct Writer {
    buffer: Vec<u8>,
    file: Option<fs::File>,
    /// Of what went to the file since the section began.
    sum: Sum,
    len: u64,
    error: Option<io::Error>,
}

impl Writer {
    /// So much is kept back; a multiple of what the checksum takes at once.
    const PIECE: usize = 1 << 20;

    pub fn to(file: fs::File) -> Self {
        Self { file: Some(file), ..Self::default() }
    }

    fn put(&mut self, octets: &[u8]) {
        self.buffer.extend_from_slice(octets);
        if self.buffer.len() >= Self::PIECE {
            self.flush(self.buffer.len() / 32 * 32);
        }
    }

    fn flush(&mut self, octets: usize) {
        let Some(file) = &mut self.file else { return };
        let piece = self.buffer.get(..octets).unwrap_or_default();
        self.sum.add(piece);
        self.len += piece.len() as u64;
        if let Err(error) = file.write_all(piece) {
            self.error.get_or_insert(error);
        }
        self.buffer.drain(..octets);
    }

    /// How much of the section was written.
    pub fn position(&self) -> u64 {
        self.len + self.buffer.len() as u64
    }

    /// Ends a section: its length and its checksum.
    pub fn end_section(&mut self) -> io::Result<(u64, u64)> {
        self.flush(self.buffer.len());
        let sum = std::mem::take(&mut self.sum).finish();
        let len = std::mem::take(&mut self.len);
        match self.error.take() {
            Some(error) => Err(error),
            None => Ok((len, sum)),
        }
    }

    /// The file, or what was written without one.
    pub fn into_parts(self) -> (Option<fs::File>, Vec<u8>) {
        (self.file, self.buffer)
    }

    pub fn u8(&mut self, number: u8) {
        self.put(&[number]);
    }

    pub fn u32(&mut self, number: u32) {
        self.put(&number.to_le_bytes());
    }

    pub fn u64(&mut self, number: u64) {
        self.put(&number.to_le_bytes());
    }

    pub fn i64(&mut self, number: i64) {
        self.put(&number.to_le_bytes());
    }

    pub fn len(&mut self, len: usize) {
        self.u32(len as u32);
    }

    pub fn octets(&mut self, octets: &[u8]) {
        self.len(octets.len());
        self.put(octets);
    }

    pub fn numbers(&mut self, numbers: &[u32]) {
        self.len(numbers.len());
        numbers.iter().for_each(|&number| self.u32(number));
    }
}

/// What is read. Nothing is believed: each step says whether there was enough.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    /// Whether there is no more.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn take(&mut self, octets: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(octets)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    pub fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[number]| number)
    }

    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_le_bytes)
    }

    /// How many elements follow, each of at least so many octets: no more than
    /// there is room for.
    pub fn len(&mut self, each: usize) -> Option<usize> {
        let len = self.u32()? as usize;
        (len.checked_mul(each.max(1))? <= self.0.len()).then_some(len)
    }

    pub fn octets(&mut self) -> Option<&'a [u8]> {
        let len = self.len(1)?;
        self.take(len)
    }

    pub fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.octets()?).ok()
    }

    pub fn numbers(&mut self) -> Option<Vec<u32>> {
        let len = self.len(4)?;
        let (numbers, _) = self.take(len * 4)?.as_chunks::<4>();
        Some(numbers.iter().map(|&number| u32::from_le_bytes(number)).collect())
    }

    /// A number below a limit.
    pub fn below(&mut self, limit: usize) -> Option<u32> {
        self.u32().filter(|&number| (number as usize) < limit)
    }

    /// Nothing, written as 0, or a number below a limit.
    pub fn maybe_below(&mut self, limit: usize) -> Option<Option<u32>> {
        match self.u32()?.checked_sub(1) {
            None => Some(None),
            Some(number) => ((number as usize) < limit).then_some(Some(number)),
        }
    }
}

/// A checksum against damage, four words at a time. Who can write a cache can
/// write modules as well: it guards against disks and interrupted copies, not
/// against people.
#[derive(Debug)]
pub(super) struct Sum {
    lanes: [u64; 4],
    len: u64,
    /// What did not fill all lanes, which only the last piece may have.
    rest: u64,
}

impl Default for Sum {
    fn default() -> Self {
        Self { lanes: [1, 2, 3, 4], len: 0, rest: 0 }
    }
}

impl Sum {
    fn mix(lane: u64, word: u64) -> u64 {
        (lane ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
    }

    /// Of all pieces only the last may be no multiple of 32 octets.
    pub fn add(&mut self, octets: &[u8]) {
        let (blocks, rest) = octets.as_chunks::<32>();
        for block in blocks {
            let (words, _) = block.as_chunks::<8>();
            for (lane, word) in self.lanes.iter_mut().zip(words) {
                *lane = Self::mix(*lane, u64::from_le_bytes(*word));
            }
        }
        self.rest = rest.iter().fold(self.rest, |sum, &octet| Self::mix(sum, u64::from(octet)));
        self.len += octets.len() as u64;
    }

    pub fn finish(self) -> u64 {
        let sum = self.lanes.into_iter().chain([self.rest]).fold(self.len, Self::mix);
        sum ^ (sum >> 31)
    }
}

/// The checksum of a text.
pub(crate) fn checksum(octets: &[u8]) -> u64 {
    let mut sum = Sum::default();
    sum.add(octets);
    sum.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut writer = Writer::default();
        writer.u32(7);
        writer.octets("grün".as_bytes());
        writer.numbers(&[1, u32::MAX]);
        writer.i64(-1);
        let octets = writer.into_parts().1;
        let mut reader = Reader(&octets);
        assert_eq!(reader.u32(), Some(7));
        assert_eq!(reader.text(), Some("grün"));
        assert_eq!(reader.numbers(), Some(vec![1, u32::MAX]));
        assert_eq!(reader.i64(), Some(-1));
        assert_eq!(reader.u8(), None);
    }

    #[test]
    fn a_length_beyond_the_end_is_refused() {
        let mut writer = Writer::default();
        writer.u32(u32::MAX);
        let octets = writer.into_parts().1;
        assert_eq!(Reader(&octets).numbers(), None);
        assert_eq!(Reader(&octets).octets(), None);
    }

    #[test]
    fn every_octet_counts() {
        let octets: Vec<u8> = (0..100).collect();
        let sum = checksum(&octets);
        for at in 0..octets.len() {
            let mut damaged = octets.clone();
            damaged[at] ^= 1;
            assert_ne!(checksum(&damaged), sum);
        }
        assert_ne!(checksum(&octets[..99]), sum);
    }
}
