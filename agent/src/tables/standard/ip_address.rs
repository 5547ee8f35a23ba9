//! ipAddressTable: the addresses of every version.

use std::{borrow::Cow, net::IpAddr};

use lcms_snmp::{Oid, Value};
use load_cluster_mib::{
    ip_mib::ip_address::{self, IpAddressType, View},
    tc::{IpAddressOriginTC, IpAddressStatusTC, RowStatus, StorageType},
};

use super::figures;
use crate::{
    engine::{At, Instrumentation, Rows},
    state::{AddressAt, AgentState},
};

/// `ipAddressEntry`.
pub struct IpAddress;

struct Row<'s> {
    address: &'s AddressAt,
    /// The number of its interface.
    index: i32,
}

impl Instrumentation<AgentState> for IpAddress {
    type Table = ip_address::IpAddress;
    type Key = AddressAt;

    fn rows<'s>(&self, state: &'s AgentState) -> &'s Rows<AddressAt> {
        &state.host.addresses
    }

    fn column<'s>(
        &self,
        at: At<'s, AgentState>,
        key: &'s AddressAt,
        arc: u32,
    ) -> Option<Value<'s>> {
        let link = at.state.sample.inventory.links.all.get(key.link)?;
        let row = Row { address: key, index: i32::try_from(link.interface.index).ok()? };
        ip_address::column(&row, arc)
    }
}

impl<'s> View<'s> for Row<'s> {
    fn if_index(&self) -> Option<i32> {
        Some(self.index)
    }

    fn type_(&self) -> Option<IpAddressType> {
        Some(IpAddressType::Unicast)
    }

    fn prefix(&self) -> Option<Cow<'s, Oid>> {
        // There is no table of prefixes to point into.
        figures::nothing()
    }

    fn origin(&self) -> Option<IpAddressOriginTC> {
        Some(match self.address.ip {
            IpAddr::V6(ip) if ip.is_unicast_link_local() => IpAddressOriginTC::Linklayer,
            _ => IpAddressOriginTC::Manual,
        })
    }

    fn status(&self) -> Option<IpAddressStatusTC> {
        Some(IpAddressStatusTC::Preferred)
    }

    fn created(&self) -> Option<u32> {
        Some(0)
    }

    fn last_changed(&self) -> Option<u32> {
        Some(0)
    }

    fn row_status(&self) -> Option<RowStatus> {
        Some(RowStatus::Active)
    }

    fn storage_type(&self) -> Option<StorageType> {
        Some(StorageType::Volatile)
    }
}
