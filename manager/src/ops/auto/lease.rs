//! Whether a controller may write to a cluster, by the cluster's lease.
//!
//! The director's row is the truth: each round begins with what it says, and a
//! lease is ours while the row names us as owner. So an answer that got lost on
//! its way costs nothing, and a controller that was shut out notices before it
//! writes. A lease that somebody else has, or took from us, is never fought
//! for.

use std::time::Duration;

use serde::Serialize;

/// How long a lease is asked for at least. It has to outlive a few requests
/// that get lost, and to end soon once its controller has died.
const SHORTEST: Duration = Duration::from_secs(10);

/// The same in intervals.
const INTERVALS: u32 = 5;

/// The longest a director grants.
const LONGEST: Duration = Duration::from_secs(3600);

/// How long a controller stays away after its lease was ended by somebody: an
/// operator who does that wants it to stop.
pub const STAY_AWAY: Duration = Duration::from_secs(60);

/// What a cluster's row says of its lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Who has it, or had it last.
    pub owner: String,
    /// Its term.
    pub term: u32,
    /// Seconds left; 0 if none runs.
    pub seconds: u32,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Ask for the lease under this term, then write under it.
    Acquire {
        /// A new term.
        term: u32,
        /// How long to ask for it.
        seconds: u32,
    },
    /// Write, and prolong with it.
    Use {
        /// The present term.
        term: u32,
        /// How long to ask for it.
        seconds: u32,
    },
    /// Leave the cluster alone in this round.
    Wait(Wait),
}

/// Why a cluster is left alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "cause")]
pub enum Wait {
    /// Another controller has the lease.
    HeldBy {
        /// Who.
        owner: String,
        /// For how much longer.
        seconds: u32,
    },
    /// Somebody ended our lease before its time.
    StoppedByOperator {
        /// How long the controller still stays away.
        seconds: u64,
    },
    /// No greater term is left to ask for.
    TermsUsedUp,
}

impl Wait {
    /// Whether both have the same cause, whatever time is left.
    pub fn same_cause(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::HeldBy { owner: one, .. }, Self::HeldBy { owner: two, .. }) => one == two,
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }
}

/// The lease of one cluster, as one controller sees it.
#[derive(Clone, Debug)]
pub struct Keeper {
    owner: String,
    /// Until when our lease runs if nobody ends it.
    ours_until: Option<Duration>,
    stay_away_until: Duration,
}

impl Keeper {
    /// For the controller of this name, which no other has.
    pub fn new(owner: impl Into<String>) -> Self {
        Self { owner: owner.into(), ours_until: None, stay_away_until: Duration::ZERO }
    }

    /// The name it asks under.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// What to do, given the row. `restarted`: the director's agent has come
    /// up anew since the last round, which ends all leases without anybody's
    /// will.
    pub fn step(&mut self, now: Duration, row: &Row, interval: Duration, restarted: bool) -> Step {
        let seconds = seconds_to_ask(interval);
        if row.seconds > 0 && row.owner == self.owner {
            self.ours_until = Some(now + Duration::from_secs(row.seconds.into()));
            return Step::Use { term: row.term, seconds };
        }
        let ours_until = self.ours_until.take();
        if row.seconds > 0 {
            let (owner, seconds) = (row.owner.clone(), row.seconds);
            return Step::Wait(Wait::HeldBy { owner, seconds });
        }
        // The row counts whole seconds, rounded up: within the last one it is
        // not known whether the lease ran out by itself.
        let ended_early = ours_until.is_some_and(|end| now + Duration::from_secs(1) < end);
        if ended_early && !restarted {
            self.stay_away_until = now + STAY_AWAY;
        }
        if now < self.stay_away_until {
            let left = self.stay_away_until - now;
            return Step::Wait(Wait::StoppedByOperator { seconds: left.as_secs().max(1) });
        }
        match row.term.checked_add(1) {
            Some(term) => Step::Acquire { term, seconds },
            None => Step::Wait(Wait::TermsUsedUp),
        }
    }

