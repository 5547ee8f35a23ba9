//! What a round writes on a director.

use std::collections::BTreeSet;

use lcms_lb_core::model::{Name, ServerId};
use lcms_snmp::ErrorStatus;
use lcms_snmp::object::Table as _;
use load_cluster_mib::load_cluster_mib::lc_cluster::{self, LcCluster};
use load_cluster_mib::load_cluster_mib::lc_host_report::{self, LcHostReport};
use load_cluster_mib::load_cluster_mib::lc_server::{self, LcServer};

use super::pack::{self, Part, Unit};
use crate::client::{Changes, Client, ClientError, Target};
use crate::policy::{Decision, Report};

/// The greatest length of a reason, in octets.
const REASON: usize = 255;

/// The lease to write under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The cluster.
    pub cluster: Name,
    /// The term.
    pub term: u32,
    /// How long it shall run from now on.
    pub seconds: u32,
    /// Whether it has to be acquired first.
    pub acquire: bool,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Whether the lease is ours.
    pub granted: bool,
    /// The servers whose weights the director has now.
    pub written: BTreeSet<ServerId>,
    /// Why the rest was not written.
    pub error: Option<ClientError>,
}

/// Acquires or prolongs the lease, and writes reports and weights under it.
pub async fn round(
    client: &Client,
    target: &Target,
    owner: &str,
    grant: &Grant,
    reports: &[(Name, Report)],
    decisions: &[Decision],
) -> Outcome {
    let mut outcome = Outcome::default();
    if grant.acquire {
        let acquire = lc_cluster::Patch { lease_owner: Some(owner.to_owned()), ..lease(grant) };
        if let Err(error) = client.apply::<LcCluster>(target, &index(grant.cluster), &acquire).await
        {
            outcome.error = Some(error);
            return outcome;
        }
        outcome.granted = true;
    }
    let head = Changes::new().with::<LcCluster>(&index(grant.cluster), &lease(grant));
    for set in pack::pack(target, &head, units(reports, decisions), pack::LARGEST) {
        if let Err(error) = client.commit(target, &set.changes).await {
            outcome.error = Some(error);
            break;
        }
        outcome.granted = true;
        outcome.written.extend(set.about.into_iter().flatten());
    }
    outcome
}

/// Gives a lease back if it is this owner's; says whether it was.
pub async fn release(
    client: &Client,
    target: &Target,
    cluster: Name,
    owner: &str,
) -> Result<bool, ClientError> {
    use lc_cluster::col::{LEASE_OWNER, LEASE_SECONDS, LEASE_TERM};
    let index = index(cluster);
    let columns = [LEASE_OWNER, LEASE_TERM, LEASE_SECONDS];
    let row = client.row::<LcCluster>(target, &index, &columns).await?.unwrap_or_default();
    let runs = row.lease_seconds.is_some_and(|seconds| seconds > 0);
    if !runs || row.lease_owner.as_deref() != Some(owner) {
        return Ok(false);
    }
    let patch = lc_cluster::Patch {
        lease_term: row.lease_term,
        lease_seconds: Some(0),
        ..lc_cluster::Patch::default()
    };
    client.apply::<LcCluster>(target, &index, &patch).await.map(|()| true)
}

/// What went wrong, what follows, and what to look at.
pub fn advice(director: Name, error: &ClientError) -> String {
    let about_lease = matches!(error, ClientError::Refused { name: Some(name), .. }
        if LcCluster::ENTRY.split(name).is_some());
    match error.status() {
        Some(ErrorStatus::InconsistentValue) if about_lease => format!(
            "{director} refused the lease: another controller or an operator was faster; \
             its row decides in the next round"
        ),
        Some(ErrorStatus::NoAccess | ErrorStatus::NoSuchName | ErrorStatus::AuthorizationError) => {
            format!(
                "{director} lets us read only; give its [[node]] a user and its auth_file, one \
                 that its agent has as a [[user]] with access = \"write\""
            )
        }
        _ if error.is_unreachable() => format!(
            "{error}; nothing is written, and the configured weights stand when the lease ends"
        ),
        _ => format!("the weights were not written: {error}"),
    }
}

fn index(cluster: Name) -> lc_cluster::Index {
    lc_cluster::Index { cluster_name: cluster.to_string() }
}

fn lease(grant: &Grant) -> lc_cluster::Patch {
    lc_cluster::Patch {
        lease_term: Some(grant.term),
        lease_seconds: Some(grant.seconds),
        ..lc_cluster::Patch::default()
    }
}

