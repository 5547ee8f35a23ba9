//! Config → build → run: the one place where the parts are put together.

use std::{
    env,
    hash::{BuildHasher, Hasher, RandomState},
    io::{self, Write},
    net::SocketAddr,
    os::fd::OwnedFd,
    path::Path,
    pin::pin,
    process::{self, Command},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant, SystemTime},
};

use lcms_lb_core::{
    director::{Director, DirectorHandle, DirectorOptions, stand_back},
    driver::proxy::{ProxyOptions, raise_file_limit},
    model::UnixTime,
    store::{Note, Opened, Store, StoreError},
};
use load_cluster_mib::{MODULES, load_cluster_mib::MODULE_OID};
use sd_notify::NotifyState;
use thiserror::Error;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::oneshot,
};

use crate::{
    agentx::{self, LocalObjects, Subtree},
    config::{Config, Tls},
    engine::{Engine, Statistics},
    notify::{Announcer, Client, Log, Sender, Start},
    reload::Reloader,
    security::{IdentityError, Keeper, KeeperError, LocalEngine, identity},
    sensors::{Facts, Sensors},
    setter::Setter,
    state::{AgentState, Locks, Node, Publisher, System},
    tables,
    takeover::{Bequest, Heir, Offer, SnmpListener, TakeoverError, Transport},
    tcp, tls,
    udp::{Listener, Service},
};

/// What a UDP datagram holds at most, over IPv4: we read all of it.
const LONGEST_MESSAGE: u32 = 65_507;

/// How often a process whose place is taken looks whether it is over.
const LOOK: Duration = Duration::from_millis(50);

/// How long after a start or a reload all collectors have had their first rounds.
const SETTLING: Duration = Duration::from_secs(3);

/// Name of the state document in its folder.
const STATE_FILE: &str = "state.json";

