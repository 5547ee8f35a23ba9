//! A client of a service.

use std::io::{self, Read};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use socket2::{Domain, SockRef, Socket, Type};

use super::PATIENCE;

/// Connects, with a limit on every wait.
pub fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&address, PATIENCE).expect("the service accepts");
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Connects and reads up to the end.
pub fn ask(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// What a client of this address is told.
pub fn ask_from(client: [u8; 4], service: SocketAddr) -> String {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((client, 0)).into()).unwrap();
    SockRef::from(&socket).set_read_timeout(Some(PATIENCE)).unwrap();
    socket.connect(&service.into()).unwrap();
    let mut answer = String::new();
    TcpStream::from(socket).read_to_string(&mut answer).unwrap();
    answer
}

/// Reads exactly that many octets as text.
pub fn read_text(stream: &mut TcpStream, octets: usize) -> String {
    let mut text = vec![0; octets];
    stream.read_exact(&mut text).expect("the peer says that much");
    String::from_utf8(text).unwrap()
}

/// Ends with a reset.
pub fn reset(stream: TcpStream) {
    SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
}

/// The error with which reading ends.
pub fn read_error(stream: &mut TcpStream) -> Option<io::ErrorKind> {
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).err().map(|error| error.kind())
}
