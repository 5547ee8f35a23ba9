//! The instrumentation of every table and group of scalars that the agent
//! serves, one file each.

mod cells;
mod faults;
mod lc_agent;
mod lc_cluster;
mod lc_director;
mod lc_host;
mod lc_host_addr;
mod lc_host_load;
mod lc_host_report;
mod lc_policy;
mod lc_server;
mod lc_service;
mod row_status;
mod snmp;
mod snmp_set;
mod standard;
mod sys_or;
mod system;
mod words;

#[cfg(test)]
mod tests;

pub use faults::fault;

use crate::{
    engine::{Instrumented, Region},
    state::AgentState,
};

/// All of them.
pub fn regions() -> Vec<Box<dyn Region<AgentState>>> {
    let mut regions = standard::regions();
    regions.extend::<Vec<Box<dyn Region<AgentState>>>>(vec![
        Box::new(Instrumented(system::System)),
        Box::new(Instrumented(sys_or::SysOr)),
        Box::new(Instrumented(snmp::Snmp)),
        Box::new(Instrumented(snmp_set::SnmpSet)),
        Box::new(Instrumented(lc_agent::LcAgent)),
        Box::new(Instrumented(lc_host::LcHost)),
        Box::new(Instrumented(lc_host_addr::LcHostAddr)),
        Box::new(Instrumented(lc_host_load::LcHostLoad)),
        Box::new(Instrumented(lc_host_report::LcHostReport)),
        Box::new(Instrumented(lc_policy::LcPolicy)),
        Box::new(Instrumented(lc_cluster::LcCluster)),
        Box::new(Instrumented(lc_director::LcDirector)),
        Box::new(Instrumented(lc_service::LcService)),
        Box::new(Instrumented(lc_server::LcServer)),
    ]);
    regions
}
