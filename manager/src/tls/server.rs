//! How the certificate of an agent is known.

use std::{fmt, sync::Arc};

use lcms_tls::{Fingerprint, Signatures, valid_at};
use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    pki_types::{CertificateDer, ServerName, UnixTime},
};

use super::Authorities;

/// What an agent has to show.
#[derive(Clone)]
pub enum Server {
    /// This certificate, whoever has signed it.
    Certificate(Fingerprint),
    /// One of this name or address, by one of these.
    Name(ServerName<'static>, Authorities),
}

/// An agent has shown another certificate than it should.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
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
    pub(super) signatures: Signatures,
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
            Server::Certificate(expected) => expected,
        };
        let shown = Fingerprint::of(certificate);
        if shown != *expected {
            let wrong = WrongFingerprint { expected: expected.clone(), shown };
            return Err(CertificateError::Other(OtherError(Arc::new(wrong))).into());
        }
        // Who is known by a fingerprint needs no authority, and is not known for ever.
        valid_at(certificate, now)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signatures.verify_tls12(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signatures.verify_tls13(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.signatures.schemes()
    }
}
