//! The next snapshot: a function of the last one, the new document and values,
//! and what the checks say.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Instant, SystemTime};

use super::checker::{Asked, Ejected, Places};
use super::live::{ServerLive, ServiceLive};
use super::snapshot::{
    ClusterStatus, DirectorStatus, Listening, ServerStatus, ServiceStatus, Snapshot, WeightChange,
};
use crate::health::{Member, Standing};
use crate::model::{
    AdminState, CheckKind, DirectorId, DirectorState, DynamicWeight, Effective, Health, Name,
    OperState, Question, Role, RowState, Runtime, Server, ServerId, Service, ServiceId, Span,
    Wanted, Weight, WeightMode, WeightSource,
};
use crate::slow_start;

/// Serial of the first state of a director.
pub(super) const FIRST_SERIAL: u64 = 1;

/// What the checks say about a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) health: Health,
    pub(super) text: String,
    pub(super) ejected: Option<Ejected>,
    /// Where the checked server was.
    pub(super) address: SocketAddr,
}

/// What the next snapshot is made of.
pub(super) struct Parts<'a> {
    pub(super) serial: u64,
    pub(super) wanted: Arc<Wanted>,
    pub(super) runtime: Arc<Runtime>,
    pub(super) local_host: &'a Name,
    pub(super) verdicts: &'a BTreeMap<ServerId, Verdict>,
    /// Who caused it; empty for the director itself.
    pub(super) principal: &'a str,
    pub(super) now: Instant,
    pub(super) time: SystemTime,
}

impl Snapshot {
    /// The snapshot before the first: nothing is wanted.
    pub(super) fn nothing() -> Self {
        Self {
            serial: 0,
            wanted: Arc::default(),
            runtime: Arc::default(),
            driving: false,
            clusters: BTreeMap::new(),
            directors: BTreeMap::new(),
            services: BTreeMap::new(),
            servers: BTreeMap::new(),
        }
    }
}

