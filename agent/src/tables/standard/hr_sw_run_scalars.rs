//! hrSWOSIndex.

use lcms_snmp::Value;
use load_cluster_mib::host_resources_mib::hr_sw_run_scalars::{self, View};

use crate::{
    engine::{At, Instrumentation, Rows, scalar_row},
    state::AgentState,
};

/// `hrSWRun`.
pub struct HrSwRunScalars;

/// The kernel starts the first process, and nothing else stands for it.
const FIRST_PROCESS: i32 = 1;

struct Row;

impl Instrumentation<AgentState> for HrSwRunScalars {
    type Table = hr_sw_run_scalars::HrSwRunScalars;
    type Key = ();

    fn rows<'s>(&self, _: &'s AgentState) -> &'s Rows<()> {
        scalar_row()
    }

    fn column<'s>(&self, at: At<'s, AgentState>, (): &'s (), arc: u32) -> Option<Value<'s>> {
        let _ = at;
        let row = Row;
        hr_sw_run_scalars::column(&row, arc)
    }
}

impl View<'_> for Row {
    fn hr_swos_index(&self) -> Option<i32> {
        Some(FIRST_PROCESS)
    }
}
