//! The measurements, one after the other.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use serde::Serialize;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{ChildStdin, ChildStdout},
    time::timeout,
};

use crate::{
    contender::{Contender, Peer},
    failure::Failure,
    figure::{Figure, Outcome},
    network::{Network, PORT, Place},
    options::Options,
    party::{self, Party, Spot},
};

/// Beyond its window, what a slice may take: to wait for first replies, say.
const SLACK: Duration = Duration::from_secs(30);

/// One measurement.
#[derive(Clone, Debug, Serialize)]
pub struct Measured {
    pub round: usize,
    pub slice: usize,
    pub figure: Figure,
    pub peer: Peer,
    /// Threads of the director.
    pub threads: u8,
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// Where the director runs, and where everybody else.
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
    let peers = present(options);
    let network = Network::make()?;
    let mut all = Vec::new();
    for round in 0..options.rounds() {
        for &figure in &options.only {
            for &threads in &options.threads {
                let mut stage =
                    Stage::set_up(figure, threads, &peers, &network, &agent, options).await?;
                for slice in 0..options.slices(figure) {
                    for (peer, outcome) in stage.play(slice).await? {
                        all.push(Measured { round, slice, figure, peer, threads, outcome });
                    }
                }
                stage.strike().await;
                eprintln!("data_path: round {}: {figure}, threads: {threads}", round + 1);
            }
        }
    }
    Ok(all)
}

/// The servers, all contenders, and the clients of each, for one figure.
struct Stage {
    servers: Party,
    acts: Vec<Act>,
}

struct Act {
    contender: Contender,
    load: Load,
}

impl Stage {
    async fn set_up(
        figure: Figure,
        threads: u8,
        peers: &[Peer],
        network: &Network,
        agent: &Path,
        options: &Options,
    ) -> Result<Self, Failure> {
        let Placement { director, others } = placement(figure, threads);
        let spot = |place, processors| Spot { network, place, processors };
        let serve = ["serve".to_owned()];
        let servers =
            Party::start("servers", spot(Place::Servers, others), &party::oneself()?, &serve)?;
        let mut stage = Self { servers, acts: Vec::new() };
        let chosen = peers.iter().filter(|peer| peer.takes_part(figure));
        for (&peer, port) in chosen.zip(PORT + 1..) {
            let place = spot(Place::Director, director);
            let contender = Contender::start(peer, threads, port, place, agent)?;
            let load = Load::start(figure, &contender, spot(Place::Client, others), options)?;
            stage.acts.push(Act { contender, load });
            // The next one starts when this one is at rest.
            let place = stage.acts.len() - 1;
            if stage.acts[place].load.is_ready().await.is_none() {
                return Err(stage.failure(place));
            }
        }
        Ok(stage)
    }

    async fn play(&mut self, slice: usize) -> Result<Vec<(Peer, Outcome)>, Failure> {
        // There and back again: nobody always comes first.
        let count = self.acts.len();
        let mut outcomes = Vec::new();
        for place in 0..count {
            let place = if slice.is_multiple_of(2) { place } else { count - 1 - place };
            let Some(act) = self.acts.get_mut(place) else { continue };
            match act.load.slice().await {
                Some(outcome) => outcomes.push((act.contender.peer, outcome)),
                None => return Err(self.failure(place)),
            }
        }
        Ok(outcomes)
    }

    /// Why the clients of a contender got nowhere.
    fn failure(&mut self, place: usize) -> Failure {
        let act = &mut self.acts[place];
        let director = act.contender.party.as_mut();
        // Who ended by itself is to blame, rather than those who missed it.
        let culprit = director
            .into_iter()
            .chain([&mut self.servers])
            .find_map(|party| party.has_ended().then(|| party.failure()));
        culprit.unwrap_or_else(|| act.load.party.failure())
    }

    async fn strike(self) {
        for Act { contender, load } in self.acts {
            load.party.end().await;
            if let Some(director) = contender.party {
                director.end().await;
            }
        }
        self.servers.end().await;
    }
}

/// The clients of a contender.
struct Load {
    party: Party,
    orders: ChildStdin,
    lines: BufReader<ChildStdout>,
    patience: Duration,
}

impl Load {
    fn start(
        figure: Figure,
        contender: &Contender,
        spot: Spot<'_>,
        options: &Options,
    ) -> Result<Self, Failure> {
        let oneself = party::oneself()?;
        let mut arguments =
            vec!["load".to_owned(), figure.to_string(), contender.target.to_string()];
        arguments.push(format!("--seconds={}", options.slice().as_secs_f64()));
        let watched = contender.party.as_ref().and_then(Party::process);
        arguments.extend(watched.map(|process| format!("--watch={process}")));
        let mut party = if figure == Figure::Latency {
            // It polls without end, and gives way to all that has work to do.
            let mut idle = vec!["--idle".to_owned(), "0".to_owned(), oneself.display().to_string()];
            idle.extend(arguments);
            Party::start("load", spot, Path::new("chrt"), &idle)
        } else {
            Party::start("load", spot, &oneself, &arguments)
        }?;
        let (orders, lines) = party.pipes().ok_or(Failure::Interrupted)?;
        let patience = options.slice() + SLACK;
        Ok(Self { party, orders, lines: BufReader::new(lines), patience })
    }

    /// Waits until it has had its first replies; `None` if it never does.
    async fn is_ready(&mut self) -> Option<()> {
        self.line().await.map(drop)
    }

    /// One slice of load; `None` if it fails as a whole.
    async fn slice(&mut self) -> Option<Outcome> {
        self.orders.write_all(b"\n").await.ok()?;
        serde_json::from_str(&self.line().await?).ok()
    }

    async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = timeout(self.patience, self.lines.read_line(&mut line)).await.ok()?.ok()?;
        (read > 0).then_some(line)
    }
}

/// The agent to measure, as the sources are now unless somebody names one.
fn agent(options: &Options) -> Result<PathBuf, Failure> {
    if let Some(path) = &options.agent {
        return Ok(path.clone());
    }
    if let Some(cargo) = env::var_os("CARGO") {
        let build = Command::new(cargo).args(["build", "--release", "-p", "lcms-agent"]).status();
        if !build.is_ok_and(|status| status.success()) {
            return Err(Failure::NotBuilt);
        }
    }
    // This program is `target/release/deps/data_path-…`.
    let oneself = party::oneself()?;
    let folder = oneself.parent().and_then(Path::parent);
    let path = folder.map(|folder| folder.join("lcms-agent"));
    path.filter(|path| path.exists()).ok_or(Failure::NotBuilt)
}

/// Of those who are to take part, the ones that are installed. Whoever is not
/// is named.
fn present(options: &Options) -> Vec<Peer> {
    let chosen = Peer::ALL.into_iter().filter(|peer| options.peers.contains(peer));
    let (present, missing): (Vec<_>, Vec<_>) = chosen.partition(|peer| peer.is_installed());
    for peer in missing {
        eprintln!("data_path: {peer} is not installed and steps aside");
    }
    present
}
