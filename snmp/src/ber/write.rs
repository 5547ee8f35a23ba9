//! Writing BER: forwards at the end of a buffer, and backwards in front of what
//! is already there.

use super::tag;
use crate::Value;

/// The octets a length takes.
fn length_len(length: usize) -> usize {
    match length {
        0..=0x7f => 1,
        0x80..=0xff => 2,
        0x100..=0xffff => 3,
        0x1_0000..=0xff_ffff => 4,
        _ => 5,
    }
}

/// The octets an element takes around and with its content.
pub fn element_len(content: usize) -> usize {
    content.saturating_add(1 + length_len(content))
}

/// The octets an INTEGER element takes.
pub fn integer_len(number: i32) -> usize {
    2 + digits(number.into())
}

/// The octets of a number in two's complement.
fn digits(number: i64) -> usize {
    // All sign bits but the last are redundant.
    let redundant = if number < 0 { number.leading_ones() } else { number.leading_zeros() };
    (64 - redundant as usize) / 8 + 1
}

fn put_length(out: &mut Vec<u8>, length: usize) {
    match length_len(length) {
        1 => out.push(length as u8),
        n => {
            out.push(0x80 | (n - 1) as u8);
            out.extend_from_slice(&length.to_be_bytes()[size_of::<usize>() - (n - 1)..]);
        }
    }
}

/// Appends an element.
pub fn put_element(out: &mut Vec<u8>, tag: u8, content: &[u8]) {
    out.push(tag);
    put_length(out, content.len());
    out.extend_from_slice(content);
}

/// Appends an INTEGER.
pub fn put_integer(out: &mut Vec<u8>, number: i32) {
    put_number(out, tag::INTEGER, number.into());
}

/// Appends a number of one of the unsigned types.
pub fn put_unsigned(out: &mut Vec<u8>, tag: u8, number: u64) {
    match i64::try_from(number) {
        Ok(number) => put_number(out, tag, number),
        Err(_) => {
            out.extend_from_slice(&[tag, 9, 0]);
            out.extend_from_slice(&number.to_be_bytes());
        }
    }
}

fn put_number(out: &mut Vec<u8>, tag: u8, number: i64) {
    let digits = digits(number);
    // Eight octets are always written and the surplus taken back, because a copy
    // of fixed size is a matter of one instruction.
    let octets = (number << (8 * (8 - digits))).to_be_bytes();
    out.extend_from_slice(&[tag, digits as u8]);
    out.extend_from_slice(&octets);
    out.truncate(out.len() - (8 - digits));
}

/// Appends an OBJECT IDENTIFIER.
///
/// `[]` and `[n]`, for which BER has no encoding, become `0.0` and `n.0`, as
/// net-snmp writes them. Other sub-identifiers that are no OID are written in a
/// form that every decoder refuses, never as another name.
pub fn put_oid(out: &mut Vec<u8>, arcs: &[u32]) {
    out.reserve(2 + arcs.len());
    out.extend_from_slice(&[tag::OBJECT_IDENTIFIER, 0]);
    let start = out.len();
    put_arcs(out, arcs);
    close(out, start);
}

/// Appends the content of an OBJECT IDENTIFIER.
fn put_arcs(out: &mut Vec<u8>, arcs: &[u32]) {
    let (first, rest) = match *arcs {
        [] => (0, &[][..]),
        [root @ 0..3] => (u64::from(root) * 40, &[][..]),
        [root @ 0..2, second @ 0..40, ref rest @ ..] => (u64::from(root * 40 + second), rest),
        [2, second, ref rest @ ..] => (u64::from(second) + 80, rest),
        // Beyond 32 bits: no such root exists.
        _ => (u64::MAX, &[][..]),
    };
    put_sub_identifier(out, first);
    // Most sub-identifiers take one octet; eight such go out at once.
    let (eights, rest) = rest.as_chunks::<8>();
    for eight in eights {
        match eight.iter().all(|&arc| arc < 0x80) {
            true => out.extend_from_slice(&eight.map(|arc| arc as u8)),
            false => eight.iter().for_each(|&arc| put_sub_identifier(out, arc.into())),
        }
    }
    for &arc in rest {
        put_sub_identifier(out, arc.into());
    }
}

#[inline]
fn put_sub_identifier(out: &mut Vec<u8>, value: u64) {
    if value < 0x80 {
        out.push(value as u8);
        return;
    }
    let groups = (70 - value.leading_zeros()) / 7;
    for group in (1..groups).rev() {
        out.push(0x80 | (value >> (7 * group)) as u8);
    }
    out.push(value as u8 & 0x7f);
}

