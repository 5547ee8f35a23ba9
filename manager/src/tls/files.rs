//! Certificates and keys in files of PEM.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use lcms_snmp::{Secret, SecretError};
use rustls::{
    RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier},
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    sign::CertifiedKey,
};
use thiserror::Error;

/// The own certificate, with its key and what signs by it. Clones share it.
#[derive(Clone)]
pub struct Own {
    pub(super) key: Arc<CertifiedKey>,
    pub(super) provider: Arc<CryptoProvider>,
}

/// What verifies the certificates of agents by those who have signed them. Clones share
/// it.
#[derive(Clone)]
pub struct Authorities(pub(super) Arc<dyn ServerCertVerifier>);

/// A file that gives no certificate, or no key.
#[derive(Debug, Error)]
pub enum FileFault {
    /// Certificates cannot be had from it.
    #[error("{} {error}", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// Why.
        error: String,
    },
    /// A key cannot be had from it.
    #[error("{} {error}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// Why.
        error: String,
    },
    /// It is no file for a key, as none for any secret.
    #[error("{} {error}", path.display())]
    Secret {
        /// The file.
        path: PathBuf,
        /// Why.
        error: SecretError,
    },
}

impl FileFault {
    /// What to do about it.
    pub fn advice(&self) -> String {
        match self {
            Self::Certificate { .. } => {
                "name a file with a certificate in PEM: -----BEGIN CERTIFICATE-----".to_owned()
            }
            Self::Key { .. } => "name the file with its key in PEM, mode 0600: \
                 -----BEGIN PRIVATE KEY-----"
                .to_owned(),
            Self::Secret { path, error } => error.form(path),
        }
    }
}

impl Own {
    /// Reads a certificate, perhaps with those between it and an authority, and its key,
    /// which nobody but the file's owner may read.
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, FileFault> {
        let provider = Arc::new(ring::default_provider());
        let chain = certificates(certificate)?;
        let wrong = |error: &str| FileFault::Key { path: key.into(), error: error.to_owned() };
        let secret = Secret::read_file(key).map_err(|error| match error {
            SecretError::Empty => wrong("is empty"),
            SecretError::Long => wrong("is too long for a key"),
            error => FileFault::Secret { path: key.into(), error },
        })?;
        let private = PrivateKeyDer::from_pem_slice(secret.expose())
            .map_err(|_| wrong("has no private key in PEM"))?;
        match CertifiedKey::from_der(chain, private, &provider) {
            Ok(key) => Ok(Self { key: Arc::new(key), provider }),
            Err(rustls::Error::InconsistentKeys(_)) => {
                Err(wrong(&format!("is not the key of {}", certificate.display())))
            }
            Err(error) => Err(wrong(&format!("cannot be used: {error}"))),
        }
    }
}

impl Authorities {
    /// Reads their certificates.
    pub fn read(path: &Path) -> Result<Self, FileFault> {
        let wrong = |error: String| FileFault::Certificate { path: path.into(), error };
        let mut roots = RootCertStore::empty();
        for authority in certificates(path)? {
            roots.add(authority).map_err(|error| wrong(format!("cannot be used: {error}")))?;
        }
        let provider = Arc::new(ring::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider);
        let verifier = verifier.build().map_err(|error| wrong(error.to_string()))?;
        Ok(Self(verifier))
    }
}

/// The certificates in a file, at least one.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, FileFault> {
    let wrong = |error: String| FileFault::Certificate { path: path.into(), error };
    let text = fs::read(path).map_err(|error| wrong(format!("cannot be read: {error}")))?;
    let found = CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>();
    match found.map_err(|_| wrong("is damaged PEM".to_owned()))? {
        none if none.is_empty() => Err(wrong("has no certificate in PEM".to_owned())),
        some => Ok(some),
    }
}
