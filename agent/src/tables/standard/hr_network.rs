//! hrNetworkTable: which interface each network device is.

use lcms_snmp::Value;
use load_cluster_mib::host_resources_mib::hr_network::{self, View};

use crate::{
    engine::{At, Instrumentation, Rows},
    sensors::Interface,
    state::AgentState,
};

/// `hrNetworkEntry`.
pub struct HrNetwork;

struct Row<'s>(&'s Interface);

impl Instrumentation<AgentState> for HrNetwork {
    type Table = hr_network::HrNetwork;
    type Key = usize;

    fn rows<'s>(&self, state: &'s AgentState) -> &'s Rows<usize> {
        &state.host.networks
    }

    fn column<'s>(&self, at: At<'s, AgentState>, key: &'s usize, arc: u32) -> Option<Value<'s>> {
        let row = Row(&at.state.sample.inventory.links.all.get(*key)?.interface);
        hr_network::column(&row, arc)
    }
}

impl View<'_> for Row<'_> {
    fn if_index(&self) -> Option<i32> {
        i32::try_from(self.0.index).ok()
    }
}