/// Puts the length of everything from `start` on into the octet before it, and
/// makes room for more length octets where one is too few, which is rare.
fn close(out: &mut Vec<u8>, start: usize) {
    let length = out.len() - start;
    if length < 0x80 {
        out[start - 1] = length as u8;
        return;
    }
    let more = length_len(length) - 1;
    out.extend_from_slice(&length.to_be_bytes()[size_of::<usize>() - more..]);
    out[start..].rotate_right(more);
    out[start - 1] = 0x80 | more as u8;
}

/// Appends a value.
pub fn put_value(out: &mut Vec<u8>, value: &Value<'_>) {
    match value {
        Value::Integer(n) => put_integer(out, *n),
        Value::OctetString(octets) => put_element(out, tag::OCTET_STRING, octets),
        Value::Null => out.extend_from_slice(&[tag::NULL, 0]),
        Value::ObjectIdentifier(oid) => put_oid(out, oid),
        Value::IpAddress(octets) => put_element(out, tag::IP_ADDRESS, octets),
        Value::Counter32(n) => put_unsigned(out, tag::COUNTER32, (*n).into()),
        Value::Gauge32(n) => put_unsigned(out, tag::GAUGE32, (*n).into()),
        Value::TimeTicks(n) => put_unsigned(out, tag::TIME_TICKS, (*n).into()),
        Value::Opaque(octets) => put_element(out, tag::OPAQUE, octets),
        Value::Counter64(n) => put_unsigned(out, tag::COUNTER64, *n),
        Value::NoSuchObject => out.extend_from_slice(&[tag::NO_SUCH_OBJECT, 0]),
        Value::NoSuchInstance => out.extend_from_slice(&[tag::NO_SUCH_INSTANCE, 0]),
        Value::EndOfMibView => out.extend_from_slice(&[tag::END_OF_MIB_VIEW, 0]),
    }
}

/// Appends a variable binding.
pub fn put_varbind(out: &mut Vec<u8>, name: &[u32], value: &Value<'_>) {
    out.extend_from_slice(&[tag::SEQUENCE, 0]);
    let start = out.len();
    put_oid(out, name);
    put_value(out, value);
    close(out, start);
}

/// A column's name as the names of its instances begin: encoded once and not for
/// each of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnName(Box<[u8]>);

impl ColumnName {
    /// Encodes a column's name.
    pub fn new(arcs: &[u32]) -> Self {
        let mut out = Vec::new();
        put_arcs(&mut out, arcs);
        Self(out.into())
    }
}

/// Appends the variable binding of an instance of a column.
pub fn put_instance(out: &mut Vec<u8>, column: &ColumnName, index: &[u32], value: &Value<'_>) {
    out.extend_from_slice(&[tag::SEQUENCE, 0, tag::OBJECT_IDENTIFIER, 0]);
    let start = out.len();
    out.extend_from_slice(&column.0);
    for &arc in index {
        put_sub_identifier(out, arc.into());
    }
    close(out, start);
    put_value(out, value);
    close(out, start - 2);
}

/// A message that grows towards its front: the content is there, and what stands
/// before it is put in front, innermost first, so that every length is known
/// when it is written and has its shortest form.
///
/// It begins in a buffer whose content has some room before it. The room is an
/// expectation and no limit: what does not fit moves the content.
#[derive(Debug)]
pub struct Front<'b> {
    out: &'b mut Vec<u8>,
    start: usize,
}

impl<'b> Front<'b> {
    /// Continues a buffer whose content begins at `start`.
    pub fn new(out: &'b mut Vec<u8>, start: usize) -> Self {
        let start = start.min(out.len());
        Self { out, start }
    }

    /// What has been written so far.
    pub fn as_octets(&self) -> &[u8] {
        self.out.get(self.start..).unwrap_or_default()
    }

    /// The same, for encrypting and signing in place.
    pub fn as_octets_mut(&mut self) -> &mut [u8] {
        self.out.get_mut(self.start..).unwrap_or_default()
    }

    /// Puts raw octets in front.
    pub fn octets(&mut self, octets: &[u8]) {
        if self.start < octets.len() {
            let missing = octets.len() - self.start;
            self.out.splice(0..0, std::iter::repeat_n(0, missing));
            self.start += missing;
        }
        self.start -= octets.len();
        self.out[self.start..self.start + octets.len()].copy_from_slice(octets);
    }

    /// Puts tag and length in front of the `length` octets that are next.
    fn header(&mut self, tag: u8, length: usize) {
        match length_len(length) {
            1 => self.octets(&[tag, length as u8]),
            n => {
                self.octets(&length.to_be_bytes()[size_of::<usize>() - (n - 1)..]);
                self.octets(&[tag, 0x80 | (n - 1) as u8]);
            }
        }
    }

    /// Puts an element in front.
    pub fn element(&mut self, tag: u8, content: &[u8]) {
        self.octets(content);
        self.header(tag, content.len());
    }

