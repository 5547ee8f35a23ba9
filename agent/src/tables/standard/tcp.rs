//! The scalars of TCP-MIB.

use lcms_snmp::Value;
use load_cluster_mib::tcp_mib::tcp::{self, TcpRtoAlgorithm, View};

use super::figures;
use crate::{
    engine::{At, Instrumentation, Rows, scalar_row},
    sensors::inventory::ProtocolCounters,
    state::AgentState,
};

/// `tcp`.
pub struct Tcp;

struct Row<'s>(&'s ProtocolCounters);

impl Row<'_> {
    fn counter(&self, name: &str) -> Option<u32> {
        self.0.value(name).map(figures::counter32)
    }
}

impl Instrumentation<AgentState> for Tcp {
    type Table = tcp::Tcp;
    type Key = ();

    fn rows<'s>(&self, _: &'s AgentState) -> &'s Rows<()> {
        scalar_row()
    }

    fn column<'s>(&self, at: At<'s, AgentState>, (): &'s (), arc: u32) -> Option<Value<'s>> {
        let row = Row(&at.state.sample.inventory.counters.protocols.tcp);
        tcp::column(&row, arc)
    }
}

impl View<'_> for Row<'_> {
    fn rto_algorithm(&self) -> Option<TcpRtoAlgorithm> {
        Some(match self.0.value("RtoAlgorithm")? {
            2 => TcpRtoAlgorithm::Constant,
            3 => TcpRtoAlgorithm::Rsre,
            4 => TcpRtoAlgorithm::Vanj,
            5 => TcpRtoAlgorithm::Rfc2988,
            _ => TcpRtoAlgorithm::Other,
        })
    }

    fn rto_min(&self) -> Option<i32> {
        self.0.value("RtoMin").map(figures::number)
    }

    fn rto_max(&self) -> Option<i32> {
        self.0.value("RtoMax").map(figures::number)
    }

    fn max_conn(&self) -> Option<i32> {
        // No number of connections is what Linux says by -1, as the object does.
        self.0.value("RtoMax")?;
        Some(self.0.value("MaxConn").map_or(-1, figures::number))
    }

    fn active_opens(&self) -> Option<u32> {
        self.counter("ActiveOpens")
    }

    fn passive_opens(&self) -> Option<u32> {
        self.counter("PassiveOpens")
    }

    fn attempt_fails(&self) -> Option<u32> {
        self.counter("AttemptFails")
    }

    fn estab_resets(&self) -> Option<u32> {
        self.counter("EstabResets")
    }

    fn curr_estab(&self) -> Option<u32> {
        Some(u32::try_from(self.0.value("CurrEstab")?).unwrap_or(u32::MAX))
    }

    fn in_segs(&self) -> Option<u32> {
        self.counter("InSegs")
    }

    fn out_segs(&self) -> Option<u32> {
        self.counter("OutSegs")
    }

    fn retrans_segs(&self) -> Option<u32> {
        self.counter("RetransSegs")
    }

    fn in_errs(&self) -> Option<u32> {
        self.counter("InErrs")
    }

    fn out_rsts(&self) -> Option<u32> {
        self.counter("OutRsts")
    }

    fn hc_in_segs(&self) -> Option<u64> {
        self.0.value("InSegs")
    }

    fn hc_out_segs(&self) -> Option<u64> {
        self.0.value("OutSegs")
    }
}
