//! Whom a check through TLS trusts.
//!
//! With a file of authorities a server's certificate is verified, name and
//! validity included. Without one it is not: the check then says that somebody
//! there speaks TLS, which is what most of them are for. Either way the reason
//! tells how long the certificate is valid.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use x509_cert::Certificate;
use x509_cert::der::Decode;

/// Client configurations by the file of authorities. A file is read when it is
/// first needed, and again after the document changed.
#[derive(Default)]
pub(super) struct Trust {
    known: HashMap<Option<String>, Result<Arc<ClientConfig>, String>>,
}

impl Trust {
    /// Forgets what the files held.
    pub(super) fn forget(&mut self) {
        self.known.clear();
    }

    /// A client for a server of this name, or of none but its address.
    pub(super) fn client(
        &mut self,
        ca_file: Option<&String>,
        name: Option<&str>,
        address: IpAddr,
    ) -> Result<ClientConnection, String> {
        let known = self.known.entry(ca_file.cloned());
        let config = known.or_insert_with(|| config(ca_file.map(String::as_str))).clone()?;
        let name = match name {
            Some(name) => ServerName::try_from(name.to_owned())
                .map_err(|_| format!("tls: {name:?} is no name of a server"))?,
            None => ServerName::IpAddress(address.into()),
        };
        ClientConnection::new(config, name).map_err(|error| format!("tls: {error}"))
    }
}

fn config(ca_file: Option<&str>) -> Result<Arc<ClientConfig>, String> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("tls: {error}"))?;
    let mut config = match ca_file {
        Some(path) => builder.with_root_certificates(authorities(path)?),
        None => {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(Unverified(provider)))
        }
    }
    .with_no_client_auth();
    // Each check is to see the certificate of today.
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}

/// The certificates in a file of PEM.
fn authorities(path: &str) -> Result<RootCertStore, String> {
    let wrong = |why: &dyn std::fmt::Display| format!("tls: check_ca_file {path}: {why}");
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| wrong(&error))?;
    let mut store = RootCertStore::empty();
    for certificate in certificates {
        store.add(certificate.map_err(|error| wrong(&error))?).map_err(|error| wrong(&error))?;
    }
    match store.is_empty() {
        true => Err(wrong(&"no certificate in it")),
        false => Ok(store),
    }
}

/// How long the server's certificate is valid, as a few words.
pub(super) fn validity(tls: &ClientConnection) -> Option<String> {
    let certificate = Certificate::from_der(tls.peer_certificates()?.first()?).ok()?;
    let end = certificate.tbs_certificate.validity.not_after;
    let date = end.to_date_time();
    let day = format!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Some(match end.to_unix_duration() > now {
        true => format!("certificate valid until {day}"),
        false => format!("certificate expired on {day}"),
    })
}

/// Accepts any certificate, though not a handshake that its key did not sign.
#[derive(Debug)]
struct Unverified(Arc<CryptoProvider>);

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
