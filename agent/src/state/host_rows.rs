//! The rows of the standard MIBs' tables, in the order of their names.

use std::{collections::BTreeMap, net::IpAddr, sync::Arc, time::Instant};

use load_cluster_mib::{
    host_resources_mib::{hr_device, hr_fs, hr_storage, hr_sw_run},
    if_mib::if_,
    ip_mib::{ip_addr, ip_address},
    ucd_snmp_mib::la,
};

use super::inet_address;
use crate::{
    engine::Rows,
    sensors::{
        Inventory,
        inventory::{FileSystem, Links, OperState, Processes},
    },
};

/// The rows, and what they were made of: they are made anew when that changes.
#[derive(Debug, Default)]
pub struct HostRows {
    /// ifTable and ifXTable, by position among the links.
    pub interfaces: Rows<usize>,
    /// ipAddrTable.
    pub ipv4: Rows<AddressAt>,
    /// ipAddressTable.
    pub addresses: Rows<AddressAt>,
    /// hrStorageTable.
    pub storage: Rows<StorageRow>,
    /// hrFSTable, by position among the file systems.
    pub file_systems: Rows<usize>,
    /// hrDeviceTable.
    pub devices: Rows<Device>,
    /// hrProcessorTable, by position among the processors.
    pub processors: Rows<usize>,
    /// hrNetworkTable, by position among the links.
    pub networks: Rows<usize>,
    /// hrSWRunTable and hrSWRunPerfTable, by position among the processes.
    pub processes: Rows<usize>,
    /// laTable, by position among the averages.
    pub averages: Rows<usize>,
    /// When an interface last came or went, if one has.
    pub interfaces_changed: Option<Instant>,
    /// State of each interface by its number, and since when, if it has changed.
    states: BTreeMap<u32, (OperState, Option<Instant>)>,
    links: Arc<Links>,
    running: Arc<Processes>,
    mounted: Arc<Vec<FileSystem>>,
    processor_count: usize,
}

/// An address of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressAt {
    /// The link's position.
    pub link: usize,
    /// The address.
    pub ip: IpAddr,
    /// Its prefix length.
    pub prefix: u8,
}

/// A row of hrStorageTable. Those of memory have the numbers that net-snmp
/// gives them, because templates of monitoring systems know them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum StorageRow {
    Physical,
    Virtual,
    Buffers,
    Cached,
    Shared,
    Swap,
    /// A file system, by position.
    FileSystem(usize),
}

impl StorageRow {
    const MEMORY: [(i32, Self); 6] = [
        (1, Self::Physical),
        (3, Self::Virtual),
        (6, Self::Buffers),
        (7, Self::Cached),
        (8, Self::Shared),
        (10, Self::Swap),
    ];
}

/// A row of hrDeviceTable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    /// A processor, by position.
    Processor(usize),
    /// A network interface, by the position of its link.
    Network(usize),
}

/// Where the numbers of each kind of device begin, as net-snmp has them.
const PROCESSORS: i32 = 3 << 16;
const NETWORKS: i32 = 4 << 16;

impl HostRows {
    /// The rows of an inventory, after those `before`.
    pub fn of(inventory: &Inventory, before: Option<&Self>, now: Instant) -> Self {
        let links = &inventory.links;
        let numbered = || links.all.iter().map(|link| link.interface.index).enumerate();
        let row = |(at, number): (usize, u32)| Some((at, i32::try_from(number).ok()?));
        let processor_count = inventory.counters.processor_load.len();
        let processors: Vec<(i32, usize)> =
            (PROCESSORS..NETWORKS).zip(0..processor_count).collect();
        let networks: Vec<(i32, usize)> = numbered()
            .filter_map(row)
            .filter_map(|(at, number)| Some((NETWORKS.checked_add(number)?, at)))
            .collect();
        let device = |device_index| hr_device::Index { device_index };
        let addresses: Vec<AddressAt> = links
            .all
            .iter()
            .enumerate()
            .flat_map(|(link, of)| {
                of.addresses.iter().map(move |&(ip, prefix)| AddressAt { link, ip, prefix })
            })
            .collect();
        let ipv4 = addresses.iter().filter_map(|at| match at.ip {
            IpAddr::V4(ip) => Some((ip_addr::Index { ad_ent_addr: ip.octets() }, *at)),
            IpAddr::V6(_) => None,
        });
        let inet = addresses.iter().map(|at| {
            let zone = links.all.get(at.link).and_then(|link| link.interface.zone(at.ip));
            let (address_addr_type, address_addr) = inet_address(at.ip, zone.unwrap_or(0));
            (ip_address::Index { address_addr_type, address_addr }, *at)
        });
        let file_systems = inventory
            .storage
            .iter()
            .enumerate()
            .map(|(at, system)| (system.index, StorageRow::FileSystem(at)));
        let storage = StorageRow::MEMORY.into_iter().chain(file_systems);
        let devices = processors
            .iter()
            .map(|&(number, at)| (device(number), Device::Processor(at)))
            .chain(networks.iter().map(|&(number, at)| (device(number), Device::Network(at))));
        let states = states(links, before, now);
        Self {
            interfaces: Rows::new(
                numbered().filter_map(row).map(|(at, index)| (if_::Index { index }, at)),
            ),
            ipv4: Rows::new(ipv4),
            addresses: Rows::new(inet),
            storage: Rows::new(
                storage.map(|(storage_index, row)| (hr_storage::Index { storage_index }, row)),
            ),
            file_systems: Rows::new(
                inventory
                    .storage
                    .iter()
                    .enumerate()
                    .map(|(at, system)| (hr_fs::Index { fs_index: system.index }, at)),
            ),
            devices: Rows::new(devices),
            processors: Rows::new(processors.iter().map(|&(number, at)| (device(number), at))),
            networks: Rows::new(networks.iter().map(|&(number, at)| (device(number), at))),
            processes: Rows::new(
                inventory
                    .processes
                    .iter()
                    .enumerate()
                    .map(|(at, process)| (hr_sw_run::Index { sw_run_index: process.id }, at)),
            ),
            averages: Rows::new((1..=3).zip(0..).map(|(index, at)| (la::Index { index }, at))),
            interfaces_changed: match before {
                Some(before) if before.states.keys().eq(states.keys()) => before.interfaces_changed,
                Some(_) => Some(now),
                None => None,
            },
            states,
            links: Arc::clone(links),
            running: Arc::clone(&inventory.processes),
            mounted: Arc::clone(&inventory.storage),
            processor_count,
        }
    }

    /// Whether these are the rows of an inventory.
    pub fn are_those_of(&self, inventory: &Inventory) -> bool {
        Arc::ptr_eq(&self.links, &inventory.links)
            && Arc::ptr_eq(&self.running, &inventory.processes)
            && Arc::ptr_eq(&self.mounted, &inventory.storage)
            && self.processor_count == inventory.counters.processor_load.len()
    }

    /// When an interface's state last changed, if it has since the start.
    pub fn state_changed(&self, index: u32) -> Option<Instant> {
        self.states.get(&index)?.1
    }
}

fn states(
    links: &Links,
    before: Option<&HostRows>,
    now: Instant,
) -> BTreeMap<u32, (OperState, Option<Instant>)> {
    let state = |link: &crate::sensors::inventory::Link| {
        let index = link.interface.index;
        let known = before.map(|rows| rows.states.get(&index));
        let since = match known {
            Some(Some((oper, since))) if *oper == link.oper => *since,
            // It has come, or has changed, while the agent looked on.
            Some(_) => Some(now),
            None => None,
        };
        (index, (link.oper, since))
    };
    links.all.iter().map(state).collect()
}
