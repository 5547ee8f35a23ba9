//! What one process tells the next of a director that lives on.
//!
//! The document is on disk, and the next process reads it there. This is what a
//! restart forgets and a change of processes should not: who holds a lease and
//! what was written under it, and what the checks said last. The two may be of
//! different versions: what one does not know it leaves out, and what is missing
//! is as after a restart.

use std::collections::BTreeMap;
use std::fs::File;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant, SystemTime};

use serde::{Deserialize, Serialize};

use super::assemble::Verdict;
use crate::model::{
    DynamicWeight, Health, Lease, LoadReport, Name, Permille, Runtime, ServerId, UnixTime, Weight,
};

/// The volatile state of a director, to be sent.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Handover {
    leases: Vec<LeaseLeft>,
    weights: Vec<WeightLeft>,
    reports: Vec<ReportLeft>,
    verdicts: Vec<VerdictLeft>,
}

/// All that a director gives to the process that takes over from it.
#[derive(Debug)]
pub struct HandedOver {
    /// What a restart would forget.
    pub state: Handover,
    /// The listeners of its services: duplicates, each with the connections that
    /// wait in it.
    pub listeners: Vec<OwnedFd>,
    /// The lock of the state document.
    pub lock: File,
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
    server: [Name; 3],
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

#[derive(Clone, Debug, Serialize, Deserialize)]
struct VerdictLeft {
    server: [Name; 3],
    address: SocketAddr,
    up: bool,
    text: String,
}

impl Handover {
    pub(super) fn of(
        runtime: &Runtime,
        verdicts: &BTreeMap<ServerId, Verdict>,
        now: Instant,
    ) -> Self {
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
            server: names(id),
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
        let verdict = |(id, one): (&ServerId, &Verdict)| VerdictLeft {
            server: names(id),
            address: one.address,
            up: one.health == Health::Up,
            text: one.text.clone(),
        };
        Self {
            leases: runtime.leases.iter().filter_map(lease).collect(),
            weights: runtime.weights.iter().map(weight).collect(),
            reports: runtime.reports.iter().map(report).collect(),
            verdicts: verdicts.iter().map(verdict).collect(),
        }
    }

    /// Adds what is still true to what the document said.
    pub(super) fn into_parts(
        self,
        mut runtime: Runtime,
        now: Instant,
    ) -> (Runtime, BTreeMap<ServerId, Verdict>) {
        for LeaseLeft { cluster, owner, term, milliseconds } in self.leases {
            let expires = now.checked_add(Duration::from_millis(milliseconds));
            runtime.leases.insert(cluster, Lease { owner, term, expires });
        }
        for WeightLeft { server, weight, why, by, at } in self.weights {
            let weight = DynamicWeight { weight, why, by, at: SystemTime::from(at) };
            runtime.weights.insert(id(server), weight);
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
        let verdict = |VerdictLeft { server, address, up, text }| {
            let health = if up { Health::Up } else { Health::Down };
            // Who is ejected is found out again by the first connections.
            (id(server), Verdict { health, text, ejected: None, address })
        };
        (runtime, self.verdicts.into_iter().map(verdict).collect())
    }
}

fn names(id: &ServerId) -> [Name; 3] {
    [id.cluster, id.service, id.server]
}

fn id([cluster, service, server]: [Name; 3]) -> ServerId {
    ServerId { cluster, service, server }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_told_is_what_is_heard() {
        let name = |text: &str| text.parse::<Name>().unwrap();
        let now = Instant::now();
        let server = id([name("main"), name("web"), name("rs1")]);
        let mut runtime = Runtime::default();
        let lease =
            Lease { owner: "m".into(), term: 7, expires: Some(now + Duration::from_secs(9)) };
        runtime.leases.insert(name("main"), lease);
        let over = Lease { owner: "m".into(), term: 3, expires: None };
        runtime.leases.insert(name("other"), over);
        let at = SystemTime::from(UnixTime(5_000));
        let weight =
            DynamicWeight { weight: Weight::clamped(4), why: "why".into(), by: "m".into(), at };
        runtime.weights.insert(server, weight);
        let address = SocketAddr::from(([192, 0, 2, 1], 80));
        let verdict =
            Verdict { health: Health::Down, text: "refused".into(), ejected: None, address };
        let verdicts = BTreeMap::from([(server, verdict)]);

        let sent = serde_json::to_string(&Handover::of(&runtime, &verdicts, now)).unwrap();
        let heard: Handover = serde_json::from_str(&sent).unwrap();
        // What the document tells of leases that are over is not this one's.
        let document = Runtime { weights: BTreeMap::new(), ..runtime.clone() };
        let (after, heard) = heard.into_parts(document, now);
        assert_eq!(after, runtime);
        assert_eq!(heard, verdicts);
        let nothing: Handover = serde_json::from_str("{\"later\": 1}").unwrap();
        assert_eq!(nothing.into_parts(Runtime::default(), now).0, Runtime::default());
    }
}
