//! Processes of others: what they use of the processors and of the memory.

use std::{
    fs, io,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::failure::Failure;

/// Clock ticks a second in `/proc/stat`; fixed for all of user space.
const TICKS: f64 = 100.0;

/// Reads what a director has used.
pub struct Meter {
    processes: Vec<u32>,
}

/// What was used up to a moment.
#[derive(Clone, Copy)]
pub struct Reading {
    at: Instant,
    director: Duration,
    idle: f64,
    processors: usize,
}

/// What was used between two moments, in seconds.
pub struct Used {
    pub wall: f64,
    pub director: f64,
    pub busy: f64,
}

impl Meter {
    /// For a process and all that it has started up to now.
    pub fn new(root: Option<u32>) -> Self {
        Self { processes: family(root) }
    }

    pub fn read(&self) -> Result<Reading, Failure> {
        let director = self.processes.iter().map(|&process| running_time(process)).sum();
        let (idle, processors) = idle_time().map_err(Failure::doing("reading /proc/stat"))?;
        Ok(Reading { at: Instant::now(), director, idle, processors })
    }

    /// Resident memory of all processes, in octets.
    pub fn resident(&self) -> u64 {
        self.processes.iter().map(|&process| resident(process).unwrap_or(0)).sum()
    }
}

impl Reading {
    pub fn used_until(&self, later: &Self) -> Used {
        let wall = later.at.duration_since(self.at).as_secs_f64();
        Used {
            wall,
            director: later.director.saturating_sub(self.director).as_secs_f64(),
            busy: (wall * self.processors as f64 - (later.idle - self.idle)).max(0.0),
        }
    }
}

/// A process and all that it has started, directly or not.
pub fn family(root: Option<u32>) -> Vec<u32> {
    let mut processes: Vec<u32> = root.into_iter().collect();
    let mut next = 0;
    while let Some(&process) = processes.get(next) {
        processes.extend(children(process));
        next += 1;
    }
    processes
}

/// Kills a process, if it is still there.
pub fn kill(process: u32) {
    if let Some(process) = i32::try_from(process).ok().and_then(Pid::from_raw) {
        let _ = kill_process(process, Signal::KILL);
    }
}

fn children(process: u32) -> Vec<u32> {
    let path = format!("/proc/{process}/task/{process}/children");
    let text = fs::read_to_string(path).unwrap_or_default();
    text.split_whitespace().filter_map(|child| child.parse().ok()).collect()
}

/// CPU time of all threads of a process, in the scheduler's own nanoseconds.
fn running_time(process: u32) -> Duration {
    let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else { return Duration::ZERO };
    threads
        .filter_map(|thread| {
            // A thread may end between the two looks.
            let text = fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
            Some(Duration::from_nanos(text.split_whitespace().next()?.parse().ok()?))
        })
        .sum()
}

/// Seconds that all processors together did nothing, and how many they are.
fn idle_time() -> io::Result<(f64, usize)> {
    let stat = fs::read_to_string("/proc/stat")?;
    let mut idle = 0.0;
    let mut processors = 0;
    for line in stat.lines().take_while(|line| line.starts_with("cpu")) {
        let mut fields = line.split_whitespace();
        if fields.next() == Some("cpu") {
            // user nice system idle iowait …
            let ticks = fields.skip(3).take(2).filter_map(|field| field.parse::<f64>().ok());
            idle = ticks.sum::<f64>() / TICKS;
        } else {
            processors += 1;
        }
    }
    Ok((idle, processors))
}

fn resident(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes << 10)
}
