//! Config → build → run: the one place where the parts are put together.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    io::{self, Write},
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Instant, SystemTime},
};

use lcms_lb_core::{
    director::{Director, DirectorHandle, DirectorOptions},
    driver::proxy::{ProxyOptions, raise_file_limit},
    model::UnixTime,
    store::{Note, Store, StoreError},
};
use load_cluster_mib::{MODULES, load_cluster_mib::MODULE_OID};
use thiserror::Error;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    agentx::{self, LocalObjects, Subtree},
    config::Config,
    engine::{Engine, Statistics},
    notify::{Announcer, Log, Sender, Start},
    security::{Identity, IdentityError, Keeper, KeeperError, LocalEngine},
    sensors::{Facts, Sensors},
    setter::Setter,
    state::{AgentState, Locks, Node, Publisher, System},
    tables, tcp,
    udp::{Listener, Service},
};

/// What a UDP datagram holds at most, over IPv4: we read all of it.
const LONGEST_MESSAGE: u32 = 65_507;

/// Name of the state document in its folder.
const STATE_FILE: &str = "state.json";

/// Why an agent did not start.
#[derive(Debug, Error)]
pub enum RunError {
    /// An address to listen on is not to be had.
    #[error("cannot listen on {transport}:{address}: {source}{}", hint(.source))]
    Listen {
        /// udp or tcp.
        transport: &'static str,
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The state document cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The engine has no name, or its boots cannot be kept.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// What managers made of users and views cannot be read.
    #[error(transparent)]
    Security(#[from] KeeperError),
    /// The system gave no thread, descriptor or the like.
    #[error("cannot start: {0}")]
    System(#[from] io::Error),
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            "; ports below 1024 need CAP_NET_BIND_SERVICE, or set listen = [\"127.0.0.1:1161\"]"
        }
        io::ErrorKind::AddrInUse => "; another agent is running there, or choose another port",
        io::ErrorKind::AddrNotAvailable => "; no interface of this host has that address",
        _ => "",
    }
}

/// Runs an agent until it is told to end by SIGTERM or SIGINT. The
/// configuration is read at the start alone.
pub fn run(config: Config) -> Result<(), RunError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        // From here on a signal ends the agent in good order.
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let agent = Agent::start(config)?;
        tokio::select! {
            _ = terminate.recv() => tracing::info!("ending on SIGTERM"),
            _ = interrupt.recv() => tracing::info!("ending on SIGINT"),
        }
        agent.stop();
        Ok(())
    })
}

/// A running agent.
pub struct Agent {
    addresses: Vec<SocketAddr>,
    services: Vec<Service>,
    connections: Vec<tcp::Service>,
    link: Option<agentx::Link>,
    setting: JoinHandle<()>,
    publishing: JoinHandle<()>,
    notifying: JoinHandle<()>,
    stop: Arc<AtomicBool>,
    director: DirectorHandle,
}

impl Agent {
    /// Starts all parts, or none: what can fail for reasons outside comes first.
    pub fn start(config: Config) -> Result<Self, RunError> {
        let started = Instant::now();
        let listeners = bind("udp", &config.listen, Listener::bind)?;
        let tcp_listeners = bind("tcp", &config.listen_tcp, tcp::Listener::bind)?;
        let opened = Store::open(
            &config.state_dir.join(STATE_FILE),
            config.wanted,
            UnixTime::from(SystemTime::now()),
        )?;
        opened.notes.iter().for_each(report);
        if let Some(files) = raise_file_limit() {
            tracing::debug!("up to {files} open files, two for each connection");
        }
        let sensors = Sensors::start(config.sensors)?;
        let director = Director::start(
            DirectorOptions {
                local_host: config.name,
                proxy: ProxyOptions { shards: config.shards, ..ProxyOptions::default() },
            },
            Some(opened.store),
            opened.wanted,
            opened.runtime,
        )?;
        // Before anything is answered, the engine has started once more for good.
        let identity = Identity::next(&config.state_dir, random()?)?;
        let (id, boots) = (identity.id, identity.boots);
        tracing::info!("engine {id}, started {boots} times");
        let start = Start::of(&config.state_dir, &config.text, &identity, &opened.notes)?;
        let seed = u64::from_be_bytes(random()?);
        let local = LocalEngine::new(identity, started, seed, LONGEST_MESSAGE);
        let security = Keeper::open(&config.state_dir, Arc::new(local), config.senders.rows(id))?;
        let statistics = Arc::new(Statistics::default());
        let node = Arc::new(Node {
            name: config.name,
            system: System {
                description: config
                    .description
                    .unwrap_or_else(|| description(&sensors.sample().facts)),
                contact: config.contact,
                name: config.name.to_string(),
                location: config.location,
            },
            started,
            locks: Locks::new(RandomState::new().build_hasher().finish() as u32),
            statistics: Arc::clone(&statistics),
            security,
            log: Log::default(),
        });
        let publisher = Arc::new(Publisher::new(node, director.clone(), sensors));
        // Over TCP a message may be as long as it likes, and is never short.
        let size = config.max_message_size.max(tcp::MESSAGE_SIZE);
        let tcp_engine = Engine::new(tables::regions(), Arc::clone(&statistics), size);
        let engine = Arc::new(Engine::new(tables::regions(), statistics, config.max_message_size));
        let stop = Arc::new(AtomicBool::new(false));
        let (setter, setting) = Setter::start(Arc::clone(&engine), Arc::clone(&publisher))?;
        let addresses: Vec<SocketAddr> = listeners.iter().map(Listener::address).collect();
        let services = listeners
            .into_iter()
            .map(|listener| {
                listener.serve(Arc::clone(&engine), Arc::clone(&publisher), setter.clone())
            })
            .collect::<io::Result<_>>()?;
        let tcp_addresses: Vec<SocketAddr> =
            tcp_listeners.iter().map(tcp::Listener::address).collect();
        let tcp_engine = Arc::new(tcp_engine);
        let connections = tcp_listeners
            .into_iter()
            .map(|listener| listener.serve(Arc::clone(&tcp_engine), Arc::clone(&publisher)))
            .collect::<io::Result<_>>()?;
        let link = match config.master {
            Some(master) => Some(join(master, &engine, &publisher)?),
            None => None,
        };
        let (sender, notifying) = Sender::start(Arc::clone(&publisher), random()?)?;
        let master = link.as_ref().map(agentx::Link::notifier);
        let mut announcer = Announcer::new(&publisher.current(), start, sender, master);
        let publishing = thread::Builder::new().name("publisher".to_owned()).spawn({
            let (publisher, stop) = (Arc::clone(&publisher), Arc::clone(&stop));
            move || publisher.run(&stop, |state| announcer.look(state))
        })?;
        addresses.iter().for_each(|address| announce("udp", address));
        tcp_addresses.iter().for_each(|address| announce("tcp", address));
        Ok(Self {
            addresses,
            services,
            connections,
            link,
            setting,
            publishing,
            notifying,
            stop,
            director,
        })
    }

