//! A program of the operator's: run without a shell, in a process group of its own,
//! with the notification as JSON on its standard input and the gist of it in its
//! environment. At the end of its time the group is killed.

use std::{
    fs::File,
    io::{Seek as _, Write as _},
    os::{fd::AsFd as _, unix::process::CommandExt as _},
    process::{self, Child, Stdio},
    time::Instant,
};

use rustix::{
    fs::{MemfdFlags, memfd_create},
    process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open},
};

use super::{Deliver, Failure, Hurry, json};
use crate::traps::{Command, Passed, version_word};

pub(super) struct Program {
    pub command: Command,
    pub hurry: Hurry,
}

/// The longest value in the environment, of which all together have a limit.
const LONGEST: usize = 1024;

impl Deliver for Program {
    fn deliver(&mut self, passed: &Passed) -> Result<(), Failure> {
        // A file, for who does not read it must not hold us up.
        let mut input = File::from(
            memfd_create("notification", MemfdFlags::CLOEXEC).map_err(std::io::Error::from)?,
        );
        input.write_all(&json(passed)?)?;
        input.rewind()?;
        let Command { program, arguments, timeout, .. } = &self.command;
        let name = program.display().to_string();
        let record = &passed.record;
        let about = record.about.as_ref();
        let mut command = process::Command::new(program);
        command.args(arguments).current_dir("/").process_group(0);
        command.stdin(input).stdout(Stdio::null()).stderr(Stdio::null());
        command.env_clear();
        command.env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        for (key, value) in [
            ("ID", record.id.to_string().as_str()),
            ("NOTIFICATION", &record.name),
            ("OID", &record.oid),
            ("SEVERITY", record.severity.word()),
            ("FROM", &record.from.ip().to_string()),
            ("VERSION", version_word(record.version)),
            ("SENDER", &record.sender),
            ("ABOUT", about.map(|about| about.name.as_str()).unwrap_or_default()),
            ("REASON", &record.reason),
            ("TEXT", &record.to_string()),
            ("RECEIVED", &record.received.to_string()),
            ("HELD", &passed.held.to_string()),
        ] {
            command.env(format!("LCMS_{key}"), plain(value));
        }
        let started = Instant::now();
        let mut child =
            command.spawn().map_err(|source| Failure::Start { program: name.clone(), source })?;
        let ended = self.wait(&child, started);
        // Before it is waited for, its number cannot be another's.
        if let Some(group) = Pid::from_raw(child.id().cast_signed()) {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let status = child.wait()?;
        match ended? {
            false => Err(Failure::Timeout { program: name, timeout: *timeout }),
            true if status.success() => {
                tracing::debug!("{name}: done with {}", record.id);
                Ok(())
            }
            true => Err(Failure::Status { program: name, status }),
        }
    }
}

impl Program {
    /// Waits for its end; false if its time is over first.
    fn wait(&self, child: &Child, started: Instant) -> Result<bool, Failure> {
        let gone = std::io::ErrorKind::NotFound;
        let pid = Pid::from_raw(child.id().cast_signed()).ok_or(std::io::Error::from(gone))?;
        let process = pidfd_open(pid, PidfdFlags::empty()).map_err(std::io::Error::from)?;
        loop {
            let left = self.command.timeout.saturating_sub(started.elapsed());
            if left.is_zero() || self.hurry.wait_for(Some(process.as_fd()), left)? {
                return Ok(!left.is_zero());
            }
        }
    }
}

/// A value that an environment can have, and that makes no second line in anybody's
/// log.
fn plain(value: &str) -> String {
    let mut value = value.replace(|c: char| c.is_control(), " ");
    value.truncate(value.floor_char_boundary(LONGEST));
    value
}
