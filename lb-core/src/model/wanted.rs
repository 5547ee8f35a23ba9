//! The operator's will: the document of hosts, policies and clusters.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroU16;

use serde::{Deserialize, Serialize};

use crate::health::Rules;

use super::{
    Address, AdminState, Burst, CheckCount, CheckInterval, CheckKind, ConnectionRate, DirectorId,
    DoubtInterval, EjectionTime, Forward, IdleTimeout, Name, PanicUse, Permille,
    PersistenceTimeout, PolicyKind, PolicyWindow, PollInterval, PrefixIpv4, PrefixIpv6, Priority,
    Protocol, Provenance, Roles, RowState, Scheduler, SendProxy, ServerCount, ServerId, ServiceId,
    Span, StorageType, Timeout, Weight, WeightMode,
};

/// What a director is asked to do.
///
/// Rows may be half built: what a row cannot do without is an `Option`, and a
/// row with a gap is never active (see [`Wanted::check`]).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Wanted {
    /// Number of this document; grows by one with each commit that changes it.
    pub generation: u64,
    /// The story behind the last commit.
    pub provenance: Provenance,
    /// The hosts.
    pub hosts: BTreeMap<Name, Host>,
    /// The policies.
    pub policies: BTreeMap<Name, Policy>,
    /// The clusters, with all that is in them.
    pub clusters: BTreeMap<Name, Cluster>,
}

/// A host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Host {
    /// Roles it may take.
    pub role_potential: Roles,
    /// Roles it has.
    pub role_status: Roles,
    /// State wanted; counts for all servers on it.
    pub admin_state: AdminState,
    /// How long the row lives.
    pub storage: StorageType,
    /// Whether the row is in force.
    pub row: RowState,
}

/// How a controller derives dynamic weights from load.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// The rule.
    pub kind: PolicyKind,
    /// Which CPU figure counts.
    pub window: PolicyWindow,
    /// Part of free CPU in the headroom.
    pub cpu_coefficient: Permille,
    /// Part of available memory in the headroom.
    pub memory_coefficient: Permille,
    /// Part of free connections in the headroom.
    pub connection_coefficient: Permille,
    /// Milliseconds from one poll to the next.
    pub interval: PollInterval,
    /// Part of the present weight that is kept in each interval.
    pub smoothing: Permille,
    /// Least dynamic weight.
    pub floor: Weight,
    /// Greatest dynamic weight.
    pub ceiling: Weight,
    /// Greatest change of a weight in one interval; 0 is no limit.
    pub step: Weight,
    /// A change up to this is not made.
    pub hysteresis: Weight,
    /// Milliseconds after which load figures are stale.
    pub stale_limit: PollInterval,
    /// How long the row lives.
    pub storage: StorageType,
    /// Whether the row is in force; one that is not acts as a static policy.
    pub row: RowState,
}

/// A cluster: directors and services.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cluster {
    /// What it is for.
    pub description: String,
    /// The cluster it is part of, which need not be in this document.
    pub parent: Option<Name>,
    /// Policy of the services that name none themselves.
    pub policy: Option<Name>,
    /// How long the row lives.
    pub storage: StorageType,
    /// Whether the row, and with it every service, is in force.
    pub row: RowState,
    /// The hosts that direct it.
    pub directors: BTreeMap<Name, DirectorRow>,
    /// The services.
    pub services: BTreeMap<Name, Service>,
}

/// A director of a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DirectorRow {
    /// Where its agent is reached.
    pub address: Option<Address>,
    /// Of the directors that could be active, the one with the greatest should.
    pub priority: Priority,
    /// How long the row lives.
    pub storage: StorageType,
    /// Whether the row is in force.
    pub row: RowState,
}

