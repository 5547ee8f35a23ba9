//! snmpTargetAddrExtTable (RFC 3584 §5.3): which bits of a target's address count
//! where it says who may use a community, and how long messages to it may be.

use lcms_snmp::{ErrorStatus, Octets, Value};
use load_cluster_mib::{
    snmp_community_mib::snmp_target_addr_ext::{self, Patch, View, col},
    snmp_target_mib::snmp_target_addr::Index,
};

use super::snmp_target::is_name;
use crate::{
    engine::{At, Instrumentation, Refusal, Rows},
    security::{Storage, TargetRow},
    state::{AgentState, Draft},
};

/// `snmpTargetAddrExtEntry`.
pub struct SnmpTargetAddrExt;

struct Row<'s>(&'s TargetRow);

impl Instrumentation<AgentState> for SnmpTargetAddrExt {
    type Table = snmp_target_addr_ext::SnmpTargetAddrExt;
    type Key = String;

    fn rows<'s>(&self, state: &'s AgentState) -> &'s Rows<String> {
        &state.security_index.targets
    }

    fn column<'s>(&self, at: At<'s, AgentState>, name: &'s String, arc: u32) -> Option<Value<'s>> {
        let row = at.state.security.rows.notification.targets.get(name)?;
        snmp_target_addr_ext::column(&Row(row), arc)
    }

    fn writes(&self, _: u32) -> bool {
        true
    }

    fn admits(&self, index: &Index) -> bool {
        is_name(&index.target_addr_name)
    }

    /// The target itself has had its turn, so a new one is there by now.
    fn assign(&self, draft: &mut Draft, index: &Index, patch: &Patch) -> Result<(), Refusal> {
        let targets = &draft.security().notification.targets;
        match targets.get(&index.target_addr_name).map(|row| row.storage) {
            None => return Err(Refusal::row(ErrorStatus::InconsistentName)),
            Some(Storage::ReadOnly) => return Err(Refusal::row(ErrorStatus::InconsistentValue)),
            Some(Storage::Volatile | Storage::NonVolatile) => {}
        }
        let targets = &mut draft.security_mut().notification.targets;
        let Some(row) = targets.get_mut(&index.target_addr_name) else { return Ok(()) };
        if let Some(mask) = &patch.snmp_target_addr_t_mask {
            row.mask.clone_from(mask);
            if !row.has_fitting_mask() {
                return Err(Refusal::column(
                    col::SNMP_TARGET_ADDR_T_MASK,
                    ErrorStatus::InconsistentValue,
                ));
            }
        }
        if let Some(largest) = patch.snmp_target_addr_mms {
            row.largest = largest.unsigned_abs();
        }
        Ok(())
    }
}

impl<'s> View<'s> for Row<'s> {
    fn snmp_target_addr_t_mask(&self) -> Option<Octets<'s>> {
        Some(self.0.mask.as_slice().into())
    }

    fn snmp_target_addr_mms(&self) -> Option<i32> {
        i32::try_from(self.0.largest).ok()
    }
}
