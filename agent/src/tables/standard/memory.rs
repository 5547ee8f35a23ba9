//! Memory, in the words of UCD-SNMP-MIB.

use lcms_snmp::{Octets, Value};
use load_cluster_mib::ucd_snmp_mib::memory::{self, MemSwapError, View};

use super::figures;
use crate::{
    engine::{At, Instrumentation, Rows, scalar_row},
    sensors::inventory,
    state::AgentState,
};

/// `memory`.
pub struct Memory;

/// Free swap space, in KiB, below which it counts as running out; net-snmp's own
/// limit. A host without any swap space does not run out of it.
const MINIMUM_SWAP: u64 = 16_000;

struct Row<'s>(&'s inventory::Memory);

impl Row<'_> {
    fn all_free(&self) -> Option<u64> {
        Some(self.0.free?.saturating_add(self.0.swap_free.unwrap_or(0)))
    }

    fn runs_out(&self) -> Option<bool> {
        Some(self.0.swap_total? > 0 && self.0.swap_free? < MINIMUM_SWAP)
    }
}

impl Instrumentation<AgentState> for Memory {
    type Table = memory::Memory;
    type Key = ();

    fn rows<'s>(&self, _: &'s AgentState) -> &'s Rows<()> {
        scalar_row()
    }

    fn column<'s>(&self, at: At<'s, AgentState>, (): &'s (), arc: u32) -> Option<Value<'s>> {
        let row = Row(&at.state.sample.inventory.counters.memory);
        memory::column(&row, arc)
    }
}

impl<'s> View<'s> for Row<'s> {
    fn mem_index(&self) -> Option<i32> {
        Some(0)
    }

    fn mem_error_name(&self) -> Option<Octets<'s>> {
        Some("swap".into())
    }

    fn mem_total_swap(&self) -> Option<i32> {
        self.0.swap_total.map(figures::number)
    }

    fn mem_avail_swap(&self) -> Option<i32> {
        self.0.swap_free.map(figures::number)
    }

    fn mem_total_real(&self) -> Option<i32> {
        self.0.total.map(figures::number)
    }

    fn mem_avail_real(&self) -> Option<i32> {
        self.0.free.map(figures::number)
    }

    fn mem_total_free(&self) -> Option<i32> {
        self.all_free().map(figures::number)
    }

    fn mem_minimum_swap(&self) -> Option<i32> {
        Some(figures::number(MINIMUM_SWAP))
    }

    fn mem_shared(&self) -> Option<i32> {
        self.0.shared.map(figures::number)
    }

    fn mem_buffer(&self) -> Option<i32> {
        self.0.buffers.map(figures::number)
    }

    fn mem_cached(&self) -> Option<i32> {
        self.0.cached.map(figures::number)
    }

    fn mem_total_swap_x(&self) -> Option<u64> {
        self.0.swap_total
    }

    fn mem_avail_swap_x(&self) -> Option<u64> {
        self.0.swap_free
    }

    fn mem_total_real_x(&self) -> Option<u64> {
        self.0.total
    }

    fn mem_avail_real_x(&self) -> Option<u64> {
        self.0.free
    }

    fn mem_total_free_x(&self) -> Option<u64> {
        self.all_free()
    }

    fn mem_minimum_swap_x(&self) -> Option<u64> {
        Some(MINIMUM_SWAP)
    }

    fn mem_shared_x(&self) -> Option<u64> {
        self.0.shared
    }

    fn mem_buffer_x(&self) -> Option<u64> {
        self.0.buffers
    }

    fn mem_cached_x(&self) -> Option<u64> {
        self.0.cached
    }

    fn mem_sys_avail(&self) -> Option<u64> {
        self.0.available
    }

    fn mem_swap_error(&self) -> Option<MemSwapError> {
        Some(match self.runs_out()? {
            true => MemSwapError::Error,
            false => MemSwapError::NoError,
        })
    }

    fn mem_swap_error_msg(&self) -> Option<Octets<'s>> {
        Some(match self.runs_out()? {
            true => "Running out of swap space".into(),
            false => "".into(),
        })
    }
}
