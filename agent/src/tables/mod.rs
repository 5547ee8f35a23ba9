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
mod managed;
mod nlm;
mod refusals;
mod row_status;
mod snmp;
mod snmp_community;
mod snmp_engine;
mod snmp_notify;
mod snmp_set;
mod snmp_target;
mod snmp_target_ext;
mod standard;
mod sys_or;
mod system;
mod tlstm;
mod tlstm_targets;
mod tsm;
mod usm_user;
mod vacm;
pub(crate) mod words;

#[cfg(test)]
mod tests;

pub use faults::fault;
use load_cluster_mib::{MODULES, snmpv2_smi::nodes as smi};
pub use system::object_id;

use crate::{
    engine::{Instrumented, Region},
    state::AgentState,
};

/// The nodes that SNMPv2-SMI begins the tree with.
const ROOT: &[(&str, &[u32])] = &[
    ("iso", smi::ORG.split_at(1).0),
    ("org", smi::ORG),
    ("dod", smi::DOD),
    ("internet", smi::INTERNET),
    ("directory", smi::DIRECTORY),
    ("mgmt", smi::MGMT),
    ("mib-2", smi::MIB_2),
    ("transmission", smi::TRANSMISSION),
    ("experimental", smi::EXPERIMENTAL),
    ("private", smi::PRIVATE),
    ("enterprises", smi::ENTERPRISES),
    ("security", smi::SECURITY),
    ("snmpV2", smi::SNMP_V2),
    ("snmpDomains", smi::SNMP_DOMAINS),
    ("snmpProxys", smi::SNMP_PROXYS),
    ("snmpModules", smi::SNMP_MODULES),
];

/// The OID of what is served by its name: a module, a notification, a table, its
/// row, a group of scalars, or one column; or of a node above all of that.
pub fn subtree(name: &str) -> Option<Vec<u32>> {
    if let Some(module) = MODULES.iter().find(|module| module.name == name) {
        return Some(module.oid.to_vec()).filter(|oid| !oid.is_empty());
    }
    if let Some((_, oid)) = ROOT.iter().find(|(known, _)| *known == name) {
        return Some(oid.to_vec());
    }
    let notifications = [
        ::load_cluster_mib::load_cluster_mib::notifications::ALL,
        ::load_cluster_mib::snmpv2_mib::notifications::ALL,
        ::load_cluster_mib::snmp_tls_tm_mib::notifications::ALL,
    ];
    if let Some((_, oid)) = notifications.into_iter().flatten().find(|(known, _)| *known == name) {
        return Some(oid.to_vec());
    }
    regions().iter().map(|region| region.entry()).find_map(|entry| {
        let table = entry.name.strip_suffix("Entry").map(|stem| format!("{stem}Table"));
        let column = || entry.columns.iter().find(|column| column.name == name);
        match entry.name == name {
            true => Some(entry.oid.to_vec()),
            false if table.as_deref() == Some(name) => {
                entry.oid.split_last().map(|(_, table)| table.to_vec())
            }
            false => column().map(|column| entry.instance(column.arc, &[])),
        }
    })
}

/// All of them.
pub fn regions() -> Vec<Box<dyn Region<AgentState>>> {
    let mut regions = standard::regions();
    regions.extend::<Vec<Box<dyn Region<AgentState>>>>(vec![
        Box::new(Instrumented(system::System)),
        Box::new(Instrumented(sys_or::SysOr)),
        Box::new(Instrumented(snmp::Snmp)),
        Box::new(Instrumented(snmp_set::SnmpSet)),
        Box::new(Instrumented(snmp_engine::SnmpEngine)),
        Box::new(Instrumented(refusals::SnmpMpdStats)),
        Box::new(Instrumented(refusals::SnmpTargetObjects)),
        Box::new(Instrumented(snmp_target::SnmpTargetAddr)),
        Box::new(Instrumented(snmp_target_ext::SnmpTargetAddrExt)),
        Box::new(Instrumented(snmp_target::SnmpTargetParams)),
        Box::new(Instrumented(snmp_notify::SnmpNotify)),
        Box::new(Instrumented(snmp_notify::SnmpNotifyFilterProfile)),
        Box::new(Instrumented(snmp_notify::SnmpNotifyFilter)),
        Box::new(Instrumented(nlm::NlmConfig)),
        Box::new(Instrumented(nlm::NlmStats)),
        Box::new(Instrumented(nlm::NlmLog)),
        Box::new(Instrumented(nlm::NlmLogVariable)),
        Box::new(Instrumented(refusals::UsmStats)),
        Box::new(Instrumented(usm_user::UsmUserScalars)),
        Box::new(Instrumented(usm_user::UsmUser)),
        Box::new(Instrumented(vacm::VacmContext)),
        Box::new(Instrumented(vacm::VacmSecurityToGroup)),
        Box::new(Instrumented(vacm::VacmAccess)),
        Box::new(Instrumented(vacm::VacmMibViews)),
        Box::new(Instrumented(vacm::VacmViewTreeFamily)),
        Box::new(Instrumented(snmp_community::SnmpCommunity)),
        Box::new(Instrumented(tsm::SnmpTsmStats)),
        Box::new(Instrumented(tsm::SnmpTsmConfiguration)),
        Box::new(Instrumented(tlstm::SnmpTlstmSession)),
        Box::new(Instrumented(tlstm::SnmpTlstmCertificateMapping)),
        Box::new(Instrumented(tlstm::SnmpTlstmCertToTsn)),
        Box::new(Instrumented(tlstm_targets::SnmpTlstmParams)),
        Box::new(Instrumented(tlstm_targets::SnmpTlstmAddr)),
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
