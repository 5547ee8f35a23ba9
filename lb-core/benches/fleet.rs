//! What a director of very many servers costs while nobody connects: each is checked
//! every second by a connect, and every thread is asked for its processor time.
//!
//! `cargo bench -p lcms-lb-core --bench fleet [-- SERVERS SCHEDULER]`
//!
//! The servers are one listener in a process of its own, at as many addresses of the
//! loopback network. It sees when each is checked. An interval has a tenth of jitter
//! either way, so what goes beyond 1.1 s is lateness.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write, stdin};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::num::{NonZeroU16, NonZeroUsize};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use lcms_lb_core::director::{Director, DirectorHandle, DirectorOptions, Draft, Legacy};
use lcms_lb_core::driver::proxy::ProxyOptions;
use lcms_lb_core::model::{
    Address, Check, CheckInterval, CheckKind, Cluster, Health, Host, Name, Provenance, Role, Roles,
    RowState, Runtime, Scheduler, Server, Service, Source, Timeout, UnixTime, Wanted, Weight,
};

const SERVERS: usize = 10_000;

/// How long is measured.
const FOR: Duration = Duration::from_secs(20);

/// Commits that are timed.
const COMMITS: u32 = 20;

/// The argument that makes this the servers' process.
const BE_SERVERS: &str = "be-servers";

fn main() {
    let words: Vec<String> =
        std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    if words.first().is_some_and(|word| word == BE_SERVERS) {
        return be_servers();
    }
    let number = |word: &String| word.parse().expect("a number of servers");
    let servers = words.first().map_or(SERVERS, number);
    let scheduler = words.get(1).map_or(Scheduler::Wlc, |word| word.parse().expect("a scheduler"));
    let mut backends = Backends::start();
    let before = resident();
    let director = director(scheduler, servers, backends.port);
    let up = |snapshot: &lcms_lb_core::director::Snapshot| {
        snapshot.servers.values().all(|status| status.health == Health::Up)
    };
    let begun = Instant::now();
    director.wait_until(Duration::from_secs(60), up).expect("every server is checked");
    println!(
        "{servers} servers under {scheduler}, checked each second: all up after {:.2} s, {:.1} MB",
        begun.elapsed().as_secs_f64(),
        (resident() - before) as f64 / 1e6
    );
    // The first checks are another matter.
    thread::sleep(Duration::from_secs(2));
    backends.begin();
    let times = processor_times();
    thread::sleep(FOR);
    let spent = processor_times();
    println!("processor, in hundredths of one:");
    for (thread, time) in &spent {
        let time = time.saturating_sub(times.get(thread).copied().unwrap_or_default());
        if !time.is_zero() {
            println!("  {thread:<12}{:6.2}", time.as_secs_f64() / FOR.as_secs_f64() * 100.0);
        }
    }
    println!("{}", backends.end());
    commits(&director, servers);
    println!("{:.1} MB in the end", (resident() - before) as f64 / 1e6);
    upgrade(&director);
    director.shutdown();
}

/// How long clients would wait for a process that takes over.
fn upgrade(director: &DirectorHandle) {
    let begun = Instant::now();
    let Legacy { state, flows } = director.pause().expect("it pauses");
    let paused = begun.elapsed();
    let letter = serde_json::to_vec(&state).expect("it can be written");
    let state = serde_json::from_slice(&letter).expect("it can be read");
    let told = begun.elapsed();
    let wanted = (*director.snapshot().wanted).clone();
    director.retire().expect("it retires");
    let legacy = (Vec::new(), Legacy { state, flows });
    let next = Director::take_over(options(), None, wanted, Runtime::default(), legacy);
    let next = next.expect("it starts");
    println!(
        "an upgrade: {:.0} ms to tell {:.1} MB, {:.0} ms on the way, {:.0} ms to go on",
        paused.as_secs_f64() * 1e3,
        letter.len() as f64 / 1e6,
        (told - paused).as_secs_f64() * 1e3,
        (begun.elapsed() - told).as_secs_f64() * 1e3
    );
    next.shutdown();
}

/// How long a change of one weight takes, and one that changes nothing wanted.
fn commits(director: &DirectorHandle, servers: usize) {
    let time = |edit: &dyn Fn(&mut Draft, u32)| {
        let begun = Instant::now();
        for number in 0..COMMITS {
            let mut draft = Draft::of(&director.snapshot(), provenance());
            edit(&mut draft, number);
            director.commit(draft).expect("the edit is fine");
        }
        begun.elapsed().as_secs_f64() * 1e3 / f64::from(COMMITS)
    };
    let weight = time(&|draft, number| {
        let cluster = draft.wanted_mut().clusters.get_mut(&name("main")).expect("it is there");
        let service = cluster.services.get_mut(&name("web")).expect("it is there");
        let row = service.servers.get_mut(&name(&format!("rs{}", servers / 2)));
        row.expect("it is there").weight = Weight::clamped(number + 10);
    });
    let nothing = time(&|draft, _| {
        let _ = draft.runtime_mut();
    });
    println!("a commit of one weight takes {weight:.1} ms, one of nothing {nothing:.1} ms");
}

/// The process of the servers.
struct Backends {
    child: Child,
    port: u16,
    answers: BufReader<std::process::ChildStdout>,
}