/// A service: an address and port that stand for a set of servers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Service {
    /// What is served, such as http or smtp; for people.
    pub service_type: String,
    /// Virtual address; the unspecified one is every address of the director.
    pub address: Option<Address>,
    /// Virtual port.
    pub port: Option<NonZeroU16>,
    /// Transport protocol.
    pub protocol: Protocol,
    /// How servers are chosen.
    pub scheduler: Scheduler,
    /// How servers are reached.
    pub forward: Forward,
    /// Policy for its weights; that of the cluster if none.
    pub policy: Option<Name>,
    /// State wanted.
    pub admin_state: AdminState,
    /// Milliseconds a server may take to accept a connection.
    pub connect_timeout: Timeout,
    /// Milliseconds a connection may go without a byte either way.
    pub idle_timeout: IdleTimeout,
    /// Connections at which it accepts no more, and further ones wait in the
    /// listener's backlog; 0: no limit.
    pub connection_limit: u32,
    /// Connections that may wait for a server while every server is full; 0:
    /// none.
    pub queue_limit: u32,
    /// Milliseconds each of them may wait.
    pub queue_timeout: Timeout,
    /// Milliseconds for which a client stays with its server after its latest
    /// connection began; 0: connections are spread one by one.
    pub persistence_timeout: PersistenceTimeout,
    /// Leading bits of an IPv4 address that make a client.
    pub persistence_prefix_ipv4: PrefixIpv4,
    /// The same of an IPv6 address.
    pub persistence_prefix_ipv6: PrefixIpv6,
    /// Whether clients begin with a header of the PROXY protocol.
    pub accept_proxy: bool,
    /// How servers are told whom a connection is made for.
    pub send_proxy: SendProxy,
    /// Connections each second that one source may begin; 0: no limit.
    pub source_rate: ConnectionRate,
    /// Connections that it may begin at once.
    pub source_burst: Burst,
    /// Milliseconds over which a server that comes back gets its weight; 0: it
    /// has it at once.
    pub slow_start: Span,
    /// How its servers are checked.
    pub check: Check,
    /// Milliseconds for which a server whose connections fail is ejected at
    /// first; 0: never.
    pub ejection_time: EjectionTime,
    /// Part of usable servers below which ejections are not heeded.
    pub panic_threshold: Permille,
    /// Who is used when every check fails.
    pub panic_use: PanicUse,
    /// Usable servers below which backup servers serve beside them; 0: backup
    /// servers serve only where no other can.
    pub quorum: ServerCount,
    /// How far beyond the quorum the count has to be for a change.
    pub quorum_hysteresis: ServerCount,
    /// How long the row lives.
    pub storage: StorageType,
    /// Whether the row is in force.
    pub row: RowState,
    /// The servers.
    pub servers: BTreeMap<Name, Server>,
}

/// How the servers of a service are checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Check {
    /// By what.
    pub kind: CheckKind,
    /// Milliseconds from one check of a server to the next.
    pub interval: CheckInterval,
    /// Milliseconds after which a check without success has failed.
    pub timeout: Timeout,
    /// Successive successes that bring a server up.
    pub rise: CheckCount,
    /// Successive failures that take a server down.
    pub fall: CheckCount,
    /// Milliseconds from one check to the next while a server that is up has
    /// failed and is not yet down.
    pub doubt_interval: DoubtInterval,
    /// The port that is checked where a server names none; the server's own if
    /// `None`.
    pub port: Option<NonZeroU16>,
    /// What is asked, in the words of the kind; see [`Check::question`].
    pub request: String,
    /// The answers that are good ones, in the words of the kind.
    pub expect: String,
    /// What the body of a good answer contains.
    pub content: String,
    /// File with the certificates of authorities that a server's is verified
    /// by; without one it is not. From a configuration file alone.
    pub ca_file: Option<String>,
    /// The program of a script and its arguments. From a configuration file
    /// alone.
    pub command: Vec<String>,
}

/// A server of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// The operator's weight.
    pub weight: Weight,
    /// Gets connections only while the other servers are fewer than the quorum,
    /// or none of them can.
    pub backup: bool,
    /// The host it is on.
    pub host: Option<Name>,
    /// Its address.
    pub address: Option<Address>,
    /// Its port.
    pub port: Option<NonZeroU16>,
    /// Whether dynamic weights are used.
    pub weight_mode: WeightMode,
    /// State wanted.
    pub admin_state: AdminState,
    /// Active connections at which it gets no more; 0: no limit.
    pub connection_limit: u32,
    /// Where it is checked, if not at its address.
    pub check_address: Option<Address>,
    /// The port that is checked, if not that of the service's check.
    pub check_port: Option<NonZeroU16>,
    /// Milliseconds of drain or maintenance after which the connections it
    /// still has are ended; 0: they are not.
    pub drain_deadline: Span,
    /// How long the row lives.
    pub storage: StorageType,
    /// Whether the row is in force.
    pub row: RowState,
}

