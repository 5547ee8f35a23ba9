//! Decides dynamic weights from measured load: pure, with the time passed in.
//!
//! A controller looks at each host's agent and at the director's table in
//! every interval. From two looks follow a host's *utilisation* and what each
//! server *completed*; from both follows the server's *capacity*: what it
//! could complete if the host did nothing else ([`lcms_lb_core::load::Capacity`]). The wanted
//! weight is in proportion to the capacity ([`decide`]), and smoothing, step,
//! floor, ceiling and hysteresis lead there ([`Settings`]).
//!
//! Why capacity and not what is free at the moment: weights from free shares
//! are a feedback loop with a gain of `load / (1 - load)`, which swings as soon
//! as hosts are busy and data is late. A capacity hardly depends on the load it
//! was measured under, so late data costs accuracy and never stability. With
//! weights in proportion to capacity all hosts have the same free share, which
//! is the point the free-share rule would have swung around. The free-share
//! rule over 1, 5 or 15 minutes stays available for those who want it; its
//! long window is what damps it.
//!
//! A host that swaps is the trap: it is busy without completing anything. So
//! nothing is learned from it, and it counts as having no room.

mod controller;
pub mod decide;
pub mod reading;
mod settings;
mod share;

pub use controller::Controller;
pub use decide::Decision;
pub use reading::{HostReading, Report, ServerReading, ServiceReading};
pub use settings::Settings;

#[cfg(test)]
mod closed_loop;
