//! SNMP-TLS-TM-MIB (RFC 6353 §7): sessions counted, and who certificates stand for.

use std::{borrow::Cow, sync::LazyLock, time::Instant};

use lcms_lb_core::model::RowState;
use lcms_snmp::{ErrorStatus, Octets, Oid, Value};
use lcms_tls::Fingerprint;
use load_cluster_mib::{
    snmp_tls_tm_mib::{
        nodes, snmp_tlstm_cert_to_tsn, snmp_tlstm_certificate_mapping, snmp_tlstm_session,
    },
    tc::{RowStatus, StorageType},
};

use super::{managed, row_status};
use crate::{
    engine::{At, Instrumentation, Refusal, Rows, Statistics, scalar_row},
    security::{CertificateRow, MapType},
    state::{AgentState, Draft},
};

/// `snmpTlstmSession`.
pub struct SnmpTlstmSession;

/// `snmpTlstmCertificateMapping`.
pub struct SnmpTlstmCertificateMapping;

/// `snmpTlstmCertToTSNEntry`.
pub struct SnmpTlstmCertToTsn;

struct Sessions<'s>(&'s Statistics);

struct Mapping<'s>(&'s AgentState);

struct Row<'s>(&'s CertificateRow);

impl Instrumentation<AgentState> for SnmpTlstmSession {
    type Table = snmp_tlstm_session::SnmpTlstmSession;
    type Key = ();

    fn rows<'s>(&self, _: &'s AgentState) -> &'s Rows<()> {
        scalar_row()
    }

    fn column<'s>(&self, at: At<'s, AgentState>, (): &'s (), arc: u32) -> Option<Value<'s>> {
        snmp_tlstm_session::column(&Sessions(&at.state.node.statistics), arc)
    }
}

impl Instrumentation<AgentState> for SnmpTlstmCertificateMapping {
    type Table = snmp_tlstm_certificate_mapping::SnmpTlstmCertificateMapping;
    type Key = ();

    fn rows<'s>(&self, _: &'s AgentState) -> &'s Rows<()> {
        scalar_row()
    }

    fn column<'s>(&self, at: At<'s, AgentState>, (): &'s (), arc: u32) -> Option<Value<'s>> {
        snmp_tlstm_certificate_mapping::column(&Mapping(at.state), arc)
    }
}

impl Instrumentation<AgentState> for SnmpTlstmCertToTsn {
    type Table = snmp_tlstm_cert_to_tsn::SnmpTlstmCertToTsn;
    type Key = u32;

    fn rows<'s>(&self, state: &'s AgentState) -> &'s Rows<u32> {
        &state.security_index.certificates
    }

    fn column<'s>(&self, at: At<'s, AgentState>, number: &'s u32, arc: u32) -> Option<Value<'s>> {
        let row = at.state.security.rows.certificates.get(number)?;
        snmp_tlstm_cert_to_tsn::column(&Row(row), arc)
    }

    fn writes(&self, _: u32) -> bool {
        true
    }

    fn admits(&self, index: &snmp_tlstm_cert_to_tsn::Index) -> bool {
        index.tlstm_cert_to_tsnid > 0
    }

    fn assign(
        &self,
        draft: &mut Draft,
        index: &snmp_tlstm_cert_to_tsn::Index,
        patch: &snmp_tlstm_cert_to_tsn::Patch,
    ) -> Result<(), Refusal> {
        use snmp_tlstm_cert_to_tsn::col;
        let asked = managed::Asked {
            status: (col::ROW_STATUS, patch.row_status),
            storage: (col::STORAGE_TYPE, patch.storage_type),
        };
        let rows = &mut draft.security_mut().certificates;
        let number = index.tlstm_cert_to_tsnid;
        let before = rows.get(&number).filter(|row| row.row == RowState::Active).cloned();
        let Some(row) = managed::apply(rows, number, asked)? else { return Ok(()) };
        if let Some(octets) = &patch.fingerprint {
            let wrong = Refusal::column(col::FINGERPRINT, ErrorStatus::WrongValue);
            row.fingerprint = Some(Fingerprint::new(octets).ok_or(wrong)?);
        }
        if let Some(name) = &patch.map_type {
            row.map =
                map_type(name).ok_or(Refusal::column(col::MAP_TYPE, ErrorStatus::WrongValue))?;
        }
        if let Some(data) = &patch.data {
            row.data.clone_from(data);
        }
        // RFC 6353, snmpTlstmCertToTSNRowStatus: none of these changes while the row
        // is active.
        if let Some(before) = before.filter(|_| row.row == RowState::Active) {
            let changed = [
                (col::FINGERPRINT, row.fingerprint != before.fingerprint),
                (col::MAP_TYPE, row.map != before.map),
                (col::DATA, row.data != before.data),
            ];
            if let Some((arc, _)) = changed.into_iter().find(|(_, is_changed)| *is_changed) {
                return Err(Refusal::column(arc, ErrorStatus::InconsistentValue));
            }
        }
        row_status::complete(col::ROW_STATUS, patch.row_status, !row.is_complete())
    }
}

