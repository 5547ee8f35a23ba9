//! Drivers: they observe and apply, and decide nothing.

pub mod handover;
pub mod proxy;
pub(crate) mod socket;

use std::borrow::Cow;
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;

use self::handover::Parting;
use crate::director::Snapshot;
use crate::model::ServiceId;
use crate::plan::{Capabilities, Change, Plane};

/// Something that spreads connections.
pub trait Driver: Send {
    /// What it can do.
    fn capabilities(&self) -> Capabilities;

    /// What it does at present.
    fn observe(&self) -> Cow<'_, Plane>;

    /// Opens what the changes need and what may be refused, without any effect
    /// on traffic. What an earlier call opened and no `apply` used is given up.
    fn prepare(&mut self, changes: &[Change]) -> Vec<Refusal>;

    /// Makes the changes, all prepared before. The counters of the rows are
    /// those of `next`. When this returns, new connections follow the changes.
    fn apply(&mut self, changes: Vec<Change>, next: &Snapshot);

    /// Duplicates of its listeners, for a process that takes over.
    fn listeners(&self) -> io::Result<Vec<OwnedFd>>;

    /// Accepts no more, and tells what it knows of clients: another process is
    /// about to go on with both. Meanwhile they wait in the listeners.
    fn pause(&mut self) -> io::Result<Parting>;

    /// Goes on after a pause, since nobody else does.
    fn resume(&mut self);

    /// Gives up its listeners and flows, with which another process goes on. What
    /// else is established goes on here.
    fn retire(&mut self);

    /// How many connections there are.
    fn connections(&self) -> usize;
}

/// A listener that the system refused.
#[derive(Debug)]
pub struct Refusal {
    /// The service.
    pub service: ServiceId,
    /// Where it should listen.
    pub address: SocketAddr,
    /// What the system says.
    pub source: io::Error,
}
