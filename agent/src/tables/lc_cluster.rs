//! lcClusterTable: clusters and their leases.

use std::time::Instant;

use lcms_lb_core::{
    director::{ClusterStatus, Snapshot},
    model::{Cluster, DirectorId, DirectorState, Lease, LeaseRequest, Name, RowState},
};
use lcms_snmp::{ErrorStatus, Octets, Value};
use load_cluster_mib::{
    load_cluster_mib::lc_cluster::{self, Index, Patch, View, col},
    tc::{LcStatus, RowStatus, StorageType},
};

use super::{cells, row_status, words::Word};
use crate::{
    engine::{At, Instrumentation, Refusal, Rows},
    state::{AgentState, ClusterSummary, Draft, Node},
};

/// `lcClusterEntry`.
pub struct LcCluster;

struct Row<'s> {
    name: Name,
    row: &'s Cluster,
    status: &'s ClusterStatus,
    summary: &'s ClusterSummary,
    lease: Option<&'s Lease>,
    snapshot: &'s Snapshot,
    node: &'s Node,
    now: Instant,
}

impl Instrumentation<AgentState> for LcCluster {
    type Table = lc_cluster::LcCluster;
    type Key = Name;

    fn rows<'s>(&self, state: &'s AgentState) -> &'s Rows<Name> {
        &state.index.clusters
    }

    fn column<'s>(&self, at: At<'s, AgentState>, key: &'s Name, arc: u32) -> Option<Value<'s>> {
        let snapshot = &*at.state.snapshot;
        let row = Row {
            name: *key,
            row: snapshot.wanted.clusters.get(key)?,
            status: snapshot.clusters.get(key)?,
            summary: at.state.summary.clusters.get(key)?,
            lease: snapshot.runtime.leases.get(key),
            snapshot,
            node: &at.state.node,
            now: at.now,
        };
        lc_cluster::column(&row, arc)
    }

    fn writes(&self, _: u32) -> bool {
        true
    }

    fn admits(&self, index: &Index) -> bool {
        name(index).is_ok()
    }

    fn assign(&self, draft: &mut Draft, index: &Index, patch: &Patch) -> Result<(), Refusal> {
        let name = name(index)?;
        let change = row_status::Change {
            arc: col::ROW_STATUS,
            asked: patch.row_status,
            patch,
            defaults: lc_cluster::Row::defaults(),
        };
        let clusters = &mut draft.wanted.clusters;
        let Some(row) = row_status::apply(clusters, name, change, write)? else { return Ok(()) };
        let active = row.row == RowState::Active;
        if !active {
            draft.end_lease(name);
        }
        request_lease(draft, name, patch, active)
    }
}

fn write(row: &mut Cluster, patch: &Patch) -> Result<(), Refusal> {
    if let Some(policy) = &patch.policy {
        row.policy = cells::set_name(col::POLICY, policy)?;
    }
    if let Some(parent) = &patch.parent {
        row.parent = cells::set_name(col::PARENT, parent)?;
    }
    if let Some(description) = &patch.description {
        row.description.clone_from(description);
    }
    Ok(())
}

/// The lease columns of one row, which mean something together alone.
fn request_lease(
    draft: &mut Draft,
    name: Name,
    patch: &Patch,
    active: bool,
) -> Result<(), Refusal> {
    let request = LeaseRequest {
        owner: patch.lease_owner.clone(),
        term: patch.lease_term,
        seconds: patch.lease_seconds,
    };
    let arc = match request {
        LeaseRequest { term: Some(_), .. } => col::LEASE_TERM,
        LeaseRequest { seconds: Some(_), .. } => col::LEASE_SECONDS,
        LeaseRequest { owner: Some(_), .. } => col::LEASE_OWNER,
        _ => return Ok(()),
    };
    let refused = Refusal::column(arc, ErrorStatus::InconsistentValue);
    if !active {
        return Err(refused);
    }
    draft.runtime.request_lease(name, &request, draft.now).map_err(|_| refused)?;
    draft.terms.extend(request.term.map(|term| (name, term)));
    Ok(())
}

fn name(index: &Index) -> Result<Name, Refusal> {
    cells::index_name(&index.cluster_name)
}

impl<'s> View<'s> for Row<'s> {
    fn status(&self) -> Option<LcStatus> {
        Some(self.summary.status.mib())
    }

    fn reason(&self) -> Option<Octets<'s>> {
        Some(self.summary.reason.as_str().into())
    }

    fn services(&self) -> Option<u32> {
        Some(self.summary.services.0)
    }

    fn services_up(&self) -> Option<u32> {
        Some(self.summary.services.1)
    }

    fn servers(&self) -> Option<u32> {
        Some(self.summary.servers.0)
    }

    fn servers_up(&self) -> Option<u32> {
        Some(self.summary.servers.1)
    }

    fn hosts(&self) -> Option<u32> {
        Some(self.summary.hosts.0)
    }

    fn hosts_up(&self) -> Option<u32> {
        Some(self.summary.hosts.1)
    }

    fn active_connections(&self) -> Option<u32> {
        Some(self.summary.active)
    }

    fn connections(&self) -> Option<u64> {
        Some(self.snapshot.cluster_connections(&self.name))
    }

    fn lease_owner(&self) -> Option<Octets<'s>> {
        Some(self.lease.map_or("", |lease| lease.owner.as_str()).into())
    }

    fn lease_term(&self) -> Option<u32> {
        Some(self.lease.map_or(0, |lease| lease.term))
    }

    fn lease_seconds(&self) -> Option<u32> {
        Some(self.lease.map_or(0, |lease| lease.seconds(self.now)))
    }

    fn active_director(&self) -> Option<Octets<'s>> {
        let state = |host: Name| {
            let id = DirectorId { cluster: self.name, host };
            self.snapshot.directors.get(&id).map(|status| status.state)
        };
        let mut directors = self.row.directors.keys();
        Some(cells::name(directors.find(|host| state(**host) == Some(DirectorState::Active))))
    }

    fn policy(&self) -> Option<Octets<'s>> {
        Some(cells::name(self.row.policy.as_ref()))
    }

    fn description(&self) -> Option<Octets<'s>> {
        Some(cells::admin_string(&self.row.description))
    }

    fn parent(&self) -> Option<Octets<'s>> {
        Some(cells::name(self.row.parent.as_ref()))
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
