//! The state of all clusters, as `poll` shows it and checks and exports use it.

use jiff::Timestamp;
use lcms_lb_core::model::{
    AdminState, DirectorState, Forward, OperState, Protocol, Scheduler, Status, WeightMode,
    WeightSource,
};
use serde::{Serialize, Serializer};

/// Everything, at one time.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ClusterState {
    /// When the poll was done.
    #[serde(serialize_with = "as_text")]
    pub time: Timestamp,
    /// The nodes of the inventory, in its order.
    pub nodes: Vec<NodeState>,
    /// All hosts anybody told of, by name.
    pub hosts: Vec<Host>,
    /// All clusters, by name.
    pub clusters: Vec<Cluster>,
}

/// A node of the inventory.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NodeState {
    /// Its name.
    pub name: String,
    /// Where its agent should listen.
    pub address: String,
    /// Whether its agent answered.
    pub reachable: bool,
    /// The agent's word on all it knows.
    pub status: Option<Status>,
    /// What the status is due to.
    pub reason: Option<String>,
    /// What the agent calls its host; the inventory should call it the same.
    pub host: Option<String>,
    /// Number of its configuration.
    pub generation: Option<u64>,
    /// Time to the summary's answer.
    pub round_trip_ms: Option<f64>,
    /// Why it told nothing, or not all.
    pub error: Option<String>,
    /// What to do about that.
    pub advice: Option<String>,
}

/// A host.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Host {
    /// Its name.
    pub name: String,
    /// The node whose agent runs on it, if that agent answered.
    pub node: Option<String>,
    /// Health.
    pub status: Option<Status>,
    /// State as observed.
    pub oper_state: Option<OperState>,
    /// What the state is due to.
    pub reason: Option<String>,
    /// State as wanted.
    pub admin_state: Option<AdminState>,
    /// Roles it has.
    pub roles: Vec<&'static str>,
    /// Roles it may take.
    pub role_potential: Vec<&'static str>,
    /// Share that is free for more work, in thousandths.
    pub freeness_permille: Option<u32>,
    /// Servers on it, of all clusters.
    pub servers: usize,
    /// Those with an effective weight above 0.
    pub servers_up: usize,
    /// Sum of their active connections.
    pub active_connections: u64,
    /// What its own agent measured.
    pub load: Option<Load>,
    /// What a controller last reported of it to a director.
    pub report: Option<Report>,
}

/// The load of a host, by its own agent.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Load {
    /// Age of the figures when they were read.
    pub sample_age_ms: Option<u32>,
    /// Processors the load is spread over.
    pub cores: Option<u32>,
    /// Share of CPU time not idle.
    pub cpu_busy_permille: Option<u32>,
    /// Tasks running or waiting for a processor.
    pub runnable: Option<u32>,
    /// Load average over 1 minute.
    pub load1: Option<f64>,
    /// Load average over 5 minutes.
    pub load5: Option<f64>,
    /// Load average over 15 minutes.
    pub load15: Option<f64>,
    /// Memory.
    pub memory_total_octets: Option<u64>,
    /// Memory a new task could have.
    pub memory_available_octets: Option<u64>,
    /// The second over the first.
    pub memory_available_permille: Option<u32>,
    /// Pages read from swap space so far.
    pub swap_in_pages: Option<u64>,
    /// Established TCP connections.
    pub established: Option<u32>,
}

/// A load report in a director.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Time since it was written.
    pub age_ms: Option<u32>,
    /// Runnable tasks.
    pub runnable: Option<f64>,
    /// CPU utilisation.
    pub utilisation_permille: Option<u32>,
    /// Share of memory that is available.
    pub memory_available_permille: Option<u32>,
    /// Whether the host swapped.
    pub swapping: Option<bool>,
    /// The controller.
    pub by: Option<String>,
}

/// A cluster, as its active director tells it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cluster {
    /// Its name.
    pub name: String,
    /// The node that told.
    pub node: String,
    /// Health.
    pub status: Option<Status>,
    /// What the status is due to.
    pub reason: Option<String>,
    /// Host name of the active director.
    pub active_director: Option<String>,
    /// All directors.
    pub directors: Vec<Director>,
    /// The controller's lease, if one runs.
    pub lease: Option<Lease>,
    /// Policy of services that name none.
    pub policy: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Cluster it is part of.
    pub parent: Option<String>,
    /// Active connections of all services.
    pub active_connections: Option<u32>,
    /// Connections accepted so far.
    pub connections: Option<u64>,
    /// Its services, by name.
    pub services: Vec<Service>,
    /// When the node told.
    #[serde(skip)]
    pub time: Timestamp,
}

/// A director of a cluster.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Director {
    /// The host it runs on.
    pub host: String,
    /// What it is at present.
    pub state: Option<DirectorState>,
    /// Its rank.
    pub priority: Option<u32>,
}

/// Who controls the dynamic weights of a cluster.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Lease {
    /// The controller.
    pub owner: String,
    /// The lease's term.
    pub term: u32,
    /// Until it ends.
    pub seconds: u32,
}

