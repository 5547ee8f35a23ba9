//! Who the certificates of clients stand for (RFC 6353 §5.3.2 and §7,
//! snmpTlstmCertToTSNTable).
//!
//! A certificate is known by its fingerprint, and then needs no authority, or because an
//! authority has signed it whose fingerprint a row has and whose certificate is in the
//! file of authorities. Rows are tried in their order, and the first of which a name
//! comes counts.

use std::{
    fmt,
    net::Ipv4Addr,
    str::FromStr,
    sync::Arc,
    time::{Duration, Instant},
};

use rustls::{
    CertificateError, RootCertStore,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, UnixTime},
    server::{WebPkiClientVerifier, danger::ClientCertVerifier},
};
use sha2::{Digest, Sha256};
use x509_cert::{
    Certificate,
    der::{
        Decode, Tag, Tagged,
        asn1::{Ia5StringRef, PrintableStringRef, TeletexStringRef, Utf8StringRef},
        oid::db::rfc4519::CN,
    },
    ext::pkix::{SubjectAltName, name::GeneralName},
};

/// The number of SHA-256 among the hash functions of TLS 1.2 (RFC 5246 §7.4.1.4.1).
const SHA256: u8 = 4;

/// What VACM takes for a name (RFC 3415, vacmSecurityName).
const LONGEST_NAME: usize = 32;

/// SnmpTLSFingerprint: the number of SHA-256, and the digest of a certificate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 33]);

/// What a name is made of (RFC 6353 §7, snmpTlstmCertToTSNMIdentities).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MapType {
    /// This is it.
    Specified(String),
    /// The certificate's first mail address.
    Rfc822Name,
    /// Its first host name.
    DnsName,
    /// Its first IP address.
    IpAddress,
    /// Its first of these.
    AnyName,
    /// The CommonName of its subject.
    CommonName,
}

/// A row: whom a certificate stands for, or those that an authority has signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateRow {
    /// The certificate, or the authority's.
    pub fingerprint: Fingerprint,
    /// What the name is made of.
    pub map: MapType,
}

/// The rows, ready for use.
#[derive(Default)]
pub struct Certificates {
    rows: Vec<CertificateRow>,
    /// For each row whose fingerprint is an authority's, what verifies by that alone.
    authorities: Vec<Option<Arc<dyn ClientCertVerifier>>>,
    changed: Option<Instant>,
}

/// Why certificates cannot be authorities.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unverified(String);

impl Certificates {
    /// Makes rows ready, with the certificates of authorities.
    pub fn new(
        rows: Vec<CertificateRow>,
        authorities: &[CertificateDer<'static>],
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, Unverified> {
        let verifier = |row: &CertificateRow| {
            let authority = authorities.iter().find(|one| Fingerprint::of(one) == row.fingerprint);
            authority.map(|one| verifier(one.clone(), provider)).transpose()
        };
        let authorities = rows.iter().map(verifier).collect::<Result<_, _>>()?;
        Ok(Self { rows, authorities, changed: Some(Instant::now()) })
    }

    /// The rows, of which the first has the number 1.
    pub fn rows(&self) -> &[CertificateRow] {
        &self.rows
    }

    /// How long after the start the rows became what they are.
    pub fn changed_after(&self, started: Instant) -> Duration {
        self.changed.map_or(Duration::ZERO, |at| at.saturating_duration_since(started))
    }

    /// The name of whoever has shown that this certificate is its own, with others that
    /// it sent along.
    pub fn name(
        &self,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<String, CertificateError> {
        let fingerprint = Fingerprint::of(certificate);
        let parsed =
            Certificate::from_der(certificate).map_err(|_| CertificateError::BadEncoding)?;
        let validity = parsed.tbs_certificate.validity;
        if now.as_secs() < validity.not_before.to_unix_duration().as_secs() {
            return Err(CertificateError::NotValidYet);
        }
        if now.as_secs() > validity.not_after.to_unix_duration().as_secs() {
            return Err(CertificateError::Expired);
        }
        let mut refusal = CertificateError::UnknownIssuer;
        for (row, authority) in self.rows.iter().zip(&self.authorities) {
            let is_signed = || {
                let authority = authority.as_ref()?;
                authority.verify_client_cert(certificate, others, now).ok()
            };
            if row.fingerprint != fingerprint && is_signed().is_none() {
                continue;
            }
            match row.map.name(&parsed).filter(|name| (1..=LONGEST_NAME).contains(&name.len())) {
                Some(name) => return Ok(name),
                None => refusal = CertificateError::ApplicationVerificationFailure,
            }
        }
        Err(refusal)
    }
}

fn verifier(
    authority: CertificateDer<'static>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, Unverified> {
    let mut roots = RootCertStore::empty();
    roots.add(authority).map_err(|error| Unverified(error.to_string()))?;
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .build()
        .map_err(|error| Unverified(error.to_string()))
}

impl PartialEq for Certificates {
    fn eq(&self, other: &Self) -> bool {
        let is_signed =
            |one: &Self| -> Vec<bool> { one.authorities.iter().map(Option::is_some).collect() };
        self.rows == other.rows && is_signed(self) == is_signed(other)
    }
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.rows).finish()
    }
}

impl MapType {
    /// The name that comes of a certificate, if one does. Of several of a kind the first
    /// counts.
    fn name(&self, certificate: &Certificate) -> Option<String> {
        match self {
            Self::Specified(name) => Some(name.clone()),
            Self::CommonName => common_name(certificate),
            kind => {
                let (_, names) = certificate.tbs_certificate.get::<SubjectAltName>().ok()??;
                names.0.iter().find(|name| kind.is_of(name)).and_then(alternative)
            }
        }
    }

