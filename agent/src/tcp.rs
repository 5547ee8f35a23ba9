//! SNMP over TCP (RFC 3430), alone or under TLS: for managers that read whole tables, in
//! answers longer than a datagram likes to be.
//!
//! Each connection has a thread, and there are only so many: the port that
//! everyone polls is the UDP one, and no connection ever takes anything from it.
//! What comes on one connection is answered in its order; a SET waits for the
//! disk here, and with it nobody but who sent it.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    os::fd::OwnedFd,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use lcms_snmp::ber;
use socket2::{Domain, Protocol, Socket, Type};

use crate::{
    bell::Bell,
    engine::{At, Engine, Source, Verdict, Workspace},
    setter,
    state::{AgentState, Publisher},
    tls,
};

/// What an agent has to send over TCP at least (RFC 3430 §2.2).
pub const MESSAGE_SIZE: usize = 8192;

/// No message that comes may be longer.
const LONGEST: usize = 65_535;

/// Connections at a time. One more takes the place of the oldest whose peer has not
/// shown yet who it is, or is closed as soon as it opens where all have.
const CONNECTIONS: usize = 32;

/// A connection on which nothing comes for so long is closed, and so is one of which a
/// single message takes longer to arrive or whose peer does not read.
const IDLE: Duration = Duration::from_secs(60);
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// How often a connection that is quiet looks whether it is over.
const LOOK: Duration = Duration::from_millis(500);

/// How long to leave a listener alone that has no descriptors left, say.
const PAUSE: Duration = Duration::from_millis(50);

const BACKLOG: i32 = 64;

/// A bound socket, not yet served.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
}

/// A served socket with its connections.
pub struct Service {
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
}

struct Shared {
    stop: AtomicBool,
    bell: Bell,
    engine: Arc<Engine<AgentState>>,
    publisher: Arc<Publisher>,
    /// What secures the connections, if something does.
    tls: Option<tls::Server>,
    connections: Mutex<Vec<Open>>,
}

/// A connection as those see it who have an eye on all.
struct Open {
    thread: JoinHandle<()>,
    /// Its thread's, and gone with it.
    stream: Weak<TcpStream>,
    /// Whether it is known with whom it is: by a session's certificate, or by a message
    /// with a community or a user's code that is right.
    is_known: Arc<AtomicBool>,
}

/// What messages go through.
pub(crate) trait Channel: Read + Write {
    /// Whether its peer is still to be served.
    fn is_admitted(&mut self, state: &AgentState) -> bool;

    /// Where a message comes from that the peer has sent.
    fn source(&mut self, state: &AgentState) -> Source<'_>;
}

/// A connection as it is.
struct Plain<'c> {
    stream: &'c TcpStream,
    from: SocketAddr,
}

impl Listener {
    /// Binds an address; port 0 takes any that is free.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        if address.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        // Connections of an agent before this one may still be in TIME-WAIT.
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        let socket = TcpListener::from(socket);
        let address = socket.local_addr()?;
        Ok(Self { socket, address })
    }

    /// Goes on with the socket of another process.
    pub fn inherit(socket: OwnedFd) -> io::Result<Self> {
        let socket = TcpListener::from(socket);
        let address = socket.local_addr()?;
        Ok(Self { socket, address })
    }

    /// A duplicate of the socket, for another process.
    pub fn socket(&self) -> io::Result<OwnedFd> {
        Ok(self.socket.try_clone()?.into())
    }

    /// Where it is bound.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves it on threads of its own, under TLS if there is a server of it.
    pub fn serve(
        self,
        engine: Arc<Engine<AgentState>>,
        publisher: Arc<Publisher>,
        tls: Option<tls::Server>,
    ) -> io::Result<Service> {
        let Self { socket, address } = self;
        // Another process may take what both were told of.
        socket.set_nonblocking(true)?;
        let shared = Arc::new(Shared {
            stop: AtomicBool::new(false),
            bell: Bell::new()?,
            engine,
            publisher,
            tls,
            connections: Mutex::default(),
        });
        let thread = thread::Builder::new().name(format!("tcp {}", address.port())).spawn({
            let shared = Arc::clone(&shared);
            move || shared.accept(&socket)
        })?;
        Ok(Service { shared, thread })
    }
}

impl Service {
    /// Ends the listener and all connections.
    pub fn stop(self) {
        self.shared.stop.store(true, Ordering::Release);
        self.shared.bell.ring();
        let connections = {
            let mut open = self.shared.connections.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *open)
        };
        let connections = connections.into_iter().map(|open| open.thread);
        for thread in connections.chain([self.thread]) {
            if thread.join().is_err() {
                tracing::error!("a thread of an SNMP connection had died");
            }
        }
    }
}

