//! Ends and beginnings of a director under load: how long nobody serves after a
//! kill, and how many requests reloads and upgrades cost.
//!
//! `cargo bench -p lcms-tests --bench lifecycle [-- --rounds 100]`

#![allow(clippy::panic, reason = "a party that cannot do its part ends the measurement")]

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};

use clap::Parser;
use lcms_tests::{
    agent::{Agent, director, free_port},
    backend::Backend,
    client::ask,
    eventually,
    load::Load,
};

#[derive(Parser)]
struct Options {
    /// How often each is done.
    #[arg(long, default_value_t = 100)]
    rounds: usize,

    /// Clients that ask meanwhile, a connection for each question.
    #[arg(long, default_value_t = 4)]
    clients: usize,

    /// What cargo says to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

struct Cluster {
    agent: Agent,
    service: SocketAddr,
    files: [String; 2],
    _backends: [Backend; 2],
}

fn main() {
    let Options { rounds, clients, .. } = Options::parse();
    kills(rounds.min(50));
    under_load("reloads", rounds, clients, |cluster, round| {
        cluster.agent.reconfigure(&cluster.files[round % 2]);
        let said = cluster.agent.reload();
        assert!(said.contains("its changes are in force"), "{said}");
        None::<()>
    });
    under_load("upgrades", rounds, clients, |cluster, _| Some(cluster.agent.take_over()));
}

fn cluster() -> Cluster {
    let backends = ["a", "b"].map(Backend::start);
    let port = free_port();
    let file = |weight| {
        let rows = [("a", backends[0].address(), weight), ("b", backends[1].address(), 1)];
        director(port, "wlc", &rows)
    };
    let files = [file(1), file(3)];
    let agent = Agent::start("lb1", &files[0]);
    let service = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    eventually("it serves", Duration::from_secs(10), || {
        ask(service).map(drop).map_err(|error| error.to_string())
    });
    Cluster { agent, service, files, _backends: backends }
}

/// From the start of the process after a kill to the first answer.
fn kills(rounds: usize) {
    let mut cluster = cluster();
    let mut times: Vec<Duration> = (0..rounds)
        .map(|_| {
            cluster.agent.kill();
            let began = Instant::now();
            cluster.agent.begin();
            while ask(cluster.service).is_err() {
                std::thread::yield_now();
            }
            let time = began.elapsed();
            cluster.agent.await_start();
            time
        })
        .collect();
    times.sort_unstable();
    let at = |permille: usize| times[(times.len() - 1) * permille / 1_000].as_secs_f64() * 1e3;
    println!(
        "after kill -9, {rounds} times: first answer after {:.1} ms (p50), {:.1} ms (p99), {:.1} \
         ms (most)",
        at(500),
        at(990),
        at(1_000)
    );
}

fn under_load<T>(
    what: &str,
    rounds: usize,
    clients: usize,
    mut round: impl FnMut(&mut Cluster, usize) -> Option<T>,
) {
    let mut cluster = cluster();
    let load = Load::start(cluster.service, clients);
    let began = Instant::now();
    let mut former = Vec::new();
    for number in 1..=rounds {
        former.extend(round(&mut cluster, number));
    }
    let time = began.elapsed();
    let asked = load.asked();
    let told = load.stop();
    println!(
        "{rounds} {what} in {:.1} s under load: {} of {asked} requests failed",
        time.as_secs_f64(),
        told.failures.len()
    );
}
