//! The system group.

use std::{borrow::Cow, sync::LazyLock};

use lcms_snmp::{Octets, Oid, Value};
use load_cluster_mib::{
    load_cluster_mib::MODULE_OID,
    snmpv2_mib::system::{self, View},
};

use crate::{
    engine::{At, Instrumentation, Rows, scalar_row},
    state::AgentState,
};

/// What this agent is. The project has no OID for its products yet; the MIB it
/// serves tells it from any other agent.
static OBJECT_ID: LazyLock<Oid> =
    LazyLock::new(|| Oid::new(MODULE_OID).expect("a module's OID is an OID"));

/// sysServices: services at the transport and application layers.
const TRANSPORT_AND_APPLICATION: i32 = (1 << 3) + (1 << 6);

/// sysObjectID.
pub fn object_id() -> &'static Oid {
    &OBJECT_ID
}

/// `system`.
pub struct System;

struct Row<'s>(At<'s, AgentState>);

impl Instrumentation<AgentState> for System {
    type Table = system::System;
    type Key = ();

    fn rows<'s>(&self, _: &'s AgentState) -> &'s Rows<()> {
        scalar_row()
    }

    fn column<'s>(&self, at: At<'s, AgentState>, (): &'s (), arc: u32) -> Option<Value<'s>> {
        system::column(&Row(at), arc)
    }
}

impl<'s> View<'s> for Row<'s> {
    fn sys_descr(&self) -> Option<Octets<'s>> {
        Some(self.0.state.node.system.description.as_str().into())
    }

    fn sys_object_id(&self) -> Option<Cow<'s, Oid>> {
        Some(Cow::Borrowed(&OBJECT_ID))
    }

    fn sys_up_time(&self) -> Option<u32> {
        Some(self.0.state.node.ticks(self.0.now))
    }

    fn sys_contact(&self) -> Option<Octets<'s>> {
        Some(self.0.state.node.system.contact.as_str().into())
    }

    fn sys_name(&self) -> Option<Octets<'s>> {
        Some(self.0.state.node.system.name.as_str().into())
    }

    fn sys_location(&self) -> Option<Octets<'s>> {
        Some(self.0.state.node.system.location.as_str().into())
    }

    fn sys_services(&self) -> Option<i32> {
        Some(TRANSPORT_AND_APPLICATION)
    }

    fn sys_or_last_change(&self) -> Option<u32> {
        // The modules are those the agent was built with.
        Some(0)
    }
}
