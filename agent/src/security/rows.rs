//! The rows of the tables: users, groups, access, views and communities.

use std::{collections::BTreeMap, mem};

use lcms_lb_core::model::RowState;
use lcms_snmp::{
    EngineId, Secret, UserCredentials,
    usm::{AuthKey, PrivKey},
    v3::{SecurityLevel, TSM, USM},
};
use load_cluster_mib::tc;

use super::{Authorities, CertificateRow, ClientRow, MapType, NotificationRows, ServerRow};

/// The security model of messages of version 1 (RFC 3411 §5).
pub const V1: i32 = 1;
/// That of messages of version 2c.
pub const V2C: i32 = 2;
/// That of messages of version 3.
pub const V3: i32 = USM;
/// That of messages of version 3 whose session secures them.
pub const TRANSPORT: i32 = TSM;

/// What VACM takes for a name (RFC 3415, vacmSecurityName).
pub const LONGEST_NAME: usize = 32;

/// Which transport has found out a name (RFC 6353, snmpTLSTCPDomain), and the colon
/// after it (RFC 5591 §4.2.1).
pub const PREFIX: &str = "tls:";

/// How many rows a table takes from managers, so that none of them fills our
/// memory.
pub const MOST_ROWS: usize = 1000;

/// All of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SecurityRows {
    /// usmUserTable.
    pub users: BTreeMap<UserId, UserRow>,
    /// vacmSecurityToGroupTable.
    pub groups: BTreeMap<GroupId, GroupRow>,
    /// vacmAccessTable.
    pub access: BTreeMap<AccessId, AccessRow>,
    /// vacmViewTreeFamilyTable.
    pub families: BTreeMap<FamilyId, FamilyRow>,
    /// snmpCommunityTable.
    pub communities: BTreeMap<String, CommunityRow>,
    /// Whom the agent notifies.
    pub notification: NotificationRows,
    /// snmpTlstmCertToTSNTable.
    pub certificates: BTreeMap<u32, CertificateRow>,
    /// Whose fingerprints in it stand for what they have signed.
    pub authorities: Authorities,
    /// The groups of those whom the configuration knows by sessions, by their names
    /// without a prefix. What vacmSecurityToGroupTable shows of it are rows in `groups`.
    pub session_groups: BTreeMap<String, String>,
    /// In whose name of these the configuration's targets over TLS are told, by the
    /// names of their rows of snmpTargetParamsTable.
    pub session_params: BTreeMap<String, String>,
    /// snmpTlstmAddrTable.
    pub servers: BTreeMap<String, ServerRow>,
    /// snmpTlstmParamsTable.
    pub clients: BTreeMap<String, ClientRow>,
    /// snmpTsmConfigurationUsePrefix.
    pub(super) use_prefix: bool,
}

impl SecurityRows {
    /// Adds the rows of a configuration, which has the last word.
    pub(super) fn put(&mut self, config: Self) {
        self.users.extend(config.users);
        // Those of sessions follow from `session_groups`.
        let of_session = |id: &GroupId| id.model == TRANSPORT;
        self.groups.extend(config.groups.into_iter().filter(|(id, _)| !of_session(id)));
        self.access.extend(config.access);
        self.families.extend(config.families);
        self.communities = config.communities;
        self.notification.extend(config.notification);
        self.put_certificates(config.certificates);
        self.authorities = config.authorities;
        self.session_groups = config.session_groups;
        self.session_params = config.session_params;
        self.servers.extend(config.servers);
        self.clients.extend(config.clients);
        self.name_sessions();
    }

    /// Numbers come first that are the configuration's, so that what it says of a
    /// certificate counts. It has no numbers of its own making, so a row whose number
    /// it takes is not the same row and moves up, behind those that were before it.
    fn put_certificates(&mut self, config: BTreeMap<u32, CertificateRow>) {
        let mut last = config.keys().next_back().copied().unwrap_or(0);
        let before = mem::replace(&mut self.certificates, config);
        for (number, row) in before {
            last = number.max(last.saturating_add(1));
            if last != number {
                tracing::warn!(
                    "row {number} of snmpTlstmCertToTSNTable is row {last} from now on: the \
                     configuration has more rows than it had"
                );
            }
            self.certificates.insert(last, row);
        }
    }

    /// snmpTsmConfigurationUsePrefix: whether the names of sessions begin with `tls:`.
    pub fn use_prefix(&self) -> bool {
        self.use_prefix
    }

    /// Says so. The configuration says what a certificate's user may do, whatever VACM
    /// knows it by, so its rows follow; those of managers are theirs to change.
    pub fn set_use_prefix(&mut self, use_prefix: bool) {
        self.use_prefix = use_prefix;
        self.name_sessions();
    }

    /// Makes the rows of groups that the configuration's users of sessions are in, and
    /// names them where notifications are sent in their name. A name that is too long with its prefix is none that VACM could have (RFC 6353,
    /// snmpTlstmCertSANIpAddress), and may do nothing.
    fn name_sessions(&mut self) {
        let is_ours = |id: &GroupId, row: &GroupRow| {
            id.model == TRANSPORT && row.storage == Storage::ReadOnly
        };
        self.groups.retain(|id, row| !is_ours(id, row));
        let prefix = if self.use_prefix { PREFIX } else { "" };
        for (name, group) in &self.session_groups {
            let name = format!("{prefix}{name}");
            if name.len() <= LONGEST_NAME {
                let (storage, row) = (Storage::ReadOnly, RowState::Active);
                let row = GroupRow { group: group.clone(), storage, row };
                self.groups.insert(GroupId { model: TRANSPORT, name }, row);
            }
        }
        for (params, name) in &self.session_params {
            if let Some(row) = self.notification.params.get_mut(params) {
                row.security_name = Some(format!("{prefix}{name}"));
            }
        }
    }
}

