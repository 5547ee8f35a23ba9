//! A server to be checked, of any protocol and in any mood.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::free_address;

/// What a server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speech {
    Http,
    Https,
    Smtp,
    Tls,
    Dns,
}

/// How it is today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// As it should be.
    Good,
    /// It accepts, and never answers.
    Hangs,
    /// It answers that it cannot serve, or with a certificate of a stranger.
    Wrong,
    /// It answers with what no protocol knows.
    Garbage,
    /// It answers octet by octet, and would be done tomorrow.
    Trickles,
    /// It accepts and closes.
    Closes,
    /// Answers of the DNS are cut short over UDP, and whole over TCP.
    CutShort,
}

/// An authority with one server's certificate, and a stranger with another.
pub struct Identity {
    /// The authority's certificate in PEM.
    pub authority: String,
    own: Arc<ServerConfig>,
    strange: Arc<ServerConfig>,
}

impl Identity {
    /// For a server of this name.
    pub fn of(name: &str) -> Self {
        let (authority, own) = issue(name);
        let (_, strange) = issue(name);
        Self { authority, own, strange }
    }
}

fn issue(name: &str) -> (String, Arc<ServerConfig>) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new([name.to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap();
    let chain = vec![CertificateDer::from(certificate.der().to_vec())];
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    (issuer.pem(), Arc::new(config))
}

/// The server. It ends with this.
pub struct Peer {
    pub address: SocketAddr,
    mood: Arc<Mutex<Mood>>,
    over: Arc<AtomicBool>,
    accepted: Arc<AtomicUsize>,
}

impl Peer {
    pub fn start(speech: Speech, identity: Option<Arc<Identity>>) -> Self {
        Self::start_at(free_address(), speech, identity)
    }

    pub fn start_at(address: SocketAddr, speech: Speech, identity: Option<Arc<Identity>>) -> Self {
        let listener = TcpListener::bind(address).expect("the address is free");
        let peer = Self {
            address,
            mood: Arc::new(Mutex::new(Mood::Good)),
            over: Arc::default(),
            accepted: Arc::default(),
        };
        if speech == Speech::Dns {
            peer.answer_datagrams();
        }
        let (mood, over, accepted) = (peer.mood.clone(), peer.over.clone(), peer.accepted.clone());
        thread::spawn(move || {
            for stream in listener.incoming() {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                accepted.fetch_add(1, Ordering::SeqCst);
                let (mood, identity) = (*mood.lock().unwrap(), identity.clone());
                // Whoever checks may be gone at any time.
                thread::spawn(move || drop(meet(stream, speech, mood, identity.as_deref())));
            }
        });
        peer
    }

    pub fn is(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    /// Connections accepted so far.
    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    fn answer_datagrams(&self) {
        let socket = UdpSocket::bind(self.address).expect("the address is free");
        socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let (mood, over) = (self.mood.clone(), self.over.clone());
        thread::spawn(move || {
            let mut query = [0; 512];
            while !over.load(Ordering::SeqCst) {
                let Ok((read, client)) = socket.recv_from(&mut query) else { continue };
                let mood = *mood.lock().unwrap();
                let answer = match mood {
                    Mood::Hangs => continue,
                    Mood::Garbage | Mood::Closes => b"what?".to_vec(),
                    Mood::Trickles | Mood::CutShort => answer(&query[..read], 0, true),
                    Mood::Good => answer(&query[..read], 0, false),
                    Mood::Wrong => answer(&query[..read], 2, false),
                };
                let _ = socket.send_to(&answer, client);
            }
        });
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

/// The query made an answer, with a response code.
fn answer(query: &[u8], code: u8, cut_short: bool) -> Vec<u8> {
    let mut answer = query.to_vec();
    answer[2] |= 0x80 | if cut_short { 0x02 } else { 0 };
    answer[3] = 0x80 | code;
    answer
}

fn meet(
    stream: TcpStream,
    speech: Speech,
    mood: Mood,
    identity: Option<&Identity>,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = stream;
    match mood {
        Mood::Hangs => return until_closed(&mut stream),
        Mood::Closes => return Ok(()),
        Mood::Garbage => {
            stream.write_all(&[0xff, 0x00, 0x7f, b'\n', b'\r', 0x01].repeat(200))?;
            return until_closed(&mut stream);
        }
        Mood::Trickles if speech == Speech::Tls => {
            return trickle(&mut stream, &[0x16, 3, 3, 0x40, 0]);
        }
        Mood::Good | Mood::Wrong | Mood::Trickles | Mood::CutShort => {}
    }
    match speech {
        Speech::Http => http(&mut stream, mood),
        Speech::Smtp => smtp(&mut stream, mood),
        Speech::Dns => {
            let mut length = [0; 2];
            stream.read_exact(&mut length)?;
            let mut query = vec![0; u16::from_be_bytes(length).into()];
            stream.read_exact(&mut query)?;
            if mood == Mood::Trickles {
                return trickle(&mut stream, &[1]);
            }
            stream.write_all(&length)?;
            stream.write_all(&answer(&query, 0, false))?;
            until_closed(&mut stream)
        }
        Speech::Https | Speech::Tls => {
            let identity = identity.expect("a server of TLS has an identity");
            let strange = mood == Mood::Wrong && speech == Speech::Tls;
            let config = if strange { &identity.strange } else { &identity.own };
            let connection = ServerConnection::new(config.clone()).map_err(io::Error::other)?;
            let mut stream = StreamOwned::new(connection, stream);
            if speech == Speech::Https {
                return http(&mut stream, mood);
            }
            until_closed(&mut stream)
        }
    }
}

fn http(stream: &mut (impl Read + Write), mood: Mood) -> io::Result<()> {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        request.push(byte[0]);
    }
    let good = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
                 4\r\nI am\r\n7;a=b\r\n ready!\r\n0\r\n\r\n";
    match mood {
        Mood::Wrong => {
            stream.write_all(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
        }
        Mood::Trickles => trickle(stream, good),
        _ => stream.write_all(good),
    }?;
    stream.flush()
}

fn smtp(stream: &mut TcpStream, mood: Mood) -> io::Result<()> {
    match mood {
        Mood::Wrong => return stream.write_all(b"421 too busy\r\n"),
        Mood::Trickles => return trickle(stream, b"220-mail.example.net is slow\r\n"),
        _ => stream.write_all(b"220-mail.example.net\r\n220 ESMTP\r\n")?,
    }
    let mut line = Vec::new();
    let mut byte = [0];
    loop {
        stream.read_exact(&mut byte)?;
        line.push(byte[0]);
        if byte[0] == b'\n' {
            if line.starts_with(b"QUIT") {
                return stream.write_all(b"221 bye\r\n");
            }
            stream.write_all(b"250-mail.example.net\r\n250 SIZE\r\n")?;
            line.clear();
        }
    }
}

/// Octet by octet, and again from the beginning, as long as anybody listens.
fn trickle(stream: &mut (impl Read + Write), bytes: &[u8]) -> io::Result<()> {
    for byte in bytes.iter().cycle() {
        stream.write_all(&[*byte])?;
        stream.flush()?;
        thread::sleep(Duration::from_millis(40));
    }
    Ok(())
}

fn until_closed(stream: &mut impl Read) -> io::Result<()> {
    let mut buffer = [0; 512];
    while stream.read(&mut buffer)? > 0 {}
    Ok(())
}
