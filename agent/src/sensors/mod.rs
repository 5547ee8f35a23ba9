//! What the agent knows about the machine it runs on.
//!
//! One thread samples on its own clock and publishes each [`Sample`] whole; a
//! request only ever loads the latest one. Between the files and the sample
//! stand pure parts: [`proc_files`] reads the text of one file, [`Meter`] turns
//! the texts of successive moments into figures and knows no clock but the time
//! it is given.

mod facts;
mod files;
mod interfaces;
pub mod inventory;
mod meter;
pub mod proc_files;
mod sample;
mod sampler;

pub use facts::{Facts, ProcFacts};
pub use files::{Files, ProcFile, Text};
pub use interfaces::{Interface, InterfaceKind};
pub use inventory::Inventory;
pub use meter::{Cause, Meter, Trouble};
pub use sample::{Freeness, Limit, Load, Overload, Sample};
pub use sampler::{Sensors, Source};
