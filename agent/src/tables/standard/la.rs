//! laTable: the load averages, in the words of UCD-SNMP-MIB.

use std::io::Write as _;

use lcms_snmp::{Octets, Value};
use load_cluster_mib::ucd_snmp_mib::la::{self, LaErrorFlag, View};

use crate::{
    engine::{At, Instrumentation, Rows},
    state::AgentState,
};

/// `laEntry`.
pub struct La;

/// Load average times 100 above which the error flag is set, and the same in
/// words; net-snmp's own limit.
const LIMIT: u32 = 1200;
const LIMIT_TEXT: &str = "12.00";

struct Row {
    at: usize,
    /// Times 100.
    average: u32,
}

impl Instrumentation<AgentState> for La {
    type Table = la::La;
    type Key = usize;

    fn rows<'s>(&self, state: &'s AgentState) -> &'s Rows<usize> {
        &state.host.averages
    }

    fn column<'s>(&self, at: At<'s, AgentState>, key: &'s usize, arc: u32) -> Option<Value<'s>> {
        let load = &at.state.sample.load;
        let average = match *key {
            0 => load.average_1,
            1 => load.average_5,
            _ => load.average_15,
        };
        let row = Row { at: *key, average: average? };
        la::column(&row, arc)
    }
}

impl<'s> View<'s> for Row {
    fn index(&self) -> Option<i32> {
        i32::try_from(self.at).ok()?.checked_add(1)
    }

    fn names(&self) -> Option<Octets<'s>> {
        ["Load-1", "Load-5", "Load-15"].get(self.at).map(|name| Octets::from(*name))
    }

    fn load(&self) -> Option<Octets<'s>> {
        // Written on the stack: an answer costs no allocation.
        let mut text = [0; 16];
        let mut room = &mut text[..];
        write!(room, "{}.{:02}", self.average / 100, self.average % 100).ok()?;
        let left = room.len();
        Some(Octets::copied(text.get(..text.len() - left)?))
    }

    fn config(&self) -> Option<Octets<'s>> {
        Some(LIMIT_TEXT.into())
    }

    fn load_int(&self) -> Option<i32> {
        i32::try_from(self.average).ok()
    }

    fn load_float(&self) -> Option<Octets<'s>> {
        // An element of a class of its own: tag 9f 78, four octets, IEEE 754.
        let mut octets = [0x9f, 0x78, 4, 0, 0, 0, 0];
        octets[3..].copy_from_slice(&(self.average as f32 / 100.0).to_be_bytes());
        Some(Octets::copied(&octets))
    }

    fn error_flag(&self) -> Option<LaErrorFlag> {
        Some(match self.average > LIMIT {
            true => LaErrorFlag::Error,
            false => LaErrorFlag::NoError,
        })
    }

    fn err_message(&self) -> Option<Octets<'s>> {
        Some(match self.average > LIMIT {
            true => "the load average is above 12.00".into(),
            false => "".into(),
        })
    }
}
