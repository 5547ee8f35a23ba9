//! The protocols by the names people give them.

use std::{fmt, str::FromStr};

use thiserror::Error;

/// How messages are authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AuthProtocol {
    /// usmHMACMD5AuthProtocol (RFC 3414 §6). MD5 is broken as a hash, and kept
    /// for old equipment.
    Md5,
    /// usmHMACSHAAuthProtocol (RFC 3414 §7).
    Sha1,
    /// usmHMAC128SHA224AuthProtocol (RFC 7860).
    Sha224,
    /// usmHMAC192SHA256AuthProtocol (RFC 7860).
    Sha256,
    /// usmHMAC256SHA384AuthProtocol (RFC 7860).
    Sha384,
    /// usmHMAC384SHA512AuthProtocol (RFC 7860).
    Sha512,
}

/// How scoped PDUs are encrypted.
///
/// No RFC says how AES keys of more than 128 bits come from passwords, and two
/// ways are in use. They differ as soon as the hash of the authentication
/// protocol is shorter than the key, and then nobody on one side understands the
/// other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PrivProtocol {
    /// usmDESPrivProtocol (RFC 3414 §8). 56 bits of key are none today; it is
    /// kept for old equipment.
    Des,
    /// usmAesCfb128Protocol (RFC 3826).
    Aes128,
    /// CFB-AES-192 with keys extended as draft-blumenthal-aes-usm-04 has it, by
    /// hashing what is there; net-snmp's AES-192.
    Aes192,
    /// CFB-AES-256, likewise.
    Aes256,
    /// CFB-AES-192 with keys extended as draft-reeder-snmpv3-usm-3desede-00 has
    /// it, by taking the localised key for another password; Cisco's.
    Aes192Reeder,
    /// CFB-AES-256, likewise.
    Aes256Reeder,
}

/// A name that no protocol has.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{name:?} is no protocol; there are {known}")]
pub struct ProtocolError {
    name: String,
    known: &'static str,
}

impl AuthProtocol {
    /// All of them, weakest first.
    pub const ALL: [Self; 6] =
        [Self::Md5, Self::Sha1, Self::Sha224, Self::Sha256, Self::Sha384, Self::Sha512];

    /// The name net-snmp's tools and this project's files have for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA",
            Self::Sha224 => "SHA-224",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        }
    }

    /// The octets of its hash, and so of its keys.
    pub fn key_len(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha224 => 28,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The octets of the message authentication code in a message. The protocol
    /// alone decides it, never the message: a code of one octet would be guessed
    /// at the 256th attempt.
    pub fn mac_len(self) -> usize {
        match self {
            Self::Md5 | Self::Sha1 => 12,
            Self::Sha224 => 16,
            Self::Sha256 => 24,
            Self::Sha384 => 32,
            Self::Sha512 => 48,
        }
    }
}

impl PrivProtocol {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Des,
        Self::Aes128,
        Self::Aes192,
        Self::Aes256,
        Self::Aes192Reeder,
        Self::Aes256Reeder,
    ];

    /// The name net-snmp and this project's files have for it; `-C` is Cisco's.
    pub fn name(self) -> &'static str {
        match self {
            Self::Des => "DES",
            Self::Aes128 => "AES-128",
            Self::Aes192 => "AES-192",
            Self::Aes256 => "AES-256",
            Self::Aes192Reeder => "AES-192-C",
            Self::Aes256Reeder => "AES-256-C",
        }
    }

    /// The octets of its keys; DES's include what makes the initialisation
    /// vectors.
    pub fn key_len(self) -> usize {
        match self {
            Self::Des | Self::Aes128 => 16,
            Self::Aes192 | Self::Aes192Reeder => 24,
            Self::Aes256 | Self::Aes256Reeder => 32,
        }
    }

    /// What a scoped PDU's length is rounded up to a multiple of.
    pub fn block_len(self) -> usize {
        match self {
            Self::Des => 8,
            _ => 1,
        }
    }
}

impl FromStr for AuthProtocol {
    type Err = ProtocolError;

    fn from_str(text: &str) -> Result<Self, ProtocolError> {
        let name = text.to_ascii_uppercase();
        let found = Self::ALL.into_iter().find(|protocol| protocol.name() == name);
        // RFC 3414 and many devices write it so.
        let found = found.or((name == "SHA-1" || name == "SHA1").then_some(Self::Sha1));
        let known = "MD5, SHA, SHA-224, SHA-256, SHA-384 and SHA-512";
        found.ok_or(ProtocolError { name: text.chars().take(40).collect(), known })
    }
}

impl FromStr for PrivProtocol {
    type Err = ProtocolError;

    fn from_str(text: &str) -> Result<Self, ProtocolError> {
        let name = text.to_ascii_uppercase();
        let found = Self::ALL.into_iter().find(|protocol| protocol.name() == name);
        // net-snmp's tools write it so.
        let found = found.or((name == "AES").then_some(Self::Aes128));
        let known = "DES, AES-128, AES-192, AES-256, AES-192-C and AES-256-C";
        found.ok_or(ProtocolError { name: text.chars().take(40).collect(), known })
    }
}

impl fmt::Display for AuthProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for PrivProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways() {
        for protocol in AuthProtocol::ALL {
            assert_eq!(protocol.name().parse(), Ok(protocol));
        }
        for protocol in PrivProtocol::ALL {
            assert_eq!(protocol.name().to_lowercase().parse(), Ok(protocol));
        }
        assert_eq!("AES".parse(), Ok(PrivProtocol::Aes128));
        assert_eq!("sha-1".parse(), Ok(AuthProtocol::Sha1));
        let error = "SHA-3".parse::<AuthProtocol>().unwrap_err();
        assert!(error.to_string().contains("SHA-256"), "{error}");
        assert!("3DES".parse::<PrivProtocol>().is_err());
    }
}
