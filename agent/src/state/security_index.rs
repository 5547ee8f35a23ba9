//! The rows of the tables of users, groups, access, views and communities, in
//! the order of their names.

use lcms_snmp::Oid;
use load_cluster_mib::{
    snmp_community_mib::snmp_community,
    snmp_user_based_sm_mib::usm_user,
    snmp_view_based_acm_mib::{
        vacm_access, vacm_context, vacm_security_to_group, vacm_view_tree_family,
    },
    tc,
};

use crate::{
    engine::Rows,
    security::{AccessId, FamilyId, GroupId, SecurityRows, UserId},
};

/// Made anew when the rows change, which is rarely.
#[derive(Debug, Default)]
pub struct SecurityIndex {
    /// usmUserTable.
    pub users: Rows<UserId>,
    /// vacmContextTable: the default context alone.
    pub contexts: Rows<()>,
    /// vacmSecurityToGroupTable.
    pub groups: Rows<GroupId>,
    /// vacmAccessTable.
    pub access: Rows<AccessId>,
    /// vacmViewTreeFamilyTable.
    pub families: Rows<FamilyId>,
    /// snmpCommunityTable.
    pub communities: Rows<String>,
}

impl SecurityIndex {
    /// The rows' names.
    pub fn of(rows: &SecurityRows) -> Self {
        let users = rows.users.keys().map(|id| {
            let index = usm_user::Index {
                user_engine_id: id.engine.as_octets().to_vec(),
                user_name: id.name.clone(),
            };
            (index, id.clone())
        });
        let groups = rows.groups.keys().map(|id| {
            let (security_model, security_name) = (id.model, id.name.clone());
            (vacm_security_to_group::Index { security_model, security_name }, id.clone())
        });
        let access = rows.access.keys().map(|id| {
            let index = vacm_access::Index {
                group_name: id.group.clone(),
                access_context_prefix: id.context.clone(),
                access_security_model: id.model,
                access_security_level: match id.level {
                    lcms_snmp::v3::SecurityLevel::NoAuthNoPriv => {
                        tc::SnmpSecurityLevel::NoAuthNoPriv
                    }
                    lcms_snmp::v3::SecurityLevel::AuthNoPriv => tc::SnmpSecurityLevel::AuthNoPriv,
                    lcms_snmp::v3::SecurityLevel::AuthPriv => tc::SnmpSecurityLevel::AuthPriv,
                },
            };
            (index, id.clone())
        });
        let families = rows.families.keys().filter_map(|id| {
            let index = vacm_view_tree_family::Index {
                view_tree_family_view_name: id.view.clone(),
                view_tree_family_subtree: Oid::new(id.subtree.as_slice()).ok()?,
            };
            Some((index, id.clone()))
        });
        let communities = rows
            .communities
            .keys()
            .map(|name| (snmp_community::Index { community_index: name.clone() }, name.clone()));
        let context = vacm_context::Index { context_name: String::new() };
        Self {
            users: Rows::new(users),
            contexts: Rows::new([(context, ())]),
            groups: Rows::new(groups),
            access: Rows::new(access),
            families: Rows::new(families),
            communities: Rows::new(communities),
        }
    }
}
