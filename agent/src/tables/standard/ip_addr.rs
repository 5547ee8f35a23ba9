//! ipAddrTable: the IPv4 addresses, as tools have read them ever since.

use std::net;

use lcms_snmp::Value;
use load_cluster_mib::ip_mib::ip_addr::{self, View};

use crate::{
    engine::{At, Instrumentation, Rows},
    state::{AddressAt, AgentState},
};

/// `ipAddrEntry`.
pub struct IpAddr;

struct Row<'s> {
    address: &'s AddressAt,
    /// The number of its interface.
    index: i32,
}

impl Instrumentation<AgentState> for IpAddr {
    type Table = ip_addr::IpAddr;
    type Key = AddressAt;

    fn rows<'s>(&self, state: &'s AgentState) -> &'s Rows<AddressAt> {
        &state.host.ipv4
    }

    fn column<'s>(
        &self,
        at: At<'s, AgentState>,
        key: &'s AddressAt,
        arc: u32,
    ) -> Option<Value<'s>> {
        let link = at.state.sample.inventory.links.all.get(key.link)?;
        let row = Row { address: key, index: i32::try_from(link.interface.index).ok()? };
        ip_addr::column(&row, arc)
    }
}

impl View<'_> for Row<'_> {
    fn ip_ad_ent_addr(&self) -> Option<[u8; 4]> {
        match self.address.ip {
            net::IpAddr::V4(ip) => Some(ip.octets()),
            net::IpAddr::V6(_) => None,
        }
    }

    fn ip_ad_ent_if_index(&self) -> Option<i32> {
        Some(self.index)
    }

    fn ip_ad_ent_net_mask(&self) -> Option<[u8; 4]> {
        let host = u32::MAX.checked_shr(self.address.prefix.into()).unwrap_or(0);
        Some((!host).to_be_bytes())
    }

    fn ip_ad_ent_bcast_addr(&self) -> Option<i32> {
        // All ones, as everywhere since RFC 1122; loopback has none.
        self.ip_ad_ent_addr().map(|[first, ..]| i32::from(first != 127))
    }

    fn ip_ad_ent_reasm_max_size(&self) -> Option<i32> {
        // The greatest datagram: Linux sets no other limit.
        Some(65_535)
    }
}
