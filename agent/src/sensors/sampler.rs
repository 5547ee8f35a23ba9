//! The thread that samples, and what it publishes.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{self, RecvTimeoutError},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant, SystemTime},
};

use arc_swap::ArcSwap;

use super::{
    Facts, Inventory, ProcFacts,
    files::{Files, ProcFile},
    inventory::{self, Collector, Counting, FileSystem, Links, Mounted, Processes},
    meter::Meter,
    sample::Sample,
};

/// Where and how often to look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The folder with loadavg, stat and the others; /proc but for emulated
    /// hosts.
    pub proc_root: PathBuf,
    /// Time from one sample to the next.
    pub interval: Duration,
}

/// The running sensors. Dropping them ends their thread.
#[derive(Debug)]
pub struct Sensors {
    latest: Arc<ArcSwap<Sample>>,
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Sensors {
    /// Takes a first sample, so that there always is one, and goes on sampling
    /// on a thread of its own.
    pub fn start(source: Source) -> io::Result<Self> {
        let mut sampler = Sampler::new(source)?;
        let latest = Arc::new(ArcSwap::from_pointee(sampler.sample(Instant::now())));
        let (stop, stopped) = mpsc::channel();
        let thread = thread::Builder::new().name("sensors".to_owned()).spawn({
            let latest = Arc::clone(&latest);
            move || sampler.run(&latest, &stopped)
        })?;
        Ok(Self { latest, stop: Some(stop), thread: Some(thread) })
    }

    /// The latest sample.
    pub fn sample(&self) -> Arc<Sample> {
        self.latest.load_full()
    }
}

impl Drop for Sensors {
    fn drop(&mut self) {
        // The thread sleeps on this channel, so it wakes and ends at once.
        self.stop = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the sensors' thread had died");
        }
    }
}

/// Time between two looks at the runnable tasks. A prime number, so that work
/// which comes at round intervals is not always met, or always missed.
const TICK: Duration = Duration::from_millis(97);

/// Time from one look at interfaces and processes to the next, and from one at
/// file systems.
const LOOK: Duration = Duration::from_secs(5);

/// Time after which the facts are read anew.
const FACTS_AGE: Duration = Duration::from_secs(60);

struct Sampler {
    source: Source,
    meter: Meter,
    facts: Option<(Instant, Arc<Facts>)>,
    counting: Counting,
    seen: Collector<(Arc<Links>, Arc<Processes>)>,
    storage: Collector<Arc<Vec<FileSystem>>>,
}

impl Sampler {
    fn new(source: Source) -> io::Result<Self> {
        let own = if is_kernels_own(&source.proc_root) { 1 } else { 0 };
        let look = {
            let root = source.proc_root.clone();
            move || {
                let links = Arc::new(inventory::collect_links(&root));
                (links, Arc::new(inventory::collect_processes(&root)))
            }
        };
        let ask = {
            let root = source.proc_root.clone();
            let mut mounted = Mounted::default();
            move || Arc::new(inventory::collect_storage(&root, &mut mounted))
        };
        Ok(Self {
            meter: Meter::new(Instant::now(), own),
            facts: None,
            counting: Counting::default(),
            // Interfaces are there from the first answer on; file systems are
            // not waited for, because asking them can hang.
            seen: Collector::start("inventory", LOOK, look(), look)?,
            storage: Collector::start("storage", LOOK, Arc::default(), ask)?,
            source,
        })
    }

    fn run(mut self, latest: &ArcSwap<Sample>, stopped: &mpsc::Receiver<()>) {
        // The second sample follows soon, for it is the first that knows a
        // share of busy time.
        let mut next_sample = Instant::now() + TICK;
        loop {
            let wake = next_sample.min(Instant::now() + TICK);
            match stopped.recv_timeout(wake.saturating_duration_since(Instant::now())) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
            }
            let now = Instant::now();
            if now < next_sample {
                self.meter.tick(now, &ProcFile::LoadAvg.read(&self.source.proc_root));
            } else {
                latest.store(Arc::new(self.sample(now)));
                next_sample += self.source.interval;
                if next_sample <= now {
                    // The machine slept or starved: what was missed is missed.
                    next_sample = now + self.source.interval;
                }
            }
        }
    }

    fn sample(&mut self, now: Instant) -> Sample {
        let files = Files::read(&self.source.proc_root);
        let load = self.meter.sample(now, &files);
        let inventory = self.inventory(now, &files);
        let facts = match &self.facts {
            Some((read, facts)) if now.saturating_duration_since(*read) < FACTS_AGE => {
                Arc::clone(facts)
            }
            _ => {
                let routes = ProcFile::NetRoute.read(&self.source.proc_root);
                let facts = Arc::new(Facts::read(ProcFacts {
                    cpu_count: load.cores,
                    memory_size: load.memory_total,
                    routed: self.meter.routed(&routes),
                }));
                self.facts = Some((now, Arc::clone(&facts)));
                facts
            }
        };
        for trouble in self.meter.troubles() {
            let file = self.source.proc_root.join(trouble.file.path());
            tracing::warn!(
                file = %file.display(),
                cause = %trouble.cause,
                "cannot use this file; the figures it gives are absent"
            );
        }
        Sample { facts, load, inventory }
    }

    fn inventory(&mut self, now: Instant, files: &Files) -> Inventory {
        let (links, processes) = &*self.seen.latest();
        let counted = inventory::devices(files.text(ProcFile::NetDev).read().unwrap_or(""));
        let device = |link: &inventory::Link| counted.get(&*link.interface.name).copied();
        Inventory {
            date: Some(SystemTime::now()),
            counters: self.counting.sample(now, files),
            devices: links.all.iter().map(device).collect(),
            links: Arc::clone(links),
            processes: Arc::clone(processes),
            storage: Arc::clone(&self.storage.latest()),
        }
    }
}

