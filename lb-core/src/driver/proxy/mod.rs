//! The user-space proxy, for TCP and UDP.
//!
//! One thread a shard, each with its own listener (SO_REUSEPORT), its own
//! edge-triggered epoll, its own connections and its own turns of the
//! schedulers. Shards share nothing but the counters and, where a service is
//! full, its queue. Bytes go from socket to
//! socket through one buffer a shard; only what a slow peer does not take is
//! kept with the connection, and then nothing more is read for it. Bulk goes
//! from socket to socket inside the kernel. With UDP, a flow stands for a
//! connection: the datagrams of one client until it is silent.
//!
//! What closes a connection: its two ends; its idle timeout; destroying its
//! server; destroying its service or taking it out of service; the deadline of
//! its server's drain or maintenance. Nothing else does: not a change of weight,
//! drain, maintenance, a failed check, nor the loss of the director's role.

mod capacity;
mod connection;
mod expiry;
mod flow;
mod inheritance;
mod kernel_pipe;
mod line;
mod listener;
mod opening;
mod queue;
mod relay;
mod route;
mod shard;
mod share;
mod slots;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use self::capacity::Capacity;
use self::inheritance::Inheritance;
use self::queue::Queue;
use self::route::{Backend, Peer, Route};
use self::shard::{Adoption, Opened, Shard, ShardHandle};
use crate::director::{ServiceLive, Snapshot, Suspicion};
use crate::driver::handover::{MOST_CLIENTS, MOST_FLOWS, Parting};
use crate::driver::{Driver, Refusal};
use crate::model::{Forward, Name, Protocol, Scheduler, ServiceId};
use crate::persistence::Persistence;
use crate::plan::{Capabilities, Change, Plane};
use crate::schedule::{FEW, SCHEDULERS};

/// File descriptors left for everything that is not a proxied connection.
const RESERVED_FILES: u64 = 128;

/// Pipes for splicing there may be, over all shards: one for every so many open
/// files, and no more than the system lets one user have at their size.
const PIPES_PART: usize = 16;
const MOST_PIPES: usize = 256;

/// How long shards may take to adopt changes before their director goes on.
const ADOPT_WITHIN: Duration = Duration::from_secs(5);

/// How the proxy works.
#[derive(Clone, Debug, Default)]
pub struct ProxyOptions {
    /// Number of threads; one for each processor if `None`.
    pub shards: Option<NonZeroUsize>,
    /// Most connections at a time; as many as the limit of open files allows
    /// if `None`. Beyond it clients wait in the listeners' queues.
    pub max_connections: Option<NonZeroUsize>,
}

/// The proxy: a driver, and the owner of the shards.
pub struct Proxy {
    shards: Vec<ShardHandle>,
    plane: Plane,
    known: BTreeMap<ServiceId, Known>,
    prepared: BTreeMap<ServiceId, Vec<OwnedFd>>,
    next_key: u64,
    /// What another process gave, up to the first changes.
    inherited: Inheritance,
    /// How many connections there may be in all.
    capacity: Arc<Capacity>,
}

/// Of a service in the plane, what the shards know it by.
struct Known {
    key: u64,
    live: Arc<ServiceLive>,
    persistence: Option<Persistence>,
    capacity: Arc<Capacity>,
    queue: Arc<Queue>,
    peers: BTreeMap<Name, Arc<Peer>>,
}

/// Raises the process's limit of open files as far as it may go, and returns
/// it. A connection takes two.
pub fn raise_file_limit() -> Option<u64> {
    let limit = getrlimit(Resource::Nofile);
    // A limit that cannot be raised is one to live with.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    getrlimit(Resource::Nofile).current
}

impl Proxy {
    /// Starts the shards, with the listeners of another process to take over and
    /// what it told of their clients.
    pub fn start(
        options: &ProxyOptions,
        suspicion: Suspicion,
        (listeners, parting): (Vec<OwnedFd>, Parting),
    ) -> io::Result<Self> {
        let count = match options.shards {
            Some(count) => count,
            None => thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
        };
        let files = spare_files();
        let most_pipes = (files / PIPES_PART).min(MOST_PIPES);
        let pipes = Arc::new(Capacity::new(most_pipes));
        let possible = (files / 2 - most_pipes).max(1);
        let most = options.max_connections.map_or(possible, |most| most.get().min(possible));
        let capacity = Arc::new(Capacity::new(most));
        let shards = (0..count.get())
            .map(|number| Shard::start(number, suspicion.clone(), pipes.clone()))
            .collect::<io::Result<_>>()?;
        Ok(Self {
            shards,
            plane: Plane::default(),
            known: BTreeMap::new(),
            prepared: BTreeMap::new(),
            next_key: 0,
            inherited: Inheritance::new(listeners, parting),
            capacity,
        })
    }

    fn new_key(&mut self) -> u64 {
        self.next_key += 1;
        self.next_key
    }

