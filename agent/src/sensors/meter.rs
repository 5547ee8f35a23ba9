//! From the texts of successive moments to the figures of a sample.
//!
//! # The integral of runnable
//!
//! Between two samples the meter is given the loadavg file several times. The
//! number in it stands for the time since the one before, and the sum over
//! such stretches is the integral. The kernel also keeps an exact account of
//! running and waiting time, in schedstat; but it books a task only when that
//! leaves its processor, so a task that computes on alone shows up seconds
//! late and in one lump, which is worse than the noise of samples for whoever
//! takes the difference of two polls.
//!
//! # Whom the kernel counts
//!
//! The thread that reads loadavg runs while the kernel counts, so it counts
//! itself. `own` says how many to take off: 1 for the real thing, 0 for files
//! that somebody else wrote.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, io,
    time::{Duration, Instant},
};

use super::{
    files::{Files, ProcFile, Text},
    proc_files::{self, Malformed, NetDev, Stat},
    sample::Load,
};

/// Turns the texts of successive moments into loads.
#[derive(Debug)]
pub struct Meter {
    own: u32,
    discontinuity: Instant,
    runnable: Runnable,
    cpu: Option<CpuTimes>,
    swap: Option<[u64; 2]>,
    octets: Option<Octets>,
    said: BTreeSet<ProcFile>,
    troubles: Vec<Trouble>,
}

/// A file that is there and of no use. Told once for each file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The file.
    pub file: ProcFile,
    /// What is the matter with it.
    pub cause: Cause,
}

/// What is the matter with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It cannot be read.
    Unreadable(io::ErrorKind),
    /// Its text is not what it should be.
    Malformed(Malformed),
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(kind) => write!(f, "{kind}"),
            Self::Malformed(malformed) => write!(f, "{malformed}"),
        }
    }
}

impl Meter {
    /// A meter that starts now and takes off `own` tasks.
    pub fn new(now: Instant, own: u32) -> Self {
        Self {
            own,
            discontinuity: now,
            runnable: Runnable::default(),
            cpu: None,
            swap: None,
            octets: None,
            said: BTreeSet::new(),
            troubles: Vec::new(),
        }
    }

    /// Takes note of the runnable tasks between two samples.
    pub fn tick(&mut self, now: Instant, loadavg: &Text) {
        if let Some(file) = self.parse(ProcFile::LoadAvg, loadavg, proc_files::loadavg) {
            self.integrate(now, file.runnable);
        }
    }

    /// The load of this moment.
    pub fn sample(&mut self, now: Instant, files: &Files) -> Load {
        let mut load = Load::unknown(now);
        let text = |file| files.text(file);

        let loadavg = self.parse(ProcFile::LoadAvg, text(ProcFile::LoadAvg), proc_files::loadavg);
        let stat = self.parse(ProcFile::Stat, text(ProcFile::Stat), proc_files::stat);
        if let Some([one, five, fifteen]) = loadavg.map(|file| file.averages) {
            load.average_1 = Some(one);
            load.average_5 = Some(five);
            load.average_15 = Some(fifteen);
        }
        // Both files have the number. The ticks read it from loadavg, which
        // costs the kernel least, so stat only stands in for it.
        match loadavg.map(|file| file.runnable).or(stat.and_then(|file| file.runnable)) {
            Some(runnable) => {
                self.integrate(now, runnable);
                load.runnable = Some(runnable.saturating_sub(self.own));
                load.runnable_time = Some(self.runnable.task_us / 1000);
            }
            None => self.runnable.since = None,
        }
        if let Some(stat) = stat {
            self.cpu_times(now, stat, &mut load);
        }

        if let Some(file) =
            self.parse(ProcFile::MemInfo, text(ProcFile::MemInfo), proc_files::meminfo)
        {
            load.memory_total = Some(file.total);
            load.memory_available = file.available;
            load.memory_avail_permille =
                file.available.and_then(|available| permille(available, file.total));
        }
        if let Some(file) = self.parse(ProcFile::VmStat, text(ProcFile::VmStat), proc_files::vmstat)
        {
            self.swap(now, [file.swap_in, file.swap_out], &mut load);
        }
        for (file, figure) in [
            (ProcFile::PressureCpu, &mut load.pressure_cpu),
            (ProcFile::PressureMemory, &mut load.pressure_memory),
            (ProcFile::PressureIo, &mut load.pressure_io),
        ] {
            *figure = self.parse(file, text(file), proc_files::pressure);
        }
        if let Some(devices) =
            self.parse(ProcFile::NetDev, text(ProcFile::NetDev), proc_files::net_dev)
        {
            let octets = self.octets.get_or_insert_default();
            octets.add(&devices);
            load.in_octets = Some(octets.received);
            load.out_octets = Some(octets.sent);
        }
        load.established =
            self.parse(ProcFile::NetSnmp, text(ProcFile::NetSnmp), proc_files::net_snmp);

        load.discontinuity = self.discontinuity;
        load
    }

