//! One round of the control loop.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::mem;
use std::time::Duration;

use lcms_lb_core::model::{Name, PolicyKind, ServerId};
use serde::Serialize;
use tokio::task::JoinSet;

use super::lease::{Keeper, Step};
use super::look::{self, ClusterLook, DirectorLook};
use super::write::{self, Grant};
use super::{Auto, Event};
use crate::client::{Access, ClientError};
use crate::policy::{Decision, HostReading, Report};

/// A look at a director is given up after a second, or an interval if that is
/// longer; one at a host after half as much, so that a dead host does not make
/// the decisions about the living ones late.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is not as it should be, by the node or cluster it is about.
pub(super) type Conditions = BTreeMap<String, Event>;

/// What became of a round.
#[derive(Clone, Debug, Default)]
pub struct Round {
    /// What is worth telling.
    pub events: Vec<Event>,
    /// Every decision, also those that change nothing.
    pub decisions: Vec<Decision>,
    /// The clusters looked at.
    pub clusters: Vec<ClusterRound>,
    /// Nodes that could not be looked at.
    pub unreachable: BTreeSet<Name>,
    /// Whether something that was decided could not be written.
    pub refused: bool,
    /// Time to the next round.
    pub interval: Duration,
}

/// A cluster in a round.
#[derive(Clone, Debug, Serialize)]
pub struct ClusterRound {
    /// Its name.
    pub cluster: Name,
    /// Who directs it.
    pub director: Name,
    /// Whether its lease is ours.
    pub in_control: bool,
    /// Its servers.
    pub servers: Vec<ServerRound>,
}

impl ClusterRound {
    /// The names of its servers.
    pub fn servers(&self) -> impl Iterator<Item = ServerId> {
        let cluster = self.cluster;
        self.servers.iter().map(move |row| ServerId {
            cluster,
            service: row.service,
            server: row.server,
        })
    }
}

/// A server in a round.
#[derive(Clone, Debug, Serialize)]
pub struct ServerRound {
    /// Its service.
    pub service: Name,
    /// Its name.
    pub server: Name,
    /// The operator's weight.
    pub configured: u32,
    /// The controller's weight, after this round.
    pub dynamic: Option<u32>,
    /// The weight the director used at the beginning of this round.
    pub effective: Option<u32>,
    /// Whether it can serve.
    pub up: bool,
    /// Whether its weight is frozen.
    pub frozen: bool,
    /// Connections a second it could complete, as far as it is known.
    pub capacity: Option<f64>,
}

impl Auto {
    /// Looks, decides and writes.
    pub async fn round(&mut self) -> Round {
        let mut round = Round::default();
        let mut conditions = Conditions::new();

        let directors = self.look_at_directors(&mut round, &mut conditions).await;
        let clusters = self.choose(directors);
        self.miss(&clusters, &round, &mut conditions);
        let hosts = self.look_at_hosts(&clusters, &mut round, &mut conditions).await;
        self.learn(&clusters, hosts);
        if round.unreachable.is_empty() {
            self.forget_others(&clusters);
        }

        let mut reported = BTreeSet::new();
        for (director, restarted, cluster) in &clusters {
            self.control(
                *director,
                *restarted,
                cluster,
                &mut reported,
                &mut round,
                &mut conditions,
            )
            .await;
        }
        round.interval = self.interval(&clusters);
        self.tell_conditions(&mut round, conditions);
        round
    }

    async fn look_at_directors(
        &mut self,
        round: &mut Round,
        conditions: &mut Conditions,
    ) -> Vec<(Name, DirectorLook)> {
        let names: Vec<Name> = self.inventory.directors().map(|node| node.name).collect();
        let patience = self.patience();
        let mut looks = Looks::new();
        for name in &names {
            match self.target(*name, Access::Write).await {
                Ok(target) => {
                    let client = self.client.clone();
                    looks.spawn(
                        *name,
                        patience,
                        async move { look::director(&client, &target).await },
                    );
                }
                Err(what) => self.not_reached(*name, what, round, conditions),
            }
        }
        let mut found = BTreeMap::new();
        for (name, result) in looks.join().await {
            match result {
                Ok(look) => drop(found.insert(name, look)),
                Err(what) => {
                    let what = format!("{what}; its weights stay as they are until it answers");
                    self.not_reached(name, what, round, conditions);
                }
            }
        }
        // In the inventory's order: the first director of a cluster is it.
        names.into_iter().filter_map(|name| Some((name, found.remove(&name)?))).collect()
    }

