//! What the figures say.

use std::fmt;

use crate::{failure::Failure, options::Options, rounds::Measured};

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = &self.outcome;
        write!(
            f,
            "round {} {:11} {:14} x{}",
            self.round + 1,
            self.figure,
            self.peer,
            self.threads
        )?;
        write!(
            f,
            " {:>12.0}/s {:>8.3} us CPU each, {:>8.3} us busy each, director {:.2} busy",
            one.done as f64 / one.seconds,
            1e6 * one.director_seconds / one.done as f64,
            1e6 * one.busy_seconds / one.done as f64,
            one.director_seconds / one.seconds
        )?;
        if let (Some(m), Some(p)) = (one.median, one.p99) {
            write!(f, " median {m:.1} p99 {p:.1}")?;
        }
        if let Some((a, b)) = one.resident {
            write!(f, " resident {a} -> {b}, {:.0} each", (b as f64 - a as f64) / one.done as f64)?;
        }
        if one.failed > 0 {
            write!(f, " FAILED {} {:?}", one.failed, one.failure)?;
        }
        Ok(())
    }
}

pub fn print(all: &[Measured], options: &Options) -> Result<(), Failure> {
    let _ = (all, options);
    Ok(())
}
