//! `why`: what makes the weight of each server what it is.
//!
//! All of it is the director's word: its rows say which weight is in force and what
//! decided it, the policy's row between which bounds a controller moves, the lease's
//! who that is, and the reports' rows how old its figures are.

mod explain;

use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};

use lcms_lb_core::model::{
    AdminState, Name, OperState, PolicyKind, Scheduler, WeightMode, WeightSource,
};
use load_cluster_mib::load_cluster_mib::{
    lc_cluster::{self, LcCluster},
    lc_host_report::{self, LcHostReport},
    lc_policy::{self, LcPolicy},
    lc_server::{self, LcServer},
    lc_service::{self, LcService},
};
use serde::Serialize;

use super::{
    Doing, Kind, OpError, RowName,
    auto::{POLICY, settings},
    commit::failed,
    locate::{Located, find_all},
    variable::date,
};
use crate::{
    client::{Access, Client, ClientError, Target, target},
    inventory::{Inventory, Node},
    path::RowPath,
    policy::Settings,
    poll::{Lease, label, text as said},
};

/// Servers of a cluster and their weights.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Why {
    /// The cluster.
    pub cluster: String,
    /// On whose agent.
    pub node: String,
    /// Who controls dynamic weights at present.
    pub lease: Option<Lease>,
    /// Its services, as far as asked for.
    pub services: Vec<ServiceWhy>,
}

/// A service.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ServiceWhy {
    /// Its name.
    pub name: String,
    /// How servers are chosen.
    pub scheduler: Option<Scheduler>,
    /// How long a slow start is; 0: there is none.
    pub slow_start_ms: Option<u32>,
    /// The policy for its dynamic weights.
    pub policy: Option<PolicyWhy>,
    /// Its servers, as far as asked for.
    pub servers: Vec<ServerWhy>,
}

/// Between which bounds a controller moves weights.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PolicyWhy {
    /// Its name.
    pub name: String,
    /// How wanted weights are worked out.
    pub kind: PolicyKind,
    /// The least weight.
    pub floor: u32,
    /// The greatest.
    pub ceiling: u32,
    /// The greatest change at a time; 0: any.
    pub step: u32,
    /// A change up to this is not made.
    pub hysteresis: u32,
    /// Part of the present weight that is kept each time.
    pub smoothing_permille: u32,
    /// From this age on figures no longer count.
    pub stale_limit_ms: u64,
}

/// A server.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ServerWhy {
    /// Its name.
    pub name: String,
    /// The operator's weight.
    pub configured: Option<u32>,
    /// The controller's, if there is one.
    pub dynamic: Option<u32>,
    /// What the director uses.
    pub effective: Option<u32>,
    /// Its share of the service's effective weights, 0 to 1.
    pub share: Option<f64>,
    /// Its share of the service's connections, since the counters began or over the
    /// time that was asked for.
    pub observed: Option<f64>,
    /// What the effective weight comes from.
    pub source: Option<WeightSource>,
    /// Whether dynamic weights are used.
    pub mode: Option<WeightMode>,
    /// State as observed.
    pub state: Option<OperState>,
    /// State as wanted.
    pub admin_state: Option<AdminState>,
    /// What the state is due to.
    pub reason: Option<String>,
    /// Why the effective weight is what it is, in the director's or controller's words.
    pub why: Option<String>,
    /// Whether it is used only when the others cannot.
    pub backup: Option<bool>,
    /// Active connections.
    pub active_connections: Option<u32>,
    /// Active connections at which it gets no more; 0: no limit.
    pub connection_limit: Option<u32>,
    /// The same as found out by the director; 0: no limit.
    pub learned_limit: Option<u32>,
    /// Connections it could complete in a second, where that is measured.
    pub capacity: Option<f64>,
    /// How long it stays ejected.
    pub ejection_left_ms: Option<u32>,
    /// When a drain ends what is left; 0: never.
    pub drain_deadline_ms: Option<u32>,
    /// The effective weight's last change.
    pub changed: Option<Changed>,
    /// The host it is on.
    pub host: Option<String>,
    /// Age of the load report on it.
    pub report_age_ms: Option<u32>,
    /// All this in sentences, what decides first.
    pub because: Vec<String>,
}

