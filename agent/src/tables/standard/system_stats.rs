//! Processor time, interrupts and input and output, in the words of UCD-SNMP-MIB.

use lcms_snmp::{Octets, Value};
use load_cluster_mib::ucd_snmp_mib::system_stats::{self, View};

use super::figures::counter32;
use crate::{
    engine::{At, Instrumentation, Rows, scalar_row},
    sensors::inventory::Counters,
    state::AgentState,
};

/// `systemStats`.
pub struct SystemStats;

/// Blocks of 512 octets in what the kernel counts in KiB.
const BLOCKS_OF_A_KIB: u64 = 2;

struct Row<'s>(&'s Counters);

impl Row<'_> {
    fn ticks(&self, column: usize) -> Option<u32> {
        self.0.cpu?.0.get(column).copied().map(counter32)
    }
}

impl Instrumentation<AgentState> for SystemStats {
    type Table = system_stats::SystemStats;
    type Key = ();

    fn rows<'s>(&self, _: &'s AgentState) -> &'s Rows<()> {
        scalar_row()
    }

    fn column<'s>(&self, at: At<'s, AgentState>, (): &'s (), arc: u32) -> Option<Value<'s>> {
        let row = Row(&at.state.sample.inventory.counters);
        system_stats::column(&row, arc)
    }
}

impl<'s> View<'s> for Row<'s> {
    fn ss_index(&self) -> Option<i32> {
        Some(1)
    }

    fn ss_error_name(&self) -> Option<Octets<'s>> {
        Some("systemStats".into())
    }

    fn ss_swap_in(&self) -> Option<i32> {
        Some(self.0.rates?.swap_in)
    }

    fn ss_swap_out(&self) -> Option<i32> {
        Some(self.0.rates?.swap_out)
    }

    fn ss_io_sent(&self) -> Option<i32> {
        Some(self.0.rates?.sent)
    }

    fn ss_io_receive(&self) -> Option<i32> {
        Some(self.0.rates?.received)
    }

    fn ss_sys_interrupts(&self) -> Option<i32> {
        Some(self.0.rates?.interrupts)
    }

    fn ss_sys_context(&self) -> Option<i32> {
        Some(self.0.rates?.contexts)
    }

    fn ss_cpu_user(&self) -> Option<i32> {
        Some(self.0.rates?.cpu[0])
    }

    fn ss_cpu_system(&self) -> Option<i32> {
        Some(self.0.rates?.cpu[1])
    }

    fn ss_cpu_idle(&self) -> Option<i32> {
        Some(self.0.rates?.cpu[2])
    }

    fn ss_cpu_raw_user(&self) -> Option<u32> {
        self.ticks(0)
    }

    fn ss_cpu_raw_nice(&self) -> Option<u32> {
        self.ticks(1)
    }

    fn ss_cpu_raw_system(&self) -> Option<u32> {
        self.ticks(2)
    }

    fn ss_cpu_raw_idle(&self) -> Option<u32> {
        self.ticks(3)
    }

    fn ss_cpu_raw_wait(&self) -> Option<u32> {
        self.ticks(4)
    }

    fn ss_cpu_raw_kernel(&self) -> Option<u32> {
        // Linux has no time of the kernel beside that of the system.
        Some(0)
    }

    fn ss_cpu_raw_interrupt(&self) -> Option<u32> {
        self.ticks(5)
    }

    fn ss_io_raw_sent(&self) -> Option<u32> {
        self.0.paged.map(|(_, sent)| counter32(sent.wrapping_mul(BLOCKS_OF_A_KIB)))
    }

    fn ss_io_raw_received(&self) -> Option<u32> {
        self.0.paged.map(|(received, _)| counter32(received.wrapping_mul(BLOCKS_OF_A_KIB)))
    }

    fn ss_raw_interrupts(&self) -> Option<u32> {
        self.0.interrupts.map(counter32)
    }

    fn ss_raw_contexts(&self) -> Option<u32> {
        self.0.contexts.map(counter32)
    }

    fn ss_cpu_raw_soft_irq(&self) -> Option<u32> {
        self.ticks(6)
    }

    fn ss_raw_swap_in(&self) -> Option<u32> {
        self.0.swapped.map(|(pages, _)| counter32(pages))
    }

    fn ss_raw_swap_out(&self) -> Option<u32> {
        self.0.swapped.map(|(_, pages)| counter32(pages))
    }

    fn ss_cpu_raw_steal(&self) -> Option<u32> {
        self.ticks(7)
    }

    fn ss_cpu_raw_guest(&self) -> Option<u32> {
        self.ticks(8)
    }

    fn ss_cpu_raw_guest_nice(&self) -> Option<u32> {
        self.ticks(9)
    }

    fn ss_cpu_num_cpus(&self) -> Option<i32> {
        self.0.cpu?;
        i32::try_from(self.0.processor_load.len()).ok()
    }
}
