//! To whom notifications are passed on.

use std::{path::PathBuf, time::Duration};

use super::{Record, Severity};

/// Which ones, how often, and to whom.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// Which ones.
    pub wanted: Wanted,
    /// The first time in which what repeats itself is held back.
    pub window: Duration,
    /// The longest.
    pub hold_down: Duration,
    /// To whom.
    pub consumer: Consumer,
}

/// What a notification has to be; what is left empty it may be as it likes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wanted {
    /// Patterns of names, with the module or without.
    pub names: Vec<Pattern>,
    /// Patterns of names that are not wanted all the same.
    pub except: Vec<Pattern>,
    /// At least so bad. What is good again is passed on as well: who was told of the
    /// trouble has to hear of its end.
    pub severity: Option<Severity>,
    /// The clusters it may belong to.
    pub clusters: Vec<Pattern>,
    /// Who sent it: communities by their names in the configuration, and users.
    pub senders: Vec<Pattern>,
}

/// Who is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Consumer {
    /// A file, or standard output if it is none.
    Log(Option<PathBuf>),
    /// A program.
    Command(Command),
    /// A server that takes HTTP POST.
    Webhook(Webhook),
    /// The command file of a Nagios.
    Nagios(PathBuf),
}

/// A program that is run for each notification.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// The program, by its whole path.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// When it is killed.
    pub timeout: Duration,
    /// How many of it run at once.
    pub at_once: usize,
}

/// Where notifications are posted to.
#[derive(Clone, Debug, PartialEq)]
pub struct Webhook {
    /// The whole address, http or https.
    pub url: String,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// How often it is tried again.
    pub retries: u32,
    /// Certificates of the authorities that are believed, instead of the system's.
    pub ca_file: Option<Vec<u8>>,
    /// What is sent as `Authorization`, a secret.
    pub authorization: Option<lcms_snmp::Secret>,
}

/// A name with `*` for any octets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// Takes a pattern as it is written.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Whether a name is one of these.
    pub fn matches(&self, name: &str) -> bool {
        let mut parts = self.0.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = name.strip_prefix(first) else { return false };
        let Some(last) = parts.next_back() else { return rest.is_empty() };
        // The first place will do: what stands before the last part may be anything.
        for part in parts {
            match rest.split_once(part) {
                Some((_, behind)) => rest = behind,
                None => return false,
            }
        }
        rest.ends_with(last)
    }
}

impl Wanted {
    /// Whether a rule is for a notification.
    pub fn is(&self, record: &Record) -> bool {
        let any = |patterns: &[Pattern], name: &str| patterns.iter().any(|p| p.matches(name));
        let all = |patterns: &[Pattern], name: &str| patterns.is_empty() || any(patterns, name);
        let (whole, short) = (record.name.as_str(), record.notification());
        let bad = |least: Severity| {
            record.severity >= least || (record.severity == Severity::Ok && least > Severity::Info)
        };
        let cluster = || record.about.as_ref().and_then(|about| about.cluster());
        (all(&self.names, whole) || any(&self.names, short))
            && !any(&self.except, whole)
            && !any(&self.except, short)
            && self.severity.is_none_or(bad)
            && (self.clusters.is_empty() || cluster().is_some_and(|c| any(&self.clusters, c)))
            && all(&self.senders, &record.sender)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn patterns() {
        let matches = |pattern: &str, name: &str| Pattern::new(pattern).matches(name);
        for (pattern, yes, no) in [
            ("lcServer*", "lcServerDown", "lcHostLost"),
            ("*", "", "-"),
            ("lcHostLost", "lcHostLost", "lcHostLos"),
            ("*Down", "linkDown", "linkDownX"),
            ("LOAD-CLUSTER-MIB::*", "LOAD-CLUSTER-MIB::lcServerUp", "IF-MIB::linkUp"),
            ("a*b*c", "aXXbYbc", "aXXc"),
            ("a*a", "aa", "a"),
            ("a**a", "aa", "ab"),
        ] {
            assert!(matches(pattern, yes), "{pattern} {yes}");
            assert!(pattern == "*" || !matches(pattern, no), "{pattern} {no}");
        }
    }

    proptest! {
        #[test]
        fn a_pattern_matches_what_was_put_in_for_its_stars(
            parts in prop::collection::vec(("[ab]{0,3}", "[abc]{0,3}"), 1..5),
            last in "[ab]{0,2}",
        ) {
            let join = |with: fn(&(String, String)) -> String| {
                parts.iter().map(with).collect::<String>() + &last
            };
            let pattern = join(|(fixed, _)| format!("{fixed}*"));
            let name = join(|(fixed, any)| format!("{fixed}{any}"));
            prop_assert!(Pattern::new(&pattern).matches(&name), "{} {}", pattern, name);
            prop_assert!(Pattern::new(&name).matches(&name));
            let before = Pattern::new(&pattern).matches(&["x", &name].concat());
            prop_assert_eq!(before, pattern.starts_with('*'));
        }
    }
}
