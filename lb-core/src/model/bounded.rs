//! Numbers that cannot leave their range.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A number of at least `MIN` and at most `MAX`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Bounded<const MIN: u32, const MAX: u32>(u32);

/// A server's share in proportion to the sum over the service; 0 drains.
pub type Weight = Bounded<0, 65_535>;
/// A share in thousandths.
pub type Permille = Bounded<0, 1_000>;
/// Milliseconds from one check of a server to the next.
pub type CheckInterval = Bounded<100, 3_600_000>;
/// Milliseconds from one poll to the next, or until a figure is stale.
pub type PollInterval = Bounded<100, 3_600_000>;
/// Milliseconds to wait for a peer.
pub type Timeout = Bounded<1, 600_000>;
/// Milliseconds in which nothing need happen.
pub type IdleTimeout = Bounded<1, 604_800_000>;
/// Milliseconds in which a client stays with its server; 0: it need not.
pub type PersistenceTimeout = Bounded<0, 604_800_000>;
/// Leading bits of an IPv4 address.
pub type PrefixIpv4 = Bounded<1, 32>;
/// Leading bits of an IPv6 address.
pub type PrefixIpv6 = Bounded<1, 128>;
/// Milliseconds that something takes; 0: no time at all.
pub type Span = Bounded<0, 604_800_000>;
/// Connections each second; 0: no limit.
pub type ConnectionRate = Bounded<0, 1_000_000>;
/// Connections at once.
pub type Burst = Bounded<1, 1_000_000>;
/// Successive checks that change a server's health.
pub type CheckCount = Bounded<1, 255>;
/// Milliseconds from one check to the next while in doubt; 0: at once.
pub type DoubtInterval = Bounded<0, 3_600_000>;
/// Number of servers.
pub type ServerCount = Bounded<0, 65_535>;
/// Milliseconds for which a server is ejected at first; 0: never.
pub type EjectionTime = Bounded<0, 3_600_000>;
/// Rank of a director.
pub type Priority = Bounded<0, 255>;

/// A number outside the range of its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{given} is not in {min}..{max}")]
pub struct OutOfRange {
    given: u32,
    min: u32,
    max: u32,
}

impl<const MIN: u32, const MAX: u32> Bounded<MIN, MAX> {
    /// The least value.
    pub const MIN: Self = Self(MIN);
    /// The greatest value.
    pub const MAX: Self = Self(MAX);

    /// This number, if it is in range.
    pub const fn new(number: u32) -> Result<Self, OutOfRange> {
        if number < MIN || number > MAX {
            return Err(OutOfRange { given: number, min: MIN, max: MAX });
        }
        Ok(Self(number))
    }

    /// The number in range that is nearest to this one.
    pub const fn clamped(number: u32) -> Self {
        if number < MIN {
            Self(MIN)
        } else if number > MAX {
            Self(MAX)
        } else {
            Self(number)
        }
    }

    /// The number.
    pub const fn value(self) -> u32 {
        self.0
    }

    /// The number as milliseconds.
    pub const fn milliseconds(self) -> std::time::Duration {
        std::time::Duration::from_millis(self.0 as u64)
    }
}

impl<const MIN: u32, const MAX: u32> Default for Bounded<MIN, MAX> {
    fn default() -> Self {
        Self::MIN
    }
}

impl<const MIN: u32, const MAX: u32> TryFrom<u32> for Bounded<MIN, MAX> {
    type Error = OutOfRange;

    fn try_from(number: u32) -> Result<Self, OutOfRange> {
        Self::new(number)
    }
}

impl<const MIN: u32, const MAX: u32> From<Bounded<MIN, MAX>> for u32 {
    fn from(bounded: Bounded<MIN, MAX>) -> u32 {
        bounded.0
    }
}

/// Why a text is no number of the wanted range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// It is no number at all.
    #[error("not a number: {0}")]
    Number(#[from] std::num::ParseIntError),
    /// It is out of range.
    #[error(transparent)]
    Range(#[from] OutOfRange),
}

impl<const MIN: u32, const MAX: u32> FromStr for Bounded<MIN, MAX> {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Ok(Self::new(text.parse()?)?)
    }
}

impl<const MIN: u32, const MAX: u32> fmt::Display for Bounded<MIN, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl<const MIN: u32, const MAX: u32> fmt::Debug for Bounded<MIN, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
