//! The network interfaces of the host, from sysinfo and sysfs.

use std::{
    fs,
    net::{IpAddr, Ipv6Addr},
    path::{Path, PathBuf},
};

use sysinfo::{InterfaceOperationalState, NetworkData, Networks};

pub(super) const NET_CLASS: &str = "/sys/class/net";

/// One network interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// The kernel's number for it, or 0 if it cannot be told.
    pub index: u32,
    /// The kernel's name for it.
    pub name: String,
    /// What it is.
    pub kind: InterfaceKind,
    /// Speed in megabits per second, if it has one.
    pub speed: Option<u32>,
    /// Whether it passes packets.
    pub up: bool,
    /// Link-layer address; empty if it has none.
    pub physical: Vec<u8>,
    /// IP addresses, each once, in order.
    pub addresses: Vec<IpAddr>,
}

/// Type of an interface, as far as the host can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the labels say it")]
pub enum InterfaceKind {
    Other,
    Ethernet,
    Ppp,
    Loopback,
    Wireless,
    Tunnel,
    Vlan,
    Aggregate,
    Infiniband,
    Bridge,
}

impl InterfaceKind {
    /// The label of the type in IANAifType.
    pub fn label(self) -> &'static str {
        match self {
            Self::Other => "other",
            Self::Ethernet => "ethernetCsmacd",
            Self::Ppp => "ppp",
            Self::Loopback => "softwareLoopback",
            Self::Wireless => "ieee80211",
            Self::Tunnel => "tunnel",
            Self::Vlan => "l2vlan",
            Self::Aggregate => "ieee8023adLag",
            Self::Infiniband => "infiniband",
            Self::Bridge => "bridge",
        }
    }

    /// By the hardware type that the kernel shows (ARPHRD, linux/if_arp.h) and
    /// what distinguishes the many interfaces that call themselves Ethernet.
    fn of(hardware: Option<u32>, is: impl Fn(&str) -> bool) -> Self {
        match hardware {
            Some(1) if is("phy80211") || is("wireless") => Self::Wireless,
            Some(1) if is("bonding") => Self::Aggregate,
            Some(1) if is("bridge") => Self::Bridge,
            Some(1) if is("vlan") => Self::Vlan,
            Some(1) => Self::Ethernet,
            Some(32) => Self::Infiniband,
            Some(512) => Self::Ppp,
            Some(772) => Self::Loopback,
            // IP in IP, IPv6 in IP and GRE of both families, and interfaces
            // without any link layer: tun devices and WireGuard.
            Some(768 | 769 | 776 | 778 | 823 | 65534) => Self::Tunnel,
            _ => Self::Other,
        }
    }
}

impl Interface {
    /// All interfaces of this host, in the order of their numbers.
    pub fn all() -> Vec<Self> {
        let Ok(networks) = Networks::new_with_refreshed_list() else { return Vec::new() };
        let mut all: Vec<Self> = networks
            .iter()
            .map(|(name, data)| Self::read(Path::new(NET_CLASS), &name.to_string_lossy(), data))
            .collect();
        all.sort_by(|a, b| (a.index, &a.name).cmp(&(b.index, &b.name)));
        all
    }

    pub(super) fn read(class: &Path, name: &str, data: &NetworkData) -> Self {
        let folder = class.join(name);
        let mac = data.mac_address();
        let mut addresses: Vec<IpAddr> = data.ip_networks().iter().map(|net| net.addr).collect();
        addresses.sort_unstable();
        addresses.dedup();
        Self {
            index: number(folder.join("ifindex")).unwrap_or(0),
            name: name.to_owned(),
            kind: InterfaceKind::of(number(folder.join("type")), |what| match what {
                "vlan" => is_vlan(&folder),
                _ => folder.join(what).exists(),
            }),
            speed: data.transmit_link_speed().and_then(megabits),
            // Loopback and tunnels never say that they are up, only that they
            // do not know.
            up: matches!(
                data.operational_state(),
                InterfaceOperationalState::Up | InterfaceOperationalState::Unknown
            ),
            physical: if mac.is_unspecified() { Vec::new() } else { mac.0.to_vec() },
            addresses,
        }
    }

