//! The rows of the tables of users, groups, access, views, communities and targets, in
//! the order of their names.

use std::collections::BTreeMap;

use lcms_snmp::object::Index;
use load_cluster_mib::{
    snmp_community_mib::snmp_community,
    snmp_notification_mib::{snmp_notify, snmp_notify_filter, snmp_notify_filter_profile},
    snmp_target_mib::{snmp_target_addr, snmp_target_params},
    snmp_tls_tm_mib::{snmp_tlstm_addr, snmp_tlstm_cert_to_tsn, snmp_tlstm_params},
    snmp_user_based_sm_mib::usm_user,
    snmp_view_based_acm_mib::{
        vacm_access, vacm_context, vacm_security_to_group, vacm_view_tree_family,
    },
    tc,
};

use crate::{
    engine::Rows,
    security::{AccessId, FamilyId, FilterId, GroupId, SecurityRows, UserId},
};

/// Rows that have a name alone.
fn named<R, I: Index>(rows: &BTreeMap<String, R>, index: impl Fn(String) -> I) -> Rows<String> {
    Rows::new(rows.keys().map(|name| (index(name.clone()), name.clone())))
}

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
    /// snmpTargetAddrTable.
    pub targets: Rows<String>,
    /// snmpTargetParamsTable.
    pub params: Rows<String>,
    /// snmpNotifyTable.
    pub notify: Rows<String>,
    /// snmpNotifyFilterProfileTable.
    pub profiles: Rows<String>,
    /// snmpNotifyFilterTable.
    pub filters: Rows<FilterId>,
    /// snmpTlstmCertToTSNTable.
    pub certificates: Rows<u32>,
    /// snmpTlstmAddrTable.
    pub servers: Rows<String>,
    /// snmpTlstmParamsTable.
    pub clients: Rows<String>,
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
        let families = rows.families.keys().map(|id| {
            let index = vacm_view_tree_family::Index {
                view_tree_family_view_name: id.view.clone(),
                view_tree_family_subtree: id.subtree.clone(),
            };
            (index, id.clone())
        });
        let communities = rows
            .communities
            .keys()
            .map(|name| (snmp_community::Index { community_index: name.clone() }, name.clone()));
        let notification = &rows.notification;
        let filters = notification.filters.keys().map(|id| {
            let index = snmp_notify_filter::Index {
                notify_filter_profile_name: id.profile.clone(),
                notify_filter_subtree: id.subtree.clone(),
            };
            (index, id.clone())
        });
        let certificates = rows.certificates.keys().map(|number| {
            (snmp_tlstm_cert_to_tsn::Index { tlstm_cert_to_tsnid: *number }, *number)
        });
        let context = vacm_context::Index { context_name: String::new() };
        Self {
            users: Rows::new(users),
            contexts: Rows::new([(context, ())]),
            groups: Rows::new(groups),
            access: Rows::new(access),
            families: Rows::new(families),
            communities: Rows::new(communities),
            targets: named(&notification.targets, |target_addr_name| snmp_target_addr::Index {
                target_addr_name,
            }),
            params: named(&notification.params, |target_params_name| snmp_target_params::Index {
                target_params_name,
            }),
            notify: named(&notification.notify, |notify_name| snmp_notify::Index { notify_name }),
            profiles: named(&notification.profiles, |target_params_name| {
                snmp_notify_filter_profile::Index { target_params_name }
            }),
            filters: Rows::new(filters),
            certificates: Rows::new(certificates),
            servers: named(&rows.servers, |target_addr_name| snmp_tlstm_addr::Index {
                target_addr_name,
            }),
            clients: named(&rows.clients, |target_params_name| snmp_tlstm_params::Index {
                target_params_name,
            }),
        }
    }
}
