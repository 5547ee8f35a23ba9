//! The SNMP agent of a load cluster node.

pub mod access;
pub mod engine;
