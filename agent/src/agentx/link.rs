//! The connection to a master, on a thread of its own.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    os::unix::net::UnixStream,
    sync::mpsc::{self, RecvTimeoutError, TryRecvError, TrySendError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use lcms_snmp::{
    VarBind,
    agentx::{self, AgentxError},
};

use super::{LocalObjects, Lost, Master, Session, Subtree};

/// First and longest wait before another attempt to connect.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// How often the thread looks up from a connection that is quiet.
const LOOK: Duration = Duration::from_millis(250);

/// How long a master may take to accept a connection, or octets.
const PATIENCE: Duration = Duration::from_secs(5);

/// Notifications that wait until there is a session.
const NOTIFICATIONS: usize = 128;

/// The running link. Dropping it ends the session and the thread.
#[derive(Debug)]
pub struct Link {
    notifier: Notifier,
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Hands notifications to the master.
#[derive(Clone, Debug)]
pub struct Notifier(mpsc::SyncSender<Vec<VarBind<'static>>>);

impl Notifier {
    /// Hands one over, sysUpTime.0 and snmpTrapOID.0 first, and does not wait: with
    /// too many of them waiting for a master, it is lost.
    pub fn send(&self, varbinds: Vec<VarBind<'static>>) {
        if let Err(TrySendError::Full(_)) = self.0.try_send(varbinds) {
            tracing::warn!("a notification was lost, for the AgentX master is away");
        }
    }
}

/// Why there is no session any more.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Lost(#[from] Lost),
    #[error(transparent)]
    Malformed(#[from] AgentxError),
}

impl Link {
    /// Keeps a session with a master, now and whenever it comes back.
    pub fn start(
        master: Master,
        subtrees: Vec<Subtree>,
        description: String,
        objects: LocalObjects,
    ) -> io::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let (notifier, notifications) = mpsc::sync_channel(NOTIFICATIONS);
        let worker = Worker { master, subtrees, description, objects, stopped, notifications };
        let thread =
            thread::Builder::new().name("agentx".to_owned()).spawn(move || worker.run())?;
        let notifier = Notifier(notifier);
        Ok(Self { notifier, stop: Some(stop), thread: Some(thread) })
    }

    /// The way for notifications.
    pub fn notifier(&self) -> Notifier {
        self.notifier.clone()
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the AgentX thread had died");
        }
    }
}

struct Worker {
    master: Master,
    subtrees: Vec<Subtree>,
    description: String,
    objects: LocalObjects,
    stopped: mpsc::Receiver<()>,
    notifications: mpsc::Receiver<Vec<VarBind<'static>>>,
}

impl Worker {
    fn run(&self) {
        let mut wait = FIRST_WAIT;
        let mut said = String::new();
        loop {
            let broken = match Stream::connect(&self.master) {
                Ok(stream) => match self.session(stream, &mut wait) {
                    Ok(()) => return,
                    Err(broken) => broken,
                },
                Err(error) => Broken::Io(error),
            };
            let (master, words) = (&self.master, broken.to_string());
            // Once, and not each time a master is still away.
            match words == said {
                true => tracing::debug!(%master, %broken, "no AgentX session"),
                false => tracing::warn!(%master, %broken, "no AgentX session"),
            }
            said = words;
            match self.stopped.recv_timeout(wait) {
                Err(RecvTimeoutError::Timeout) => wait = (wait * 2).min(LONGEST_WAIT),
                Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Keeps a session; returns in good order when the agent ends.
    fn session(&self, mut stream: Stream, wait: &mut Duration) -> Result<(), Broken> {
        let (mut session, open) =
            Session::open(self.subtrees.clone(), &self.description, Instant::now());
        stream.write_all(&open)?;
        let mut received = Vec::new();
        let mut running = false;
        loop {
            if self.stopped.try_recv() == Err(TryRecvError::Disconnected) {
                // The master notices anyhow if this does not arrive.
                let _ = stream.write_all(&session.close(Instant::now()));
                return Ok(());
            }
            stream.receive(&mut received)?;
            while let Some(length) = agentx::packet_len(&received)?
                && let Some(octets) = received.get(..length)
            {
                let packet = agentx::decode(octets)?;
                received.drain(..length);
                let out = session.receive(Instant::now(), packet, &self.objects)?;
                stream.write_all(&out)?;
            }
            stream.write_all(&session.tick(Instant::now())?)?;
            while running && let Ok(varbinds) = self.notifications.try_recv() {
                stream.write_all(&session.notify(Instant::now(), varbinds))?;
            }
            if !running && session.is_running() {
                running = true;
                *wait = FIRST_WAIT;
                tracing::info!(master = %self.master, "registered with the AgentX master");
            }
        }
    }
}

enum Stream {
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl Stream {
    fn connect(master: &Master) -> io::Result<Self> {
        Ok(match master {
            Master::Unix(path) => {
                let stream = UnixStream::connect(path)?;
                stream.set_read_timeout(Some(LOOK))?;
                stream.set_write_timeout(Some(PATIENCE))?;
                Self::Unix(stream)
            }
            Master::Tcp(address) => {
                let stream = TcpStream::connect_timeout(address, PATIENCE)?;
                stream.set_read_timeout(Some(LOOK))?;
                stream.set_write_timeout(Some(PATIENCE))?;
                stream.set_nodelay(true)?;
                Self::Tcp(stream)
            }
        })
    }

    /// Appends what has come, or nothing if nothing came for a while.
    fn receive(&mut self, received: &mut Vec<u8>) -> io::Result<()> {
        let mut buffer = [0; 16 * 1024];
        let read = match self {
            Self::Unix(stream) => stream.read(&mut buffer),
            Self::Tcp(stream) => stream.read(&mut buffer),
        };
        match read {
            Ok(0) => Err(io::ErrorKind::ConnectionAborted.into()),
            Ok(read) => {
                received.extend_from_slice(buffer.get(..read).unwrap_or_default());
                Ok(())
            }
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock
                | io::ErrorKind::TimedOut
                | io::ErrorKind::Interrupted => Ok(()),
                _ => Err(error),
            },
        }
    }

    fn write_all(&mut self, octets: &[u8]) -> io::Result<()> {
        match self {
            Self::Unix(stream) => stream.write_all(octets),
            Self::Tcp(stream) => stream.write_all(octets),
        }
    }
}
