//! The host as a whole.

use std::time::SystemTime;

use lcms_snmp::{Octets, Value};
use load_cluster_mib::host_resources_mib::hr_system::{self, View};

use super::{super::cells, figures};
use crate::{
    engine::{At, Instrumentation, Rows, scalar_row},
    sensors::Inventory,
    state::AgentState,
};

/// `hrSystem`.
pub struct HrSystem;

struct Row<'s> {
    inventory: &'s Inventory,
    date: Option<SystemTime>,
}

impl Instrumentation<AgentState> for HrSystem {
    type Table = hr_system::HrSystem;
    type Key = ();

    fn rows<'s>(&self, _: &'s AgentState) -> &'s Rows<()> {
        scalar_row()
    }

    fn column<'s>(&self, at: At<'s, AgentState>, (): &'s (), arc: u32) -> Option<Value<'s>> {
        let sample = &at.state.sample;
        // A clock of its own would make a walk see more than one moment.
        let since = at.now.saturating_duration_since(sample.load.sampled_at);
        let date = sample.inventory.date.and_then(|date| date.checked_add(since));
        let row = Row { inventory: &sample.inventory, date };
        hr_system::column(&row, arc)
    }
}

impl<'s> View<'s> for Row<'s> {
    fn uptime(&self) -> Option<u32> {
        // TimeTicks count modulo 2^32, as counters do.
        self.inventory.counters.uptime.map(figures::counter32)
    }

    fn date(&self) -> Option<Octets<'s>> {
        self.date.map(|date| cells::date(Some(date)))
    }

    fn initial_load_device(&self) -> Option<i32> {
        // Disks are not among the devices shown.
        None
    }

    fn initial_load_parameters(&self) -> Option<Octets<'s>> {
        let line = self.inventory.links.command_line.as_deref()?;
        Some(Octets::from(line.get(..line.floor_char_boundary(128))?))
    }

    fn num_users(&self) -> Option<u32> {
        Some(self.inventory.links.users)
    }

    fn processes(&self) -> Option<u32> {
        u32::try_from(self.inventory.processes.len()).ok()
    }

    fn max_processes(&self) -> Option<i32> {
        // Linux has limits for each user and none of its own to speak of.
        Some(0)
    }
}
