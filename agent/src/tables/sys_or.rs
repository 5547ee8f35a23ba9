//! sysORTable: the MIB modules that are served.

use std::{borrow::Cow, sync::LazyLock};

use lcms_snmp::{Octets, Oid, Value};
use load_cluster_mib::{
    MODULES,
    snmpv2_mib::sys_or::{self, View},
};

use crate::{
    engine::{At, Instrumentation, Rows},
    state::AgentState,
};

/// `sysOREntry`.
pub struct SysOr;

/// A module, and where it is identified.
pub struct Served {
    oid: Oid,
    description: &'static str,
}

static ROWS: LazyLock<Rows<Served>> = LazyLock::new(|| {
    let named = MODULES.iter().filter_map(|module| {
        Some(Served { oid: Oid::new(module.oid).ok()?, description: module.description })
    });
    Rows::new((1..).zip(named).map(|(or_index, served)| (sys_or::Index { or_index }, served)))
});

struct Row<'s>(&'s Served);

impl Instrumentation<AgentState> for SysOr {
    type Table = sys_or::SysOr;
    type Key = Served;

    fn rows<'s>(&self, _: &'s AgentState) -> &'s Rows<Served> {
        &ROWS
    }

    fn column<'s>(&self, _: At<'s, AgentState>, key: &'s Served, arc: u32) -> Option<Value<'s>> {
        sys_or::column(&Row(key), arc)
    }
}

impl<'s> View<'s> for Row<'s> {
    fn id(&self) -> Option<Cow<'s, Oid>> {
        Some(Cow::Borrowed(&self.0.oid))
    }

    fn descr(&self) -> Option<Octets<'s>> {
        Some(self.0.description.into())
    }

    fn up_time(&self) -> Option<u32> {
        Some(0)
    }
}
