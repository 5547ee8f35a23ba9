//! Nodes that are asked over TLS.

use std::path::PathBuf;

use rustls::pki_types::ServerName;
use thiserror::Error;
use toml::Spanned;

use super::{
    error::{Fault, Placed},
    inventory::Reader,
    tables::{Defaults, NodeTable},
};
use crate::tls::{Authorities, FileFault, Own, Peer, Server};

/// What is wrong with how a node is asked over TLS.
#[derive(Debug, Error)]
pub enum TlsFault {
    /// A file that gives no certificate or key.
    #[error(transparent)]
    File(#[from] FileFault),
    /// It is asked otherwise, and the key says nothing about that.
    #[error("{0} is about TLS, and this node is asked over UDP")]
    WithoutTls(&'static str),
    /// It is asked over TLS, and the key says nothing about that.
    #[error("{0} means nothing over TLS")]
    OverTls(&'static str),
    /// Nothing to show to the agent.
    #[error("there is no certificate_file to show to the agent")]
    NoCertificate,
    /// A certificate without its key.
    #[error("certificate_file has no key_file")]
    NoKey,
    /// Whatever the agent showed would be taken.
    #[error("nothing says which certificate the agent has")]
    NotKnown,
    /// Two things that the agent has to show.
    #[error("an agent known by its fingerprint is not asked for a name")]
    FingerprintAndName,
    /// A name that no certificate has.
    #[error("{0:?} is no name that a certificate could have")]
    Name(String),
    /// What rustls does not take.
    #[error("{0}")]
    Unusable(rustls::Error),
}

impl TlsFault {
    /// What would be right.
    pub(super) fn form(&self) -> String {
        match self {
            Self::File(fault) => fault.advice(),
            Self::WithoutTls(_) => {
                "write tls: in front of its address: address = \"tls:192.0.2.1\"".to_owned()
            }
            Self::OverTls(_) => "certificates say who asks: remove it, or the tls: in front of \
                                 the address"
                .to_owned(),
            Self::NoCertificate | Self::NoKey | Self::NotKnown | Self::Unusable(_) => {
                format!("a node is asked over TLS like this:\n{FORM}")
            }
            Self::FingerprintAndName => {
                "keep fingerprint, or server_name with the ca_file of its authority".to_owned()
            }
            Self::Name(_) => {
                "write the DNS name or address in the agent's certificate: server_name = \
                 \"lb1.example.net\""
                    .to_owned()
            }
        }
    }
}

/// A node with all that TLS needs; the files may stand in the defaults.
const FORM: &str = "\
[[node]]
name = \"lb1\"
address = \"tls:lb1.example.net\"
certificate_file = \"operator.pem\"
key_file = \"operator.key\"            # mode 0600
fingerprint = \"5E:1F:…\"              # of the agent's certificate; or, in its place:
ca_file = \"authorities.pem\"          # who has signed it, for
server_name = \"lb1.example.net\"      # this name; the address's if left out";

impl Reader<'_> {
    /// With which certificates a node is asked, where that is over TLS.
    pub(super) fn peer(&mut self, table: &NodeTable, defaults: &Defaults) -> Placed<Option<Peer>> {
        let endpoint = table.address.get_ref();
        if !endpoint.is_tls() {
            return table
                .only_over_tls()
                .map_or(Ok(None), |(span, key)| Err((span, TlsFault::WithoutTls(key).into())));
        }
        if let Some((span, key)) = table.never_over_tls() {
            return Err((span, TlsFault::OverTls(key).into()));
        }
        let here = |fault: TlsFault| (table.address.span(), Fault::from(fault));
        let certificate = table.certificate_file.as_ref().or(defaults.certificate_file.as_ref());
        let Some(certificate) = certificate else {
            // The command line may say all of it.
            return table
                .only_over_tls()
                .map_or(Ok(None), |(span, _)| Err((span, TlsFault::NoCertificate.into())));
        };
        let key = table.key_file.as_ref().or(defaults.key_file.as_ref());
        let key = key.ok_or_else(|| (certificate.span(), TlsFault::NoKey.into()))?;
        let own = self.own(certificate, key)?;
        let authorities = table.ca_file.as_ref().or(defaults.ca_file.as_ref());
        let server = match (&table.fingerprint, &table.server_name, authorities) {
            (Some(_), Some(name), _) => {
                return Err((name.span(), TlsFault::FingerprintAndName.into()));
            }
            (Some(fingerprint), None, _) => Server::Certificate(fingerprint.get_ref().0.clone()),
            (None, name, Some(file)) => {
                let text = name.as_ref().map_or(&endpoint.host, Spanned::get_ref);
                let span = name.as_ref().map_or(table.address.span(), Spanned::span);
                let name = ServerName::try_from(text.clone())
                    .map_err(|_| (span, TlsFault::Name(text.clone()).into()))?;
                Server::Name(name, self.authorities(file)?)
            }
            (None, _, None) => return Err(here(TlsFault::NotKnown)),
        };
        Peer::new(&own, server).map(Some).map_err(|error| here(TlsFault::Unusable(error)))
    }

    fn own(&mut self, certificate: &Spanned<PathBuf>, key: &Spanned<PathBuf>) -> Placed<Own> {
        let paths = (self.path(certificate), self.path(key));
        if let Some(own) = self.own.get(&paths) {
            return Ok(own.clone());
        }
        let read = Own::read(&paths.0, &paths.1);
        let own = read.map_err(|fault| {
            let at = match fault {
                FileFault::Certificate { .. } => certificate,
                FileFault::Key { .. } | FileFault::Secret { .. } => key,
            };
            (at.span(), TlsFault::from(fault).into())
        })?;
        self.own.insert(paths, own.clone());
        Ok(own)
    }

    fn authorities(&mut self, file: &Spanned<PathBuf>) -> Placed<Authorities> {
        let path = self.path(file);
        if let Some(authorities) = self.authorities.get(&path) {
            return Ok(authorities.clone());
        }
        let read = Authorities::read(&path);
        let authorities = read.map_err(|fault| (file.span(), TlsFault::from(fault).into()))?;
        self.authorities.insert(path, authorities.clone());
        Ok(authorities)
    }
}
