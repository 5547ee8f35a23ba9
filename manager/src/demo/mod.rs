//! A whole cluster on one machine, to be watched: emulated hosts, their
//! agents, a director, clients, and a controller.

pub mod backend;
pub mod clients;
pub mod proc_root;
pub mod processor;
pub mod random;
