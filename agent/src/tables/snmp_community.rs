//! snmpCommunityTable (RFC 3584 §5.3): the communities of the configuration, to be
//! read by those alone whose view holds it, for a community is a password.

use lcms_snmp::{Octets, Value};
use load_cluster_mib::{
    snmp_community_mib::snmp_community::{self, View},
    tc::{RowStatus, StorageType},
};

use crate::{
    engine::{At, Instrumentation, Rows},
    security::{CommunityRow, Security},
    state::AgentState,
};

/// `snmpCommunityEntry`.
pub struct SnmpCommunity;

struct Row<'s> {
    name: &'s str,
    row: &'s CommunityRow,
    security: &'s Security,
}

impl Instrumentation<AgentState> for SnmpCommunity {
    type Table = snmp_community::SnmpCommunity;
    type Key = String;

    fn rows<'s>(&self, state: &'s AgentState) -> &'s Rows<String> {
        &state.security_index.communities
    }

    fn column<'s>(&self, at: At<'s, AgentState>, name: &'s String, arc: u32) -> Option<Value<'s>> {
        let security = &*at.state.security;
        let row = security.rows.communities.get(name)?;
        snmp_community::column(&Row { name, row, security }, arc)
    }
}

impl<'s> View<'s> for Row<'s> {
    fn name(&self) -> Option<Octets<'s>> {
        Some(self.row.community.expose().into())
    }

    fn security_name(&self) -> Option<Octets<'s>> {
        Some(self.name.into())
    }

    fn context_engine_id(&self) -> Option<Octets<'s>> {
        Some(self.security.engine.id.as_octets().into())
    }

    fn context_name(&self) -> Option<Octets<'s>> {
        Some("".into())
    }

    fn transport_tag(&self) -> Option<Octets<'s>> {
        Some(self.row.tag.as_str().into())
    }

    fn storage_type(&self) -> Option<StorageType> {
        Some(StorageType::ReadOnly)
    }

    fn status(&self) -> Option<RowStatus> {
        Some(RowStatus::Active)
    }
}