/// Whether the kernel itself makes up the files there, and so counts whoever
/// reads them; /proc may be mounted anywhere.
fn is_kernels_own(proc_root: &Path) -> bool {
    rustix::fs::statfs(proc_root).is_ok_and(|stat| stat.f_type == rustix::fs::PROC_SUPER_MAGIC)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Waits for a sample that fits, on the sensors' own clock.
    fn wait_for(sensors: &Sensors, fits: impl Fn(&Sample) -> bool) -> Arc<Sample> {
        let limit = Instant::now() + Duration::from_secs(20);
        loop {
            let sample = sensors.sample();
            if fits(&sample) {
                return sample;
            }
            assert!(Instant::now() < limit, "no such sample: {sample:?}");
            thread::yield_now();
        }
    }

    fn source(proc_root: &Path) -> Source {
        Source { proc_root: proc_root.to_owned(), interval: Duration::from_millis(100) }
    }

    #[test]
    fn an_emulated_host_shows_what_its_files_say() -> io::Result<()> {
        let root = tempfile::tempdir()?;
        let put = |file: ProcFile, text: &str| {
            let path = root.path().join(file.path());
            fs::write(path.with_extension("new"), text)?;
            fs::rename(path.with_extension("new"), path)
        };
        put(ProcFile::Stat, "cpu 0 0 0 0\ncpu0 0\ncpu1 0\ncpu2 0\nprocs_running 1\n")?;
        put(ProcFile::MemInfo, "MemTotal: 2048 kB\nMemAvailable: 1024 kB\n")?;
        let sensors = Sensors::start(source(root.path()))?;
        let first = sensors.sample();
        assert_eq!(first.load.cores, Some(3));
        assert_eq!(first.load.runnable, Some(1), "nobody is taken off");
        assert_eq!(first.facts.cpu_count, Some(3));
        assert_eq!(first.facts.memory_size, Some(2 << 20));
        assert_eq!(first.load.cpu_busy, None);

        put(ProcFile::Stat, "cpu 60 0 0 40\ncpu0 0\ncpu1 0\ncpu2 0\nprocs_running 7\n")?;
        let busy = wait_for(&sensors, |sample| sample.load.cpu_busy.is_some());
        assert_eq!((busy.load.cpu_busy, busy.load.runnable), (Some(600), Some(7)));
        assert!(busy.load.sampled_at > first.load.sampled_at);
        assert!(Arc::ptr_eq(&busy.facts, &first.facts), "facts are read again only when old");
        Ok(())
    }

    #[test]
    fn this_host_is_measured() -> io::Result<()> {
        let sensors = Sensors::start(source(Path::new("/proc")))?;
        let load = wait_for(&sensors, |sample| sample.load.cpu_busy.is_some()).load.clone();
        assert!(load.cores.is_some_and(|cores| cores > 0));
        assert!(load.total_time > load.busy_time);
        assert!(load.memory_total >= load.memory_available);
        assert!(load.runnable.is_some());
        assert!(load.freeness().permille().is_some());
        Ok(())
    }

    #[test]
    fn the_thread_ends_at_once() -> io::Result<()> {
        let root = tempfile::tempdir()?;
        let source =
            Source { proc_root: root.path().to_owned(), interval: Duration::from_secs(3600) };
        let sensors = Sensors::start(source)?;
        let latest = Arc::clone(&sensors.latest);
        drop(sensors);
        // The thread had the only other handle, and is joined.
        assert_eq!(Arc::strong_count(&latest), 1);
        Ok(())
    }
}
