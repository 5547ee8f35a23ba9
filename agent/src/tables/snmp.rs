//! The snmp group.

use lcms_snmp::{Value, object::Scalar};
use load_cluster_mib::snmpv2_mib::snmp::{self, Patch, SnmpEnableAuthenTraps, View};

use crate::{
    engine::{At, Instrumentation, Refusal, Rows, Statistics, scalar_row},
    state::{AgentState, Draft},
};

/// `snmp`.
pub struct Snmp;

struct Row<'s> {
    counted: &'s Statistics,
    authen_traps: bool,
}

impl Instrumentation<AgentState> for Snmp {
    type Table = snmp::Snmp;
    type Key = ();

    fn rows<'s>(&self, _: &'s AgentState) -> &'s Rows<()> {
        scalar_row()
    }

    fn column<'s>(&self, at: At<'s, AgentState>, (): &'s (), arc: u32) -> Option<Value<'s>> {
        let counted = &*at.state.node.statistics;
        let authen_traps = at.state.security.rows.notification.authen_traps;
        snmp::column(&Row { counted, authen_traps }, arc)
    }

    fn writes(&self, _: u32) -> bool {
        true
    }

    fn assign(&self, draft: &mut Draft, _: &Scalar, patch: &Patch) -> Result<(), Refusal> {
        if let Some(enable) = patch.enable_authen_traps {
            let enabled = enable == SnmpEnableAuthenTraps::Enabled;
            draft.security_mut().notification.authen_traps = enabled;
        }
        Ok(())
    }
}

impl View<'_> for Row<'_> {
    fn in_pkts(&self) -> Option<u32> {
        Some(self.counted.in_pkts.value())
    }

    fn in_bad_versions(&self) -> Option<u32> {
        Some(self.counted.in_bad_versions.value())
    }

    fn in_bad_community_names(&self) -> Option<u32> {
        Some(self.counted.in_bad_community_names.value())
    }

    fn in_bad_community_uses(&self) -> Option<u32> {
        Some(self.counted.in_bad_community_uses.value())
    }

    fn in_asn_parse_errs(&self) -> Option<u32> {
        Some(self.counted.in_asn_parse_errs.value())
    }

    fn enable_authen_traps(&self) -> Option<SnmpEnableAuthenTraps> {
        Some(match self.authen_traps {
            true => SnmpEnableAuthenTraps::Enabled,
            false => SnmpEnableAuthenTraps::Disabled,
        })
    }

    fn silent_drops(&self) -> Option<u32> {
        Some(self.counted.silent_drops.value())
    }

    fn proxy_drops(&self) -> Option<u32> {
        // Nothing is passed on to other entities.
        Some(0)
    }
}