    /// The interface with the default route, by a net/route file.
    pub fn routed(&mut self, text: &Text) -> Option<String> {
        self.parse(ProcFile::NetRoute, text, proc_files::net_route)?.map(str::to_owned)
    }

    /// What is wrong with the files and was not told yet.
    pub fn troubles(&mut self) -> Vec<Trouble> {
        std::mem::take(&mut self.troubles)
    }

    fn parse<'t, T>(
        &mut self,
        file: ProcFile,
        text: &'t Text,
        parser: impl FnOnce(&'t str) -> Result<T, Malformed>,
    ) -> Option<T> {
        let cause = match text {
            Text::Absent => return None,
            Text::Unreadable(kind) => Cause::Unreadable(*kind),
            Text::Read(text) => match parser(text) {
                Ok(parsed) => return Some(parsed),
                Err(malformed) => Cause::Malformed(malformed),
            },
        };
        if self.said.insert(file) {
            self.troubles.push(Trouble { file, cause });
        }
        None
    }

    fn integrate(&mut self, now: Instant, runnable: u32) {
        if self.runnable.started && self.runnable.since.is_none() {
            // What ran meanwhile is not known, and a mean over it would be
            // too low.
            self.discontinuity = now;
        }
        self.runnable.add(now, runnable.saturating_sub(self.own));
    }

    fn cpu_times(&mut self, now: Instant, stat: Stat, load: &mut Load) {
        let times = match self.cpu {
            Some(before) if before.continued_by(&stat) => before.then(&stat),
            Some(_) => {
                self.discontinuity = now;
                CpuTimes::start(&stat)
            }
            None => CpuTimes::start(&stat),
        };
        self.cpu = Some(times);
        load.cores = Some(stat.cores);
        load.cpu_busy = times.share;
        load.busy_time = Some(times.busy);
        load.total_time = Some(times.busy.saturating_add(times.idle));
    }

    fn swap(&mut self, now: Instant, pages: [u64; 2], load: &mut Load) {
        if let Some([before_in, before_out]) = self.swap {
            if pages[0] < before_in || pages[1] < before_out {
                self.discontinuity = now;
            } else {
                load.swapping = pages[0] > before_in;
            }
        }
        self.swap = Some(pages);
        load.swap_in = Some(pages[0]);
        load.swap_out = Some(pages[1]);
    }
}

/// The integral of runnable tasks over time.
#[derive(Debug, Default)]
struct Runnable {
    started: bool,
    since: Option<Instant>,
    task_us: u64,
}

impl Runnable {
    fn add(&mut self, now: Instant, runnable: u32) {
        let stretch = self.since.map_or(Duration::ZERO, |then| now.saturating_duration_since(then));
        let us = u64::try_from(stretch.as_micros()).unwrap_or(u64::MAX);
        self.task_us = self.task_us.saturating_add(us.saturating_mul(u64::from(runnable)));
        self.since = Some(now);
        self.started = true;
    }
}

