//! The hosts: state and load.

use std::fmt;

use lcms_lb_core::model::OperState;
use prometheus_client::encoding::DescriptorEncoder;

use super::{family::Rows, number, ratio, seconds};
use crate::poll::{ClusterState, Host, Load};

pub(super) fn encode(to: &mut DescriptorEncoder<'_>, state: &ClusterState) -> fmt::Result {
    let hosts = state.hosts.iter().map(|host| ([("host", host.name.as_str())], host));
    let mut hosts = Rows::new(to, hosts);
    hosts.gauge(
        "lcms_host_status",
        "Health of the host: ok 0, warning 1, critical 2, unknown 3.",
        |host| Some(number(host.status)),
    )?;
    hosts.states(
        "lcms_host_state",
        "State of the host as observed.",
        &OperState::ALL.iter().map(|state| state.label()).collect::<Vec<_>>(),
        |host| host.oper_state.map(OperState::label),
    )?;
    hosts.gauge(
        "lcms_host_freeness_ratio",
        "Share of the host that is free for more work.",
        |host| ratio(host.freeness_permille),
    )?;
    hosts.gauge("lcms_host_servers", "Servers on the host.", |host| Some(host.servers))?;
    hosts.gauge(
        "lcms_host_servers_up",
        "Servers on the host with an effective weight above 0.",
        |host| Some(host.servers_up),
    )?;
    hosts.gauge(
        "lcms_host_active_connections",
        "Active connections of the servers on the host.",
        |host| Some(host.active_connections),
    )?;
    hosts.gauge(
        "lcms_host_report_age_seconds",
        "Age of the last load report on the host that a director has.",
        |host| seconds(host.report.as_ref()?.age_ms),
    )?;
    load(&mut hosts)
}

fn load(hosts: &mut Rows<'_, '_, '_, 1, &Host>) -> fmt::Result {
    fn of(host: &Host) -> Option<&Load> {
        host.load.as_ref()
    }
    hosts.gauge(
        "lcms_host_sample_age_seconds",
        "Age of the load figures when they were read.",
        |host| seconds(of(host)?.sample_age_ms),
    )?;
    hosts.gauge("lcms_host_cores", "Processors of the host.", |host| of(host)?.cores)?;
    hosts.gauge(
        "lcms_host_cpu_busy_ratio",
        "Share of processor time that was not idle.",
        |host| ratio(of(host)?.cpu_busy_permille),
    )?;
    hosts.gauge(
        "lcms_host_runnable_tasks",
        "Tasks running or waiting for a processor.",
        |host| of(host)?.runnable,
    )?;
    hosts.gauge("lcms_host_load1", "Load average over 1 minute.", |host| of(host)?.load1)?;
    hosts.gauge("lcms_host_load5", "Load average over 5 minutes.", |host| of(host)?.load5)?;
    hosts.gauge("lcms_host_load15", "Load average over 15 minutes.", |host| of(host)?.load15)?;
    hosts.gauge("lcms_host_memory_bytes", "Memory of the host.", |host| {
        of(host)?.memory_total_octets
    })?;
    hosts.gauge(
        "lcms_host_memory_available_bytes",
        "Memory that a new task could have.",
        |host| of(host)?.memory_available_octets,
    )?;
    hosts.gauge(
        "lcms_host_memory_available_ratio",
        "Share of the memory that a new task could have.",
        |host| ratio(of(host)?.memory_available_permille),
    )?;
    hosts.counter("lcms_host_swap_in_pages", "Pages read from swap space.", |host| {
        of(host)?.swap_in_pages
    })?;
    hosts.gauge(
        "lcms_host_established_connections",
        "Established TCP connections of the host.",
        |host| of(host)?.established,
    )
}
