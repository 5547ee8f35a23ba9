//! The services: state and traffic.

use std::fmt;

use lcms_lb_core::model::OperState;
use prometheus_client::encoding::DescriptorEncoder;

use super::{family::Rows, number};
use crate::poll::ClusterState;

pub(super) fn encode(to: &mut DescriptorEncoder<'_>, state: &ClusterState) -> fmt::Result {
    let services = state.clusters.iter().flat_map(|cluster| {
        cluster.services.iter().map(|service| {
            ([("cluster", cluster.name.as_str()), ("service", service.name.as_str())], service)
        })
    });
    let mut services = Rows::new(to, services);
    services.gauge(
        "lcms_service_status",
        "Health of the service: ok 0, warning 1, critical 2, unknown 3.",
        |service| Some(number(service.status)),
    )?;
    services.states(
        "lcms_service_state",
        "State of the service as observed.",
        &OperState::ALL.iter().map(|state| state.label()).collect::<Vec<_>>(),
        |service| service.oper_state.map(OperState::label),
    )?;
    services.gauge("lcms_service_servers", "Servers of the service.", |service| {
        Some(service.servers.len())
    })?;
    services.gauge(
        "lcms_service_servers_up",
        "Servers of the service with an effective weight above 0.",
        |service| Some(service.servers_up()),
    )?;
    services.gauge("lcms_service_active_connections", "Active connections.", |service| {
        service.active_connections
    })?;
    services.counter("lcms_service_connections", "Connections accepted.", |service| {
        service.connections
    })?;
    services.counter(
        "lcms_service_failed_connections",
        "Connections closed because every server tried failed.",
        |service| service.failed_connections,
    )?;
    services.counter(
        "lcms_service_refused_connections",
        "Connections closed because there was no server to try.",
        |service| service.refused_connections,
    )?;
    services.gauge(
        "lcms_service_queued_connections",
        "Connections that wait for a server.",
        |service| service.queued_connections,
    )?;
    services.counter(
        "lcms_service_queue_timeouts",
        "Connections refused after they had waited too long.",
        |service| service.queue_timeouts,
    )?;
    services.counter(
        "lcms_service_queue_overflows",
        "Connections refused because the queue was full.",
        |service| service.queue_overflows,
    )?;
    services.counter(
        "lcms_service_source_rate_overruns",
        "Connections refused because their source had too many.",
        |service| service.source_rate_overruns,
    )?;
    services.counter(
        "lcms_service_in_bytes",
        "Bytes from clients passed to servers.",
        |service| service.in_octets,
    )?;
    services.counter("lcms_service_out_bytes", "Bytes from servers passed to clients.", |service| {
        service.out_octets
    })
}
