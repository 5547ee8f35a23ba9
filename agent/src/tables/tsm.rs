//! SNMP-TSM-MIB (RFC 5591): what went wrong with messages that a session secures, and
//! whether the names of sessions have a prefix.

use lcms_snmp::{Value, object::Scalar};
use load_cluster_mib::snmp_tsm_mib::{snmp_tsm_configuration, snmp_tsm_stats};

use crate::{
    engine::{At, Instrumentation, Refusal, Rows, Statistics, scalar_row},
    security::SecurityRows,
    state::{AgentState, Draft},
};

/// `snmpTsmStats`.
pub struct SnmpTsmStats;

/// `snmpTsmConfiguration`.
pub struct SnmpTsmConfiguration;

struct Counted<'s>(&'s Statistics);

struct Configured<'s>(&'s SecurityRows);

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

    fn column<'s>(&self, at: At<'s, AgentState>, (): &'s (), arc: u32) -> Option<Value<'s>> {
        snmp_tsm_configuration::column(&Configured(&at.state.security.rows), arc)
    }

    fn writes(&self, _: u32) -> bool {
        true
    }

    fn assign(
        &self,
        draft: &mut Draft,
        _: &Scalar,
        patch: &snmp_tsm_configuration::Patch,
    ) -> Result<(), Refusal> {
        if let Some(use_prefix) = patch.use_prefix {
            draft.security_mut().set_use_prefix(use_prefix);
        }
        Ok(())
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
        // TLS is the one transport with sessions, and has its prefix.
        Some(0)
    }

    fn snmp_tsm_invalid_prefixes(&self) -> Option<u32> {
        Some(self.0.tsm_invalid_prefixes.value())
    }
}

impl snmp_tsm_configuration::View<'_> for Configured<'_> {
    fn use_prefix(&self) -> Option<bool> {
        Some(self.0.use_prefix())
    }
}
