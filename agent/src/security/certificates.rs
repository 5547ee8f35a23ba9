//! Who the certificates of clients stand for (RFC 6353 §5.3.2 and §7,
//! snmpTlstmCertToTSNTable).
//!
//! A certificate is known by its fingerprint, and then needs no authority, or because an
//! authority has signed it whose fingerprint a row has and whose certificate is in the
//! file of authorities. Rows are tried in their order, and the first of which a name
//! comes counts.

use std::{collections::BTreeMap, net::Ipv4Addr};

use lcms_lb_core::model::RowState;
use lcms_tls::{Fingerprint, valid_at};
use rustls::{
    CertificateError,
    pki_types::{CertificateDer, UnixTime},
};
use serde::{Deserialize, Serialize};
use x509_cert::{
    Certificate,
    der::{
        Tag, Tagged,
        asn1::{Ia5StringRef, PrintableStringRef, TeletexStringRef, Utf8StringRef},
        oid::db::rfc4519::CN,
    },
    ext::pkix::{SubjectAltName, name::GeneralName},
};

use super::{Authorities, Storage, rows::LONGEST_NAME};

/// What a name is made of (RFC 6353 §7, snmpTlstmCertToTSNMIdentities).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MapType {
    /// The row's data is it.
    Specified,
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

/// A row of snmpTlstmCertToTSNTable: whom a certificate stands for, or those that an
/// authority has signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateRow {
    /// The certificate, or the authority's, once somebody has said.
    pub fingerprint: Option<Fingerprint>,
    /// What the name is made of.
    pub map: MapType,
    /// The name itself, where the row says it.
    pub data: Vec<u8>,
    /// How long it lives.
    pub storage: Storage,
    /// What its RowStatus was set to.
    pub row: RowState,
}

/// The active rows in their order, ready for use.
#[derive(Debug, Default, PartialEq)]
pub struct Certificates {
    maps: Vec<Map>,
    authorities: Authorities,
}

#[derive(Debug, PartialEq)]
struct Map {
    fingerprint: Fingerprint,
    kind: MapType,
    data: Vec<u8>,
    /// The authority with that fingerprint, if there is one.
    authority: Option<usize>,
}

impl CertificateRow {
    /// Whether it may be active (RFC 6353, snmpTlstmCertToTSNRowStatus): the data has
    /// been set too, where a name comes of it.
    pub fn is_complete(&self) -> bool {
        self.fingerprint.is_some() && (self.map != MapType::Specified || !self.data.is_empty())
    }
}

impl Certificates {
    /// Makes rows ready.
    pub fn new(rows: &BTreeMap<u32, CertificateRow>, authorities: &Authorities) -> Self {
        let active = rows.values().filter(|row| row.row == RowState::Active);
        let maps = active.filter_map(|row| {
            let fingerprint = row.fingerprint.clone()?;
            let authority = authorities.find(&fingerprint);
            Some(Map { fingerprint, kind: row.map, data: row.data.clone(), authority })
        });
        Self { maps: maps.collect(), authorities: authorities.clone() }
    }

    /// The name of whoever has shown that this certificate is its own, with others that
    /// it sent along.
    pub fn name(
        &self,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<String, CertificateError> {
        let parsed = valid_at(certificate, now)?;
        let fingerprints = Fingerprint::all_of(certificate);
        // Each authority is asked once, however many rows have its fingerprint: whoever
        // connects is not known yet.
        let mut asked = vec![None; self.authorities.count()];
        let mut has_signed = |at: usize| {
            let ask = || self.authorities.has_signed(at, certificate, others, now);
            asked.get_mut(at).is_some_and(|answer| *answer.get_or_insert_with(ask))
        };
        let mut refusal = CertificateError::UnknownIssuer;
        for map in &self.maps {
            if !fingerprints.contains(&map.fingerprint)
                && !map.authority.is_some_and(&mut has_signed)
            {
                continue;
            }
            let name = map.kind.name(&map.data, &parsed);
            match name.filter(|name| (1..=LONGEST_NAME).contains(&name.len())) {
                Some(name) => return Ok(name),
                None => refusal = CertificateError::ApplicationVerificationFailure,
            }
        }
        Err(refusal)
    }
}

impl MapType {
    /// The name that comes of a certificate, if one does. Of several of a kind the first
    /// counts.
    fn name(self, data: &[u8], certificate: &Certificate) -> Option<String> {
        match self {
            Self::Specified => String::from_utf8(data.to_vec()).ok(),
            Self::CommonName => common_name(certificate),
            kind => {
                let (_, names) = certificate.tbs_certificate.get::<SubjectAltName>().ok()??;
                names.0.iter().find(|name| kind.is_of(name)).and_then(alternative)
            }
        }
    }

    fn is_of(self, name: &GeneralName) -> bool {
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

#[cfg(test)]
mod tests;
