//! What controllers wrote, in times from now.

use std::time::{Duration, Instant, SystemTime};

use serde::{Deserialize, Serialize};

use super::milliseconds;
use crate::model::{
    DynamicWeight, Lease, LoadReport, Name, Permille, Runtime, ServerId, UnixTime, Weight,
};

/// Leases, and what was written under them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct RuntimeLeft {
    leases: Vec<LeaseLeft>,
    weights: Vec<WeightLeft>,
    reports: Vec<ReportLeft>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct LeaseLeft {
    cluster: Name,
    owner: String,
    term: u32,
    milliseconds: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct WeightLeft {
    server: ServerId,
    weight: Weight,
    why: String,
    by: String,
    at: UnixTime,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct ReportLeft {
    host: Name,
    runnable: u32,
    utilisation: Option<Permille>,
    memory_free: Option<Permille>,
    swapping: Option<bool>,
    cores: Option<u32>,
    #[serde(default)]
    sample_age: u64,
    #[serde(default)]
    interval: Option<u64>,
    #[serde(default)]
    mean_runnable: Option<u32>,
    by: String,
    age: u64,
    time: UnixTime,
}

impl RuntimeLeft {
    pub(super) fn of(runtime: &Runtime, now: Instant) -> Self {
        let lease = |(cluster, lease): (&Name, &Lease)| {
            let left = lease.expires?.checked_duration_since(now)?;
            Some(LeaseLeft {
                cluster: *cluster,
                owner: lease.owner.clone(),
                term: lease.term,
                milliseconds: milliseconds(left),
            })
        };
        let weight = |(id, one): (&ServerId, &DynamicWeight)| WeightLeft {
            server: *id,
            weight: one.weight,
            why: one.why.clone(),
            by: one.by.clone(),
            at: UnixTime::from(one.at),
        };
        let report = |(host, one): (&Name, &LoadReport)| ReportLeft {
            host: *host,
            runnable: one.runnable,
            utilisation: one.utilisation,
            memory_free: one.memory_free,
            swapping: one.swapping,
            cores: one.cores,
            sample_age: milliseconds(one.sample_age),
            interval: one.interval.map(milliseconds),
            mean_runnable: one.mean_runnable,
            by: one.by.clone(),
            age: milliseconds(now.saturating_duration_since(one.at)),
            time: UnixTime::from(one.time),
        };
        Self {
            leases: runtime.leases.iter().filter_map(lease).collect(),
            weights: runtime.weights.iter().map(weight).collect(),
            reports: runtime.reports.iter().map(report).collect(),
        }
    }

    /// Adds what is still true to what the document said.
    pub(super) fn add_to(self, mut runtime: Runtime, now: Instant) -> Runtime {
        for LeaseLeft { cluster, owner, term, milliseconds } in self.leases {
            let expires = now.checked_add(Duration::from_millis(milliseconds));
            runtime.leases.insert(cluster, Lease { owner, term, expires });
        }
        for WeightLeft { server, weight, why, by, at } in self.weights {
            let weight = DynamicWeight { weight, why, by, at: SystemTime::from(at) };
            runtime.weights.insert(server, weight);
        }
        for left in self.reports {
            let report = LoadReport {
                runnable: left.runnable,
                utilisation: left.utilisation,
                memory_free: left.memory_free,
                swapping: left.swapping,
                cores: left.cores,
                sample_age: Duration::from_millis(left.sample_age),
                interval: left.interval.map(Duration::from_millis),
                mean_runnable: left.mean_runnable,
                by: left.by,
                at: now.checked_sub(Duration::from_millis(left.age)).unwrap_or(now),
                time: SystemTime::from(left.time),
            };
            runtime.reports.insert(left.host, report);
        }
        runtime
    }
}
