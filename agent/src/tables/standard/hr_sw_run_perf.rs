//! hrSWRunPerfTable: what each process costs.

use lcms_snmp::Value;
use load_cluster_mib::host_resources_mib::hr_sw_run_perf::{self, View};

use super::figures;
use crate::{
    engine::{At, Instrumentation, Rows},
    sensors::inventory::Process,
    state::AgentState,
};

/// `hrSWRunPerfEntry`.
pub struct HrSwRunPerf;

struct Row<'s>(&'s Process);

impl Instrumentation<AgentState> for HrSwRunPerf {
    type Table = hr_sw_run_perf::HrSwRunPerf;
    type Key = usize;

    fn rows<'s>(&self, state: &'s AgentState) -> &'s Rows<usize> {
        &state.host.processes
    }

    fn column<'s>(&self, at: At<'s, AgentState>, key: &'s usize, arc: u32) -> Option<Value<'s>> {
        let row = Row(at.state.sample.inventory.processes.get(*key)?);
        hr_sw_run_perf::column(&row, arc)
    }
}

impl View<'_> for Row<'_> {
    fn cpu(&self) -> Option<i32> {
        Some(figures::number(self.0.ticks))
    }

    fn mem(&self) -> Option<i32> {
        Some(figures::number(self.0.memory))
    }
}
