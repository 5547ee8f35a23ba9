//! The configuration file.
//!
//! TOML in, a [`Config`] out that cannot be wrong, or all faults with their
//! places. Cluster rows become lb-core's document, so the same rules hold for
//! them as for rows that come by SNMP. Their defaults are the model's; those of
//! the agent itself stand in `settings`.

mod fault;
mod file;
mod forms;
mod receivers;
mod rows;
mod senders;
mod settings;
#[cfg(test)]
mod tests;
mod tls;

pub use fault::{Cause, ConfigError, Fault};
pub use file::Right;
pub use senders::{Community, Senders, User};
pub use settings::{Config, DEFAULT_PATH};
pub use tls::Tls;
