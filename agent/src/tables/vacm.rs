//! The tables of SNMP-VIEW-BASED-ACM-MIB (RFC 3415 §4): contexts, groups, access
//! and views.

use lcms_snmp::{Octets, Value, object::Scalar};
use load_cluster_mib::{
    snmp_view_based_acm_mib::{
        vacm_access::{self, VacmAccessContextMatch},
        vacm_context, vacm_mib_views, vacm_security_to_group,
        vacm_view_tree_family::{self, VacmViewTreeFamilyType},
    },
    tc::{RowStatus, StorageType},
};

use super::{managed, row_status};
use crate::{
    engine::{At, Instrumentation, Refusal, Rows, scalar_row},
    security::{AccessId, AccessRow, FamilyId, FamilyRow, GroupId, GroupRow, access_level},
    state::{AgentState, Draft, Lock},
};

/// `vacmContextEntry`.
pub struct VacmContext;

/// `vacmSecurityToGroupEntry`.
pub struct VacmSecurityToGroup;

/// `vacmAccessEntry`.
pub struct VacmAccess;

/// `vacmViewTreeFamilyEntry`.
pub struct VacmViewTreeFamily;

/// `vacmMIBViews`, for vacmViewSpinLock.
pub struct VacmMibViews;

/// The names of groups, contexts and views have at most as many octets.
const LONGEST: usize = 32;

struct DefaultContext;

impl Instrumentation<AgentState> for VacmContext {
    type Table = vacm_context::VacmContext;
    type Key = ();

    fn rows<'s>(&self, state: &'s AgentState) -> &'s Rows<()> {
        &state.security_index.contexts
    }

    fn column<'s>(&self, _: At<'s, AgentState>, (): &'s (), arc: u32) -> Option<Value<'s>> {
        vacm_context::column(&DefaultContext, arc)
    }
}

impl<'s> vacm_context::View<'s> for DefaultContext {
    fn name(&self) -> Option<Octets<'s>> {
        Some("".into())
    }
}

struct Group<'s>(&'s GroupRow);

impl Instrumentation<AgentState> for VacmSecurityToGroup {
    type Table = vacm_security_to_group::VacmSecurityToGroup;
    type Key = GroupId;

    fn rows<'s>(&self, state: &'s AgentState) -> &'s Rows<GroupId> {
        &state.security_index.groups
    }

    fn column<'s>(&self, at: At<'s, AgentState>, id: &'s GroupId, arc: u32) -> Option<Value<'s>> {
        let row = at.state.security.rows.groups.get(id)?;
        vacm_security_to_group::column(&Group(row), arc)
    }

    fn writes(&self, _: u32) -> bool {
        true
    }

    fn admits(&self, index: &vacm_security_to_group::Index) -> bool {
        index.security_model > 0 && (1..=LONGEST).contains(&index.security_name.len())
    }

    fn assign(
        &self,
        draft: &mut Draft,
        index: &vacm_security_to_group::Index,
        patch: &vacm_security_to_group::Patch,
    ) -> Result<(), Refusal> {
        use vacm_security_to_group::col;
        let id = GroupId { model: index.security_model, name: index.security_name.clone() };
        let status = patch.vacm_security_to_group_status;
        let asked = managed::Asked {
            status: (col::VACM_SECURITY_TO_GROUP_STATUS, status),
            storage: (
                col::VACM_SECURITY_TO_GROUP_STORAGE_TYPE,
                patch.vacm_security_to_group_storage_type,
            ),
        };
        let groups = &mut draft.security_mut().groups;
        let Some(row) = managed::apply(groups, id, asked)? else { return Ok(()) };
        if let Some(group) = &patch.vacm_group_name {
            row.group.clone_from(group);
        }
        row_status::complete(col::VACM_SECURITY_TO_GROUP_STATUS, status, row.group.is_empty())
    }
}

impl<'s> vacm_security_to_group::View<'s> for Group<'s> {
    fn vacm_group_name(&self) -> Option<Octets<'s>> {
        (!self.0.group.is_empty()).then(|| self.0.group.as_str().into())
    }

    fn vacm_security_to_group_storage_type(&self) -> Option<StorageType> {
        Some(managed::storage(self.0.storage))
    }

    fn vacm_security_to_group_status(&self) -> Option<RowStatus> {
        Some(row_status::shown(self.0.row, self.0.group.is_empty()))
    }
}

struct Access<'s>(&'s AccessRow);

impl Instrumentation<AgentState> for VacmAccess {
    type Table = vacm_access::VacmAccess;
    type Key = AccessId;

