//! snmpTargetAddrTable and snmpTargetParamsTable (RFC 3413 §4.1): where messages
//! are sent that nobody asked for, and as whose.

use std::{borrow::Cow, sync::LazyLock};

use lcms_lb_core::model::RowState;
use lcms_snmp::{ErrorStatus, Octets, Oid, Value, v3::SecurityLevel};
use load_cluster_mib::{
    snmp_target_mib::{snmp_target_addr, snmp_target_params},
    tc::{self, RowStatus, StorageType},
};

use super::{managed, row_status};
use crate::{
    engine::{At, Instrumentation, Refusal, Rows},
    security::{Domain, Model, ParamsRow, TargetRow, access_level},
    state::{AgentState, Draft},
};

/// `snmpTargetAddrEntry`.
pub struct SnmpTargetAddr;

/// `snmpTargetParamsEntry`.
pub struct SnmpTargetParams;

/// The names of these rows have 1 to 32 octets.
pub(super) fn is_name(name: &str) -> bool {
    (1..=32).contains(&name.len())
}

struct Target<'s>(&'s TargetRow);

impl Instrumentation<AgentState> for SnmpTargetAddr {
    type Table = snmp_target_addr::SnmpTargetAddr;
    type Key = String;

    fn rows<'s>(&self, state: &'s AgentState) -> &'s Rows<String> {
        &state.security_index.targets
    }

    fn column<'s>(&self, at: At<'s, AgentState>, name: &'s String, arc: u32) -> Option<Value<'s>> {
        let row = at.state.security.rows.notification.targets.get(name)?;
        snmp_target_addr::column(&Target(row), arc)
    }

    fn writes(&self, _: u32) -> bool {
        true
    }

    fn admits(&self, index: &snmp_target_addr::Index) -> bool {
        is_name(&index.target_addr_name)
    }

    fn assign(
        &self,
        draft: &mut Draft,
        index: &snmp_target_addr::Index,
        patch: &snmp_target_addr::Patch,
    ) -> Result<(), Refusal> {
        use snmp_target_addr::col;
        let refused = |arc, status| Refusal::column(arc, status);
        let asked = managed::Asked {
            status: (col::ROW_STATUS, patch.row_status),
            storage: (col::STORAGE_TYPE, patch.storage_type),
        };
        let targets = &mut draft.security_mut().notification.targets;
        let name = index.target_addr_name.clone();
        let was_active = targets.get(&name).is_some_and(|row| row.row == RowState::Active);
        let Some(row) = managed::apply(targets, name, asked)? else { return Ok(()) };
        let before = (row.domain, row.address.clone());
        if let Some(domain) = &patch.t_domain {
            let domain = Domain::of(domain).ok_or(refused(col::T_DOMAIN, WRONG))?;
            row.domain = Some(domain);
        }
        if let Some(address) = &patch.t_address {
            row.address.clone_from(address);
        }
        // RFC 3413, snmpTargetAddrRowStatus: where messages go does not change
        // under way.
        if was_active
            && row.row == RowState::Active
            && (row.domain, &row.address) != (before.0, &before.1)
        {
            let arc = if row.domain == before.0 { col::T_ADDRESS } else { col::T_DOMAIN };
            return Err(refused(arc, ErrorStatus::InconsistentValue));
        }
        if let Some(timeout) = patch.timeout {
            row.timeout = timeout;
        }
        if let Some(count) = patch.retry_count {
            row.retry_count = u8::try_from(count).map_err(|_| refused(col::RETRY_COUNT, WRONG))?;
        }
        if let Some(list) = &patch.tag_list {
            if !is_tag_list(list) {
                return Err(refused(col::TAG_LIST, WRONG));
            }
            row.tag_list.clone_from(list);
        }
        if let Some(params) = &patch.params {
            row.params.clone_from(params);
        }
        row_status::complete(col::ROW_STATUS, patch.row_status, !row.is_complete())
    }

    /// A mask is as long as the address; by now one of the same SET is there as well.
    fn settle(
        &self,
        draft: &mut Draft,
        index: &snmp_target_addr::Index,
        patch: &snmp_target_addr::Patch,
    ) -> Result<(), Refusal> {
        let targets = &draft.security().notification.targets;
        let fits = targets.get(&index.target_addr_name).is_none_or(TargetRow::has_fitting_mask);
        match patch.t_address.is_none() || fits {
            true => Ok(()),
            false => Err(Refusal::column(
                snmp_target_addr::col::T_ADDRESS,
                ErrorStatus::InconsistentValue,
            )),
        }
    }
}

const WRONG: ErrorStatus = ErrorStatus::WrongValue;

/// By their numbers, made once: a GET makes nothing.
static DOMAINS: LazyLock<Vec<Oid>> = LazyLock::new(|| {
    let oid = |domain: Domain| Oid::new(domain.oid()).expect("a node's OID is one");
    Domain::ALL.map(oid).into()
});

/// RFC 3413, SnmpTagList: single delimiters, and none at the ends.
fn is_tag_list(list: &str) -> bool {
    list.is_empty() || list.split([' ', '\t', '\r', '\n']).all(|tag| !tag.is_empty())
}

