//! Leases: one controller at a time writes the dynamic weights of a cluster.
//!
//! A term names one lease and is never used again; whoever writes under an
//! older one is shut out. The four things that can be done with a lease are
//! told apart by what a request holds, never by its order.

use std::time::{Duration, Instant};

/// Greatest duration of a lease that can be asked for at a time.
pub const LEASE_SECONDS: u32 = 3_600;

/// The lease of a cluster: the one that runs, or the last that ran.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lease {
    /// Controller that has, or last had, it. Empty if there never was one.
    pub owner: String,
    /// Its term; only grows. 0 if there never was one.
    pub term: u32,
    /// When it ends. `None` if it was released or ran out and was swept.
    pub expires: Option<Instant>,
}

/// What one request says about the lease of one cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeaseRequest {
    /// Owner, if given.
    pub owner: Option<String>,
    /// Term, if given.
    pub term: Option<u32>,
    /// Seconds from now to the end, if given.
    pub seconds: Option<u32>,
}

/// Why a request about a lease, or under it, is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeaseError {
    /// What was sent is none of acquire, use, renew and release.
    #[error(
        "acquire takes an owner, a new term and seconds; renew, use and release the present term"
    )]
    Shape,
    /// Another controller has it.
    #[error("the lease is held by {owner} for {seconds} s more")]
    Held {
        /// Who.
        owner: String,
        /// For how long.
        seconds: u32,
    },
    /// The term is not the present one, or not greater than it.
    #[error("term {given} is not valid; the present term is {present}")]
    Term {
        /// The term in the request.
        given: u32,
        /// The term of the lease.
        present: u32,
    },
    /// No lease runs.
    #[error("no lease runs; acquire one with a term above {present}")]
    NotRunning {
        /// The term of the last lease.
        present: u32,
    },
    /// A renewal or release names another owner.
    #[error("the lease belongs to {owner}")]
    Owner {
        /// Whose it is.
        owner: String,
    },
    /// It is longer than a lease may be.
    #[error("a lease is asked for at most {LEASE_SECONDS} s at a time")]
    TooLong,
}

impl Lease {
    /// Whether it runs.
    pub fn runs(&self, now: Instant) -> bool {
        self.expires.is_some_and(|end| end > now)
    }

    /// Seconds until it ends, rounded up; 0 if none runs.
    pub fn seconds(&self, now: Instant) -> u32 {
        let left = self.expires.map_or(Duration::ZERO, |end| end.saturating_duration_since(now));
        let whole = left.as_secs() + u64::from(left.subsec_nanos() > 0);
        u32::try_from(whole).unwrap_or(u32::MAX)
    }

    /// Whether something may be written under this term now.
    pub fn permits(&self, term: u32, now: Instant) -> Result<(), LeaseError> {
        if !self.runs(now) {
            return Err(LeaseError::NotRunning { present: self.term });
        }
        if term != self.term {
            return Err(LeaseError::Term { given: term, present: self.term });
        }
        Ok(())
    }

    /// The lease after this request.
    pub fn request(&self, request: &LeaseRequest, now: Instant) -> Result<Self, LeaseError> {
        match request {
            LeaseRequest { seconds: Some(seconds), .. } if *seconds > LEASE_SECONDS => {
                Err(LeaseError::TooLong)
            }
            // A use changes nothing.
            LeaseRequest { owner: None, term: Some(term), seconds: None } => {
                self.permits(*term, now).map(|()| self.clone())
            }
            LeaseRequest { owner, term: Some(term), seconds: Some(seconds) }
                if *term == self.term && self.runs(now) =>
            {
                self.prolong(owner.as_deref(), *seconds, now)
            }
            LeaseRequest { owner: Some(owner), term: Some(term), seconds: Some(seconds) }
                if *seconds > 0 =>
            {
                self.acquire(owner, *term, *seconds, now)
            }
            LeaseRequest { term: Some(term), seconds: Some(_), .. } => {
                Err(self.permits(*term, now).err().unwrap_or(LeaseError::Shape))
            }
            _ => Err(LeaseError::Shape),
        }
    }

