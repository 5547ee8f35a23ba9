//! Processes of the benchmark: each in a namespace, on processors of its own.

use std::{
    os::unix::process::CommandExt,
    path::Path,
    process::{Command as Program, Stdio},
};

use rustix::{
    process::{Resource, Rlimit, Signal, set_parent_process_death_signal, setrlimit},
    thread::{CpuSet, sched_setaffinity},
};
use tokio::process::{Child, Command};

use crate::{
    failure::Failure,
    network::{self, Network, Place},
    options::Enter,
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

/// A program as a party; it is killed when dropped.
pub fn start(
    network: &Network,
    place: Place,
    processors: &[usize],
    program: &Path,
    arguments: &[String],
) -> Result<Child, Failure> {
    let processors: Vec<_> = processors.iter().map(usize::to_string).collect();
    Command::new("/proc/self/exe")
        .args(["enter", "--namespace", &network.name(place), "--cpus", &processors.join(",")])
        .arg("--")
        .arg(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(Failure::doing(program.display().to_string()))
}

/// A program as a party that polls without end, behind all that has work to do
/// on the same processor.
pub fn start_behind(
    network: &Network,
    place: Place,
    processors: &[usize],
    program: &Path,
    arguments: &[String],
) -> Result<Child, Failure> {
    let mut all = vec!["--idle".to_owned(), "0".to_owned(), program.display().to_string()];
    all.extend_from_slice(arguments);
    start(network, place, processors, Path::new("chrt"), &all)
}

/// This program, for another part in it.
pub fn oneself() -> Result<std::path::PathBuf, Failure> {
    std::env::current_exe().map_err(Failure::doing("finding this program"))
}