/// The next snapshot, but for what the driver is about to find out: services
/// are listening as they were.
pub(super) fn assemble(before: &Snapshot, parts: &Parts<'_>) -> Snapshot {
    let wanted = &parts.wanted;
    let mut next = Snapshot {
        serial: parts.serial,
        wanted: wanted.clone(),
        runtime: parts.runtime.clone(),
        driving: drives(wanted, parts.local_host),
        clusters: clusters(before, parts),
        directors: wanted
            .directors()
            .map(|(id, _)| (id, director(before.directors.get(&id), id, parts)))
            .collect(),
        services: BTreeMap::new(),
        servers: BTreeMap::new(),
    };
    let (mut services, mut servers) = (Vec::new(), Vec::new());
    for (id, row) in wanted.services() {
        let in_force = wanted.in_force(&id, row);
        let found: Vec<(ServerId, Found<'_>)> = row
            .servers
            .iter()
            .map(|(name, server)| (id.server(*name), server))
            .map(|(server_id, server)| (server_id, found(server_id, server, row, in_force, parts)))
            .collect();
        // How a service stands decides which of its servers are used.
        let status = service(before.services.get(&id), row, &found, parts);
        let standing = status.standing;
        services.push((id, Arc::new(status)));
        servers.extend(found.iter().map(|(server_id, found)| {
            let was = before.servers.get(server_id);
            (*server_id, Arc::new(server(was, row, standing, found, parts)))
        }));
    }
    next.services = services.into_iter().collect();
    next.servers = servers.into_iter().collect();
    next
}

/// Writes down which services listen, and the states that follow from it.
pub(super) fn settle(
    next: &mut Snapshot,
    time: SystemTime,
    mut listening: impl FnMut(&ServiceId) -> Listening,
) {
    for (id, status) in &mut next.services {
        Arc::make_mut(status).listening = listening(id);
    }
    let ids: Vec<ServiceId> = next.services.keys().copied().collect();
    for id in ids {
        let state = next.service_view(&id).map_or(OperState::Unknown, |view| view.oper_state);
        if let Some(status) = next.services.get_mut(&id).filter(|was| was.oper_state != state) {
            let status = Arc::make_mut(status);
            (status.oper_state, status.last_change) = (state, time);
        }
    }
}

fn drives(wanted: &Wanted, local_host: &Name) -> bool {
    wanted.hosts.get(local_host).is_some_and(|host| {
        host.row == RowState::Active && host.role_status.contains(Role::Director)
    })
}

fn clusters(before: &Snapshot, parts: &Parts<'_>) -> BTreeMap<Name, ClusterStatus> {
    let gone = |cluster: &Name| {
        before
            .services
            .iter()
            .filter(|(id, _)| id.cluster == *cluster && parts.wanted.service(id).is_none())
            .map(|(_, status)| status.live.connections.load(Relaxed))
            .fold(0, u64::wrapping_add)
    };
    let status = |name: &Name| match before.clusters.get(name) {
        Some(was) => ClusterStatus {
            since: was.since,
            connections_before: was.connections_before.wrapping_add(gone(name)),
        },
        None => ClusterStatus { since: parts.now, connections_before: 0 },
    };
    parts.wanted.clusters.keys().map(|name| (*name, status(name))).collect()
}

/// Of other hosts nothing is known here: that is for their own agents to say.
fn director(before: Option<&DirectorStatus>, id: DirectorId, parts: &Parts<'_>) -> DirectorStatus {
    let host = parts.wanted.hosts.get(&id.host).filter(|_| id.host == *parts.local_host);
    let state = match host.filter(|host| host.row == RowState::Active) {
        Some(host) if host.role_status.contains(Role::Director) => DirectorState::Active,
        Some(host) if host.role_status.contains(Role::BackupDirector) => DirectorState::Backup,
        _ => DirectorState::Initialize,
    };
    match before {
        None => DirectorStatus { state, transitions: 0, last_transition: None, since: parts.now },
        Some(was) if was.state == state => was.clone(),
        Some(was) => DirectorStatus {
            state,
            transitions: was.transitions.wrapping_add(1),
            last_transition: Some(parts.time),
            since: was.since,
        },
    }
}

fn service(
    before: Option<&Arc<ServiceStatus>>,
    row: &Service,
    found: &[(ServerId, Found<'_>)],
    parts: &Parts<'_>,
) -> ServiceStatus {
    let stood = before.map(|was| was.standing).unwrap_or_default();
    let standing = standing(stood, row, found);
    match before {
        Some(was) => ServiceStatus { standing, ..ServiceStatus::clone(was) },
        None => ServiceStatus {
            listening: Listening::No,
            standing,
            last_change: parts.time,
            oper_state: OperState::Unknown,
            live: Arc::new(ServiceLive::new(parts.now)),
        },
    }
}

fn server(
    before: Option<&Arc<ServerStatus>>,
    service: &Service,
    standing: Standing,
    found: &Found<'_>,
    parts: &Parts<'_>,
) -> ServerStatus {
    let &Found { row, admin_state, ref watched, health, check, ejected, dynamic } = found;
    let member = Member { backup: row.backup, health, ejected: ejected.is_some() };
    let used_as = match (standing.uses(&member), health) {
        (false, _) => Health::Down,
        (true, Health::Down) => Health::Up,
        (true, health) => health,
    };
    let full = row.effective(admin_state, dynamic.map(|one| one.weight), used_as);
    let (starting, weight) = slowly(before, service, full.weight, parts);
    let effective = Effective { weight, ..full };
    let (held_back_since, cut) = deadline(before, admin_state, row, parts);
    let (by, weight_reason) = match dynamic {
        Some(dynamic) if effective.source == WeightSource::Dynamic => {
            (dynamic.by.clone(), dynamic.why.clone())
        }
        _ => {
            let by = if effective.source == WeightSource::Health { "" } else { parts.principal };
            let why = match (ejected, health) {
                (Some(ejected), Health::Up | Health::Unchecked) => {
                    format!("ejected: {}", ejected.why)
                }
                _ => format!("down: {check}"),
            };
            (by.to_owned(), reason(found, service, effective, why))
        }
    };
    // The steps of a slow start are one change, made when it began.
    let weight_change = match before {
        None => WeightChange::default(),
        Some(was) if was.full_weight == full.weight => was.weight_change.clone(),
        Some(was) => WeightChange {
            count: was.weight_change.count.wrapping_add(1),
            at: Some(parts.time),
            by,
            before: was.full_weight,
        },
    };
    let is_used = effective.source != WeightSource::Health;
    let check = match health {
        Health::Down if is_used => format!("{check}; used for want of a better one"),
        Health::Up | Health::Unchecked if is_used && ejected.is_some() => {
            format!("{check}; not ejected, for too few are left")
        }
        _ => check.to_owned(),
    };
    ServerStatus {
        admin_state,
        in_service: row.row == RowState::Active,
        health,
        check,
        ejected: ejected.cloned(),
        watched: watched.clone(),
        effective,
        full_weight: full.weight,
        starting,
        held_back: held_back_since,
        cut,
        weight_change,
        weight_reason,
        connection_limit: row.connection_limit,
        live: match before {
            Some(was) => was.live.clone(),
            None => Arc::new(ServerLive::new(parts.now)),
        },
    }
}

/// When the slow start of a server began, if it is in one, and the weight it has
/// by now. One starts slowly that had no weight before, or is new in a director
/// that runs: at the start of the director itself all begin at once.
fn slowly(
    before: Option<&Arc<ServerStatus>>,
    service: &Service,
    full: Weight,
    parts: &Parts<'_>,
) -> (Option<Instant>, Weight) {
    let over = service.slow_start.milliseconds();
    let began = match before {
        Some(was) if was.full_weight == Weight::MIN => Some(parts.now),
        Some(was) => was.starting,
        None => (parts.serial > FIRST_SERIAL).then_some(parts.now),
    };
    let began = began
        .filter(|began| full > Weight::MIN && parts.now.saturating_duration_since(*began) < over);
    match began {
        Some(began) => {
            let since = parts.now.saturating_duration_since(began);
            (Some(began), slow_start::weight(full, since, over))
        }
        None => (None, full),
    }
}

/// Since when a server is in drain or maintenance, and whether its deadline is
/// over.
fn deadline(
    before: Option<&Arc<ServerStatus>>,
    state: AdminState,
    row: &Server,
    parts: &Parts<'_>,
) -> (Option<Instant>, bool) {
    if state == AdminState::Enabled {
        return (None, false);
    }
    let since = before.and_then(|was| was.held_back).unwrap_or(parts.now);
    let deadline = row.drain_deadline;
    let over = parts.now.saturating_duration_since(since) >= deadline.milliseconds();
    (Some(since), deadline > Span::MIN && over)
}

/// When a server next has another weight, or its connections are ended, by
/// nothing but time.
pub(super) fn next_moment(snapshot: &Snapshot, now: Instant) -> Option<Instant> {
    let moment = |(id, status): (&ServerId, &Arc<ServerStatus>)| {
        if status.starting.is_none() && status.held_back.is_none() {
            return None;
        }
        let service = snapshot.wanted.service(&id.service())?;
        let row = service.servers.get(&id.server)?;
        let step = status.starting.and_then(|began| {
            let since = now.saturating_duration_since(began);
            let step = slow_start::next_step(since, service.slow_start.milliseconds());
            now.checked_add(step.unwrap_or_default())
        });
        let end = status.held_back.filter(|_| !status.cut && row.drain_deadline > Span::MIN);
        let end = end.and_then(|since| since.checked_add(row.drain_deadline.milliseconds()));
        [step, end].into_iter().flatten().min()
    };
    snapshot.servers.iter().filter_map(moment).min()
}

/// How the servers of a service are to be watched.
pub(super) fn asked(service: &Service, allow_scripts: bool) -> Asked {
    // A document whose check cannot be is none that is committed.
    let question = service.check.question().unwrap_or(None);
    let allowed = |question: &Question| allow_scripts || !matches!(question, Question::Script(_));
    Asked {
        check: service.check.clone(),
        question: question.filter(allowed),
        protocol: service.protocol,
        ejection: service.ejection_time.milliseconds(),
    }
}

/// A server's row, and what was found of it: looked for once, and for thousands of
/// servers that is what a change costs.
struct Found<'a> {
    row: &'a Server,
    admin_state: AdminState,
    /// Where it is reached and checked, if it is watched.
    watched: Option<Places>,
    health: Health,
    check: &'a str,
    ejected: Option<&'a Ejected>,
    dynamic: Option<&'a DynamicWeight>,
}

fn found<'a>(
    id: ServerId,
    row: &'a Server,
    service: &Service,
    in_force: bool,
    parts: &'a Parts<'_>,
) -> Found<'a> {
    let admin_state = parts.wanted.state_within(service, row);
    let is_watched = (service.check.kind != CheckKind::None || service.ejection_time.value() > 0)
        && in_force
        && row.row == RowState::Active
        && admin_state != AdminState::Maintenance;
    let places = || {
        let (address, checked) = (row.socket_address()?, row.check_target(&service.check)?);
        Some(Places { address, checked })
    };
    let watched = places().filter(|_| is_watched);
    // Of the server as it is now.
    let verdict = watched.as_ref().and_then(|places| {
        parts.verdicts.get(&id).filter(|verdict| verdict.address == places.address)
    });
    let (health, check) = match verdict {
        _ if service.check.kind == CheckKind::None => (Health::Up, "not checked, as configured"),
        Some(verdict) => (verdict.health, verdict.text.as_str()),
        None => (Health::Unchecked, ""),
    };
    Found {
        row,
        admin_state,
        watched,
        health,
        check,
        ejected: verdict.and_then(|verdict| verdict.ejected.as_ref()),
        dynamic: parts.runtime.dynamic_weight(&id, parts.now),
    }
}

