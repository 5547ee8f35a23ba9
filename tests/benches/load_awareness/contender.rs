//! Who directs.

use std::{fmt, time::Duration};

use lcms_tests::{computer::Make, fleet::Fleet};
use serde::Serialize;

/// A director, or what it is told.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Contender {
    /// Ours, with a controller that polls so many seconds apart.
    Freest { poll: f64 },
    /// HAProxy as an operator sets it up who does not know how fast the
    /// computers are: with equal weights.
    Leastconn,
    /// HAProxy with weights in proportion to what is left of each computer: by
    /// somebody who knows everything beforehand.
    LeastconnWeighted,
}

impl fmt::Display for Contender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Freest { poll } => write!(f, "freest, polls of {poll} s"),
            Self::Leastconn => f.write_str("leastconn"),
            Self::LeastconnWeighted => f.write_str("leastconn, right weights"),
        }
    }
}

impl Contender {
    /// With computers of its own.
    pub fn fleet(self, makes: &[Make], directors: usize, settings: &str) -> Fleet {
        let haproxy = |weights: Vec<u32>| {
            Fleet::leastconn(makes, directors, &weights).expect("haproxy: install haproxy")
        };
        match self {
            Self::Freest { poll } => {
                Fleet::freest(makes, directors, Duration::from_secs_f64(poll), settings)
            }
            Self::Leastconn => haproxy(vec![10; makes.len()]),
            Self::LeastconnWeighted => haproxy(makes.iter().map(left).collect()),
        }
    }
}

/// What a job would get of it, in tenths of a processor of speed 1.
fn left(make: &Make) -> u32 {
    let tasks = f64::from(make.others) + 1.0;
    let part = (f64::from(make.cores) / tasks).min(1.0);
    (10.0 * make.capacity() * part).round() as u32
}
