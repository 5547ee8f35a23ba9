//! The gauge: what the scheduler freest has to know, found out beside the data
//! path.
//!
//! A thread of its own looks at the counters of the servers ten times a second,
//! takes in load reports as snapshots bring them, and writes what follows into
//! the servers' live figures, where the shards read it at each pick. It changes
//! no state and asks nobody: should it be late, picks go on with what was known.
//! While no service uses freest it sleeps.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{self, RecvTimeoutError, Sender, SyncSender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::handle::Published;
use super::live::{ServerLive, ServiceLive};
use super::snapshot::Snapshot;
use crate::load::{HostLoad, HostReport, Known, ServerLoad, loads};
use crate::model::{LoadReport, Name, Permille, Scheduler, ServerId};
use crate::schedule::Load;
use crate::store::Capacities;

/// From one look at the counters to the next, with and without a reason.
const LOOK: Duration = Duration::from_millis(100);
const IDLE: Duration = Duration::from_secs(1);

/// Capacities are written down so often at most: they change slowly.
const KEEP: Duration = Duration::from_secs(60);

/// The gauge's thread, which ends with this.
pub(super) struct Gauge {
    orders: Option<Sender<Order>>,
    thread: Option<JoinHandle<()>>,
}

enum Order {
    /// Write down the capacities now.
    Keep(SyncSender<()>),
    /// Write down none any more: another process does.
    Retire,
}

impl Gauge {
    /// Starts to look. Capacities are remembered in this file, if there is one.
    pub(super) fn start(
        published: Arc<Published>,
        capacities: Option<Capacities>,
    ) -> io::Result<Self> {
        let (orders, inbox) = mpsc::channel();
        let mut watch = Watch::new(Instant::now(), capacities);
        let run = move || {
            loop {
                let is_needed = watch.look(&published.snapshot(), Instant::now());
                let pause = if is_needed { LOOK } else { IDLE };
                match inbox.recv_timeout(pause) {
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => return watch.keep(),
                    Ok(Order::Retire) => watch.capacities = None,
                    Ok(Order::Keep(done)) => {
                        watch.keep();
                        // Whoever no longer waits need not be told.
                        let _ = done.send(());
                    }
                }
            }
        };
        let thread = thread::Builder::new().name("gauge".into()).spawn(run)?;
        Ok(Self { orders: Some(orders), thread: Some(thread) })
    }

    /// Writes down the capacities, for a process that takes over.
    pub(super) fn keep(&self) {
        let (done, kept) = mpsc::sync_channel(1);
        self.order(Order::Keep(done));
        // A gauge that died has written down what it could.
        let _ = kept.recv();
    }

    /// Writes down none any more, not even at its end.
    pub(super) fn retire(&self) {
        self.order(Order::Retire);
    }

    fn order(&self, order: Order) {
        if let Some(orders) = &self.orders {
            // One that died has said so.
            let _ = orders.send(order);
        }
    }
}

impl Drop for Gauge {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            // One that died has said so.
            let _ = thread.join();
        }
    }
}

/// What is watched, and what is known of it.
struct Watch {
    began: Instant,
    /// The snapshot that the lists below were made from.
    serial: Option<Arc<Snapshot>>,
    services: Vec<Service>,
    hosts: Vec<Host>,
    /// Remembered from before the start, until the server is watched.
    remembered: BTreeMap<String, f64>,
    capacities: Option<Capacities>,
    kept_at: Duration,
}

struct Service {
    live: Arc<ServiceLive>,
    servers: Vec<Server>,
}

struct Server {
    id: ServerId,
    live: Arc<ServerLive>,
    load: ServerLoad,
    /// Which of the hosts it is on.
    host: Option<usize>,
}

struct Host {
    name: Name,
    load: HostLoad,
    /// All servers on it, of any service.
    rows: Vec<Arc<ServerLive>>,
    reported: Option<Instant>,
}

