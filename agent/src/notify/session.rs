//! Sessions of SNMP over TLS that are opened here (RFC 6353 §5.3.1), to tell somebody.

use std::{
    fmt,
    io::{self, Read as _, Write as _},
    net::TcpStream,
    sync::Arc,
    time::{Duration, Instant},
};

use lcms_snmp::ber;
use lcms_tls::{Fingerprint, Signatures, valid_at};
use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, Error,
    ProtocolVersion, SignatureScheme,
    client::{
        Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime},
    sign::{CertifiedKey, SingleCertAndKey},
};

use crate::{
    engine::Statistics,
    security::{Peer, Server},
    tcp::is_nothing_yet,
};

/// In TLS 1.3 a client is done before its peer has looked at its certificate. For so long
/// it waits for what comes then, tickets or a refusal, which would take a trap with it
/// else; and net-snmp, which reads ahead, does not notice what follows the handshake at
/// once.
const VERDICT: Duration = Duration::from_millis(250);

/// Whether a session was not opened for the certificate of its other end.
pub fn is_of_certificate(error: &io::Error) -> bool {
    let error = error.get_ref().and_then(|error| error.downcast_ref::<Error>());
    matches!(error, Some(Error::InvalidCertificate(_)))
}

/// No message that comes may be longer.
const LONGEST: usize = 65_535;

/// What is shown to all peers, and what encrypts.
#[derive(Clone)]
pub struct Client {
    /// The own certificate, with its key.
    pub own: Arc<CertifiedKey>,
    /// What encrypts.
    pub provider: Arc<CryptoProvider>,
}

/// A session with a peer.
pub struct Session {
    link: Link,
    received: Vec<u8>,
    statistics: Arc<Statistics>,
}

/// A connection, whoever is at its other end.
struct Link {
    tls: ClientConnection,
    stream: TcpStream,
}

impl Session {
    /// Opens one, which must not take longer than patience does.
    pub fn open(
        client: &Client,
        peer: &Arc<Peer>,
        statistics: &Arc<Statistics>,
        patience: Duration,
    ) -> io::Result<Self> {
        statistics.tls_opens.count();
        let link = Link::open(client, peer, statistics, patience);
        let link = link.inspect_err(|_| statistics.tls_open_errors.count())?;
        Ok(Self { link, received: Vec::new(), statistics: Arc::clone(statistics) })
    }

    /// Whether the other end has not closed it.
    pub fn is_open(&mut self) -> bool {
        self.link.is_open()
    }

    /// Sends a message.
    pub fn send(&mut self, message: &[u8]) -> io::Result<()> {
        self.link.tls.writer().write_all(message)?;
        self.link.send()
    }

    /// The next message that comes before then.
    pub fn receive(&mut self, until: Instant) -> io::Result<Vec<u8>> {
        let malformed = |_| io::Error::from(io::ErrorKind::InvalidData);
        loop {
            match ber::message_len(&self.received).map_err(malformed)? {
                Some(length) if length > LONGEST => return Err(io::ErrorKind::InvalidData.into()),
                Some(length) if length <= self.received.len() => {
                    return Ok(self.received.drain(..length).collect());
                }
                _ => {}
            }
            let mut buffer = [0; 4096];
            match self.link.tls.reader().read(&mut buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(read) => {
                    self.received.extend_from_slice(buffer.get(..read).unwrap_or_default());
                }
                Err(error) if is_nothing_yet(&error) => self.link.receive(until)?,
                Err(error) => return Err(error),
            }
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.statistics.tls_client_closes.count();
        self.link.tls.send_close_notify();
        // Whoever has gone need not be told.
        let _ = self.link.send();
    }
}

impl Link {
    fn open(
        client: &Client,
        peer: &Arc<Peer>,
        statistics: &Arc<Statistics>,
        patience: Duration,
    ) -> io::Result<Self> {
        let until = Instant::now() + patience;
        let config = client.config(peer, statistics).map_err(io::Error::other)?;
        let name = match &peer.server {
            // Of an address nothing is said in the handshake.
            Server::Certificate(_) => ServerName::from(peer.address.ip()),
            Server::Name(name) => ServerName::try_from(name.clone()).map_err(io::Error::other)?,
        };
        let tls = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
        let stream = TcpStream::connect_timeout(&peer.address, patience)?;
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(patience))?;
        let mut link = Self { tls, stream };
        loop {
            link.send()?;
            if !link.tls.is_handshaking() {
                break;
            }
            link.receive(until)?;
        }
        if link.tls.protocol_version() == Some(ProtocolVersion::TLSv1_3) {
            link.receive(Instant::now() + VERDICT)?;
        }
        Ok(link)
    }