/// A change of an effective weight.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Changed {
    /// When.
    pub at: String,
    /// Who made it; nobody for the director itself.
    pub by: Option<String>,
    /// The weight before.
    pub before: Option<u32>,
}

/// Which servers are meant, and how they are looked at.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// A cluster, service or server; the front may be left out.
    pub path: &'a RowPath,
    /// On whose agent; else the active director's.
    pub on: Option<&'a str>,
    /// Over how long observed shares are counted; else since the counters began.
    pub over: Option<Duration>,
}

/// Finds out why weights are what they are.
pub async fn why(
    client: &Client,
    inventory: &Inventory,
    asked: Asked<'_>,
) -> Result<Vec<Why>, OpError> {
    let meant = meant(client, inventory, asked).await?;
    let mut all = Vec::new();
    for (cluster, node, rows) in by_cluster(meant) {
        let read = |source| failed(node.name, Doing::Read, source);
        let at = target(&node, Access::Read).await?;
        let before = match asked.over {
            Some(over) => {
                let servers = client.table::<LcServer>(&at, COUNTS).await.map_err(read)?;
                tokio::time::sleep(over).await;
                servers.into_iter().collect()
            }
            None => BTreeMap::new(),
        };
        let look = Look::at(client, &at, before).await.map_err(read)?;
        all.push(look.explain(&cluster, node.name, &rows));
    }
    Ok(all)
}

/// The servers that the path means: those below it if it begins with a cluster, else
/// those that end so.
async fn meant(
    client: &Client,
    inventory: &Inventory,
    Asked { path, on, .. }: Asked<'_>,
) -> Result<Vec<Located>, OpError> {
    let found = find_all::<LcServer>(client, inventory, on).await?;
    let rows = found.best();
    let begins = |row: &Located| {
        let mut parts = row.name.parts();
        path.names().iter().all(|name| parts.next() == Some(name.as_str()))
    };
    let depth = |row: &Located, depth: usize| {
        let parts: Vec<&str> = row.name.parts().take(depth).collect();
        path.matches(parts)
    };
    let ways: [&dyn Fn(&Located) -> bool; 3] =
        [&begins, &|row| depth(row, 3), &|row| depth(row, 2)];
    for (nth, way) in ways.into_iter().enumerate() {
        let rows: Vec<Located> = rows.iter().filter(|row| way(row)).cloned().collect();
        // Without its front a path can mean one server, or one service.
        let depth = if nth == 1 { 3 } else { 2 };
        let names = rows.iter().map(|row| row.name.parts().take(depth).collect());
        let mut names: Vec<Vec<&str>> = names.collect();
        names.dedup();
        if nth > 0 && names.len() > 1 {
            let rows = rows.iter().map(|row| row.name.clone()).collect();
            return Err(OpError::Ambiguous { kind: Kind::Server, path: path.clone(), rows });
        }
        if !rows.is_empty() {
            return Ok(rows);
        }
    }
    let there = rows.into_iter().map(|row| row.name).collect();
    let silent = found.silent;
    Err(OpError::NoSuchRow { kind: Kind::Server, path: path.clone(), there, silent })
}

/// Clusters with the nodes to ask, in the order of their names.
fn by_cluster(rows: Vec<Located>) -> Vec<(Name, Node, Vec<RowName>)> {
    let mut clusters: Vec<(Name, Node, Vec<RowName>)> = Vec::new();
    for row in rows {
        let Some(cluster) = row.name.0.first().copied() else { continue };
        match clusters.last_mut().filter(|(name, ..)| *name == cluster) {
            Some((.., rows)) => rows.push(row.name),
            None => clusters.push((cluster, row.node, vec![row.name])),
        }
    }
    clusters
}