    /// The clusters to control, each on one director, with the word whether
    /// that has come up anew.
    fn choose(&mut self, directors: Vec<(Name, DirectorLook)>) -> Vec<(Name, bool, ClusterLook)> {
        let mut chosen: Vec<(Name, bool, ClusterLook)> = Vec::new();
        for (director, look) in directors {
            let before = look.uptime.and_then(|now| self.uptimes.insert(director, now));
            let restarted = before.zip(look.uptime).is_some_and(|(before, now)| now < before);
            for cluster in look.clusters {
                let wanted = self.options.clusters.is_empty()
                    || self.options.clusters.contains(&cluster.name);
                let directs = cluster.active_director.is_none_or(|active| active == director);
                let known = chosen.iter().any(|(_, _, other)| other.name == cluster.name);
                if wanted && directs && !known {
                    chosen.push((director, restarted, cluster));
                }
            }
        }
        if let Some(window) = self.options.window {
            let services = chosen.iter_mut().flat_map(|(_, _, cluster)| &mut cluster.services);
            services.for_each(|service| service.settings.window = window);
        }
        chosen
    }

    /// Clusters that are asked for and not there.
    fn miss(
        &self,
        clusters: &[(Name, bool, ClusterLook)],
        round: &Round,
        conditions: &mut Conditions,
    ) {
        // A director that does not answer is told of already.
        if !round.unreachable.is_empty() {
            return;
        }
        let mut tell = |about: String, what: &str| {
            let what = what.to_owned();
            conditions.insert(about.clone(), Event::Trouble { about, what });
        };
        for name in &self.options.clusters {
            if !clusters.iter().any(|(_, _, cluster)| cluster.name == *name) {
                tell(name.to_string(), "no director of the inventory has a cluster of this name");
            }
        }
        if clusters.is_empty() && self.options.clusters.is_empty() {
            tell("inventory".to_owned(), "no director of it has a cluster");
        }
    }

    async fn look_at_hosts(
        &mut self,
        clusters: &[(Name, bool, ClusterLook)],
        round: &mut Round,
        conditions: &mut Conditions,
    ) -> Vec<(Name, HostReading)> {
        let names: BTreeSet<Name> = clusters.iter().flat_map(|(_, _, c)| c.hosts()).collect();
        let patience = self.patience() / 2;
        let mut looks = Looks::new();
        for name in names {
            match self.target(name, Access::Read).await {
                Ok(target) => {
                    let client = self.client.clone();
                    looks.spawn(
                        name,
                        patience,
                        async move { look::host(&client, &target, name).await },
                    );
                }
                Err(what) => self.not_reached(name, what, round, conditions),
            }
        }
        let mut readings = Vec::new();
        for (name, result) in looks.join().await {
            match result {
                Ok(Some(reading)) => readings.push((name, reading)),
                Ok(None) => {
                    let what = "its agent has no load figures; is the node's name in the \
                                inventory the agent's own?";
                    self.not_reached(name, what.to_owned(), round, conditions);
                }
                Err(what) => {
                    let what = format!("{what}; weights of its servers freeze until it answers");
                    self.not_reached(name, what, round, conditions);
                }
            }
        }
        readings
    }

    fn learn(
        &mut self,
        clusters: &[(Name, bool, ClusterLook)],
        readings: Vec<(Name, HostReading)>,
    ) {
        let now = self.begun.elapsed();
        for (name, reading) in readings {
            self.controller.observe_host(now, name, reading);
        }
        for service in clusters.iter().flat_map(|(_, _, cluster)| &cluster.services) {
            self.controller.observe_servers(now, service);
        }
    }

