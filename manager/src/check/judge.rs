//! A state and thresholds in, a verdict out.
//!
//! A verdict is the worst of two words: that of the MIB's status columns, which
//! is what `poll` shows, and that of the thresholds. So a check without
//! thresholds is a useful check.

use std::fmt::Display;

use lcms_lb_core::model::{AdminState, DirectorState, OperState, Status};
use thiserror::Error;

use super::{Figure, Subject, Thresholds, Unit, Verdict, threshold::range, verdict::Judged};
use crate::{
    path::RowPath,
    poll::{Cluster, ClusterState, Host, NodeState, Server, Service, severity},
};

/// Why a state does not answer a question.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CheckError {
    /// Nobody tells of such a row.
    #[error("no agent knows {path}{}", listed(there))]
    NoSuchRow {
        /// What was asked for.
        path: String,
        /// What there is.
        there: Vec<String>,
    },
    /// Several rows are meant.
    #[error("{path} can be {}; write all of the name", rows.join(" or "))]
    Ambiguous {
        /// What was asked for.
        path: String,
        /// What it can be.
        rows: Vec<String>,
    },
    /// A threshold is about a figure that the subject does not have.
    #[error("there is no figure {figure:?} here; there is {}", there.join(", "))]
    NoSuchFigure {
        /// What was asked for.
        figure: String,
        /// What there is.
        there: Vec<&'static str>,
    },
}

fn listed(there: &[String]) -> String {
    const MOST: usize = 8;
    match there {
        [] => String::new(),
        [shown @ .., _] if shown.len() >= MOST => {
            format!(
                "; there is {}, …",
                shown.iter().take(MOST).cloned().collect::<Vec<_>>().join(", ")
            )
        }
        all => format!("; there is {}", all.join(", ")),
    }
}

/// Judges what a state says of the subject at `path`.
pub fn judge(
    state: &ClusterState,
    subject: Subject,
    path: &RowPath,
    thresholds: &Thresholds,
) -> Result<Verdict, CheckError> {
    let found = match subject {
        Subject::Agent => {
            let all = state.nodes.iter().map(|node| (node.name.clone(), node));
            agent(one(path, all)?)
        }
        Subject::Host => {
            let all = state.hosts.iter().map(|host| (host.name.clone(), host));
            host(one(path, all)?, state)
        }
        Subject::Cluster | Subject::Director | Subject::Lease => {
            let all = state.clusters.iter().map(|cluster| (cluster.name.clone(), cluster));
            let found = one(path, all)?;
            match subject {
                Subject::Director => director(found),
                Subject::Lease => lease(found),
                _ => cluster(found),
            }
        }
        Subject::Service => {
            let all = state.clusters.iter().flat_map(|cluster| {
                cluster.services.iter().map(move |s| (format!("{}/{}", cluster.name, s.name), s))
            });
            let all: Vec<(String, &Service)> = all.collect();
            let name = name(path, &all)?;
            service(&name, one(path, all.into_iter())?)
        }
        Subject::Server | Subject::Weight => {
            let all = state.servers().map(|(cluster, service, server)| {
                (format!("{}/{}/{}", cluster.name, service.name, server.name), server)
            });
            let all: Vec<(String, &Server)> = all.collect();
            let name = name(path, &all)?;
            let found = one(path, all.into_iter())?;
            match subject {
                Subject::Weight => weight(&name, found),
                _ => server(&name, found),
            }
        }
    };
    found.against(subject, thresholds)
}

/// The one row that a path means.
fn one<'s, T>(
    path: &RowPath,
    all: impl Iterator<Item = (String, &'s T)>,
) -> Result<&'s T, CheckError> {
    let all: Vec<(String, &T)> = all.collect();
    let name = name(path, &all)?;
    let found = all.iter().find(|(other, _)| *other == name).map(|(_, row)| *row);
    found.ok_or(CheckError::NoSuchRow { path: path.to_string(), there: Vec::new() })
}

