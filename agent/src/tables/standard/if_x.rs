//! ifXTable: the counters of 64 bits and the names of the interfaces.

use lcms_snmp::{ErrorStatus, Octets, Value};
use load_cluster_mib::if_mib::{
    if_::Index,
    if_x::{self, IfLinkUpDownTrapEnable, Patch, View, col},
};

use super::figures::counter32;
use crate::{
    engine::{At, Instrumentation, Refusal, Rows},
    sensors::inventory::{DeviceCounters, Link},
    state::{AgentState, Draft},
};

/// `ifXEntry`.
pub struct IfX;

struct Row<'s> {
    link: &'s Link,
    /// What it has counted, where the kernel says so.
    count: Option<DeviceCounters>,
    /// Whether linkUp and linkDown are told of it.
    told: bool,
}

impl Instrumentation<AgentState> for IfX {
    type Table = if_x::IfX;
    type Key = usize;

    fn rows<'s>(&self, state: &'s AgentState) -> &'s Rows<usize> {
        &state.host.interfaces
    }

    fn column<'s>(&self, at: At<'s, AgentState>, key: &'s usize, arc: u32) -> Option<Value<'s>> {
        let link = at.state.sample.inventory.links.all.get(*key)?;
        let row = Row {
            link,
            count: at.state.sample.inventory.devices.get(*key).copied().flatten(),
            told: at.state.security.rows.notification.tells_of_link(link),
        };
        if_x::column(&row, arc)
    }

    fn writes(&self, arc: u32) -> bool {
        arc == col::IF_LINK_UP_DOWN_TRAP_ENABLE
    }

    fn assign(&self, draft: &mut Draft, index: &Index, patch: &Patch) -> Result<(), Refusal> {
        let link = draft.link(index.index).ok_or(Refusal::row(ErrorStatus::InconsistentName))?;
        let told = patch.if_link_up_down_trap_enable;
        let Some(told) = told.map(|told| told == IfLinkUpDownTrapEnable::Enabled) else {
            return Ok(());
        };
        let set = &mut draft.security_mut().notification.link_traps;
        // What is so without being set is not kept.
        match told != link.stacked {
            true => set.remove(&link.interface.name),
            false => set.insert(link.interface.name, told),
        };
        Ok(())
    }
}

impl<'s> View<'s> for Row<'s> {
    fn if_name(&self) -> Option<Octets<'s>> {
        Some(self.link.interface.name.as_str().into())
    }

    fn if_in_multicast_pkts(&self) -> Option<u32> {
        Some(counter32(self.count?.packets.multicast))
    }

    fn if_in_broadcast_pkts(&self) -> Option<u32> {
        // Linux counts them among the others.
        None
    }

    fn if_out_multicast_pkts(&self) -> Option<u32> {
        None
    }

    fn if_out_broadcast_pkts(&self) -> Option<u32> {
        None
    }

    fn if_hc_in_octets(&self) -> Option<u64> {
        Some(self.count?.received)
    }

    fn if_hc_in_ucast_pkts(&self) -> Option<u64> {
        let packets = self.count?.packets;
        Some(packets.received.saturating_sub(packets.multicast))
    }

    fn if_hc_in_multicast_pkts(&self) -> Option<u64> {
        Some(self.count?.packets.multicast)
    }

    fn if_hc_in_broadcast_pkts(&self) -> Option<u64> {
        None
    }

    fn if_hc_out_octets(&self) -> Option<u64> {
        Some(self.count?.sent)
    }

    fn if_hc_out_ucast_pkts(&self) -> Option<u64> {
        Some(self.count?.packets.sent)
    }

    fn if_hc_out_multicast_pkts(&self) -> Option<u64> {
        None
    }

    fn if_hc_out_broadcast_pkts(&self) -> Option<u64> {
        None
    }

    fn if_link_up_down_trap_enable(&self) -> Option<IfLinkUpDownTrapEnable> {
        Some(match self.told {
            true => IfLinkUpDownTrapEnable::Enabled,
            false => IfLinkUpDownTrapEnable::Disabled,
        })
    }

    fn if_high_speed(&self) -> Option<u32> {
        Some(self.link.interface.speed.unwrap_or(0))
    }

    fn if_promiscuous_mode(&self) -> Option<bool> {
        Some(self.link.promiscuous)
    }

    fn if_connector_present(&self) -> Option<bool> {
        Some(self.link.hardware)
    }

    fn if_alias(&self) -> Option<Octets<'s>> {
        let alias = &self.link.alias;
        Some(Octets::from(alias.get(..alias.floor_char_boundary(64)).unwrap_or("")))
    }

    fn if_counter_discontinuity_time(&self) -> Option<u32> {
        // The kernel's own counters, which nothing but a new interface resets.
        Some(0)
    }
}
