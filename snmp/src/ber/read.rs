//! Reading BER from a slice.

use thiserror::Error;

use super::{RawOid, tag};

/// Why octets are no BER that SNMP allows. All of them count as
/// `snmpInASNParseErrs` (RFC 3418).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BerError {
    /// An element is longer than what holds it.
    #[error("an element is cut short")]
    Truncated,
    /// Octets are left inside an element whose content is complete.
    #[error("octets trail inside an element")]
    Trailing,
    /// The indefinite form, which RFC 3417 §8 excludes.
    #[error("a length has the indefinite form")]
    Indefinite,
    /// A length above 32 bits, or the first octet that X.690 §8.1.3.5 reserves.
    #[error("a length does not fit 32 bits")]
    LongLength,
    /// Another element was due here.
    #[error("unexpected tag {0:#04x}")]
    Tag(u8),
    /// An integer without octets, or outside its type's range.
    #[error("an integer does not fit its type")]
    Integer,
    /// An OBJECT IDENTIFIER that is cut short, has a padded sub-identifier or one
    /// above 32 bits, or has more than 128 of them.
    #[error("an OBJECT IDENTIFIER is malformed")]
    Oid,
    /// A NULL, an exception or an IpAddress of the wrong length.
    #[error("a value of fixed size has another size")]
    Size,
}

/// The whole length of the message that begins here, or `None` until enough of
/// it has come to tell. This is the framing of SNMP over TCP (RFC 3430 §2.1).
pub fn message_len(received: &[u8]) -> Result<Option<usize>, BerError> {
    match received.first() {
        None => return Ok(None),
        Some(&tag::SEQUENCE) => {}
        Some(&other) => return Err(BerError::Tag(other)),
    }
    match header(received) {
        Ok((_, length, content)) => {
            let header = received.len().saturating_sub(content.len());
            Ok(Some(header.saturating_add(length)))
        }
        Err(BerError::Truncated) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Tag and length of the first element, and everything behind them.
fn header(octets: &[u8]) -> Result<(u8, usize, &[u8]), BerError> {
    let (&tag, after) = octets.split_first().ok_or(BerError::Truncated)?;
    // SNMP has no tag number above 30, so a tag is one octet.
    if tag & 0x1f == 0x1f {
        return Err(BerError::Tag(tag));
    }
    let (&first, after) = after.split_first().ok_or(BerError::Truncated)?;
    if first < 0x80 {
        return Ok((tag, usize::from(first), after));
    }
    if first == 0x80 {
        return Err(BerError::Indefinite);
    }
    if first == 0xff {
        return Err(BerError::LongLength);
    }
    let digits = usize::from(first & 0x7f);
    let (digits, after) = after.split_at_checked(digits).ok_or(BerError::Truncated)?;
    // RFC 3417 §8 (1): there may be more of them than it takes, so zeros may lead.
    let (zeros, digits) = digits.split_at(digits.len().saturating_sub(4));
    if zeros.iter().any(|&octet| octet != 0) {
        return Err(BerError::LongLength);
    }
    let length = digits.iter().fold(0, |length, &digit| length << 8 | usize::from(digit));
    Ok((tag, length, after))
}

/// Reads elements one behind the other.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Starts at the first octet.
    pub fn new(octets: &'a [u8]) -> Self {
        Self { rest: octets }
    }

    /// What has not been read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Whether everything has been read.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// That nothing is left.
    pub fn end(&self) -> Result<(), BerError> {
        match self.rest {
            [] => Ok(()),
            _ => Err(BerError::Trailing),
        }
    }

    /// The next element: its tag and its content.
    pub fn any(&mut self) -> Result<(u8, &'a [u8]), BerError> {
        let (tag, length, after) = header(self.rest)?;
        let (content, rest) = after.split_at_checked(length).ok_or(BerError::Truncated)?;
        self.rest = rest;
        Ok((tag, content))
    }

    /// The content of the next element, which carries this tag.
    pub fn element(&mut self, tag: u8) -> Result<&'a [u8], BerError> {
        match self.any()? {
            (found, content) if found == tag => Ok(content),
            (found, _) => Err(BerError::Tag(found)),
        }
    }

    /// A reader of the next element's content.
    pub fn within(&mut self, tag: u8) -> Result<Reader<'a>, BerError> {
        self.element(tag).map(Reader::new)
    }

    /// An INTEGER of 32 bits.
    pub fn integer(&mut self) -> Result<i32, BerError> {
        signed(self.element(tag::INTEGER)?)
    }

    /// An OCTET STRING.
    pub fn octets(&mut self) -> Result<&'a [u8], BerError> {
        self.element(tag::OCTET_STRING)
    }

    /// An OBJECT IDENTIFIER.
    pub fn oid(&mut self) -> Result<RawOid<'a>, BerError> {
        RawOid::new(self.element(tag::OBJECT_IDENTIFIER)?)
    }
}

