//! The receiver as it runs: its threads, and their end.

use std::{
    io::{self, PipeWriter},
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use lcms_mibs::Mib;
use lcms_snmp::usm::{Clock, LocalEngine};
use lcms_udp::Socket;
use thiserror::Error;
use tokio::sync::{
    mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    watch,
};

use super::{
    Counters, Digest, Entrance, Recent, Record, Settings,
    identity::{IdentityError, identity},
    journal::{Journal, JournalError},
    listener::{self, Listener},
    outlet::{Outlet, Outlets},
    pass_on::{Asking, ConsumerError, Hurry, consumers},
    position::Positions,
    store::{self, Store},
};

/// A running receiver.
#[derive(Debug)]
pub struct Receiver {
    sockets: Sockets,
    /// Its end ends the listener, and with that one after the other.
    stop: PipeWriter,
    /// Its end takes the consumers' patience.
    hurry: PipeWriter,
    threads: Vec<JoinHandle<()>>,
    /// Told by each thread as it ends.
    ended: UnboundedReceiver<()>,
    /// Whether its end was not waited for.
    abandoned: Arc<AtomicBool>,
}

/// Sockets by the addresses that the settings have for them. They outlive a receiver:
/// what comes while another one begins waits in them.
pub type Sockets = Vec<(SocketAddr, Arc<Socket>)>;

/// Tells that a thread ends, in whichever way.
struct Ends(UnboundedSender<()>);

impl Drop for Ends {
    fn drop(&mut self) {
        // Nobody has to listen.
        let _ = self.0.send(());
    }
}

/// Why there is no receiver.
#[derive(Debug, Error)]
pub enum ReceiverError {
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// Its engine has no name.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// It has no journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A consumer cannot be had.
    #[error(transparent)]
    Consumer(#[from] ConsumerError),
    /// The system refused what every run needs.
    #[error("{0}")]
    System(#[from] io::Error),
}

impl ReceiverError {
    /// What to do about it.
    pub fn advice(&self) -> Option<String> {
        Some(match self {
            Self::Listen { address, source } => match source.kind() {
                io::ErrorKind::PermissionDenied => format!(
                    "ports below 1024 want CAP_NET_BIND_SERVICE: give the service that \
                     capability, or listen on port 10162 instead of {}",
                    address.port()
                ),
                io::ErrorKind::AddrInUse => {
                    "somebody listens there already: snmptrapd, or another receiver".to_owned()
                }
                _ => "name an address of this machine in [receiver] listen".to_owned(),
            },
            Self::Journal(error) => error.advice().to_owned(),
            Self::Identity(_) => {
                "make state_dir a folder that the receiver may write to".to_owned()
            }
            Self::Consumer(_) | Self::System(_) => return None,
        })
    }
}

/// How long consumers may go on with what they have when the receiver ends.
const PATIENCE: Duration = Duration::from_secs(5);

/// And how long the end may take after that.
const LAST: Duration = Duration::from_secs(2);

/// What waits between the store and whoever judges, at most.
const ONWARD: usize = 1024;

impl Receiver {
    /// Starts everything. `asking` is how Nagios' checks are made; `before` are the sockets
    /// of the receiver before, of which those that are wanted again are taken.
    pub fn start(
        settings: &Settings,
        mib: watch::Receiver<Arc<Mib>>,
        asking: Option<&Asking>,
        counters: &Arc<Counters>,
        before: &Sockets,
    ) -> Result<Self, ReceiverError> {
        let now = Instant::now();
        let mut sockets = Sockets::new();
        for address in &settings.listen {
            let failed = |source| ReceiverError::Listen { address: *address, source };
            let socket = match before.iter().find(|(other, _)| other == address) {
                Some((_, socket)) => Arc::clone(socket),
                None => Arc::new(listener::bind(*address).map_err(failed)?),
            };
            sockets.push((*address, socket));
        }
        // First of all, so that nobody else counts the same engine's starts.
        let mut remembered = Remembered::default();
        let see = &mut |record: &Record| remembered.see(record, now);
        let opened = Journal::open(&settings.state_dir, settings.journal, see)?;
        if opened.cut > 0 {
            tracing::warn!("{} octets of an unfinished batch are cut off the journal", opened.cut);
        }
        let own = identity(&settings.state_dir, random()?)?;
        let seed = u64::from_be_bytes(random()?);
        let engine = LocalEngine::new(own, now, seed, settings.max_size.into());
        tracing::info!("receiver's engine {}, started {} times", own.id, own.boots);
        let mut entrance = Entrance::new(settings, engine, Arc::clone(counters), now);
        remembered.engines.iter().for_each(|(id, clock)| entrance.restore(*id, *clock, now));

        let (stop_read, stop) = io::pipe()?;
        let (hurry_read, hurry) = io::pipe()?;
        let hurrying = Hurry::new(hurry_read);
        let mut outlets = Vec::new();
        for rule in &settings.pass_on {
            let consumers = consumers(rule, asking, &hurrying)?;
            outlets.push(Outlet::start(rule.clone(), consumers, Arc::clone(counters))?);
        }
        let abandoned = Arc::new(AtomicBool::new(false));
        let last = opened.journal.last();
        let outlets = Outlets {
            outlets,
            positions: Positions::load(&settings.state_dir, last),
            state_dir: settings.state_dir.clone(),
            last,
            abandoned: Arc::clone(&abandoned),
        };
        let (onward, records) = mpsc::sync_channel(ONWARD);
        let (jobs, queue) = mpsc::sync_channel(store::QUEUE);
        let store = Store {
            journal: opened.journal,
            recent: remembered.recent,
            mib,
            counters: Arc::clone(counters),
            jobs: queue,
            onward,
            lost: 0,
        };
        let listener = Listener {
            sockets: sockets.iter().map(|(_, socket)| Arc::clone(socket)).collect(),
            entrance,
            counters: Arc::clone(counters),
            store: jobs,
            stop: stop_read,
        };
        let (ends, ended) = unbounded_channel();
        let spawn = |name: &str, work: Box<dyn FnOnce() + Send>| {
            let ends = Ends(ends.clone());
            thread::Builder::new().name(name.to_owned()).spawn(move || {
                let _ends = ends;
                work();
            })
        };
        let threads = vec![
            spawn("notifications out", Box::new(move || outlets.run(&records)))?,
            spawn("journal", Box::new(move || store.run()))?,
            spawn("notifications in", Box::new(move || listener.run()))?,
        ];
        counters.begin();
        Ok(Self { sockets, stop, hurry, threads, ended, abandoned })
    }

    /// Where it listens.
    pub fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.sockets.iter().map(|(_, socket)| socket.address())
    }

    /// Waits for a thread of it to end by itself, which none should.
    pub async fn failed(&mut self) {
        self.ended.recv().await;
    }

    /// Ends it: what was taken is stored and acknowledged, and consumers have some
    /// seconds for what is left; what they did not get waits for the next start. Its
    /// sockets are left.
    pub fn stop(self) -> Sockets {
        let Self { sockets, stop, hurry, threads, abandoned, .. } = self;
        drop(stop);
        let (done, wait) = mpsc::channel::<()>();
        let joiner = thread::Builder::new().name("end".to_owned()).spawn(move || {
            for thread in threads {
                if thread.join().is_err() {
                    tracing::error!("a thread of the receiver had died");
                }
            }
            drop(done);
        });
        if let Err(error) = joiner {
            tracing::error!(%error, "the receiver's end is not waited for");
            return sockets;
        }
        if wait.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            drop(hurry);
            if wait.recv_timeout(LAST) == Err(RecvTimeoutError::Timeout) {
                abandoned.store(true, Ordering::Relaxed);
                tracing::warn!("a consumer did not end");
            }
        }
        sockets
    }
}

/// What the journal knows of the time before this start.
#[derive(Default)]
struct Remembered {
    recent: Recent,
    engines: std::collections::HashMap<lcms_snmp::EngineId, Clock>,
}

impl Remembered {
    fn see(&mut self, record: &Record, now: Instant) {
        let passed = Timestamp::now().duration_since(record.received);
        let passed = passed.unsigned_abs();
        if let Some(digest) = Digest::parse(&record.digest)
            && let Some(then) = now.checked_sub(passed)
            && record.version != lcms_snmp::Version::V1
        {
            self.recent.insert(digest, then);
        }
        if let Some(engine) = &record.engine
            && let Ok(id) = engine.id.parse()
        {
            // As it would be by now, if the engine has not started anew.
            let Clock { boots, time } = engine.clock();
            let seconds = u32::try_from(passed.as_secs()).unwrap_or(u32::MAX);
            let clock = Clock { boots, time: time.saturating_add(seconds).min(i32::MAX as u32) };
            self.engines.insert(id, clock);
        }
    }
}

fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut octets = [0; N];
    getrandom::fill(&mut octets).map_err(io::Error::other)?;
    Ok(octets)
}