impl Backends {
    fn start() -> Self {
        let own = std::env::current_exe().expect("a process has a program");
        let mut child = Command::new(own)
            .arg(BE_SERVERS)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut answers = BufReader::new(child.stdout.take().expect("it was piped"));
        let mut line = String::new();
        answers.read_line(&mut line).expect("it says its port");
        Self { child, port: line.trim().parse().expect("it is a port"), answers }
    }

    /// Measures from now on.
    fn begin(&mut self) {
        self.child.stdin.as_mut().expect("it was piped").write_all(b"\n").expect("it listens");
    }

    /// What it has seen.
    fn end(&mut self) -> String {
        drop(self.child.stdin.take());
        let mut said = String::new();
        self.answers.read_to_string(&mut said).expect("it says so");
        let _ = self.child.wait();
        said.trim().to_owned()
    }
}

impl Drop for Backends {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn be_servers() {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).expect("there are free ports");
    println!("{}", listener.local_addr().expect("it is bound").port());
    let (counts, over) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let seen = thread::spawn({
        let (counts, over) = (counts.clone(), over.clone());
        move || {
            let mut last: HashMap<IpAddr, Instant> = HashMap::new();
            let mut intervals: Vec<Duration> = Vec::new();
            while !over.load(Ordering::Relaxed) {
                let Ok((stream, _)) = listener.accept() else { continue };
                let (Ok(at), now) = (stream.local_addr(), Instant::now()) else { continue };
                if counts.load(Ordering::Relaxed)
                    && let Some(before) = last.insert(at.ip(), now)
                {
                    intervals.push(now - before);
                }
            }
            intervals
        }
    });
    let _ = stdin().read_line(&mut String::new());
    counts.store(true, Ordering::Relaxed);
    let _ = stdin().read_to_string(&mut String::new());
    // It hears of the end with the next check, of which there are plenty.
    over.store(true, Ordering::Relaxed);
    let mut intervals = seen.join().expect("it goes on to the end");
    intervals.sort_unstable();
    let at = |permille: usize| {
        let place = intervals.len().saturating_sub(1) * permille / 1_000;
        intervals.get(place).copied().unwrap_or_default().as_secs_f64()
    };
    println!(
        "{} intervals between checks: {:.3} s (p50), {:.3} s (p99), {:.3} s (p99.9), {:.3} s (most)",
        intervals.len(),
        at(500),
        at(990),
        at(999),
        at(1_000)
    );
}

fn director(scheduler: Scheduler, servers: usize, port: u16) -> DirectorHandle {
    let server = |number: usize| {
        let ip = Ipv4Addr::from(0x7f80_0000 | (number as u32 + 1));
        let row = Server {
            weight: Weight::clamped(10),
            address: Some(Address::from(IpAddr::from(ip))),
            port: NonZeroU16::new(port),
            host: Some(name(&format!("h{number}"))),
            row: RowState::Active,
            ..Server::default()
        };
        (name(&format!("rs{number}")), row)
    };
    let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|one| one.local_addr());
    let address: SocketAddr = address.expect("loopback has free ports");
    let service = Service {
        address: Some(Address::from(address.ip())),
        port: NonZeroU16::new(address.port()),
        scheduler,
        check: Check {
            kind: CheckKind::Tcp,
            interval: CheckInterval::clamped(1_000),
            timeout: Timeout::clamped(900),
            ..Check::default()
        },
        row: RowState::Active,
        servers: (0..servers).map(server).collect(),
        ..Service::default()
    };
    let cluster = Cluster {
        row: RowState::Active,
        services: [(name("web"), service)].into(),
        ..Cluster::default()
    };
    let director = Roles::NONE.with(Role::Director);
    let here = Host {
        role_potential: director,
        role_status: director,
        row: RowState::Active,
        ..Host::default()
    };
    let host = Host { row: RowState::Active, ..Host::default() };
    let hosts = (0..servers).map(|number| (name(&format!("h{number}")), host.clone()));
    let wanted = Wanted {
        hosts: hosts.chain([(name("here"), here)]).collect(),
        clusters: [(name("main"), cluster)].into(),
        ..Wanted::default()
    };
    Director::start(options(), None, wanted, Runtime::default()).expect("it starts")
}

fn options() -> DirectorOptions {
    DirectorOptions {
        local_host: name("here"),
        allow_scripts: false,
        proxy: ProxyOptions { shards: NonZeroUsize::new(2), max_connections: None },
    }
}

fn provenance() -> Provenance {
    Provenance {
        principal: "bench".into(),
        source: Source::Snmp,
        time: UnixTime(1),
        reason: String::new(),
    }
}

fn name(text: &str) -> Name {
    text.parse().expect("it is a name")
}

/// Processor time of each thread of this process, by its name, in kernel and out.
fn processor_times() -> BTreeMap<String, Duration> {
    let mut times: BTreeMap<String, Duration> = BTreeMap::new();
    for task in fs::read_dir("/proc/self/task").expect("it is Linux").flatten() {
        let Ok(text) = fs::read_to_string(task.path().join("schedstat")) else { continue };
        let Ok(name) = fs::read_to_string(task.path().join("comm")) else { continue };
        let spent = text.split(' ').next().and_then(|text| text.parse().ok()).unwrap_or(0);
        *times.entry(name.trim().to_owned()).or_default() += Duration::from_nanos(spent);
    }
    times
}

/// Octets of this process in memory.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("it is Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1_024
}
