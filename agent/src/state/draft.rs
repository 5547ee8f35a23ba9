//! What a SET would make of the agent's state.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use lcms_lb_core::{
    director::{self, CommitError, DirectorHandle, Snapshot},
    model::{Lease, LeaseRequest, Name, Provenance, Runtime, Source, UnixTime, Wanted},
};

use super::{AgentState, Node};

/// A SET's work, until it is committed as a whole.
#[derive(Debug)]
pub struct Draft {
    /// The state it starts from.
    pub before: Arc<Snapshot>,
    /// The document as it would be.
    pub wanted: Wanted,
    /// The volatile values as they would be.
    pub runtime: Runtime,
    /// When it is done.
    pub now: Instant,
    /// The lease terms that the SET carries, by cluster.
    pub terms: BTreeMap<Name, u32>,
    /// lcConfigLastSource, if the SET says it.
    pub source: Option<Source>,
    /// lcConfigLastReason, if the SET says it.
    pub reason: Option<String>,
    /// Whether the SET carries lcConfigLock.
    pub advances_lock: bool,
    /// Whether the SET carries snmpSetSerialNo.
    pub advances_serial: bool,
    principal: String,
    node: Arc<Node>,
}

impl Draft {
    pub(super) fn new(state: &AgentState, principal: &str, now: Instant) -> Self {
        Self {
            before: Arc::clone(&state.snapshot),
            wanted: (*state.snapshot.wanted).clone(),
            runtime: (*state.snapshot.runtime).clone(),
            now,
            terms: BTreeMap::new(),
            source: None,
            reason: None,
            advances_lock: false,
            advances_serial: false,
            principal: principal.to_owned(),
            node: Arc::clone(&state.node),
        }
    }

    /// The node whose state it is.
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// Whether anything that is kept over restarts would change.
    pub fn changes_configuration(&self) -> bool {
        !self.wanted.asks_the_same(&self.before.wanted)
    }

    /// Ends the lease of a cluster, if one runs, as its release would.
    pub fn end_lease(&mut self, cluster: Name) {
        let Lease { term, .. } = self.runtime.lease(&cluster);
        let release = LeaseRequest { owner: None, term: Some(term), seconds: Some(0) };
        // The one thing that can be wrong with it is that no lease runs.
        let _ = self.runtime.request_lease(cluster, &release, self.now);
    }

    /// Makes it the state. When this returns, it is on disk and in use; or, with
    /// an error, nothing at all is done.
    pub fn commit(self, director: &DirectorHandle) -> Result<(), CommitError> {
        if self.changes_configuration() || self.runtime != *self.before.runtime {
            let provenance = Provenance {
                principal: self.principal,
                source: self.source.unwrap_or(Source::Snmp),
                time: UnixTime::from(std::time::SystemTime::now()),
                reason: self.reason.unwrap_or_default(),
            };
            let mut draft = director::Draft::of(&self.before, provenance);
            if self.wanted != *self.before.wanted {
                *draft.wanted_mut() = self.wanted;
            }
            if self.runtime != *self.before.runtime {
                *draft.runtime_mut() = self.runtime;
            }
            director.commit(draft)?;
        }
        if self.advances_lock {
            self.node.locks.config.advance();
        }
        if self.advances_serial {
            self.node.locks.serial.advance();
        }
        Ok(())
    }
}
