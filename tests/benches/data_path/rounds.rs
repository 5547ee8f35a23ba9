//! The measurements, one after the other.

use std::path::{Path, PathBuf};

use serde::Serialize;
use tokio::{io::AsyncReadExt, process::Child};

use crate::{
    contender::{Peer, Running},
    failure::Failure,
    figure::{Figure, Outcome},
    network::{Network, Place},
    options::Options,
    party,
};

/// One measurement.
#[derive(Clone, Debug, Serialize)]
pub struct Measured {
    pub round: usize,
    pub figure: Figure,
    pub peer: Peer,
    /// Threads of the director.
    pub threads: u8,
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// Where director and everybody else run.
struct Placement {
    director: &'static [usize],
    others: &'static [usize],
}

fn placement(figure: Figure, threads: u8) -> Placement {
    match (figure, threads) {
        // To wake another processor of a virtual machine takes longer than all
        // that a director does with a request, and says nothing about it.
        (Figure::Latency, _) => Placement { director: &[1], others: &[1] },
        (_, 1) => Placement { director: &[0], others: &[1] },
        _ => Placement { director: &[0, 1], others: &[0, 1] },
    }
}

/// All of it.
pub async fn run(options: &Options) -> Result<Vec<Measured>, Failure> {
    let agent = agent(options)?;
    let network = Network::make()?;
    let mut all = Vec::new();
    for round in 0..options.rounds() {
        for &figure in &options.only {
            for &threads in &options.threads {
                for &peer in options.peers.iter().filter(|peer| peer.takes_part(figure)) {
                    let outcome = measure(peer, threads, figure, &network, &agent, options).await?;
                    let measured = Measured { round, figure, peer, threads, outcome };
                    eprintln!("{measured}");
                    all.push(measured);
                }
            }
        }
    }
    Ok(all)
}

async fn measure(
    peer: Peer,
    threads: u8,
    figure: Figure,
    network: &Network,
    agent: &Path,
    options: &Options,
) -> Result<Outcome, Failure> {
    let Placement { director, others } = placement(figure, threads);
    let oneself = party::oneself()?;
    let mut servers =
        party::start(network, Place::Servers, others, &oneself, &["serve".to_owned()])?;
    let mut running = Running::start(peer, threads, network, director, agent)?;
    let target = running.target();
    let mut arguments = vec!["load".to_owned(), figure.to_string(), target.to_string()];
    arguments.push(format!("--seconds={}", options.window().as_secs_f64()));
    arguments.extend(running.process().map(|process| format!("--watch={process}")));
    let mut load = match figure {
        Figure::Latency => {
            party::start_behind(network, Place::Client, others, &oneself, &arguments)?
        }
        _ => party::start(network, Place::Client, others, &oneself, &arguments)?,
    };
    let outcome = tokio::select! {
        outcome = outcome(&mut load) => outcome?,
        failure = died("servers", Some(&mut servers)) => return Err(failure),
        failure = died(peer.name(), running.child()) => return Err(failure),
    };
    running.end().await;
    let _ = servers.kill().await;
    Ok(outcome)
}

/// What the load generator writes.
async fn outcome(load: &mut Child) -> Result<Outcome, Failure> {
    let (line, said) = output(load).await;
    serde_json::from_str(&line).map_err(|_| Failure::Party { party: "load".to_owned(), said })
}

/// Waits for a party that should not end; forever if there is none.
async fn died(party: &str, child: Option<&mut Child>) -> Failure {
    match child {
        None => std::future::pending().await,
        Some(child) => {
            let (_, said) = output(child).await;
            Failure::Party { party: party.to_owned(), said }
        }
    }
}

/// Both outputs of a party, up to its end.
async fn output(child: &mut Child) -> (String, String) {
    let (mut out, mut error) = (String::new(), String::new());
    if let (Some(from), Some(errors_from)) = (&mut child.stdout, &mut child.stderr) {
        // What was said is for people, and may be cut short.
        let _ = tokio::join!(from.read_to_string(&mut out), errors_from.read_to_string(&mut error));
    }
    let _ = child.wait().await;
    (out, error.trim().to_owned())
}

/// The agent beside this program: `target/release/deps/data_path-…`.
fn agent(options: &Options) -> Result<PathBuf, Failure> {
    let path = match &options.agent {
        Some(path) => path.clone(),
        None => {
            let oneself = party::oneself()?;
            let folder = oneself.parent().and_then(Path::parent);
            folder.unwrap_or(Path::new(".")).join("lcms-agent")
        }
    };
    if path.exists() { Ok(path) } else { Err(Failure::NotBuilt(path.display().to_string())) }
}
