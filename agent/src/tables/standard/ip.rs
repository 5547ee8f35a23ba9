//! The scalars of IP-MIB.

use lcms_snmp::Value;
use load_cluster_mib::ip_mib::ip::{self, IpForwarding, Ipv6IpForwarding, View};

use super::figures;
use crate::{
    engine::{At, Instrumentation, Rows, scalar_row},
    sensors::Inventory,
    state::AgentState,
};

/// `ip`.
pub struct Ip;

struct Row<'s>(&'s Inventory);

impl Row<'_> {
    fn counter(&self, name: &str) -> Option<u32> {
        self.0.counters.protocols.ip.value(name).map(figures::counter32)
    }
}

impl Instrumentation<AgentState> for Ip {
    type Table = ip::Ip;
    type Key = ();

    fn rows<'s>(&self, _: &'s AgentState) -> &'s Rows<()> {
        scalar_row()
    }

    fn column<'s>(&self, at: At<'s, AgentState>, (): &'s (), arc: u32) -> Option<Value<'s>> {
        let row = Row(&at.state.sample.inventory);
        ip::column(&row, arc)
    }
}

impl View<'_> for Row<'_> {
    fn forwarding(&self) -> Option<IpForwarding> {
        Some(match self.0.counters.protocols.ip.value("Forwarding")? {
            1 => IpForwarding::Forwarding,
            _ => IpForwarding::NotForwarding,
        })
    }

    fn default_ttl(&self) -> Option<i32> {
        Some(figures::number(self.0.counters.protocols.ip.value("DefaultTTL")?))
    }

    fn in_receives(&self) -> Option<u32> {
        self.counter("InReceives")
    }

    fn in_hdr_errors(&self) -> Option<u32> {
        self.counter("InHdrErrors")
    }

    fn in_addr_errors(&self) -> Option<u32> {
        self.counter("InAddrErrors")
    }

    fn forw_datagrams(&self) -> Option<u32> {
        self.counter("ForwDatagrams")
    }

    fn in_unknown_protos(&self) -> Option<u32> {
        self.counter("InUnknownProtos")
    }

    fn in_discards(&self) -> Option<u32> {
        self.counter("InDiscards")
    }

    fn in_delivers(&self) -> Option<u32> {
        self.counter("InDelivers")
    }

    fn out_requests(&self) -> Option<u32> {
        self.counter("OutRequests")
    }

    fn out_discards(&self) -> Option<u32> {
        self.counter("OutDiscards")
    }

    fn out_no_routes(&self) -> Option<u32> {
        self.counter("OutNoRoutes")
    }

    fn reasm_timeout(&self) -> Option<i32> {
        Some(figures::number(self.0.counters.protocols.ip.value("ReasmTimeout")?))
    }

    fn reasm_reqds(&self) -> Option<u32> {
        self.counter("ReasmReqds")
    }

    fn reasm_o_ks(&self) -> Option<u32> {
        self.counter("ReasmOKs")
    }

    fn reasm_fails(&self) -> Option<u32> {
        self.counter("ReasmFails")
    }

    fn frag_o_ks(&self) -> Option<u32> {
        self.counter("FragOKs")
    }

    fn frag_fails(&self) -> Option<u32> {
        self.counter("FragFails")
    }

    fn frag_creates(&self) -> Option<u32> {
        self.counter("FragCreates")
    }

    fn ipv6_ip_forwarding(&self) -> Option<Ipv6IpForwarding> {
        Some(match self.0.links.ipv6_forwarding? {
            true => Ipv6IpForwarding::Forwarding,
            false => Ipv6IpForwarding::NotForwarding,
        })
    }

    fn ipv6_ip_default_hop_limit(&self) -> Option<i32> {
        self.0.links.ipv6_hop_limit
    }
}
