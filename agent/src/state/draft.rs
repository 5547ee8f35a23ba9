//! What a SET would make of the agent's state.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use lcms_lb_core::{
    director::{self, CommitError, DirectorHandle, Snapshot},
    model::{Lease, LeaseRequest, Name, Provenance, Runtime, Source, UnixTime, Wanted},
    store::StoreError,
};
use thiserror::Error;

use lcms_snmp::ErrorStatus;

use super::{AgentState, Lock, Locks, Node};
use crate::{
    engine::Refusal,
    reload::ReloadError,
    security::{Principal, SecurityRows, UserId, V3},
    sensors::inventory::{Link, Links},
};

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
    /// The locks that the SET carries.
    claimed: Vec<fn(&Locks) -> &Lock>,
    /// The configuration file is to be loaded again.
    pub reloads: bool,
    principal: String,
    model: i32,
    security: Arc<SecurityRows>,
    security_before: Arc<SecurityRows>,
    links: Arc<Links>,
    node: Arc<Node>,
}

/// Why a draft was not made the state.
#[derive(Debug, Error)]
pub enum Refused {
    /// The director does not take it.
    #[error(transparent)]
    Director(#[from] CommitError),
    /// The configuration file cannot be loaded again.
    #[error(transparent)]
    Reload(#[from] ReloadError),
}

impl Draft {
    pub(super) fn new(state: &AgentState, principal: &Principal<'_>, now: Instant) -> Self {
        Self {
            before: Arc::clone(&state.snapshot),
            wanted: (*state.snapshot.wanted).clone(),
            runtime: (*state.snapshot.runtime).clone(),
            now,
            terms: BTreeMap::new(),
            source: None,
            reason: None,
            claimed: Vec::new(),
            reloads: false,
            principal: principal.name.to_owned(),
            model: principal.model,
            security: Arc::clone(&state.security.rows),
            security_before: Arc::clone(&state.security.rows),
            links: Arc::clone(&state.sample.inventory.links),
            node: Arc::clone(&state.node),
        }
    }

    /// The node whose state it is.
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// Takes a lock that the SET carries: with its commit the lock advances. A
    /// value that is not the present one is refused in the column it came in.
    pub fn claim(
        &mut self,
        lock: fn(&Locks) -> &Lock,
        value: Option<i32>,
        arc: u32,
    ) -> Result<(), Refusal> {
        match value {
            None => {}
            Some(value) if value == lock(&self.node.locks).value() => self.claimed.push(lock),
            Some(_) => return Err(Refusal::column(arc, ErrorStatus::InconsistentValue)),
        }
        Ok(())
    }

    /// Whether anything that is kept over restarts would change.
    pub fn changes_configuration(&self) -> bool {
        !self.wanted.asks_the_same(&self.before.wanted) || self.changes_security()
    }

    /// Users, groups, access and views as they would be.
    pub fn security(&self) -> &SecurityRows {
        &self.security
    }

    /// The same, to be changed.
    pub fn security_mut(&mut self) -> &mut SecurityRows {
        Arc::make_mut(&mut self.security)
    }

    /// The interface with a number.
    pub fn link(&self, index: i32) -> Option<Link> {
        let index = u32::try_from(index).ok()?;
        self.links.all.iter().find(|link| link.interface.index == index).cloned()
    }

    /// Whether the SET is by this user of the own engine.
    pub fn is_by(&self, user: &UserId) -> bool {
        self.model == V3
            && self.principal == user.name
            && self.node.security.current().engine.id == user.engine
    }

    /// Whether it changes configuration or volatile values.
    pub fn changes_anything(&self) -> bool {
        self.changes_configuration() || self.runtime != *self.before.runtime
    }

    fn changes_security(&self) -> bool {
        !Arc::ptr_eq(&self.security, &self.security_before)
            && *self.security != *self.security_before
    }

    /// Ends the lease of a cluster, if one runs, as its release would.
    pub fn end_lease(&mut self, cluster: Name) {
        let Lease { term, .. } = self.runtime.lease(&cluster);
        let release = LeaseRequest { owner: None, term: Some(term), seconds: Some(0) };
        // The one thing that can be wrong with it is that no lease runs.
        let _ = self.runtime.request_lease(cluster, &release, self.now);
    }

    /// Makes it the state. When this returns, it is on disk and in use; or, with
    /// an error, nothing at all is done. Users and views are written first; the
    /// director's document decides for both, see [`Keeper`](crate::security::Keeper).
    pub fn commit(self, director: &DirectorHandle) -> Result<(), Refused> {
        let keeper = &self.node.security;
        let unwritten = |source| {
            let path = "users and views".to_owned();
            Refused::Director(CommitError::Store(StoreError::Write { path, source }))
        };
        if self.reloads {
            // Whoever has committed this publishes all of it.
            self.node.reloader.reload(&self.principal, director, keeper, || {})?;
        }
        keeper.settle().map_err(unwritten)?;
        let prepared = match self.changes_security() {
            true => Some(keeper.prepare((*self.security).clone()).map_err(unwritten)?),
            false => None,
        };
        if self.changes_anything() {
            let provenance = Provenance {
                principal: self.principal,
                source: self.source.unwrap_or(Source::Snmp),
                time: UnixTime::from(std::time::SystemTime::now()),
                reason: self.reason.unwrap_or_default(),
            };
            let mut draft = director::Draft::of(&self.before, provenance);
            if let Some(prepared) = &prepared {
                draft.with(prepared.name());
            }
            if self.wanted != *self.before.wanted {
                *draft.wanted_mut() = self.wanted;
            }
            if self.runtime != *self.before.runtime {
                *draft.runtime_mut() = self.runtime;
            }
            director.commit(draft)?;
        }
        if let Some(prepared) = prepared {
            keeper.accept(prepared);
        }
        let locks = &self.node.locks;
        self.claimed.iter().for_each(|lock| lock(locks).advance());
        Ok(())
    }
}