impl Wanted {
    /// The service of that name.
    pub fn service(&self, id: &ServiceId) -> Option<&Service> {
        self.clusters.get(&id.cluster)?.services.get(&id.service)
    }

    /// The server of that name.
    pub fn server(&self, id: &ServerId) -> Option<&Server> {
        self.service(&id.service())?.servers.get(&id.server)
    }

    /// The director row of that name.
    pub fn director(&self, id: &DirectorId) -> Option<&DirectorRow> {
        self.clusters.get(&id.cluster)?.directors.get(&id.host)
    }

    /// All services, in order.
    pub fn services(&self) -> impl Iterator<Item = (ServiceId, &Service)> {
        self.clusters.iter().flat_map(|(&cluster, row)| {
            row.services.iter().map(move |(&service, row)| (ServiceId { cluster, service }, row))
        })
    }

    /// All servers, in order.
    pub fn servers(&self) -> impl Iterator<Item = (ServerId, &Server)> {
        self.services().flat_map(|(id, row)| {
            row.servers.iter().map(move |(&name, row)| (id.server(name), row))
        })
    }

    /// All director rows, in order.
    pub fn directors(&self) -> impl Iterator<Item = (DirectorId, &DirectorRow)> {
        self.clusters.iter().flat_map(|(&cluster, row)| {
            row.directors.iter().map(move |(&host, row)| (DirectorId { cluster, host }, row))
        })
    }

    /// The document without its volatile rows: what a restart finds again.
    #[must_use]
    pub fn kept(&self) -> Self {
        fn keep(storage: StorageType) -> bool {
            storage != StorageType::Volatile
        }
        let mut kept = self.clone();
        kept.hosts.retain(|_, row| keep(row.storage));
        kept.policies.retain(|_, row| keep(row.storage));
        kept.clusters.retain(|_, row| keep(row.storage));
        for cluster in kept.clusters.values_mut() {
            cluster.directors.retain(|_, row| keep(row.storage));
            cluster.services.retain(|_, row| keep(row.storage));
            for service in cluster.services.values_mut() {
                service.servers.retain(|_, row| keep(row.storage));
            }
        }
        kept
    }

    /// Whether both ask for the same, whoever asked and when.
    pub fn asks_the_same(&self, other: &Self) -> bool {
        self.hosts == other.hosts
            && self.policies == other.policies
            && self.clusters == other.clusters
    }
}

impl Service {
    /// Names of the columns it cannot be active without and does not have.
    pub fn missing(&self) -> Vec<&'static str> {
        gaps(self.address.is_none(), self.port.is_none())
    }

    /// Whether it could be active.
    pub fn is_complete(&self) -> bool {
        self.missing().is_empty()
    }

    /// What it asks for when servers are not well.
    pub fn rules(&self) -> Rules {
        Rules {
            quorum: self.quorum,
            hysteresis: self.quorum_hysteresis,
            panic_threshold: self.panic_threshold,
            panic_use: self.panic_use,
        }
    }

    /// Where it listens, once complete.
    pub fn socket_address(&self) -> Option<SocketAddr> {
        Some(self.address?.with_port(self.port?))
    }
}

impl Server {
    /// Names of the columns it cannot be active without and does not have.
    pub fn missing(&self) -> Vec<&'static str> {
        gaps(self.address.is_none(), self.port.is_none())
    }

    /// Whether it could be active.
    pub fn is_complete(&self) -> bool {
        self.missing().is_empty()
    }

    /// Where it is reached, once complete.
    pub fn socket_address(&self) -> Option<SocketAddr> {
        Some(self.address?.with_port(self.port?))
    }

    /// Where it is checked, once complete.
    pub fn check_target(&self, check: &Check) -> Option<SocketAddr> {
        let port = self.check_port.or(check.port).or(self.port)?;
        Some(self.check_address.or(self.address)?.with_port(port))
    }
}

