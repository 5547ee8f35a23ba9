//! The typed tables of LOAD-CLUSTER-MIB, of the modules that describe the SNMP
//! entity itself, and of the standard ones that a host is expected to have,
//! generated from their texts in `mibs/modules`.
//!
//! Each table and each group of scalars has a module with its `ENTRY`, a typed
//! `Index` whose order is the order of the OIDs, a `Row` of what can be read, a
//! `Patch` of what can be written, and a `View` an agent implements. Nobody else
//! knows an OID or a column's number.

use std::sync::LazyLock;

use lcms_snmp::{Oid, notification::Names};

// One text serves every entry, whether it needs all of it or not.
#[allow(unused, unused_qualifications, clippy::all)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/tables.rs"));
}

pub use generated::{
    MODULES, Module, host_resources_mib, host_resources_types, if_mib, ip_mib, lcms_usm_aes_mib,
    load_cluster_mib, notification_log_mib, snmp_community_mib, snmp_framework_mib, snmp_mpd_mib,
    snmp_notification_mib, snmp_target_mib, snmp_tls_tm_mib, snmp_tsm_mib, snmp_user_based_sm_mib,
    snmp_usm_aes_mib, snmp_usm_hmac_sha2_mib, snmp_view_based_acm_mib, snmpv2_mib, snmpv2_smi,
    snmpv2_tm, tc, tcp_mib, transport_address_mib, ucd_snmp_mib, udp_mib,
};

/// What every notification is made with.
pub static NOTIFICATION_NAMES: LazyLock<Names> = LazyLock::new(|| {
    use self::{
        snmp_community_mib::snmp_community_mib_objects as community,
        snmpv2_mib::{nodes, snmp_trap, system},
    };
    let oid = |arcs: Vec<u32>| Oid::new(arcs).expect("a name of the MIB is one");
    Names {
        sys_up_time: oid(system::ENTRY.instance(system::col::SYS_UP_TIME, &[0])),
        snmp_trap_oid: oid(snmp_trap::ENTRY.instance(snmp_trap::col::OID, &[0])),
        snmp_trap_enterprise: oid(snmp_trap::ENTRY.instance(snmp_trap::col::ENTERPRISE, &[0])),
        snmp_trap_address: oid(community::ENTRY.instance(community::col::SNMP_TRAP_ADDRESS, &[0])),
        snmp_traps: oid(nodes::SNMP_TRAPS.to_vec()),
    }
});
