//! The names of SNMP engines (RFC 3411 §5).

use std::{fmt, str::FromStr};

use thiserror::Error;

/// An snmpEngineID: 5 to 32 octets, neither all 0x00 nor all 0xff.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EngineId {
    /// First, so that the derived order is that of length-prefixed octets, which
    /// is the order of the OIDs they are an index of.
    len: u8,
    octets: [u8; EngineId::MAX],
}

/// Octets, or their text, that name no engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("an engine ID has 5 to 32 octets, not all of them 0 or 255")]
pub struct EngineIdError;

impl EngineId {
    /// `localEngineID`, by which every engine is addressed by those who do not know its
    /// name yet (RFC 5343 §3.1).
    pub const LOCAL: &[u8] = &[0x80, 0, 0, 0, 6];

    const MIN: usize = 5;
    const MAX: usize = 32;

    /// [`EngineId::LOCAL`] as a name.
    pub fn local() -> Self {
        Self::new(Self::LOCAL).expect("it has five octets, and the first is 128")
    }

    /// Takes octets that name an engine.
    pub fn new(octets: &[u8]) -> Result<Self, EngineIdError> {
        let alike = |value: u8| octets.iter().all(|&octet| octet == value);
        if octets.len() < Self::MIN || alike(0) || alike(0xff) {
            return Err(EngineIdError);
        }
        let mut room = [0; Self::MAX];
        room.get_mut(..octets.len()).ok_or(EngineIdError)?.copy_from_slice(octets);
        Ok(Self { len: octets.len() as u8, octets: room })
    }

    /// An engine ID of the form that RFC 3411 gives to vendors: the first bit
    /// set, the enterprise's number, the format 5 for octets of one's own, and
    /// those octets, which must be random.
    pub fn of_enterprise(enterprise: u32, random: [u8; 12]) -> Self {
        let mut octets = [0; 17];
        octets[..4].copy_from_slice(&(enterprise | 1 << 31).to_be_bytes());
        octets[4] = 5;
        octets[5..].copy_from_slice(&random);
        Self::new(&octets).expect("the fifth octet is 5")
    }

    /// The octets.
    pub fn as_octets(&self) -> &[u8] {
        self.octets.get(..usize::from(self.len)).unwrap_or_default()
    }
}

impl fmt::Display for EngineId {
    /// Hexadecimal digits, as net-snmp's tools take them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_octets().iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Debug for EngineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for EngineId {
    type Err = EngineIdError;

    fn from_str(text: &str) -> Result<Self, EngineIdError> {
        let text = text.strip_prefix("0x").unwrap_or(text);
        if !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(EngineIdError);
        }
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        let octet = |pair: &[u8; 2]| {
            let text = std::str::from_utf8(pair).map_err(|_| EngineIdError)?;
            u8::from_str_radix(text, 16).map_err(|_| EngineIdError)
        };
        match rest {
            [] => Self::new(&pairs.iter().map(octet).collect::<Result<Vec<u8>, _>>()?),
            _ => Err(EngineIdError),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_an_engine() {
        for (octets, good) in [
            (&[1, 2, 3, 4][..], false),
            (&[1, 2, 3, 4, 5], true),
            (&[0; 12], false),
            (&[0xff; 12], false),
            (&[1; 32], true),
            (&[1; 33], false),
        ] {
            assert_eq!(EngineId::new(octets).is_ok(), good, "{octets:?}");
        }
    }

    #[test]
    fn text_and_octets_agree() {
        let id = EngineId::of_enterprise(8072, [7; 12]);
        assert_eq!(id.to_string(), "80001f8805070707070707070707070707");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!("0x8000000001".parse::<EngineId>().map(|id| id.as_octets().len()), Ok(5));
        for text in ["", "80001f8", "80001f880g", "+80001f8805", "8000 1f88 05"] {
            assert!(text.parse::<EngineId>().is_err(), "{text:?}");
        }
    }
}
