//! Who changed the document, from where, when and why.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::Source;

/// A time of day, in milliseconds since 1970 (UTC).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct UnixTime(pub u64);

impl From<SystemTime> for UnixTime {
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}

impl From<UnixTime> for SystemTime {
    fn from(time: UnixTime) -> Self {
        // A document is foreign input: a time the clock cannot hold is 1970.
        SystemTime::UNIX_EPOCH
            .checked_add(Duration::from_millis(time.0))
            .unwrap_or(SystemTime::UNIX_EPOCH)
    }
}

/// The story behind one commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// Security name or account; empty for the configuration file.
    pub principal: String,
    /// Through which door it came.
    pub source: Source,
    /// When.
    pub time: UnixTime,
    /// Why, in the words of whoever did it.
    pub reason: String,
}

impl Provenance {
    /// A change by the configuration file.
    pub fn config(time: UnixTime, reason: impl Into<String>) -> Self {
        Self { principal: String::new(), source: Source::Config, time, reason: reason.into() }
    }
}

impl Default for Provenance {
    fn default() -> Self {
        Self {
            principal: String::new(),
            source: Source::None,
            time: UnixTime::default(),
            reason: String::new(),
        }
    }
}
