//! One sample: everything the host tables say about the own host.

use std::{sync::Arc, time::Instant};

use super::{Facts, Inventory};

/// The figures of one moment, published whole and never changed after.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// What the host is; refreshed more slowly than the load.
    pub facts: Arc<Facts>,
    /// How loaded it is.
    pub load: Load,
    /// What the standard MIBs say of it.
    pub inventory: Inventory,
}

/// The load of the own host: lcHostLoadTable, in its names and units.
///
/// A figure whose source is absent or unreadable is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Load {
    /// When the figures were read; the age of the sample counts from here.
    pub sampled_at: Instant,
    /// When the counters below last started anew: the start of the sampling,
    /// or the moment a counter of the kernel had gone back.
    pub discontinuity: Instant,
    /// Processors online.
    pub cores: Option<u32>,
    /// Share of CPU time not idle between this sample and the one before, in
    /// permille.
    pub cpu_busy: Option<u32>,
    /// Tasks running or waiting for a processor, the sampling thread not
    /// counted.
    pub runnable: Option<u32>,
    /// Time integral of `runnable`, in task milliseconds.
    pub runnable_time: Option<u64>,
    /// CPU time not idle over all processors, in milliseconds. Time stolen by
    /// a hypervisor counts, waiting for input and output does not.
    pub busy_time: Option<u64>,
    /// CPU time over all processors, in milliseconds.
    pub total_time: Option<u64>,
    /// Load average over 1 minute, times 100.
    pub average_1: Option<u32>,
    /// Load average over 5 minutes, times 100.
    pub average_5: Option<u32>,
    /// Load average over 15 minutes, times 100.
    pub average_15: Option<u32>,
    /// Memory the kernel manages, in octets.
    pub memory_total: Option<u64>,
    /// Memory a new task could have without swapping, in octets.
    pub memory_available: Option<u64>,
    /// Available over total, in permille.
    pub memory_avail_permille: Option<u32>,
    /// Pages read from swap space.
    pub swap_in: Option<u64>,
    /// Pages written to swap space.
    pub swap_out: Option<u64>,
    /// Whether pages were read from swap space between this sample and the
    /// one before.
    pub swapping: bool,
    /// Share of the last 10 seconds some task waited for a processor, permille.
    pub pressure_cpu: Option<u32>,
    /// Share of the last 10 seconds some task waited for memory, permille.
    pub pressure_memory: Option<u32>,
    /// Share of the last 10 seconds some task waited for input or output,
    /// permille.
    pub pressure_io: Option<u32>,
    /// Octets received on all interfaces but loopback.
    pub in_octets: Option<u64>,
    /// Octets sent on all interfaces but loopback.
    pub out_octets: Option<u64>,
    /// Established TCP connections.
    pub established: Option<u32>,
}

impl Load {
    /// A load of which nothing is known yet.
    pub fn unknown(now: Instant) -> Self {
        Self {
            sampled_at: now,
            discontinuity: now,
            cores: None,
            cpu_busy: None,
            runnable: None,
            runnable_time: None,
            busy_time: None,
            total_time: None,
            average_1: None,
            average_5: None,
            average_15: None,
            memory_total: None,
            memory_available: None,
            memory_avail_permille: None,
            swap_in: None,
            swap_out: None,
            swapping: false,
            pressure_cpu: None,
            pressure_memory: None,
            pressure_io: None,
            in_octets: None,
            out_octets: None,
            established: None,
        }
    }

    /// Age of the figures in milliseconds.
    pub fn age_ms(&self, now: Instant) -> u32 {
        let age = now.saturating_duration_since(self.sampled_at).as_millis();
        u32::try_from(age).unwrap_or(u32::MAX)
    }

    /// Whether the host is overloaded, and why: it swaps, or its load average
    /// over 1 minute is above two tasks for each core.
    pub fn overload(&self) -> Option<Overload> {
        if self.swapping {
            return Some(Overload::Swapping);
        }
        let limit = self.cores?.saturating_mul(200);
        (self.average_1? > limit).then_some(Overload::LoadAverage)
    }