/// How a service stands by what was found of its servers.
fn standing(before: Standing, row: &Service, found: &[(ServerId, Found<'_>)]) -> Standing {
    let members: Vec<Member> = found
        .iter()
        .filter_map(|(_, one)| {
            let dynamic = one.dynamic.map(|dynamic| dynamic.weight);
            let sound = one.row.effective(one.admin_state, dynamic, Health::Up);
            (sound.weight > Weight::MIN).then(|| Member {
                backup: one.row.backup,
                health: one.health,
                ejected: one.ejected.is_some(),
            })
        })
        .collect();
    Standing::next(before, &members, &row.rules())
}

fn reason(found: &Found<'_>, service: &Service, effective: Effective, unhealthy: String) -> String {
    let row = found.row;
    match effective.source {
        WeightSource::AdminState if row.row != RowState::Active => {
            "the server is not in service".to_owned()
        }
        WeightSource::AdminState => held_back(found, service),
        WeightSource::Health => unhealthy,
        _ if row.weight_mode == WeightMode::Dynamic => {
            "configured; there is no valid dynamic weight".to_owned()
        }
        _ => "configured".to_owned(),
    }
}

/// Which of server, service and host keeps the server from work.
fn held_back(found: &Found<'_>, service: &Service) -> String {
    let &Found { row, admin_state: state, .. } = found;
    match (row.admin_state == state, service.admin_state == state, row.host) {
        (false, false, Some(host)) => format!("host {host} is in {state}"),
        (false, _, _) => format!("the service is in {state}"),
        (true, _, _) if state == AdminState::Enabled => String::new(),
        (true, _, _) => format!("the server is in {state}"),
    }
}