    fn rows<'s>(&self, state: &'s AgentState) -> &'s Rows<AccessId> {
        &state.security_index.access
    }

    fn column<'s>(&self, at: At<'s, AgentState>, id: &'s AccessId, arc: u32) -> Option<Value<'s>> {
        let row = at.state.security.rows.access.get(id)?;
        vacm_access::column(&Access(row), arc)
    }

    fn writes(&self, _: u32) -> bool {
        true
    }

    fn admits(&self, index: &vacm_access::Index) -> bool {
        (1..=LONGEST).contains(&index.group_name.len())
            && index.access_context_prefix.len() <= LONGEST
            && index.access_security_model >= 0
    }

    fn assign(
        &self,
        draft: &mut Draft,
        index: &vacm_access::Index,
        patch: &vacm_access::Patch,
    ) -> Result<(), Refusal> {
        use vacm_access::col;
        let id = AccessId {
            group: index.group_name.clone(),
            context: index.access_context_prefix.clone(),
            model: index.access_security_model,
            level: access_level(index.access_security_level),
        };
        let asked = managed::Asked {
            status: (col::STATUS, patch.status),
            storage: (col::STORAGE_TYPE, patch.storage_type),
        };
        let access = &mut draft.security_mut().access;
        let Some(row) = managed::apply(access, id, asked)? else { return Ok(()) };
        if let Some(context_match) = patch.context_match {
            row.is_prefix = context_match == VacmAccessContextMatch::Prefix;
        }
        for (place, name) in [
            (&mut row.read, &patch.read_view_name),
            (&mut row.write, &patch.write_view_name),
            (&mut row.notify, &patch.notify_view_name),
        ] {
            if let Some(name) = name {
                place.clone_from(name);
            }
        }
        Ok(())
    }
}

impl<'s> vacm_access::View<'s> for Access<'s> {
    fn context_match(&self) -> Option<VacmAccessContextMatch> {
        Some(match self.0.is_prefix {
            true => VacmAccessContextMatch::Prefix,
            false => VacmAccessContextMatch::Exact,
        })
    }

    fn read_view_name(&self) -> Option<Octets<'s>> {
        Some(self.0.read.as_str().into())
    }

    fn write_view_name(&self) -> Option<Octets<'s>> {
        Some(self.0.write.as_str().into())
    }

    fn notify_view_name(&self) -> Option<Octets<'s>> {
        Some(self.0.notify.as_str().into())
    }

    fn storage_type(&self) -> Option<StorageType> {
        Some(managed::storage(self.0.storage))
    }

    fn status(&self) -> Option<RowStatus> {
        Some(row_status::shown(self.0.row, false))
    }
}

struct Family<'s>(&'s FamilyRow);

impl Instrumentation<AgentState> for VacmViewTreeFamily {
    type Table = vacm_view_tree_family::VacmViewTreeFamily;
    type Key = FamilyId;

    fn rows<'s>(&self, state: &'s AgentState) -> &'s Rows<FamilyId> {
        &state.security_index.families
    }

    fn column<'s>(&self, at: At<'s, AgentState>, id: &'s FamilyId, arc: u32) -> Option<Value<'s>> {
        let row = at.state.security.rows.families.get(id)?;
        vacm_view_tree_family::column(&Family(row), arc)
    }

    fn writes(&self, _: u32) -> bool {
        true
    }

    fn admits(&self, index: &vacm_view_tree_family::Index) -> bool {
        (1..=LONGEST).contains(&index.view_tree_family_view_name.len())
    }

    fn assign(
        &self,
        draft: &mut Draft,
        index: &vacm_view_tree_family::Index,
        patch: &vacm_view_tree_family::Patch,
    ) -> Result<(), Refusal> {
        use vacm_view_tree_family::col;
        let id = FamilyId {
            view: index.view_tree_family_view_name.clone(),
            subtree: index.view_tree_family_subtree.clone(),
        };
        let asked = managed::Asked {
            status: (col::STATUS, patch.status),
            storage: (col::STORAGE_TYPE, patch.storage_type),
        };
        let families = &mut draft.security_mut().families;
        let Some(row) = managed::apply(families, id, asked)? else { return Ok(()) };
        if let Some(mask) = &patch.mask {
            row.mask.clone_from(mask);
        }
        if let Some(kind) = patch.type_ {
            row.included = kind == VacmViewTreeFamilyType::Included;
        }
        Ok(())
    }
}

impl<'s> vacm_view_tree_family::View<'s> for Family<'s> {
    fn mask(&self) -> Option<Octets<'s>> {
        Some(self.0.mask.as_slice().into())
    }

    fn type_(&self) -> Option<VacmViewTreeFamilyType> {
        Some(match self.0.included {
            true => VacmViewTreeFamilyType::Included,
            false => VacmViewTreeFamilyType::Excluded,
        })
    }

    fn storage_type(&self) -> Option<StorageType> {
        Some(managed::storage(self.0.storage))
    }

    fn status(&self) -> Option<RowStatus> {
        Some(row_status::shown(self.0.row, false))
    }
}

struct Spin<'s>(&'s Lock);

impl Instrumentation<AgentState> for VacmMibViews {
    type Table = vacm_mib_views::VacmMibViews;
    type Key = ();

    fn rows<'s>(&self, _: &'s AgentState) -> &'s Rows<()> {
        scalar_row()
    }

    fn column<'s>(&self, at: At<'s, AgentState>, (): &'s (), arc: u32) -> Option<Value<'s>> {
        vacm_mib_views::column(&Spin(&at.state.node.locks.views), arc)
    }

    fn writes(&self, _: u32) -> bool {
        true
    }

    fn assign(
        &self,
        draft: &mut Draft,
        _: &Scalar,
        patch: &vacm_mib_views::Patch,
    ) -> Result<(), Refusal> {
        let arc = vacm_mib_views::col::VACM_VIEW_SPIN_LOCK;
        draft.claim(|locks| &locks.views, patch.vacm_view_spin_lock, arc)
    }
}

impl vacm_mib_views::View<'_> for Spin<'_> {
    fn vacm_view_spin_lock(&self) -> Option<i32> {
        Some(self.0.value())
    }
}
