//! The files under an emulated host's `proc_root`, as its agent reads them.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io::Write as _};

use super::processor::Processor;

/// Clock ticks a second in a stat file.
const TICKS: f64 = 100.0;

/// What a job needs while it is worked on.
const A_JOB_KIB: u64 = 2048;

/// Memory of a host that holds so many jobs beside itself.
pub fn memory_kib_for(jobs: u32) -> u64 {
    u64::from(jobs) * A_JOB_KIB * 4 / 3
}

/// Publishes the load of one emulated host.
#[derive(Debug)]
pub struct ProcRoot {
    folder: PathBuf,
    memory_kib: u64,
    averages: Averages,
}

impl ProcRoot {
    /// Publishes under this folder, which it makes if need be.
    pub fn create(folder: &Path, memory_kib: u64) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self { folder: folder.to_owned(), memory_kib, averages: Averages::default() })
    }

    /// Writes the files anew. Each is replaced whole: a reader sees the old
    /// one or the new one, never a part.
    pub fn publish<J>(&mut self, now: Duration, processor: &Processor<J>) -> io::Result<()> {
        let runnable = processor.runnable();
        self.averages.observe(now, runnable as f64);
        let used = self.memory_kib / 4 + A_JOB_KIB * processor.jobs() as u64;
        self.replace("loadavg", &loadavg(&self.averages, runnable))?;
        self.replace("stat", &stat(now, processor))?;
        self.replace("meminfo", &meminfo(self.memory_kib, used))?;
        let paged_in = processor.paged_in() as u64;
        self.replace("vmstat", &format!("pswpin {paged_in}\npswpout 0\n"))
    }

    fn replace(&self, name: &str, text: &str) -> io::Result<()> {
        let new = self.folder.join(format!(".{name}"));
        fs::File::create(&new)?.write_all(text.as_bytes())?;
        fs::rename(new, self.folder.join(name))
    }
}

/// Exponential means of the runnable tasks over 1, 5 and 15 minutes.
#[derive(Debug, Default)]
struct Averages {
    at: Duration,
    values: [f64; 3],
}

impl Averages {
    fn observe(&mut self, now: Duration, runnable: f64) {
        let seconds = now.saturating_sub(self.at).as_secs_f64();
        self.at = now;
        for (value, window) in self.values.iter_mut().zip([60.0, 300.0, 900.0]) {
            *value += (runnable - *value) * (1.0 - (-seconds / window).exp());
        }
    }
}

fn loadavg(averages: &Averages, runnable: usize) -> String {
    let [one, five, fifteen] = averages.values;
    format!("{one:.2} {five:.2} {fifteen:.2} {runnable}/{} 1\n", runnable + 50)
}

fn stat<J>(now: Duration, processor: &Processor<J>) -> String {
    let cores = processor.cores();
    let busy = (processor.busy() * TICKS) as u64;
    let idle = ((now.as_secs_f64() * f64::from(cores) * TICKS) as u64).saturating_sub(busy);
    let mut text = format!("cpu  {busy} 0 0 {idle} 0 0 0 0 0 0\n");
    for core in 0..u64::from(cores) {
        let share = |ticks: u64| ticks / u64::from(cores);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "cpu{core} {} 0 0 {} 0 0 0 0 0 0", share(busy), share(idle));
    }
    let _ = writeln!(text, "procs_running {}", processor.runnable());
    text
}

fn meminfo(total: u64, used: u64) -> String {
    let available = total.saturating_sub(used);
    format!("MemTotal: {total} kB\nMemFree: {available} kB\nMemAvailable: {available} kB\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_tell_what_the_processors_did() {
        let mut processor = Processor::new(2, 1.0);
        (0..3).for_each(|job| processor.arrive(job, Duration::from_secs(1)));
        processor.advance(Duration::from_secs(1), |_, _| {});
        let text = stat(Duration::from_secs(1), &processor);
        assert!(text.starts_with("cpu  200 0 0 0 "), "{text}");
        assert!(
            text.contains("\ncpu1 100 0 0 0 ") && text.ends_with("procs_running 3\n"),
            "{text}"
        );
    }

    #[test]
    fn a_steady_load_becomes_the_average() {
        let mut averages = Averages::default();
        (1..=600).for_each(|second| averages.observe(Duration::from_secs(second), 3.0));
        assert!((averages.values[0] - 3.0).abs() < 0.01, "{averages:?}");
        assert!(averages.values[2] < averages.values[1] && averages.values[1] < averages.values[0]);
    }

    #[test]
    fn files_are_replaced_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut root = ProcRoot::create(folder.path(), 1 << 20).expect("made");
        let processor = Processor::<()>::new(4, 1.0);
        for second in 1..3 {
            root.publish(Duration::from_secs(second), &processor).expect("published");
        }
        let mut names: Vec<_> = fs::read_dir(folder.path())
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
            .collect();
        names.sort();
        assert_eq!(names, ["loadavg", "meminfo", "stat", "vmstat"]);
    }
}
