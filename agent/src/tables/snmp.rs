//! The snmp group.

use lcms_snmp::Value;
use load_cluster_mib::snmpv2_mib::snmp::{self, SnmpEnableAuthenTraps, View};

use crate::{
    engine::{At, Instrumentation, Rows, Statistics, scalar_row},
    state::AgentState,
};

/// `snmp`.
pub struct Snmp;

struct Row<'s>(&'s Statistics);

impl Instrumentation<AgentState> for Snmp {
    type Table = snmp::Snmp;
    type Key = ();

    fn rows<'s>(&self, _: &'s AgentState) -> &'s Rows<()> {
        scalar_row()
    }

    fn column<'s>(&self, at: At<'s, AgentState>, (): &'s (), arc: u32) -> Option<Value<'s>> {
        snmp::column(&Row(&at.state.node.statistics), arc)
    }
}

impl View<'_> for Row<'_> {
    fn in_pkts(&self) -> Option<u32> {
        Some(self.0.in_pkts.value())
    }

    fn in_bad_versions(&self) -> Option<u32> {
        Some(self.0.in_bad_versions.value())
    }

    fn in_bad_community_names(&self) -> Option<u32> {
        Some(self.0.in_bad_community_names.value())
    }

    fn in_bad_community_uses(&self) -> Option<u32> {
        Some(self.0.in_bad_community_uses.value())
    }

    fn in_asn_parse_errs(&self) -> Option<u32> {
        Some(self.0.in_asn_parse_errs.value())
    }

    fn enable_authen_traps(&self) -> Option<SnmpEnableAuthenTraps> {
        // No notification is sent; a SET would promise what does not happen.
        Some(SnmpEnableAuthenTraps::Disabled)
    }

    fn silent_drops(&self) -> Option<u32> {
        Some(self.0.silent_drops.value())
    }

    fn proxy_drops(&self) -> Option<u32> {
        // Nothing is passed on to other entities.
        Some(0)
    }
}
