//! hrSWRunTable: the processes.

use std::borrow::Cow;

use lcms_snmp::{Octets, Oid, Value};
use load_cluster_mib::host_resources_mib::hr_sw_run::{self, HrSwRunStatus, HrSwRunType, View};

use super::figures;
use crate::{
    engine::{At, Instrumentation, Rows},
    sensors::inventory::{Process, ProcessState},
    state::AgentState,
};

/// `hrSWRunEntry`.
pub struct HrSwRun;

struct Row<'s>(&'s Process);

impl Instrumentation<AgentState> for HrSwRun {
    type Table = hr_sw_run::HrSwRun;
    type Key = usize;

    fn rows<'s>(&self, state: &'s AgentState) -> &'s Rows<usize> {
        &state.host.processes
    }

    fn column<'s>(&self, at: At<'s, AgentState>, key: &'s usize, arc: u32) -> Option<Value<'s>> {
        let row = Row(at.state.sample.inventory.processes.get(*key)?);
        hr_sw_run::column(&row, arc)
    }
}

impl<'s> View<'s> for Row<'s> {
    fn index(&self) -> Option<i32> {
        Some(self.0.id)
    }

    fn name(&self) -> Option<Octets<'s>> {
        Some(self.0.name.as_str().into())
    }

    fn id(&self) -> Option<Cow<'s, Oid>> {
        figures::nothing()
    }

    fn path(&self) -> Option<Octets<'s>> {
        Some(self.0.path.as_str().into())
    }

    fn parameters(&self) -> Option<Octets<'s>> {
        Some(self.0.parameters.as_str().into())
    }

    fn type_(&self) -> Option<HrSwRunType> {
        // Only the kernel's own threads have no command line.
        Some(match self.0.path.is_empty() {
            true => HrSwRunType::OperatingSystem,
            false => HrSwRunType::Application,
        })
    }

    fn status(&self) -> Option<HrSwRunStatus> {
        Some(match self.0.state {
            ProcessState::Running => HrSwRunStatus::Running,
            ProcessState::Runnable => HrSwRunStatus::Runnable,
            ProcessState::NotRunnable => HrSwRunStatus::NotRunnable,
            ProcessState::Invalid => HrSwRunStatus::Invalid,
        })
    }
}
