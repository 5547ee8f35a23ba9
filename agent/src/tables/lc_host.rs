//! lcHostTable: hosts, what they are and how they are.

use lcms_lb_core::model::{Host, Name, Roles};
use lcms_snmp::{Octets, Value};
use load_cluster_mib::{
    load_cluster_mib::lc_host::{self, Index, Patch, View, col},
    tc::{IANAifType, LcAdminState, LcOperState, LcRoles, LcStatus, RowStatus, StorageType},
};

use super::{cells, row_status, words::Word};
use crate::{
    engine::{At, Instrumentation, Refusal, Rows},
    sensors::{Facts, Interface, InterfaceKind},
    state::{AgentState, Draft, HostSummary},
};

/// `lcHostEntry`.
pub struct LcHost;

struct Row<'s> {
    row: &'s Host,
    summary: &'s HostSummary,
    /// What only the host itself knows.
    facts: Option<&'s Facts>,
}

impl Instrumentation<AgentState> for LcHost {
    type Table = lc_host::LcHost;
    type Key = Name;

    fn rows<'s>(&self, state: &'s AgentState) -> &'s Rows<Name> {
        &state.index.hosts
    }

    fn column<'s>(&self, at: At<'s, AgentState>, key: &'s Name, arc: u32) -> Option<Value<'s>> {
        let state = at.state;
        let own = *key == state.node.name;
        let row = Row {
            row: state.snapshot.wanted.hosts.get(key)?,
            summary: state.summary.hosts.get(key)?,
            facts: own.then_some(&state.sample.facts),
        };
        lc_host::column(&row, arc)
    }

    fn writes(&self, _: u32) -> bool {
        true
    }

    fn admits(&self, index: &Index) -> bool {
        name(index).is_ok()
    }

    fn assign(&self, draft: &mut Draft, index: &Index, patch: &Patch) -> Result<(), Refusal> {
        let change = row_status::Change {
            arc: col::ROW_STATUS,
            asked: patch.row_status,
            patch,
            defaults: lc_host::Row::defaults(),
        };
        row_status::apply(&mut draft.wanted.hosts, name(index)?, change, write)?;
        Ok(())
    }
}

fn write(row: &mut Host, patch: &Patch) -> Result<(), Refusal> {
    cells::set_word(col::ADMIN_STATE, &mut row.admin_state, patch.admin_state)?;
    cells::set_word::<Roles>(col::ROLE_POTENTIAL, &mut row.role_potential, patch.role_potential)?;
    cells::set_word::<Roles>(col::ROLE_STATUS, &mut row.role_status, patch.role_status)
}

fn name(index: &Index) -> Result<Name, Refusal> {
    cells::index_name(&index.host_name)
}

impl<'s> View<'s> for Row<'s> {
    fn status(&self) -> Option<LcStatus> {
        Some(self.summary.status().mib())
    }

    fn oper_state(&self) -> Option<LcOperState> {
        Some(self.summary.oper_state.mib())
    }

    fn reason(&self) -> Option<Octets<'s>> {
        Some(Octets::from(&*self.summary.reason))
    }

    fn freeness(&self) -> Option<u32> {
        self.summary.freeness
    }

    fn active_connections(&self) -> Option<u32> {
        Some(self.summary.active)
    }

    fn servers(&self) -> Option<u32> {
        Some(self.summary.servers)
    }

    fn servers_up(&self) -> Option<u32> {
        Some(self.summary.servers_up)
    }

    fn last_seen(&self) -> Option<Octets<'s>> {
        Some(cells::date(self.summary.last_seen))
    }

    fn admin_state(&self) -> Option<LcAdminState> {
        Some(self.row.admin_state.mib())
    }

    fn role_potential(&self) -> Option<LcRoles> {
        Some(self.row.role_potential.mib())
    }

    fn role_status(&self) -> Option<LcRoles> {
        Some(self.row.role_status.mib())
    }

    fn os(&self) -> Option<Octets<'s>> {
        Some(cells::admin_string(self.facts?.os.as_deref()?))
    }

    fn cpu_type(&self) -> Option<Octets<'s>> {
        Some(cells::admin_string(self.facts?.cpu_type.as_deref()?))
    }

    fn cpu_count(&self) -> Option<u32> {
        self.facts?.cpu_count
    }

    fn cpu_speed(&self) -> Option<u32> {
        self.facts?.cpu_speed
    }

    fn memory_size(&self) -> Option<u64> {
        self.facts?.memory_size
    }

    fn interface_type(&self) -> Option<IANAifType> {
        Some(if_type(self.facts?.main_interface()?))
    }

    fn interface_speed(&self) -> Option<u32> {
        Some(self.facts?.main_interface()?.speed.unwrap_or(0))
    }

    fn engine_id(&self) -> Option<Octets<'s>> {
        // Engines have identities from version 3 on.
        None
    }

    fn storage_type(&self) -> Option<StorageType> {
        Some(self.row.storage.mib())
    }

    fn row_status(&self) -> Option<RowStatus> {
        Some(row_status::shown(self.row.row, false))
    }
}

/// The type of an interface.
pub fn if_type(interface: &Interface) -> IANAifType {
    match interface.kind {
        InterfaceKind::Other => IANAifType::Other,
        InterfaceKind::Ethernet => IANAifType::EthernetCsmacd,
        InterfaceKind::Ppp => IANAifType::Ppp,
        InterfaceKind::Loopback => IANAifType::SoftwareLoopback,
        InterfaceKind::Wireless => IANAifType::Ieee80211,
        InterfaceKind::Tunnel => IANAifType::Tunnel,
        InterfaceKind::Vlan => IANAifType::L2vlan,
        InterfaceKind::Aggregate => IANAifType::Ieee8023adLag,
        InterfaceKind::Infiniband => IANAifType::Infiniband,
        InterfaceKind::Bridge => IANAifType::Bridge,
    }
}
