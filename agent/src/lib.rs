//! The SNMP agent of a load cluster node.

pub mod access;
pub mod cli;
pub mod config;
pub mod engine;
pub mod sensors;
