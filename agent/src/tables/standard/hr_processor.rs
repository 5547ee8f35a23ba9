//! hrProcessorTable: how busy each processor is.

use std::borrow::Cow;

use lcms_snmp::{Oid, Value};
use load_cluster_mib::host_resources_mib::hr_processor::{self, View};

use super::figures;
use crate::{
    engine::{At, Instrumentation, Rows},
    state::AgentState,
};

/// `hrProcessorEntry`.
pub struct HrProcessor;

struct Row(i32);

impl Instrumentation<AgentState> for HrProcessor {
    type Table = hr_processor::HrProcessor;
    type Key = usize;

    fn rows<'s>(&self, state: &'s AgentState) -> &'s Rows<usize> {
        &state.host.processors
    }

    fn column<'s>(&self, at: At<'s, AgentState>, key: &'s usize, arc: u32) -> Option<Value<'s>> {
        let row = Row(*at.state.sample.inventory.counters.processor_load.get(*key)?);
        hr_processor::column(&row, arc)
    }
}

impl<'s> View<'s> for Row {
    fn frw_id(&self) -> Option<Cow<'s, Oid>> {
        figures::nothing()
    }

    fn load(&self) -> Option<i32> {
        Some(self.0)
    }
}
