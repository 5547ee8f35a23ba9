//! The servers: state, weights and traffic.

use std::fmt;

use lcms_lb_core::model::OperState;
use prometheus_client::encoding::DescriptorEncoder;

use super::{
    family::{Labels, Rows},
    number,
};
use crate::{
    check::status_of,
    poll::{ClusterState, Server},
};

pub(super) fn encode(to: &mut DescriptorEncoder<'_>, state: &ClusterState) -> fmt::Result {
    let servers = state.servers().map(|(cluster, service, server)| {
        (labels(&cluster.name, &service.name, &server.name), server)
    });
    let mut servers = Rows::new(to, servers);
    servers.gauge(
        "lcms_server_status",
        "Health of the server by its state: ok 0, warning 1, critical 2, unknown 3.",
        |server| Some(number(Some(status_of(server.oper_state)))),
    )?;
    servers.states(
        "lcms_server_state",
        "State of the server as observed.",
        &OperState::ALL.iter().map(|state| state.label()).collect::<Vec<_>>(),
        |server| server.oper_state.map(OperState::label),
    )?;
    servers.info("lcms_server", "Where the server is.", |server| {
        let host = server.host.as_deref().unwrap_or_default();
        Some([("host", host), ("address", server.address.as_deref().unwrap_or_default())])
    })?;
    weights(&mut servers)?;
    traffic(&mut servers)
}

/// The labels of a server's row.
pub(super) fn labels<'a>(cluster: &'a str, service: &'a str, server: &'a str) -> Labels<'a, 3> {
    [("cluster", cluster), ("service", service), ("server", server)]
}

fn weights(servers: &mut Rows<'_, '_, '_, 3, &Server>) -> fmt::Result {
    servers.gauge("lcms_server_configured_weight", "The operator's weight.", |server| {
        server.configured
    })?;
    servers
        .gauge("lcms_server_dynamic_weight", "The controller's weight.", |server| server.dynamic)?;
    servers.gauge(
        "lcms_server_effective_weight",
        "The weight that the director uses.",
        |server| server.effective,
    )?;
    servers.gauge(
        "lcms_server_observed_ratio",
        "Share of the service's new connections since the poll before.",
        |server| server.observed,
    )?;
    servers.gauge(
        "lcms_server_capacity",
        "Connections a second that the server could complete, as measured.",
        |server| server.capacity,
    )
}

fn traffic(servers: &mut Rows<'_, '_, '_, 3, &Server>) -> fmt::Result {
    servers.gauge("lcms_server_active_connections", "Active connections.", |server| {
        server.active_connections
    })?;
    servers.gauge(
        "lcms_server_connection_limit",
        "Active connections at which the server gets no more; 0 for no limit.",
        |server| server.connection_limit,
    )?;
    servers.counter(
        "lcms_server_connections",
        "Connections that the server accepted.",
        |server| server.connections,
    )?;
    servers.counter(
        "lcms_server_failed_connections",
        "Connections that the server did not accept.",
        |server| server.failed_connections,
    )?;
    servers.counter("lcms_server_check_failures", "Checks that failed.", |server| {
        server.check_failures
    })?;
    servers.counter("lcms_server_ejections", "How often the server was ejected.", |server| {
        server.ejections
    })?;
    servers.counter(
        "lcms_server_in_bytes",
        "Bytes from clients passed to the server.",
        |server| server.in_octets,
    )?;
    servers.counter("lcms_server_out_bytes", "Bytes from the server passed to clients.", |server| {
        server.out_octets
    })
}
