//! How the certificate of an agent is known.

use std::{fmt, sync::Arc};

use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use x509_cert::{Certificate, der::Decode as _};

use super::{Authorities, Fingerprint};

/// What an agent has to show.
#[derive(Clone)]
pub enum Server {
    /// This certificate, whoever has signed it.
    Certificate(Fingerprint),
    /// One of this name or address, by one of these.
    Name(ServerName<'static>, Authorities),
}

/// An agent has shown another certificate than it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the agent shows the certificate {shown}, and not {expected}")]
pub struct WrongFingerprint {
    /// What it should have shown.
    pub expected: Fingerprint,
    /// What it has shown.
    pub shown: Fingerprint,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificate(fingerprint) => fingerprint.fmt(f),
            Self::Name(name, _) => name.fmt(f),
        }
    }
}

/// Knows an agent by what it has to show.
pub(super) struct Verifier {
    pub(super) server: Server,
    pub(super) provider: Arc<CryptoProvider>,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Verifier").field(&self.server).finish()
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let expected = match &self.server {
            Server::Name(_, Authorities(authorities)) => {
                return authorities.verify_server_cert(certificate, others, name, ocsp, now);
            }
            Server::Certificate(expected) => *expected,
        };
        let shown = Fingerprint::of(certificate);
        if shown != expected {
            let wrong = OtherError(Arc::new(WrongFingerprint { expected, shown }));
            return Err(CertificateError::Other(wrong).into());
        }
        is_valid_at(certificate, now)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Who is known by a fingerprint needs no authority, and is not known for ever.
fn is_valid_at(certificate: &CertificateDer<'_>, now: UnixTime) -> Result<(), CertificateError> {
    let parsed = Certificate::from_der(certificate).map_err(|_| CertificateError::BadEncoding)?;
    let validity = parsed.tbs_certificate.validity;
    let seconds = |time: x509_cert::time::Time| time.to_unix_duration().as_secs();
    if now.as_secs() < seconds(validity.not_before) {
        return Err(CertificateError::NotValidYet);
    }
    if now.as_secs() > seconds(validity.not_after) {
        return Err(CertificateError::Expired);
    }
    Ok(())
}
