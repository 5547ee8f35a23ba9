//! Load reports, and what freest makes of them.

use std::time::{Duration, Instant, SystemTime};

use lcms_lb_core::director::{Director, DirectorHandle, Draft};
use lcms_lb_core::model::{
    Host, LoadReport, Permille, RowState, Runtime, Scheduler, UnixTime, Wanted,
};
use lcms_lb_core::schedule::Load;
use lcms_lb_core::store::Store;

use crate::support::backend::Backend;
use crate::support::client::{ask, connect};
use crate::support::director::{by, name, options, server, server_id, service, wanted, web_of};
use crate::support::{PATIENCE, eventually, free_address};

/// Two servers, each on a host of its own.
fn two(backends: &[Backend; 2]) -> (Wanted, std::net::SocketAddr) {
    let address = free_address();
    let mut wanted = wanted(service(address, Scheduler::Freest));
    for (at, backend) in backends.iter().enumerate() {
        let host = name(&format!("h{}", at + 1));
        let mut row = server(backend.address, 10);
        row.host = Some(host);
        web_of(&mut wanted).servers.insert(name(&format!("rs{}", at + 1)), row);
        wanted.hosts.insert(host, Host { row: RowState::Active, ..Host::default() });
    }
    (wanted, address)
}

fn report(director: &DirectorHandle, host: &str, edit: impl Fn(&mut LoadReport)) {
    let mut draft = Draft::of(&director.snapshot(), by("controller"));
    let mut report = LoadReport {
        runnable: 0,
        utilisation: None,
        memory_free: None,
        swapping: None,
        cores: Some(1),
        sample_age: Duration::ZERO,
        interval: None,
        mean_runnable: None,
        by: "controller".into(),
        at: Instant::now(),
        time: SystemTime::now(),
    };
    edit(&mut report);
    draft.runtime_mut().reports.insert(name(host), report);
    director.commit(draft).expect("a report is volatile");
}

fn load(director: &DirectorHandle, server: &str) -> Load {
    director.snapshot().servers[&server_id(server)].live.load()
}

#[test]
fn work_of_others_on_a_host_counts_as_if_it_were_connections() {
    let backends = [Backend::named("rs1"), Backend::named("rs2")];
    let (wanted, address) = two(&backends);
    let director = Director::start(options(2), None, wanted, Runtime::default()).unwrap();
    // Of what is seen at a single instant, a third is believed.
    report(&director, "h1", |report| report.runnable = 900);
    eventually("the report is known", || load(&director, "rs1").others == 300);
    let active = |server: &str| {
        let live = director.snapshot().servers[&server_id(server)].live.clone();
        live.active.load(std::sync::atomic::Ordering::Relaxed)
    };
    let held: Vec<_> = (1..=3)
        .map(|count| {
            let client = connect(address);
            eventually("it has a server", || active("rs1") + active("rs2") == count);
            client
        })
        .collect();
    assert_eq!((active("rs1"), active("rs2")), (0, 3));
    drop(held);
}

#[test]
fn capacities_are_measured_and_remembered_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let backends = [Backend::named("rs1"), Backend::named("rs2")];
    let (wanted, address) = two(&backends);
    let start = || {
        let path = folder.path().join("state.json");
        let opened = Store::open(&path, wanted.clone(), UnixTime(1)).unwrap();
        Director::start(options(1), Some(opened.store), opened.wanted, opened.runtime).unwrap()
    };
    let director = start();
    let begun = Instant::now();
    let mut last = begun;
    while load(&director, "rs1").capacity == 0 {
        assert!(begun.elapsed() < PATIENCE, "nothing is learned");
        for _ in 0..8 {
            ask(address).unwrap();
        }
        let now = Instant::now();
        for host in ["h1", "h2"] {
            report(&director, host, |report| {
                report.interval = Some(now - last);
                report.utilisation = Permille::new(500).ok();
                report.mean_runnable = Some(50);
            });
        }
        last = now;
        // A report that comes before the next look at the counters is lost.
        std::thread::park_timeout(Duration::from_millis(150));
    }
    director.shutdown();
    drop(director);
    let director = start();
    eventually("it is remembered", || load(&director, "rs1").capacity > 0);
    director.shutdown();
}
