//! Authorities whose certificates are in a file of the configuration: what they have
//! signed can be verified here.

use std::{fmt, sync::Arc};

use lcms_tls::Fingerprint;
use rustls::{
    RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier},
    crypto::CryptoProvider,
    pki_types::{CertificateDer, UnixTime},
    server::{WebPkiClientVerifier, danger::ClientCertVerifier},
};

/// Authorities by the fingerprints of their certificates.
#[derive(Clone, Default)]
pub struct Authorities {
    all: Arc<[Authority]>,
    /// What verifies servers by any of them, if there are some.
    servers: Option<Arc<dyn ServerCertVerifier>>,
}

struct Authority {
    fingerprints: [Fingerprint; 4],
    verifier: Arc<dyn ClientCertVerifier>,
}

/// Why certificates cannot be authorities.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unverified(String);

impl Authorities {
    /// Makes certificates ready to verify by.
    pub fn new(
        certificates: &[CertificateDer<'static>],
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, Unverified> {
        let authority = |certificate: &CertificateDer<'static>| {
            Ok(Authority {
                fingerprints: Fingerprint::all_of(certificate),
                verifier: verifier(certificate.clone(), provider)?,
            })
        };
        let all = certificates.iter().map(authority).collect::<Result<_, _>>()?;
        Ok(Self { all, servers: servers(certificates, provider)? })
    }

    /// What verifies the certificates of servers, and their names.
    pub fn servers(&self) -> Option<&Arc<dyn ServerCertVerifier>> {
        self.servers.as_ref()
    }

    /// Which of them has a fingerprint.
    pub(super) fn find(&self, fingerprint: &Fingerprint) -> Option<usize> {
        self.all.iter().position(|one| one.fingerprints.contains(fingerprint))
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.all.len()
    }

    /// Whether one of them has signed a certificate, perhaps through others.
    pub(super) fn has_signed(
        &self,
        at: usize,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> bool {
        self.all.get(at).is_some_and(|authority| {
            authority.verifier.verify_client_cert(certificate, others, now).is_ok()
        })
    }
}

fn verifier(
    authority: CertificateDer<'static>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, Unverified> {
    WebPkiClientVerifier::builder_with_provider(roots([authority])?, Arc::clone(provider))
        .build()
        .map_err(|error| Unverified(error.to_string()))
}

fn servers(
    authorities: &[CertificateDer<'static>],
    provider: &Arc<CryptoProvider>,
) -> Result<Option<Arc<dyn ServerCertVerifier>>, Unverified> {
    if authorities.is_empty() {
        return Ok(None);
    }
    let roots = roots(authorities.iter().cloned())?;
    let verifier = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(provider))
        .build()
        .map_err(|error| Unverified(error.to_string()))?;
    Ok(Some(verifier))
}

fn roots(
    authorities: impl IntoIterator<Item = CertificateDer<'static>>,
) -> Result<Arc<RootCertStore>, Unverified> {
    let mut roots = RootCertStore::empty();
    for authority in authorities {
        roots.add(authority).map_err(|error| Unverified(error.to_string()))?;
    }
    Ok(Arc::new(roots))
}

/// Certificates with the same fingerprints are the same.
impl PartialEq for Authorities {
    fn eq(&self, other: &Self) -> bool {
        let fingerprints = |one: &Self| one.all.iter().map(|a| a.fingerprints.clone()).collect();
        let (ours, theirs): (Vec<_>, Vec<_>) = (fingerprints(self), fingerprints(other));
        ours == theirs
    }
}

impl fmt::Debug for Authorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.all.iter().map(|one| &one.fingerprints)).finish()
    }
}
