//! The snmpEngine group (RFC 3411).

use lcms_snmp::{Octets, Value};
use load_cluster_mib::snmp_framework_mib::snmp_engine::{self, View};

use crate::{
    engine::{At, Instrumentation, Rows, scalar_row},
    state::AgentState,
};

/// `snmpEngine`.
pub struct SnmpEngine;

struct Row<'s>(At<'s, AgentState>);

impl Instrumentation<AgentState> for SnmpEngine {
    type Table = snmp_engine::SnmpEngine;
    type Key = ();

    fn rows<'s>(&self, _: &'s AgentState) -> &'s Rows<()> {
        scalar_row()
    }

    fn column<'s>(&self, at: At<'s, AgentState>, (): &'s (), arc: u32) -> Option<Value<'s>> {
        snmp_engine::column(&Row(at), arc)
    }
}

impl<'s> View<'s> for Row<'s> {
    fn id(&self) -> Option<Octets<'s>> {
        Some(self.0.state.security.engine.id.as_octets().into())
    }

    fn boots(&self) -> Option<i32> {
        Some(self.0.state.security.engine.clock(self.0.now).boots as i32)
    }

    fn time(&self) -> Option<i32> {
        Some(self.0.state.security.engine.clock(self.0.now).time as i32)
    }

    fn max_message_size(&self) -> Option<i32> {
        Some(self.0.state.security.engine.max_size as i32)
    }
}