impl Watch {
    fn new(began: Instant, capacities: Option<Capacities>) -> Self {
        let remembered = capacities.as_ref().map_or_else(BTreeMap::new, Capacities::read);
        Self {
            began,
            serial: None,
            services: Vec::new(),
            hosts: Vec::new(),
            remembered,
            capacities,
            kept_at: Duration::ZERO,
        }
    }

    /// Looks at counters and reports; false if no service needs it.
    fn look(&mut self, snapshot: &Arc<Snapshot>, at: Instant) -> bool {
        if !self.serial.as_ref().is_some_and(|known| Arc::ptr_eq(known, snapshot)) {
            self.adopt(snapshot);
            self.serial = Some(snapshot.clone());
        }
        if self.services.is_empty() {
            return false;
        }
        let now = at.saturating_duration_since(self.began);
        for host in &mut self.hosts {
            let own = host.rows.iter().map(|row| counts(row));
            let (active, ended) = own.fold((0_u32, 0_u64), |sum, one| {
                (sum.0.saturating_add(one.0), sum.1.saturating_add(one.1))
            });
            host.load.look(now, active, ended);
        }
        for service in &mut self.services {
            for server in &mut service.servers {
                let host = server.host.and_then(|at| self.hosts.get(at));
                let company = host.and_then(|host| host.load.company());
                let (active, ended) = counts(&server.live);
                server.load.look(now, active, ended, company);
            }
        }
        self.take_reports(snapshot, now);
        self.tell(now);
        if now.saturating_sub(self.kept_at) >= KEEP {
            self.kept_at = now;
            self.keep();
        }
        true
    }

    /// Takes in what is new of the reports on hosts. There may be thousands of
    /// hosts, so servers are gone through once for all of them.
    fn take_reports(&mut self, snapshot: &Snapshot, now: Duration) {
        let began = self.began;
        let news = self.hosts.iter_mut().map(|host| {
            let report = snapshot.runtime.reports.get(&host.name)?;
            if host.reported.replace(report.at) == Some(report.at) {
                return None;
            }
            let written = report.at.saturating_duration_since(began);
            let report = seen(report, now.saturating_sub(written));
            Some((host.load.report(now, &report), report))
        });
        let news: Vec<Option<(Duration, HostReport)>> = news.collect();
        if news.iter().all(Option::is_none) {
            return;
        }
        HostLoad::compare(self.hosts.iter_mut().map(|host| &mut host.load));
        for server in self.services.iter_mut().flat_map(|service| &mut service.servers) {
            let Some(at) = server.host else { continue };
            if let Some((host, Some((taken, report)))) = self.hosts.get(at).zip(news.get(at)) {
                server.load.report(*taken, report, &host.load);
            }
        }
    }

    /// Hands over to the schedulers what is known now.
    fn tell(&self, now: Duration) {
        for service in &self.services {
            let host = |server: &Server| server.host.and_then(|at| self.hosts.get(at));
            let members = service.servers.iter();
            let members = members.map(|server| (&server.load, host(server).map(|host| &host.load)));
            let mut changed = false;
            for (server, load) in service.servers.iter().zip(loads(now, members)) {
                let rows = host(server).map_or(&[][..], |host| &host.rows);
                changed |= server.live.set_load(beside(load, &server.live, rows));
            }
            if changed {
                service.live.epoch.fetch_add(1, Relaxed);
            }
        }
    }

