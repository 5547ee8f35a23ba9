//! The SNMP agent of a load cluster node.
//!
//! `engine` is a function of a datagram, a state and a time; `tables` is what
//! it serves, one file a table; `state` is where that comes from: the director,
//! the sensors, and what both amount to. `notify` tells of what changes there.
//! `udp`, `tcp`, `tls` and `setter` are the threads around it, and `run` puts
//! everything together.

pub mod agentx;
mod bell;
pub mod cli;
pub mod config;
pub mod engine;
pub mod notify;
pub mod reload;
pub mod run;
pub mod security;
pub mod sensors;
pub mod setter;
pub mod state;
pub mod tables;
pub mod takeover;
pub mod tcp;
pub mod tls;
pub mod udp;