    /// Writes all there is to write.
    fn send(&mut self) -> io::Result<()> {
        while self.tls.wants_write() {
            self.tls.write_tls(&mut self.stream)?;
        }
        Ok(())
    }

    /// Reads once, which waits until then at most, and lets the session see it.
    fn receive(&mut self, until: Instant) -> io::Result<()> {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.stream.set_read_timeout(Some(left))?;
        match self.tls.read_tls(&mut self.stream) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) => {}
            Err(error) if is_nothing_yet(&error) => return Ok(()),
            Err(error) => return Err(error),
        }
        if let Err(error) = self.tls.process_new_packets() {
            let _ = self.send();
            return Err(io::Error::new(io::ErrorKind::InvalidData, error));
        }
        Ok(())
    }

    /// Whether the other end has not closed it while nothing was said: what is written
    /// then is taken by the system and read by nobody.
    fn is_open(&mut self) -> bool {
        if self.stream.set_nonblocking(true).is_err() {
            return false;
        }
        let is_open = loop {
            // Its last words may come before its end.
            match self.tls.read_tls(&mut self.stream) {
                Ok(0) => break false,
                Ok(_) => match self.tls.process_new_packets() {
                    Ok(state) if !state.peer_has_closed() => {}
                    _ => break false,
                },
                Err(error) => break is_nothing_yet(&error),
            }
        };
        self.stream.set_nonblocking(false).is_ok() && is_open
    }
}

impl Client {
    fn config(
        &self,
        peer: &Arc<Peer>,
        statistics: &Arc<Statistics>,
    ) -> Result<ClientConfig, Error> {
        if let Some(fingerprint) = &peer.client
            && !self
                .own
                .cert
                .first()
                .is_some_and(|own| Fingerprint::all_of(own).contains(fingerprint))
        {
            let what = "snmpTlstmParamsClientFingerprint is not that of the own certificate";
            return Err(Error::General(what.to_owned()));
        }
        let verifier = Verifier {
            peer: Arc::clone(peer),
            signatures: Signatures::new(Arc::clone(&self.provider)),
            statistics: Arc::clone(statistics),
        };
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_client_cert_resolver(Arc::new(SingleCertAndKey::from(Arc::clone(&self.own))));
        config.resumption = Resumption::disabled();
        Ok(config)
    }
}

/// Knows a peer by what it has to show.
struct Verifier {
    peer: Arc<Peer>,
    signatures: Signatures,
    statistics: Arc<Statistics>,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier")
    }
}

impl Verifier {
    /// snmpTlstmSessionUnknownServerCertificate.
    fn unknown(&self, error: CertificateError) -> Error {
        self.statistics.tls_unknown_server_certificate.count();
        Error::InvalidCertificate(error)
    }

