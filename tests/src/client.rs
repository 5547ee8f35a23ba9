//! Clients of a load-balanced service.

use std::{
    collections::BTreeMap,
    io::{self, Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream},
    time::Duration,
};

use rustix::net::{AddressFamily, SocketType, bind, connect, socket};

/// One connection: sends a word, and gives the name of the server that echoed.
pub fn ask(service: SocketAddr) -> io::Result<String> {
    let mut connection = Connection::open(service)?;
    connection.exchange("hello")?;
    connection.close()
}

/// The same from this address of the loopback network.
pub fn ask_from(client: Ipv4Addr, service: SocketAddr) -> io::Result<String> {
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None)?;
    bind(&socket, &SocketAddr::from((client, 0)))?;
    connect(&socket, &service)?;
    let mut connection = Connection::over(socket.into())?;
    connection.exchange("hello")?;
    connection.close()
}

/// Asks `times` times over `threads` threads: answers by server, and errors.
pub fn ask_many(
    service: SocketAddr,
    times: usize,
    threads: usize,
) -> (BTreeMap<String, usize>, usize) {
    let mut by_server = BTreeMap::new();
    let mut errors = 0;
    let share = times.div_ceil(threads);
    let clients: Vec<_> = (0..threads)
        .map(|thread| {
            let times = share.min(times.saturating_sub(thread * share));
            std::thread::spawn(move || (0..times).map(|_| ask(service)).collect::<Vec<_>>())
        })
        .collect();
    for client in clients {
        for answer in client.join().expect("a client does not panic") {
            match answer {
                Ok(server) => *by_server.entry(server).or_insert(0) += 1,
                Err(_) => errors += 1,
            }
        }
    }
    (by_server, errors)
}

/// One connection that hears its server out, up to a clean end.
pub fn until_closed(service: SocketAddr) -> io::Result<usize> {
    let mut stream = TcpStream::connect_timeout(&service, Duration::from_secs(5))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    stream.read_to_end(&mut Vec::new())
}

/// A connection that stays open.
pub struct Connection {
    stream: TcpStream,
    server: Option<String>,
}

impl Connection {
    /// Connects; which server it is shows in the first exchange.
    pub fn open(service: SocketAddr) -> io::Result<Self> {
        Self::over(TcpStream::connect_timeout(&service, Duration::from_secs(5))?)
    }

    fn over(stream: TcpStream) -> io::Result<Self> {
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, server: None })
    }

    /// Sends a word and reads it back; the name of the server.
    pub fn exchange(&mut self, word: &str) -> io::Result<&str> {
        self.stream.write_all(word.as_bytes())?;
        let server = match self.server.take() {
            Some(server) => server,
            None => {
                let mut name = Vec::new();
                loop {
                    let mut octet = [0];
                    self.stream.read_exact(&mut octet)?;
                    if octet == *b" " {
                        break;
                    }
                    name.extend(octet);
                }
                String::from_utf8_lossy(&name).into_owned()
            }
        };
        let mut echo = vec![0; word.len()];
        self.stream.read_exact(&mut echo)?;
        if echo != word.as_bytes() {
            return Err(io::Error::other("something else came back"));
        }
        Ok(self.server.insert(server))
    }

    /// Ends in order: half-close, then the server's end; the server's name.
    pub fn close(mut self) -> io::Result<String> {
        self.stream.shutdown(Shutdown::Write)?;
        let mut rest = Vec::new();
        self.stream.read_to_end(&mut rest)?;
        match (rest.is_empty(), self.server) {
            (true, Some(server)) => Ok(server),
            _ => Err(io::Error::other("no clean end")),
        }
    }
}
