//! How a run ends.

use std::process::ExitCode;

/// The exit codes, the same for every verb.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All was done.
    Done,
    /// Nothing, or not what was asked for, was done.
    Failed,
    /// Arguments or configuration are wrong; nothing was started.
    Usage,
    /// Some of it was done: a node did not answer.
    Partial,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Partial => 3,
        }
        .into()
    }
}