/// What a director says.
struct Look {
    clusters: Vec<(lc_cluster::Index, lc_cluster::Row)>,
    policies: Vec<(lc_policy::Index, lc_policy::Row)>,
    services: Vec<(lc_service::Index, lc_service::Row)>,
    servers: Vec<(lc_server::Index, lc_server::Row)>,
    /// Ages of load reports by their hosts' names.
    reports: BTreeMap<String, Option<u32>>,
    before: BTreeMap<lc_server::Index, lc_server::Row>,
}

const CLUSTER: &[u32] = {
    use lc_cluster::col;
    &[col::LEASE_OWNER, col::LEASE_TERM, col::LEASE_SECONDS, col::POLICY]
};

const SERVICE: &[u32] = {
    use lc_service::col;
    &[col::SCHEDULER, col::POLICY, col::SLOW_START]
};

const REPORT: &[u32] = &[lc_host_report::col::AGE];

const COUNTS: &[u32] = &[lc_server::col::CONNECTIONS, lc_server::col::DISCONTINUITY_TIME];

const SERVER: &[u32] = {
    use lc_server::col;
    &[
        col::WEIGHT,
        col::DYNAMIC_WEIGHT,
        col::EFFECTIVE_WEIGHT,
        col::WEIGHT_SOURCE,
        col::BACKUP,
        col::OPER_STATE,
        col::ACTIVE_CONNECTIONS,
        col::CONNECTIONS,
        col::HOST,
        col::WEIGHT_MODE,
        col::ADMIN_STATE,
        col::CONNECTION_LIMIT,
        col::REASON,
        col::WEIGHT_CHANGE_TIME,
        col::WEIGHT_CHANGE_BY,
        col::WEIGHT_BEFORE,
        col::WEIGHT_REASON,
        col::DISCONTINUITY_TIME,
        col::CAPACITY,
        col::LEARNED_LIMIT,
        col::EJECTION_LEFT,
        col::DRAIN_DEADLINE,
    ]
};

impl Look {
    async fn at(
        client: &Client,
        target: &Target,
        before: BTreeMap<lc_server::Index, lc_server::Row>,
    ) -> Result<Self, ClientError> {
        let (clusters, policies, services, servers, reports) = tokio::try_join!(
            client.table::<LcCluster>(target, CLUSTER),
            client.table::<LcPolicy>(target, POLICY),
            client.table::<LcService>(target, SERVICE),
            client.table::<LcServer>(target, SERVER),
            client.table::<LcHostReport>(target, REPORT),
        )?;
        let reports =
            reports.into_iter().map(|(index, report)| (index.host_name, report.age)).collect();
        Ok(Self { clusters, policies, services, servers, reports, before })
    }

    fn explain(&self, cluster: &Name, node: Name, rows: &[RowName]) -> Why {
        let row = self.clusters.iter().find(|(index, _)| index.cluster_name == cluster.as_str());
        let row = row.map(|(_, row)| row);
        let lease = row.and_then(|row| {
            let seconds = row.lease_seconds.filter(|seconds| *seconds > 0)?;
            Some(Lease { owner: row.lease_owner.clone()?, term: row.lease_term?, seconds })
        });
        let mut why = Why {
            cluster: cluster.to_string(),
            node: node.to_string(),
            lease,
            services: Vec::new(),
        };
        let meant: HashSet<Vec<&str>> = rows.iter().map(|row| row.parts().collect()).collect();
        for (index, service) in &self.services {
            if index.cluster_name != cluster.as_str() {
                continue;
            }
            let policy = said(&service.policy).or_else(|| row.and_then(|row| said(&row.policy)));
            let all = self.servers_of(index);
            let is_meant = |server: &ServerWhy| {
                let name = [cluster.as_str(), &index.service_name, &server.name];
                meant.contains(&name[..])
            };
            let mut service = ServiceWhy {
                name: index.service_name.clone(),
                scheduler: service.scheduler.and_then(|one| label(one.label())),
                slow_start_ms: service.slow_start,
                policy: policy.and_then(|name| self.policy(&name)),
                servers: all.into_iter().filter(is_meant).collect(),
            };
            if !service.servers.is_empty() {
                explain::service(&mut service, why.lease.as_ref());
                why.services.push(service);
            }
        }
        why
    }

