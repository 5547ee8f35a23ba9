//! What happens on the stage, and when.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::path::PathBuf;
use std::pin::{Pin, pin};
use std::time::{Duration, Instant};
use std::{env, iter};

use lcms_snmp::Oid;
use load_cluster_mib::load_cluster_mib::lc_server;

use super::backend::Spec;
use super::clients::Tally;
use super::outcome::{Outcome, Phase, ServerOutcome, Totals, Weights};
use super::screen::{Line, Moment, Screen};
use super::stage::{DemoError, Stage};

/// What the watcher asks for.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How long the story takes.
    pub length: Duration,
    /// Whether everything keeps running after it, until somebody stops it.
    pub keep_running: bool,
}

/// The host that is killed.
const VICTIM: usize = 1;

/// Seconds over which the shares on the screen are taken.
const WINDOW: usize = 3;

/// How long the first scene takes. A server that gets more than it can do only
/// falls further behind.
const FIRST: Duration = Duration::from_secs(3);

/// A part of the story.
struct Scene {
    name: &'static str,
    sentence: &'static str,
    /// Its part of the time after the first scene, in twentieths.
    part: u32,
    begins_with: Turn,
}

/// What a scene begins with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Clients,
    Controller,
    Kill,
    Boot,
}

const SCENES: [Scene; 4] = [
    Scene {
        name: "equal",
        sentence: "Clients send requests. Every server has weight 50, whatever it can do: rs3 \
                   falls behind.",
        part: 0,
        begins_with: Turn::Clients,
    },
    Scene {
        name: "controlled",
        sentence: "The controller starts: it polls, measures what each server can do, and sets \
                   weights.",
        part: 9,
        begins_with: Turn::Controller,
    },
    Scene {
        name: "killed",
        sentence: "rs2 is killed, in the middle of its work: its share moves to the others.",
        part: 5,
        begins_with: Turn::Kill,
    },
    Scene {
        name: "back",
        sentence: "rs2 boots again: checks find it, and it gets its share back.",
        part: 6,
        begins_with: Turn::Boot,
    },
];

/// Plays the story, until its end or `stop`.
pub async fn run(
    options: Options,
    screen: &mut Screen,
    stop: impl Future<Output = ()>,
) -> Result<Outcome, DemoError> {
    let mut stop = pin!(stop);
    screen.say("Starting a director, three servers of unequal capacity, and an agent on each.");
    let stage = tokio::select! {
        stage = Stage::set() => stage?,
        () = &mut stop => return Ok(Outcome { interrupted: true, ..Outcome::default() }),
    };
    screen.say(&what_to_try(&stage));
    let mut play = Play::new(stage);
    let played = play.play(&options, screen, stop.as_mut()).await;
    let mut outcome = play.outcome().await;
    screen.say("Stopping everything.");
    // Whatever happened on the stage, it is cleared.
    let clean = play.stage.clear().await;
    outcome.interrupted = played?;
    if !clean {
        outcome.problems.push("not everything stopped cleanly".to_owned());
    }
    outcome.ok = outcome.problems.is_empty() && !outcome.interrupted;
    Ok(outcome)
}

/// A play under way.
struct Play {
    stage: Stage,
    begun: Instant,
    history: VecDeque<(Instant, Tally)>,
    weights: BTreeMap<String, Weights>,
    phases: Vec<Phase>,
    /// What was answered since the last scene had settled.
    settled: Tally,
}

impl Play {
    fn new(stage: Stage) -> Self {
        Self {
            stage,
            begun: Instant::now(),
            history: VecDeque::new(),
            weights: BTreeMap::new(),
            phases: Vec::new(),
            settled: Tally::default(),
        }
    }

    /// Plays all scenes; says whether it was stopped before the end.
    async fn play(
        &mut self,
        options: &Options,
        screen: &mut Screen,
        mut stop: Pin<&mut impl Future<Output = ()>>,
    ) -> Result<bool, DemoError> {
        self.begun = Instant::now();
        for (number, scene) in (1..).zip(&SCENES) {
            screen.say(&format!("\n{number}. {}\n", scene.sentence));
            let length = match scene.part {
                0 => FIRST,
                part => options.length.saturating_sub(FIRST) * part / 20,
            };
            if self.scene(scene, length, screen, stop.as_mut()).await? {
                return Ok(true);
            }
        }
        if options.keep_running {
            screen.say("\nEverything keeps running until Ctrl-C.\n");
            while !self.second(screen, stop.as_mut()).await? {}
        }
        Ok(false)
    }

    async fn scene(
        &mut self,
        scene: &Scene,
        length: Duration,
        screen: &mut Screen,
        mut stop: Pin<&mut impl Future<Output = ()>>,
    ) -> Result<bool, DemoError> {
        let (begun, before) = (Instant::now(), self.stage.clients.tally());
        let mut settled = None;
        match scene.begins_with {
            Turn::Clients => self.stage.start_clients(),
            Turn::Controller => self.stage.start_controller(),
            Turn::Kill => self.stage.kill(VICTIM).await,
            Turn::Boot => self.stage.boot(VICTIM).await?,
        }
        while begun.elapsed() < length {
            if self.second(screen, stop.as_mut()).await? {
                // Half a scene proves nothing.
                return Ok(true);
            }
            if begun.elapsed() >= length * 2 / 3 {
                settled.get_or_insert_with(|| self.stage.clients.tally());
            }
        }
        let tally = self.stage.clients.tally();
        let all = tally.since(&before);
        self.settled = tally.since(&settled.unwrap_or(before));
        let kills = scene.begins_with == Turn::Kill;
        let killed = kills.then(|| self.stage.errors(VICTIM));
        self.phases.push(Phase {
            name: scene.name,
            seconds: begun.elapsed().as_secs_f64(),
            shares: Phase::shares(&self.settled, &self.capacities()),
            requests: all.total(),
            errors: all.errors,
            controlled: scene.begins_with != Turn::Clients,
            killed,
        });
        Ok(false)
    }

