//! What there is to check, before any system's syntax.

use crate::{check::Subject, inventory::Inventory, poll::ClusterState};

/// Hosts with their checks, and clusters, which are hosts to monitoring too: a
/// service of a cluster belongs to no one machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Monitored {
    /// By name.
    pub hosts: Vec<MonitoredHost>,
    /// By name.
    pub clusters: Vec<MonitoredCluster>,
}

/// A host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonitoredHost {
    /// Its name.
    pub name: String,
    /// Where its agent is, if it has one in the inventory; else a server's address.
    pub address: Option<String>,
    /// Whether it has an agent that is asked.
    pub has_agent: bool,
    /// Clusters that it directs or serves.
    pub clusters: Vec<String>,
}

/// A cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonitoredCluster {
    /// Its name.
    pub name: String,
    /// Hosts that direct it or stand by.
    pub directors: Vec<String>,
    /// Whether a controller has to do with it.
    pub is_leased: bool,
    /// Its services and their servers, by subject and whole name.
    pub checks: Vec<(Subject, String)>,
}

impl Monitored {
    /// What a state and an inventory tell of. A node that does not answer at the
    /// moment is monitored all the more.
    pub fn of(state: &ClusterState, inventory: &Inventory) -> Self {
        let clusters = state.clusters.iter().map(|cluster| {
            let mut directors: Vec<String> =
                cluster.directors.iter().map(|director| director.host.clone()).collect();
            let planned = inventory.cluster(&cluster.name).into_iter().flat_map(|c| &c.directors);
            directors.extend(planned.map(ToString::to_string));
            directors.push(cluster.node.clone());
            directors.retain(|name| inventory.node(name).is_some() || state.host(name).is_some());
            directors.sort();
            directors.dedup();
            let mut checks = Vec::new();
            for service in &cluster.services {
                let whole = format!("{}/{}", cluster.name, service.name);
                checks.push((Subject::Service, whole.clone()));
                for server in &service.servers {
                    let whole = format!("{whole}/{}", server.name);
                    checks.push((Subject::Server, whole.clone()));
                    checks.push((Subject::Weight, whole));
                }
            }
            let is_leased = cluster.lease.is_some();
            MonitoredCluster { name: cluster.name.clone(), directors, is_leased, checks }
        });
        let mut all = Self { hosts: Vec::new(), clusters: clusters.collect() };
        let mut names: Vec<String> = inventory.nodes.iter().map(|n| n.name.to_string()).collect();
        names.extend(state.hosts.iter().map(|host| host.name.clone()));
        names.sort();
        names.dedup();
        all.hosts = names.into_iter().map(|name| all.host(name, state, inventory)).collect();
        all
    }

    fn host(&self, name: String, state: &ClusterState, inventory: &Inventory) -> MonitoredHost {
        let node = inventory.node(&name);
        let on = || state.servers().filter(|(_, _, server)| server.host.as_ref() == Some(&name));
        let mut clusters: Vec<String> = on().map(|(cluster, ..)| cluster.name.clone()).collect();
        let directed = self.clusters.iter().filter(|c| c.directors.contains(&name));
        clusters.extend(directed.map(|cluster| cluster.name.clone()));
        clusters.sort();
        clusters.dedup();
        let served = on().find_map(|(_, _, server)| without_port(server.address.as_deref()?));
        let address = node.map(|node| node.endpoint.host.clone()).or(served);
        MonitoredHost { name, address, has_agent: node.is_some(), clusters }
    }
}

fn without_port(address: &str) -> Option<String> {
    let (host, _) = address.rsplit_once(':')?;
    Some(host.trim_start_matches('[').trim_end_matches(']').to_owned())
}

impl MonitoredCluster {
    /// The name it has as a host: a machine may be named like a cluster.
    pub fn host_name(&self) -> String {
        cluster_host(&self.name)
    }
}

/// The name of the host that a cluster is.
pub(super) fn cluster_host(cluster: &str) -> String {
    format!("cluster-{cluster}")
}

/// How a check is called beside the name of its cluster: `Service web`.
pub(super) fn description(subject: Subject, whole: &str) -> String {
    let rest = whole.split_once('/').map_or(whole, |(_, rest)| rest);
    format!("{subject:?} {rest}")
}

/// The verb's word for a subject.
pub(super) fn verb(subject: Subject) -> String {
    subject.word().to_ascii_lowercase()
}