/// The whole name of the one row that a path means.
fn name<T>(path: &RowPath, all: &[(String, &T)]) -> Result<String, CheckError> {
    let (matching, others): (Vec<&(String, &T)>, Vec<_>) =
        all.iter().partition(|(name, _)| path.matches(name.split('/')));
    let names = |rows: Vec<&(String, &T)>| rows.into_iter().map(|(name, _)| name.clone()).collect();
    let path = path.to_string();
    match matching.as_slice() {
        [(name, _)] => Ok(name.clone()),
        [] => Err(CheckError::NoSuchRow { path, there: names(others) }),
        _ => Err(CheckError::Ambiguous { path, rows: names(matching) }),
    }
}

/// What there is to say of a subject, before thresholds.
struct Told {
    status: Status,
    text: String,
    more: Vec<String>,
    lines: Vec<String>,
    /// The first is the one that a threshold without a name is about.
    figures: Vec<Figure>,
}

impl Told {
    fn against(self, subject: Subject, thresholds: &Thresholds) -> Result<Verdict, CheckError> {
        let Self { mut status, mut text, more, mut lines, figures } = self;
        let there: Vec<&'static str> = figures.iter().map(|figure| figure.name).collect();
        if let Some(figure) = thresholds.figures().find(|figure| !there.contains(figure)) {
            return Err(CheckError::NoSuchFigure { figure: figure.to_owned(), there });
        }
        let figures: Vec<Judged> = figures
            .into_iter()
            .enumerate()
            .map(|(nth, figure)| Judged {
                figure,
                warning: range(&thresholds.warning, figure.name, nth).copied(),
                critical: range(&thresholds.critical, figure.name, nth).copied(),
            })
            .collect();
        lines.push(format!("{subject:?} by the MIB: {status}"));
        for judged in &figures {
            let bad = judged.status();
            if bad != Status::Ok {
                text.push_str(&match judged.figure.value {
                    Some(value) => format!(", {} is {value}", judged.figure.name),
                    None => format!(", {} is not known", judged.figure.name),
                });
            }
            if severity(bad) > severity(status) {
                status = bad;
            }
        }
        Ok(Verdict { subject, status, text, more, lines, figures })
    }
}

fn agent(node: &NodeState) -> Told {
    // To microseconds, which is what the state has.
    let took = node.round_trip_ms.map(|ms| (ms * 1e3).round() / 1e6);
    let time = took.map(|s| format!(" in {:.1} ms", s * 1e3)).unwrap_or_default();
    let status = node.status.unwrap_or(Status::Unknown);
    let trouble = match &node.error {
        Some(error) => format!(", and not to all: {error}"),
        None => because(status, &node.reason),
    };
    Told {
        status: if node.error.is_some() { worse(status, Status::Warning) } else { status },
        text: format!("{} answers{time}{trouble}", node.name),
        more: node.advice.iter().cloned().collect(),
        lines: vec![format!("generation of its configuration: {}", known(node.generation))],
        figures: vec![Figure::new("time", Unit::Seconds, took)],
    }
}

fn host(host: &Host, state: &ClusterState) -> Told {
    let load = host.load.as_ref();
    let mut status = host.status.unwrap_or(Status::Unknown);
    let permille = |n: u32| format!("{:.1} %", f64::from(n) / 10.0);
    let mut text = format!("{} is {}", host.name, known(host.oper_state));
    if let Some(load) = load {
        let busy = load.cpu_busy_permille.map(|n| format!(", CPU {}", permille(n)));
        let average = load.load1.map(|n| format!(", load {n:.2}"));
        let free = load.memory_available_permille.map(|n| format!(", memory free {}", permille(n)));
        text.extend([busy, average, free].into_iter().flatten());
    }
    text.push_str(&because(status, &host.reason));
    // Directors may still tell of a host whose own agent is silent.
    let silent = state.nodes.iter().find(|node| node.name == host.name && !node.reachable);
    if silent.is_some() && host.node.is_none() {
        status = worse(status, Status::Warning);
        text.push_str(", its agent does not answer");
    }
    let roles = if host.roles.is_empty() { "none".to_owned() } else { host.roles.join(" ") };
    let mut figures = vec![
        Figure::permille("cpu", load.and_then(|load| load.cpu_busy_permille)),
        Figure::new("load1", Unit::Things, load.and_then(|load| load.load1)),
        Figure::new("load5", Unit::Things, load.and_then(|load| load.load5)),
        Figure::new("load15", Unit::Things, load.and_then(|load| load.load15)),
        Figure::permille("memory", load.and_then(|load| load.memory_available_permille)),
        Figure::permille("freeness", host.freeness_permille),
        Figure::things("connections", Some(host.active_connections)),
        Figure::of("servers_up", host.servers_up, host.servers),
    ];
    let age = load.and_then(|load| load.sample_age_ms).map(|ms| f64::from(ms) / 1e3);
    figures.push(Figure::new("age", Unit::Seconds, age));
    Told {
        status,
        text,
        more: vec![format!("roles: {roles}")],
        lines: vec![format!("may become: {}", host.role_potential.join(" "))],
        figures,
    }
}

