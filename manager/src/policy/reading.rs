//! What a controller reads from agents and director, and what it reports.

use std::time::Duration;

use lcms_lb_core::model::{Name, ServiceId};
use serde::Serialize;

use super::Settings;

/// One look at a host: a row of its agent's load table. What the agent does
/// not know is absent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HostReading {
    /// How old the figures were when they were read.
    pub sample_age: Duration,
    /// Processors.
    pub cores: Option<u32>,
    /// Tasks that run or wait for a processor.
    pub runnable: Option<u32>,
    /// Time integral of these, in milliseconds.
    pub runnable_time: Option<u64>,
    /// Processor time not idle, in milliseconds.
    pub busy_time: Option<u64>,
    /// Processor time, in milliseconds.
    pub total_time: Option<u64>,
    /// Load averages over 1, 5 and 15 minutes, times 100.
    pub load: [Option<u32>; 3],
    /// Available memory over all of it, in thousandths.
    pub memory_available: Option<u32>,
    /// Pages read from swap space.
    pub swap_in: Option<u64>,
    /// When the counters last started anew, in the agent's time.
    pub discontinuity: Option<u32>,
}

/// One look at a server: its row on the director.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerReading {
    /// Its name in its service.
    pub name: Name,
    /// The host it is on; without one no load figures apply.
    pub host: Option<Name>,
    /// The operator's weight.
    pub configured: u32,
    /// The controller's, if there is one.
    pub dynamic: Option<u32>,
    /// Whether dynamic weights are used for it.
    pub follows_load: bool,
    /// Whether it can serve.
    pub up: bool,
    /// Connections given to it and not ended.
    pub active: u32,
    /// Connections it accepted, ever.
    pub connections: u64,
    /// Active connections at which it gets no more; 0 is no limit.
    pub connection_limit: u32,
    /// When its counters last started anew, in the director's time.
    pub discontinuity: Option<u32>,
}

/// One look at a service, with the policy in force for it.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceReading {
    /// Its names.
    pub id: ServiceId,
    /// The policy in force.
    pub settings: Settings,
    /// All its servers.
    pub servers: Vec<ServerReading>,
}

/// What a controller tells the director of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Runnable tasks times 100.
    pub runnable: u32,
    /// Processor utilisation in thousandths, once two looks gave one.
    pub utilisation: Option<u32>,
    /// Available memory in thousandths.
    pub memory_available: Option<u32>,
    /// Whether the host swaps.
    pub swapping: Option<bool>,
    /// Processors.
    pub cores: Option<u32>,
    /// How old the sample is, in milliseconds.
    pub sample_age: u32,
    /// The time between the last two samples, in milliseconds.
    pub interval: Option<u32>,
    /// Mean of the runnable tasks in that time, times 100.
    pub mean_runnable: Option<u32>,
}
