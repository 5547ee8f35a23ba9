//! snmpTlstmAddrTable and snmpTlstmParamsTable (RFC 6353 §7): what targets over TLS have
//! to show, and what is shown to them.

use lcms_lb_core::model::RowState;
use lcms_snmp::{ErrorStatus, Octets, Value};
use lcms_tls::Fingerprint;
use load_cluster_mib::{
    snmp_tls_tm_mib::{snmp_tlstm_addr, snmp_tlstm_params},
    tc::{RowStatus, StorageType},
};

use super::{managed, row_status, snmp_target::is_name};
use crate::{
    engine::{At, Instrumentation, Refusal, Rows},
    security::{ClientRow, ServerRow},
    state::{AgentState, Draft},
};

/// `snmpTlstmAddrEntry`.
pub struct SnmpTlstmAddr;

/// `snmpTlstmParamsEntry`.
pub struct SnmpTlstmParams;

struct Server<'s>(&'s ServerRow);

struct Client<'s>(&'s ClientRow);

impl Instrumentation<AgentState> for SnmpTlstmAddr {
    type Table = snmp_tlstm_addr::SnmpTlstmAddr;
    type Key = String;

    fn rows<'s>(&self, state: &'s AgentState) -> &'s Rows<String> {
        &state.security_index.servers
    }

    fn column<'s>(&self, at: At<'s, AgentState>, name: &'s String, arc: u32) -> Option<Value<'s>> {
        snmp_tlstm_addr::column(&Server(at.state.security.rows.servers.get(name)?), arc)
    }

    fn writes(&self, _: u32) -> bool {
        true
    }

    fn admits(&self, index: &snmp_tlstm_addr::Index) -> bool {
        is_name(&index.target_addr_name)
    }

    fn assign(
        &self,
        draft: &mut Draft,
        index: &snmp_tlstm_addr::Index,
        patch: &snmp_tlstm_addr::Patch,
    ) -> Result<(), Refusal> {
        use snmp_tlstm_addr::col;
        let asked = managed::Asked {
            status: (col::ROW_STATUS, patch.row_status),
            storage: (col::STORAGE_TYPE, patch.storage_type),
        };
        let rows = &mut draft.security_mut().servers;
        let before = active(rows.get(&index.target_addr_name), |row| row.row).cloned();
        let name = index.target_addr_name.clone();
        let Some(row) = managed::apply(rows, name, asked)? else { return Ok(()) };
        if let Some(octets) = &patch.server_fingerprint {
            let wrong = Refusal::column(col::SERVER_FINGERPRINT, ErrorStatus::WrongValue);
            row.fingerprint = match octets.is_empty() {
                true => None,
                false => Some(Fingerprint::new(octets).ok_or(wrong)?),
            };
        }
        if let Some(identity) = &patch.server_identity {
            row.identity.clone_from(identity);
        }
        if let Some(before) = before.filter(|_| row.row == RowState::Active) {
            let refused = |arc| Err(Refusal::column(arc, ErrorStatus::InconsistentValue));
            if row.fingerprint != before.fingerprint {
                return refused(col::SERVER_FINGERPRINT);
            }
            if !row.is_complete() {
                return refused(col::SERVER_IDENTITY);
            }
        }
        row_status::complete(col::ROW_STATUS, patch.row_status, !row.is_complete())
    }
}

impl<'s> snmp_tlstm_addr::View<'s> for Server<'s> {
    fn server_fingerprint(&self) -> Option<Octets<'s>> {
        Some(self.0.fingerprint.as_ref().map_or(&[][..], Fingerprint::as_octets).into())
    }

    fn server_identity(&self) -> Option<Octets<'s>> {
        Some(self.0.identity.as_str().into())
    }

    fn storage_type(&self) -> Option<StorageType> {
        Some(managed::storage(self.0.storage))
    }

    fn row_status(&self) -> Option<RowStatus> {
        Some(row_status::shown(self.0.row, !self.0.is_complete()))
    }
}

impl Instrumentation<AgentState> for SnmpTlstmParams {
    type Table = snmp_tlstm_params::SnmpTlstmParams;
    type Key = String;

    fn rows<'s>(&self, state: &'s AgentState) -> &'s Rows<String> {
        &state.security_index.clients
    }

    fn column<'s>(&self, at: At<'s, AgentState>, name: &'s String, arc: u32) -> Option<Value<'s>> {
        snmp_tlstm_params::column(&Client(at.state.security.rows.clients.get(name)?), arc)
    }

    fn writes(&self, _: u32) -> bool {
        true
    }

    fn admits(&self, index: &snmp_tlstm_params::Index) -> bool {
        is_name(&index.target_params_name)
    }

    fn assign(
        &self,
        draft: &mut Draft,
        index: &snmp_tlstm_params::Index,
        patch: &snmp_tlstm_params::Patch,
    ) -> Result<(), Refusal> {
        use snmp_tlstm_params::col;
        let refused = |status| Refusal::column(col::CLIENT_FINGERPRINT, status);
        let asked = managed::Asked {
            status: (col::ROW_STATUS, patch.row_status),
            storage: (col::STORAGE_TYPE, patch.storage_type),
        };
        let rows = &mut draft.security_mut().clients;
        let before = active(rows.get(&index.target_params_name), |row| row.row).cloned();
        let name = index.target_params_name.clone();
        let Some(row) = managed::apply(rows, name, asked)? else { return Ok(()) };
        if let Some(octets) = &patch.client_fingerprint {
            let fingerprint = Fingerprint::new(octets).ok_or(refused(ErrorStatus::WrongValue))?;
            row.fingerprint = Some(fingerprint);
        }
        if let Some(before) = before.filter(|_| row.row == RowState::Active)
            && row.fingerprint != before.fingerprint
        {
            return Err(refused(ErrorStatus::InconsistentValue));
        }
        row_status::complete(col::ROW_STATUS, patch.row_status, !row.is_complete())
    }
}

/// A row of which some columns must not change.
fn active<R>(row: Option<&R>, state: impl Fn(&R) -> RowState) -> Option<&R> {
    row.filter(|row| state(row) == RowState::Active)
}

impl<'s> snmp_tlstm_params::View<'s> for Client<'s> {
    fn client_fingerprint(&self) -> Option<Octets<'s>> {
        self.0.fingerprint.as_ref().map(|fingerprint| fingerprint.as_octets().into())
    }

    fn storage_type(&self) -> Option<StorageType> {
        Some(managed::storage(self.0.storage))
    }

    fn row_status(&self) -> Option<RowStatus> {
        Some(row_status::shown(self.0.row, !self.0.is_complete()))
    }
}