    /// Watches what the snapshot has, with what was known before.
    fn adopt(&mut self, snapshot: &Snapshot) {
        let wanted = &snapshot.wanted;
        let before = std::mem::take(&mut self.services);
        let mut known: HashMap<ServerId, Server> =
            before.into_iter().flat_map(|one| one.servers).map(|one| (one.id, one)).collect();
        let mut hosts: HashMap<Name, Host> =
            self.hosts.drain(..).map(|host| (host.name, host)).collect();
        let mut places: HashMap<Name, usize> = HashMap::new();
        for (id, row) in wanted.services().filter(|(_, row)| row.scheduler == Scheduler::Freest) {
            let Some(status) = snapshot.services.get(&id) else { continue };
            let mut servers = Vec::with_capacity(row.servers.len());
            for (name, server) in &row.servers {
                let id = id.server(*name);
                let Some(live) = snapshot.servers.get(&id).map(|status| status.live.clone()) else {
                    continue;
                };
                let host = server.host.map(|name| {
                    *places.entry(name).or_insert_with(|| {
                        let fresh = || Host {
                            name,
                            load: HostLoad::default(),
                            rows: vec![],
                            reported: None,
                        };
                        let host = hosts.remove(&name).unwrap_or_else(fresh);
                        self.hosts.push(Host { rows: Vec::new(), ..host });
                        self.hosts.len() - 1
                    })
                });
                // A later row of the same name is another server.
                let before = known.remove(&id).filter(|one| Arc::ptr_eq(&one.live, &live));
                let load = before.map_or_else(|| self.remembered_of(&id), |one| one.load);
                servers.push(Server { id, live, load, host });
            }
            self.services.push(Service { live: status.live.clone(), servers });
        }
        if self.hosts.is_empty() {
            return;
        }
        for (id, row) in wanted.servers() {
            let host = row.host.and_then(|name| places.get(&name));
            let host = host.and_then(|at| self.hosts.get_mut(*at));
            if let Some((host, status)) = host.zip(snapshot.servers.get(&id)) {
                host.rows.push(status.live.clone());
            }
        }
    }

    fn remembered_of(&mut self, id: &ServerId) -> ServerLoad {
        match self.remembered.remove(&id.to_string()) {
            Some(per_second) => ServerLoad::remembered(Known { per_second }),
            None => ServerLoad::default(),
        }
    }

    /// Writes down the capacities.
    fn keep(&mut self) {
        let Some(capacities) = &self.capacities else { return };
        if let Some(snapshot) = &self.serial
            && !self.remembered.is_empty()
        {
            // What is no row of any service any more is not to be kept for ever.
            let rows = snapshot.wanted.servers().map(|(id, _)| id.to_string());
            let rows: HashSet<String> = rows.collect();
            self.remembered.retain(|name, _| rows.contains(name));
        }
        let servers = self.services.iter().flat_map(|service| &service.servers);
        let known = servers
            .filter_map(|server| Some((server.id.to_string(), server.load.known()?.per_second)));
        let known: BTreeMap<String, f64> =
            self.remembered.clone().into_iter().chain(known).collect();
        if known.is_empty() {
            return;
        }
        if let Err(error) = capacities.write(&known) {
            tracing::warn!(%error, "the servers' capacities cannot be remembered");
        }
    }
}

/// Connections of a server now, and those that have ended.
fn counts(live: &ServerLive) -> (u32, u64) {
    let active = live.active.load(Relaxed);
    let accepted = active.saturating_sub(live.in_flight.load(Relaxed));
    let ended = live.connections.load(Relaxed).saturating_sub(u64::from(accepted));
    (active, ended)
}

/// A report as the mathematics takes it, so long after it was written.
fn seen(report: &LoadReport, since: Duration) -> HostReport {
    let part = |permille: Permille| f64::from(permille.value()) / 1_000.0;
    HostReport {
        age: report.sample_age + since,
        runnable: f64::from(report.runnable) / 100.0,
        interval: report.interval,
        mean_runnable: report.mean_runnable.map(|mean| f64::from(mean) / 100.0),
        utilisation: report.utilisation.map(part),
        memory_free: report.memory_free.map(part),
        swapping: report.swapping,
        cores: report.cores,
    }
}

/// The same with the director's own connections to other servers on the host:
/// for this one they are work of others.
fn beside(load: Load, live: &ServerLive, rows: &[Arc<ServerLive>]) -> Load {
    let of_rows = rows.iter().map(|row| row.active.load(Relaxed)).fold(0, u32::saturating_add);
    let beside = of_rows.saturating_sub(live.active.load(Relaxed));
    Load {
        others: load.others.saturating_add(beside.saturating_mul(100)),
        limit: match load.limit {
            0 => 0,
            limit => limit.saturating_sub(beside).max(1),
        },
        ..load
    }
}
