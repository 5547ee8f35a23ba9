//! The PROXY protocol, in and out.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::mpsc::Receiver;

use lcms_lb_core::model::{SendProxy, Service};
use lcms_lb_core::proxy_protocol::{self, Header, Origin};

use crate::support::PATIENCE;
use crate::support::backend::Backend;
use crate::support::client::{connect, read_error};
use crate::support::director::Fixture;

fn with(edit: impl FnOnce(&mut Service)) -> (Fixture, Backend, Receiver<TcpStream>) {
    let (backend, streams) = Backend::handing_over();
    let fixture = Fixture::with(&[("rs1", backend.address, 1)], edit);
    (fixture, backend, streams)
}

fn somebody() -> Origin {
    Origin {
        source: "192.0.2.7:4711".parse().unwrap(),
        destination: "198.51.100.1:443".parse().unwrap(),
    }
}

/// The header a server is told, and what comes behind it.
fn told(server: &mut TcpStream) -> (Header, String) {
    let mut bytes = Vec::new();
    server.read_to_end(&mut bytes).unwrap();
    let (header, length) = proxy_protocol::read(&bytes).unwrap().expect("a whole header");
    (header, String::from_utf8(bytes.split_off(length)).unwrap())
}

fn accepts(service: &mut Service) {
    service.accept_proxy = true;
}

#[test]
fn a_header_is_taken_off_and_what_is_behind_it_arrives() {
    let (fixture, _backend, streams) = with(accepts);
    for header in [
        proxy_protocol::line(&Header::For(somebody())),
        proxy_protocol::binary(&Header::For(somebody())),
        proxy_protocol::line(&Header::Itself),
        proxy_protocol::binary(&Header::Itself),
    ] {
        let mut client = connect(fixture.address);
        client.write_all(&[&header[..], b"hello"].concat()).unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        let mut server = streams.recv_timeout(PATIENCE).unwrap();
        let mut text = String::new();
        server.read_to_string(&mut text).unwrap();
        assert_eq!(text, "hello");
    }
}

#[test]
fn a_header_may_come_octet_by_octet() {
    let (fixture, _backend, streams) = with(accepts);
    for header in [proxy_protocol::line, proxy_protocol::binary] {
        let mut client = connect(fixture.address);
        client.set_nodelay(true).unwrap();
        for octet in header(&Header::For(somebody())) {
            client.write_all(&[octet]).unwrap();
        }
        client.write_all(b"hello").unwrap();
        let mut server = streams.recv_timeout(PATIENCE).unwrap();
        let mut text = [0; 5];
        server.read_exact(&mut text).unwrap();
        assert_eq!(&text, b"hello");
    }
}

#[test]
fn a_client_without_a_header_is_turned_away_and_no_server_is_asked() {
    let (fixture, _backend, streams) = with(accepts);
    for nonsense in
        [&b"GET / HTTP/1.1\r\n\r\n"[..], b"PROXY me, please\r\n", b"\r\n\r\n\0\r\nQUIT\n?"]
    {
        let mut client = connect(fixture.address);
        client.write_all(nonsense).unwrap();
        assert_eq!(read_error(&mut client), Some(ErrorKind::ConnectionReset));
    }
    // Nor one that ends before it has said whom it speaks for.
    let mut client = connect(fixture.address);
    client.write_all(b"PROXY TCP4 ").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_error(&mut client), Some(ErrorKind::ConnectionReset));
    assert!(streams.try_recv().is_err());
}

#[test]
fn a_server_is_told_the_ends_of_the_clients_connection() {
    for how in [SendProxy::V1, SendProxy::V2] {
        let (fixture, _backend, streams) = with(|service| service.send_proxy = how);
        let mut client = connect(fixture.address);
        let origin = Origin { source: client.local_addr().unwrap(), destination: fixture.address };
        client.write_all(b"hello").unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        let mut server = streams.recv_timeout(PATIENCE).unwrap();
        assert_eq!(told(&mut server), (Header::For(origin), "hello".to_owned()), "{how}");
    }
}

#[test]
fn a_server_that_speaks_first_is_told_first() {
    let (fixture, _backend, streams) = with(|service| service.send_proxy = SendProxy::V1);
    let mut client = connect(fixture.address);
    let own: SocketAddr = client.local_addr().unwrap();
    let mut server = streams.recv_timeout(PATIENCE).unwrap();
    let expected = format!(
        "PROXY TCP4 {} {} {} {}\r\n",
        own.ip(),
        fixture.address.ip(),
        own.port(),
        fixture.address.port()
    );
    let mut line = vec![0; expected.len()];
    server.read_exact(&mut line).unwrap();
    assert_eq!(String::from_utf8(line).unwrap(), expected);
    server.write_all(b"220 ready\r\n").unwrap();
    let mut greeting = [0; 11];
    client.read_exact(&mut greeting).unwrap();
    assert_eq!(&greeting, b"220 ready\r\n");
}

#[test]
fn whom_a_proxy_speaks_for_is_passed_on() {
    let (fixture, _backend, streams) = with(|service| {
        service.accept_proxy = true;
        service.send_proxy = SendProxy::V2;
    });
    let mut client = connect(fixture.address);
    client.write_all(&proxy_protocol::line(&Header::For(somebody()))).unwrap();
    client.write_all(b"hello").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let mut server = streams.recv_timeout(PATIENCE).unwrap();
    assert_eq!(told(&mut server), (Header::For(somebody()), "hello".to_owned()));
}
