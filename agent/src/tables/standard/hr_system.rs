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

struct Row<'s>(&'s Inventory);

impl Instrumentation<AgentState> for HrSystem {
    type Table = hr_system::HrSystem;
    type Key = ();

    fn rows<'s>(&self, _: &'s AgentState) -> &'s Rows<()> {
        scalar_row()
    }

    fn column<'s>(&self, at: At<'s, AgentState>, (): &'s (), arc: u32) -> Option<Value<'s>> {
        let row = Row(&at.state.sample.inventory);
        hr_system::column(&row, arc)
    }
}

impl<'s> View<'s> for Row<'s> {
    fn uptime(&self) -> Option<u32> {
        // TimeTicks count modulo 2^32, as counters do.
        self.0.counters.uptime.map(figures::counter32)
    }

    fn date(&self) -> Option<Octets<'s>> {
        Some(cells::date(Some(SystemTime::now())))
    }

    fn initial_load_device(&self) -> Option<i32> {
        // Disks are not among the devices shown.
        None
    }

    fn initial_load_parameters(&self) -> Option<Octets<'s>> {
        let line = self.0.links.command_line.as_deref()?;
        Some(Octets::from(line.get(..line.floor_char_boundary(128))?))
    }

    fn num_users(&self) -> Option<u32> {
        Some(self.0.links.users)
    }

    fn processes(&self) -> Option<u32> {
        u32::try_from(self.0.processes.len()).ok()
    }

    fn max_processes(&self) -> Option<i32> {
        // Linux has limits for each user and none of its own to speak of.
        Some(0)
    }
}