fn cluster(cluster: &Cluster) -> Told {
    let status = cluster.status.unwrap_or(Status::Unknown);
    let services = &cluster.services;
    let up = services.iter().filter(|s| s.oper_state == Some(OperState::Up)).count();
    let servers: usize = services.iter().map(|s| s.servers.len()).sum();
    let servers_up: usize = services.iter().map(Service::servers_up).sum();
    let told = cluster.reason.as_deref().unwrap_or_default();
    // What the cluster's own reason holds is not said twice.
    let is_told = |s: &&Service| s.reason.as_deref().is_some_and(|why| told.contains(why));
    let not_ok = services.iter().filter(|s| s.status != Some(Status::Ok) && !is_told(s));
    Told {
        status,
        text: format!(
            "{}: {up} of {} services up, {servers_up} of {servers} servers up{}",
            cluster.name,
            services.len(),
            because(status, &cluster.reason)
        ),
        more: not_ok
            .map(|s| format!("{} is {}{}", s.name, known(s.status), after_colon(&s.reason)))
            .collect(),
        lines: services
            .iter()
            .map(|s| {
                let (up, all) = (s.servers_up(), s.servers.len());
                format!("{}: {}, {up} of {all} servers up", s.name, known(s.oper_state))
            })
            .collect(),
        figures: vec![
            Figure::of("services_up", up, services.len()),
            Figure::of("servers_up", servers_up, servers),
            Figure::things("connections", cluster.active_connections),
            Figure::counter("total", cluster.connections),
        ],
    }
}

fn director(cluster: &Cluster) -> Told {
    let active = |d: &&crate::poll::Director| d.state == Some(DirectorState::Active);
    let faulty = |d: &crate::poll::Director| d.state == Some(DirectorState::Fault);
    let directors = &cluster.directors;
    let actives = directors.iter().filter(active).count();
    let status = match &cluster.active_director {
        None => Status::Critical,
        Some(_) if directors.iter().any(faulty) => Status::Warning,
        Some(_) => Status::Ok,
    };
    let is = |d: &crate::poll::Director| format!("{} is {}", d.host, known(d.state));
    let all: Vec<String> = directors.iter().map(is).collect();
    let told = match &cluster.active_director {
        Some(host) => format!("{host} directs"),
        None => "nobody directs".to_owned(),
    };
    Told {
        status,
        text: format!("{}: {told}", cluster.name),
        more: all.clone(),
        lines: all,
        figures: vec![
            Figure::of("active", actives, directors.len()),
            Figure::things("directors", Some(directors.len() as u64)),
        ],
    }
}

fn service(name: &str, service: &Service) -> Told {
    let status = service.status.unwrap_or(Status::Unknown);
    let (up, all) = (service.servers_up(), service.servers.len());
    let active = service.active_connections;
    Told {
        status,
        text: format!(
            "{name} is {}, {up} of {all} servers up, {}{}",
            known(service.oper_state),
            connections(active),
            because(status, &service.reason)
        ),
        more: service
            .servers
            .iter()
            .filter(|s| s.oper_state != Some(OperState::Up))
            .map(is)
            .collect(),
        lines: service.servers.iter().map(is).collect(),
        figures: vec![
            Figure::of("servers_up", up, all),
            Figure::things("connections", active),
            Figure::counter("total", service.connections),
            Figure::counter("failed", service.failed_connections),
            Figure::counter("refused", service.refused_connections),
        ],
    }
}

