//! The clusters, their directors and leases.

use std::fmt;

use lcms_lb_core::model::DirectorState;
use prometheus_client::encoding::DescriptorEncoder;

use super::{family::Rows, number};
use crate::serve::Polled;

pub(super) fn encode(to: &mut DescriptorEncoder<'_>, polled: &Polled) -> fmt::Result {
    let told = polled.state.clusters.iter();
    let told = told.map(|cluster| ([("cluster", cluster.name.as_str())], Some(cluster)));
    // Nobody tells of these, which is worth to be known.
    let untold = polled.untold.iter().map(|name| ([("cluster", name.as_str())], None));
    let mut clusters = Rows::new(to, told.chain(untold));
    clusters.gauge(
        "lcms_cluster_status",
        "Health of the cluster: ok 0, warning 1, critical 2, unknown 3.",
        |cluster| Some(number(cluster.and_then(|cluster| cluster.status))),
    )?;
    clusters.gauge(
        "lcms_cluster_active_connections",
        "Active connections of all services of the cluster.",
        |cluster| cluster?.active_connections,
    )?;
    clusters.counter(
        "lcms_cluster_connections",
        "Connections accepted by all services of the cluster.",
        |cluster| cluster?.connections,
    )?;
    clusters.gauge(
        "lcms_cluster_lease_remaining_seconds",
        "Time left of the lease for dynamic weights; 0 where no controller holds it.",
        |cluster| Some(cluster?.lease.as_ref().map_or(0, |lease| lease.seconds)),
    )?;
    clusters.gauge(
        "lcms_cluster_lease_term",
        "Term of the lease for dynamic weights.",
        |cluster| Some(cluster?.lease.as_ref()?.term),
    )?;
    clusters.info("lcms_cluster_lease", "Who holds the lease for dynamic weights.", |cluster| {
        Some([("owner", cluster?.lease.as_ref()?.owner.as_str())])
    })?;
    let directors = polled.state.clusters.iter().flat_map(|cluster| {
        cluster.directors.iter().map(|director| {
            ([("cluster", cluster.name.as_str()), ("host", director.host.as_str())], director)
        })
    });
    Rows::new(to, directors).states(
        "lcms_director_state",
        "What the host is to the cluster at present.",
        &DirectorState::ALL.iter().map(|state| state.label()).collect::<Vec<_>>(),
        |director| director.state.map(DirectorState::label),
    )
}