    fn is_of(&self, name: &GeneralName) -> bool {
        match name {
            GeneralName::Rfc822Name(_) => matches!(self, Self::Rfc822Name | Self::AnyName),
            GeneralName::DnsName(_) => matches!(self, Self::DnsName | Self::AnyName),
            GeneralName::IpAddress(_) => matches!(self, Self::IpAddress | Self::AnyName),
            _ => false,
        }
    }
}

/// An alternative name in the form that RFC 6353 §7 gives it.
fn alternative(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::Rfc822Name(address) => {
            let (local, host) = address.as_str().rsplit_once('@')?;
            Some(format!("{local}@{}", host.to_ascii_lowercase()))
        }
        GeneralName::DnsName(name) => Some(name.as_str().to_ascii_lowercase()),
        GeneralName::IpAddress(octets) => match *octets.as_bytes() {
            [a, b, c, d] => Some(Ipv4Addr::new(a, b, c, d).to_string()),
            ref octets if octets.len() == 16 => {
                Some(octets.iter().map(|octet| format!("{octet:02x}")).collect())
            }
            _ => None,
        },
        _ => None,
    }
}

fn common_name(certificate: &Certificate) -> Option<String> {
    let mut attributes = certificate.tbs_certificate.subject.0.iter().flat_map(|set| set.0.iter());
    let value = &attributes.find(|attribute| attribute.oid == CN)?.value;
    match value.tag() {
        Tag::Utf8String => value.decode_as::<Utf8StringRef<'_>>().map(|text| text.to_string()),
        Tag::PrintableString => {
            value.decode_as::<PrintableStringRef<'_>>().map(|text| text.to_string())
        }
        Tag::Ia5String => value.decode_as::<Ia5StringRef<'_>>().map(|text| text.to_string()),
        Tag::TeletexString => {
            value.decode_as::<TeletexStringRef<'_>>().map(|text| text.to_string())
        }
        _ => return None,
    }
    .ok()
}

impl Fingerprint {
    /// That of a certificate.
    pub fn of(certificate: &CertificateDer<'_>) -> Self {
        Self::of_digest(Sha256::digest(certificate.as_ref()).into())
    }

    fn of_digest(digest: [u8; 32]) -> Self {
        let mut octets = [SHA256; 33];
        octets[1..].copy_from_slice(&digest);
        Self(octets)
    }

    /// The octets of SnmpTLSFingerprint.
    pub fn as_octets(&self) -> &[u8] {
        &self.0
    }
}

impl FromStr for Fingerprint {
    type Err = String;

    /// Reads the digest in hexadecimal digits, with colons or without.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "{:?} is no SHA-256 fingerprint, which has 64 hexadecimal digits",
                text.chars().take(100).collect::<String>()
            )
        };
        let digits: Option<Vec<u8>> = text
            .chars()
            .filter(|c| *c != ':')
            .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
            .collect();
        let digits = digits.ok_or_else(wrong)?;
        let (pairs, []) = digits.as_chunks::<2>() else { return Err(wrong()) };
        let octets: Vec<u8> = pairs.iter().map(|[high, low]| high << 4 | low).collect();
        octets.try_into().map(Self::of_digest).map_err(|_| wrong())
    }
}

impl fmt::Display for Fingerprint {
    /// The digest, as `openssl x509 -fingerprint` shows it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [_, digest @ ..] = &self.0;
        let octets: Vec<String> = digest.iter().map(|octet| format!("{octet:02X}")).collect();
        f.write_str(&octets.join(":"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests;
