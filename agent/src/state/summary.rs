//! The summary rows: what hosts, clusters and the node as a whole amount to.
//!
//! Pure functions of a director's snapshot and the own host's load. They run
//! when a state is published and not when it is read, so that a poller of the
//! summaries costs no walk over all servers, and sees one moment.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::atomic::Ordering::Relaxed,
    time::{Duration, Instant, SystemTime},
};

use lcms_lb_core::{
    director::{ServiceView, Snapshot},
    model::{AdminState, Host, LoadReport, Name, OperState, RowState, ServerId, ServiceId, Status},
};

use crate::sensors::{Load, Overload};

/// How long a load report speaks for its host's being up.
const REPORT_AGE: Duration = Duration::from_secs(30);

/// Load average or runnable tasks, times 100, above which a core is overloaded.
const OVERLOAD_CENTI: u64 = 200;

/// Summaries of everything that has parts.
#[derive(Debug)]
pub struct Summary {
    /// Of the node: lcOverallStatus and its reason.
    pub overall: (Status, String),
    /// Of each host.
    pub hosts: BTreeMap<Name, HostSummary>,
    /// Of each cluster.
    pub clusters: BTreeMap<Name, ClusterSummary>,
    /// Of each service.
    pub services: BTreeMap<ServiceId, ServiceView>,
}

/// A host in one row.
#[derive(Clone, Debug, PartialEq)]
pub struct HostSummary {
    /// State.
    pub oper_state: OperState,
    /// What it is due to.
    pub reason: Cow<'static, str>,
    /// Share that is free for more work, in permille.
    pub freeness: Option<u32>,
    /// Connections to the servers on it.
    pub active: u32,
    /// Servers on it.
    pub servers: u32,
    /// Of those, the ones with an effective weight above 0.
    pub servers_up: u32,
    /// When it was last heard of.
    pub last_seen: Option<SystemTime>,
}

/// A cluster in one row.
#[derive(Clone, Debug, PartialEq)]
pub struct ClusterSummary {
    /// Worst status of its services.
    pub status: Status,
    /// What it is due to.
    pub reason: String,
    /// Services, and those that are up.
    pub services: (u32, u32),
    /// Servers, and those with an effective weight above 0.
    pub servers: (u32, u32),
    /// Hosts its servers are on, and those that are up.
    pub hosts: (u32, u32),
    /// Connections to its servers.
    pub active: u32,
}

impl HostSummary {
    /// lcHostStatus: all by the state.
    pub fn status(&self) -> Status {
        match self.oper_state {
            OperState::Down => Status::Critical,
            OperState::Overloaded => Status::Warning,
            OperState::Unknown => Status::Unknown,
            OperState::Up | OperState::Draining | OperState::Maintenance | OperState::SlowStart => {
                Status::Ok
            }
        }
    }
}

impl Summary {
    /// Sums up a snapshot on the host `local` with this load.
    pub fn of(snapshot: &Snapshot, local: Name, load: &Load, now: Instant) -> Self {
        let wall = SystemTime::now();
        let mut parts: BTreeMap<Name, Servers> = BTreeMap::new();
        for (id, server) in snapshot.wanted.servers() {
            if let Some(host) = server.host {
                parts.entry(host).or_default().add(snapshot, &id);
            }
        }
        let hosts: BTreeMap<Name, HostSummary> = snapshot
            .wanted
            .hosts
            .iter()
            .map(|(name, row)| {
                let servers = parts.remove(name).unwrap_or_default();
                let report = snapshot.runtime.reports.get(name);
                let sight = match *name == local {
                    true => Sight::own(load, now, wall),
                    false => Sight::of(report, &servers, now),
                };
                (*name, servers.summary(row, sight))
            })
            .collect();
        let services: BTreeMap<ServiceId, ServiceView> = snapshot
            .services
            .keys()
            .filter_map(|id| Some((*id, snapshot.service_view(id)?)))
            .collect();
        let clusters: BTreeMap<Name, ClusterSummary> = snapshot
            .wanted
            .clusters
            .keys()
            .map(|name| (*name, cluster(snapshot, *name, &services, &hosts)))
            .collect();
        let overall = overall(hosts.get(&local), &local, &clusters);
        Self { overall, hosts, clusters, services }
    }
}

/// The order of LcStatus's "worst": critical, warning, unknown, ok.
fn badness(status: Status) -> u8 {
    match status {
        Status::Ok => 0,
        Status::Unknown => 1,
        Status::Warning => 2,
        Status::Critical => 3,
    }
}

/// The first of the worst, with its reason.
fn worst(all: impl Iterator<Item = (Status, String)>) -> (Status, String) {
    all.fold((Status::Ok, String::new()), |worst, next| {
        if badness(next.0) > badness(worst.0) { next } else { worst }
    })
}

/// Cuts a text to what an LcReason holds, between two characters.
fn reason(mut text: String) -> String {
    const ROOM: usize = 255;
    text.truncate(text.floor_char_boundary(ROOM));
    text
}

fn overall(
    local: Option<&HostSummary>,
    name: &Name,
    clusters: &BTreeMap<Name, ClusterSummary>,
) -> (Status, String) {
    let host = local.map(|host| (host.status(), format!("host {name}: {}", host.reason)));
    let clusters = clusters
        .iter()
        .map(|(name, cluster)| (cluster.status, format!("cluster {name}: {}", cluster.reason)));
    let (status, why) = worst(host.into_iter().chain(clusters));
    (status, reason(why))
}

