//! Names out of certificates, as RFC 6353 §5.3.2 and §7 make them.

use std::{net::IpAddr, slice, sync::Arc};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SanType, date_time_ymd,
};
use rustls::crypto::ring;

use super::*;

fn now() -> UnixTime {
    UnixTime::now()
}

fn params(common_name: &str, alternatives: Vec<SanType>) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.subject_alt_names = alternatives;
    params
}

fn self_signed(params: &CertificateParams) -> CertificateDer<'static> {
    params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().clone()
}

/// An authority, and what signs in its name.
fn authority(name: &str) -> (CertificateDer<'static>, Issuer<'static, KeyPair>) {
    let mut params = params(name, Vec::new());
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap().der().clone();
    (certificate, Issuer::new(params, key))
}

fn signed(params: &CertificateParams, by: &Issuer<'_, KeyPair>) -> CertificateDer<'static> {
    params.signed_by(&KeyPair::generate().unwrap(), by).unwrap().der().clone()
}

fn row(certificate: &CertificateDer<'_>, map: MapType) -> CertificateRow {
    let (fingerprint, row) = (Some(Fingerprint::of(certificate)), RowState::Active);
    CertificateRow { fingerprint, map, row, ..CertificateRow::default() }
}

fn specified(certificate: &CertificateDer<'_>, name: &str) -> CertificateRow {
    CertificateRow { data: name.into(), ..row(certificate, MapType::Specified) }
}

fn certificates(
    rows: Vec<CertificateRow>,
    authorities: &[CertificateDer<'static>],
) -> Certificates {
    let authorities = Authorities::new(authorities, &Arc::new(ring::default_provider()));
    Certificates::new(&(1..).zip(rows).collect(), &authorities.unwrap())
}

/// What a row of this kind makes of a certificate.
fn name(map: MapType, params: &CertificateParams) -> Result<String, CertificateError> {
    let certificate = self_signed(params);
    certificates(vec![row(&certificate, map)], &[]).name(&certificate, &[], now())
}

fn text(text: &str) -> rcgen::string::Ia5String {
    text.try_into().unwrap()
}

#[test]
fn names_are_made_as_the_row_says() {
    let ip = |text: &str| SanType::IpAddress(text.parse::<IpAddr>().unwrap());
    let certificate = params(
        "Ops Desk",
        vec![
            ip("192.0.2.7"),
            SanType::DnsName(text("NOC.Example.NET")),
            SanType::Rfc822Name(text("Ann.B@Example.NET")),
            SanType::DnsName(text("second.example.net")),
        ],
    );
    let name = |map| name(map, &certificate);
    assert_eq!(name(MapType::CommonName), Ok("Ops Desk".to_owned()));
    assert_eq!(name(MapType::Rfc822Name), Ok("Ann.B@example.net".to_owned()));
    assert_eq!(name(MapType::DnsName), Ok("noc.example.net".to_owned()));
    assert_eq!(name(MapType::IpAddress), Ok("192.0.2.7".to_owned()));
    assert_eq!(name(MapType::AnyName), Ok("192.0.2.7".to_owned()));
    let six = params("x", vec![ip("2001:db8::1")]);
    let digits = "20010db8000000000000000000000001".to_owned();
    assert_eq!(self::name(MapType::IpAddress, &six), Ok(digits));
}

/// A name that VACM cannot have, or none, is no name.
#[test]
fn a_certificate_without_such_a_name_is_refused() {
    let refused = Err(CertificateError::ApplicationVerificationFailure);
    let plain = params(&"x".repeat(33), vec![SanType::Rfc822Name(text("no host"))]);
    for map in [MapType::CommonName, MapType::Rfc822Name, MapType::DnsName, MapType::IpAddress] {
        assert_eq!(name(map, &plain), refused);
    }
    assert_eq!(name(MapType::AnyName, &params("x", Vec::new())), refused);
    assert_eq!(name(MapType::CommonName, &params("", Vec::new())), refused);
}

/// Rows are tried in their order, and one without a name gives way to the next.
#[test]
fn the_first_row_that_makes_a_name_counts() {
    let certificate = self_signed(&params("ann", Vec::new()));
    let other = self_signed(&params("ann", Vec::new()));
    let parked =
        CertificateRow { row: RowState::NotInService, ..specified(&certificate, "parked") };
    let rows = vec![
        specified(&other, "other"),
        row(&certificate, MapType::DnsName),
        parked,
        specified(&certificate, "much longer than a name that VACM can have"),
        CertificateRow { data: vec![0xff], ..specified(&certificate, "") },
        specified(&certificate, "first"),
        specified(&certificate, "second"),
    ];
    let name = certificates(rows, &[]).name(&certificate, &[], now());
    assert_eq!(name, Ok("first".to_owned()));
}

#[test]
fn nobody_knows_a_stranger() {
    let known = self_signed(&params("ann", Vec::new()));
    let stranger = self_signed(&params("ann", Vec::new()));
    let rows = certificates(vec![row(&known, MapType::CommonName)], &[]);
    assert_eq!(rows.name(&stranger, &[], now()), Err(CertificateError::UnknownIssuer));
    let nothing = Certificates::default();
    assert_eq!(nothing.name(&known, &[], now()), Err(CertificateError::UnknownIssuer));
    let damaged = CertificateDer::from(vec![0x30, 3, 1, 2, 3]);
    assert_eq!(rows.name(&damaged, &[], now()), Err(CertificateError::BadEncoding));
}

#[test]
fn an_authority_speaks_for_what_it_signed() {
    let (ours, issuer) = authority("our authority");
    let (theirs, other_issuer) = authority("their authority");
    let ann = params("ann", Vec::new());
    let rows = || vec![row(&ours, MapType::CommonName)];
    let trusting = certificates(rows(), &[theirs.clone(), ours.clone()]);
    assert_eq!(trusting.name(&signed(&ann, &issuer), &[], now()), Ok("ann".to_owned()));
    let forged = signed(&ann, &other_issuer);
    assert_eq!(trusting.name(&forged, &[], now()), Err(CertificateError::UnknownIssuer));
    // The fingerprint alone verifies nothing.
    let blind = certificates(rows(), &[theirs]);
    let signed = signed(&ann, &issuer);
    assert_eq!(blind.name(&signed, &[], now()), Err(CertificateError::UnknownIssuer));
    assert_ne!(trusting, blind);
}

/// A chain over an authority in between, which the client sends along.
#[test]
fn an_authority_speaks_through_others() {
    let (root, issuer) = authority("root");
    let mut between = params("between", Vec::new());
    between.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let middle = between.signed_by(&key, &issuer).unwrap().der().clone();
    let leaf = signed(&params("ann", Vec::new()), &Issuer::new(between, key));
    let rows = certificates(vec![row(&root, MapType::CommonName)], &[root]);
    assert_eq!(rows.name(&leaf, &[middle], now()), Ok("ann".to_owned()));
    assert_eq!(rows.name(&leaf, &[], now()), Err(CertificateError::UnknownIssuer));
}

/// Also where its fingerprint is known.
#[test]
fn a_certificate_is_one_as_long_as_it_says() {
    let mut old = params("ann", Vec::new());
    old.not_before = date_time_ymd(2001, 1, 1);
    old.not_after = date_time_ymd(2002, 1, 1);
    let mut early = params("ann", Vec::new());
    early.not_before = date_time_ymd(3000, 1, 1);
    early.not_after = date_time_ymd(3001, 1, 1);
    assert_eq!(name(MapType::CommonName, &old), Err(CertificateError::Expired));
    assert_eq!(name(MapType::CommonName, &early), Err(CertificateError::NotValidYet));
}

/// Whichever function of those there are a row has it by.
#[test]
fn a_certificate_has_a_fingerprint_by_each_function() {
    let ann = self_signed(&params("ann", Vec::new()));
    let (ours, issuer) = authority("our authority");
    let signed = signed(&params("ann", Vec::new()), &issuer);
    for (known, shown) in [(&ann, &ann), (&ours, &signed)] {
        for fingerprint in Fingerprint::all_of(known) {
            let row = CertificateRow {
                fingerprint: Some(fingerprint),
                ..row(known, MapType::CommonName)
            };
            let rows = certificates(vec![row], slice::from_ref(&ours));
            assert_eq!(rows.name(shown, &[], now()), Ok("ann".to_owned()));
        }
    }
}
