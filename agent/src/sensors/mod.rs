//! What the agent knows about the machine it runs on.
//!
//! One thread samples on its own clock and publishes each [`Sample`] whole; a
//! request only ever loads the latest one.

mod facts;
mod interfaces;
mod sample;

pub use facts::{Facts, ProcFacts};
pub use interfaces::{Interface, InterfaceKind};
pub use sample::{Freeness, Limit, Load, Sample};
