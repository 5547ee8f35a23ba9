//! The daemon's own control loop.

use std::fmt;

use prometheus_client::encoding::DescriptorEncoder;

use super::{family::Rows, nodes::unix, servers::labels};
use crate::serve::Control;

pub(super) fn encode(to: &mut DescriptorEncoder<'_>, control: &Control) -> fmt::Result {
    // A daemon that controls nothing has no figures of it.
    let Some(time) = control.time else { return Ok(()) };
    let mut all = Rows::new(to, [([], control)]);
    all.counter(
        "lcms_control_rounds",
        "Rounds of the control loop, each with one director.",
        |control| Some(control.rounds),
    )?;
    all.counter(
        "lcms_control_refused_rounds",
        "Rounds in which something that was decided could not be written.",
        |control| Some(control.refused),
    )?;
    all.gauge(
        "lcms_control_last_round_timestamp_seconds",
        "When the control loop last looked.",
        |_| Some(unix(time)),
    )?;
    let clusters = control.clusters.iter();
    let clusters = clusters.map(|cluster| ([("cluster", cluster.cluster.as_str())], cluster));
    Rows::new(to, clusters).gauge(
        "lcms_control_in_control",
        "Whether this daemon holds the cluster's lease.",
        |cluster| Some(cluster.in_control),
    )?;
    let servers = control.clusters.iter().flat_map(|cluster| {
        cluster.servers.iter().map(move |server| {
            let names = (&cluster.cluster, &server.service, &server.server);
            (labels(names.0.as_str(), names.1.as_str(), names.2.as_str()), server)
        })
    });
    Rows::new(to, servers).gauge(
        "lcms_control_frozen",
        "Whether the weight is held because its figures are too old.",
        |server| Some(server.frozen),
    )?;
    let changes = control.changes.iter().map(|(id, changes)| {
        (labels(id.cluster.as_str(), id.service.as_str(), id.server.as_str()), *changes)
    });
    Rows::new(to, changes).counter(
        "lcms_control_weight_changes",
        "Dynamic weights written for the server by this daemon.",
        Some,
    )
}
