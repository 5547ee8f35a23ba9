use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener},
    sync::mpsc,
    thread,
};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};

use super::*;
use crate::traps::{Passed, hold};

/// A server that takes one request by TLS, and its certificate.
fn server(name: &str) -> (SocketAddr, String, mpsc::Receiver<String>) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (to, requests) = mpsc::channel();
    thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let connection = ServerConnection::new(Arc::new(config)).unwrap();
        let mut tls = StreamOwned::new(connection, stream);
        let (mut text, mut buffer) = (String::new(), [0; 4096]);
        // The body of a record ends so.
        while !text.ends_with("\"held\":0}") {
            match tls.read(&mut buffer) {
                Ok(0) | Err(_) => break,
                Ok(length) => text.push_str(&String::from_utf8_lossy(&buffer[..length])),
            }
        }
        let _ = tls.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
        let _ = tls.flush();
        let _ = to.send(text);
    });
    (address, cert.pem(), requests)
}

fn post(url: String, ca_file: &str) -> Result<(), Failure> {
    let webhook = Webhook {
        url,
        timeout: Duration::from_secs(10),
        retries: 0,
        ca_file: Some(ca_file.as_bytes().to_vec()),
        authorization: None,
    };
    let (reader, _writer) = std::io::pipe().unwrap();
    let mut post = Post::new(&webhook, Hurry::new(reader)).unwrap();
    post.deliver(&Passed { record: hold::tests::record("s", "linkDown", 2), held: 0 })
}

#[test]
fn only_who_has_the_certificate_is_told() {
    let (address, pem, requests) = server("localhost");
    let url = |address: SocketAddr| format!("https://localhost:{}/in", address.port());
    post(url(address), &pem).unwrap();
    let request = requests.recv().unwrap();
    assert!(request.starts_with("POST /in HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("\"name\":\"linkDown\""), "{request}");

    let (address, _, requests) = server("localhost");
    let error = post(url(address), &pem).unwrap_err();
    assert!(matches!(error, Failure::Post { attempts: 1, .. }), "{error}");
    assert!(!requests.recv().unwrap().contains("POST"), "nothing was told");
    let (address, pem, _requests) = server("other.example.net");
    assert!(post(url(address), &pem).is_err(), "another name");
}

#[test]
fn a_file_without_certificates_is_said_to_be_one() {
    let webhook = Webhook {
        url: "https://localhost/".to_owned(),
        timeout: Duration::from_secs(1),
        retries: 0,
        ca_file: Some(b"nothing".to_vec()),
        authorization: None,
    };
    let (reader, _writer) = std::io::pipe().unwrap();
    let made = Post::new(&webhook, Hurry::new(reader));
    assert!(matches!(made.map(drop), Err(ConsumerFault::NoAuthorities)));
}