    fn acquire(
        &self,
        owner: &str,
        term: u32,
        seconds: u32,
        now: Instant,
    ) -> Result<Self, LeaseError> {
        if owner.is_empty() {
            return Err(LeaseError::Shape);
        }
        if self.runs(now) && self.owner != owner {
            return Err(LeaseError::Held { owner: self.owner.clone(), seconds: self.seconds(now) });
        }
        if term <= self.term {
            return Err(LeaseError::Term { given: term, present: self.term });
        }
        Ok(Self { owner: owner.to_owned(), term, expires: Some(end(seconds, now)) })
    }

    fn prolong(&self, owner: Option<&str>, seconds: u32, now: Instant) -> Result<Self, LeaseError> {
        if owner.is_some_and(|owner| owner != self.owner) {
            return Err(LeaseError::Owner { owner: self.owner.clone() });
        }
        let expires = (seconds > 0).then(|| end(seconds, now));
        Ok(Self { expires, ..self.clone() })
    }
}

fn end(seconds: u32, now: Instant) -> Instant {
    now + Duration::from_secs(seconds.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(owner: Option<&str>, term: Option<u32>, seconds: Option<u32>) -> LeaseRequest {
        LeaseRequest { owner: owner.map(str::to_owned), term, seconds }
    }

    fn running(now: Instant) -> Lease {
        Lease::default().request(&ask(Some("a"), Some(7), Some(10)), now).unwrap()
    }

    #[test]
    fn is_acquired_with_all_three_while_none_runs() {
        let now = Instant::now();
        let lease = running(now);
        assert_eq!((lease.owner.as_str(), lease.term, lease.seconds(now)), ("a", 7, 10));
        let none = Lease::default();
        for request in [
            ask(Some("a"), Some(1), None),
            ask(Some("a"), None, Some(9)),
            ask(Some(""), Some(1), Some(9)),
            ask(Some("a"), Some(1), Some(0)),
            ask(None, Some(1), Some(9)),
            ask(Some("a"), Some(0), Some(9)),
        ] {
            assert!(none.request(&request, now).is_err(), "{request:?}");
        }
    }

    #[test]
    fn another_controller_waits_for_its_end_and_then_needs_a_greater_term() {
        let now = Instant::now();
        let lease = running(now);
        let other = ask(Some("b"), Some(8), Some(10));
        assert_eq!(
            lease.request(&other, now),
            Err(LeaseError::Held { owner: "a".into(), seconds: 10 })
        );
        let later = now + Duration::from_secs(10);
        assert!(!lease.runs(later));
        assert_eq!(lease.request(&other, later).unwrap().owner, "b");
        assert_eq!(
            lease.request(&ask(Some("b"), Some(7), Some(10)), later),
            Err(LeaseError::Term { given: 7, present: 7 })
        );
    }

    #[test]
    fn its_owner_acquires_anew_with_a_greater_term() {
        let now = Instant::now();
        let lease = running(now).request(&ask(Some("a"), Some(9), Some(5)), now).unwrap();
        assert_eq!(lease.term, 9);
        assert_eq!(lease.permits(7, now), Err(LeaseError::Term { given: 7, present: 9 }));
    }

    #[test]
    fn is_renewed_used_and_released_under_the_present_term() {
        let now = Instant::now();
        let lease = running(now);
        let later = now + Duration::from_secs(4);
        assert_eq!(lease.seconds(later), 6);
        let renewed = lease.request(&ask(None, Some(7), Some(10)), later).unwrap();
        assert_eq!(renewed.seconds(later), 10);
        assert_eq!(renewed.request(&ask(None, Some(7), None), later).unwrap(), renewed);
        assert_eq!(
            renewed.request(&ask(Some("b"), Some(7), Some(10)), later),
            Err(LeaseError::Owner { owner: "a".into() })
        );
        let released = renewed.request(&ask(Some("a"), Some(7), Some(0)), later).unwrap();
        assert_eq!((released.owner.as_str(), released.term, released.seconds(later)), ("a", 7, 0));
        assert_eq!(
            released.request(&ask(None, Some(7), Some(5)), later),
            Err(LeaseError::NotRunning { present: 7 })
        );
    }

    #[test]
    fn seconds_are_rounded_up() {
        let now = Instant::now();
        let lease = running(now);
        assert_eq!(lease.seconds(now + Duration::from_millis(9_001)), 1);
        assert_eq!(lease.seconds(now + Duration::from_millis(10_000)), 0);
    }
}
