//! How a run ends.

use std::process::ExitCode;

use lcms_lb_core::model::Status;

/// The exit codes, the same for every verb but `check`.
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
    /// A check came to this, in the codes of monitoring plugins.
    Checked(Status),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Partial => 3,
            Exit::Checked(Status::Ok) => 0,
            Exit::Checked(Status::Warning) => 1,
            Exit::Checked(Status::Critical) => 2,
            Exit::Checked(Status::Unknown) => 3,
        }
        .into()
    }
}
