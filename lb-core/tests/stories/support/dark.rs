//! A server that falls silent, as if its host had lost its network.

use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use super::free_address;

/// Accepts and closes, until it goes dark: from then on its kernel drops every
/// SYN, because the queue of connections that nobody accepts is full.
pub struct Dark {
    pub address: SocketAddr,
    listener: Arc<Socket>,
    dark: Arc<AtomicBool>,
    over: Arc<AtomicBool>,
    fillers: Vec<Socket>,
}

impl Dark {
    pub fn start() -> Self {
        let address = free_address();
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        listener.bind(&address.into()).unwrap();
        listener.listen(128).unwrap();
        listener.set_nonblocking(true).unwrap();
        let listener = Arc::new(listener);
        let (dark, over) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (socket, is_dark, is_over) = (listener.clone(), dark.clone(), over.clone());
        thread::spawn(move || {
            while !is_over.load(Ordering::SeqCst) {
                let accepts = !is_dark.load(Ordering::SeqCst);
                if !accepts || socket.accept().is_err() {
                    thread::sleep(Duration::from_millis(1));
                }
            }
        });
        Self { address, listener, dark, over, fillers: Vec::new() }
    }

    /// From when this returns, no connection to it is answered.
    pub fn go_dark(&mut self) -> Instant {
        self.dark.store(true, Ordering::SeqCst);
        self.listener.listen(0).unwrap();
        while TcpStream::connect_timeout(&self.address, Duration::from_millis(50))
            .map(|stream| self.fillers.push(stream.into()))
            .is_ok()
        {}
        Instant::now()
    }
}

impl Drop for Dark {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
    }
}
