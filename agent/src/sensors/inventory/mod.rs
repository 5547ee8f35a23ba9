//! What the standard MIBs say of the host, beyond its load: interfaces,
//! addresses, processors, memory, storage, running software.
//!
//! Three threads fill it. Counters that stand in files are read with each load
//! sample. What must be looked for, such as processes and interfaces, is
//! collected on a slower clock; and file systems on a third, because asking one
//! whose server is gone can hang for ever, which then concerns nobody else.

mod collector;
mod counters;
mod links;
mod proc_texts;
mod processes;
mod storage;

use std::{sync::Arc, time::SystemTime};

pub use self::{
    collector::Collector,
    counters::{
        Counters, Counting, CpuTicks, DeviceCounters, Memory, ProtocolCounters, Protocols, Rates,
        devices,
    },
    links::{Link, Links, OperState, collect as collect_links},
    proc_texts::{mounts, process_stat, processors, uptime},
    processes::{Process, ProcessState, Processes, collect as collect_processes},
    storage::{FileSystem, Medium, Mounted, collect as collect_storage},
};

/// Everything of one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inventory {
    /// What the host took the time to be.
    pub date: Option<SystemTime>,
    /// What the kernel has counted.
    pub counters: Counters,
    /// The interfaces.
    pub links: Arc<Links>,
    /// What each of them has counted, in their order.
    pub devices: Vec<Option<DeviceCounters>>,
    /// The running software.
    pub processes: Arc<Processes>,
    /// The file systems.
    pub storage: Arc<Vec<FileSystem>>,
}
