//! The rows of all tables, in the order of their names.

use std::net::IpAddr;

use lcms_lb_core::model::{DirectorId, Name, Runtime, ServerId, ServiceId, Wanted};
use load_cluster_mib::{
    load_cluster_mib::{
        lc_cluster, lc_director, lc_host, lc_host_addr, lc_policy, lc_server, lc_service,
    },
    tc::InetAddressType,
};

use crate::{engine::Rows, sensors::Facts};

/// The rows that the document holds. They change with the document alone, which
/// is rarely, so they are made once for each and shared by all states on it.
#[derive(Debug, Default)]
pub struct Index {
    /// lcHostTable.
    pub hosts: Rows<Name>,
    /// lcPolicyTable.
    pub policies: Rows<Name>,
    /// lcClusterTable.
    pub clusters: Rows<Name>,
    /// lcDirectorTable.
    pub directors: Rows<DirectorId>,
    /// lcServiceTable.
    pub services: Rows<ServiceId>,
    /// lcServerTable.
    pub servers: Rows<ServerId>,
}

impl Index {
    /// The rows of a document.
    pub fn of(wanted: &Wanted) -> Self {
        Self {
            hosts: Rows::new(wanted.hosts.keys().map(|name| (host(name), *name))),
            policies: Rows::new(
                wanted
                    .policies
                    .keys()
                    .map(|name| (lc_policy::Index { policy_name: name.to_string() }, *name)),
            ),
            clusters: Rows::new(
                wanted
                    .clusters
                    .keys()
                    .map(|name| (lc_cluster::Index { cluster_name: name.to_string() }, *name)),
            ),
            directors: Rows::new(wanted.directors().map(|(id, _)| {
                let index = lc_director::Index {
                    cluster_name: id.cluster.to_string(),
                    host_name: id.host.to_string(),
                };
                (index, id)
            })),
            services: Rows::new(wanted.services().map(|(id, _)| {
                let index = lc_service::Index {
                    cluster_name: id.cluster.to_string(),
                    service_name: id.service.to_string(),
                };
                (index, id)
            })),
            servers: Rows::new(wanted.servers().map(|(id, _)| {
                let index = lc_server::Index {
                    cluster_name: id.cluster.to_string(),
                    service_name: id.service.to_string(),
                    server_name: id.server.to_string(),
                };
                (index, id)
            })),
        }
    }
}

/// An address of the own host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressRow {
    /// The interface that has it, by its position among the facts.
    pub interface: usize,
}

/// The rows of lcHostLoadTable: the own host's.
pub fn load(local: &Name) -> Rows<()> {
    Rows::new([(host(local), ())])
}

/// The rows of lcHostReportTable: the hosts that were reported on.
pub fn reports(runtime: &Runtime) -> Rows<Name> {
    Rows::new(runtime.reports.keys().map(|name| (host(name), *name)))
}

/// The rows of lcHostAddrTable.
pub fn addresses(local: &Name, facts: &Facts) -> Rows<AddressRow> {
    Rows::new(facts.interfaces.iter().enumerate().flat_map(|(position, interface)| {
        interface.addresses.iter().map(move |address| {
            let (kind, octets) = inet_address(*address, interface.zone(*address).unwrap_or(0));
            let index = lc_host_addr::Index {
                host_name: local.to_string(),
                host_addr_type: kind,
                host_addr: octets,
            };
            (index, AddressRow { interface: position })
        })
    }))
}

/// An address as RFC 4001 writes it: the zone behind it where it has one.
pub fn inet_address(ip: IpAddr, zone: u32) -> (InetAddressType, Vec<u8>) {
    let mut octets = match ip {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    if zone != 0 {
        octets.extend(zone.to_be_bytes());
    }
    (inet_address_type(ip, zone), octets)
}

/// The InetAddressType of an address in a zone, or in none.
pub fn inet_address_type(ip: IpAddr, zone: u32) -> InetAddressType {
    match (ip, zone) {
        (IpAddr::V4(_), 0) => InetAddressType::Ipv4,
        (IpAddr::V4(_), _) => InetAddressType::Ipv4z,
        (IpAddr::V6(_), 0) => InetAddressType::Ipv6,
        (IpAddr::V6(_), _) => InetAddressType::Ipv6z,
    }
}

fn host(name: &Name) -> lc_host::Index {
    lc_host::Index { host_name: name.to_string() }
}
