//! The interfaces as IF-MIB and IP-MIB see them: what sysfs says of each, and
//! its addresses with their prefixes.

use std::{ffi::OsString, fs, net::IpAddr, path::Path};

use sysinfo::Networks;

use crate::sensors::{
    files::ProcFile,
    interfaces::{self, Interface, NET_CLASS},
};

/// All interfaces with a number, by number; and the two figures of IPv6.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Links {
    /// The interfaces.
    pub all: Vec<Link>,
    /// Whether IPv6 is forwarded.
    pub ipv6_forwarding: Option<bool>,
    /// Hop limit of IPv6.
    pub ipv6_hop_limit: Option<i32>,
    /// Start-up parameters of the kernel.
    pub command_line: Option<String>,
    /// Sessions of users.
    pub users: u32,
}

/// One interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What is known of it otherwise.
    pub interface: Interface,
    /// Largest packet.
    pub mtu: Option<i32>,
    /// Whether it is wanted up.
    pub admin_up: bool,
    /// State observed.
    pub oper: OperState,
    /// Whether it takes in what is for others.
    pub promiscuous: bool,
    /// Whether it is a piece of hardware.
    pub hardware: bool,
    /// Whether it runs on top of another, as a VLAN, a bridge or a bond does.
    pub stacked: bool,
    /// The name an administrator gave it.
    pub alias: String,
    /// Addresses and their prefix lengths, in order.
    pub addresses: Vec<(IpAddr, u8)>,
}

/// State of an interface in the words of RFC 2863, as the kernel has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the words are the standard's")]
pub enum OperState {
    Up,
    Down,
    Testing,
    Unknown,
    Dormant,
    NotPresent,
    LowerLayerDown,
}

impl OperState {
    /// Whether it is down, for whichever reason: lowerLayerDown refines down (RFC 2863
    /// §3.1.14).
    pub fn is_down(self) -> bool {
        matches!(self, Self::Down | Self::LowerLayerDown)
    }

    /// By the operstate file. Loopback and tunnels never say more than unknown;
    /// where such a one is wanted up, it is.
    fn of(word: &str, admin_up: bool) -> Self {
        match word.trim() {
            "up" => Self::Up,
            "down" => Self::Down,
            "testing" => Self::Testing,
            "dormant" => Self::Dormant,
            "notpresent" => Self::NotPresent,
            "lowerlayerdown" => Self::LowerLayerDown,
            _ if admin_up => Self::Up,
            _ => Self::Unknown,
        }
    }
}

/// Looks at all interfaces.
pub fn collect(proc_root: &Path) -> Links {
    let number = |file: ProcFile| file.read(proc_root).read()?.trim().parse::<i32>().ok();
    let mut links = Links {
        all: Vec::new(),
        ipv6_forwarding: number(ProcFile::Ipv6Forwarding).map(|on| on != 0),
        ipv6_hop_limit: number(ProcFile::Ipv6HopLimit),
        command_line: ProcFile::CommandLine
            .read(proc_root)
            .read()
            .map(|line| line.trim_end().to_owned()),
        users: users(Path::new(UTMP)),
    };
    let Ok(networks) = Networks::new_with_refreshed_list() else { return links };
    for (name, data) in networks.iter() {
        let name = name.to_string_lossy();
        let class = Path::new(NET_CLASS);
        let mut addresses: Vec<(IpAddr, u8)> =
            data.ip_networks().iter().map(|network| (network.addr, network.prefix)).collect();
        addresses.sort_unstable();
        addresses.dedup_by_key(|(address, _)| *address);
        let interface = Interface::read(class, &name, data);
        links.all.push(Link::read(&class.join(&*name), interface, addresses));
    }
    // Without a number there is no row for it.
    links.all.retain(|link| link.interface.index != 0);
    links.all.sort_by_key(|link| link.interface.index);
    links
}

impl Link {
    fn read(folder: &Path, interface: Interface, addresses: Vec<(IpAddr, u8)>) -> Self {
        const IFF_UP: u32 = 0x1;
        const IFF_PROMISC: u32 = 0x100;
        let text = |file: &str| fs::read_to_string(folder.join(file)).unwrap_or_default();
        let flags = text("flags");
        let flags = flags.trim().strip_prefix("0x").unwrap_or("");
        let flags = u32::from_str_radix(flags, 16).unwrap_or(0);
        let admin_up = flags & IFF_UP != 0;
        Self {
            mtu: interfaces::number(folder.join("mtu")).and_then(|mtu| mtu.try_into().ok()),
            admin_up,
            oper: OperState::of(&text("operstate"), admin_up),
            promiscuous: flags & IFF_PROMISC != 0,
            hardware: folder.join("device").exists(),
            stacked: is_stacked(folder),
            alias: text("ifalias").trim_end_matches('\n').to_owned(),
            interface,
            addresses,
        }
    }
}

/// What an interface runs on, the kernel links from its folder.
fn is_stacked(folder: &Path) -> bool {
    let is_lower = |name: OsString| name.as_encoded_bytes().starts_with(b"lower_");
    fs::read_dir(folder)
        .is_ok_and(|entries| entries.flatten().any(|entry| is_lower(entry.file_name())))
}

const UTMP: &str = "/run/utmp";

/// Sessions in a utmp file: its records are 384 octets long on every Linux, and
/// begin with their type.
fn users(path: &Path) -> u32 {
    const RECORD: usize = 384;
    const USER_PROCESS: u8 = 7;
    const MOST: usize = 4096;
    let records = fs::read(path).unwrap_or_default();
    let sessions = records.chunks_exact(RECORD).take(MOST);
    let count = sessions.filter(|record| record.starts_with(&[USER_PROCESS, 0])).count();
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_of_interfaces() {
        assert_eq!(OperState::of("up\n", false), OperState::Up);
        assert_eq!(OperState::of("unknown\n", true), OperState::Up);
        assert_eq!(OperState::of("unknown\n", false), OperState::Unknown);
        assert_eq!(OperState::of("lowerlayerdown", true), OperState::LowerLayerDown);
    }

    #[test]
    fn what_runs_on_another_is_told_by_a_link() -> std::io::Result<()> {
        let folder = tempfile::tempdir()?;
        fs::create_dir(folder.path().join("upper_br0"))?;
        assert!(!is_stacked(folder.path()));
        fs::create_dir(folder.path().join("lower_eth0"))?;
        assert!(is_stacked(folder.path()));
        Ok(())
    }

    #[test]
    fn loopback_is_found() {
        let links = collect(Path::new("/proc"));
        let lo = links.all.iter().find(|link| link.interface.name == "lo").expect("every host");
        assert_eq!((lo.admin_up, lo.oper, lo.hardware), (true, OperState::Up, false));
        assert!(lo.mtu.is_some_and(|mtu| mtu > 1000));
        assert!(lo.addresses.iter().any(|(ip, prefix)| ip.is_ipv4() && *prefix == 8));
        assert!(links.all.is_sorted_by_key(|link| link.interface.index));
    }

    #[test]
    fn sessions_are_counted() -> std::io::Result<()> {
        let file = tempfile::NamedTempFile::new()?;
        let mut records = vec![0; 3 * 384 + 10];
        for (at, kind) in [(0, 7), (384, 2), (768, 7)] {
            records[at] = kind;
        }
        fs::write(file.path(), records)?;
        assert_eq!(users(file.path()), 2);
        assert_eq!(users(Path::new("/nonexistent")), 0);
        Ok(())
    }
}
