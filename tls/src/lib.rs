//! What both ends of SNMP over TLS make of certificates (RFC 6353): how one is known,
//! when it is one, and by whom a handshake was signed. Whose certificate is whose, and
//! what is said where it is another's, is a matter of either end.

mod fingerprint;

use std::sync::Arc;

use rustls::{
    CertificateError, DigitallySignedStruct, Error, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, UnixTime},
};
use x509_cert::{Certificate, der::Decode as _};

pub use fingerprint::{Fingerprint, FingerprintError};

/// A certificate, if it is one at this time, however it is known.
pub fn valid_at(
    certificate: &CertificateDer<'_>,
    now: UnixTime,
) -> Result<Certificate, CertificateError> {
    let parsed = Certificate::from_der(certificate).map_err(|_| CertificateError::BadEncoding)?;
    let validity = parsed.tbs_certificate.validity;
    if now.as_secs() < validity.not_before.to_unix_duration().as_secs() {
        return Err(CertificateError::NotValidYet);
    }
    if now.as_secs() > validity.not_after.to_unix_duration().as_secs() {
        return Err(CertificateError::Expired);
    }
    Ok(parsed)
}

/// What checks that a handshake was signed by the key of the certificate in it. Verifiers
/// that know a certificate in ways of their own leave this to it.
#[derive(Clone, Debug)]
pub struct Signatures(Arc<CryptoProvider>);

impl Signatures {
    /// By what encrypts as well.
    pub fn new(provider: Arc<CryptoProvider>) -> Self {
        Self(provider)
    }

    /// Checks one of TLS 1.2.
    pub fn verify_tls12(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    /// Checks one of TLS 1.3.
    pub fn verify_tls13(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    /// What can be checked.
    pub fn schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
