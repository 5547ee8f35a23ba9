//! Names: the identity of every row.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The name of a host, policy, cluster, service or server: 1 to 32 of
/// `a-z 0-9 . _ -`.
///
/// The order is shorter first, then by byte, so that a map of rows iterates in
/// the order in which length-prefixed identifiers sort. The bytes stand inline,
/// zero-padded: a key of three names is copied, never allocated.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Name {
    len: u8,
    bytes: [u8; Name::MAX],
}

/// Why a text is no [`Name`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// It is empty or longer than 32 octets.
    #[error("a name has 1 to 32 characters, not {0}")]
    Length(usize),
    /// It has an octet that is none of the allowed ones.
    #[error("a name is made of a-z, 0-9, '.', '_' and '-'; octet {} does not belong", .0 + 1)]
    Character(usize),
}

impl Name {
    /// Greatest length.
    pub const MAX: usize = 32;

    /// No name sorts before this one.
    pub const FIRST: Self = {
        let mut bytes = [0; Self::MAX];
        bytes[0] = b'-';
        Self { len: 1, bytes }
    };

    /// The name these octets spell.
    pub fn from_bytes(text: &[u8]) -> Result<Self, NameError> {
        let mut bytes = [0; Self::MAX];
        let Some(place) = bytes.get_mut(..text.len()).filter(|place| !place.is_empty()) else {
            return Err(NameError::Length(text.len()));
        };
        if let Some(at) = text.iter().position(|octet| !Self::allows(*octet)) {
            return Err(NameError::Character(at));
        }
        place.copy_from_slice(text);
        Ok(Self { len: text.len() as u8, bytes })
    }

    fn allows(octet: u8) -> bool {
        matches!(octet, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-')
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).expect("a name is ASCII")
    }

    /// The bytes as numbers of the same order. Where ten thousand servers are looked up
    /// by three names each, this costs less than a call for each comparison.
    fn words(&self) -> impl Iterator<Item = u128> + use<'_> {
        let (words, _) = self.bytes.as_chunks::<16>();
        words.iter().map(|word| u128::from_be_bytes(*word))
    }

    /// The name as octets.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        self.len.cmp(&other.len).then_with(|| self.words().cmp(other.words()))
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::from_bytes(text.as_bytes())
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn refuses_what_is_no_name() {
        assert_eq!("".parse::<Name>(), Err(NameError::Length(0)));
        assert_eq!("a".repeat(33).parse::<Name>(), Err(NameError::Length(33)));
        assert_eq!("web 1".parse::<Name>(), Err(NameError::Character(3)));
        assert_eq!("Web".parse::<Name>(), Err(NameError::Character(0)));
        assert_eq!(Name::from_bytes(&[b'a', 0]), Err(NameError::Character(1)));
    }

    proptest! {
        #[test]
        fn sorts_as_length_prefixed_octets(a in "[a-z0-9._-]{1,32}", b in "[a-z0-9._-]{1,32}") {
            let (x, y): (Name, Name) = (a.parse().unwrap(), b.parse().unwrap());
            prop_assert_eq!(x.cmp(&y), a.len().cmp(&b.len()).then(a.cmp(&b)));
            prop_assert_eq!(x.as_str(), a);
        }
    }
}
