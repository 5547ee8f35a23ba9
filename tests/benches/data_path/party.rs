//! Processes of the benchmark: each in a namespace, on processors of its own.

use std::{
    fs,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command as Program, Stdio},
};

use rustix::{
    process::{Resource, Rlimit, Signal, set_parent_process_death_signal, setrlimit},
    thread::{CpuSet, sched_setaffinity},
};
use tempfile::NamedTempFile;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::{
    failure::Failure,
    network::{self, Network, PREFIX, Place},
    options::Enter,
    process,
};

/// Files a party may have open; the same for all, and no more than root in a
/// container usually may.
const FILES: u64 = 20_000;

/// Becomes another program, in the namespace and on the processors; returns
/// only if it cannot.
pub fn enter(how: &Enter) -> Failure {
    match prepare(how) {
        Ok(mut program) => Failure::System { what: how.program.join(" "), source: program.exec() },
        Err(failure) => failure,
    }
}

fn prepare(how: &Enter) -> Result<Program, Failure> {
    // Even if the benchmark is killed, nothing of it stays.
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(Failure::doing("prctl"))?;
    network::enter(&how.namespace)?;
    let mut processors = CpuSet::new();
    how.cpus.iter().for_each(|&cpu| processors.set(cpu));
    sched_setaffinity(None, &processors).map_err(Failure::doing("choosing processors"))?;
    let limit = Rlimit { current: Some(FILES), maximum: Some(FILES) };
    setrlimit(Resource::Nofile, limit).map_err(Failure::doing("raising the limit of files"))?;
    let (program, arguments) = how.program.split_first().ok_or(Failure::Interrupted)?;
    let mut command = Program::new(program);
    command.args(arguments);
    Ok(command)
}

/// This program, for another part in it.
pub fn oneself() -> Result<PathBuf, Failure> {
    std::env::current_exe().map_err(Failure::doing("finding this program"))
}

/// Where a party works.
#[derive(Clone, Copy)]
pub struct Spot<'a> {
    pub network: &'a Network,
    pub place: Place,
    pub processors: &'a [usize],
}

/// A process, and those it has started. They are killed when this is dropped.
pub struct Party {
    name: &'static str,
    child: Child,
    log: NamedTempFile,
}

impl Party {
    pub fn start(
        name: &'static str,
        spot: Spot<'_>,
        program: &Path,
        arguments: &[String],
    ) -> Result<Self, Failure> {
        let log = tempfile::Builder::new().prefix(PREFIX).tempfile();
        let log = log.map_err(Failure::doing("making a log"))?;
        let errors = log.reopen().map_err(Failure::doing("opening a log"))?;
        let processors: Vec<_> = spot.processors.iter().map(usize::to_string).collect();
        let child = Command::new("/proc/self/exe")
            .args(["enter", "--namespace", &spot.network.name(spot.place)])
            .args(["--cpus", &processors.join(","), "--"])
            .arg(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .map_err(Failure::doing(name))?;
        Ok(Self { name, child, log })
    }

    pub fn process(&self) -> Option<u32> {
        self.child.id()
    }

    /// What it reads and writes.
    pub fn pipes(&mut self) -> Option<(ChildStdin, ChildStdout)> {
        self.child.stdin.take().zip(self.child.stdout.take())
    }

    /// Why it did not do its part.
    pub fn failure(&self) -> Failure {
        let said = fs::read_to_string(self.log.path()).unwrap_or_default();
        Failure::Party { party: self.name.to_owned(), said: said.trim().to_owned() }
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Ends it and waits for that.
    pub async fn end(mut self) {
        self.kill();
        // It is gone in any case.
        let _ = self.child.wait().await;
    }

    /// Those it has started would live on without it.
    fn kill(&self) {
        process::family(self.process()).into_iter().for_each(process::kill);
    }
}

impl Drop for Party {
    fn drop(&mut self) {
        self.kill();
    }
}
