//! `[tls]`: where SNMP over TLS is listened for, the own certificate, and who the
//! certificates of others stand for.

use std::{
    collections::BTreeMap,
    fs,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
};

use lcms_lb_core::model::RowState;
use lcms_snmp::{Secret, SecretError};
use rustls::{
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};
use toml::Spanned;

use super::{
    Cause, Senders,
    fault::Findings,
    file::{Digits, File, MapFrom, TlsTable},
    senders::fresh,
    settings::distinct,
};
use crate::security::{Authorities, CertificateRow, MapType, Storage};

/// RFC 6353 §8.
const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 10161);

/// How SNMP over TLS is served.
#[derive(Clone, Debug)]
pub struct Tls {
    /// Where to listen; port 0 takes any that is free.
    pub listen: Vec<SocketAddr>,
    /// The own certificate with its key.
    pub own: Arc<CertifiedKey>,
    /// What encrypts.
    pub provider: Arc<CryptoProvider>,
}

/// The key of a certificate is the one that fits, so the certificates say all.
impl PartialEq for Tls {
    fn eq(&self, other: &Self) -> bool {
        self.listen == other.listen && self.own.cert == other.own.cert
    }
}

/// Reads the table, and gives to the senders who certificates stand for.
pub(super) fn read(
    file: &File,
    folder: &Path,
    senders: &mut Senders,
    findings: &mut Findings,
) -> Option<Tls> {
    let table = file.tls.as_ref()?;
    let provider = Arc::new(ring::default_provider());
    let listen = match &table.listen {
        None => vec![DEFAULT_LISTEN],
        Some(listen) => {
            if listen.is_empty() {
                findings.add(table.certificate_file.span(), Cause::NoListener);
            }
            distinct(listen, findings)
        }
    };
    let own = own(table, folder, &provider, findings);
    let authorities = match &table.ca_file {
        Some(file) => certificates(file, folder, findings)?,
        None => Vec::new(),
    };
    let rows = rows(file, table, senders, findings);
    match Authorities::new(&authorities, &provider) {
        Ok(authorities) => senders.set_certificates(rows, authorities),
        // Without a file there is nothing to refuse.
        Err(error) => {
            if let Some(file) = &table.ca_file {
                let path = folder.join(file.get_ref());
                findings.add(file.span(), Cause::Certificate { path, error: error.to_string() });
            }
        }
    }
    Some(Tls { listen, own: own?, provider })
}

/// Users that are told by their fingerprint, and then what else names are made of.
fn rows(
    file: &File,
    table: &TlsTable,
    senders: &mut Senders,
    findings: &mut Findings,
) -> Vec<CertificateRow> {
    let mut rows = Vec::new();
    let mut seen = BTreeMap::new();
    for user in &table.user {
        let Some(name) = fresh("user", &user.name, &mut seen, findings) else { continue };
        if let Some(fingerprint) = &user.fingerprint {
            let data = name.clone().into_bytes();
            rows.push(row(fingerprint, MapType::Specified, data));
        }
        senders.read_session_user(file, user, &name, findings);
    }
    rows.extend(table.map.iter().map(|map| {
        let kind = match map.from.unwrap_or_default() {
            MapFrom::CommonName => MapType::CommonName,
            MapFrom::Rfc822Name => MapType::Rfc822Name,
            MapFrom::DnsName => MapType::DnsName,
            MapFrom::IpAddress => MapType::IpAddress,
            MapFrom::AnyName => MapType::AnyName,
        };
        row(&map.fingerprint, kind, Vec::new())
    }));
    rows
}

fn row(Digits(fingerprint): &Digits, map: MapType, data: Vec<u8>) -> CertificateRow {
    let (fingerprint, row) = (Some(fingerprint.clone()), RowState::Active);
    CertificateRow { fingerprint, map, data, storage: Storage::ReadOnly, row }
}

/// The own certificate, whose key has to fit.
fn own(
    table: &TlsTable,
    folder: &Path,
    provider: &CryptoProvider,
    findings: &mut Findings,
) -> Option<Arc<CertifiedKey>> {
    let chain = certificates(&table.certificate_file, folder, findings);
    let path = folder.join(table.key_file.get_ref());
    let secret = match Secret::read_file(&path) {
        Ok(secret) => secret,
        Err(error) => {
            findings.add(table.key_file.span(), key_fault(path, error));
            return None;
        }
    };
    let wrong = |error: String| Cause::Key { path: path.clone(), error };
    let key = PrivateKeyDer::from_pem_slice(secret.expose())
        .map_err(|_| findings.add(table.key_file.span(), wrong("no private key in PEM".to_owned())))
        .ok()?;
    match CertifiedKey::from_der(chain?, key, provider) {
        Ok(own) => Some(Arc::new(own)),
        Err(rustls::Error::InconsistentKeys(_)) => {
            let error = "not the key of certificate_file".to_owned();
            findings.add(table.key_file.span(), wrong(error));
            None
        }
        Err(error) => {
            findings.add(table.key_file.span(), wrong(error.to_string()));
            None
        }
    }
}

/// A secret's faults are told like any other's, but for those of its first line.
fn key_fault(path: PathBuf, error: SecretError) -> Cause {
    match error {
        SecretError::Empty => Cause::Key { path, error: "is empty".to_owned() },
        SecretError::Long => Cause::Key { path, error: "is too long for a key".to_owned() },
        error => Cause::Secret { path, error },
    }
}

/// The certificates in a file of PEM, at least one.
fn certificates(
    file: &Spanned<PathBuf>,
    folder: &Path,
    findings: &mut Findings,
) -> Option<Vec<CertificateDer<'static>>> {
    let path = folder.join(file.get_ref());
    let read = || -> Result<Vec<_>, String> {
        let text = fs::read(&path).map_err(|error| error.kind().to_string())?;
        let found = CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>();
        match found.map_err(|_| "damaged PEM".to_owned())? {
            none if none.is_empty() => Err("no certificate in PEM".to_owned()),
            some => Ok(some),
        }
    };
    read()
        .map_err(|error| {
            findings.add(file.span(), Cause::Certificate { path: path.clone(), error });
        })
        .ok()
}

#[cfg(test)]
mod tests;
