//! SNMP-TLS-TM-MIB (RFC 6353 §7), as far as it is about those who are asked: sessions
//! counted, and who certificates stand for. The rows are the configuration's, to be
//! read and not written, as users of the configuration are: else whoever may write could
//! let anybody in.

use std::{borrow::Cow, sync::LazyLock};

use lcms_snmp::{Octets, Oid, Value};
use load_cluster_mib::{
    snmp_tls_tm_mib::{
        nodes, snmp_tlstm_cert_to_tsn, snmp_tlstm_certificate_mapping, snmp_tlstm_session,
    },
    tc::{RowStatus, StorageType},
};

use crate::{
    engine::{At, Instrumentation, Rows, Statistics, scalar_row},
    security::{CertificateRow, MapType},
    state::AgentState,
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
    type Key = usize;

    fn rows<'s>(&self, state: &'s AgentState) -> &'s Rows<usize> {
        &state.security_index.certificates
    }

    fn column<'s>(&self, at: At<'s, AgentState>, key: &'s usize, arc: u32) -> Option<Value<'s>> {
        let row = at.state.security.rows.certificates.rows().get(*key)?;
        snmp_tlstm_cert_to_tsn::column(&Row(row), arc)
    }
}

impl snmp_tlstm_session::View<'_> for Sessions<'_> {
    // Nobody is asked from here.
    fn opens(&self) -> Option<u32> {
        Some(0)
    }

    fn client_closes(&self) -> Option<u32> {
        Some(0)
    }

    fn open_errors(&self) -> Option<u32> {
        Some(0)
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
        Some(0)
    }

    fn invalid_server_certificates(&self) -> Option<u32> {
        Some(0)
    }

    fn invalid_caches(&self) -> Option<u32> {
        // An answer goes where its request came from.
        Some(0)
    }
}

/// Those of the tables for clients have no instance.
impl snmp_tlstm_certificate_mapping::View<'_> for Mapping<'_> {
    fn snmp_tlstm_cert_to_tsn_count(&self) -> Option<u32> {
        u32::try_from(self.0.security.rows.certificates.rows().len()).ok()
    }

    fn snmp_tlstm_cert_to_tsn_table_last_changed(&self) -> Option<u32> {
        let changed = self.0.security.rows.certificates.changed_after(self.0.node.started);
        Some((changed.as_millis() / 10) as u32)
    }

    fn snmp_tlstm_params_count(&self) -> Option<u32> {
        None
    }

    fn snmp_tlstm_params_table_last_changed(&self) -> Option<u32> {
        None
    }

    fn snmp_tlstm_addr_count(&self) -> Option<u32> {
        None
    }

    fn snmp_tlstm_addr_table_last_changed(&self) -> Option<u32> {
        None
    }
}

impl<'s> snmp_tlstm_cert_to_tsn::View<'s> for Row<'s> {
    fn fingerprint(&self) -> Option<Octets<'s>> {
        Some(self.0.fingerprint.as_octets().into())
    }

    fn map_type(&self) -> Option<Cow<'s, Oid>> {
        Some(Cow::Borrowed(identity(&self.0.map)))
    }

    fn data(&self) -> Option<Octets<'s>> {
        Some(match &self.0.map {
            MapType::Specified(name) => name.as_str().into(),
            _ => "".into(),
        })
    }

    fn storage_type(&self) -> Option<StorageType> {
        Some(StorageType::ReadOnly)
    }

    fn row_status(&self) -> Option<RowStatus> {
        Some(RowStatus::Active)
    }
}

fn identity(map: &MapType) -> &'static Oid {
    static NAMES: LazyLock<[Oid; 6]> = LazyLock::new(|| {
        [
            nodes::SNMP_TLSTM_CERT_SPECIFIED,
            nodes::SNMP_TLSTM_CERT_SANRFC822_NAME,
            nodes::SNMP_TLSTM_CERT_SANDNS_NAME,
            nodes::SNMP_TLSTM_CERT_SAN_IP_ADDRESS,
            nodes::SNMP_TLSTM_CERT_SAN_ANY,
            nodes::SNMP_TLSTM_CERT_COMMON_NAME,
        ]
        .map(|arcs| Oid::new(arcs).expect("the MIB's OIDs are ones"))
    });
    let [specified, rfc822, dns, ip, any, common] = &*NAMES;
    match map {
        MapType::Specified(_) => specified,
        MapType::Rfc822Name => rfc822,
        MapType::DnsName => dns,
        MapType::IpAddress => ip,
        MapType::AnyName => any,
        MapType::CommonName => common,
    }
}
