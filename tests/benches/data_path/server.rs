//! The servers: one loop for all their addresses.

use std::{
    io::Write,
    net::{Ipv4Addr, SocketAddrV4},
    os::fd::OwnedFd,
};

use rustix::{
    buffer::spare_capacity,
    event::epoll::{self, CreateFlags, Event, EventData, EventFlags},
    fs::{MemfdFlags, memfd_create, sendfile},
    io::Errno,
    net::{
        AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, accept_with, bind, listen,
        recv, send, socket_with, sockopt,
    },
};

use crate::{
    failure::Failure,
    network::PORT,
    wire::{self, ENDLESS, PERIOD, REQUEST},
};

/// Octets of a bulk reply handed over at a time.
const SHARE: usize = 1 << 20;

const LISTENER: u64 = u64::MAX;

struct Connection {
    socket: OwnedFd,
    request: wire::Request,
    filled: usize,
    /// Where in the pattern an endless reply has come to.
    endless: Option<u64>,
}

/// What is to become of a connection.
enum Next {
    Keep,
    /// Send without end.
    Pour,
    Close,
}

struct Server {
    epoll: OwnedFd,
    listener: OwnedFd,
    connections: Vec<Option<Connection>>,
    free: Vec<usize>,
    pattern: OwnedFd,
}

/// Serves until it is killed.
pub fn serve() -> Result<(), Failure> {
    let doing = |what: &'static str| Failure::doing::<Errno>(what);
    let pattern = memfd_create("pattern", MemfdFlags::CLOEXEC).map_err(doing("memfd"))?;
    let mut pattern = std::fs::File::from(pattern);
    pattern.write_all(&wire::pattern()).map_err(Failure::doing("memfd"))?;
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let listener = socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)
        .map_err(doing("socket"))?;
    sockopt::set_socket_reuseaddr(&listener, true).map_err(doing("reuseaddr"))?;
    sockopt::set_tcp_nodelay(&listener, true).map_err(doing("nodelay"))?;
    bind(&listener, &SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, PORT)).map_err(doing("bind"))?;
    listen(&listener, 65_535).map_err(doing("listen"))?;
    let epoll = epoll::create(CreateFlags::CLOEXEC).map_err(doing("epoll"))?;
    epoll::add(&epoll, &listener, EventData::new_u64(LISTENER), EventFlags::IN)
        .map_err(doing("epoll"))?;
    let server = Server {
        epoll,
        listener,
        connections: Vec::new(),
        free: Vec::new(),
        pattern: pattern.into(),
    };
    server.run().map_err(doing("serving"))
}

impl Server {
    fn run(mut self) -> Result<(), Errno> {
        let mut events: Vec<Event> = Vec::with_capacity(512);
        loop {
            events.clear();
            match epoll::wait(&self.epoll, spare_capacity(&mut events), None) {
                Err(Errno::INTR) => continue,
                other => other?,
            };
            for event in &events {
                match event.data.u64() {
                    LISTENER => self.accept()?,
                    number => self.answer(number as usize)?,
                }
            }
        }
    }

    fn accept(&mut self) -> Result<(), Errno> {
        loop {
            let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
            let socket = match accept_with(&self.listener, flags) {
                Ok(socket) => socket,
                Err(Errno::AGAIN) => return Ok(()),
                Err(Errno::CONNABORTED | Errno::INTR) => continue,
                Err(error) => return Err(error),
            };
            let number = self.free.pop().unwrap_or_else(|| {
                self.connections.push(None);
                self.connections.len() - 1
            });
            let data = EventData::new_u64(number as u64);
            epoll::add(&self.epoll, &socket, data, EventFlags::IN)?;
            let connection = Connection { socket, request: [0; REQUEST], filled: 0, endless: None };
            self.connections[number] = Some(connection);
        }
    }

    fn answer(&mut self, number: usize) -> Result<(), Errno> {
        let Some(connection) = &mut self.connections[number] else { return Ok(()) };
        let next = match connection.endless {
            None => connection.read(),
            Some(_) => connection.pour(&self.pattern),
        };
        match next {
            Next::Keep => {}
            Next::Pour => {
                let data = EventData::new_u64(number as u64);
                epoll::modify(&self.epoll, &connection.socket, data, EventFlags::OUT)?;
            }
            Next::Close => {
                self.connections[number] = None;
                self.free.push(number);
            }
        }
        Ok(())
    }
}

impl Connection {
    fn read(&mut self) -> Next {
        match recv(&self.socket, &mut self.request[self.filled..], RecvFlags::empty()) {
            Ok((_, 0)) => return Next::Close,
            Ok((_, read)) => self.filled += read,
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(_) => return Next::Close,
        }
        if self.filled < REQUEST {
            return Next::Keep;
        }
        self.filled = 0;
        // Who sends nonsense gets no reply, and notices.
        let Some((serial, length)) = wire::parse(&self.request) else { return Next::Close };
        if length == ENDLESS {
            self.endless = Some(0);
            return Next::Pour;
        }
        match send(&self.socket, &wire::reply(serial), SendFlags::NOSIGNAL) {
            Ok(wire::REPLY) => Next::Keep,
            _ => Next::Close,
        }
    }

    fn pour(&mut self, pattern: &OwnedFd) -> Next {
        let position = self.endless.get_or_insert(0);
        let left = PERIOD - *position as usize;
        match sendfile(&self.socket, pattern, Some(position), left.min(SHARE)) {
            Ok(_) => {
                *position %= PERIOD as u64;
                Next::Keep
            }
            Err(Errno::AGAIN | Errno::INTR) => Next::Keep,
            Err(_) => Next::Close,
        }
    }
}
