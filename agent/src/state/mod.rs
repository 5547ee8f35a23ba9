//! What the agent's objects stand for: one immutable value, made anew as things
//! change and swapped whole, so that a request sees one moment and waits for
//! nobody.

mod draft;
mod host_rows;
mod index;
mod node;
mod publisher;
mod security_index;
mod summary;

use std::{sync::Arc, time::Instant};

use lcms_lb_core::{director::Snapshot, model::Name};

pub use draft::{Draft, Refused};
pub use host_rows::{AddressAt, Device, HostRows, StorageRow};
pub use index::{AddressRow, Index, inet_address, inet_address_type};
pub use node::{Lock, Locks, Node, System};
pub use publisher::Publisher;
pub use security_index::SecurityIndex;
pub use summary::{ClusterSummary, HostSummary, Summary};

use crate::{
    engine::{Rows, State},
    notify::LogRows,
    reload::Attempt,
    security::{Principal, Security},
    sensors::Sample,
};

/// An agent's state.
#[derive(Debug)]
pub struct AgentState {
    /// Who we are.
    pub node: Arc<Node>,
    /// The director.
    pub snapshot: Arc<Snapshot>,
    /// The own host.
    pub sample: Arc<Sample>,
    /// What both amount to.
    pub summary: Summary,
    /// The rows of the document.
    pub index: Arc<Index>,
    /// The rows of lcHostAddrTable.
    pub addresses: Arc<Rows<AddressRow>>,
    /// The rows of lcHostLoadTable.
    pub load: Arc<Rows<()>>,
    /// The rows of lcHostReportTable.
    pub reports: Arc<Rows<Name>>,
    /// The rows of the standard MIBs.
    pub host: Arc<HostRows>,
    /// Who may do what.
    pub security: Arc<Security>,
    /// The rows of the tables that say so.
    pub security_index: Arc<SecurityIndex>,
    /// What was notified.
    pub log: Arc<LogRows>,
    /// The last time that the configuration was loaded again.
    pub reloaded: Option<Arc<Attempt>>,
}

impl AgentState {
    /// The state as of now.
    pub fn new(
        node: Arc<Node>,
        snapshot: Arc<Snapshot>,
        sample: Arc<Sample>,
        now: Instant,
    ) -> Self {
        let security = node.security.current();
        Self {
            summary: Summary::of(&snapshot, node.name, &sample.load, now),
            index: Arc::new(Index::of(&snapshot.wanted)),
            addresses: Arc::new(index::addresses(&node.name, &sample.facts)),
            load: Arc::new(index::load(&node.name)),
            reports: Arc::new(index::reports(&snapshot.runtime)),
            host: Arc::new(HostRows::of(&sample.inventory, None, now)),
            security_index: Arc::new(SecurityIndex::of(&security.rows)),
            security,
            log: node.log.current(),
            reloaded: node.reloader.last(),
            node,
            snapshot,
            sample,
        }
    }

    /// The state after this one. What it rests on has often not changed since,
    /// and is taken over then.
    pub fn next(&self, snapshot: Arc<Snapshot>, sample: Arc<Sample>, now: Instant) -> Self {
        let index = match Arc::ptr_eq(&self.snapshot.wanted, &snapshot.wanted) {
            true => Arc::clone(&self.index),
            false => Arc::new(Index::of(&snapshot.wanted)),
        };
        let addresses = match Arc::ptr_eq(&self.sample.facts, &sample.facts) {
            true => Arc::clone(&self.addresses),
            false => Arc::new(index::addresses(&self.node.name, &sample.facts)),
        };
        let reports = match Arc::ptr_eq(&self.snapshot.runtime, &snapshot.runtime) {
            true => Arc::clone(&self.reports),
            false => Arc::new(index::reports(&snapshot.runtime)),
        };
        let host = match self.host.are_those_of(&sample.inventory) {
            true => Arc::clone(&self.host),
            false => Arc::new(HostRows::of(&sample.inventory, Some(&self.host), now)),
        };
        let security = self.node.security.current();
        let security_index = match Arc::ptr_eq(&self.security, &security) {
            true => Arc::clone(&self.security_index),
            false => Arc::new(SecurityIndex::of(&security.rows)),
        };
        Self {
            security,
            security_index,
            log: self.node.log.current(),
            reloaded: self.node.reloader.last(),
            node: Arc::clone(&self.node),
            host,
            summary: Summary::of(&snapshot, self.node.name, &sample.load, now),
            index,
            addresses,
            load: Arc::clone(&self.load),
            reports,
            snapshot,
            sample,
        }
    }
}

impl State for AgentState {
    type Draft = Draft;

    fn security(&self) -> &Security {
        &self.security
    }

    fn draft(&self, principal: &Principal<'_>, now: Instant) -> Draft {
        Draft::new(self, principal, now)
    }
}