/// How long a row lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Storage {
    /// Until the next restart.
    Volatile,
    /// Over restarts.
    #[default]
    NonVolatile,
    /// As long as the configuration has it; managers cannot change it, so that a
    /// file under version control stays the truth.
    ReadOnly,
}

/// usmUserEngineID and usmUserName.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UserId {
    /// The engine whose keys the row has.
    pub engine: EngineId,
    /// The name in messages.
    pub name: String,
}

/// A row of usmUserTable.
#[derive(Clone, Debug, PartialEq)]
pub struct UserRow {
    /// The key for authentication, if the user has one.
    pub auth: Option<AuthKey>,
    /// The key for encryption, if the user has one.
    pub privacy: Option<PrivKey>,
    /// usmUserPublic.
    pub public: Vec<u8>,
    /// Whether it was cloned, before which it has nothing.
    pub cloned: bool,
    /// Whether the keys are its own, and no longer those it was cloned with.
    pub own_auth: bool,
    /// The same for encryption.
    pub own_privacy: bool,
    /// What makes keys for any engine, where its password is known.
    pub credentials: Option<UserCredentials>,
    /// How long it lives.
    pub storage: Storage,
    /// What its RowStatus was set to.
    pub row: RowState,
}

impl UserRow {
    /// Whether it may be active (RFC 3414, usmUserStatus): whoever knows the keys
    /// of the row it was cloned from must not know its own.
    pub fn is_complete(&self) -> bool {
        self.cloned
            && (self.auth.is_none() || self.own_auth)
            && (self.privacy.is_none() || self.own_privacy)
    }
}

/// vacmSecurityModel and vacmSecurityName.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GroupId {
    /// The security model.
    pub model: i32,
    /// The name of the member.
    pub name: String,
}

/// A row of vacmSecurityToGroupTable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRow {
    /// The group; empty while nobody has said.
    pub group: String,
    /// How long it lives.
    pub storage: Storage,
    /// What its RowStatus was set to.
    pub row: RowState,
}

/// The index of vacmAccessTable.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccessId {
    /// The group.
    pub group: String,
    /// The context or its beginning.
    pub context: String,
    /// The security model; 0 for any.
    pub model: i32,
    /// The least security level.
    pub level: SecurityLevel,
}

/// A row of vacmAccessTable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessRow {
    /// Whether the context is the beginning of a name.
    pub is_prefix: bool,
    /// View for reading, by name.
    pub read: String,
    /// View for writing.
    pub write: String,
    /// View for notifications.
    pub notify: String,
    /// How long it lives.
    pub storage: Storage,
    /// What its RowStatus was set to.
    pub row: RowState,
}

/// The index of vacmViewTreeFamilyTable.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FamilyId {
    /// The view.
    pub view: String,
    /// The subtree.
    pub subtree: Vec<u32>,
}

/// A row of vacmViewTreeFamilyTable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FamilyRow {
    /// The mask.
    pub mask: Vec<u8>,
    /// Whether it is in the view.
    pub included: bool,
    /// How long it lives.
    pub storage: Storage,
    /// What its RowStatus was set to.
    pub row: RowState,
}

/// What a new row has before anybody has said more.
macro_rules! new_rows {
    ($($row:ident { $($field:ident: $value:expr),+ })+) => {$(
        impl Default for $row {
            fn default() -> Self {
                let (storage, row) = (Storage::NonVolatile, RowState::NotInService);
                Self { $($field: $value,)+ storage, row }
            }
        }
    )+};
}

pub(super) use new_rows;

new_rows! {
    UserRow {
        auth: None, privacy: None, public: Vec::new(),
        cloned: false, own_auth: false, own_privacy: false, credentials: None
    }
    GroupRow { group: String::new() }
    AccessRow { is_prefix: false, read: String::new(), write: String::new(), notify: String::new() }
    FamilyRow { mask: Vec::new(), included: true }
    CertificateRow { fingerprint: None, map: MapType::Specified, data: Vec::new() }
}

/// A row of snmpCommunityTable. The configuration alone has such rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommunityRow {
    /// The octets that a message must carry.
    pub community: Secret,
    /// The tag of the rows of snmpTargetAddrTable that its messages may come from;
    /// empty allows every address.
    pub tag: String,
}

/// A level by the MIB's word.
pub fn access_level(level: tc::SnmpSecurityLevel) -> SecurityLevel {
    match level {
        tc::SnmpSecurityLevel::NoAuthNoPriv => SecurityLevel::NoAuthNoPriv,
        tc::SnmpSecurityLevel::AuthNoPriv => SecurityLevel::AuthNoPriv,
        tc::SnmpSecurityLevel::AuthPriv => SecurityLevel::AuthPriv,
    }
}