    /// The parts of the host's freeness.
    pub fn freeness(&self) -> Freeness {
        Freeness {
            cpu: self.cpu_busy.map(free),
            memory: self.pressure_memory.map(free),
            swapping: self.swapping,
        }
    }
}

/// Why a host is overloaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overload {
    /// It reads pages back from swap space.
    Swapping,
    /// More tasks want to run than its processors get through.
    LoadAverage,
}

/// How much of the host is free for more work, and what that rests on.
///
/// This is lcHostFreeness: 1000 less the greater of lcHostLoadCpuBusy and
/// lcHostLoadPressureMemory, and 0 while the host swaps. A host that swaps is
/// the trap of every policy by load: its processors look idle because all its
/// tasks wait for the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freeness {
    /// Share of CPU time that was idle, in permille.
    pub cpu: Option<u32>,
    /// Share of time in which no task waited for memory, in permille. Absent
    /// where the kernel does not measure pressure, and then not counted.
    pub memory: Option<u32>,
    /// Whether the host read pages back from swap space.
    pub swapping: bool,
}

/// The part of a [`Freeness`] that decides it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// The processors.
    Cpu,
    /// Tasks that wait for memory.
    Memory,
    /// The host swaps.
    Swap,
}

impl Freeness {
    /// The freeness in permille; `None` without a CPU figure, for the memory
    /// alone says nothing about room for work.
    pub fn permille(&self) -> Option<u32> {
        if self.swapping {
            return Some(0);
        }
        let cpu = self.cpu?;
        Some(self.memory.map_or(cpu, |memory| memory.min(cpu)))
    }

    /// What decides the freeness.
    pub fn limit(&self) -> Option<Limit> {
        match (self.swapping, self.cpu, self.memory) {
            (true, ..) => Some(Limit::Swap),
            (false, Some(cpu), Some(memory)) if memory < cpu => Some(Limit::Memory),
            (false, Some(_), _) => Some(Limit::Cpu),
            (false, None, _) => None,
        }
    }
}

fn free(used: u32) -> u32 {
    1000u32.saturating_sub(used)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(
        cpu: Option<u32>,
        memory: Option<u32>,
        swapping: bool,
    ) -> (Option<u32>, Option<Limit>) {
        let freeness = Freeness { cpu, memory, swapping };
        (freeness.permille(), freeness.limit())
    }

    #[test]
    fn freeness_is_its_scarcest_part() {
        assert_eq!(parts(Some(700), None, false), (Some(700), Some(Limit::Cpu)));
        assert_eq!(parts(Some(700), Some(900), false), (Some(700), Some(Limit::Cpu)));
        assert_eq!(parts(Some(700), Some(300), false), (Some(300), Some(Limit::Memory)));
        assert_eq!(parts(Some(1000), Some(1000), true), (Some(0), Some(Limit::Swap)));
        assert_eq!(parts(None, None, true), (Some(0), Some(Limit::Swap)));
        assert_eq!(parts(None, Some(300), false), (None, None));
    }

    #[test]
    fn a_load_takes_its_parts_from_the_figures() {
        let now = Instant::now();
        let load = Load { cpu_busy: Some(250), pressure_memory: Some(1000), ..Load::unknown(now) };
        assert_eq!(load.freeness().permille(), Some(0));
        assert_eq!(load.freeness().limit(), Some(Limit::Memory));
        assert_eq!(Load::unknown(now).freeness().permille(), None);
    }

    #[test]
    fn two_tasks_a_core_are_the_limit() {
        let load = |cores, average_1, swapping| {
            Load { cores, average_1, swapping, ..Load::unknown(Instant::now()) }.overload()
        };
        assert_eq!(load(Some(4), Some(800), false), None);
        assert_eq!(load(Some(4), Some(801), false), Some(Overload::LoadAverage));
        assert_eq!(load(None, Some(801), false), None);
        assert_eq!(load(None, None, true), Some(Overload::Swapping));
    }
}
