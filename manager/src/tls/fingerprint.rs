//! Certificates by their SHA-256 digests.

use std::{fmt, str::FromStr};

use sha2::{Digest as _, Sha256};
use thiserror::Error;

/// The digest of a certificate, as the configuration of agents has it too.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

/// A text that is no [`Fingerprint`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is no SHA-256 fingerprint, which has 64 hexadecimal digits")]
pub struct FingerprintError(String);

impl Fingerprint {
    /// That of a certificate in DER.
    pub fn of(certificate: &[u8]) -> Self {
        Self(Sha256::digest(certificate).into())
    }
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    /// Reads hexadecimal digits, with colons or without.
    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        let read = || {
            let mut octets = [0; 32];
            let mut digits = text.chars().filter(|c| *c != ':').map(|c| c.to_digit(16));
            for octet in &mut octets {
                *octet = u8::try_from(digits.next()?? << 4 | digits.next()??).ok()?;
            }
            digits.next().is_none().then_some(Self(octets))
        };
        read().ok_or_else(|| FingerprintError(text.chars().take(100).collect()))
    }
}

impl fmt::Display for Fingerprint {
    /// As `openssl x509 -fingerprint -sha256` shows it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let octets: Vec<String> = self.0.iter().map(|octet| format!("{octet:02X}")).collect();
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
    use super::*;

    #[test]
    fn what_openssl_shows_is_read() {
        let fingerprint = Fingerprint::of(b"a certificate");
        let shown = fingerprint.to_string();
        assert_eq!(shown.len(), 95);
        assert_eq!(shown.parse(), Ok(fingerprint));
        assert_eq!(shown.replace(':', "").to_lowercase().parse(), Ok(fingerprint));
        for wrong in ["", "AB", &shown[1..], &format!("{shown}:00"), &shown.replace(':', "g")] {
            assert!(wrong.parse::<Fingerprint>().is_err(), "{wrong}");
        }
    }
}
