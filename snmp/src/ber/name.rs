//! OBJECT IDENTIFIERs in their encoded form, and a buffer to read them into.

use std::{fmt, ops::Deref};

use super::BerError;
use crate::{Oid, OidError};

/// The content of an OBJECT IDENTIFIER element, validated: at most 128
/// sub-identifiers of 32 bits, none padded.
///
/// No content at all is read as `0.0`, the null OID, because agents send that
/// where they have nothing to say and net-snmp reads it so.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RawOid<'a>(&'a [u8]);

impl<'a> RawOid<'a> {
    /// Takes an element's content if it is an OID.
    pub fn new(content: &'a [u8]) -> Result<Self, BerError> {
        // The first encoded sub-identifier holds two (X.690 §8.19.4).
        let mut arcs = 1;
        let mut value = 0_u32;
        let mut begins = true;
        for &octet in content {
            if begins && octet < 0x80 {
                arcs += 1;
                continue;
            }
            // Leading 0x80 pads (X.690 §8.19.2); seven more bits must find room.
            if (begins && octet == 0x80) || value > u32::MAX >> 7 {
                return Err(BerError::Oid);
            }
            value = value << 7 | u32::from(octet & 0x7f);
            begins = octet < 0x80;
            if begins {
                arcs += 1;
                value = 0;
            }
        }
        match begins && arcs <= Oid::MAX_ARCS {
            true => Ok(Self(content)),
            false => Err(BerError::Oid),
        }
    }

    /// Takes the content of an element that has been validated before.
    pub(crate) fn validated(content: &'a [u8]) -> Self {
        Self(content)
    }

    /// The encoded sub-identifiers.
    pub fn as_octets(&self) -> &'a [u8] {
        self.0
    }

    /// The sub-identifiers.
    pub fn arcs(&self) -> Arcs<'a> {
        let mut rest = self.0;
        let roots = match sub_identifier(&mut rest).unwrap_or(0) {
            first @ 0..40 => [0, first],
            first @ 40..80 => [1, first - 40],
            first => [2, first - 80],
        };
        Arcs { roots: roots.into_iter(), rest }
    }

    /// Writes the sub-identifiers over what the buffer holds.
    pub fn read_into(&self, buffer: &mut OidBuf) {
        let Arcs { roots, rest } = self.arcs();
        buffer.clear();
        let mut room = buffer.arcs.iter_mut();
        let mut value = 0;
        for (root, room) in roots.zip(room.by_ref()) {
            *room = root;
        }
        let mut len = 2;
        for &octet in rest {
            value = value << 7 | u32::from(octet & 0x7f);
            if octet < 0x80 {
                let Some(room) = room.next() else { break };
                *room = value;
                value = 0;
                len += 1;
            }
        }
        buffer.len = len;
    }

    /// An owned copy.
    pub fn to_oid(&self) -> Oid {
        let mut arcs = Vec::with_capacity(self.0.len() + 1);
        arcs.extend(self.arcs());
        Oid::new(arcs).expect("decoding admits only what an Oid can hold")
    }
}

impl PartialEq<[u32]> for RawOid<'_> {
    fn eq(&self, other: &[u32]) -> bool {
        self.arcs().eq(other.iter().copied())
    }
}

impl fmt::Display for RawOid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, arc) in self.arcs().enumerate() {
            if i > 0 {
                f.write_str(".")?;
            }
            write!(f, "{arc}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for RawOid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The sub-identifiers of an encoded OID, first to last.
#[derive(Clone, Debug)]
pub struct Arcs<'a> {
    /// The first two, which are encoded together.
    roots: std::array::IntoIter<u32, 2>,
    rest: &'a [u8],
}

impl Iterator for Arcs<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        self.roots.next().or_else(|| sub_identifier(&mut self.rest))
    }
}

/// The next encoded sub-identifier; `RawOid::new` has seen that it fits.
#[inline]
fn sub_identifier(rest: &mut &[u8]) -> Option<u32> {
    let mut value = 0;
    loop {
        let (&octet, after) = rest.split_first()?;
        *rest = after;
        value = value << 7 | u32::from(octet & 0x7f);
        if octet < 0x80 {
            return Some(value);
        }
    }
}

