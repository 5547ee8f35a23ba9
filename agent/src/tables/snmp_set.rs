//! snmpSetSerialNo: lets managers that know nothing of each other order their
//! SETs (RFC 3418).

use lcms_snmp::{Value, object::Scalar};
use load_cluster_mib::snmpv2_mib::snmp_set::{self, Patch, View, col};

use crate::{
    engine::{At, Instrumentation, Refusal, Rows, scalar_row},
    state::{AgentState, Draft, Lock},
};

/// `snmpSet`.
pub struct SnmpSet;

struct Row<'s>(&'s Lock);

impl Instrumentation<AgentState> for SnmpSet {
    type Table = snmp_set::SnmpSet;
    type Key = ();

    fn rows<'s>(&self, _: &'s AgentState) -> &'s Rows<()> {
        scalar_row()
    }

    fn column<'s>(&self, at: At<'s, AgentState>, (): &'s (), arc: u32) -> Option<Value<'s>> {
        snmp_set::column(&Row(&at.state.node.locks.serial), arc)
    }

    fn writes(&self, arc: u32) -> bool {
        arc == col::SERIAL_NO
    }

    fn assign(&self, draft: &mut Draft, _: &Scalar, patch: &Patch) -> Result<(), Refusal> {
        draft.claim(|locks| &locks.serial, patch.serial_no, col::SERIAL_NO)
    }
}

impl View<'_> for Row<'_> {
    fn serial_no(&self) -> Option<i32> {
        Some(self.0.value())
    }
}
