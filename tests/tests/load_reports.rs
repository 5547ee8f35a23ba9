//! What a host does reaches the scheduler: agent, controller, director.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use lcms_manager::demo::{proc_root::ProcRoot, processor::Processor};
use lcms_tests::{
    agent::{Agent, director, free_port},
    backend::Backend,
    client::ask_many,
    manager::Manager,
};

const SOON: Duration = Duration::from_secs(20);

/// Five tasks of others keep the one core of the server's host busy. The
/// director hears of them, and from its own connections learns what the server
/// can do.
#[test]
fn freest_hears_of_work_of_others_and_measures_capacity() {
    let backend = Backend::start("a");
    let port = free_port();
    let rows = director(port, "freest", &[("a", backend.address(), 10)]);
    let host = "[[host]]\nname = \"rs1\"\n";
    let lb1 = Agent::start("lb1", &format!("{rows}host = \"rs1\"\n{host}"));
    let rs1 = Agent::start("rs1", "sample_interval = 200\n");
    let mut files = ProcRoot::create(&rs1.folder().join("proc"), 1 << 20).unwrap();
    let mut processor = Processor::new(1, 1.0);
    (0..5).for_each(|job| processor.arrive(job, Duration::from_secs(100_000)));
    let manager = Manager::of(&[("lb1", lb1.address()), ("rs1", rs1.address())]);

    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let begun = Instant::now();
            while !over.load(Relaxed) {
                processor.advance(begun.elapsed(), |_, _| {});
                files.publish(begun.elapsed(), &processor).unwrap();
                thread::park_timeout(Duration::from_millis(50));
            }
        });
        let auto = manager.start(&["auto", "--interval", "0.5"]);
        let column = |column: &str| {
            let said = manager.run(&["get", "lb1", &format!("{column}.\"main\".\"web\".\"a\"")]);
            let mut number =
                said.out.split_whitespace().filter_map(|word| word.parse::<u32>().ok());
            number.next_back().ok_or(format!("{}{}", said.out, said.errors))
        };
        let found = eventually_or("others are known", || {
            column("lcServerOtherTasks").and_then(|others| match (450..=550).contains(&others) {
                true => Ok(()),
                false => Err(format!("{others}")),
            })
        });
        let service = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let measured = eventually_or("the capacity is measured", || {
            ask_many(service, 40, 2);
            column("lcServerCapacity").map(|_| ())
        });
        over.store(true, Relaxed);
        drop(auto);
        found.and(measured).unwrap();
    });
}

/// Like `eventually`, but the story goes on to stop its threads.
fn eventually_or(what: &str, mut is: impl FnMut() -> Result<(), String>) -> Result<(), String> {
    let end = Instant::now() + SOON;
    loop {
        match is() {
            Ok(()) => return Ok(()),
            Err(why) if Instant::now() > end => return Err(format!("in vain until {what}: {why}")),
            Err(_) => thread::park_timeout(Duration::from_millis(100)),
        }
    }
}