    /// Where it answers, with the ports that were free.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Ends everything: no more requests first, then what they would ask for.
    pub fn stop(self) {
        self.services.into_iter().for_each(Service::stop);
        self.connections.into_iter().for_each(tcp::Service::stop);
        drop(self.link);
        self.stop.store(true, Ordering::Release);
        // The last setter went with the last listener, so its thread ends too; and
        // with the publisher's the one that notifies.
        for thread in [self.setting, self.publishing, self.notifying] {
            if thread.join().is_err() {
                tracing::error!("a thread had died");
            }
        }
        self.director.shutdown();
    }
}

fn bind<L>(
    transport: &'static str,
    addresses: &[SocketAddr],
    bind: impl Fn(SocketAddr) -> io::Result<L>,
) -> Result<Vec<L>, RunError> {
    let listen =
        |&address| bind(address).map_err(|source| RunError::Listen { transport, address, source });
    addresses.iter().map(listen).collect()
}

/// Joins an AgentX master with LOAD-CLUSTER-MIB: what a host is the master knows
/// by itself.
fn join(
    master: agentx::Master,
    engine: &Arc<Engine<AgentState>>,
    publisher: &Arc<Publisher>,
) -> io::Result<agentx::Link> {
    let served = MODULES.iter().filter(|module| module.oid == MODULE_OID);
    let subtrees: Vec<Subtree> = served
        .map(|module| Subtree {
            oid: module.oid.to_vec(),
            description: module.description.to_owned(),
        })
        .collect();
    let oids = subtrees.iter().map(|subtree| subtree.oid.clone());
    let objects = LocalObjects::new(Arc::clone(engine), Arc::clone(publisher), oids);
    let description = format!("LCMS agent {}", env!("CARGO_PKG_VERSION"));
    agentx::Link::start(master, subtrees, description, objects)
}

/// Programs that start an agent on port 0 read this line.
fn announce(transport: &str, address: &SocketAddr) {
    tracing::info!("listening on {transport}:{address}");
    let mut out = io::stdout();
    // Nobody may be reading.
    let _ =
        writeln!(out, "lcms-agent: listening on {transport}:{address}").and_then(|()| out.flush());
}

fn report(note: &Note) {
    match note {
        Note::Damaged { .. } => tracing::error!("{note}"),
        Note::LeftOver(_) | Note::Mended(_) => tracing::warn!("{note}"),
        Note::Created(_) | Note::ConfigChanged => tracing::info!("{note}"),
    }
}

/// sysDescr where the config has none.
fn description(facts: &Facts) -> String {
    let version = env!("CARGO_PKG_VERSION");
    match &facts.os {
        Some(os) => format!("LCMS agent {version} on {os}"),
        None => format!("LCMS agent {version}"),
    }
}

fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut octets = [0; N];
    getrandom::fill(&mut octets).map_err(io::Error::other)?;
    Ok(octets)
}
