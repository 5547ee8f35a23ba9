//! What controllers told the director lately. None of it survives a restart,
//! but for the owners and terms of the leases.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use super::{Lease, LeaseError, LeaseRequest, Name, Permille, RowState, ServerId, Wanted, Weight};

/// Leases, dynamic weights and load reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Runtime {
    /// The lease of each cluster that ever had one.
    pub leases: BTreeMap<Name, Lease>,
    /// Dynamic weights. One is valid while the lease of its cluster runs: ask
    /// [`Runtime::dynamic_weight`].
    pub weights: BTreeMap<ServerId, DynamicWeight>,
    /// The last load report on each host.
    pub reports: BTreeMap<Name, LoadReport>,
}

/// A weight that a controller wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DynamicWeight {
    /// The weight.
    pub weight: Weight,
    /// The controller's words for it.
    pub why: String,
    /// Owner of the lease it was written under.
    pub by: String,
    /// When.
    pub at: SystemTime,
}

/// What a controller measured on a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadReport {
    /// Runnable tasks, times 100.
    pub runnable: u32,
    /// CPU utilisation.
    pub utilisation: Option<Permille>,
    /// Share of its memory that is available.
    pub memory_free: Option<Permille>,
    /// Whether it swapped since the report before.
    pub swapping: Option<bool>,
    /// Its processors.
    pub cores: Option<u32>,
    /// How old the sample was when the report was written.
    pub sample_age: Duration,
    /// The time up to the sample that utilisation and means are about.
    pub interval: Option<Duration>,
    /// Mean of the runnable tasks in that time, times 100.
    pub mean_runnable: Option<u32>,
    /// Owner of the lease it was written under.
    pub by: String,
    /// When it was written.
    pub at: Instant,
    /// The same, for people.
    pub time: SystemTime,
}

impl Runtime {
    /// The lease of the cluster; of one that never had any, the empty lease.
    pub fn lease(&self, cluster: &Name) -> Lease {
        self.leases.get(cluster).cloned().unwrap_or_default()
    }

    /// Carries out a request about the lease of a cluster.
    ///
    /// The dynamic weights of the cluster go when the lease does, and also when
    /// a new one starts after a gap: they were void in between and must not
    /// come back to life.
    pub fn request_lease(
        &mut self,
        cluster: Name,
        request: &LeaseRequest,
        now: Instant,
    ) -> Result<(), LeaseError> {
        let before = self.lease(&cluster);
        let after = before.request(request, now)?;
        if !before.runs(now) || !after.runs(now) {
            self.void_weights(&cluster);
        }
        self.leases.insert(cluster, after);
        Ok(())
    }

    /// Whether something in the cluster may be written under this term now.
    pub fn permits(&self, cluster: &Name, term: u32, now: Instant) -> Result<(), LeaseError> {
        match self.leases.get(cluster) {
            Some(lease) => lease.permits(term, now),
            None => Err(LeaseError::NotRunning { present: 0 }),
        }
    }

    /// The dynamic weight of the server, if there is one and it is valid.
    pub fn dynamic_weight(&self, server: &ServerId, now: Instant) -> Option<&DynamicWeight> {
        let lease = self.leases.get(&server.cluster)?;
        self.weights.get(server).filter(|_| lease.runs(now))
    }

    /// When the next lease ends.
    pub fn next_expiry(&self) -> Option<Instant> {
        self.leases.values().filter_map(|lease| lease.expires).min()
    }

    /// Ends the leases that have run out; true if there was one.
    pub fn expire(&mut self, now: Instant) -> bool {
        let over: Vec<Name> = self
            .leases
            .iter()
            .filter(|(_, lease)| lease.expires.is_some() && !lease.runs(now))
            .map(|(name, _)| *name)
            .collect();
        for cluster in &over {
            self.void_weights(cluster);
            if let Some(lease) = self.leases.get_mut(cluster) {
                lease.expires = None;
            }
        }
        !over.is_empty()
    }

    /// Forgets what belongs to rows that are no longer there, or no longer take
    /// it.
    pub fn prune(&mut self, wanted: &Wanted) {
        self.leases.retain(|cluster, _| wanted.clusters.contains_key(cluster));
        self.weights.retain(|server, _| wanted.server(server).is_some());
        self.reports.retain(|host, _| {
            wanted.hosts.get(host).is_some_and(|row| row.row == RowState::Active)
        });
    }

    fn void_weights(&mut self, cluster: &Name) {
        self.weights.retain(|server, _| server.cluster != *cluster);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    fn server() -> ServerId {
        ServerId { cluster: name("main"), service: name("web"), server: name("rs1") }
    }

    fn acquire(owner: &str, term: u32) -> LeaseRequest {
        LeaseRequest { owner: Some(owner.into()), term: Some(term), seconds: Some(10) }
    }

    fn controlled(now: Instant) -> Runtime {
        let mut runtime = Runtime::default();
        runtime.request_lease(name("main"), &acquire("a", 1), now).unwrap();
        let weight = DynamicWeight {
            weight: Weight::clamped(5),
            why: String::new(),
            by: "a".into(),
            at: SystemTime::UNIX_EPOCH,
        };
        runtime.weights.insert(server(), weight);
        runtime
    }

    #[test]
    fn a_weight_is_void_once_the_lease_is_over_and_stays_so() {
        let now = Instant::now();
        let later = now + Duration::from_secs(10);
        let mut runtime = controlled(now);
        assert!(runtime.dynamic_weight(&server(), now).is_some());
        assert!(runtime.dynamic_weight(&server(), later).is_none());
        runtime.request_lease(name("main"), &acquire("b", 2), later).unwrap();
        assert!(runtime.dynamic_weight(&server(), later).is_none());
    }

    #[test]
    fn a_weight_outlives_a_new_term_of_the_same_owner() {
        let now = Instant::now();
        let mut runtime = controlled(now);
        runtime.request_lease(name("main"), &acquire("a", 2), now).unwrap();
        assert!(runtime.dynamic_weight(&server(), now).is_some());
        assert!(runtime.permits(&name("main"), 1, now).is_err());
        assert!(runtime.permits(&name("main"), 2, now).is_ok());
    }

    #[test]
    fn expiry_is_told_once() {
        let now = Instant::now();
        let mut runtime = controlled(now);
        let end = runtime.next_expiry().unwrap();
        assert!(!runtime.expire(now));
        assert!(runtime.expire(end));
        assert!(!runtime.expire(end));
        assert_eq!(runtime.next_expiry(), None);
        assert!(runtime.weights.is_empty());
        assert_eq!(runtime.lease(&name("main")).term, 1);
    }
}
