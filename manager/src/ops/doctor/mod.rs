//! What is wrong with a node, step by step, and what to do about it.
//!
//! Each step stands on those before it: where nothing listens there is no use in
//! looking at passwords. What a step means is in its [`Cause`], which tests and
//! programs go by; the sentences are for people.

mod access;
mod content;
mod session;

use serde::Serialize;

use crate::{client::Client, inventory::Node};

/// All steps, in the order they were taken.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Diagnosis {
    /// The node.
    pub node: String,
    /// Where its agent should listen.
    pub address: String,
    /// What was looked at.
    pub steps: Vec<Step>,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// What.
    pub name: &'static str,
    /// What came of it.
    pub outcome: Outcome,
    /// What it is due to, unless it is well.
    pub cause: Option<Cause>,
    /// What was seen.
    pub text: String,
    /// What to do.
    pub fix: Option<String>,
    /// The next command to type.
    pub command: Option<String>,
}

/// What came of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// As it should be.
    Ok,
    /// It works, and one should know.
    Note,
    /// It does not work.
    Wrong,
    /// What it needs is not there.
    NotLookedAt,
}

/// What can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the names say it, and the steps' texts at length")]
pub enum Cause {
    NameUnresolved,
    NoCredentials,
    PortClosed,
    PortFiltered,
    WrongCommunity,
    UnknownUser,
    WrongAuthPassword,
    WrongPrivPassword,
    UnsupportedLevel,
    OutOfTimeWindow,
    EngineChanges,
    NoTls,
    OtherCertificate,
    OtherServerName,
    UnknownAuthority,
    CertificateExpired,
    CertificateRefused,
    NoAccess,
    Unanswered,
    ViewHides,
    MibAbsent,
    OtherArc,
    OlderMib,
    NameDiffers,
    TimeSkew,
    LeaseHeld,
    OwnTrouble,
}

impl Diagnosis {
    /// Whether anything is wrong.
    pub fn is_wrong(&self) -> bool {
        self.steps.iter().any(|step| step.outcome == Outcome::Wrong)
    }

    fn add(&mut self, step: Step) {
        self.steps.push(step);
    }
}

impl Step {
    fn ok(name: &'static str, text: impl Into<String>) -> Self {
        let (cause, fix, command) = (None, None, None);
        Self { name, outcome: Outcome::Ok, cause, text: text.into(), fix, command }
    }

    fn wrong(name: &'static str, cause: Cause, text: impl Into<String>) -> Self {
        Self { outcome: Outcome::Wrong, cause: Some(cause), ..Self::ok(name, text) }
    }

    fn note(name: &'static str, cause: Cause, text: impl Into<String>) -> Self {
        Self { outcome: Outcome::Note, cause: Some(cause), ..Self::ok(name, text) }
    }

    fn skipped(name: &'static str, text: impl Into<String>) -> Self {
        Self { outcome: Outcome::NotLookedAt, ..Self::ok(name, text) }
    }

    fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    fn command(mut self, command: impl Into<String>) -> Self {
        self.command = Some(command.into());
        self
    }
}

/// The steps, by name.
const STEPS: [&str; 10] =
    ["address", "port", "credentials", "mib", "view", "columns", "name", "time", "status", "lease"];

/// Looks at a node. `named` says that its name is the inventory's.
pub async fn doctor(client: &Client, node: &Node, named: bool) -> Diagnosis {
    let mut diagnosis = Diagnosis {
        node: node.name.to_string(),
        address: node.endpoint.to_string(),
        steps: Vec::new(),
    };
    if let Some(target) = access::look(client, node, &mut diagnosis).await {
        content::look(client, node, named, &target, &mut diagnosis).await;
    }
    for name in STEPS {
        if diagnosis.steps.iter().all(|step| step.name != name) {
            diagnosis.add(Step::skipped(name, "what is wrong above comes first"));
        }
    }
    diagnosis
}
