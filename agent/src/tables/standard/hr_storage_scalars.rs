//! hrMemorySize.

use lcms_snmp::Value;
use load_cluster_mib::host_resources_mib::hr_storage_scalars::{self, View};

use super::figures;
use crate::{
    engine::{At, Instrumentation, Rows, scalar_row},
    sensors::Inventory,
    state::AgentState,
};

/// `hrStorage`.
pub struct HrStorageScalars;

struct Row<'s>(&'s Inventory);

impl Instrumentation<AgentState> for HrStorageScalars {
    type Table = hr_storage_scalars::HrStorageScalars;
    type Key = ();

    fn rows<'s>(&self, _: &'s AgentState) -> &'s Rows<()> {
        scalar_row()
    }

    fn column<'s>(&self, at: At<'s, AgentState>, (): &'s (), arc: u32) -> Option<Value<'s>> {
        let row = Row(&at.state.sample.inventory);
        hr_storage_scalars::column(&row, arc)
    }
}

impl View<'_> for Row<'_> {
    fn hr_memory_size(&self) -> Option<i32> {
        self.0.counters.memory.total.map(figures::number)
    }
}
