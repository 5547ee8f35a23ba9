//! A whole cluster on one machine, to be watched: emulated hosts, their
//! agents, a director, clients, and a controller.
//!
//! Only the hosts are not real: they work at the rate of a stated number of
//! processors ([`processor`]) and write what a kernel would say of it under a
//! `proc_root` of their own. Agents, director, SNMP and the controller are the
//! ones of every cluster, and know nothing of the demo.

mod agent;
mod backend;
mod clients;
mod folder;
mod network;
mod outcome;
pub mod proc_root;
mod screen;
mod stage;
mod story;

pub mod processor;
pub mod random;

pub use agent::AgentError;
pub use outcome::{Outcome, Phase, ServerOutcome, Share, Totals, Weights};
pub use screen::Screen;
pub use stage::DemoError;
pub use story::{Options, run};
