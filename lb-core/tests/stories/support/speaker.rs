//! Those who speak UDP: servers that answer, and their clients.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::{PATIENCE, free_address};

/// A server that answers each datagram with its name, a colon and the datagram.
/// Its port is closed when it goes.
pub struct Answerer {
    pub address: SocketAddr,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Answerer {
    pub fn named(name: &'static str) -> Self {
        Self::at(name, free_address())
    }

    /// The same at this address.
    pub fn at(name: &'static str, address: SocketAddr) -> Self {
        let socket = UdpSocket::bind(address).expect("the address is free");
        let over = Arc::new(AtomicBool::new(false));
        let ends = over.clone();
        let thread = thread::spawn(move || {
            let mut buffer = vec![0; 1 << 16];
            while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                if ends.load(Ordering::SeqCst) {
                    return;
                }
                // What a check sends is nothing to answer.
                if length > 0 {
                    let answer = [name.as_bytes(), b":", &buffer[..length]].concat();
                    let _ = socket.send_to(&answer, from);
                }
            }
        });
        Self { address, over, thread: Some(thread) }
    }
}

impl Drop for Answerer {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // Its receive is woken by one last datagram.
        if let Ok(socket) = speaker(self.address) {
            let _ = socket.send(b"over");
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A client's socket, connected: it hears nobody but this address.
pub fn speaker(to: SocketAddr) -> io::Result<UdpSocket> {
    let own = match to {
        SocketAddr::V4(_) => SocketAddr::from(([127, 0, 0, 1], 0)),
        SocketAddr::V6(_) => SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], 0)),
    };
    let socket = UdpSocket::bind(own)?;
    socket.connect(to)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    Ok(socket)
}

/// What comes back for this.
pub fn say(socket: &UdpSocket, what: &str) -> String {
    socket.send(what.as_bytes()).expect("the service is there");
    hear(socket).expect("it is answered")
}

/// Says it over and over, as clients of a lossy protocol do, up to an answer.
pub fn insist(socket: &UdpSocket, what: &str) -> String {
    socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    for _ in 0..PATIENCE.as_millis() / 20 {
        socket.send(what.as_bytes()).expect("the service is there");
        match hear(socket) {
            Ok(answer) => {
                socket.set_read_timeout(Some(PATIENCE)).unwrap();
                return answer;
            }
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}"),
        }
    }
    panic!("{what} is never answered");
}

/// The next datagram.
pub fn hear(socket: &UdpSocket) -> io::Result<String> {
    let mut buffer = vec![0; 1 << 16];
    let length = socket.recv(&mut buffer)?;
    buffer.truncate(length);
    Ok(String::from_utf8(buffer).expect("it is text"))
}