/// Processor times, and the share of them that was busy.
#[derive(Clone, Copy, Debug)]
struct CpuTimes {
    busy: u64,
    idle: u64,
    share: Option<u32>,
}

impl CpuTimes {
    /// Of a source that starts.
    fn start(stat: &Stat) -> Self {
        Self { busy: stat.busy_ms, idle: stat.idle_ms, share: None }
    }

    /// Whether these times are of the same run of the kernel. The kernel
    /// itself takes back some idle, iowait and steal time now and then, a few
    /// ticks at most; a restart takes back nearly all.
    fn continued_by(&self, stat: &Stat) -> bool {
        const SLACK_MS: u64 = 1000;
        stat.busy_ms.saturating_add(SLACK_MS) >= self.busy
            && stat.idle_ms.saturating_add(SLACK_MS) >= self.idle
    }

    /// The times after these, which never fall. Where no time has gone by in
    /// the source, the share is still that of the stretch before.
    fn then(&self, stat: &Stat) -> Self {
        let busy = stat.busy_ms.max(self.busy);
        let idle = stat.idle_ms.max(self.idle);
        let (more_busy, more_idle) = (busy - self.busy, idle - self.idle);
        let share = permille(more_busy, more_busy.saturating_add(more_idle)).or(self.share);
        Self { busy, idle, share }
    }
}

/// Octets over all interfaces but loopback, summed up interface by interface:
/// one that goes away, or is made anew under the same name, takes nothing back.
#[derive(Debug, Default)]
struct Octets {
    received: u64,
    sent: u64,
    before: BTreeMap<String, (u64, u64)>,
}