/// A unit for each report and one for the changes of each service.
fn units(reports: &[(Name, Report)], decisions: &[Decision]) -> Vec<Unit<Option<ServerId>>> {
    let reports = reports.iter().map(|(host, report)| {
        let index = lc_host_report::Index { host_name: host.to_string() };
        let patch = lc_host_report::Patch {
            runnable: Some(report.runnable),
            utilisation: report.utilisation,
            memory_avail_permille: report.memory_available,
            swapping: report.swapping,
            cores: report.cores,
            sample_age: Some(report.sample_age),
            interval: report.interval,
            mean_runnable: report.mean_runnable,
        };
        let changes = Changes::new().with::<LcHostReport>(&index, &patch);
        Unit { parts: vec![Part { about: None, changes }] }
    });
    let weights = decisions.chunk_by(|one, next| one.server.service() == next.server.service());
    let weights =
        weights.map(|service| Unit { parts: service.iter().filter_map(weight).collect() });
    reports.chain(weights.filter(|unit| !unit.parts.is_empty())).collect()
}

fn weight(decision: &Decision) -> Option<Part<Option<ServerId>>> {
    let ServerId { cluster, service, server } = decision.server;
    let index = lc_server::Index {
        cluster_name: cluster.to_string(),
        service_name: service.to_string(),
        server_name: server.to_string(),
    };
    let patch = lc_server::Patch {
        dynamic_weight: Some(decision.change()?),
        weight_reason: Some(reason(&decision.why)),
        ..lc_server::Patch::default()
    };
    let changes = Changes::new().with::<LcServer>(&index, &patch);
    Some(Part { about: Some(decision.server), changes })
}

fn reason(why: &str) -> String {
    why.get(..why.floor_char_boundary(REASON)).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use lcms_snmp::{Community, Retry};
    use proptest::prelude::*;

    use super::*;
    use crate::ops::auto::pack::LARGEST;

    fn target() -> Target {
        Target {
            address: ([127, 0, 0, 1], 161).into(),
            credentials: Community::v2c("a community").into(),
            retry: Retry { timeout: Duration::from_secs(1), ..Retry::default() },
        }
    }

    fn decision(service: usize, server: usize, why: usize) -> Decision {
        let name = |text: String| text.parse().expect("a name");
        Decision {
            server: ServerId {
                cluster: name("main".to_owned()),
                service: name(format!("s{service}")),
                server: name(format!("rs{server}")),
            },
            configured: 1,
            before: None,
            weight: Some(50),
            wanted: None,
            frozen: false,
            why: "é".repeat(why),
        }
    }

    fn grant() -> Grant {
        Grant { cluster: "main".parse().expect("a name"), term: 7, seconds: 10, acquire: false }
    }

    proptest! {
        /// Every weight is written once, under the term, in messages that fit,
        /// and a service that fits one message is not split.
        #[test]
        fn all_weights_go_out_in_whole_services(
            services in prop::collection::vec(prop::collection::vec(0..200usize, 1..12), 0..8),
        ) {
            let decisions: Vec<Decision> = services
                .iter()
                .enumerate()
                .flat_map(|(service, servers)| {
                    let servers = servers.iter().enumerate();
                    servers.map(move |(server, why)| decision(service, server, *why))
                })
                .collect();
            let head = Changes::new().with::<LcCluster>(&index(grant().cluster), &lease(&grant()));
            let sets = pack::pack(&target(), &head, units(&[], &decisions), LARGEST);
            let mut written: Vec<ServerId> = Vec::new();
            for set in &sets {
                prop_assert!(set.changes.message_size(&target()) <= LARGEST + 16);
                prop_assert!(set.changes.varbinds().starts_with(head.varbinds()));
                written.extend(set.about.iter().flatten());
            }
            written.sort();
            let wanted: Vec<ServerId> = decisions.iter().map(|decision| decision.server).collect();
            prop_assert_eq!(&written, &wanted);
            for service in decisions.chunk_by(|a, b| a.server.service() == b.server.service()) {
                let holds = |server: &Option<ServerId>| {
                    server.is_some_and(|server| server.service() == service[0].server.service())
                };
                let homes = sets.iter().filter(|set| set.about.iter().any(holds)).count();
                let alone = pack::pack(&target(), &head, units(&[], service), LARGEST).len();
                prop_assert!(homes == 1 || alone > 1);
            }
        }
    }

    #[test]
    fn a_round_without_changes_still_prolongs_the_lease() {
        let head = Changes::new().with::<LcCluster>(&index(grant().cluster), &lease(&grant()));
        let unchanged = Decision { before: Some(50), ..decision(1, 1, 1) };
        let sets = pack::pack(&target(), &head, units(&[], &[unchanged]), LARGEST);
        assert_eq!(sets.len(), 1);
        assert_eq!(sets[0].changes, head);
    }

    #[test]
    fn a_reason_is_cut_between_characters() {
        assert_eq!(reason(&"é".repeat(200)).len(), 254);
        assert_eq!(reason("short"), "short");
    }
}
