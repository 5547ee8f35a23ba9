//! lcHostAddrTable: the addresses of the own host.

use lcms_snmp::{Octets, Value};
use load_cluster_mib::load_cluster_mib::lc_host_addr::{self, View};

use crate::{
    engine::{At, Instrumentation, Rows},
    sensors::Interface,
    state::{AddressRow, AgentState},
};

/// `lcHostAddrEntry`.
pub struct LcHostAddr;

struct Row<'s>(&'s Interface);

impl Instrumentation<AgentState> for LcHostAddr {
    type Table = lc_host_addr::LcHostAddr;
    type Key = AddressRow;

    fn rows<'s>(&self, state: &'s AgentState) -> &'s Rows<AddressRow> {
        &state.addresses
    }

    fn column<'s>(
        &self,
        at: At<'s, AgentState>,
        key: &'s AddressRow,
        arc: u32,
    ) -> Option<Value<'s>> {
        let interface = at.state.sample.facts.interfaces.get(key.interface)?;
        lc_host_addr::column(&Row(interface), arc)
    }
}

impl<'s> View<'s> for Row<'s> {
    fn if_index(&self) -> Option<i32> {
        i32::try_from(self.0.index).ok()
    }

    fn phys_address(&self) -> Option<Octets<'s>> {
        Some(self.0.physical.as_slice().into())
    }
}