    /// Takes note that the director granted or prolonged the lease.
    pub fn granted(&mut self, now: Duration, seconds: u32) {
        self.ours_until = Some(now + Duration::from_secs(seconds.into()));
    }
}

/// How long to ask for a lease at this interval.
fn seconds_to_ask(interval: Duration) -> u32 {
    let wanted = (interval.saturating_mul(INTERVALS)).clamp(SHORTEST, LONGEST);
    u32::try_from(wanted.as_secs()).unwrap_or(3600)
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(1);

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn row(owner: &str, term: u32, seconds: u32) -> Row {
        Row { owner: owner.to_owned(), term, seconds }
    }

    #[test]
    fn a_free_lease_is_acquired_under_a_new_term_and_then_used() {
        let mut keeper = Keeper::new("me");
        let step = keeper.step(at(0), &row("", 0, 0), INTERVAL, false);
        assert_eq!(step, Step::Acquire { term: 1, seconds: 10 });
        keeper.granted(at(0), 10);
        let step = keeper.step(at(1), &row("me", 1, 9), INTERVAL, false);
        assert_eq!(step, Step::Use { term: 1, seconds: 10 });
    }

    #[test]
    fn a_lost_answer_to_an_acquisition_costs_nothing() {
        let mut keeper = Keeper::new("me");
        keeper.step(at(0), &row("other", 7, 0), INTERVAL, false);
        let step = keeper.step(at(1), &row("me", 8, 9), INTERVAL, false);
        assert_eq!(step, Step::Use { term: 8, seconds: 10 });
    }

    #[test]
    fn somebody_elses_lease_is_left_alone() {
        let mut keeper = Keeper::new("me");
        let held = Wait::HeldBy { owner: "other".to_owned(), seconds: 4 };
        assert_eq!(
            keeper.step(at(0), &row("other", 7, 4), INTERVAL, false),
            Step::Wait(held.clone())
        );
        keeper.granted(at(0), 10);
        assert_eq!(keeper.step(at(1), &row("other", 8, 4), INTERVAL, false), Step::Wait(held));
        let step = keeper.step(at(9), &row("other", 8, 0), INTERVAL, false);
        assert_eq!(step, Step::Acquire { term: 9, seconds: 10 });
    }

    #[test]
    fn an_operator_can_stop_it() {
        let mut keeper = Keeper::new("me");
        keeper.granted(at(0), 10);
        for now in [1, 2, 60] {
            let step = keeper.step(at(now), &row("me", 3, 0), INTERVAL, false);
            assert!(matches!(step, Step::Wait(Wait::StoppedByOperator { .. })), "{now}: {step:?}");
        }
        let step = keeper.step(at(61), &row("me", 3, 0), INTERVAL, false);
        assert_eq!(step, Step::Acquire { term: 4, seconds: 10 });
    }

    #[test]
    fn a_lease_that_ran_out_or_fell_with_the_agent_is_asked_for_again() {
        let acquire = Step::Acquire { term: 4, seconds: 10 };
        let mut keeper = Keeper::new("me");
        keeper.granted(at(0), 10);
        assert_eq!(keeper.step(at(30), &row("me", 3, 0), INTERVAL, false), acquire);
        keeper.granted(at(30), 10);
        assert_eq!(keeper.step(at(31), &row("me", 3, 0), INTERVAL, true), acquire);
    }

    #[test]
    fn a_lease_outlives_some_rounds_and_is_never_longer_than_allowed() {
        assert_eq!(seconds_to_ask(at(0)), 10);
        assert_eq!(seconds_to_ask(at(30)), 150);
        assert_eq!(seconds_to_ask(at(3600)), 3600);
    }

    #[test]
    fn the_last_term_is_said() {
        let step = Keeper::new("me").step(at(0), &row("x", u32::MAX, 0), INTERVAL, false);
        assert_eq!(step, Step::Wait(Wait::TermsUsedUp));
    }
}
