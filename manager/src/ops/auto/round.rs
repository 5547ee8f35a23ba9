//! One round of the control loop.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::future::Future;
use std::time::Duration;

use lcms_lb_core::model::{Name, PolicyKind, ServerId};
use serde::Serialize;
use tokio::task::JoinSet;

use super::lease::{Keeper, Step};
use super::look::{self, ClusterLook, DirectorLook};
use super::write::{self, Grant};
use super::{Event, conditions::Conditions, director::Director};
use crate::client::{Access, ClientError};
use crate::policy::{Decision, HostReading, Report};

/// A look at a director is given up after a second, or an interval if that is
/// longer; one at a host after half as much, so that a dead host does not make
/// the decisions about the living ones late.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);

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

impl Director {
    /// Looks, decides and writes.
    pub(super) async fn round(&mut self) -> Round {
        let mut round = Round::default();
        let mut conditions = Conditions::default();
        let look = self.look_at_director(&mut round, &mut conditions).await;
        let (restarted, clusters) = self.choose(look).await;
        let hosts = self.look_at_hosts(&clusters, &mut round, &mut conditions).await;
        self.learn(&clusters, hosts);
        if round.unreachable.is_empty() {
            self.forget_others(&clusters);
        }
        let mut reported = BTreeSet::new();
        for cluster in &clusters {
            self.control(restarted, cluster, &mut reported, &mut round, &mut conditions).await;
        }
        round.interval = self.interval(&clusters);
        round.events.extend(self.conditions.turn(conditions));
        round
    }

    async fn look_at_director(
        &mut self,
        round: &mut Round,
        conditions: &mut Conditions,
    ) -> Option<DirectorLook> {
        let (name, patience) = (self.name, self.patience());
        let look = match self.target(name, Access::Write).await {
            Ok(target) => {
                let client = self.common.client.clone();
                let look = async move { look::director(&client, &target).await };
                within(patience, look).await.map_err(|what| {
                    format!("{what}; its weights stay as they are until it answers")
                })
            }
            Err(what) => Err(what),
        };
        match look {
            Ok(look) => Some(look),
            Err(what) => {
                self.say(None);
                self.not_reached(name, what, round, conditions);
                None
            }
        }
    }

    /// The clusters to control, with the word whether the director has come up anew.
    async fn choose(&mut self, look: Option<DirectorLook>) -> (bool, Vec<ClusterLook>) {
        let Some(DirectorLook { uptime, mut clusters }) = look else { return (false, Vec::new()) };
        let before = uptime.and_then(|now| self.uptime.replace(now));
        let restarted = before.zip(uptime).is_some_and(|(before, now)| now < before);
        let options = &self.common.options;
        clusters.retain(|cluster| {
            let wanted = options.clusters.is_empty() || options.clusters.contains(&cluster.name);
            wanted && cluster.active_director.is_none_or(|active| active == self.name)
        });
        let names: BTreeSet<Name> = clusters.iter().map(|cluster| cluster.name).collect();
        self.say(Some(names.clone()));
        let own = self.own(&names).await;
        clusters.retain(|cluster| own.contains(&cluster.name));
        if let Some(window) = options.window {
            let services = clusters.iter_mut().flat_map(|cluster| &mut cluster.services);
            services.for_each(|service| service.settings.window = window);
        }
        (restarted, clusters)
    }