    /// Lets a second pass and shows it; says whether it was the last.
    async fn second(
        &mut self,
        screen: &mut Screen,
        stop: Pin<&mut impl Future<Output = ()>>,
    ) -> Result<bool, DemoError> {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
            () = stop => return Ok(true),
        }
        self.weights = self.stage.weights().await?;
        self.history.push_back((Instant::now(), self.stage.clients.tally()));
        while self.history.len() > WINDOW + 1 {
            self.history.pop_front();
        }
        screen.show(&self.moment());
        Ok(false)
    }

    fn moment(&self) -> Moment {
        let (tally, seconds) = match (self.history.front(), self.history.back()) {
            (Some((from, first)), Some((to, last))) if to > from => {
                (last.since(first), to.duration_since(*from).as_secs_f64())
            }
            (_, Some((to, last))) => (last.clone(), to.duration_since(self.begun).as_secs_f64()),
            _ => (Tally::default(), 1.0),
        };
        let capacities = self.capacities();
        let total: f64 = capacities.iter().map(|(_, capacity)| capacity).sum();
        let line = |(at, spec): (usize, &Spec)| {
            let answered = tally.answered.get(&spec.name).copied().unwrap_or_default();
            let alive = self.stage.is_alive(at);
            Line {
                name: spec.name.clone(),
                capacity: spec.capacity(),
                alive,
                weights: self.weights.get(&spec.name).copied().unwrap_or_default(),
                rate: answered.count as f64 / seconds,
                share: tally.share(&spec.name),
                capacity_share: if alive { spec.capacity() / total } else { 0.0 },
                latency: answered.mean_latency(),
            }
        };
        Moment {
            time: self.begun.elapsed(),
            lines: self.stage.specs.iter().enumerate().map(line).collect(),
            errors: self.stage.clients.tally().errors,
            told: self.stage.told(),
        }
    }

    /// What each server can do now: nothing, once killed.
    fn capacities(&self) -> Vec<(String, f64)> {
        let capacity = |(at, spec): (usize, &Spec)| {
            let now = if self.stage.is_alive(at) { spec.capacity() } else { 0.0 };
            (spec.name.clone(), now)
        };
        self.stage.specs.iter().enumerate().map(capacity).collect()
    }

    async fn outcome(&self) -> Outcome {
        let tally = self.stage.clients.tally();
        let weights = self.stage.weights().await.unwrap_or_default();
        let round = self.stage.round().unwrap_or_default();
        let measured = |name: &str| {
            let servers = round.clusters.iter().flat_map(|cluster| &cluster.servers);
            servers.filter(|server| server.server.as_str() == name).find_map(|s| s.capacity)
        };
        let total: f64 = self.stage.specs.iter().map(Spec::capacity).sum();
        let server = |(at, spec): (usize, &Spec)| {
            let answered = tally.answered.get(&spec.name).copied().unwrap_or_default();
            ServerOutcome {
                name: spec.name.clone(),
                weight: weights.get(&spec.name).copied().unwrap_or_default(),
                share: self.settled.share(&spec.name),
                capacity: spec.capacity(),
                capacity_share: spec.capacity() / total,
                measured_capacity: measured(&spec.name),
                requests: answered.count,
                errors: self.stage.errors(at),
                mean_latency_ms: answered.mean_latency().map(|mean| mean.as_secs_f64() * 1000.0),
            }
        };
        Outcome {
            problems: self.phases.iter().flat_map(Phase::problems).collect(),
            seconds: self.begun.elapsed().as_secs_f64(),
            servers: self.stage.specs.iter().enumerate().map(server).collect(),
            totals: Totals::of(&tally, self.begun.elapsed()),
            phases: self.phases.clone(),
            ..Outcome::default()
        }
    }
}

/// Command lines for another terminal.
fn what_to_try(stage: &Stage) -> String {
    let manager = env::current_exe().unwrap_or_else(|_| PathBuf::from("lcms-manager"));
    let (inventory, agent) = (stage.inventory_file.display(), stage.network.agent(1));
    let table = lc_server::ENTRY.oid.split_last().map_or(&[][..], |(_, table)| table);
    let (modules, table) = match mib_modules() {
        Some(folder) => {
            (format!("-M +{} -m LOAD-CLUSTER-MIB ", folder.display()), "lcServerTable".to_owned())
        }
        None => (String::new(), Oid::new(table).map(|oid| oid.to_string()).unwrap_or_default()),
    };
    format!(
        "Try in another terminal, as long as this runs:\n  \
         {} --config {inventory} poll\n  \
         snmpwalk -v 2c -c {} {modules}{agent} {table}\n  \
         curl http://{}/",
        manager.display(),
        stage.folder.reader,
        stage.service(),
    )
}

/// The MIB's folder, where the program stands in a source tree.
fn mib_modules() -> Option<PathBuf> {
    let program = env::current_exe().ok()?;
    let here = env::current_dir().ok();
    let above = program.ancestors().map(PathBuf::from);
    iter::empty()
        .chain(here)
        .chain(above)
        .map(|folder| folder.join("mibs").join("modules"))
        .find(|folder| folder.join("LOAD-CLUSTER-MIB").is_file())
}
