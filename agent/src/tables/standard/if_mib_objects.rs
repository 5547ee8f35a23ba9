//! The scalars of IF-MIB: when tables last changed.

use lcms_snmp::Value;
use load_cluster_mib::if_mib::if_mib_objects::{self, View};

use crate::{
    engine::{At, Instrumentation, Rows, scalar_row},
    state::AgentState,
};

/// `ifMIBObjects`.
pub struct IfMibObjects;

struct Row<'s>(&'s AgentState);

impl Instrumentation<AgentState> for IfMibObjects {
    type Table = if_mib_objects::IfMibObjects;
    type Key = ();

    fn rows<'s>(&self, _: &'s AgentState) -> &'s Rows<()> {
        scalar_row()
    }

    fn column<'s>(&self, at: At<'s, AgentState>, (): &'s (), arc: u32) -> Option<Value<'s>> {
        let row = Row(at.state);
        if_mib_objects::column(&row, arc)
    }
}

impl View<'_> for Row<'_> {
    fn if_table_last_change(&self) -> Option<u32> {
        // 0 stands for before the agent started.
        Some(self.0.host.interfaces_changed.map_or(0, |moment| self.0.node.ticks(moment)))
    }

    fn if_stack_last_change(&self) -> Option<u32> {
        // How interfaces lie on one another is not shown.
        None
    }
}
