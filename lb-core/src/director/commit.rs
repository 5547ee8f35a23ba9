//! Drafts: what a caller wants to be the next state, all of it or nothing.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use super::snapshot::Snapshot;
use crate::model::{Problem, Provenance, Runtime, ServiceId, Wanted};
use crate::store::{Note, StoreError};

/// The next state, edited from a snapshot.
#[derive(Clone, Debug)]
pub struct Draft {
    pub(super) base: u64,
    pub(super) wanted: Arc<Wanted>,
    pub(super) runtime: Arc<Runtime>,
    pub(super) provenance: Provenance,
    pub(super) companion: Option<String>,
}

/// A configuration that is loaded while running.
#[derive(Clone, Debug)]
pub struct Reload {
    /// What it asks for.
    pub config: Wanted,
    /// Who loads it.
    pub provenance: Provenance,
    /// What that is one with, see [`Draft::with`].
    pub companion: Option<String>,
}

/// What a configuration that was loaded while running has led to.
#[derive(Clone, Debug)]
pub struct Reloaded {
    /// The state now.
    pub snapshot: Arc<Snapshot>,
    /// Whether anything is other than before.
    pub changed: bool,
    /// What the operator should hear about.
    pub notes: Vec<Note>,
}

/// Why a commit was refused. Nothing of it was then done.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Another commit came first: start again from the present snapshot.
    #[error("the state changed meanwhile")]
    Stale,
    /// The document asks for what cannot be.
    #[error("{}", list(.0))]
    Invalid(Vec<Problem>),
    /// A service cannot listen on its address.
    #[error("service {service} cannot listen on {address}: {source}")]
    Unavailable {
        /// The service.
        service: ServiceId,
        /// Where it should listen.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The document could not be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A configuration is merged into the document, and there is none.
    #[error("the director keeps no state document that a configuration could be merged into")]
    NoDocument,
    /// The director was shut down.
    #[error("the director is shut down")]
    Closed,
}

impl Draft {
    /// A draft that so far changes nothing.
    pub fn of(snapshot: &Snapshot, provenance: Provenance) -> Self {
        Self {
            base: snapshot.serial,
            wanted: snapshot.wanted.clone(),
            runtime: snapshot.runtime.clone(),
            provenance,
            companion: None,
        }
    }

    /// Makes the commit one with a change of another file, which lies ready under this
    /// name and is put in its place after the commit. Should that not come to be, then
    /// it is to be done at the next start, if [`Opened`](crate::store::Opened) still says
    /// the name, and else to be thrown away.
    pub fn with(&mut self, companion: String) {
        self.companion = Some(companion);
    }

    /// The document as edited so far.
    pub fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// The document, to edit. Its generation and provenance are the
    /// director's to write.
    pub fn wanted_mut(&mut self) -> &mut Wanted {
        Arc::make_mut(&mut self.wanted)
    }

    /// The volatile values as edited so far.
    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// The volatile values, to edit.
    pub fn runtime_mut(&mut self) -> &mut Runtime {
        Arc::make_mut(&mut self.runtime)
    }
}

fn list(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
