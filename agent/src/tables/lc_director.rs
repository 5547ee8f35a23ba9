//! lcDirectorTable: the directors of the clusters.

use lcms_lb_core::{
    director::DirectorStatus,
    model::{DirectorId, DirectorRow},
};
use lcms_snmp::{ErrorStatus, Octets, Value};
use load_cluster_mib::{
    load_cluster_mib::lc_director::{self, Index, LcDirectorState, Patch, View, col},
    tc::{InetAddressType, RowStatus, StorageType},
};

use super::{cells, row_status, words::Word};
use crate::{
    engine::{At, Instrumentation, Refusal, Rows},
    state::{AgentState, Draft, Node},
};

/// `lcDirectorEntry`.
pub struct LcDirector;

struct Row<'s> {
    row: &'s DirectorRow,
    status: &'s DirectorStatus,
    node: &'s Node,
}

impl Instrumentation<AgentState> for LcDirector {
    type Table = lc_director::LcDirector;
    type Key = DirectorId;

    fn rows<'s>(&self, state: &'s AgentState) -> &'s Rows<DirectorId> {
        &state.index.directors
    }

    fn column<'s>(
        &self,
        at: At<'s, AgentState>,
        key: &'s DirectorId,
        arc: u32,
    ) -> Option<Value<'s>> {
        let snapshot = &at.state.snapshot;
        let row = Row {
            row: snapshot.wanted.director(key)?,
            status: snapshot.directors.get(key)?,
            node: &at.state.node,
        };
        lc_director::column(&row, arc)
    }

    fn writes(&self, _: u32) -> bool {
        true
    }

    fn admits(&self, index: &Index) -> bool {
        id(index).is_ok()
    }

    fn assign(&self, draft: &mut Draft, index: &Index, patch: &Patch) -> Result<(), Refusal> {
        let id = id(index)?;
        let Some(cluster) = draft.wanted.clusters.get_mut(&id.cluster) else {
            return cells::without_parent(patch.row_status);
        };
        let change = row_status::Change {
            arc: col::ROW_STATUS,
            asked: patch.row_status,
            patch,
            defaults: lc_director::Row::defaults(),
        };
        let row = row_status::apply(&mut cluster.directors, id.host, change, write)?;
        match row.is_none() || draft.wanted.hosts.contains_key(&id.host) {
            true => Ok(()),
            false => Err(Refusal::row(ErrorStatus::InconsistentName)),
        }
    }
}

fn write(row: &mut DirectorRow, patch: &Patch) -> Result<(), Refusal> {
    cells::set_number(col::PRIORITY, &mut row.priority, patch.priority)?;
    row.address = cells::set_address(
        row.address,
        (col::ADDRESS_TYPE, patch.address_type),
        (col::ADDRESS, patch.address.as_deref()),
    )?;
    Ok(())
}

fn id(index: &Index) -> Result<DirectorId, Refusal> {
    Ok(DirectorId {
        cluster: cells::index_name(&index.cluster_name)?,
        host: cells::index_name(&index.host_name)?,
    })
}

impl<'s> View<'s> for Row<'s> {
    fn state(&self) -> Option<LcDirectorState> {
        Some(self.status.state.mib())
    }

    fn transitions(&self) -> Option<u64> {
        Some(self.status.transitions)
    }

    fn last_transition(&self) -> Option<Octets<'s>> {
        Some(cells::date(self.status.last_transition))
    }

    fn priority(&self) -> Option<u32> {
        Some(self.row.priority.value())
    }

    fn address_type(&self) -> Option<InetAddressType> {
        Some(cells::address_type(self.row.address))
    }

    fn address(&self) -> Option<Octets<'s>> {
        Some(cells::address(self.row.address))
    }

    fn discontinuity_time(&self) -> Option<u32> {
        Some(self.node.ticks(self.status.since))
    }

    fn storage_type(&self) -> Option<StorageType> {
        Some(self.row.storage.mib())
    }

    fn row_status(&self) -> Option<RowStatus> {
        Some(row_status::shown(self.row.row, false))
    }
}
