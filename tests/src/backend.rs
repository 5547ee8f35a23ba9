//! Real servers behind the director: each connection is answered with the
//! server's name and counted.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
};

/// A TCP server that says its name and then echoes until its client has ended.
pub struct Backend {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

struct Shared {
    name: String,
    connections: AtomicU64,
    ending: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
}

impl Backend {
    /// Starts on a free port of 127.0.0.1.
    pub fn start(name: &str) -> Self {
        Self::at(name, (Ipv4Addr::LOCALHOST, 0).into())
    }

    /// Starts on an address that it had before, say.
    #[track_caller]
    pub fn at(name: &str, address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).expect("the address is free");
        let address = listener.local_addr().expect("it is bound");
        let shared = Arc::new(Shared {
            name: name.to_owned(),
            connections: AtomicU64::new(0),
            ending: AtomicBool::new(false),
            open: Mutex::default(),
        });
        let accepting = thread::spawn({
            let shared = shared.clone();
            move || shared.accept(&listener)
        });
        Self { address, shared, accepting: Some(accepting) }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Connections that sent something. A check, which sends nothing, is none.
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// Stops listening and cuts what is open, as a killed process would; its
    /// address.
    pub fn kill(mut self) -> SocketAddr {
        self.end();
        self.address
    }

    fn end(&mut self) {
        self.shared.ending.store(true, Ordering::SeqCst);
        // Wakes the accepting thread, which then drops the listener.
        let _ = TcpStream::connect(self.address);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
        for stream in self.shared.open.lock().expect("no holder panics").drain(..) {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.end();
    }
}

impl Shared {
    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        for stream in listener.incoming() {
            if self.ending.load(Ordering::SeqCst) {
                return;
            }
            let Ok(stream) = stream else { continue };
            let shared = self.clone();
            thread::spawn(move || shared.serve(stream));
        }
    }

    /// Echoes `NAME ` and then whatever comes.
    fn serve(&self, mut stream: TcpStream) {
        let Ok(handle) = stream.try_clone() else { return };
        self.open.lock().expect("no holder panics").push(handle);
        let mut buffer = [0; 4096];
        let mut first = true;
        while let Ok(read @ 1..) = stream.read(&mut buffer) {
            if first {
                self.connections.fetch_add(1, Ordering::Relaxed);
                first = false;
                if stream.write_all(format!("{} ", self.name).as_bytes()).is_err() {
                    break;
                }
            }
            if stream.write_all(buffer.get(..read).unwrap_or_default()).is_err() {
                break;
            }
        }
        let peer = stream.peer_addr().ok();
        drop(stream);
        // A closed stream has no peer any more; it goes as well.
        let gone = |s: &TcpStream| s.peer_addr().ok().is_none() || s.peer_addr().ok() == peer;
        self.open.lock().expect("no holder panics").retain(|s| !gone(s));
    }
}