    fn policy(&self, name: &str) -> Option<PolicyWhy> {
        let (_, row) = self.policies.iter().find(|(index, _)| index.policy_name == name)?;
        let Settings { kind, floor, ceiling, step, hysteresis, smoothing, stale_limit, .. } =
            settings(row);
        Some(PolicyWhy {
            name: name.to_owned(),
            kind,
            floor,
            ceiling,
            step,
            hysteresis,
            smoothing_permille: smoothing,
            stale_limit_ms: u64::try_from(stale_limit.as_millis()).unwrap_or(u64::MAX),
        })
    }

    fn servers_of(&self, service: &lc_service::Index) -> Vec<ServerWhy> {
        let within = |index: &lc_server::Index| {
            index.cluster_name == service.cluster_name && index.service_name == service.service_name
        };
        let rows: Vec<_> = self.servers.iter().filter(|(index, _)| within(index)).collect();
        let counts: Vec<u64> = rows.iter().map(|(index, row)| self.counted(index, row)).collect();
        let connections = counts.iter().fold(0_u64, |sum, count| sum.saturating_add(*count));
        let weights: u64 =
            rows.iter().filter_map(|(_, row)| row.effective_weight).map(u64::from).sum();
        let server = |((index, row), count): (&&(lc_server::Index, lc_server::Row), &u64)| {
            let weight = row.effective_weight.map(u64::from);
            ServerWhy {
                share: weight.and_then(|weight| share(weight, weights)),
                observed: share(*count, connections),
                ..self.server(index, row)
            }
        };
        rows.iter().zip(&counts).map(server).collect()
    }

    /// Connections since the look before, or since the counters began.
    fn counted(&self, index: &lc_server::Index, row: &lc_server::Row) -> u64 {
        let now = row.connections.unwrap_or_default();
        let before = self.before.get(index);
        let before = before.filter(|one| one.discontinuity_time == row.discontinuity_time);
        now.saturating_sub(before.and_then(|before| before.connections).unwrap_or(0))
    }

    fn server(&self, index: &lc_server::Index, row: &lc_server::Row) -> ServerWhy {
        let host = said(&row.host);
        let report = host.as_ref().and_then(|host| self.reports.get(host));
        let changed = row.weight_change_time.as_deref().and_then(date);
        ServerWhy {
            name: index.server_name.clone(),
            configured: row.weight,
            dynamic: row.dynamic_weight,
            effective: row.effective_weight,
            source: row.weight_source.and_then(|source| label(source.label())),
            mode: row.weight_mode.and_then(|mode| label(mode.label())),
            state: row.oper_state.and_then(|state| label(state.label())),
            admin_state: row.admin_state.and_then(|state| label(state.label())),
            reason: said(&row.reason),
            why: said(&row.weight_reason),
            backup: row.backup,
            active_connections: row.active_connections,
            connection_limit: row.connection_limit,
            learned_limit: row.learned_limit,
            capacity: row.capacity.filter(|one| *one > 0).map(|one| f64::from(one) / 1e3),
            ejection_left_ms: row.ejection_left,
            drain_deadline_ms: row.drain_deadline,
            changed: changed.filter(|at| at != "never").map(|at| Changed {
                at,
                by: said(&row.weight_change_by),
                before: row.weight_before,
            }),
            report_age_ms: report.copied().flatten(),
            host,
            ..ServerWhy::default()
        }
    }
}

fn share(part: u64, all: u64) -> Option<f64> {
    (all > 0).then(|| (part as f64 / all as f64 * 1e3).round() / 1e3)
}