    /// Forgets rows that are gone. What a director in distress had is kept.
    fn forget_others(&mut self, clusters: &[(Name, bool, ClusterLook)]) {
        let services = || clusters.iter().flat_map(|(_, _, cluster)| &cluster.services);
        let hosts = clusters.iter().flat_map(|(_, _, cluster)| cluster.hosts()).collect();
        let servers: BTreeSet<ServerId> = services()
            .flat_map(|service| service.servers.iter().map(|s| service.id.server(s.name)))
            .collect();
        self.controller.retain(&hosts, &servers);
        self.frozen.retain(|server| servers.contains(server));
        self.decided.retain(|id, _| services().any(|service| service.id == *id));
    }

    async fn control(
        &mut self,
        director: Name,
        restarted: bool,
        cluster: &ClusterLook,
        reported: &mut BTreeSet<Name>,
        round: &mut Round,
        conditions: &mut Conditions,
    ) {
        let now = self.begun.elapsed();
        let grant = match self.options.dry_run {
            true => None,
            false => match self.step(director, restarted, cluster) {
                Step::Acquire { term, seconds } => {
                    Some(Grant { acquire: true, term, seconds, cluster: cluster.name })
                }
                Step::Use { term, seconds } => {
                    Some(Grant { acquire: false, term, seconds, cluster: cluster.name })
                }
                Step::Wait(wait) => {
                    let event = Event::Waiting { cluster: cluster.name, director, wait };
                    conditions.insert(cluster.name.to_string(), event);
                    round.clusters.push(self.cluster_round(director, cluster, false, &[]));
                    return;
                }
            },
        };

        let decisions = self.decide(now, cluster);
        let mut control = grant.is_some();
        let mut written = BTreeSet::new();
        if let (Some(grant), Some(target)) = (&grant, self.targets.get(&director).cloned()) {
            let reports = self.reports(now, cluster, reported);
            let outcome = write::round(
                &self.client,
                &target,
                &self.options.owner,
                grant,
                &reports,
                &decisions,
            )
            .await;
            if let Some(keeper) = self.keepers.get_mut(&(director, cluster.name))
                && outcome.granted
            {
                keeper.granted(self.begun.elapsed(), grant.seconds);
                if grant.acquire {
                    let Grant { term, seconds, .. } = *grant;
                    let cluster = cluster.name;
                    round.events.push(Event::Acquired { cluster, director, term, seconds });
                }
            }
            written = outcome.written;
            control = outcome.error.is_none();
            if let Some(error) = outcome.error {
                round.refused = true;
                let about = cluster.name.to_string();
                let what = write::advice(director, &error);
                conditions.insert(about.clone(), Event::Trouble { about, what });
            }
        }
        self.tell_decisions(&decisions, &written, round);
        round.clusters.push(self.cluster_round(director, cluster, control, &decisions));
        round.decisions.extend(decisions);
    }

    fn step(&mut self, director: Name, restarted: bool, cluster: &ClusterLook) -> Step {
        let now = self.begun.elapsed();
        let interval = self.options.interval.unwrap_or_else(|| interval_of(cluster));
        let owner = &self.options.owner;
        self.keepers
            .entry((director, cluster.name))
            .or_insert_with(|| Keeper::new(owner.clone()))
            .step(now, &cluster.lease, interval, restarted)
    }

    fn decide(&mut self, now: Duration, cluster: &ClusterLook) -> Vec<Decision> {
        let mut decisions = Vec::new();
        for service in &cluster.services {
            let interval = self.options.interval.unwrap_or(service.settings.interval);
            let last = self.decided.get(&service.id);
            // Rounds come a little late or early; a tenth is no reason to miss one.
            let due = last.is_none_or(|last| now >= *last + interval.mul_f64(0.9));
            if due {
                self.decided.insert(service.id, now);
                decisions.extend(self.controller.decide(now, service));
            }
        }
        decisions
    }

    /// Reports on the cluster's hosts that were looked at in this round and
    /// not reported yet.
    fn reports(
        &self,
        now: Duration,
        cluster: &ClusterLook,
        reported: &mut BTreeSet<Name>,
    ) -> Vec<(Name, Report)> {
        let mut reports = Vec::new();
        for service in &cluster.services {
            for host in service.servers.iter().filter_map(|server| server.host) {
                let report = self.controller.report(now, host, service.settings.stale_limit);
                if let Some(report) = report
                    && reported.insert(host)
                {
                    reports.push((host, report));
                }
            }
        }
        reports
    }