    /// Whether one of our own listeners holds this address, so that only
    /// SO_REUSEPORT lets another one in.
    fn holds(&self, protocol: Protocol, address: SocketAddr) -> bool {
        let overlaps = |one: IpAddr, other: IpAddr| {
            one == other
                || (one.is_ipv4() == other.is_ipv4()
                    && (one.is_unspecified() || other.is_unspecified()))
        };
        self.plane
            .services
            .values()
            .filter(|service| service.settings.protocol == protocol)
            .filter_map(|service| service.listen)
            .any(|own| own.port() == address.port() && overlaps(own.ip(), address.ip()))
    }

    /// Listeners for all shards: those that another process had there, and as
    /// many more as it takes. Each of the former has clients in it, so there may
    /// be more than shards. With UDP there may be fewer: the system spreads the
    /// datagrams over all there are, and one more would part flows from their
    /// clients.
    fn open(&self, protocol: Protocol, address: SocketAddr) -> io::Result<Vec<OwnedFd>> {
        let mut sockets = self.inherited.listeners(protocol, address)?;
        let more = match protocol {
            Protocol::Udp if !sockets.is_empty() => 0,
            _ => self.shards.len().saturating_sub(sockets.len()),
        };
        let alone = sockets.is_empty() && !self.holds(protocol, address);
        sockets.extend(listener::open(protocol, address, more, alone)?);
        Ok(sockets)
    }

    /// The protocol of a service, as the changes or else the plane have it.
    fn protocol(&self, changes: &[Change], service: ServiceId) -> Option<Protocol> {
        let put = changes.iter().find_map(|change| match change {
            Change::PutService(id, settings) if *id == service => Some(settings.protocol),
            _ => None,
        });
        put.or_else(|| Some(self.plane.services.get(&service)?.settings.protocol))
    }

    /// Takes one change into the plane, and into what to tell the shards.
    fn adopt(&mut self, change: &Change, next: &Snapshot, all: &mut Adoption) {
        match change {
            Change::RemoveService(id) => {
                all.gone_services.extend(self.known.remove(id).map(|known| known.key));
            }
            Change::RemoveServer(id) => {
                let known = self.known.get_mut(&id.service());
                let peer = known.and_then(|known| known.peers.remove(&id.server));
                all.gone_servers.extend(peer.map(|peer| peer.key));
            }
            Change::PutService(id, settings) => {
                if !self.known.contains_key(id)
                    && let Some(service) = next.services.get(id)
                {
                    let known = Known {
                        key: self.new_key(),
                        live: service.live.clone(),
                        persistence: None,
                        capacity: Arc::new(self.capacity.part()),
                        queue: Arc::new(Queue::new(service.live.clone())),
                        peers: BTreeMap::new(),
                    };
                    self.known.insert(*id, known);
                }
                if let Some(known) = self.known.get_mut(id) {
                    known.persistence = settings.persistence;
                    known.capacity.limit(settings.connection_limit);
                }
            }
            Change::PutServer(id, plan) => {
                let key = self.new_key();
                let status = next.servers.get(id);
                let service = next.services.get(&id.service());
                if let Some(known) = self.known.get_mut(&id.service())
                    && let Some((status, service)) = status.zip(service)
                {
                    let queue = &known.queue;
                    known.peers.entry(id.server).or_insert_with(|| {
                        let (live, service) = (status.live.clone(), service.live.clone());
                        Arc::new(Peer { key, id: *id, live, service, queue: queue.clone() })
                    });
                    if plan.cut {
                        all.gone_servers.extend(known.peers.get(&id.server).map(|peer| peer.key));
                    }
                }
            }
            Change::Listen(id, None) => {
                all.muted.extend(self.known.get(id).map(|known| known.key));
            }
            Change::Listen(id, Some(_)) => {
                if let Some(known) = self.known.get(id)
                    && let Some(sockets) = self.prepared.remove(id)
                {
                    let opened = sockets.into_iter().map(|socket| {
                        let flows = self.inherited.flows(&socket, *id, known);
                        Opened { socket, flows }
                    });
                    all.listeners.push((known.key, opened.collect()));
                }
            }
        }
        self.plane.apply(change);
    }

    /// The route of a service as the plane has it now.
    fn route(&self, id: &ServiceId, next: &Snapshot) -> Option<Arc<Route>> {
        let service = self.plane.services.get(id)?;
        let known = self.known.get(id)?;
        let backends = service
            .servers
            .iter()
            .filter_map(|(name, plan)| {
                let peer = known.peers.get(name)?.clone();
                Some(Backend { peer, plan: *plan })
            })
            .collect::<Vec<_>>();
        let places = match service.settings.persistence {
            Some(_) => backends.iter().map(|one| one.peer.key).zip(0..).collect(),
            None => HashMap::new(),
        };
        let live = next.services.get(id)?.live.clone();
        if backends.len() > FEW {
            live.keep_change_log();
        }
        live.time(service.settings.scheduler == Scheduler::Ewma);
        Some(Arc::new(Route {
            key: known.key,
            settings: service.settings,
            live,
            capacity: known.capacity.clone(),
            queue: known.queue.clone(),
            places,
            weighty: route::weighty(&backends),
            lineup: route::lineup(service.settings.scheduler, &backends),
            backends,
        }))
    }
}

