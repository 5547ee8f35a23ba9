//! What one process tells the next of a director that lives on.
//!
//! The document is on disk, and the next process reads it there. This is what a
//! restart forgets and a change of processes should not: who holds a lease and
//! what was written under it, what the checks found and how far they had counted,
//! which servers are ejected, start slowly or drain, and which server each client
//! is with. The two may be of different versions: what one does not know it leaves
//! out, and what is missing is as after a restart.

mod runtime;
mod statuses;

use std::collections::BTreeMap;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use self::runtime::RuntimeLeft;
use self::statuses::StatusesLeft;
use super::assemble::Verdict;
use super::checker::{Ejected, WatchLeft};
use super::snapshot::Snapshot;
use crate::driver::handover::{ClientsLeft, FlowLeft, Parting};
use crate::health::Ejection;
use crate::model::{Health, Runtime, ServerId};

/// What a process needs to prepare itself for the place of another.
#[derive(Debug)]
pub struct HandedOver {
    /// The listeners of the services: duplicates, each with the connections that
    /// wait in it.
    pub listeners: Vec<OwnedFd>,
    /// The lock of the state document.
    pub lock: File,
}

/// What a director knows that accepts no more.
#[derive(Debug, Default)]
pub struct Legacy {
    /// What a restart would forget.
    pub state: Handover,
    /// The sockets of its flows, in the order in which it tells them.
    pub flows: Vec<OwnedFd>,
}

/// The volatile state of a director, to be sent.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Handover {
    runtime: RuntimeLeft,
    statuses: StatusesLeft,
    watches: Vec<WatchLeft>,
    clients: Vec<ClientsLeft>,
    flows: Vec<FlowLeft>,
}

/// The same where it has arrived.
pub(super) struct Heard {
    /// What the first snapshot follows.
    pub(super) before: Snapshot,
    pub(super) runtime: Runtime,
    pub(super) verdicts: BTreeMap<ServerId, Verdict>,
    pub(super) watches: Vec<WatchLeft>,
    pub(super) parting: Parting,
}

impl Legacy {
    pub(super) fn of(
        snapshot: &Snapshot,
        watches: Vec<WatchLeft>,
        parting: Parting,
        now: Instant,
    ) -> Self {
        let Parting { clients, flows, sockets } = parting;
        let state = Handover {
            runtime: RuntimeLeft::of(&snapshot.runtime, now),
            statuses: StatusesLeft::of(snapshot, now),
            watches,
            clients,
            flows,
        };
        Self { state, flows: sockets }
    }

    /// Adds what is still true to what the document said.
    pub(super) fn hear(self, runtime: Runtime, now: Instant) -> Heard {
        let Self { state, flows: sockets } = self;
        let Handover { runtime: left, statuses, watches, clients, flows } = state;
        let verdicts =
            watches.iter().filter_map(|watch| Some((watch.server, verdict(watch, now)?)));
        Heard {
            before: statuses.into_snapshot(now),
            runtime: left.add_to(runtime, now),
            verdicts: verdicts.collect(),
            watches,
            parting: Parting { clients, flows, sockets },
        }
    }
}

/// What was found of a server, if anything was.
fn verdict(watch: &WatchLeft, now: Instant) -> Option<Verdict> {
    let health = watch.monitor.health();
    let until = Ejection::after(&watch.ejection, now).until();
    let ejected = until.map(|until| Ejected { until, why: watch.why.clone() });
    let found = health != Health::Unchecked || ejected.is_some();
    let (text, address) = (watch.text.clone(), watch.address);
    found.then_some(Verdict { health, text, ejected, address })
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::time::SystemTime;

    use super::*;
    use crate::health::Monitor;
    use crate::model::{Check, DynamicWeight, Lease, Name, UnixTime, Weight};

    fn told(runtime: Runtime, watches: Vec<WatchLeft>, now: Instant) -> Handover {
        let snapshot = Snapshot { runtime: runtime.into(), serial: 7, ..Snapshot::nothing() };
        let legacy = Legacy::of(&snapshot, watches, Parting::default(), now);
        serde_json::from_str(&serde_json::to_string(&legacy.state).unwrap()).unwrap()
    }

    #[test]
    fn what_was_told_is_what_is_heard() {
        let name = |text: &str| text.parse::<Name>().unwrap();
        let now = Instant::now();
        let server = ServerId { cluster: name("main"), service: name("web"), server: name("rs1") };
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
        let mut monitor = Monitor::new(&Check::default());
        monitor.observe(false);
        let mut ejection = Ejection::default();
        assert!(ejection.confirmed(Duration::from_secs(5), now));
        let watch = WatchLeft {
            server,
            address,
            checked: address,
            monitor,
            text: "refused".into(),
            ejection: ejection.left(now),
            why: "no answer".into(),
            usual: Duration::from_millis(3),
        };

        let state = told(runtime.clone(), vec![watch.clone()], now);
        // What the document tells of leases that are over is not this one's.
        let document = Runtime { weights: BTreeMap::new(), ..runtime.clone() };
        let heard = Legacy { state, flows: Vec::new() }.hear(document, now);
        assert_eq!(heard.runtime, runtime);
        assert_eq!(heard.before.serial, 7);
        let ejected = Ejected { until: now + Duration::from_secs(5), why: "no answer".into() };
        let verdict = Verdict {
            health: Health::Down,
            text: "refused".into(),
            ejected: Some(ejected),
            address,
        };
        assert_eq!(heard.verdicts, BTreeMap::from([(server, verdict)]));
        assert_eq!(heard.watches, vec![watch]);
    }

    #[test]
    fn what_is_not_told_is_as_after_a_restart() {
        let state: Handover = serde_json::from_str("{\"later\": 1}").unwrap();
        let heard = Legacy { state, flows: Vec::new() }.hear(Runtime::default(), Instant::now());
        assert_eq!(heard.runtime, Runtime::default());
        assert_eq!(heard.before.serial, 0);
        assert!(heard.verdicts.is_empty());
    }
}
