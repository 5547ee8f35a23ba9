//! OBJECT IDENTIFIER values.

use std::{fmt, ops::Deref, str::FromStr};

use thiserror::Error;

/// An OBJECT IDENTIFIER of 2 to 128 sub-identifiers (RFC 2578 §3.5).
///
/// Its order is the lexicographic one of RFC 3416 §4.2.2. Names on the hot path
/// are plain `&[u32]`, which this type dereferences to.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Oid(Vec<u32>);

/// Why a sequence of sub-identifiers, or its text, is no OBJECT IDENTIFIER.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum OidError {
    /// Fewer than two sub-identifiers: BER has no encoding for them.
    #[error("an OID has at least two sub-identifiers")]
    TooShort,
    /// More than [`Oid::MAX_ARCS`].
    #[error("an OID has at most 128 sub-identifiers")]
    TooLong,
    /// The first is above 2, or the second is above 39 below a first of 0 or 1
    /// (X.690 §8.19.4).
    #[error("an OID begins with 0, 1 or 2, and below 0 and 1 goes on with 0 to 39")]
    Root,
    /// Something between the dots is no number of 32 bits.
    #[error("a sub-identifier is a number from 0 to 4294967295")]
    Arc,
}

impl Oid {
    /// RFC 2578 §3.5.
    pub const MAX_ARCS: usize = 128;

    /// Takes sub-identifiers that satisfy the limits of the type.
    pub fn new(arcs: impl Into<Vec<u32>>) -> Result<Self, OidError> {
        let arcs = arcs.into();
        match *arcs {
            [] | [_] => Err(OidError::TooShort),
            [first, ..] if first > 2 => Err(OidError::Root),
            [0 | 1, second, ..] if second > 39 => Err(OidError::Root),
            // The first two share one encoded sub-identifier, which is 32 bits
            // wide like the others.
            [2, second, ..] if second > u32::MAX - 80 => Err(OidError::Root),
            _ if arcs.len() > Self::MAX_ARCS => Err(OidError::TooLong),
            _ => Ok(Self(arcs)),
        }
    }

    /// `0.0`, the zeroDotZero of RFC 2578: what stands where there is nothing to
    /// point at.
    pub fn null() -> Self {
        Self(vec![0, 0])
    }

    /// The sub-identifiers.
    pub fn arcs(&self) -> &[u32] {
        &self.0
    }

    /// This OID with `arcs` appended.
    pub fn join(&self, arcs: &[u32]) -> Result<Self, OidError> {
        Self::new([&self.0, arcs].concat())
    }
}

impl Deref for Oid {
    type Target = [u32];

    fn deref(&self) -> &[u32] {
        &self.0
    }
}

impl TryFrom<&[u32]> for Oid {
    type Error = OidError;

    fn try_from(arcs: &[u32]) -> Result<Self, OidError> {
        Self::new(arcs)
    }
}

impl FromStr for Oid {
    type Err = OidError;

    /// Reads `1.3.6.1`, with or without a leading dot.
    fn from_str(text: &str) -> Result<Self, OidError> {
        let text = text.strip_prefix('.').unwrap_or(text);
        let arcs: Result<Vec<u32>, _> = text
            .split('.')
            // `parse` alone would let a sign through.
            .map(|arc| match arc.bytes().all(|b| b.is_ascii_digit()) {
                true => arc.parse().map_err(|_| OidError::Arc),
                false => Err(OidError::Arc),
            })
            .collect();
        Self::new(arcs?)
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, arc) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(".")?;
            }
            write!(f, "{arc}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_arcs_agree() {
        let oid: Oid = ".1.3.6.1.2.1.1.3.0".parse().unwrap();
        assert_eq!(oid.arcs(), [1, 3, 6, 1, 2, 1, 1, 3, 0]);
        assert_eq!(oid.to_string(), "1.3.6.1.2.1.1.3.0");
    }

    #[test]
    fn what_is_no_oid_is_refused() {
        for (text, error) in [
            ("", OidError::Arc),
            ("1", OidError::TooShort),
            ("1..3", OidError::Arc),
            ("1.+3", OidError::Arc),
            ("3.1", OidError::Root),
            ("1.40", OidError::Root),
            ("2.4294967290", OidError::Root),
            ("1.3.4294967296", OidError::Arc),
        ] {
            assert_eq!(text.parse::<Oid>(), Err(error), "{text:?}");
        }
        assert_eq!(Oid::new(vec![1; 129]), Err(OidError::TooLong));
    }
}