    fn tell_decisions(
        &mut self,
        decisions: &[Decision],
        written: &BTreeSet<ServerId>,
        round: &mut Round,
    ) {
        for decision in decisions {
            let froze = match decision.frozen {
                true => self.frozen.insert(decision.server),
                false => {
                    self.frozen.remove(&decision.server);
                    false
                }
            };
            if froze || decision.change().is_some() {
                let written = written.contains(&decision.server);
                round.events.push(Event::Decision { decision: decision.clone(), written });
            }
        }
    }

    fn cluster_round(
        &self,
        director: Name,
        cluster: &ClusterLook,
        in_control: bool,
        decisions: &[Decision],
    ) -> ClusterRound {
        let mut servers = Vec::new();
        for service in &cluster.services {
            for server in &service.servers {
                let id = service.id.server(server.name);
                let decision = decisions.iter().find(|decision| decision.server == id);
                let decided = decision.filter(|_| in_control).and_then(|decision| decision.weight);
                servers.push(ServerRound {
                    service: service.id.service,
                    server: server.name,
                    configured: server.configured,
                    dynamic: decided.or(server.dynamic),
                    effective: cluster.effective.get(&(service.id.service, server.name)).copied(),
                    up: server.up,
                    frozen: self.frozen.contains(&id),
                    capacity: self.controller.capacity(id),
                });
            }
        }
        ClusterRound { cluster: cluster.name, director, in_control, servers }
    }

    fn interval(&self, clusters: &[(Name, bool, ClusterLook)]) -> Duration {
        let shortest = || clusters.iter().map(|(_, _, cluster)| interval_of(cluster)).min();
        self.options.interval.or_else(shortest).unwrap_or(PATIENCE)
    }

    fn patience(&self) -> Duration {
        self.options.interval.unwrap_or_default().max(PATIENCE)
    }

    fn not_reached(
        &mut self,
        name: Name,
        what: String,
        round: &mut Round,
        conditions: &mut Conditions,
    ) {
        // Its address may have changed.
        self.targets.remove(&name);
        round.unreachable.insert(name);
        let about = name.to_string();
        conditions.insert(about.clone(), Event::Trouble { about, what });
    }

    /// Tells what is new of the conditions, and which ones are over.
    fn tell_conditions(&mut self, round: &mut Round, conditions: Conditions) {
        let before = mem::replace(&mut self.conditions, conditions);
        for (about, event) in &before {
            // The end of a wait tells itself: the lease is acquired.
            let trouble = matches!(event, Event::Trouble { .. });
            if trouble && !self.conditions.contains_key(about) {
                round.events.push(Event::Recovered { about: about.clone() });
            }
        }
        for (about, event) in &self.conditions {
            if !before.get(about).is_some_and(|before| before.same_matter(event)) {
                round.events.push(event.clone());
            }
        }
    }
}

/// The shortest interval among a cluster's services.
fn interval_of(cluster: &ClusterLook) -> Duration {
    let following = cluster.services.iter().map(|service| &service.settings);
    let dynamic = following.filter(|settings| settings.kind != PolicyKind::Static);
    dynamic.map(|settings| settings.interval).min().unwrap_or(PATIENCE)
}

/// Looks under way, each with its own deadline.
struct Looks<T> {
    tasks: JoinSet<(Name, Result<T, String>)>,
}

impl<T: Send + 'static> Looks<T> {
    fn new() -> Self {
        Self { tasks: JoinSet::new() }
    }

    fn spawn(
        &mut self,
        name: Name,
        patience: Duration,
        look: impl Future<Output = Result<T, ClientError>> + Send + 'static,
    ) {
        self.tasks.spawn(async move {
            let result = match tokio::time::timeout(patience, look).await {
                Ok(result) => result.map_err(|error| error.to_string()),
                Err(_) => Err(format!("no answer within {} ms", patience.as_millis())),
            };
            (name, result)
        });
    }

    async fn join(self) -> Vec<(Name, Result<T, String>)> {
        self.tasks.join_all().await
    }
}
