//! The standard MIBs that a monitoring system expects of any host: IF-MIB,
//! IP-MIB, TCP-MIB, UDP-MIB, HOST-RESOURCES-MIB, and the parts of UCD-SNMP-MIB that
//! everyone reads.

mod figures;
mod hr_device;
mod hr_fs;
mod hr_network;
mod hr_processor;
mod hr_storage;
mod hr_storage_scalars;
mod hr_sw_run;
mod hr_sw_run_perf;
mod hr_sw_run_scalars;
mod hr_system;
mod if_mib_objects;
mod if_table;
mod if_x;
mod interfaces;
mod ip;
mod ip_addr;
mod ip_address;
mod la;
mod memory;
mod system_stats;
mod tcp;
mod udp;

use crate::{
    engine::{Instrumented, Region},
    state::AgentState,
};

/// All of them.
pub fn regions() -> Vec<Box<dyn Region<AgentState>>> {
    vec![
        Box::new(Instrumented(interfaces::Interfaces)),
        Box::new(Instrumented(if_mib_objects::IfMibObjects)),
        Box::new(Instrumented(if_table::If)),
        Box::new(Instrumented(if_x::IfX)),
        Box::new(Instrumented(ip::Ip)),
        Box::new(Instrumented(ip_addr::IpAddr)),
        Box::new(Instrumented(ip_address::IpAddress)),
        Box::new(Instrumented(tcp::Tcp)),
        Box::new(Instrumented(udp::Udp)),
        Box::new(Instrumented(hr_system::HrSystem)),
        Box::new(Instrumented(hr_storage_scalars::HrStorageScalars)),
        Box::new(Instrumented(hr_storage::HrStorage)),
        Box::new(Instrumented(hr_device::HrDevice)),
        Box::new(Instrumented(hr_processor::HrProcessor)),
        Box::new(Instrumented(hr_network::HrNetwork)),
        Box::new(Instrumented(hr_fs::HrFs)),
        Box::new(Instrumented(hr_sw_run_scalars::HrSwRunScalars)),
        Box::new(Instrumented(hr_sw_run::HrSwRun)),
        Box::new(Instrumented(hr_sw_run_perf::HrSwRunPerf)),
        Box::new(Instrumented(memory::Memory)),
        Box::new(Instrumented(la::La)),
        Box::new(Instrumented(system_stats::SystemStats)),
    ]
}