fn gaps(address: bool, port: bool) -> Vec<&'static str> {
    [(address, "address"), (port, "port")]
        .into_iter()
        .filter_map(|(gap, name)| gap.then_some(name))
        .collect()
}

// The defaults are those of the management model; a row made without saying
// more is nonVolatile and not yet in force.

impl Default for Host {
    fn default() -> Self {
        Self {
            role_potential: Roles::NONE.with(super::Role::RealServer),
            role_status: Roles::NONE,
            admin_state: AdminState::Enabled,
            storage: StorageType::NonVolatile,
            row: RowState::NotInService,
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            kind: PolicyKind::Headroom,
            window: PolicyWindow::Instant,
            cpu_coefficient: Permille::MAX,
            memory_coefficient: Permille::MIN,
            connection_coefficient: Permille::MIN,
            interval: PollInterval::clamped(1_000),
            smoothing: Permille::clamped(750),
            floor: Weight::clamped(1),
            ceiling: Weight::clamped(100),
            step: Weight::clamped(20),
            hysteresis: Weight::MIN,
            stale_limit: PollInterval::clamped(10_000),
            storage: StorageType::NonVolatile,
            row: RowState::NotInService,
        }
    }
}

impl Default for Cluster {
    fn default() -> Self {
        Self {
            description: String::new(),
            parent: None,
            policy: None,
            storage: StorageType::NonVolatile,
            row: RowState::NotInService,
            directors: BTreeMap::new(),
            services: BTreeMap::new(),
        }
    }
}

impl Default for DirectorRow {
    fn default() -> Self {
        Self {
            address: None,
            priority: Priority::clamped(100),
            storage: StorageType::NonVolatile,
            row: RowState::NotInService,
        }
    }
}

impl Default for Service {
    fn default() -> Self {
        Self {
            service_type: String::new(),
            address: None,
            port: None,
            protocol: Protocol::Tcp,
            scheduler: Scheduler::Wlc,
            forward: Forward::Proxy,
            policy: None,
            admin_state: AdminState::Enabled,
            connect_timeout: Timeout::clamped(3_000),
            idle_timeout: IdleTimeout::clamped(900_000),
            connection_limit: 0,
            queue_limit: 0,
            queue_timeout: Timeout::clamped(5_000),
            persistence_timeout: PersistenceTimeout::MIN,
            persistence_prefix_ipv4: PrefixIpv4::MAX,
            persistence_prefix_ipv6: PrefixIpv6::MAX,
            accept_proxy: false,
            send_proxy: SendProxy::None,
            source_rate: ConnectionRate::MIN,
            source_burst: Burst::clamped(10),
            slow_start: Span::MIN,
            check: Check::default(),
            ejection_time: EjectionTime::clamped(5_000),
            panic_threshold: Permille::clamped(500),
            panic_use: PanicUse::None,
            quorum: ServerCount::clamped(1),
            quorum_hysteresis: ServerCount::MIN,
            storage: StorageType::NonVolatile,
            row: RowState::NotInService,
            servers: BTreeMap::new(),
        }
    }
}

impl Default for Check {
    fn default() -> Self {
        Self {
            kind: CheckKind::Tcp,
            interval: CheckInterval::clamped(2_000),
            timeout: Timeout::clamped(1_000),
            rise: CheckCount::clamped(2),
            fall: CheckCount::clamped(3),
            doubt_interval: DoubtInterval::clamped(500),
            port: None,
            request: String::new(),
            expect: String::new(),
            content: String::new(),
            ca_file: None,
            command: Vec::new(),
        }
    }
}

impl Default for Server {
    fn default() -> Self {
        Self {
            weight: Weight::clamped(1),
            backup: false,
            host: None,
            address: None,
            port: None,
            weight_mode: WeightMode::Dynamic,
            admin_state: AdminState::Enabled,
            connection_limit: 0,
            check_address: None,
            check_port: None,
            drain_deadline: Span::MIN,
            storage: StorageType::NonVolatile,
            row: RowState::NotInService,
        }
    }
}