impl Octets {
    fn add(&mut self, devices: &[NetDev<'_>]) {
        let mut now = BTreeMap::new();
        for device in devices.iter().filter(|device| device.name != "lo") {
            let before = self.before.get(device.name).copied().unwrap_or_default();
            // An interface that counts less than before began at 0 since.
            let more = |now: u64, before: u64| now.checked_sub(before).unwrap_or(now);
            self.received = self.received.saturating_add(more(device.received, before.0));
            self.sent = self.sent.saturating_add(more(device.sent, before.1));
            now.insert(device.name.to_owned(), (device.received, device.sent));
        }
        self.before = now;
    }
}

/// `part` over `whole` in thousandths; `None` of nothing.
fn permille(part: u64, whole: u64) -> Option<u32> {
    let share = (u128::from(part) * 1000).checked_div(u128::from(whole))?;
    Some(u32::try_from(share).map_or(1000, |share| share.min(1000)))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Host {
        now: Instant,
        meter: Meter,
    }

    impl Host {
        fn new(own: u32) -> Self {
            let now = Instant::now();
            Self { now, meter: Meter::new(now, own) }
        }

        fn after(&mut self, ms: u64) -> &mut Self {
            self.now += Duration::from_millis(ms);
            self
        }

        fn tick(&mut self, runnable: u32) {
            let text = Text::Read(format!("0 0 0 {runnable}/9 1"));
            self.meter.tick(self.now, &text);
        }

        fn sample(&mut self, files: &[(ProcFile, &str)]) -> Load {
            self.meter.sample(self.now, &files.iter().copied().collect())
        }
    }

    fn stat(busy: u64, idle: u64) -> String {
        format!("cpu {busy} 0 0 {idle}\ncpu0 1\ncpu1 1\n")
    }

    #[test]
    fn nothing_is_known_of_no_files() {
        let mut host = Host::new(0);
        assert_eq!(host.sample(&[]), Load::unknown(host.now));
        assert!(host.meter.troubles().is_empty());
    }

    #[test]
    fn each_file_gives_its_figures() {
        let mut host = Host::new(0);
        let load = host.sample(&[
            (ProcFile::LoadAvg, "1.25 0.50 0.05 4/94 1"),
            (ProcFile::Stat, &stat(300, 700)),
            (ProcFile::MemInfo, "MemTotal: 1000 kB\nMemAvailable: 250 kB"),
            (ProcFile::VmStat, "pswpin 3\npswpout 4"),
            (ProcFile::PressureCpu, "some avg10=10.00"),
            (ProcFile::PressureMemory, "some avg10=20.00"),
            (ProcFile::PressureIo, "some avg10=30.00"),
            (ProcFile::NetDev, "\n\nlo: 9 9 9 9 9 9 9 9 9\neth0: 5 0 0 0 0 0 0 0 6\n"),
            (ProcFile::NetSnmp, "Tcp: CurrEstab\nTcp: 12\n"),
        ]);
        let wanted = Load {
            cores: Some(2),
            runnable: Some(4),
            runnable_time: Some(0),
            busy_time: Some(3000),
            total_time: Some(10_000),
            average_1: Some(125),
            average_5: Some(50),
            average_15: Some(5),
            memory_total: Some(1_024_000),
            memory_available: Some(256_000),
            memory_avail_permille: Some(250),
            swap_in: Some(3),
            swap_out: Some(4),
            pressure_cpu: Some(100),
            pressure_memory: Some(200),
            pressure_io: Some(300),
            in_octets: Some(5),
            out_octets: Some(6),
            established: Some(12),
            ..Load::unknown(host.now)
        };
        assert_eq!(load, wanted);
    }

    #[test]
    fn runnable_is_integrated_between_samples() {
        let mut host = Host::new(1);
        host.tick(5);
        host.after(100).tick(3);
        host.after(100).tick(1);
        // The reader itself is taken off, and never below nothing.
        host.after(100).tick(0);
        let load = host.after(200).sample(&[(ProcFile::LoadAvg, "0 0 0 2/9 1")]);
        assert_eq!(load.runnable, Some(1));
        assert_eq!(load.runnable_time, Some(2 * 100 + 200));
    }

    #[test]
    fn stat_stands_in_for_loadavg() {
        let mut host = Host::new(0);
        let text = format!("{}procs_running 3\n", stat(1, 1));
        host.sample(&[(ProcFile::Stat, &text)]);
        host.after(1000);
        host.meter.tick(host.now, &Text::Absent);
        let load = host.after(1000).sample(&[(ProcFile::Stat, &text)]);
        assert_eq!((load.runnable, load.runnable_time), (Some(3), Some(6000)));
        assert!(host.meter.troubles().is_empty());
    }

    #[test]
    fn a_gap_in_the_integral_is_a_discontinuity() {
        let mut host = Host::new(0);
        host.tick(1);
        let loadavg = [(ProcFile::LoadAvg, "0 0 0 1/9 1")];
        assert_eq!(host.after(1000).sample(&loadavg).runnable_time, Some(1000));
        assert_eq!(host.after(1000).sample(&[]).runnable_time, None);
        let load = host.after(1000).sample(&loadavg);
        assert_eq!(load.runnable_time, Some(1000));
        assert_eq!(load.discontinuity, host.now);
    }

    #[test]
    fn busy_share_is_that_of_the_last_stretch() {
        let mut host = Host::new(0);
        let mut busy =
            |busy, idle| host.after(1000).sample(&[(ProcFile::Stat, &stat(busy, idle))]).cpu_busy;
        assert_eq!(busy(1000, 1000), None);
        assert_eq!(busy(1050, 1150), Some(250));
        // The emulated host has not written since.
        assert_eq!(busy(1050, 1150), Some(250));
        assert_eq!(busy(1250, 1150), Some(1000));
        assert_eq!(busy(1250, 1350), Some(0));
    }

    #[test]
    fn the_kernel_may_take_back_a_few_ticks() {
        let mut host = Host::new(0);
        let start = host.now;
        host.sample(&[(ProcFile::Stat, &stat(1000, 1000))]);
        let load = host.after(1000).sample(&[(ProcFile::Stat, &stat(1100, 990))]);
        assert_eq!((load.busy_time, load.total_time), (Some(11_000), Some(21_000)));
        assert_eq!(load.discontinuity, start);
    }

    #[test]
    fn a_source_that_restarted_is_a_discontinuity() {
        let mut host = Host::new(0);
        let files = |times: &str, swap: &str| {
            [(ProcFile::Stat, times.to_owned()), (ProcFile::VmStat, swap.to_owned())]
        };
        let sample = |host: &mut Host, files: [(ProcFile, String); 2]| {
            let files: Vec<_> = files.iter().map(|(file, text)| (*file, text.as_str())).collect();
            host.after(1000).sample(&files)
        };
        sample(&mut host, files(&stat(1000, 1000), "pswpin 9\npswpout 9\n"));
        let load = sample(&mut host, files(&stat(1, 1), "pswpin 9\npswpout 9\n"));
        assert_eq!((load.busy_time, load.cpu_busy), (Some(10), None));
        assert_eq!(load.discontinuity, host.now);
        let again = sample(&mut host, files(&stat(2, 2), "pswpin 9\npswpout 9\n"));
        assert_eq!((again.cpu_busy, again.discontinuity), (Some(500), load.discontinuity));
        let back = sample(&mut host, files(&stat(3, 3), "pswpin 10\npswpout 1\n"));
        assert_eq!((back.swapping, back.discontinuity), (false, host.now));
    }

    #[test]
    fn a_host_swaps_when_it_reads_pages_back() {
        let mut host = Host::new(0);
        let mut swapping = |pages_in, pages_out| {
            let text = format!("pswpin {pages_in}\npswpout {pages_out}\n");
            host.after(1000).sample(&[(ProcFile::VmStat, &text)]).swapping
        };
        assert!(!swapping(5, 5));
        // Writing out alone does not hurt: nobody waits for those pages.
        assert!(!swapping(5, 50));
        assert!(swapping(6, 50));
        assert!(!swapping(6, 50));
    }

    #[test]
    fn interfaces_come_and_go_without_loss() {
        let mut host = Host::new(0);
        let mut octets = |devices: &[(&str, u64, u64)]| {
            let mut text = "\n\n".to_owned();
            for (name, received, sent) in devices {
                text += &format!("{name}: {received} 0 0 0 0 0 0 0 {sent}\n");
            }
            let load = host.after(1000).sample(&[(ProcFile::NetDev, &text)]);
            (load.in_octets, load.out_octets)
        };
        assert_eq!(octets(&[("lo", 7, 7), ("eth0", 100, 10)]), (Some(100), Some(10)));
        assert_eq!(octets(&[("eth0", 150, 20), ("veth1", 5, 5)]), (Some(155), Some(25)));
        assert_eq!(octets(&[("eth0", 150, 20)]), (Some(155), Some(25)));
        assert_eq!(octets(&[("eth0", 30, 3)]), (Some(185), Some(28)));
    }

    #[test]
    fn a_broken_file_leaves_its_figures_absent_and_is_told_once() {
        let mut host = Host::new(0);
        let broken =
            [(ProcFile::MemInfo, "MemTotal: many"), (ProcFile::VmStat, "pswpin 1\npswpout 1")];
        let load = host.sample(&broken);
        assert_eq!((load.memory_total, load.swap_in), (None, Some(1)));
        let cause = Cause::Malformed(Malformed::NotANumber("MemTotal"));
        assert_eq!(host.meter.troubles(), [Trouble { file: ProcFile::MemInfo, cause }]);
        host.after(1000).sample(&broken);
        assert!(host.meter.troubles().is_empty());

        host.meter.tick(host.now, &Text::Unreadable(io::ErrorKind::PermissionDenied));
        let [trouble] = host.meter.troubles()[..] else { panic!("one trouble") };
        assert_eq!(trouble.file, ProcFile::LoadAvg);
        assert_eq!(trouble.cause.to_string(), "permission denied");
    }
}