fn is(server: &Server) -> String {
    let Server { name, oper_state, reason, .. } = server;
    format!("{name} is {}{}", known(*oper_state), after_colon(reason))
}

/// lcHostStatus has the same rule for a state.
pub(crate) fn status_of(state: Option<OperState>) -> Status {
    match state {
        Some(OperState::Down) => Status::Critical,
        Some(OperState::Overloaded) => Status::Warning,
        Some(OperState::Unknown) | None => Status::Unknown,
        Some(
            OperState::Up | OperState::Draining | OperState::Maintenance | OperState::SlowStart,
        ) => Status::Ok,
    }
}

fn server(name: &str, server: &Server) -> Told {
    let status = status_of(server.oper_state);
    let limit = server.connection_limit.filter(|&limit| limit > 0).map(f64::from);
    Told {
        status,
        text: format!(
            "{name} is {}, weight {}, {}{}",
            known(server.oper_state),
            known(server.effective),
            connections(server.active_connections),
            // A server that is kept from work says why, though that is well.
            after_colon(
                &server.reason.clone().filter(|_| server.oper_state != Some(OperState::Up))
            )
        ),
        more: server.host.iter().map(|host| format!("on {host}")).collect(),
        lines: server.address.iter().map(|address| format!("address {address}")).collect(),
        figures: vec![
            Figure { max: limit, ..Figure::things("connections", server.active_connections) },
            Figure::counter("total", server.connections),
            Figure::counter("failed", server.failed_connections),
            Figure::things("weight", server.effective),
        ],
    }
}

fn weight(name: &str, server: &Server) -> Told {
    // Weight 0 is drain. Nobody who asked for it is warned of it.
    let wanted = server.configured > Some(0) && server.admin_state == Some(AdminState::Enabled);
    let (status, trouble) = match server.effective {
        None => (Status::Unknown, ""),
        Some(0) if wanted => (Status::Warning, ", it gets no connections"),
        Some(_) => (Status::Ok, ""),
    };
    let source = server.source.map(|source| format!(" ({source})")).unwrap_or_default();
    Told {
        status,
        text: format!(
            "{name}: effective {}{source}, configured {}, {}{trouble}",
            known(server.effective),
            known(server.configured),
            server.dynamic.map_or_else(|| "no dynamic one".to_owned(), |n| format!("dynamic {n}"))
        ),
        more: server.why.iter().cloned().collect(),
        lines: vec![format!("mode {}", known(server.mode))],
        figures: vec![
            Figure::things("effective", server.effective),
            Figure::things("configured", server.configured),
            Figure::things("dynamic", server.dynamic),
        ],
    }
}

fn lease(cluster: &Cluster) -> Told {
    let (status, told) = match &cluster.lease {
        Some(lease) => {
            (Status::Ok, format!("{} holds the lease for {} s", lease.owner, lease.seconds))
        }
        None => (Status::Warning, "no controller holds the lease".to_owned()),
    };
    let lease = cluster.lease.as_ref();
    Told {
        status,
        text: format!("{}: {told}", cluster.name),
        more: Vec::new(),
        lines: lease.iter().map(|lease| format!("term {}", lease.term)).collect(),
        figures: vec![Figure::new(
            "seconds",
            Unit::Seconds,
            Some(f64::from(lease.map_or(0, |lease| lease.seconds))),
        )],
    }
}

fn worse(a: Status, b: Status) -> Status {
    if severity(b) > severity(a) { b } else { a }
}

fn known(value: Option<impl Display>) -> String {
    value.map_or_else(|| "unknown".to_owned(), |value| value.to_string())
}

fn connections(active: Option<u32>) -> String {
    match active {
        Some(1) => "1 connection".to_owned(),
        active => format!("{} connections", known(active)),
    }
}

fn because(status: Status, reason: &Option<String>) -> String {
    let reason = reason.as_ref().filter(|_| status != Status::Ok);
    reason.map(|reason| format!(", {reason}")).unwrap_or_default()
}

fn after_colon(reason: &Option<String>) -> String {
    reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default()
}

#[cfg(test)]
mod tests;
