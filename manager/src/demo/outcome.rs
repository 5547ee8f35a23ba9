//! What a demo has shown, and whether that is what it was to show.

use std::time::Duration;

use serde::Serialize;

use super::clients::Tally;

/// A share may differ from the one expected by this part of it,
const TOLERANCE: f64 = 0.25;
/// and by this much of all requests.
const SLACK: f64 = 0.02;

/// Part of a phase's requests that may go wrong when a server is killed, beside
/// those it was working on: those just on their way to it.
const ON_THE_WAY: f64 = 0.02;

/// The demo's result.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Outcome {
    /// Whether everything went as it should.
    pub ok: bool,
    /// Whether somebody ended it early.
    pub interrupted: bool,
    /// What did not go as it should.
    pub problems: Vec<String>,
    /// How long it ran.
    pub seconds: f64,
    /// The servers.
    pub servers: Vec<ServerOutcome>,
    /// All requests.
    pub totals: Totals,
    /// The phases, one after the other.
    pub phases: Vec<Phase>,
}

/// A server's result.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ServerOutcome {
    /// Its name.
    pub name: String,
    /// Its weights at the end.
    pub weight: Weights,
    /// Its part of the requests in the last phase, once that had settled.
    pub share: Option<f64>,
    /// Requests a second it can do.
    pub capacity: f64,
    /// Its part of all capacity.
    pub capacity_share: f64,
    /// Requests a second it can do, as the controller measured it.
    pub measured_capacity: Option<f64>,
    /// Requests it answered.
    pub requests: u64,
    /// Requests it was working on when it was killed.
    pub errors: u64,
    /// Mean time to an answer.
    pub mean_latency_ms: Option<f64>,
}

/// The three weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Weights {
    /// The operator's.
    pub configured: Option<u32>,
    /// The controller's.
    pub dynamic: Option<u32>,
    /// What the director uses.
    pub effective: Option<u32>,
}

/// All requests.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Totals {
    /// Answered.
    pub requests: u64,
    /// Not answered.
    pub errors: u64,
    /// Answered in a second.
    pub requests_per_second: f64,
}

/// A part of the demo.
#[derive(Clone, Debug, Serialize)]
pub struct Phase {
    /// What happens in it.
    pub name: &'static str,
    /// How long it took.
    pub seconds: f64,
    /// Each server's part of the requests in its last third, and the one to be
    /// expected.
    pub shares: Vec<Share>,
    /// Answered requests.
    pub requests: u64,
    /// Requests without an answer.
    pub errors: u64,
    /// Whether shares are to follow capacity.
    pub controlled: bool,
    /// Where a server is killed in it: the requests it was working on.
    pub killed: Option<u64>,
}

/// A server's part of the requests.
#[derive(Clone, Debug, Serialize)]
pub struct Share {
    /// The server.
    pub name: String,
    /// Its part.
    pub observed: Option<f64>,
    /// The part it should have.
    pub expected: f64,
}

impl Phase {
    /// Shares of a tally beside those that follow from the capacities.
    pub fn shares(tally: &Tally, capacities: &[(String, f64)]) -> Vec<Share> {
        let total: f64 = capacities.iter().map(|(_, capacity)| capacity).sum();
        let share = |(name, capacity): &(String, f64)| Share {
            name: name.clone(),
            observed: tally.share(name),
            expected: if total > 0.0 { capacity / total } else { 0.0 },
        };
        capacities.iter().map(share).collect()
    }

    /// What is not as it should be in this phase.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for Share { name, observed, expected } in &self.shares {
            let Some(observed) = observed.filter(|_| self.controlled) else { continue };
            if (observed - expected).abs() > expected * TOLERANCE + SLACK {
                let (observed, expected) = (observed * 100.0, expected * 100.0);
                problems.push(format!(
                    "{}: {name} got {observed:.0}% of the requests, its capacity is \
                     {expected:.0}%",
                    self.name
                ));
            }
        }
        if self.requests == 0 {
            problems.push(format!("{}: no request was answered", self.name));
        }
        let on_the_way = (self.requests + self.errors) as f64 * ON_THE_WAY;
        let allowed = self.killed.map_or(0.0, |killed| killed as f64 + on_the_way);
        if self.errors as f64 > allowed {
            problems.push(format!("{}: {} requests were not answered", self.name, self.errors));
        }
        problems
    }
}

impl Totals {
    /// The totals of a tally over this time.
    pub fn of(tally: &Tally, time: Duration) -> Self {
        let requests = tally.total();
        let seconds = time.as_secs_f64().max(f64::MIN_POSITIVE);
        Self { requests, errors: tally.errors, requests_per_second: requests as f64 / seconds }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::clients::Answered;

    fn phase(shares: [u64; 2], errors: u64, killed: Option<u64>) -> Phase {
        let mut tally = Tally { errors, ..Tally::default() };
        for (name, count) in ["rs1", "rs2"].into_iter().zip(shares) {
            let latency = Duration::ZERO;
            tally.answered.insert(name.to_owned(), Answered { count, latency });
        }
        let capacities = [("rs1".to_owned(), 300.0), ("rs2".to_owned(), 100.0)];
        Phase {
            name: "test",
            seconds: 1.0,
            shares: Phase::shares(&tally, &capacities),
            requests: tally.total(),
            errors,
            controlled: true,
            killed,
        }
    }

    #[test]
    fn shares_in_proportion_to_capacity_are_no_problem() {
        assert!(phase([740, 260], 0, None).problems().is_empty());
        assert_eq!(phase([500, 500], 0, None).problems().len(), 2);
    }

    #[test]
    fn errors_are_excused_by_a_kill_only_and_only_a_few() {
        assert_eq!(phase([75, 25], 2, None).problems().len(), 1);
        assert!(phase([75, 25], 2, Some(2)).problems().is_empty());
        assert_eq!(phase([75, 25], 20, Some(2)).problems().len(), 1);
    }
}
