//! SNMP-TSM-MIB (RFC 5591): what went wrong with messages that a session secures.
//!
//! Names have no prefix here, as by default: TLS is the one transport with sessions, so
//! there is nothing to tell apart, and snmpTsmConfigurationUsePrefix is read-only.

use lcms_snmp::Value;
use load_cluster_mib::snmp_tsm_mib::{snmp_tsm_configuration, snmp_tsm_stats};

use crate::{
    engine::{At, Instrumentation, Rows, Statistics, scalar_row},
    state::AgentState,
};

/// `snmpTsmStats`.
pub struct SnmpTsmStats;

/// `snmpTsmConfiguration`.
pub struct SnmpTsmConfiguration;

struct Counted<'s>(&'s Statistics);

struct Configured;

impl Instrumentation<AgentState> for SnmpTsmStats {
    type Table = snmp_tsm_stats::SnmpTsmStats;
    type Key = ();

    fn rows<'s>(&self, _: &'s AgentState) -> &'s Rows<()> {
        scalar_row()
    }

    fn column<'s>(&self, at: At<'s, AgentState>, (): &'s (), arc: u32) -> Option<Value<'s>> {
        snmp_tsm_stats::column(&Counted(&at.state.node.statistics), arc)
    }
}

impl Instrumentation<AgentState> for SnmpTsmConfiguration {
    type Table = snmp_tsm_configuration::SnmpTsmConfiguration;
    type Key = ();

    fn rows<'s>(&self, _: &'s AgentState) -> &'s Rows<()> {
        scalar_row()
    }

    fn column<'s>(&self, _: At<'s, AgentState>, (): &'s (), arc: u32) -> Option<Value<'s>> {
        snmp_tsm_configuration::column(&Configured, arc)
    }
}

impl snmp_tsm_stats::View<'_> for Counted<'_> {
    fn snmp_tsm_invalid_caches(&self) -> Option<u32> {
        Some(self.0.tsm_invalid_caches.value())
    }

    fn snmp_tsm_inadequate_security_levels(&self) -> Option<u32> {
        // No message can ask for more than TLS gives.
        Some(0)
    }

    fn snmp_tsm_unknown_prefixes(&self) -> Option<u32> {
        Some(0)
    }

    fn snmp_tsm_invalid_prefixes(&self) -> Option<u32> {
        Some(0)
    }
}

impl snmp_tsm_configuration::View<'_> for Configured {
    fn use_prefix(&self) -> Option<bool> {
        Some(false)
    }
}