    async fn look_at_hosts(
        &mut self,
        clusters: &[ClusterLook],
        round: &mut Round,
        conditions: &mut Conditions,
    ) -> Vec<(Name, HostReading)> {
        let names: BTreeSet<Name> = clusters.iter().flat_map(ClusterLook::hosts).collect();
        let patience = self.patience() / 2;
        let mut looks = Looks::new();
        for name in names {
            match self.target(name, Access::Read).await {
                Ok(target) => {
                    let client = self.common.client.clone();
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

    fn learn(&mut self, clusters: &[ClusterLook], readings: Vec<(Name, HostReading)>) {
        let now = self.begun.elapsed();
        for (name, reading) in readings {
            self.controller.observe_host(now, name, reading);
        }
        for service in clusters.iter().flat_map(|cluster| &cluster.services) {
            self.controller.observe_servers(now, service);
        }
    }

    /// Forgets rows that are gone. What a director in distress had is kept.
    fn forget_others(&mut self, clusters: &[ClusterLook]) {
        let services = || clusters.iter().flat_map(|cluster| &cluster.services);
        let hosts = clusters.iter().flat_map(ClusterLook::hosts).collect();
        let servers: BTreeSet<ServerId> = services()
            .flat_map(|service| service.servers.iter().map(|s| service.id.server(s.name)))
            .collect();
        self.controller.retain(&hosts, &servers);
        self.frozen.retain(|server| servers.contains(server));
        self.decided.retain(|id, _| services().any(|service| service.id == *id));
    }

    async fn control(
        &mut self,
        restarted: bool,
        cluster: &ClusterLook,
        reported: &mut BTreeSet<Name>,
        round: &mut Round,
        conditions: &mut Conditions,
    ) {
        let (now, director) = (self.begun.elapsed(), self.name);
        let grant = match self.common.options.dry_run {
            true => None,
            false => match self.step(restarted, cluster) {
                Step::Acquire { term, seconds } => {
                    Some(Grant { acquire: true, term, seconds, cluster: cluster.name })
                }
                Step::Use { term, seconds } => {
                    Some(Grant { acquire: false, term, seconds, cluster: cluster.name })
                }
                Step::Wait(wait) => {
                    let event = Event::Waiting { cluster: cluster.name, director, wait };
                    conditions.insert(cluster.name.to_string(), event);
                    round.clusters.push(self.cluster_round(cluster, false, &[]));
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
                &self.common.client,
                &target,
                &self.common.options.owner,
                grant,
                &reports,
                &decisions,
            )
            .await;
            if let Some(keeper) = self.keepers.get_mut(&cluster.name)
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
                let what = write::advice(director, &error);
                conditions.trouble(cluster.name.to_string(), what);
            }
        }
        self.tell_decisions(&decisions, &written, round);
        round.clusters.push(self.cluster_round(cluster, control, &decisions));
        round.decisions.extend(decisions);
    }

    fn step(&mut self, restarted: bool, cluster: &ClusterLook) -> Step {
        let now = self.begun.elapsed();
        let interval = self.common.options.interval.unwrap_or_else(|| interval_of(cluster));
        let owner = &self.common.options.owner;
        self.keepers.entry(cluster.name).or_insert_with(|| Keeper::new(owner.clone())).step(
            now,
            &cluster.lease,
            interval,
            restarted,
        )
    }

    fn decide(&mut self, now: Duration, cluster: &ClusterLook) -> Vec<Decision> {
        let mut decisions = Vec::new();
        for service in &cluster.services {
            let interval = self.common.options.interval.unwrap_or(service.settings.interval);
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
        ClusterRound { cluster: cluster.name, director: self.name, in_control, servers }
    }

    fn interval(&self, clusters: &[ClusterLook]) -> Duration {
        let shortest = || clusters.iter().map(interval_of).min();
        self.common.options.interval.or_else(shortest).unwrap_or(PATIENCE)
    }

    fn patience(&self) -> Duration {
        self.common.options.interval.unwrap_or_default().max(PATIENCE)
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
        conditions.trouble(name.to_string(), what);
    }
}

/// The shortest interval among a cluster's services.
fn interval_of(cluster: &ClusterLook) -> Duration {
    let following = cluster.services.iter().map(|service| &service.settings);
    let dynamic = following.filter(|settings| settings.kind != PolicyKind::Static);
    dynamic.map(|settings| settings.interval).min().unwrap_or(PATIENCE)
}

/// What a look finds in this time, or why it does not.
pub(super) async fn within<T, E: Display>(
    patience: Duration,
    look: impl Future<Output = Result<T, E>>,
) -> Result<T, String> {
    match tokio::time::timeout(patience, look).await {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err(format!("no answer within {} ms", patience.as_millis())),
    }
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
        self.tasks.spawn(async move { (name, within(patience, look).await) });
    }

    async fn join(self) -> Vec<(Name, Result<T, String>)> {
        self.tasks.join_all().await
    }
}
