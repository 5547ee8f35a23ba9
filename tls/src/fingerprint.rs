//! Certificates by their digests (RFC 6353 §7, SnmpTLSFingerprint).

use std::{fmt, str::FromStr};

use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};
use thiserror::Error;

/// The numbers of hash functions (RFC 9456 §4, which has them from TLS 1.2).
const SHA224: u8 = 3;
const SHA256: u8 = 4;
const SHA384: u8 = 5;
const SHA512: u8 = 6;

/// SnmpTLSFingerprint: the number of a hash function, and its digest of a certificate.
///
/// The functions are those of SHA-2. MD5 and SHA-1 have numbers as well, which RFC 9456
/// does not recommend: two certificates can be made to have one digest.
#[derive(Clone, PartialEq, Eq)]
pub struct Fingerprint(Vec<u8>);

/// A text that is no [`Fingerprint`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is no SHA-256 fingerprint, which has 64 hexadecimal digits")]
pub struct FingerprintError(String);

impl Fingerprint {
    /// Octets that are a fingerprint by a function that is known here: with as many of
    /// them as its digest has.
    pub fn new(octets: &[u8]) -> Option<Self> {
        let (function, digest) = octets.split_first()?;
        let length = match *function {
            SHA224 => Sha224::output_size(),
            SHA256 => Sha256::output_size(),
            SHA384 => Sha384::output_size(),
            SHA512 => Sha512::output_size(),
            _ => return None,
        };
        (digest.len() == length).then(|| Self(octets.to_vec()))
    }

    /// That of a certificate by SHA-256, as configurations have it.
    pub fn of(certificate: &[u8]) -> Self {
        Self::of_digest(SHA256, &Sha256::digest(certificate))
    }

    /// Those of a certificate by all functions.
    pub fn all_of(certificate: &[u8]) -> [Self; 4] {
        [
            Self::of(certificate),
            Self::of_digest(SHA224, &Sha224::digest(certificate)),
            Self::of_digest(SHA384, &Sha384::digest(certificate)),
            Self::of_digest(SHA512, &Sha512::digest(certificate)),
        ]
    }

    fn of_digest(function: u8, digest: &[u8]) -> Self {
        Self([&[function], digest].concat())
    }

    /// The octets of SnmpTLSFingerprint.
    pub fn as_octets(&self) -> &[u8] {
        &self.0
    }
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    /// Reads the digest by SHA-256 in hexadecimal digits, with colons or without.
    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        let wrong = || FingerprintError(text.chars().take(100).collect());
        let digits: Option<Vec<u8>> = text
            .chars()
            .filter(|c| *c != ':')
            .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
            .collect();
        let digits = digits.ok_or_else(wrong)?;
        let (pairs, []) = digits.as_chunks::<2>() else { return Err(wrong()) };
        let octets = pairs.iter().map(|[high, low]| high << 4 | low);
        let octets: Vec<u8> = [SHA256].into_iter().chain(octets).collect();
        Self::new(&octets).ok_or_else(wrong)
    }
}

impl fmt::Display for Fingerprint {
    /// The digest, as `openssl x509 -fingerprint` shows it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let octets: Vec<String> =
            self.0.iter().skip(1).map(|octet| format!("{octet:02X}")).collect();
        f.write_str(&octets.join(":"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection, prelude::*};

    use super::*;

    #[test]
    fn fingerprints_are_read_as_openssl_shows_them() {
        let fingerprint = Fingerprint::of(b"a certificate");
        let shown = fingerprint.to_string();
        assert_eq!(shown.len(), 95);
        assert_eq!(shown.parse(), Ok(fingerprint.clone()));
        assert_eq!(shown.replace(':', "").to_lowercase().parse(), Ok(fingerprint));
        for wrong in ["", "AB", &shown[1..], &format!("{shown}:00"), &shown.replace(':', "g")] {
            assert!(wrong.parse::<Fingerprint>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn each_function_has_its_number_and_length() {
        let all = Fingerprint::all_of(b"a certificate");
        let heads = all.each_ref().map(|one| (one.as_octets()[0], one.as_octets().len()));
        assert_eq!(heads, [(4, 33), (3, 29), (5, 49), (6, 65)]);
        for one in all {
            assert_eq!(Fingerprint::new(one.as_octets()), Some(one));
        }
    }

    proptest! {
        #[test]
        fn octets_are_a_fingerprint_or_they_are_not(
            octets in (0u8..10, prop_oneof![Just(16), Just(20), Just(28), Just(32), Just(48),
                Just(64), 0usize..255]).prop_flat_map(|(function, length)| {
                collection::vec(any::<u8>(), length).prop_map(move |mut octets| {
                    octets.insert(0, function);
                    octets
                })
            })
        ) {
            let known = [(3, 28), (4, 32), (5, 48), (6, 64)];
            let is_one = known.contains(&(octets[0], octets.len() - 1));
            let read = Fingerprint::new(&octets);
            prop_assert_eq!(read.as_ref().map(Fingerprint::as_octets), is_one.then_some(&octets[..]));
            prop_assert_eq!(Fingerprint::new(&[]), None);
        }
    }
}