/// A name being worked on: room for the longest OID, without an allocation.
#[derive(Clone)]
pub struct OidBuf {
    len: usize,
    arcs: [u32; Oid::MAX_ARCS],
}

impl OidBuf {
    /// An empty buffer.
    pub fn new() -> Self {
        Self { len: 0, arcs: [0; Oid::MAX_ARCS] }
    }

    /// Empties the buffer.
    pub fn clear(&mut self) {
        self.len = 0;
    }

    /// Keeps the first `len` sub-identifiers.
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// Appends a sub-identifier; there is room for 128.
    pub fn push(&mut self, arc: u32) -> Result<(), OidError> {
        let room = self.arcs.get_mut(self.len).ok_or(OidError::TooLong)?;
        *room = arc;
        self.len += 1;
        Ok(())
    }

    /// Appends sub-identifiers, all or none.
    pub fn extend(&mut self, arcs: &[u32]) -> Result<(), OidError> {
        let end = self.len.saturating_add(arcs.len());
        let room = self.arcs.get_mut(self.len..end).ok_or(OidError::TooLong)?;
        room.copy_from_slice(arcs);
        self.len = end;
        Ok(())
    }

    /// Holds a copy of `arcs`, or what it held before if they are too many.
    pub fn set(&mut self, arcs: &[u32]) -> Result<(), OidError> {
        let room = self.arcs.get_mut(..arcs.len()).ok_or(OidError::TooLong)?;
        room.copy_from_slice(arcs);
        self.len = arcs.len();
        Ok(())
    }
}

impl Default for OidBuf {
    fn default() -> Self {
        Self::new()
    }
}

impl Deref for OidBuf {
    type Target = [u32];

    fn deref(&self) -> &[u32] {
        self.arcs.get(..self.len).unwrap_or_default()
    }
}

impl PartialEq for OidBuf {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for OidBuf {}

impl fmt::Debug for OidBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_and_sub_identifiers() {
        for (octets, text) in [
            (&[][..], "0.0"),
            (&[0], "0.0"),
            (&[39], "0.39"),
            (&[40], "1.0"),
            (&[0x2b, 6, 1], "1.3.6.1"),
            (&[79], "1.39"),
            (&[80], "2.0"),
            (&[0x88, 0x37, 3], "2.999.3"),
            (&[0x8f, 0xff, 0xff, 0xff, 0x7f], "2.4294967215"),
            (&[0x2b, 0x8f, 0xff, 0xff, 0xff, 0x7f, 0], "1.3.4294967295.0"),
        ] {
            let oid = RawOid::new(octets).unwrap();
            assert_eq!(oid.to_string(), text);
            assert_eq!(oid.to_oid().to_string(), text);
            let mut buffer = OidBuf::new();
            oid.read_into(&mut buffer);
            assert_eq!(*buffer, *oid.to_oid().arcs());
            assert!(oid == *buffer);
        }
    }

    #[test]
    fn malformed_octets_are_refused() {
        for octets in [
            &[0x80][..],
            &[0x2b, 0x80, 1],
            &[0x2b, 0x81],
            &[0x2b, 0x90, 0x80, 0x80, 0x80, 0x00],
            &[0x2b, 0x81, 0x80, 0x80, 0x80, 0x80, 0x00],
            &[1; 128],
        ] {
            assert_eq!(RawOid::new(octets), Err(BerError::Oid), "{octets:02x?}");
        }
        assert!(RawOid::new(&[1; 127]).is_ok());
    }

    #[test]
    fn a_buffer_holds_128_sub_identifiers() {
        let mut buffer = OidBuf::new();
        buffer.set(&[1; 127]).unwrap();
        buffer.push(2).unwrap();
        assert_eq!(buffer.push(3), Err(OidError::TooLong));
        assert_eq!(buffer.extend(&[3]), Err(OidError::TooLong));
        assert_eq!(buffer.set(&[0; 129]), Err(OidError::TooLong));
        assert_eq!((buffer.len(), buffer.last()), (128, Some(&2)));
        buffer.truncate(3);
        assert_eq!(*buffer, [1, 1, 1]);
    }
}
