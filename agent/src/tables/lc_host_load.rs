//! lcHostLoadTable: the load of the own host.

use std::time::Instant;

use lcms_snmp::Value;
use load_cluster_mib::load_cluster_mib::lc_host_load::{self, View};

use crate::{
    engine::{At, Instrumentation, Rows},
    sensors::Load,
    state::{AgentState, Node},
};

/// `lcHostLoadEntry`.
pub struct LcHostLoad;

struct Row<'s> {
    load: &'s Load,
    node: &'s Node,
    now: Instant,
}

impl Instrumentation<AgentState> for LcHostLoad {
    type Table = lc_host_load::LcHostLoad;
    type Key = ();

    fn rows<'s>(&self, state: &'s AgentState) -> &'s Rows<()> {
        &state.load
    }

    fn column<'s>(&self, at: At<'s, AgentState>, (): &'s (), arc: u32) -> Option<Value<'s>> {
        let row = Row { load: &at.state.sample.load, node: &at.state.node, now: at.now };
        lc_host_load::column(&row, arc)
    }
}

impl View<'_> for Row<'_> {
    fn sample_age(&self) -> Option<u32> {
        Some(self.load.age_ms(self.now))
    }

    fn cores(&self) -> Option<u32> {
        self.load.cores
    }

    fn cpu_busy(&self) -> Option<u32> {
        self.load.cpu_busy
    }

    fn runnable(&self) -> Option<u32> {
        self.load.runnable
    }

    fn runnable_time(&self) -> Option<u64> {
        self.load.runnable_time
    }

    fn busy_time(&self) -> Option<u64> {
        self.load.busy_time
    }

    fn total_time(&self) -> Option<u64> {
        self.load.total_time
    }

    fn average1(&self) -> Option<u32> {
        self.load.average_1
    }

    fn average5(&self) -> Option<u32> {
        self.load.average_5
    }

    fn average15(&self) -> Option<u32> {
        self.load.average_15
    }

    fn memory_total(&self) -> Option<u64> {
        self.load.memory_total
    }

    fn memory_available(&self) -> Option<u64> {
        self.load.memory_available
    }

    fn memory_avail_permille(&self) -> Option<u32> {
        self.load.memory_avail_permille
    }

    fn swap_in(&self) -> Option<u64> {
        self.load.swap_in
    }

    fn swap_out(&self) -> Option<u64> {
        self.load.swap_out
    }

    fn pressure_cpu(&self) -> Option<u32> {
        self.load.pressure_cpu
    }

    fn pressure_memory(&self) -> Option<u32> {
        self.load.pressure_memory
    }

    fn pressure_io(&self) -> Option<u32> {
        self.load.pressure_io
    }

    fn in_octets(&self) -> Option<u64> {
        self.load.in_octets
    }

    fn out_octets(&self) -> Option<u64> {
        self.load.out_octets
    }

    fn established(&self) -> Option<u32> {
        self.load.established
    }

    fn discontinuity_time(&self) -> Option<u32> {
        Some(self.node.ticks(self.load.discontinuity))
    }
}
