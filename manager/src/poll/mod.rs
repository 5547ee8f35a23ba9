//! What all agents together say: rows from each node in, one state out.

mod build;
mod gather;
mod hosts;
mod rows;
mod state;
#[cfg(test)]
pub(crate) mod tests;

pub(crate) use self::build::{label, text};
pub(crate) use self::hosts::severity;
pub use self::{
    build::build,
    gather::{ask, gather, now},
    rows::{NodeFault, NodeRows, Rows},
    state::{
        Cluster, ClusterState, Director, Host, Lease, Load, NodeState, Report, Server, Service,
    },
};
