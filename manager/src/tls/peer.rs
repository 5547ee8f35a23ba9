//! An agent as it is reached over TLS.

use std::{fmt, sync::Arc};

use lcms_tls::Signatures;
use rustls::{
    ClientConfig, Error, client::Resumption, pki_types::ServerName, sign::SingleCertAndKey,
};

use super::{Own, Server, server::Verifier};

/// What is shown to an agent, and what it has to show. Clones share it, and are the same
/// to the client's sessions; one made anew is another.
#[derive(Clone)]
pub struct Peer(Arc<Inside>);

struct Inside {
    config: Arc<ClientConfig>,
    server: Server,
}

impl Peer {
    /// An agent that has to show this.
    pub fn new(own: &Own, server: Server) -> Result<Self, Error> {
        let signatures = Signatures::new(Arc::clone(&own.provider));
        let verifier = Verifier { server: server.clone(), signatures };
        // RFC 8996 and RFC 9456: nothing below TLS 1.2.
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&own.provider))
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_client_cert_resolver(Arc::new(SingleCertAndKey::from(Arc::clone(&own.key))));
        // A ticket would outlive what the file says of certificates.
        config.resumption = Resumption::disabled();
        Ok(Self(Arc::new(Inside { config: Arc::new(config), server })))
    }

    /// With what a session is opened.
    pub fn config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.0.config)
    }

    /// The name that it has to have, if it is known by that.
    pub fn name(&self) -> Option<&ServerName<'static>> {
        match &self.0.server {
            Server::Certificate(_) => None,
            Server::Name(name, _) => Some(name),
        }
    }

    /// Whether it is the same as another.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Peer").field(&self.0.server).finish()
    }
}
