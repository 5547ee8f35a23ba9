//! The proxy.
use std::io;

use crate::director::{Snapshot, Suspicion};
use crate::driver::{Driver, Refusal};
use crate::model::{Forward, Protocol, Scheduler};
use crate::plan::{Capabilities, Change, Plane};

/// How the proxy works.
#[derive(Clone, Debug, Default)]
pub struct ProxyOptions {
    /// Number of threads; one for each processor if `None`.
    pub shards: Option<std::num::NonZeroUsize>,
}

/// The user-space TCP proxy.
pub struct Proxy {
    plane: Plane,
}

impl Proxy {
    /// Starts the threads.
    pub fn start(_: &ProxyOptions, _: Suspicion) -> io::Result<Self> {
        Ok(Self { plane: Plane::default() })
    }
}

impl Driver for Proxy {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            schedulers: &[Scheduler::Rr, Scheduler::Wrr, Scheduler::Lc, Scheduler::Wlc],
            forwards: &[Forward::Proxy],
            protocols: &[Protocol::Tcp],
        }
    }
    fn observe(&self) -> Plane {
        self.plane.clone()
    }
    fn prepare(&mut self, _: &[Change]) -> Vec<Refusal> {
        Vec::new()
    }
    fn apply(&mut self, changes: Vec<Change>, _: &Snapshot) {
        for change in &changes {
            self.plane.apply(change);
        }
    }
}