fn cluster(
    snapshot: &Snapshot,
    name: Name,
    services: &BTreeMap<ServiceId, ServiceView>,
    hosts: &BTreeMap<Name, HostSummary>,
) -> ClusterSummary {
    let own = || services.iter().filter(move |(id, _)| id.cluster == name).map(|(_, view)| view);
    let (status, why) = worst(
        services
            .iter()
            .filter(|(id, _)| id.cluster == name)
            .map(|(id, view)| (view.status, format!("service {}: {}", id.service, view.reason))),
    );
    let row = snapshot.wanted.clusters.get(&name);
    let on: BTreeSet<Name> = row
        .into_iter()
        .flat_map(|row| row.services.values())
        .flat_map(|service| service.servers.values())
        .filter_map(|server| server.host)
        .collect();
    let is_up =
        |host: &&Name| hosts.get(*host).is_some_and(|summary| summary.oper_state == OperState::Up);
    ClusterSummary {
        status,
        reason: reason(why),
        services: (
            count(own().count()),
            count(own().filter(|view| view.oper_state == OperState::Up).count()),
        ),
        servers: (own().map(|v| v.servers).sum(), own().map(|v| v.servers_up).sum()),
        hosts: (count(on.len()), count(on.iter().filter(is_up).count())),
        active: own().map(|view| view.active).fold(0, u32::saturating_add),
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// The servers on one host.
#[derive(Default)]
struct Servers {
    count: u32,
    with_weight: u32,
    up: u32,
    down: u32,
    active: u32,
    last_success: Option<SystemTime>,
}

impl Servers {
    fn add(&mut self, snapshot: &Snapshot, id: &ServerId) {
        self.count += 1;
        let Some(status) = snapshot.servers.get(id) else { return };
        let state = status.oper_state();
        self.with_weight += u32::from(status.effective.weight.value() > 0);
        self.up += u32::from(matches!(state, OperState::Up | OperState::Overloaded));
        self.down += u32::from(state == OperState::Down);
        self.active = self.active.saturating_add(status.live.active.load(Relaxed));
        let success = status.live.last_success().map(SystemTime::from);
        self.last_success = self.last_success.max(success);
    }

    fn summary(self, row: &Host, sight: Sight) -> HostSummary {
        let (oper_state, reason) = match (row.row, row.admin_state) {
            (RowState::NotInService, _) => {
                (OperState::Maintenance, Cow::Borrowed("the row is not in service"))
            }
            (_, AdminState::Maintenance) => {
                (OperState::Maintenance, Cow::Borrowed("the host is in maintenance"))
            }
            (_, AdminState::Drain) => (OperState::Draining, Cow::Borrowed("the host is in drain")),
            (_, AdminState::Enabled) => sight.state,
        };
        HostSummary {
            oper_state,
            reason,
            freeness: sight.freeness,
            active: self.active,
            servers: self.count,
            servers_up: self.with_weight,
            last_seen: sight.last_seen.max(self.last_success),
        }
    }
}

/// What the agent sees of a host, whatever is wanted of it.
struct Sight {
    state: (OperState, Cow<'static, str>),
    freeness: Option<u32>,
    last_seen: Option<SystemTime>,
}

impl Sight {
    /// The own host, by its own load.
    fn own(load: &Load, now: Instant, wall: SystemTime) -> Self {
        let state = match load.overload() {
            Some(Overload::Swapping) => (OperState::Overloaded, "the host swaps"),
            Some(Overload::LoadAverage) => (
                OperState::Overloaded,
                "the load average over 1 minute is above two tasks for each core",
            ),
            None => (OperState::Up, "this agent answers from it"),
        };
        let age = now.saturating_duration_since(load.sampled_at);
        Self {
            state: (state.0, Cow::Borrowed(state.1)),
            freeness: load.freeness().permille(),
            last_seen: wall.checked_sub(age),
        }
    }

    /// Another host, by its servers and the last report on it.
    fn of(report: Option<&LoadReport>, servers: &Servers, now: Instant) -> Self {
        let fresh = report.filter(|report| now.saturating_duration_since(report.at) <= REPORT_AGE);
        let state = if servers.count > 0 && servers.down == servers.count {
            (OperState::Down, Cow::Owned(format!("all {} servers on it are down", servers.count)))
        } else if fresh.is_none() && servers.up == 0 {
            (OperState::Unknown, Cow::Borrowed("no server on it is up, and no recent load report"))
        } else if let Some(why) = fresh.and_then(overloaded) {
            (OperState::Overloaded, Cow::Borrowed(why))
        } else if servers.up > 0 {
            let why = format!("{} of {} servers on it are up", servers.up, servers.count);
            (OperState::Up, Cow::Owned(why))
        } else {
            (OperState::Up, Cow::Borrowed("a load report came lately"))
        };
        let swaps = report.and_then(|report| report.swapping) == Some(true);
        let used = report.and_then(|report| report.utilisation);
        Self {
            state,
            freeness: match swaps {
                true => Some(0),
                false => used.map(|used| 1000_u32.saturating_sub(used.value())),
            },
            last_seen: report.map(|report| report.time),
        }
    }
}

fn overloaded(report: &LoadReport) -> Option<&'static str> {
    if report.swapping == Some(true) {
        return Some("the host swaps, by the load report");
    }
    let limit = u64::from(report.cores?) * OVERLOAD_CENTI;
    (u64::from(report.runnable) > limit)
        .then_some("more than two tasks for each core want to run, by the load report")
}