/// Why an agent did not start.
#[derive(Debug, Error)]
pub enum RunError {
    /// An address to listen on is not to be had.
    #[error("cannot listen on {transport}:{address}: {source}{}", hint(.source))]
    Listen {
        /// udp, tcp or tls.
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
    /// The certificate of the configuration cannot be shown.
    #[error("tls: {0}")]
    Tls(#[from] rustls::Error),
    /// There is no place to take.
    #[error(transparent)]
    Takeover(#[from] TakeoverError),
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

/// Runs an agent until it is told to end by SIGTERM or SIGINT, or until another
/// process has taken its place and its last connection is over. SIGHUP loads the
/// configuration again; SIGUSR2 starts such a process, from the same file as this
/// one and with the same arguments. `flush` waits until what was logged is written.
pub fn run(config: Config, takeover: bool, flush: &dyn Fn()) -> Result<(), RunError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // As long as the file is there under its name: later a new one may be.
    let program = env::current_exe();
    let patience = config.hard_stop_after;
    runtime.block_on(async {
        // From here on a signal ends the agent in good order.
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut hangup = signal(SignalKind::hangup())?;
        let mut upgrade = signal(SignalKind::user_defined2())?;
        let mut agent = match takeover {
            true => Agent::take_over(config)?,
            false => Agent::start(config)?,
        };
        flush();
        agent.addresses.iter().for_each(|(transport, address)| announce(transport, address));
        if takeover {
            tell_systemd(NotifyState::MainPid(process::id()));
        }
        tell_systemd(NotifyState::Ready);
        let mut settled = pin!(tokio::time::sleep(SETTLING));
        let mut is_settling = true;
        loop {
            tokio::select! {
                () = &mut settled, if is_settling => {
                    is_settling = false;
                    reclaim();
                    continue;
                }
                heir = agent.taken() => {
                    tell_systemd(NotifyState::MainPid(heir));
                    let director = agent.retire();
                    tokio::select! {
                        () = last_connection(&director, patience) => {}
                        _ = terminate.recv() => tracing::info!("ending on SIGTERM"),
                        _ = interrupt.recv() => tracing::info!("ending on SIGINT"),
                    }
                    director.shutdown();
                    return Ok(());
                }
                _ = terminate.recv() => tracing::info!("ending on SIGTERM"),
                _ = interrupt.recv() => tracing::info!("ending on SIGINT"),
                // Nothing else waits here, so it may take its time.
                _ = hangup.recv() => {
                    agent.reload();
                    settled.as_mut().reset(tokio::time::Instant::now() + SETTLING);
                    is_settling = true;
                    continue;
                }
                _ = upgrade.recv() => {
                    match &program {
                        Ok(program) => start_successor(program),
                        Err(error) => tracing::error!("which program this is: {error}"),
                    }
                    continue;
                }
            }
            break;
        }
        agent.stop();
        Ok(())
    })
}

/// Waits for the end of the connections, as long as there is patience.
async fn last_connection(director: &DirectorHandle, patience: Option<Duration>) {
    let began = Instant::now();
    let mut look = tokio::time::interval(LOOK);
    loop {
        let left = director.connections().unwrap_or(0);
        if left == 0 {
            return tracing::info!("the last connection is over");
        }
        if patience.is_some_and(|patience| began.elapsed() >= patience) {
            return tracing::warn!("{left} connections are cut after hard_stop_after");
        }
        look.tick().await;
    }
}

/// Gives back what only a start or a reload needed.
fn reclaim() {
    match lcms_reclaim::clean_pages() {
        Ok(octets) => tracing::debug!("{octets} octets of code and constants are given back"),
        Err(error) => tracing::debug!(%error, "code and constants stay mapped"),
    }
}

/// Starts the program again, to take the place of this process.
fn start_successor(program: &Path) {
    const TAKEOVER: &str = "--takeover";
    let arguments = env::args_os().skip(1).filter(|argument| argument != TAKEOVER);
    match Command::new(program).args(arguments).arg(TAKEOVER).spawn() {
        Ok(mut child) => {
            tracing::info!("started {} as process {}", program.display(), child.id());
            // Its end is to be heard, or it would stay as a zombie.
            let waits = thread::Builder::new().name("successor".to_owned()).spawn(move || {
                match child.wait() {
                    Ok(status) => tracing::error!("the process that took over: {status}"),
                    Err(error) => tracing::error!("the process that took over: {error}"),
                }
            });
            if let Err(error) = waits {
                tracing::error!("no thread to wait for it: {error}");
            }
        }
        Err(error) => tracing::error!("{} does not start: {error}", program.display()),
    }
}

/// Says something to systemd, where it started this process and wants to know.
fn tell_systemd(what: NotifyState<'_>) {
    if env::var_os("NOTIFY_SOCKET").is_some()
        && let Err(error) = sd_notify::notify(&[what])
    {
        tracing::warn!(%error, "systemd cannot be told");
    }
}

/// A running agent.
pub struct Agent {
    addresses: Vec<(&'static str, SocketAddr)>,
    services: Vec<Service>,
    connections: Vec<tcp::Service>,
    link: Option<agentx::Link>,
    setting: JoinHandle<()>,
    publishing: JoinHandle<()>,
    notifying: JoinHandle<()>,
    stop: Arc<AtomicBool>,
    director: DirectorHandle,
    publisher: Arc<Publisher>,
    offer: Option<Offer>,
    taken: Option<oneshot::Receiver<u32>>,
}

impl Agent {
    /// Starts all parts, or none: what can fail for reasons outside comes first.
    pub fn start(config: Config) -> Result<Self, RunError> {
        allow_files();
        let folder = config.state_dir.clone();
        let (agent, listeners) = Self::begin(config, None)?;
        Ok(agent.offer(&folder, listeners))
    }

    /// Starts in the place of the agent that runs with the same state folder.
    /// When this returns, that one accepts no more; if it fails, that one goes on.
    pub fn take_over(config: Config) -> Result<Self, RunError> {
        allow_files();
        let folder = config.state_dir.clone();
        let Some(place) = Heir::ask(&folder)? else {
            tracing::warn!("the other process died before it gave its place; starting without");
            return Self::start(config);
        };
        let (agent, listeners) = Self::begin(config, Some(place))?;
        let agent = agent.offer(&folder, listeners);
        tracing::info!("the place of the other process is taken");
        Ok(agent)
    }

    fn begin(
        config: Config,
        place: Option<(Heir, Bequest)>,
    ) -> Result<(Self, Vec<SnmpListener>), RunError> {
        let started = Instant::now();
        let (mut heir, mut bequest) = place.unzip();
        let reloader = Reloader::of(&config);
        let mut inherited = |transport, address| bequest.as_mut()?.take_snmp(transport, address);
        let listeners =
            bind("udp", &config.listen, |address| match inherited(Transport::Udp, address) {
                Some(socket) => Listener::inherit(socket),
                None => Listener::bind(address),
            })?;
        let mut stream = |transport, address| match inherited(transport, address) {
            Some(socket) => tcp::Listener::inherit(socket),
            None => tcp::Listener::bind(address),
        };
        let tcp_listeners =
            bind("tcp", &config.listen_tcp, |address| stream(Transport::Tcp, address))?;
        let tls_addresses = config.tls.as_ref().map_or(&[][..], |tls| &tls.listen);
        let tls_listeners = bind("tls", tls_addresses, |address| stream(Transport::Tls, address))?;
        let tcp = tcp::Listener::socket;
        let duplicates: Vec<SnmpListener> = [
            duplicates(Transport::Udp, &config.listen, &listeners, Listener::socket)?,
            duplicates(Transport::Tcp, &config.listen_tcp, &tcp_listeners, tcp)?,
            duplicates(Transport::Tls, tls_addresses, &tls_listeners, tcp)?,
        ]
        .into_iter()
        .flatten()
        .collect();
        let (file, now) = (config.state_dir.join(STATE_FILE), UnixTime::from(SystemTime::now()));
        let (opened, inherited) = match bequest {
            None => (Store::open(&file, config.wanted, now)?, Vec::new()),
            Some(Bequest { lock, services, .. }) => {
                (Store::take_over(lock, &file, config.wanted, now)?, services)
            }
        };
        opened.notes.iter().for_each(report);
        let sensors = Sensors::start(config.sensors)?;
        let options = DirectorOptions {
            local_host: config.name,
            allow_scripts: config.allow_scripts,
            proxy: ProxyOptions { shards: config.shards, ..ProxyOptions::default() },
        };
        let Opened { store, wanted, runtime, companion, notes } = opened;
        // Before anything is answered, the engine has started once more for good.
        let own = identity(&config.state_dir, random()?)?;
        let (id, boots) = (own.id, own.boots);
        tracing::info!("engine {id}, started {boots} times");
        let start = Start::of(&config.state_dir, &config.text, &own, &notes)?;
        let seed = u64::from_be_bytes(random()?);
        let local = LocalEngine::new(own, started, seed, LONGEST_MESSAGE);
        let rows = config.senders.rows(id);
        let companion = companion.as_deref();
        let security = Keeper::open(&config.state_dir, companion, Arc::new(local), rows)?;
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
            reloader,
        });
        // What takes time is done. From here on clients wait for this process.
        let legacy = heir.as_mut().map(Heir::prepared).transpose()?.unwrap_or_default();
        let director =
            Director::take_over(options, Some(store), wanted, runtime, (inherited, legacy))?;
        let publisher = Arc::new(Publisher::new(node, director.clone(), sensors));
        // A SET waits until it is clear whose the place is.
        let turn = publisher.turn();
        // Over TCP a message may be as long as it likes, and is never short.
        let size = config.max_message_size.max(tcp::MESSAGE_SIZE);
        let tcp_engine = Engine::new(tables::regions(), Arc::clone(&statistics), size);
        let engine = Arc::new(Engine::new(tables::regions(), statistics, config.max_message_size));
        let stop = Arc::new(AtomicBool::new(false));
        let (setter, setting) = Setter::start(Arc::clone(&engine), Arc::clone(&publisher))?;
        let mut addresses: Vec<(&str, SocketAddr)> =
            listeners.iter().map(|listener| ("udp", listener.address())).collect();
        let services = listeners
            .into_iter()
            .map(|listener| {
                listener.serve(Arc::clone(&engine), Arc::clone(&publisher), setter.clone())
            })
            .collect::<io::Result<_>>()?;
        let streams = [("tcp", &tcp_listeners), ("tls", &tls_listeners)];
        addresses.extend(
            streams
                .into_iter()
                .flat_map(|(name, all)| all.iter().map(move |one| (name, one.address()))),
        );
        let client = config.tls.as_ref().map(|Tls { own, provider, .. }| Client {
            own: Arc::clone(own),
            provider: Arc::clone(provider),
        });
        let tls = match config.tls {
            Some(Tls { own, provider, .. }) => {
                Some(tls::Server::new(&own, provider, Arc::clone(&publisher))?)
            }
            None => None,
        };
        let tcp_engine = Arc::new(tcp_engine);
        let plain = tcp_listeners.into_iter().map(|listener| (listener, None));
        let secured = tls_listeners.into_iter().map(|listener| (listener, tls.clone()));
        let connections = plain
            .chain(secured)
            .map(|(listener, tls)| {
                listener.serve(Arc::clone(&tcp_engine), Arc::clone(&publisher), tls)
            })
            .collect::<io::Result<_>>()?;
        let link = match config.master {
            Some(master) => Some(join(master, &engine, &publisher)?),
            None => None,
        };
        let (sender, notifying) = Sender::start(Arc::clone(&publisher), random()?, client)?;
        let master = link.as_ref().map(agentx::Link::notifier);
        let mut announcer = Announcer::new(&publisher.current(), start, sender, master);
        let publishing = thread::Builder::new().name("publisher".to_owned()).spawn({
            let (publisher, stop) = (Arc::clone(&publisher), Arc::clone(&stop));
            move || {
                stand_back();
                publisher.run(&stop, |state| announcer.look(state));
            }
        })?;
        heir.map_or(Ok(()), Heir::started)?;
        drop(turn);
        let agent = Self {
            addresses,
            services,
            connections,
            link,
            setting,
            publishing,
            notifying,
            stop,
            director,
            publisher,
            offer: None,
            taken: None,
        };
        Ok((agent, duplicates))
    }

    /// Lets another process take the place of this one.
    fn offer(mut self, folder: &Path, listeners: Vec<SnmpListener>) -> Self {
        let publisher = Arc::clone(&self.publisher);
        match Offer::start(folder, publisher, self.director.clone(), listeners) {
            Ok((offer, taken)) => (self.offer, self.taken) = (Some(offer), Some(taken)),
            // An agent serves as well without being replaced while it does.
            Err(error) => {
                tracing::warn!("no other process can take over from this one: {error}");
            }
        }
        self
    }

    /// Loads the configuration again. What comes of it is in the log and the MIB.
    pub fn reload(&self) {
        let _turn = self.publisher.turn();
        let node = Arc::clone(&self.publisher.current().node);
        // It was said there already.
        let publish = || self.publisher.refresh();
        let _ = node.reloader.reload("", &self.director, &node.security, publish);
    }

    /// Waits until another process has taken the place of this one; its id.
    pub async fn taken(&mut self) -> u32 {
        if let Some(taken) = &mut self.taken
            && let Ok(heir) = taken.await
        {
            return heir;
        }
        self.taken = None;
        std::future::pending().await
    }

    /// Ends everything but the director's connections.
    pub fn retire(self) -> DirectorHandle {
        self.services.into_iter().for_each(Service::stop);
        self.connections.into_iter().for_each(tcp::Service::stop);
        drop((self.link, self.offer));
        self.stop.store(true, Ordering::Release);
        // The last setter went with the last listener, so its thread ends too; and
        // with the publisher's the one that notifies.
        for thread in [self.setting, self.publishing, self.notifying] {
            if thread.join().is_err() {
                tracing::error!("a thread had died");
            }
        }
        self.director
    }

    /// Where it answers over UDP, with the ports that were free.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        let udp = self.addresses.iter().filter(|(transport, _)| *transport == "udp");
        udp.map(|(_, address)| *address).collect()
    }

    /// Ends everything: no more requests first, then what they would ask for.
    pub fn stop(self) {
        self.retire().shutdown();
    }
}

fn bind<L>(
    transport: &'static str,
    addresses: &[SocketAddr],
    mut bind: impl FnMut(SocketAddr) -> io::Result<L>,
) -> Result<Vec<L>, RunError> {
    let listen =
        |&address| bind(address).map_err(|source| RunError::Listen { transport, address, source });
    addresses.iter().map(listen).collect()
}

/// Allows as many open files as the system does.
fn allow_files() {
    if let Some(files) = raise_file_limit() {
        tracing::debug!("up to {files} open files, two for each connection");
    }
}

/// Duplicates of the listeners, for a process that takes over.
fn duplicates<L>(
    transport: Transport,
    addresses: &[SocketAddr],
    listeners: &[L],
    socket: impl Fn(&L) -> io::Result<OwnedFd>,
) -> io::Result<Vec<SnmpListener>> {
    let duplicate = |(configured, listener): (&SocketAddr, &L)| {
        Ok(SnmpListener { transport, configured: *configured, socket: socket(listener)? })
    };
    addresses.iter().zip(listeners).map(duplicate).collect()
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