impl snmp_tlstm_session::View<'_> for Sessions<'_> {
    fn opens(&self) -> Option<u32> {
        Some(self.0.tls_opens.value())
    }

    fn client_closes(&self) -> Option<u32> {
        Some(self.0.tls_client_closes.value())
    }

    fn open_errors(&self) -> Option<u32> {
        Some(self.0.tls_open_errors.value())
    }

    fn accepts(&self) -> Option<u32> {
        Some(self.0.tls_accepts.value())
    }

    fn server_closes(&self) -> Option<u32> {
        Some(self.0.tls_server_closes.value())
    }

    fn no_sessions(&self) -> Option<u32> {
        Some(self.0.tls_no_sessions.value())
    }

    fn invalid_client_certificates(&self) -> Option<u32> {
        Some(self.0.tls_invalid_client_certificates.value())
    }

    fn unknown_server_certificate(&self) -> Option<u32> {
        Some(self.0.tls_unknown_server_certificate.value())
    }

    fn invalid_server_certificates(&self) -> Option<u32> {
        Some(self.0.tls_invalid_server_certificates.value())
    }

    fn invalid_caches(&self) -> Option<u32> {
        // An answer goes where its request came from.
        Some(0)
    }
}

impl Mapping<'_> {
    /// The value of sysUpTime at a moment, and 0 for none.
    fn ticks(&self, changed: Option<Instant>) -> u32 {
        changed.map_or(0, |at| self.0.node.ticks(at))
    }
}

impl snmp_tlstm_certificate_mapping::View<'_> for Mapping<'_> {
    fn snmp_tlstm_cert_to_tsn_count(&self) -> Option<u32> {
        u32::try_from(self.0.security.rows.certificates.len()).ok()
    }

    fn snmp_tlstm_cert_to_tsn_table_last_changed(&self) -> Option<u32> {
        Some(self.ticks(self.0.security.changed.certificates))
    }

    fn snmp_tlstm_params_count(&self) -> Option<u32> {
        u32::try_from(self.0.security.rows.clients.len()).ok()
    }

    fn snmp_tlstm_params_table_last_changed(&self) -> Option<u32> {
        Some(self.ticks(self.0.security.changed.clients))
    }

    fn snmp_tlstm_addr_count(&self) -> Option<u32> {
        u32::try_from(self.0.security.rows.servers.len()).ok()
    }

    fn snmp_tlstm_addr_table_last_changed(&self) -> Option<u32> {
        Some(self.ticks(self.0.security.changed.servers))
    }
}

impl<'s> snmp_tlstm_cert_to_tsn::View<'s> for Row<'s> {
    fn fingerprint(&self) -> Option<Octets<'s>> {
        self.0.fingerprint.as_ref().map(|fingerprint| fingerprint.as_octets().into())
    }

    fn map_type(&self) -> Option<Cow<'s, Oid>> {
        MAP_TYPES.get(self.0.map as usize).map(|(name, _)| Cow::Borrowed(name))
    }

    fn data(&self) -> Option<Octets<'s>> {
        Some(self.0.data.as_slice().into())
    }

    fn storage_type(&self) -> Option<StorageType> {
        Some(managed::storage(self.0.storage))
    }

    fn row_status(&self) -> Option<RowStatus> {
        Some(row_status::shown(self.0.row, !self.0.is_complete()))
    }
}

/// By their numbers, made once: a GET makes nothing.
static MAP_TYPES: LazyLock<[(Oid, MapType); 6]> = LazyLock::new(|| {
    [
        (nodes::SNMP_TLSTM_CERT_SPECIFIED, MapType::Specified),
        (nodes::SNMP_TLSTM_CERT_SANRFC822_NAME, MapType::Rfc822Name),
        (nodes::SNMP_TLSTM_CERT_SANDNS_NAME, MapType::DnsName),
        (nodes::SNMP_TLSTM_CERT_SAN_IP_ADDRESS, MapType::IpAddress),
        (nodes::SNMP_TLSTM_CERT_SAN_ANY, MapType::AnyName),
        (nodes::SNMP_TLSTM_CERT_COMMON_NAME, MapType::CommonName),
    ]
    .map(|(arcs, kind)| (Oid::new(arcs).expect("the MIB's OIDs are ones"), kind))
});

fn map_type(name: &Oid) -> Option<MapType> {
    MAP_TYPES.iter().find(|(known, _)| known == name).map(|(_, kind)| *kind)
}