impl Shared {
    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        loop {
            let accepted = match self.bell.wait(listener) {
                Ok(true) => listener.accept(),
                Ok(false) => return,
                Err(error) => Err(error),
            };
            match accepted {
                Ok((stream, from)) => self.admit(stream, from),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => {
                    tracing::warn!(%error, "accepting SNMP connections");
                    thread::sleep(PAUSE);
                }
            }
        }
    }

    fn admit(self: &Arc<Self>, stream: TcpStream, from: SocketAddr) {
        let mut open = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|one| !one.thread.is_finished());
        if open.len() >= CONNECTIONS && !make_room(&mut open) {
            tracing::debug!(%from, "more connections than there may be");
            return;
        }
        let shared = Arc::clone(self);
        let stream = Arc::new(stream);
        let is_known = Arc::new(AtomicBool::new(false));
        let name = if self.tls.is_some() { "snmp tls" } else { "snmp tcp" };
        let weak = Arc::downgrade(&stream);
        let thread = thread::Builder::new().name(name.to_owned()).spawn({
            let is_known = Arc::clone(&is_known);
            move || {
                if let Err(error) = shared.serve(&stream, from, &is_known) {
                    tracing::debug!(%from, %error, "a connection is over");
                }
                let _ = stream.shutdown(Shutdown::Both);
            }
        });
        match thread {
            Ok(thread) => open.push(Open { thread, stream: weak, is_known }),
            Err(error) => tracing::warn!(%error, "no thread for a connection"),
        }
    }

    fn serve(&self, stream: &TcpStream, from: SocketAddr, is_known: &AtomicBool) -> io::Result<()> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(LOOK))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let Some(tls) = &self.tls else {
            return Connection { shared: self, channel: Plain { stream, from }, is_known }.serve();
        };
        let session = tls.accept(stream, from, &self.stop)?;
        is_known.store(true, Ordering::Release);
        Connection { shared: self, channel: session, is_known }.serve()
    }
}

/// Ends the oldest connection that may be anybody's, so that whoever opens many and
/// says nothing keeps nobody out.
fn make_room(open: &mut Vec<Open>) -> bool {
    let unknown = open.iter().position(|one| !one.is_known.load(Ordering::Acquire));
    let Some(unknown) = unknown.map(|at| open.remove(at)) else { return false };
    if let Some(stream) = unknown.stream.upgrade() {
        // Where the peer has gone there is nothing to end.
        let _ = stream.shutdown(Shutdown::Both);
    }
    // Nothing holds it up any more; and without this there could be any number of them.
    if unknown.thread.join().is_err() {
        tracing::error!("a thread of an SNMP connection had died");
    }
    true
}

impl Channel for Plain<'_> {
    fn is_admitted(&mut self, _: &AgentState) -> bool {
        true
    }

    fn source(&mut self, _: &AgentState) -> Source<'_> {
        self.from.into()
    }
}

impl Read for Plain<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.read(buffer)
    }
}

impl Write for Plain<'_> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.stream.write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Connection<'c, C> {
    shared: &'c Shared,
    channel: C,
    is_known: &'c AtomicBool,
}

impl<C: Channel> Connection<'_, C> {
    /// Answers whatever comes until the peer ends, errs or goes quiet.
    fn serve(&mut self) -> io::Result<()> {
        let mut workspace = Workspace::default();
        let mut received = Vec::new();
        let mut buffer = [0; 8192];
        let mut since = Instant::now();
        while !self.shared.stop.load(Ordering::Acquire) {
            match self.channel.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(read) => {
                    let begins = received.is_empty();
                    received.extend_from_slice(buffer.get(..read).unwrap_or_default());
                    // From the end of one message, or the begin of the next.
                    if self.answer_all(&mut received, &mut workspace)? || begins {
                        since = Instant::now();
                    }
                }
                Err(error) if !is_nothing_yet(&error) => return Err(error),
                Err(_) => self.admit(&self.shared.publisher.current())?,
            }
            let limit = if received.is_empty() { IDLE } else { PATIENCE };
            if since.elapsed() > limit {
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
        Ok(())
    }

    /// Answers the whole messages there are, and says whether there were any. Behind
    /// octets that begin none nothing can be found again, so they end the connection
    /// (RFC 3430 §2.1).
    fn answer_all(
        &mut self,
        received: &mut Vec<u8>,
        workspace: &mut Workspace,
    ) -> io::Result<bool> {
        let malformed = |_| io::Error::from(io::ErrorKind::InvalidData);
        let mut done = 0;
        while let Some(rest) = received.get(done..)
            && let Some(length) = ber::message_len(rest).map_err(malformed)?
        {
            if length > LONGEST {
                return Err(io::ErrorKind::InvalidData.into());
            }
            let Some(message) = rest.get(..length) else { break };
            self.answer(message, workspace)?;
            done += length;
        }
        received.drain(..done);
        Ok(done > 0)
    }

    /// Ends the connection where its peer is not to be served any more.
    fn admit(&mut self, state: &AgentState) -> io::Result<()> {
        match self.channel.is_admitted(state) {
            true => Ok(()),
            false => Err(io::ErrorKind::PermissionDenied.into()),
        }
    }

    fn answer(&mut self, message: &[u8], workspace: &mut Workspace) -> io::Result<()> {
        let Shared { engine, publisher, .. } = self.shared;
        let state = publisher.current();
        let at = At { state: &**state, now: Instant::now() };
        self.admit(&state)?;
        let source = self.channel.source(&state);
        let reply = match engine.receive(at, source, message, workspace) {
            Verdict::Drop => return Ok(()),
            Verdict::Report(report) => report,
            Verdict::Reply(reply) => {
                self.is_known.store(true, Ordering::Release);
                reply
            }
            Verdict::Set => {
                self.is_known.store(true, Ordering::Release);
                let mut room = Vec::new();
                let request = engine.set(at, source, message, &mut room);
                let Some(request) = request else { return Ok(()) };
                let done =
                    setter::carry_out(publisher, request.principal(), |at| request.check(at));
                match request.answer(done.map(|_| ()), workspace) {
                    Verdict::Reply(reply) => reply,
                    Verdict::Report(_) | Verdict::Drop | Verdict::Set => return Ok(()),
                }
            }
        };
        self.channel.write_all(reply)?;
        self.channel.flush()
    }
}

/// Whether an error of a socket with a timeout says no more than that.
pub(crate) fn is_nothing_yet(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), WouldBlock | TimedOut | Interrupted)
}
