//! The tables of SNMP-NOTIFICATION-MIB (RFC 3413 §4.2): which targets are
//! notified, and of what.

use lcms_snmp::{Octets, Value};
use load_cluster_mib::{
    snmp_notification_mib::{
        snmp_notify::{self, SnmpNotifyType},
        snmp_notify_filter::{self, SnmpNotifyFilterType},
        snmp_notify_filter_profile,
    },
    tc::{RowStatus, StorageType},
};

use super::{managed, row_status, snmp_target::is_name};
use crate::{
    engine::{At, Instrumentation, Refusal, Rows},
    security::{FilterId, FilterRow, NotifyRow, ProfileRow},
    state::{AgentState, Draft},
};

/// `snmpNotifyEntry`.
pub struct SnmpNotify;

/// `snmpNotifyFilterProfileEntry`.
pub struct SnmpNotifyFilterProfile;

/// `snmpNotifyFilterEntry`.
pub struct SnmpNotifyFilter;

struct Notify<'s>(&'s NotifyRow);

impl Instrumentation<AgentState> for SnmpNotify {
    type Table = snmp_notify::SnmpNotify;
    type Key = String;

    fn rows<'s>(&self, state: &'s AgentState) -> &'s Rows<String> {
        &state.security_index.notify
    }

    fn column<'s>(&self, at: At<'s, AgentState>, name: &'s String, arc: u32) -> Option<Value<'s>> {
        let row = at.state.security.rows.notification.notify.get(name)?;
        snmp_notify::column(&Notify(row), arc)
    }

    fn writes(&self, _: u32) -> bool {
        true
    }

    fn admits(&self, index: &snmp_notify::Index) -> bool {
        is_name(&index.notify_name)
    }

    fn assign(
        &self,
        draft: &mut Draft,
        index: &snmp_notify::Index,
        patch: &snmp_notify::Patch,
    ) -> Result<(), Refusal> {
        use snmp_notify::col;
        let asked = managed::Asked {
            status: (col::ROW_STATUS, patch.row_status),
            storage: (col::STORAGE_TYPE, patch.storage_type),
        };
        let notify = &mut draft.security_mut().notification.notify;
        let name = index.notify_name.clone();
        let Some(row) = managed::apply(notify, name, asked)? else { return Ok(()) };
        if let Some(tag) = &patch.tag {
            if tag.contains([' ', '\t', '\r', '\n']) {
                return Err(Refusal::column(col::TAG, lcms_snmp::ErrorStatus::WrongValue));
            }
            row.tag.clone_from(tag);
        }
        if let Some(kind) = patch.type_ {
            row.inform = kind == SnmpNotifyType::Inform;
        }
        Ok(())
    }
}

impl<'s> snmp_notify::View<'s> for Notify<'s> {
    fn tag(&self) -> Option<Octets<'s>> {
        Some(self.0.tag.as_str().into())
    }

    fn type_(&self) -> Option<SnmpNotifyType> {
        Some(match self.0.inform {
            true => SnmpNotifyType::Inform,
            false => SnmpNotifyType::Trap,
        })
    }

    fn storage_type(&self) -> Option<StorageType> {
        Some(managed::storage(self.0.storage))
    }

    fn row_status(&self) -> Option<RowStatus> {
        Some(row_status::shown(self.0.row, false))
    }
}

struct Profile<'s>(&'s ProfileRow);

impl Instrumentation<AgentState> for SnmpNotifyFilterProfile {
    type Table = snmp_notify_filter_profile::SnmpNotifyFilterProfile;
    type Key = String;