    /// snmpTlstmSessionInvalidServerCertificates.
    fn invalid(&self, error: Error) -> Error {
        // Whoever sees the counter finds the name.
        let target = Arc::new(self.peer.name.clone());
        self.statistics.tls_invalid_target.store(Some(target));
        self.statistics.tls_invalid_server_certificates.count();
        error
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
        let invalid = |error| self.invalid(Error::InvalidCertificate(error));
        match &self.peer.server {
            Server::Certificate(fingerprint) => {
                if !Fingerprint::all_of(certificate).contains(fingerprint) {
                    return Err(self.unknown(CertificateError::ApplicationVerificationFailure));
                }
                valid_at(certificate, now).map_err(invalid)?;
                Ok(ServerCertVerified::assertion())
            }
            Server::Name(_) => {
                let Some(authorities) = self.peer.authorities.servers() else {
                    return Err(self.unknown(CertificateError::UnknownIssuer));
                };
                let verified = authorities.verify_server_cert(certificate, others, name, ocsp, now);
                verified.map_err(|error| match error {
                    Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
                        self.unknown(CertificateError::UnknownIssuer)
                    }
                    error => self.invalid(error),
                })
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let verified = self.signatures.verify_tls12(message, certificate, signed);
        verified.map_err(|error| self.invalid(error))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let verified = self.signatures.verify_tls13(message, certificate, signed);
        verified.map_err(|error| self.invalid(error))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.signatures.schemes()
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{
        BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SanType, date_time_ymd,
    };
    use rustls::crypto::ring;

    use super::*;
    use crate::security::Authorities;

    /// An authority's certificate, and one of a server with these names that it signed.
    fn signed(names: &[&str]) -> [CertificateDer<'static>; 2] {
        let (mut ours, key) = (CertificateParams::default(), KeyPair::generate().unwrap());
        ours.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        ours.distinguished_name.push(DnType::CommonName, format!("authority of {names:?}"));
        let authority = ours.self_signed(&key).unwrap().der().clone();
        let mut params = CertificateParams::default();
        let name = |name: &&str| match name.parse() {
            Ok(ip) => SanType::IpAddress(ip),
            Err(_) => SanType::DnsName((*name).try_into().unwrap()),
        };
        params.subject_alt_names = names.iter().map(name).collect();
        let server = params.signed_by(&KeyPair::generate().unwrap(), &Issuer::new(ours, key));
        [authority, server.unwrap().der().clone()]
    }

    /// What a peer that has to show this makes of a certificate, and how often it was
    /// counted as unknown and as invalid.
    fn verified(
        server: Server,
        authorities: &[CertificateDer<'static>],
        certificate: &CertificateDer<'_>,
    ) -> (bool, u32, u32) {
        let provider = Arc::new(ring::default_provider());
        let name = match &server {
            Server::Certificate(_) => ServerName::from(std::net::IpAddr::from([192, 0, 2, 9])),
            Server::Name(name) => ServerName::try_from(name.clone()).unwrap(),
        };
        let peer = Peer {
            name: "noc".to_owned(),
            address: ([192, 0, 2, 9], 10162).into(),
            server,
            client: None,
            authorities: Authorities::new(authorities, &provider).unwrap(),
        };
        let statistics = Arc::<Statistics>::default();
        let verifier = Verifier {
            peer: Arc::new(peer),
            signatures: Signatures::new(provider),
            statistics: Arc::clone(&statistics),
        };
        let now = UnixTime::now();
        let verified = verifier.verify_server_cert(certificate, &[], &name, &[], now).is_ok();
        let unknown = statistics.tls_unknown_server_certificate.value();
        (verified, unknown, statistics.tls_invalid_server_certificates.value())
    }

    #[test]
    fn a_peer_is_known_by_its_fingerprint_as_long_as_that_is_valid() {
        let [other, certificate] = signed(&["noc.example.net"]);
        for fingerprint in Fingerprint::all_of(&certificate) {
            let server = Server::Certificate(fingerprint);
            assert_eq!(verified(server.clone(), &[], &certificate), (true, 0, 0));
            assert_eq!(verified(server, &[], &other), (false, 1, 0));
        }
        let mut old = CertificateParams::default();
        old.not_before = date_time_ymd(2001, 1, 1);
        old.not_after = date_time_ymd(2002, 1, 1);
        let old = old.self_signed(&KeyPair::generate().unwrap()).unwrap().der().clone();
        let server = Server::Certificate(Fingerprint::of(&old));
        assert_eq!(verified(server, &[], &old), (false, 0, 1));
    }

    /// RFC 6353, snmpTlstmAddrTable: a wildcard is for the leftmost label alone.
    #[test]
    fn a_peer_is_known_by_its_name_and_an_authority() {
        let [authority, certificate] = signed(&["*.example.net", "192.0.2.9"]);
        let authorities = [authority];
        let named =
            |name: &str| verified(Server::Name(name.to_owned()), &authorities, &certificate);
        for name in ["a.example.net", "b.example.net", "192.0.2.9"] {
            assert_eq!(named(name), (true, 0, 0), "{name}");
        }
        for name in ["example.net", "a.b.example.net", "a.example.org", "192.0.2.8"] {
            assert_eq!(named(name), (false, 0, 1), "{name}");
        }
        let [strange, _] = signed(&[]);
        for authorities in [&[][..], &[strange]] {
            let server = Server::Name("a.example.net".to_owned());
            assert_eq!(verified(server, authorities, &certificate), (false, 1, 0));
        }
    }
}