impl Driver for Proxy {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            schedulers: SCHEDULERS,
            forwards: &[Forward::Proxy],
            protocols: &[Protocol::Tcp, Protocol::Udp],
        }
    }

    fn observe(&self) -> Cow<'_, Plane> {
        Cow::Borrowed(&self.plane)
    }

    fn prepare(&mut self, changes: &[Change]) -> Vec<Refusal> {
        self.prepared.clear();
        let mut refusals = Vec::new();
        for change in changes {
            let Change::Listen(service, Some(address)) = *change else { continue };
            let Some(protocol) = self.protocol(changes, service) else { continue };
            match self.open(protocol, address) {
                Ok(sockets) => {
                    self.prepared.insert(service, sockets);
                }
                Err(source) => refusals.push(Refusal { service, address, source }),
            }
        }
        refusals
    }

    fn apply(&mut self, changes: Vec<Change>, next: &Snapshot) {
        // A load report is no change here, and may lift a limit that was learned.
        self.known.values().for_each(|known| known.queue.rouse());
        if changes.is_empty() {
            self.inherited = Inheritance::default();
            // What load reports say may have made room all the same.
            return self.rouse();
        }
        let mut all = Adoption::default();
        for change in &changes {
            self.adopt(change, next, &mut all);
        }
        let inherited = std::mem::take(&mut self.inherited);
        inherited.keep_clients(&self.known, Instant::now());
        let mut touched: Vec<ServiceId> = changes.iter().filter_map(Change::reshapes).collect();
        touched.dedup();
        all.routes = touched.iter().filter_map(|id| self.route(id, next)).collect();
        let (done, adopted) = mpsc::sync_channel(self.shards.len());
        for (shard, left) in self.shards.iter().zip((1..=self.shards.len()).rev()) {
            shard.adopt(all.for_one_shard(left), done.clone());
        }
        drop(done);
        self.hear(&adopted);
        self.rouse();
    }

    fn listeners(&self) -> io::Result<Vec<OwnedFd>> {
        self.ask_all(ShardHandle::lend)
    }

    fn pause(&mut self) -> io::Result<Parting> {
        let mut flows = self.ask_all(ShardHandle::pause)?;
        // Conversations first, in which a client would miss its server.
        flows.sort_by_key(|(flow, _)| std::cmp::Reverse(flow.talk));
        flows.truncate(MOST_FLOWS);
        let (flows, sockets) = flows.into_iter().unzip();
        let clients = inheritance::clients_left(&self.known, Instant::now(), MOST_CLIENTS);
        Ok(Parting { clients, flows, sockets })
    }

    fn resume(&mut self) {
        self.shards.iter().for_each(ShardHandle::resume);
    }

    fn retire(&mut self) {
        let (done, retired) = mpsc::sync_channel(self.shards.len());
        for shard in &self.shards {
            shard.retire(done.clone());
        }
        drop(done);
        self.hear(&retired);
    }

    fn connections(&self) -> usize {
        self.capacity.used()
    }
}

impl Proxy {
    /// What all shards give together.
    fn ask_all<T>(
        &self,
        ask: impl Fn(&ShardHandle, mpsc::SyncSender<io::Result<Vec<T>>>),
    ) -> io::Result<Vec<T>> {
        let (give, given) = mpsc::sync_channel(self.shards.len());
        for shard in &self.shards {
            ask(shard, give.clone());
        }
        drop(give);
        let heard = self.hear(&given);
        if heard.len() < self.shards.len() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let given: io::Result<Vec<_>> = heard.into_iter().collect();
        Ok(given?.into_iter().flatten().collect())
    }

    /// Lets those who wait for a server look again.
    fn rouse(&self) {
        for known in self.known.values() {
            known.queue.rouse();
        }
    }

    /// Waits for an answer from each shard.
    fn hear<T>(&self, answers: &mpsc::Receiver<T>) -> Vec<T> {
        let mut heard = Vec::new();
        for _ in &self.shards {
            match answers.recv_timeout(ADOPT_WITHIN) {
                Ok(answer) => heard.push(answer),
                Err(_) => {
                    tracing::warn!("a shard of the proxy is late in adopting changes");
                    break;
                }
            }
        }
        heard
    }
}

impl Change {
    /// The service whose route is another one after this change.
    fn reshapes(&self) -> Option<ServiceId> {
        match self {
            Self::RemoveServer(id) | Self::PutServer(id, _) => Some(id.service()),
            Self::PutService(id, _) => Some(*id),
            Self::RemoveService(_) | Self::Listen(..) => None,
        }
    }
}

/// Open files that connections and pipes may share. Each takes two.
fn spare_files() -> usize {
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from(files.saturating_sub(RESERVED_FILES)).unwrap_or(usize::MAX)
}
