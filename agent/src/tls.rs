//! SNMP over TLS (RFC 6353): the Transport Security Model's messages (RFC 5591) in
//! connections whose both ends have shown a certificate.
//!
//! A handshake ends well only where a name comes of the client's certificate, so that
//! whoever is let in is somebody. That name is looked at again when the rows change: whoever
//! has none any more, or another, loses the open session too. Nothing is resumed,
//! for a ticket would outlive that.

use std::{
    fmt,
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use lcms_tls::Signatures;
use rustls::{
    DigitallySignedStruct, DistinguishedName, ServerConfig, ServerConnection, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, UnixTime},
    server::{
        NoServerSessionStorage,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
    sign::{CertifiedKey, SingleCertAndKey},
};

use crate::{
    engine::{Source, Statistics},
    security::Certificates,
    state::{AgentState, Publisher},
    tcp::{Channel, PATIENCE, is_nothing_yet},
};

/// What sessions are accepted with. All listeners share it.
#[derive(Clone)]
pub struct Server {
    config: Arc<ServerConfig>,
    publisher: Arc<Publisher>,
}

/// A session with somebody.
pub struct Session<'c> {
    server: &'c Server,
    tls: ServerConnection,
    stream: &'c TcpStream,
    from: SocketAddr,
    /// tmSecurityName.
    name: String,
    /// The rows that it comes of.
    certificates: Arc<Certificates>,
    /// Whether a message has come.
    is_used: bool,
}

impl Server {
    /// A server that shows this certificate.
    pub fn new(
        own: &CertifiedKey,
        provider: Arc<CryptoProvider>,
        publisher: Arc<Publisher>,
    ) -> Result<Self, rustls::Error> {
        let clients = Clients {
            signatures: Signatures::new(Arc::clone(&provider)),
            publisher: Arc::clone(&publisher),
        };
        // RFC 8996 and RFC 9456: nothing below TLS 1.2.
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(Arc::new(clients))
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(own.clone())));
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Self { config: Arc::new(config), publisher })
    }

    /// Does the handshake, which has to be over before patience is, however slowly it
    /// goes on.
    pub fn accept<'c>(
        &'c self,
        stream: &'c TcpStream,
        from: SocketAddr,
        stop: &AtomicBool,
    ) -> io::Result<Session<'c>> {
        let mut tls = ServerConnection::new(Arc::clone(&self.config)).map_err(io::Error::other)?;
        let began = Instant::now();
        while tls.is_handshaking() {
            if stop.load(Ordering::Acquire) || began.elapsed() > PATIENCE {
                return Err(io::ErrorKind::TimedOut.into());
            }
            receive(&mut tls, stream)?;
            send(&mut tls, stream)?;
        }
        let certificates = Arc::clone(&self.publisher.current().security.certificates);
        let name = name(&certificates, tls.peer_certificates())?;
        tracing::debug!(%from, name, "a session begins");
        Ok(Session { server: self, tls, stream, from, name, certificates, is_used: false })
    }

    fn statistics(&self) -> Arc<Statistics> {
        Arc::clone(&self.publisher.current().node.statistics)
    }
}

/// Reads once, and lets the session see it. What there is to say of a bad record is
/// said.
fn receive(tls: &mut ServerConnection, mut stream: &TcpStream) -> io::Result<()> {
    match tls.read_tls(&mut stream) {
        Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
        Ok(_) => {}
        Err(error) if is_nothing_yet(&error) => return Ok(()),
        Err(error) => return Err(error),
    }
    match tls.process_new_packets() {
        Ok(_) => Ok(()),
        Err(error) => {
            let _ = send(tls, stream);
            Err(io::Error::new(io::ErrorKind::InvalidData, error))
        }
    }
}

/// Writes all there is to write.
fn send(tls: &mut ServerConnection, mut stream: &TcpStream) -> io::Result<()> {
    while tls.wants_write() {
        tls.write_tls(&mut stream)?;
    }
    Ok(())
}

fn name(certificates: &Certificates, shown: Option<&[CertificateDer<'_>]>) -> io::Result<String> {
    let (certificate, others) =
        shown.and_then(<[_]>::split_first).ok_or(io::ErrorKind::PermissionDenied)?;
    certificates
        .name(certificate, others, UnixTime::now())
        .map_err(|_| io::ErrorKind::PermissionDenied.into())
}

impl Channel for Session<'_> {
    fn is_admitted(&mut self, state: &AgentState) -> bool {
        let certificates = &state.security.certificates;
        if !Arc::ptr_eq(certificates, &self.certificates) {
            let name = name(certificates, self.tls.peer_certificates());
            if name.ok().as_ref() != Some(&self.name) {
                return false;
            }
            self.certificates = Arc::clone(certificates);
        }
        true
    }

    fn source(&mut self, state: &AgentState) -> Source<'_> {
        if !self.is_used {
            self.is_used = true;
            state.node.statistics.tls_accepts.count();
        }
        Source { address: self.from, session: Some(&self.name) }
    }
}

impl Read for Session<'_> {
    /// Never waits for more than one record's next octets, so that the connection's
    /// time is looked at in between.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.tls.reader().read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            other => return other,
        }
        receive(&mut self.tls, self.stream)?;
        send(&mut self.tls, self.stream)?;
        self.tls.reader().read(buffer)
    }
}

impl Write for Session<'_> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let written = self.tls.writer().write(octets)?;
        self.flush()?;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        send(&mut self.tls, self.stream).inspect_err(|_| {
            self.server.statistics().tls_no_sessions.count();
        })
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        self.server.statistics().tls_server_closes.count();
        self.tls.send_close_notify();
        // Whoever has gone need not be told.
        let _ = send(&mut self.tls, self.stream);
    }
}

/// Lets in whoever shows a certificate that a name comes of.
struct Clients {
    signatures: Signatures,
    publisher: Arc<Publisher>,
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clients")
    }
}

impl ClientCertVerifier for Clients {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        // Most certificates here are their own authority.
        &[]
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        let state = self.publisher.current();
        match state.security.certificates.name(certificate, others, now) {
            Ok(_) => Ok(ClientCertVerified::assertion()),
            Err(refusal) => {
                state.node.statistics.tls_invalid_client_certificates.count();
                Err(rustls::Error::InvalidCertificate(refusal))
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.signatures.verify_tls12(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.signatures.verify_tls13(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.signatures.schemes()
    }
}
