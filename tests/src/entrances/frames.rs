//! One input as several: what a party sends in turn.
//!
//! A frame is a tag, a length of two octets with the highest first, and so many
//! octets. What is cut short is a frame too, so that every input means something.

/// Octets sent, and what the entrance makes of the tag.
pub(super) struct Frame<'a> {
    pub tag: u8,
    pub octets: &'a [u8],
}

/// More frames than this teach nothing and take long.
const MOST: usize = 32;

/// The frames of an input.
pub(super) fn frames(mut rest: &[u8]) -> impl Iterator<Item = Frame<'_>> {
    std::iter::from_fn(move || {
        let (&[tag, high, low], after) = rest.split_first_chunk()?;
        let length = usize::from(u16::from_be_bytes([high, low])).min(after.len());
        let (octets, after) = after.split_at(length);
        rest = after;
        Some(Frame { tag, octets })
    })
    .take(MOST)
}

/// A frame as it stands in an input.
pub fn frame(tag: u8, octets: &[u8]) -> Vec<u8> {
    let length = u16::try_from(octets.len()).expect("seeds are short");
    [&[tag], &length.to_be_bytes()[..], octets].concat()
}
