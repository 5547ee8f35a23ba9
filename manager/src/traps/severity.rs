//! How bad a notification is.

use std::{fmt, str::FromStr};

use lcms_lb_core::model::Status;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// From what is good news to what somebody has to see to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something is as it should be again.
    Ok,
    /// Something was changed.
    Info,
    /// Something is not as it should be.
    Warning,
    /// Something does not serve.
    Critical,
}

/// A text that is no [`Severity`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is none of ok, info, warning and critical")]
pub struct SeverityError(String);

impl Severity {
    /// By how a notification's name ends: `linkDown`, `lcHostFound`. It is all that
    /// there is to go by where nobody knows its objects.
    pub fn of_name(name: &str) -> Self {
        let ends = |words: &[&str]| words.iter().any(|word| name.ends_with(word));
        if ends(&["Down", "Lost"]) {
            Self::Critical
        } else if ends(&["Degraded", "Onset", "Failover", "Failure"]) {
            Self::Warning
        } else if ends(&["Up", "Found", "Restored", "Regained", "Abate", "Abated"]) {
            Self::Ok
        } else {
            Self::Info
        }
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

impl From<Status> for Severity {
    fn from(status: Status) -> Self {
        match status {
            Status::Ok => Self::Ok,
            Status::Warning | Status::Unknown => Self::Warning,
            Status::Critical => Self::Critical,
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Severity {
    type Err = SeverityError;

    fn from_str(text: &str) -> Result<Self, SeverityError> {
        let all = [Self::Ok, Self::Info, Self::Warning, Self::Critical];
        let found = all.into_iter().find(|severity| severity.word() == text);
        found.ok_or_else(|| SeverityError(text.chars().take(80).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_go_both_ways_and_grow_worse() {
        let all = ["ok", "info", "warning", "critical"].map(|word| word.parse::<Severity>());
        let all = all.map(Result::unwrap);
        assert!(all.is_sorted());
        assert_eq!(all.map(Severity::word), ["ok", "info", "warning", "critical"]);
        assert!("bad".parse::<Severity>().is_err());
        assert_eq!(Severity::of_name("linkDown"), Severity::Critical);
        assert_eq!(Severity::of_name("linkUp"), Severity::Ok);
        assert_eq!(Severity::of_name("coldStart"), Severity::Info);
        assert_eq!(Severity::of_name("authenticationFailure"), Severity::Warning);
    }
}