    /// The zone of an address of this interface: link-local addresses mean
    /// nothing without it, and two interfaces may have the same one.
    pub fn zone(&self, address: IpAddr) -> Option<u32> {
        let link_local = match address {
            IpAddr::V4(_) => false,
            IpAddr::V6(address) => is_link_local(address),
        };
        (link_local && self.index != 0).then_some(self.index)
    }

    /// Whether it is a loopback interface.
    pub fn is_loopback(&self) -> bool {
        self.kind == InterfaceKind::Loopback
    }
}

/// The main interface: the one with the default route, else the first that is
/// up and no loopback.
pub(super) fn main<'a>(all: &'a [Interface], routed: Option<&str>) -> Option<&'a Interface> {
    all.iter()
        .find(|interface| Some(interface.name.as_str()) == routed)
        .or_else(|| all.iter().find(|interface| interface.up && !interface.is_loopback()))
}

fn is_link_local(address: Ipv6Addr) -> bool {
    address.is_unicast_link_local() || address.segments()[0] & 0xff0f == 0xff02
}

/// Some drivers say -1, as an unsigned number, for "not known".
fn megabits(bits: u64) -> Option<u32> {
    u32::try_from(bits / 1_000_000).ok().filter(|speed| *speed > 0 && *speed < u32::MAX)
}

pub(super) fn number(path: PathBuf) -> Option<u32> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

fn is_vlan(folder: &Path) -> bool {
    fs::read_to_string(folder.join("uevent"))
        .is_ok_and(|text| text.lines().any(|line| line == "DEVTYPE=vlan"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(index: u32, name: &str, kind: InterfaceKind, up: bool) -> Interface {
        Interface {
            index,
            name: name.to_owned(),
            kind,
            speed: None,
            up,
            physical: Vec::new(),
            addresses: Vec::new(),
        }
    }

    #[test]
    fn the_default_route_chooses_the_main_interface() {
        let all = [
            interface(1, "lo", InterfaceKind::Loopback, true),
            interface(2, "eth0", InterfaceKind::Ethernet, false),
            interface(3, "eth1", InterfaceKind::Ethernet, true),
            interface(4, "wg0", InterfaceKind::Tunnel, true),
        ];
        let name = |routed| main(&all, routed).map(|interface| interface.name.as_str());
        assert_eq!(name(Some("wg0")), Some("wg0"));
        assert_eq!(name(None), Some("eth1"));
        assert_eq!(name(Some("gone0")), Some("eth1"));
        assert_eq!(main(&all[..2], None), None);
    }

    #[test]
    fn kinds_by_hardware_type_and_marks() {
        let with = |mark: &'static str| move |what: &str| what == mark;
        assert_eq!(InterfaceKind::of(Some(1), |_| false), InterfaceKind::Ethernet);
        assert_eq!(InterfaceKind::of(Some(1), with("phy80211")), InterfaceKind::Wireless);
        assert_eq!(InterfaceKind::of(Some(1), with("bridge")), InterfaceKind::Bridge);
        assert_eq!(InterfaceKind::of(Some(1), with("vlan")), InterfaceKind::Vlan);
        assert_eq!(InterfaceKind::of(Some(772), |_| false), InterfaceKind::Loopback);
        assert_eq!(InterfaceKind::of(Some(65534), |_| false), InterfaceKind::Tunnel);
        assert_eq!(InterfaceKind::of(Some(4711), |_| false), InterfaceKind::Other);
        assert_eq!(InterfaceKind::of(None, |_| true), InterfaceKind::Other);
    }

    #[test]
    fn link_local_addresses_have_a_zone() -> Result<(), std::net::AddrParseError> {
        let eth0 = interface(2, "eth0", InterfaceKind::Ethernet, true);
        assert_eq!(eth0.zone("fe80::1".parse()?), Some(2));
        assert_eq!(eth0.zone("2001:db8::1".parse()?), None);
        assert_eq!(eth0.zone("169.254.0.1".parse()?), None);
        Ok(())
    }

    #[test]
    fn an_unknown_speed_is_none() {
        assert_eq!(megabits(1_000_000_000), Some(1000));
        assert_eq!(megabits(0), None);
        assert_eq!(megabits(u64::from(u32::MAX) * 1_000_000), None);
    }

    #[test]
    fn the_interfaces_of_this_host_have_unique_names() {
        let all = Interface::all();
        let mut names: Vec<_> = all.iter().map(|interface| &interface.name).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all.len());
    }
}
