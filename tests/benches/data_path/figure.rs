//! What is measured.

use std::fmt;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// One kind of load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Figure {
    /// Small requests over standing connections, as fast as they are answered
    Keepalive,
    /// Connect, one request, close, as fast as it goes
    Connections,
    /// Replies without end
    Bulk,
    /// 4,000 requests a second, whether they are answered or not
    Latency,
    /// Connections that stand and do nothing
    Memory,
}

impl Figure {
    pub const ALL: [Self; 5] =
        [Self::Keepalive, Self::Connections, Self::Bulk, Self::Latency, Self::Memory];
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Keepalive => "keepalive",
            Self::Connections => "connections",
            Self::Bulk => "bulk",
            Self::Latency => "latency",
            Self::Memory => "memory",
        })
    }
}

/// What one measurement found, as the load generator writes it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Outcome {
    /// Requests, connections or octets within the window.
    pub done: u64,
    /// Replies that were wrong or never came.
    pub failed: u64,
    /// What the last failure was.
    pub failure: Option<String>,
    /// Length of the window.
    pub seconds: f64,
    /// CPU time of the director in the window.
    pub director_seconds: f64,
    /// Time all processors were busy in the window.
    pub busy_seconds: f64,
    /// Latency of each request, where that is measured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nanoseconds: Vec<u64>,
    /// Resident memory of the director before and after, in octets.
    pub resident: Option<(u64, u64)>,
}
