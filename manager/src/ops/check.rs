//! One check: asks whom it takes, and judges what they say.

use std::time::Duration;

use lcms_lb_core::model::Status;

use super::poll;
use crate::{
    check::{CheckError, Subject, Thresholds, Verdict, judge},
    client::{Client, can_ask},
    inventory::Inventory,
    path::RowPath,
    poll::ClusterState,
};

/// What is to be checked.
#[derive(Clone, Debug)]
pub struct Check {
    /// Of which kind.
    pub subject: Subject,
    /// Which one.
    pub path: RowPath,
    /// Within which bounds.
    pub thresholds: Thresholds,
    /// How long all of it may take.
    pub timeout: Duration,
}

/// A verdict, and the state it is about, where there is one.
#[derive(Debug)]
pub struct Checked {
    /// What came of it.
    pub verdict: Verdict,
    /// What `poll` would have shown.
    pub state: Option<ClusterState>,
}

/// Checks by the state that `poll` builds. Silence, whether of agents or of the
/// whole run, is critical: it is what is checked that does not answer.
pub async fn check(
    client: &Client,
    inventory: &Inventory,
    check: &Check,
) -> Result<Checked, CheckError> {
    let asked = nodes(inventory, check);
    let Check { subject, path, thresholds, timeout } = check;
    let Ok(state) = tokio::time::timeout(*timeout, poll(client, &asked, None)).await else {
        let text = format!("{path}: no answer within {} s", timeout.as_secs_f64());
        let verdict = Verdict::bare(*subject, Status::Critical, text);
        return Ok(Checked { verdict, state: None });
    };
    // Who is not told of may well be known to somebody who did not answer.
    let verdict = match untold(&asked, &state, *subject, path) {
        Some(verdict) => verdict,
        None => judge(&state, *subject, path, thresholds)?,
    };
    Ok(Checked { verdict, state: Some(state) })
}

/// Checks several things by one state, for which nobody is asked twice. What cannot be
/// judged is left out.
pub async fn check_all(
    client: &Client,
    inventory: &Inventory,
    checks: &[(Subject, String)],
    timeout: Duration,
) -> Vec<(String, Verdict)> {
    let wanted = |(subject, name): &(Subject, String)| {
        let thresholds = Thresholds::default();
        let path = name.parse().ok()?;
        Some((name.clone(), Check { subject: *subject, path, thresholds, timeout }))
    };
    let checks: Vec<(String, Check)> = checks.iter().filter_map(wanted).collect();
    let mut asked = Inventory { nodes: Vec::new(), clusters: inventory.clusters.clone() };
    for (_, check) in &checks {
        for node in nodes(inventory, check).nodes {
            if asked.node(node.name.as_str()).is_none() {
                asked.nodes.push(node);
            }
        }
    }
    let Ok(state) = tokio::time::timeout(timeout, poll(client, &asked, None)).await else {
        return Vec::new();
    };
    let judged =
        checks.into_iter().filter_map(|(name, Check { subject, path, thresholds, .. })| {
            if untold(&asked, &state, subject, &path).is_some() {
                return None;
            }
            Some((name, judge(&state, subject, &path, &thresholds).ok()?))
        });
    judged.collect()
}

/// The nodes that tell of it: asking the others would only take time.
fn nodes(inventory: &Inventory, check: &Check) -> Inventory {
    let name = check.path.names().first().map(|name| name.as_str()).unwrap_or_default();
    let whole = check.path.names().len() == check.subject.depth();
    let cluster = inventory.cluster(name).filter(|_| whole);
    let nodes = inventory.nodes.iter().filter(|node| match check.subject {
        Subject::Agent => node.name.as_str() == name,
        Subject::Host => node.name.as_str() == name || inventory.may_direct(node),
        _ => match cluster {
            Some(cluster) => cluster.directors.contains(&node.name),
            None => inventory.may_direct(node),
        },
    });
    Inventory { nodes: nodes.cloned().collect(), clusters: inventory.clusters.clone() }
}

/// The verdict where nobody told of the subject and somebody had trouble.
fn untold(
    asked: &Inventory,
    state: &ClusterState,
    subject: Subject,
    path: &RowPath,
) -> Option<Verdict> {
    let is_told = |parts: &[&str]| path.matches(parts.iter().copied());
    let told = match subject {
        Subject::Agent => state.nodes.iter().any(|node| node.host.is_some()),
        Subject::Host => state.hosts.iter().any(|host| is_told(&[&host.name])),
        _ => state.clusters.iter().any(|cluster| match subject {
            Subject::Service => {
                cluster.services.iter().any(|service| is_told(&[&cluster.name, &service.name]))
            }
            Subject::Server | Subject::Weight => cluster.services.iter().any(|service| {
                let names = |server: &str| is_told(&[&cluster.name, &service.name, server]);
                service.servers.iter().any(|server| names(&server.name))
            }),
            _ => is_told(&[&cluster.name]),
        }),
    };
    // One that answers and does not take our question is asked in the wrong way, and one
    // that we do not know how to ask was not asked.
    let is_silent =
        |name: &str, reachable: bool| !reachable && asked.node(name).is_none_or(can_ask);
    let silent = state.faults().find(|node| is_silent(&node.name, node.reachable));
    let fault = silent.or_else(|| state.faults().next()).filter(|_| !told)?;
    let status = if silent.is_some() { Status::Critical } else { Status::Unknown };
    let error = fault.error.as_deref().unwrap_or_default();
    let mut verdict = Verdict::bare(subject, status, format!("{path}: {}, {error}", fault.name));
    verdict.more.extend(fault.advice.clone());
    verdict.lines.extend(state.faults().map(|node| {
        format!("{} {}: {}", node.name, node.address, node.error.as_deref().unwrap_or_default())
    }));
    Some(verdict)
}