/// A service.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// Health.
    pub status: Option<Status>,
    /// State as observed.
    pub oper_state: Option<OperState>,
    /// What state and status are due to.
    pub reason: Option<String>,
    /// State as wanted.
    pub admin_state: Option<AdminState>,
    /// What is served.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Transport protocol.
    pub protocol: Option<Protocol>,
    /// Virtual address and port.
    pub address: Option<String>,
    /// How servers are chosen.
    pub scheduler: Option<Scheduler>,
    /// How servers are reached.
    pub forward: Option<Forward>,
    /// Policy for its dynamic weights, if it names one.
    pub policy: Option<String>,
    /// Active connections.
    pub active_connections: Option<u32>,
    /// Connections accepted so far.
    pub connections: Option<u64>,
    /// Of those, closed because every server tried failed.
    pub failed_connections: Option<u64>,
    /// Of those, closed because there was no server to try.
    pub refused_connections: Option<u64>,
    /// Connections accepted in a second, since the poll before.
    pub connection_rate: Option<f64>,
    /// Octets from clients passed to its servers so far.
    pub in_octets: Option<u64>,
    /// Octets from its servers passed to clients so far.
    pub out_octets: Option<u64>,
    /// Connections that wait for a server.
    pub queued_connections: Option<u32>,
    /// Connections that waited too long so far.
    pub queue_timeouts: Option<u64>,
    /// Connections that found the queue full so far.
    pub queue_overflows: Option<u64>,
    /// Connections refused so far because their source had too many.
    pub source_rate_overruns: Option<u64>,
    /// Its servers, by name.
    pub servers: Vec<Server>,
    /// When its counters began, by the director's clock.
    #[serde(skip)]
    pub discontinuity: Option<u32>,
}

/// A server of a service.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Server {
    /// Its name.
    pub name: String,
    /// State as observed.
    pub oper_state: Option<OperState>,
    /// What the state is due to.
    pub reason: Option<String>,
    /// State as wanted.
    pub admin_state: Option<AdminState>,
    /// The operator's weight.
    pub configured: Option<u32>,
    /// The controller's weight, if there is one.
    pub dynamic: Option<u32>,
    /// What the director uses.
    pub effective: Option<u32>,
    /// Share of the service's new connections since the poll before, 0 to 1.
    pub observed: Option<f64>,
    /// What the effective weight comes from.
    pub source: Option<WeightSource>,
    /// Whether dynamic weights are used.
    pub mode: Option<WeightMode>,
    /// Why the effective weight is what it is.
    pub why: Option<String>,
    /// Whether it is used only when the others cannot.
    pub backup: Option<bool>,
    /// Active connections.
    pub active_connections: Option<u32>,
    /// Connections it accepted so far.
    pub connections: Option<u64>,
    /// Connections it did not accept so far.
    pub failed_connections: Option<u64>,
    /// Connections given to it in a second, since the poll before.
    pub connection_rate: Option<f64>,
    /// Active connections at which it gets no more; 0 for no limit.
    pub connection_limit: Option<u32>,
    /// Octets from clients passed to it so far.
    pub in_octets: Option<u64>,
    /// Octets from it passed to clients so far.
    pub out_octets: Option<u64>,
    /// Checks that failed so far.
    pub check_failures: Option<u64>,
    /// How often it was ejected so far.
    pub ejections: Option<u64>,
    /// Connections it could complete in a second, where that is measured.
    pub capacity: Option<f64>,
    /// The host it is on.
    pub host: Option<String>,
    /// Its address and port.
    pub address: Option<String>,
    /// When its counters began, by the director's clock.
    #[serde(skip)]
    pub discontinuity: Option<u32>,
}

impl ClusterState {
    /// The host of this name.
    pub fn host(&self, name: &str) -> Option<&Host> {
        self.hosts.iter().find(|host| host.name == name)
    }

    /// The cluster of this name.
    pub fn cluster(&self, name: &str) -> Option<&Cluster> {
        self.clusters.iter().find(|cluster| cluster.name == name)
    }

    /// Every server, with the cluster and service it belongs to.
    pub fn servers(&self) -> impl Iterator<Item = (&Cluster, &Service, &Server)> {
        self.clusters.iter().flat_map(|cluster| {
            cluster.services.iter().flat_map(move |service| {
                service.servers.iter().map(move |server| (cluster, service, server))
            })
        })
    }

    /// Nodes that told nothing, or not all.
    pub fn faults(&self) -> impl Iterator<Item = &NodeState> {
        self.nodes.iter().filter(|node| node.error.is_some())
    }

    /// Whether not one node told anything.
    pub fn is_dark(&self) -> bool {
        !self.nodes.is_empty() && self.nodes.iter().all(|n| n.error.is_some() && n.host.is_none())
    }
}

impl Cluster {
    /// The service of this name.
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.name == name)
    }
}

impl Service {
    /// The server of this name.
    pub fn server(&self, name: &str) -> Option<&Server> {
        self.servers.iter().find(|server| server.name == name)
    }

    /// Servers with an effective weight above 0.
    pub fn servers_up(&self) -> usize {
        self.servers.iter().filter(|server| server.effective > Some(0)).count()
    }
}

fn as_text<S: Serializer>(time: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(time)
}