impl<'s> snmp_target_addr::View<'s> for Target<'s> {
    fn t_domain(&self) -> Option<Cow<'s, Oid>> {
        self.0.domain.and_then(|domain| DOMAINS.get(domain as usize)).map(Cow::Borrowed)
    }

    fn t_address(&self) -> Option<Octets<'s>> {
        (!self.0.address.is_empty()).then(|| self.0.address.as_slice().into())
    }

    fn timeout(&self) -> Option<i32> {
        Some(self.0.timeout)
    }

    fn retry_count(&self) -> Option<i32> {
        Some(self.0.retry_count.into())
    }

    fn tag_list(&self) -> Option<Octets<'s>> {
        Some(self.0.tag_list.as_str().into())
    }

    fn params(&self) -> Option<Octets<'s>> {
        (!self.0.params.is_empty()).then(|| self.0.params.as_str().into())
    }

    fn storage_type(&self) -> Option<StorageType> {
        Some(managed::storage(self.0.storage))
    }

    fn row_status(&self) -> Option<RowStatus> {
        Some(row_status::shown(self.0.row, !self.0.is_complete()))
    }
}

struct Params<'s>(&'s ParamsRow);

impl Instrumentation<AgentState> for SnmpTargetParams {
    type Table = snmp_target_params::SnmpTargetParams;
    type Key = String;

    fn rows<'s>(&self, state: &'s AgentState) -> &'s Rows<String> {
        &state.security_index.params
    }

    fn column<'s>(&self, at: At<'s, AgentState>, name: &'s String, arc: u32) -> Option<Value<'s>> {
        let row = at.state.security.rows.notification.params.get(name)?;
        snmp_target_params::column(&Params(row), arc)
    }

    fn writes(&self, _: u32) -> bool {
        true
    }

    fn admits(&self, index: &snmp_target_params::Index) -> bool {
        is_name(&index.target_params_name)
    }

    fn assign(
        &self,
        draft: &mut Draft,
        index: &snmp_target_params::Index,
        patch: &snmp_target_params::Patch,
    ) -> Result<(), Refusal> {
        use snmp_target_params::col;
        let inconsistent = |arc| Refusal::column(arc, ErrorStatus::InconsistentValue);
        let asked = managed::Asked {
            status: (col::ROW_STATUS, patch.row_status),
            storage: (col::STORAGE_TYPE, patch.storage_type),
        };
        let params = &mut draft.security_mut().notification.params;
        let name = index.target_params_name.clone();
        let was_active = params.get(&name).is_some_and(|row| row.row == RowState::Active);
        let Some(row) = managed::apply(params, name, asked)? else { return Ok(()) };
        let fixed = was_active && row.row == RowState::Active;
        // RFC 3413: a model that is not supported is inconsistentValue, and none
        // of these changes while the row is active.
        if let Some(number) = patch.mp_model {
            let model = Model::of_messages(number).ok_or(inconsistent(col::MP_MODEL))?;
            assign(&mut row.mp_model, model, fixed).ok_or(inconsistent(col::MP_MODEL))?;
        }
        if let Some(number) = patch.security_model {
            let model = Model::of_security(number).ok_or(inconsistent(col::SECURITY_MODEL))?;
            assign(&mut row.security_model, model, fixed)
                .ok_or(inconsistent(col::SECURITY_MODEL))?;
        }
        if let Some(name) = &patch.security_name {
            assign(&mut row.security_name, name.clone(), fixed)
                .ok_or(inconsistent(col::SECURITY_NAME))?;
        }
        if let Some(level) = patch.security_level {
            assign(&mut row.security_level, access_level(level), fixed)
                .ok_or(inconsistent(col::SECURITY_LEVEL))?;
        }
        row_status::complete(col::ROW_STATUS, patch.row_status, !row.is_complete())
    }
}

/// Sets a value, unless it is fixed and another.
fn assign<T: PartialEq>(place: &mut Option<T>, value: T, fixed: bool) -> Option<()> {
    if fixed && place.as_ref() != Some(&value) {
        return None;
    }
    *place = Some(value);
    Some(())
}

impl<'s> snmp_target_params::View<'s> for Params<'s> {
    fn mp_model(&self) -> Option<i32> {
        self.0.mp_model.map(Model::messages)
    }

    fn security_model(&self) -> Option<i32> {
        self.0.security_model.map(Model::security)
    }

    fn security_name(&self) -> Option<Octets<'s>> {
        self.0.security_name.as_deref().map(Into::into)
    }

    fn security_level(&self) -> Option<tc::SnmpSecurityLevel> {
        Some(match self.0.security_level? {
            SecurityLevel::NoAuthNoPriv => tc::SnmpSecurityLevel::NoAuthNoPriv,
            SecurityLevel::AuthNoPriv => tc::SnmpSecurityLevel::AuthNoPriv,
            SecurityLevel::AuthPriv => tc::SnmpSecurityLevel::AuthPriv,
        })
    }

    fn storage_type(&self) -> Option<StorageType> {
        Some(managed::storage(self.0.storage))
    }

    fn row_status(&self) -> Option<RowStatus> {
        Some(row_status::shown(self.0.row, !self.0.is_complete()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tag_lists_have_single_delimiters() {
        for list in ["", "a", "a b", "a\tb\nc"] {
            assert!(is_tag_list(list), "{list:?}");
        }
        for list in [" ", "a ", " a", "a  b", "a \tb"] {
            assert!(!is_tag_list(list), "{list:?}");
        }
    }
}