    fn rows<'s>(&self, state: &'s AgentState) -> &'s Rows<String> {
        &state.security_index.profiles
    }

    fn column<'s>(&self, at: At<'s, AgentState>, name: &'s String, arc: u32) -> Option<Value<'s>> {
        let row = at.state.security.rows.notification.profiles.get(name)?;
        snmp_notify_filter_profile::column(&Profile(row), arc)
    }

    fn writes(&self, _: u32) -> bool {
        true
    }

    fn admits(&self, index: &snmp_notify_filter_profile::Index) -> bool {
        is_name(&index.target_params_name)
    }

    fn assign(
        &self,
        draft: &mut Draft,
        index: &snmp_notify_filter_profile::Index,
        patch: &snmp_notify_filter_profile::Patch,
    ) -> Result<(), Refusal> {
        use snmp_notify_filter_profile::col;
        let asked = managed::Asked {
            status: (col::ROW_STATUS, patch.row_status),
            storage: (col::STOR_TYPE, patch.stor_type),
        };
        let profiles = &mut draft.security_mut().notification.profiles;
        let name = index.target_params_name.clone();
        let Some(row) = managed::apply(profiles, name, asked)? else { return Ok(()) };
        if let Some(name) = &patch.name {
            row.name.clone_from(name);
        }
        row_status::complete(col::ROW_STATUS, patch.row_status, row.name.is_empty())
    }
}

impl<'s> snmp_notify_filter_profile::View<'s> for Profile<'s> {
    fn name(&self) -> Option<Octets<'s>> {
        (!self.0.name.is_empty()).then(|| self.0.name.as_str().into())
    }

    fn stor_type(&self) -> Option<StorageType> {
        Some(managed::storage(self.0.storage))
    }

    fn row_status(&self) -> Option<RowStatus> {
        Some(row_status::shown(self.0.row, self.0.name.is_empty()))
    }
}

struct Filter<'s>(&'s FilterRow);

impl Instrumentation<AgentState> for SnmpNotifyFilter {
    type Table = snmp_notify_filter::SnmpNotifyFilter;
    type Key = FilterId;

    fn rows<'s>(&self, state: &'s AgentState) -> &'s Rows<FilterId> {
        &state.security_index.filters
    }

    fn column<'s>(&self, at: At<'s, AgentState>, id: &'s FilterId, arc: u32) -> Option<Value<'s>> {
        let row = at.state.security.rows.notification.filters.get(id)?;
        snmp_notify_filter::column(&Filter(row), arc)
    }

    fn writes(&self, _: u32) -> bool {
        true
    }

    fn admits(&self, index: &snmp_notify_filter::Index) -> bool {
        // The subtree is IMPLIED, so it is never empty (RFC 2578 §7.7).
        is_name(&index.notify_filter_profile_name) && !index.notify_filter_subtree.is_empty()
    }

    fn assign(
        &self,
        draft: &mut Draft,
        index: &snmp_notify_filter::Index,
        patch: &snmp_notify_filter::Patch,
    ) -> Result<(), Refusal> {
        use snmp_notify_filter::col;
        let id = FilterId {
            profile: index.notify_filter_profile_name.clone(),
            subtree: index.notify_filter_subtree.clone(),
        };
        let asked = managed::Asked {
            status: (col::ROW_STATUS, patch.row_status),
            storage: (col::STORAGE_TYPE, patch.storage_type),
        };
        let filters = &mut draft.security_mut().notification.filters;
        let Some(row) = managed::apply(filters, id, asked)? else { return Ok(()) };
        if let Some(mask) = &patch.mask {
            row.mask.clone_from(mask);
        }
        if let Some(kind) = patch.type_ {
            row.included = kind == SnmpNotifyFilterType::Included;
        }
        Ok(())
    }
}

impl<'s> snmp_notify_filter::View<'s> for Filter<'s> {
    fn mask(&self) -> Option<Octets<'s>> {
        Some(self.0.mask.as_slice().into())
    }

    fn type_(&self) -> Option<SnmpNotifyFilterType> {
        Some(match self.0.included {
            true => SnmpNotifyFilterType::Included,
            false => SnmpNotifyFilterType::Excluded,
        })
    }

    fn storage_type(&self) -> Option<StorageType> {
        Some(managed::storage(self.0.storage))
    }

    fn row_status(&self) -> Option<RowStatus> {
        Some(row_status::shown(self.0.row, false))
    }
}
