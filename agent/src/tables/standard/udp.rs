//! The scalars of UDP-MIB.

use lcms_snmp::Value;
use load_cluster_mib::udp_mib::udp::{self, View};

use super::figures;
use crate::{
    engine::{At, Instrumentation, Rows, scalar_row},
    sensors::inventory::ProtocolCounters,
    state::AgentState,
};

/// `udp`.
pub struct Udp;

struct Row<'s>(&'s ProtocolCounters);

impl Row<'_> {
    fn counter(&self, name: &str) -> Option<u32> {
        self.0.value(name).map(figures::counter32)
    }
}

impl Instrumentation<AgentState> for Udp {
    type Table = udp::Udp;
    type Key = ();

    fn rows<'s>(&self, _: &'s AgentState) -> &'s Rows<()> {
        scalar_row()
    }

    fn column<'s>(&self, at: At<'s, AgentState>, (): &'s (), arc: u32) -> Option<Value<'s>> {
        let row = Row(&at.state.sample.inventory.counters.protocols.udp);
        udp::column(&row, arc)
    }
}

impl View<'_> for Row<'_> {
    fn in_datagrams(&self) -> Option<u32> {
        self.counter("InDatagrams")
    }

    fn no_ports(&self) -> Option<u32> {
        self.counter("NoPorts")
    }

    fn in_errors(&self) -> Option<u32> {
        self.counter("InErrors")
    }

    fn out_datagrams(&self) -> Option<u32> {
        self.counter("OutDatagrams")
    }

    fn hc_in_datagrams(&self) -> Option<u64> {
        self.0.value("InDatagrams")
    }

    fn hc_out_datagrams(&self) -> Option<u64> {
        self.0.value("OutDatagrams")
    }
}