    /// Puts an INTEGER in front.
    pub fn integer(&mut self, number: i32) {
        let octets = number.to_be_bytes();
        self.element(tag::INTEGER, &octets[octets.len() - digits(number.into())..]);
    }

    /// Makes everything written so far the content of one element.
    pub fn wrap(&mut self, tag: u8) {
        self.header(tag, self.out.len() - self.start);
    }

    /// Makes what stands in front of the last `behind` octets the content of one
    /// element.
    pub fn wrap_from(&mut self, tag: u8, behind: usize) {
        self.header(tag, self.as_octets().len().saturating_sub(behind));
    }

    /// Appends zeros until the length is a multiple of `block`, as block ciphers
    /// want it.
    pub fn pad_to_multiple_of(&mut self, block: usize) {
        let length = self.as_octets().len().next_multiple_of(block.max(1));
        self.out.resize(self.start + length, 0);
    }

    /// What has been written.
    pub fn finish(self) -> &'b [u8] {
        self.out.get(self.start..).unwrap_or_default()
    }

    /// What has been written is all that the buffer holds.
    pub fn into_whole(self) {
        self.out.drain(..self.start);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut out = vec![0xaa];
        write(&mut out);
        assert_eq!(out.remove(0), 0xaa);
        out
    }

    #[test]
    fn numbers_take_the_fewest_octets() {
        for (number, octets) in [
            (0, &[0][..]),
            (127, &[127]),
            (128, &[0, 128]),
            (-1, &[0xff]),
            (-128, &[0x80]),
            (-129, &[0xff, 0x7f]),
            (i32::MAX, &[0x7f, 0xff, 0xff, 0xff]),
            (i32::MIN, &[0x80, 0, 0, 0]),
        ] {
            let mut expected = vec![2, octets.len() as u8];
            expected.extend(octets);
            assert_eq!(written(|out| put_integer(out, number)), expected);
            assert_eq!(integer_len(number), expected.len());
        }
        let full = written(|out| put_unsigned(out, tag::COUNTER64, u64::MAX));
        assert_eq!(full, [0x46, 9, 0, 255, 255, 255, 255, 255, 255, 255, 255]);
    }

    #[test]
    fn lengths_take_the_fewest_octets() {
        for (length, header) in [
            (0, &[4, 0][..]),
            (127, &[4, 127]),
            (128, &[4, 0x81, 128]),
            (255, &[4, 0x81, 255]),
            (256, &[4, 0x82, 1, 0]),
            (65_536, &[4, 0x83, 1, 0, 0]),
        ] {
            let content = vec![7; length];
            let out = written(|out| put_element(out, 4, &content));
            assert_eq!(&out[..header.len()], header);
            assert_eq!(element_len(length), out.len());
            let mut buffer = vec![0; 3];
            buffer.extend(&content);
            let mut front = Front::new(&mut buffer, 3);
            front.wrap(4);
            assert_eq!(front.finish(), out);
        }
    }

    #[test]
    fn oids() {
        for (arcs, octets) in [
            (&[][..], &[6, 1, 0][..]),
            (&[1], &[6, 1, 40]),
            (&[1, 3, 6, 1], &[6, 3, 0x2b, 6, 1]),
            (&[2, 999], &[6, 2, 0x88, 0x37]),
            (
                &[1, 3, 127, 128, 16383, 16384],
                &[6, 8, 0x2b, 127, 0x81, 0, 0xff, 0x7f, 0x81, 0x80, 0],
            ),
            (&[1, 3, u32::MAX], &[6, 6, 0x2b, 0x8f, 0xff, 0xff, 0xff, 0x7f]),
        ] {
            let mut expected = octets.to_vec();
            expected[1] = (octets.len() - 2) as u8;
            assert_eq!(written(|out| put_oid(out, arcs)), expected);
        }
    }

    proptest! {
        #[test]
        fn an_instance_is_its_whole_name(
            root in 0..=2_u32,
            second in 0..40_u32,
            column in prop::collection::vec(any::<u32>(), 0..20),
            index in prop::collection::vec(prop_oneof![0..300_u32, any::<u32>()], 0..100),
            value in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            let column = [&[root, second][..], &column].concat();
            let name = [&column[..], &index].concat();
            let value = Value::OctetString(value.into());
            prop_assert_eq!(
                written(|out| put_instance(out, &ColumnName::new(&column), &index, &value)),
                written(|out| put_varbind(out, &name, &value)),
            );
        }
    }

    #[test]
    fn what_is_no_oid_is_written_as_none() {
        for arcs in [&[2, u32::MAX][..], &[3], &[3, 1], &[1, 40], &[u32::MAX, 1], &[1; 129]] {
            let out = written(|out| put_oid(out, arcs));
            assert!(crate::ber::Reader::new(&out).oid().is_err(), "{arcs:?}");
        }
    }
}
