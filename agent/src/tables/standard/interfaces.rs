//! The scalar of the interfaces group.

use lcms_snmp::Value;
use load_cluster_mib::if_mib::interfaces::{self, View};

use crate::{
    engine::{At, Instrumentation, Rows, scalar_row},
    state::AgentState,
};

/// `interfaces`.
pub struct Interfaces;

struct Row<'s>(&'s AgentState);

impl Instrumentation<AgentState> for Interfaces {
    type Table = interfaces::Interfaces;
    type Key = ();

    fn rows<'s>(&self, _: &'s AgentState) -> &'s Rows<()> {
        scalar_row()
    }

    fn column<'s>(&self, at: At<'s, AgentState>, (): &'s (), arc: u32) -> Option<Value<'s>> {
        let row = Row(at.state);
        interfaces::column(&row, arc)
    }
}

impl View<'_> for Row<'_> {
    fn if_number(&self) -> Option<i32> {
        i32::try_from(self.0.host.interfaces.len()).ok()
    }
}
