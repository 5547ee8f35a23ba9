//! The nodes, and what it is to ask them.

use std::fmt;

use jiff::Timestamp;
use prometheus_client::encoding::DescriptorEncoder;

use super::{family::Rows, number};
use crate::{client::Counts, serve::Polled};

pub(super) fn encode(to: &mut DescriptorEncoder<'_>, polled: &Polled) -> fmt::Result {
    let nodes = polled.state.nodes.iter().zip(&polled.nodes);
    let mut nodes = Rows::new(to, nodes.map(|both| ([("node", both.0.name.as_str())], both)));
    nodes.gauge(
        "lcms_node_up",
        "Whether the node's agent told all it was asked at the last poll.",
        |(node, _)| Some(node.error.is_none()),
    )?;
    nodes.gauge(
        "lcms_node_status",
        "The agent's word on all it knows: ok 0, warning 1, critical 2, unknown 3.",
        |(node, _)| Some(number(node.status)),
    )?;
    nodes.gauge(
        "lcms_node_last_answer_timestamp_seconds",
        "When the node's agent last told all it was asked.",
        |(_, record)| record.answered.map(unix),
    )?;
    nodes.gauge(
        "lcms_node_round_trip_seconds",
        "Time from the first question of the last poll to its answer.",
        |(node, _)| node.round_trip_ms.map(|milliseconds| milliseconds / 1e3),
    )?;
    nodes.gauge(
        "lcms_node_poll_duration_seconds",
        "How long the last poll of the node took.",
        |(_, record)| Some(record.took.as_secs_f64()),
    )?;
    nodes.counter("lcms_node_polls", "Polls of the node.", |(_, record)| Some(record.polls))?;
    nodes.counter(
        "lcms_node_poll_failures",
        "Polls of the node that brought nothing, or not all.",
        |(_, record)| Some(record.failures),
    )?;
    nodes.gauge(
        "lcms_node_config_generation",
        "Number of the configuration in the node's agent.",
        |(node, _)| node.generation,
    )?;
    let state = polled.nodes.first().map(|_| ([], &polled.state));
    Rows::new(to, state).gauge(
        "lcms_state_timestamp_seconds",
        "When the state that these metrics show was put together.",
        |state| Some(unix(state.time)),
    )
}

pub(super) fn encode_client(to: &mut DescriptorEncoder<'_>, counts: Counts) -> fmt::Result {
    let mut client = Rows::new(to, [([], counts)]);
    client.counter("lcms_snmp_requests", "SNMP requests, each counted once.", |counts| {
        Some(counts.requests)
    })?;
    client.counter(
        "lcms_snmp_retransmits",
        "SNMP requests sent again because no answer came in time.",
        |counts| Some(counts.retransmits),
    )?;
    client.counter("lcms_snmp_timeouts", "SNMP requests given up.", |counts| Some(counts.timeouts))
}

/// A time as Prometheus counts it.
pub(super) fn unix(time: Timestamp) -> f64 {
    time.as_millisecond() as f64 / 1e3
}
