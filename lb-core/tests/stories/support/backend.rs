//! A real server: one thread that accepts, one for each connection.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, Weak};
use std::thread;

use super::{PATIENCE, free_address};

/// A server that can be killed.
pub struct Backend {
    pub address: SocketAddr,
    killed: Arc<AtomicBool>,
    streams: Arc<Mutex<Vec<Weak<TcpStream>>>>,
    broken: Arc<AtomicUsize>,
}

impl Backend {
    /// Says its name and closes.
    pub fn named(name: &'static str) -> Self {
        Self::named_at(name, free_address())
    }

    /// The same at this address.
    pub fn named_at(name: &'static str, address: SocketAddr) -> Self {
        // A check, say, is gone before it hears the name.
        Self::serving(address, move |stream| {
            let _ = (&*stream).write_all(name.as_bytes());
        })
    }

    /// Says its name, then sends back all it gets, up to the end.
    pub fn echo(name: &'static str) -> Self {
        Self::echo_at(name, free_address())
    }

    /// The same at this address.
    pub fn echo_at(name: &'static str, address: SocketAddr) -> Self {
        Self::serving(address, move |stream| {
            let mut stream = &*stream;
            let mut buffer = [0; 16 << 10];
            let mut going = stream.write_all(name.as_bytes()).is_ok();
            while let (true, Ok(read @ 1..)) = (going, stream.read(&mut buffer)) {
                going = stream.write_all(&buffer[..read]).is_ok();
            }
        })
    }

    /// Hands over its connections, and does nothing else.
    pub fn handing_over() -> (Self, Receiver<TcpStream>) {
        let (give, take) = mpsc::channel();
        let serve = move |stream: Arc<TcpStream>| {
            let stream = Arc::into_inner(stream).expect("the list holds it weakly");
            // A story that is over takes no more of them.
            let _ = give.send(stream);
        };
        (Self::serving(free_address(), serve), take)
    }

    /// Meets each connection like this. What panics there is broken.
    pub fn meeting(
        meet: impl Fn(TcpStream) -> io::Result<()> + Clone + Send + Sync + 'static,
    ) -> Self {
        let broken = Arc::new(AtomicUsize::new(0));
        let count = broken.clone();
        let mut backend = Self::serving(free_address(), move |stream| {
            let stream = Arc::into_inner(stream).expect("the list holds it weakly");
            let met = panic::catch_unwind(AssertUnwindSafe(|| meet(stream)));
            count.fetch_add(met.is_err().into(), Ordering::SeqCst);
        });
        backend.broken = broken;
        backend
    }

    /// Connections whose meeting panicked.
    pub fn broken(&self) -> usize {
        self.broken.load(Ordering::SeqCst)
    }

    fn serving(
        address: SocketAddr,
        serve: impl Fn(Arc<TcpStream>) + Clone + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).expect("the address is free");
        let killed = Arc::new(AtomicBool::new(false));
        let streams = Arc::new(Mutex::new(Vec::new()));
        let backend = Self {
            address,
            killed: killed.clone(),
            streams: streams.clone(),
            broken: Arc::default(),
        };
        thread::spawn(move || {
            for stream in listener.incoming() {
                if killed.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                stream.set_write_timeout(Some(PATIENCE)).unwrap();
                let stream = Arc::new(stream);
                let mut list = streams.lock().unwrap();
                list.retain(|one: &Weak<TcpStream>| one.strong_count() > 0);
                list.push(Arc::downgrade(&stream));
                let serve = serve.clone();
                thread::spawn(move || serve(stream));
            }
        });
        backend
    }

    /// Stops as a killed process does: nobody listens, connections are cut.
    pub fn kill(&self) {
        self.killed.store(true, Ordering::SeqCst);
        // Its accept is woken by one last connection.
        let _ = TcpStream::connect(self.address);
        for stream in self.streams.lock().unwrap().drain(..) {
            stream.upgrade().map(|stream| stream.shutdown(Shutdown::Both));
        }
        super::eventually("the killed server refuses", || {
            TcpStream::connect(self.address).is_err()
        });
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.killed.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}
