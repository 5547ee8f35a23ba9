//! hrStorageTable: memory, swap space and file systems.

use std::{borrow::Cow, sync::LazyLock};

use lcms_snmp::{Octets, Oid, Value};
use load_cluster_mib::{
    host_resources_mib::hr_storage::{self, View},
    host_resources_types as types,
};

use super::figures::{self, identity};
use crate::{
    engine::{At, Instrumentation, Rows},
    sensors::{
        Inventory,
        inventory::{FileSystem, Medium},
    },
    state::{AgentState, StorageRow},
};

/// `hrStorageEntry`.
pub struct HrStorage;

/// What a row is about, in the words of the table.
struct Area<'s> {
    index: i32,
    kind: Kind,
    description: &'s str,
    unit: i32,
    size: i32,
    used: i32,
}

#[derive(Clone, Copy)]
enum Kind {
    Ram,
    VirtualMemory,
    FixedDisk,
    RamDisk,
    NetworkDisk,
    Other,
}

/// The identities of the kinds.
struct Types {
    ram: Oid,
    virtual_memory: Oid,
    fixed_disk: Oid,
    ram_disk: Oid,
    network_disk: Oid,
    other: Oid,
}

static TYPES: LazyLock<Types> = LazyLock::new(|| Types {
    ram: identity(types::HR_STORAGE_RAM),
    virtual_memory: identity(types::HR_STORAGE_VIRTUAL_MEMORY),
    fixed_disk: identity(types::HR_STORAGE_FIXED_DISK),
    ram_disk: identity(types::HR_STORAGE_RAM_DISK),
    network_disk: identity(types::HR_STORAGE_NETWORK_DISK),
    other: identity(types::HR_STORAGE_OTHER),
});

impl<'s> Area<'s> {
    fn of(inventory: &'s Inventory, row: StorageRow) -> Option<Self> {
        let memory = &inventory.counters.memory;
        let total = memory.total?;
        let used = total.saturating_sub(memory.free?);
        let swap = memory.swap_total.unwrap_or(0);
        let swap_used = swap.saturating_sub(memory.swap_free.unwrap_or(0));
        let (index, kind, description, size, used) = match row {
            StorageRow::Physical => (1, Kind::Ram, "Physical memory", total, used),
            StorageRow::Virtual => (
                3,
                Kind::VirtualMemory,
                "Virtual memory",
                total.saturating_add(swap),
                used.saturating_add(swap_used),
            ),
            StorageRow::Buffers => (6, Kind::Other, "Memory buffers", total, memory.buffers?),
            StorageRow::Cached => (7, Kind::Other, "Cached memory", memory.cached?, memory.cached?),
            StorageRow::Shared => (8, Kind::Other, "Shared memory", memory.shared?, memory.shared?),
            StorageRow::Swap => {
                memory.swap_total?;
                (10, Kind::VirtualMemory, "Swap space", swap, swap_used)
            }
            StorageRow::FileSystem(at) => {
                return inventory.storage.get(at).map(Self::of_file_system);
            }
        };
        let (size, used) = (figures::number(size), figures::number(used));
        Some(Self { index, kind, description, unit: 1024, size, used })
    }

    fn of_file_system(system: &'s FileSystem) -> Self {
        let kind = match system.medium {
            Medium::Disk => Kind::FixedDisk,
            Medium::Memory => Kind::RamDisk,
            Medium::Network => Kind::NetworkDisk,
        };
        let FileSystem { index, ref point, unit, size, used, .. } = *system;
        let description = point.get(..point.floor_char_boundary(255)).unwrap_or("");
        Self { index, kind, description, unit, size, used }
    }
}

struct Row<'s> {
    area: Area<'s>,
    arcs: &'static Types,
}

impl Instrumentation<AgentState> for HrStorage {
    type Table = hr_storage::HrStorage;
    type Key = StorageRow;

    fn rows<'s>(&self, state: &'s AgentState) -> &'s Rows<StorageRow> {
        &state.host.storage
    }

    fn column<'s>(
        &self,
        at: At<'s, AgentState>,
        key: &'s StorageRow,
        arc: u32,
    ) -> Option<Value<'s>> {
        let inventory = &at.state.sample.inventory;
        let row = Row { area: Area::of(inventory, *key)?, arcs: &TYPES };
        hr_storage::column(&row, arc)
    }
}

impl<'s> View<'s> for Row<'s> {
    fn index(&self) -> Option<i32> {
        Some(self.area.index)
    }

    fn type_(&self) -> Option<Cow<'s, Oid>> {
        Some(Cow::Borrowed(match self.area.kind {
            Kind::Ram => &self.arcs.ram,
            Kind::VirtualMemory => &self.arcs.virtual_memory,
            Kind::FixedDisk => &self.arcs.fixed_disk,
            Kind::RamDisk => &self.arcs.ram_disk,
            Kind::NetworkDisk => &self.arcs.network_disk,
            Kind::Other => &self.arcs.other,
        }))
    }

    fn descr(&self) -> Option<Octets<'s>> {
        Some(self.area.description.into())
    }

    fn allocation_units(&self) -> Option<i32> {
        Some(self.area.unit)
    }

    fn size(&self) -> Option<i32> {
        Some(self.area.size)
    }

    fn used(&self) -> Option<i32> {
        Some(self.area.used)
    }

    fn allocation_failures(&self) -> Option<u32> {
        // Linux does not count them.
        None
    }
}