/// Reads an INTEGER's content. Up to eight octets are looked at, so that a
/// padded number is understood.
pub(crate) fn signed(content: &[u8]) -> Result<i32, BerError> {
    let (&first, _) = content.split_first().ok_or(BerError::Integer)?;
    if content.len() > 8 {
        return Err(BerError::Integer);
    }
    let sign = if first & 0x80 == 0 { 0 } else { -1 };
    let number = content.iter().fold(sign, |n: i64, &octet| n << 8 | i64::from(octet));
    i32::try_from(number).map_err(|_| BerError::Integer)
}

/// Reads the content of an unsigned type of 32 bits.
pub(crate) fn unsigned32(content: &[u8]) -> Result<u32, BerError> {
    u32::try_from(unsigned(content, 4)?).map_err(|_| BerError::Integer)
}

/// Reads the content of an unsigned type of 64 bits.
pub(crate) fn unsigned64(content: &[u8]) -> Result<u64, BerError> {
    unsigned(content, 8)
}

/// Some agents leave out the zero octet that keeps the top bit of a full-width
/// number from being a sign: `41 04 ff ff ff ff`. No negative number is a value
/// of these types, so this has one sensible reading. A shorter content with its
/// top bit set has two (sign-extended or not) and is refused.
fn unsigned(content: &[u8], width: usize) -> Result<u64, BerError> {
    let (&first, tail) = content.split_first().ok_or(BerError::Integer)?;
    let magnitude = match first {
        0 => tail,
        0x80.. if content.len() != width => return Err(BerError::Integer),
        _ => content,
    };
    if magnitude.len() > 8 {
        return Err(BerError::Integer);
    }
    Ok(magnitude.iter().fold(0, |n, &octet| n << 8 | u64::from(octet)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_every_form() {
        for (octets, outcome) in [
            (&[4, 0][..], Ok((4, &[][..]))),
            (&[4, 1, 7], Ok((4, &[7]))),
            (&[4, 0x81, 1, 7], Ok((4, &[7]))),
            (&[4, 0x84, 0, 0, 0, 1, 7], Ok((4, &[7]))),
            (&[], Err(BerError::Truncated)),
            (&[4], Err(BerError::Truncated)),
            (&[4, 1], Err(BerError::Truncated)),
            (&[4, 0x82, 0], Err(BerError::Truncated)),
            (&[4, 0x84, 0xff, 0xff, 0xff, 0xff, 7], Err(BerError::Truncated)),
            (&[4, 0x80, 7, 0, 0], Err(BerError::Indefinite)),
            (&[4, 0x85, 0, 0, 0, 0, 1, 7], Ok((4, &[7]))),
            (&[4, 0x89, 0, 0, 0, 0, 0, 0, 0, 0, 1, 7], Ok((4, &[7]))),
            (&[4, 0x85, 0, 0, 0, 0], Err(BerError::Truncated)),
            (&[4, 0xfe, 7], Err(BerError::Truncated)),
            (&[4, 0x85, 1, 0, 0, 0, 1, 7], Err(BerError::LongLength)),
            (&[4, 0x89, 1, 0, 0, 0, 0, 0, 0, 0, 1, 7], Err(BerError::LongLength)),
            (&[4, 0xff, 7], Err(BerError::LongLength)),
            (&[0x1f, 0x01, 0], Err(BerError::Tag(0x1f))),
        ] {
            assert_eq!(Reader::new(octets).any(), outcome, "{octets:02x?}");
        }
    }

    #[test]
    fn signed_numbers() {
        for (content, outcome) in [
            (&[0][..], Ok(0)),
            (&[0xff], Ok(-1)),
            (&[0xff, 0xff, 0xff, 0xff], Ok(-1)),
            (&[0x7f, 0xff, 0xff, 0xff], Ok(i32::MAX)),
            (&[0x80, 0, 0, 0], Ok(i32::MIN)),
            (&[0, 0, 0, 0, 5], Ok(5)),
            (&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe], Ok(-2)),
            (&[], Err(BerError::Integer)),
            (&[0, 0x80, 0, 0, 0], Err(BerError::Integer)),
            (&[0xff, 0x7f, 0xff, 0xff, 0xff], Err(BerError::Integer)),
            (&[1, 0, 0, 0, 0, 0, 0, 0], Err(BerError::Integer)),
            (&[0, 0, 0, 0, 0, 0, 0, 0, 1], Err(BerError::Integer)),
        ] {
            assert_eq!(signed(content), outcome, "{content:02x?}");
        }
    }

    #[test]
    fn unsigned_numbers() {
        for (content, outcome) in [
            (&[0][..], Ok(0)),
            (&[0x7f], Ok(127)),
            (&[0, 0xff], Ok(255)),
            (&[0, 0xff, 0xff, 0xff, 0xff], Ok(u32::MAX)),
            (&[0xff, 0xff, 0xff, 0xff], Ok(u32::MAX)),
            (&[0x80, 0, 0, 0], Ok(1 << 31)),
            (&[0, 0, 0, 0, 0, 0, 0, 0, 9], Ok(9)),
            (&[], Err(BerError::Integer)),
            (&[0xff], Err(BerError::Integer)),
            (&[0xff, 0xff, 0xff], Err(BerError::Integer)),
            (&[1, 0, 0, 0, 0], Err(BerError::Integer)),
            (&[0xff, 0xff, 0xff, 0xff, 0xff], Err(BerError::Integer)),
            (&[0, 0, 0, 0, 0, 0, 0, 0, 0, 9], Err(BerError::Integer)),
        ] {
            assert_eq!(unsigned32(content), outcome, "{content:02x?}");
        }
        assert_eq!(unsigned64(&[0xff; 8]), Ok(u64::MAX));
        assert_eq!(unsigned64(&[0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), Ok(u64::MAX));
        assert_eq!(unsigned64(&[0xff; 4]), Err(BerError::Integer));
        assert_eq!(unsigned64(&[1, 0, 0, 0, 0, 0, 0, 0, 0]), Err(BerError::Integer));
    }

    #[test]
    fn a_stream_is_framed_as_soon_as_its_header_is_there() {
        assert_eq!(message_len(&[]), Ok(None));
        assert_eq!(message_len(&[0x30]), Ok(None));
        assert_eq!(message_len(&[0x30, 0x82, 1]), Ok(None));
        assert_eq!(message_len(&[0x30, 0x82, 1, 0]), Ok(Some(260)));
        assert_eq!(message_len(&[0x30, 2, 5, 0, 0x30]), Ok(Some(4)));
        assert_eq!(message_len(&[0x30, 0x85, 0, 0, 0, 1]), Ok(None));
        assert_eq!(message_len(&[0x30, 0x85, 0, 0, 0, 1, 0]), Ok(Some(263)));
        // The most length octets there can be.
        let most = [&[0x30, 0xfe][..], &[0; 125], &[7]].concat();
        assert_eq!(message_len(&most[..127]), Ok(None));
        assert_eq!(message_len(&most), Ok(Some(135)));
        assert_eq!(message_len(&[0x31]), Err(BerError::Tag(0x31)));
        assert_eq!(message_len(&[0x30, 0x80]), Err(BerError::Indefinite));
    }
}
