//! Consumers: each is told of one notification after the other, on a thread of its
//! own, and may take its time.

mod command;
mod log;
mod nagios;
mod webhook;

use std::{
    io::{self, PipeReader},
    os::fd::{AsFd, BorrowedFd},
    sync::Arc,
    time::Duration,
};

use lcms_snmp::Secret;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde::Serialize;
use thiserror::Error;

pub use self::nagios::Asking;
use super::{Consumer, Passed, Record, Rule};

/// Who delivers.
pub(super) trait Deliver: Send {
    /// Tells of a notification, and returns when that is done, or given up.
    fn deliver(&mut self, passed: &Passed) -> Result<(), Failure>;
}

/// Why a consumer was not told.
#[derive(Debug, Error)]
pub(super) enum Failure {
    #[error("{0}")]
    System(#[from] io::Error),
    #[error("cannot run {program}: {source}")]
    Start { program: String, source: io::Error },
    #[error("{program} ended with {status}")]
    Status { program: String, status: std::process::ExitStatus },
    #[error("{program} was killed: not done within {} ms", timeout.as_millis())]
    Timeout { program: String, timeout: Duration },
    #[error("not posted, in {attempts} attempts: {last}")]
    Post { attempts: u32, last: Box<ureq::Error> },
    #[error("{0} is no command file: Nagios makes it a named pipe")]
    NoPipe(String),
    #[error("nobody reads {0}: is Nagios running, with check_external_commands=1?")]
    NoReader(String),
    #[error("{0} may not be written to: run this as Nagios' user, or as one of its group")]
    NoPermission(String),
    #[error("the receiver ends")]
    Ending,
}

/// Why a consumer cannot be told anything.
#[derive(Debug, Error)]
#[error("rule {rule:?}: {source}")]
pub struct ConsumerError {
    rule: String,
    source: ConsumerFault,
}

#[derive(Debug, Error)]
pub(super) enum ConsumerFault {
    #[error("{path}: {source}")]
    Log { path: String, source: io::Error },
    #[error("ca_file: {0}")]
    Authorities(Box<ureq::Error>),
    #[error("ca_file has no certificate in it")]
    NoAuthorities,
    #[error("authorization_file has characters that no header has")]
    Authorization,
}

/// Says when nobody has time any more.
#[derive(Clone, Debug)]
pub(super) struct Hurry(Arc<PipeReader>);

impl Hurry {
    /// It is when the other end of the pipe is gone.
    pub(super) fn new(pipe: PipeReader) -> Self {
        Self(Arc::new(pipe))
    }

    /// Waits for something that can be read, for so long; whether it can be.
    fn wait_for(&self, what: Option<BorrowedFd<'_>>, time: Duration) -> Result<bool, Failure> {
        let mut waited = vec![PollFd::new(&*self.0, PollFlags::IN)];
        waited.extend(what.map(|what| PollFd::from_borrowed_fd(what, PollFlags::IN)));
        let time = Timespec::try_from(time).ok();
        poll(&mut waited, time.as_ref())
            .or_else(|error| match error {
                rustix::io::Errno::INTR => Ok(0),
                error => Err(error),
            })
            .map_err(io::Error::from)?;
        let [hurry, rest @ ..] = waited.as_slice() else { return Ok(false) };
        match hurry.revents().is_empty() {
            true => Ok(rest.iter().any(|one| !one.revents().is_empty())),
            false => Err(Failure::Ending),
        }
    }
}

impl AsFd for Hurry {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// The consumers of a rule: as many as may be at work at once.
pub(super) fn consumers(
    rule: &Rule,
    asking: Option<&Asking>,
    hurry: &Hurry,
) -> Result<Vec<Box<dyn Deliver>>, ConsumerError> {
    let failed = |source| ConsumerError { rule: rule.name.clone(), source };
    Ok(match &rule.consumer {
        Consumer::Log(path) => vec![Box::new(log::Log::open(path.as_deref()).map_err(failed)?)],
        Consumer::Command(command) => (0..command.at_once)
            .map(|_| {
                let (command, hurry) = (command.clone(), hurry.clone());
                Box::new(command::Program { command, hurry }) as Box<dyn Deliver>
            })
            .collect(),
        Consumer::Webhook(webhook) => {
            vec![Box::new(webhook::Post::new(webhook, hurry.clone()).map_err(failed)?)]
        }
        Consumer::Nagios(file) => {
            let (asking, hurry) = (asking.cloned(), hurry.clone());
            vec![Box::new(nagios::CommandFile::new(file.clone(), asking, hurry))]
        }
    })
}

/// A notification as consumers get it.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    record: &'a Record,
    /// How many of its name were held back before it.
    held: u64,
}

/// It as one object of JSON.
fn json(passed: &Passed) -> Result<Vec<u8>, Failure> {
    let told = Told { record: &passed.record, held: passed.held };
    Ok(serde_json::to_vec(&told).map_err(io::Error::from)?)
}

/// The header that a secret makes.
fn header(secret: &Secret) -> Option<&str> {
    let text = std::str::from_utf8(secret.expose()).ok()?;
    text.chars().all(|c| c.is_ascii_graphic() || c == ' ').then_some(text)
}
