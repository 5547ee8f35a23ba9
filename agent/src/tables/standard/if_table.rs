//! ifTable: the network interfaces.

use std::borrow::Cow;

use lcms_snmp::{Octets, Oid, Value};
use load_cluster_mib::{
    if_mib::if_::{self, IfAdminStatus, IfOperStatus, View},
    tc::IANAifType,
};

use super::figures::{self, counter32};
use crate::{
    engine::{At, Instrumentation, Rows},
    sensors::inventory::{DeviceCounters, Link},
    state::AgentState,
    tables::words::{self, Word as _},
};

/// `ifEntry`.
pub struct If;

struct Row<'s> {
    state: &'s AgentState,
    link: &'s Link,
    /// What it has counted, where the kernel says so.
    count: Option<DeviceCounters>,
}

impl Instrumentation<AgentState> for If {
    type Table = if_::If;
    type Key = usize;

    fn rows<'s>(&self, state: &'s AgentState) -> &'s Rows<usize> {
        &state.host.interfaces
    }

    fn column<'s>(&self, at: At<'s, AgentState>, key: &'s usize, arc: u32) -> Option<Value<'s>> {
        let row = Row {
            state: at.state,
            link: at.state.sample.inventory.links.all.get(*key)?,
            count: at.state.sample.inventory.devices.get(*key).copied().flatten(),
        };
        if_::column(&row, arc)
    }
}

impl<'s> View<'s> for Row<'s> {
    fn index(&self) -> Option<i32> {
        i32::try_from(self.link.interface.index).ok()
    }

    fn descr(&self) -> Option<Octets<'s>> {
        Some(self.link.interface.name.as_str().into())
    }

    fn type_(&self) -> Option<IANAifType> {
        Some(super::super::lc_host::if_type(&self.link.interface))
    }

    fn mtu(&self) -> Option<i32> {
        self.link.mtu
    }

    fn speed(&self) -> Option<u32> {
        Some(self.link.interface.speed.unwrap_or(0).saturating_mul(1_000_000))
    }

    fn phys_address(&self) -> Option<Octets<'s>> {
        Some(self.link.interface.physical.as_slice().into())
    }

    fn admin_status(&self) -> Option<IfAdminStatus> {
        Some(words::admin_status(self.link))
    }

    fn oper_status(&self) -> Option<IfOperStatus> {
        Some(self.link.oper.mib())
    }

    fn last_change(&self) -> Option<u32> {
        let changed = self.state.host.state_changed(self.link.interface.index);
        // 0 stands for before the agent started.
        Some(changed.map_or(0, |moment| self.state.node.ticks(moment)))
    }

    fn in_octets(&self) -> Option<u32> {
        Some(counter32(self.count?.received))
    }

    fn in_ucast_pkts(&self) -> Option<u32> {
        let packets = self.count?.packets;
        Some(counter32(packets.received.saturating_sub(packets.multicast)))
    }

    fn in_n_ucast_pkts(&self) -> Option<u32> {
        Some(counter32(self.count?.packets.multicast))
    }

    fn in_discards(&self) -> Option<u32> {
        Some(counter32(self.count?.packets.receive_drops))
    }

    fn in_errors(&self) -> Option<u32> {
        Some(counter32(self.count?.packets.receive_errors))
    }

    fn in_unknown_protos(&self) -> Option<u32> {
        // Linux counts them among the drops.
        None
    }

    fn out_octets(&self) -> Option<u32> {
        Some(counter32(self.count?.sent))
    }

    fn out_ucast_pkts(&self) -> Option<u32> {
        Some(counter32(self.count?.packets.sent))
    }

    fn out_n_ucast_pkts(&self) -> Option<u32> {
        // Linux does not tell what it sends by multicast.
        None
    }

    fn out_discards(&self) -> Option<u32> {
        Some(counter32(self.count?.packets.send_drops))
    }

    fn out_errors(&self) -> Option<u32> {
        Some(counter32(self.count?.packets.send_errors))
    }

    fn out_q_len(&self) -> Option<u32> {
        None
    }

    fn specific(&self) -> Option<Cow<'s, Oid>> {
        figures::nothing()
    }
}
