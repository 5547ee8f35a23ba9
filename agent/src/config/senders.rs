//! Who may do what: `[[community]]`, `[[user]]`, `[[view]]` and `[[access]]`.
//!
//! Most files say `access = "read"` or `access = "write"` of a sender and need
//! nothing more. From that come the groups, access entries and views below, whose
//! names begin with `lcms-`. Whoever names a group says with `[[access]]` what the
//! group may do.

use std::{collections::BTreeMap, ops::Range, path::Path};

use lcms_lb_core::model::RowState;
use lcms_snmp::{
    EngineId, LocalKeys, Secret, UserCredentials,
    usm::{AuthProtocol, MIN_PASSWORD, PrivProtocol},
    v3::SecurityLevel,
};
use load_cluster_mib::{
    snmp_community_mib, snmp_notification_mib, snmp_target_mib,
    snmp_tls_tm_mib::{self, snmp_tlstm_certificate_mapping},
    snmp_tsm_mib, snmp_user_based_sm_mib, snmp_view_based_acm_mib, snmpv2_smi,
};
use toml::Spanned;

use super::{
    Cause,
    fault::Findings,
    file::{AccessTable, CommunityTable, File, Right, Subtree, TlsUserTable, UserTable, Word},
};
use crate::security::{
    AccessId, AccessRow, Authorities, CertificateRow, CommunityRow, FamilyId, FamilyRow, GroupId,
    GroupRow, Network, NotificationRows, SecurityRows, ServerRow, Storage, TargetRow, UserId,
    UserRow, V1, V2C, V3,
};

/// Everybody, and what they may do.
#[derive(Clone, Debug, Default)]
pub struct Senders {
    /// By their names, which may be shown.
    pub communities: Vec<Community>,
    /// By their names.
    pub users: Vec<User>,
    /// Groups, access and views.
    rows: SecurityRows,
    /// Whom the agent notifies.
    pub notification: NotificationRows,
}

/// A community.
#[derive(Clone, Debug)]
pub struct Community {
    /// Its name.
    pub name: String,
    /// The community itself.
    pub secret: Secret,
    /// Where messages may come from; empty allows every address.
    pub sources: Vec<Network>,
}

/// A user with passwords, before any engine has a name.
#[derive(Clone, Debug)]
pub struct User {
    /// The name.
    pub name: String,
    /// How it is authenticated, and with which password.
    pub auth: Option<(AuthProtocol, Secret)>,
    /// How its messages are encrypted, and with which password.
    pub privacy: Option<(PrivProtocol, Secret)>,
}

impl User {
    /// The highest level it is capable of.
    pub(super) fn level(&self) -> SecurityLevel {
        match (&self.auth, &self.privacy) {
            (None, _) => SecurityLevel::NoAuthNoPriv,
            (Some(_), None) => SecurityLevel::AuthNoPriv,
            (Some(_), Some(_)) => SecurityLevel::AuthPriv,
        }
    }
}

/// What [`Right`] means, and how groups and views are called that come of it.
const EVERYTHING: &str = "lcms-everything";
const ORDINARY: &str = "lcms-ordinary";
const ORDINARY_WRITE: &str = "lcms-ordinary-write";

impl Senders {
    /// Reads the tables and the files they name.
    pub(super) fn read(file: &File, folder: &Path, findings: &mut Findings) -> Self {
        let mut senders = Self::default();
        senders.add_views(file, findings);
        senders.add_access(file, findings);
        let mut seen = BTreeMap::new();
        for table in &file.community {
            if let Some(name) = fresh("community", &table.name, &mut seen, findings) {
                senders.read_community(file, table, name, folder, findings);
            }
        }
        let mut seen = BTreeMap::new();
        for table in &file.user {
            if let Some(name) = fresh("user", &table.name, &mut seen, findings) {
                senders.read_user(file, table, name, folder, findings);
            }
        }
        senders
    }

    /// Whether there is nobody.
    pub(super) fn is_empty(&self) -> bool {
        self.communities.is_empty()
            && self.users.is_empty()
            && self.rows.session_groups.is_empty()
            && self.rows.certificates.is_empty()
    }

    /// Whether a community may write.
    pub fn may_write(&self, community: &Community) -> bool {
        let id = GroupId { model: V2C, name: community.name.clone() };
        let group = self.rows.groups.get(&id).map(|row| row.group.as_str());
        self.rows.access.iter().any(|(id, row)| {
            Some(id.group.as_str()) == group
                && id.level == SecurityLevel::NoAuthNoPriv
                && !row.write.is_empty()
        })
    }

    /// Adds a community that may do so much.
    pub fn add_community(&mut self, community: Community, right: Right) {
        let group = self.default_group(right, SecurityLevel::NoAuthNoPriv);
        self.add_community_of(community, &group);
    }

    /// What a receiver over TLS has to show, and in whose name it is told.
    pub(super) fn add_peer(&mut self, receiver: &str, server: ServerRow, user: String) {
        self.rows.servers.insert(receiver.to_owned(), server);
        self.rows.session_params.insert(receiver.to_owned(), user);
    }

    /// Adds a user that may do so much, at the level that its protocols give it
    /// and not below. A password has at least eight octets.
    pub fn add_user(&mut self, user: User, right: Right) {
        let group = self.default_group(right, user.level());
        self.add_user_of(user, &group);
    }

    /// Who the certificates of clients stand for: rows from the number 1 on.
    pub(super) fn set_certificates(&mut self, rows: Vec<CertificateRow>, authorities: Authorities) {
        self.rows.certificates = (1..).zip(rows).collect();
        self.rows.authorities = authorities;
    }

    /// Adds somebody whom a session knows, that may do so much. Sessions are
    /// authenticated and encrypted, so nothing is allowed below that.
    pub fn add_session_user(&mut self, name: &str, right: Right) {
        let group = self.default_group(right, SecurityLevel::AuthPriv);
        self.rows.session_groups.insert(name.to_owned(), group);
    }

    /// Adds the one of a table.
    pub(super) fn read_session_user(
        &mut self,
        file: &File,
        table: &TlsUserTable,
        name: &str,
        findings: &mut Findings,
    ) {
        match group(file, &table.group, &table.access, findings) {
            Some(group) => {
                self.rows.session_groups.insert(name.to_owned(), group);
            }
            None => {
                let right = table.access.as_ref().map_or(Right::Read, |access| *access.get_ref());
                self.add_session_user(name, right);
            }
        }
    }

    fn add_community_of(&mut self, community: Community, group: &str) {
        for model in [V1, V2C] {
            self.join(model, &community.name, group);
        }
        self.communities.push(community);
    }

    fn add_user_of(&mut self, user: User, group: &str) {
        self.join(V3, &user.name, group);
        self.users.push(user);
    }

    /// The rows for an engine, for which keys are made here: a password takes
    /// milliseconds.
    pub fn rows(&self, engine: EngineId) -> SecurityRows {
        let mut rows = self.rows.clone();
        for User { name, auth, privacy } in &self.users {
            let auth = auth.as_ref().map(|(protocol, secret)| (*protocol, secret));
            let privacy = privacy.as_ref().map(|(protocol, secret)| (*protocol, secret));
            let credentials = UserCredentials::new(name, auth, privacy)
                .expect("the lengths of passwords have been looked at");
            let LocalKeys { auth, privacy } =
                credentials.localised(&engine).expect("a password makes keys for every engine");
            let row = UserRow {
                auth,
                privacy,
                credentials: Some(credentials),
                cloned: true,
                own_auth: true,
                own_privacy: true,
                storage: Storage::ReadOnly,
                row: RowState::Active,
                ..UserRow::default()
            };
            rows.users.insert(UserId { engine, name: name.clone() }, row);
        }
        rows.notification = self.notification.clone();
        // Unless a manager has said otherwise.
        rows.set_use_prefix(false);
        // No receiver of the file has a blank in its name, or this in its tag.
        let mut number = (1..).map(|number| format!("source {number}"));
        for Community { name, secret, sources } in &self.communities {
            let tag = if sources.is_empty() { String::new() } else { format!("@{name}") };
            for (network, row_name) in sources.iter().zip(&mut number) {
                let (storage, row) = (Storage::ReadOnly, RowState::Active);
                let row = TargetRow { storage, row, ..TargetRow::of_network(*network, &tag) };
                rows.notification.targets.insert(row_name, row);
            }
            rows.communities.insert(name.clone(), CommunityRow { community: secret.clone(), tag });
        }
        rows
    }

    fn add_views(&mut self, file: &File, findings: &mut Findings) {
        let mut seen = BTreeMap::new();
        for table in &file.view {
            let Some(name) = fresh("view", &table.name, &mut seen, findings) else { continue };
            if table.include.is_empty() {
                findings.add(table.name.span(), Cause::EmptyView(name));
                continue;
            }
            let all = [(&table.include, true), (&table.exclude, false)];
            for (subtrees, included) in all {
                for subtree in subtrees {
                    let Subtree(arcs) = subtree.get_ref();
                    self.family(&name, arcs, included);
                }
            }
        }
    }

    fn add_access(&mut self, file: &File, findings: &mut Findings) {
        let mut view = |named: &Option<Spanned<Word>>| {
            let Some(named) = named else { return String::new() };
            let name = &named.get_ref().0;
            if !file.view.iter().any(|table| table.name.get_ref().0 == *name) {
                findings.add(named.span(), Cause::UnknownView(name.clone()));
            }
            name.clone()
        };
        for table in &file.access {
            let AccessTable { group, level, read, write, notify } = table;
            let level = level.as_ref().map_or(SecurityLevel::AuthPriv, |level| level.get_ref().0);
            // Who may read something may be told of it, unless another view is named.
            let (read, write, told) = (view(read), view(write), view(notify));
            let told = if notify.is_some() { &told } else { &read };
            self.allow(&group.get_ref().0, level, [&read, &write, told]);
        }
        for table in &file.access {
            // What a community could do anybody near it can do too.
            let level = table.level.as_ref().map_or(SecurityLevel::AuthPriv, |l| l.get_ref().0);
            let Some(write) = &table.write else { continue };
            if level < SecurityLevel::AuthPriv && !file.allow_insecure_writes {
                findings.add(write.span(), Cause::InsecureWrites);
            }
        }
    }

    fn read_community(
        &mut self,
        file: &File,
        table: &CommunityTable,
        name: String,
        folder: &Path,
        findings: &mut Findings,
    ) {
        let Some(secret) = secret(&table.file, folder, findings) else { return };
        let sources = table.sources.iter().map(|cidr| cidr.0).collect();
        let community = Community { name, secret, sources };
        let right = table.access.as_ref().map(|access| *access.get_ref());
        if let Some(group) = group(file, &table.group, &table.access, findings) {
            self.add_community_of(community, &group);
        } else if let (Some(Right::Admin), Some(access)) = (right, &table.access) {
            findings.add(access.span(), Cause::CommunityAdmin);
        } else {
            self.add_community(community, right.unwrap_or(Right::Read));
        }
    }

    fn read_user(
        &mut self,
        file: &File,
        table: &UserTable,
        name: String,
        folder: &Path,
        findings: &mut Findings,
    ) {
        let before = findings.count();
        let auth = table.auth.as_ref().map_or(Some(AuthProtocol::Sha256), |auth| auth.get_ref().0);
        let default = auth.map(|_| PrivProtocol::Aes128);
        let privacy = table.privacy.as_ref().map_or(default, |privacy| privacy.get_ref().0);
        if let (None, Some(_), Some(place)) = (auth, privacy, &table.privacy) {
            findings.add(place.span(), Cause::PrivacyAlone);
        }
        for (key, is_none, file) in [
            ("auth", auth.is_none(), &table.auth_file),
            ("priv", privacy.is_none(), &table.priv_file),
        ] {
            if let (true, Some(file)) = (is_none, file) {
                findings.add(file.span(), Cause::SecretOfNone(key));
            }
        }
        let mut password = |file: &Spanned<std::path::PathBuf>| {
            let secret = secret(file, folder, findings)?;
            if secret.expose().len() < MIN_PASSWORD {
                findings.add(file.span(), Cause::ShortPassword);
                return None;
            }
            Some(secret)
        };
        let auth_secret = table.auth_file.as_ref().and_then(&mut password);
        let priv_secret = table.priv_file.as_ref().and_then(&mut password);
        if auth.is_some() && table.auth_file.is_none() {
            findings.add(table.name.span(), Cause::NoPassword(name.clone()));
        }
        if findings.count() > before {
            return;
        }
        // One password may serve for both; the keys are different all the same.
        let privacy = privacy.zip(priv_secret.or(auth_secret.clone()));
        let user = User { name, auth: auth.zip(auth_secret), privacy };
        if let Some(group) = group(file, &table.group, &table.access, findings) {
            return self.add_user_of(user, &group);
        }
        let right = table.access.as_ref().map_or(Right::Read, |access| *access.get_ref());
        let insecure = right != Right::Read && user.level() < SecurityLevel::AuthPriv;
        if let (true, false, Some(access)) = (insecure, file.allow_insecure_writes, &table.access) {
            findings.add(access.span(), Cause::InsecureWrites);
        }
        self.add_user(user, right);
    }

    /// The group of those who may do so much, at a level and above.
    fn default_group(&mut self, right: Right, level: SecurityLevel) -> String {
        let (word, read, write) = match right {
            Right::Read => ("read", ORDINARY, ""),
            Right::Write => ("write", ORDINARY, ORDINARY_WRITE),
            Right::Admin => ("admin", EVERYTHING, EVERYTHING),
        };
        self.default_views();
        let group = format!("lcms-{word}-{level}");
        self.allow(&group, level, [read, write, read]);
        group
    }

    fn default_views(&mut self) {
        use snmp_user_based_sm_mib::usm_user;
        let all = snmpv2_smi::nodes::ORG;
        let guarded = [
            snmp_user_based_sm_mib::MODULE_OID,
            snmp_view_based_acm_mib::MODULE_OID,
            snmp_community_mib::MODULE_OID,
            snmp_tlstm_certificate_mapping::ENTRY.oid,
        ];
        self.family(EVERYTHING, all, true);
        for view in [ORDINARY, ORDINARY_WRITE] {
            self.family(view, all, true);
            guarded.iter().for_each(|subtree| self.family(view, subtree, false));
            // How often messages were refused is no secret.
            self.family(view, snmp_user_based_sm_mib::usm_stats::ENTRY.oid, true);
        }
        // Whoever could say where notifications go could have them sent anywhere.
        for subtree in [snmp_target_mib::MODULE_OID, snmp_notification_mib::MODULE_OID] {
            self.family(ORDINARY_WRITE, subtree, false);
        }
        // And whoever could say what names sessions have could let anybody in.
        for subtree in [snmp_tsm_mib::MODULE_OID, snmp_tls_tm_mib::MODULE_OID] {
            self.family(ORDINARY_WRITE, subtree, false);
        }
        for arc in [usm_user::col::OWN_AUTH_KEY_CHANGE, usm_user::col::OWN_PRIV_KEY_CHANGE] {
            self.family(ORDINARY_WRITE, &usm_user::ENTRY.instance(arc, &[]), true);
        }
    }

    fn family(&mut self, view: &str, subtree: &[u32], included: bool) {
        let id = FamilyId { view: view.to_owned(), subtree: subtree.to_vec() };
        let (storage, row) = (Storage::ReadOnly, RowState::Active);
        self.rows.families.insert(id, FamilyRow { mask: Vec::new(), included, storage, row });
    }

    /// What a group may read, write and be told of.
    fn allow(&mut self, group: &str, level: SecurityLevel, [read, write, notify]: [&str; 3]) {
        let (group, context, model) = (group.to_owned(), String::new(), 0);
        let row = AccessRow {
            read: read.to_owned(),
            write: write.to_owned(),
            notify: notify.to_owned(),
            storage: Storage::ReadOnly,
            row: RowState::Active,
            is_prefix: false,
        };
        self.rows.access.insert(AccessId { group, context, model, level }, row);
    }

    fn join(&mut self, model: i32, name: &str, group: &str) {
        let (group, storage) = (group.to_owned(), Storage::ReadOnly);
        let id = GroupId { model, name: name.to_owned() };
        self.rows.groups.insert(id, GroupRow { group, storage, row: RowState::Active });
    }
}

/// A name that no row above has.
pub(super) fn fresh(
    what: &'static str,
    name: &Spanned<Word>,
    seen: &mut BTreeMap<String, Range<usize>>,
    findings: &mut Findings,
) -> Option<String> {
    let text = name.get_ref().0.clone();
    if let Some(first) = seen.get(&text) {
        let line = findings.line(first.start);
        findings.add(name.span(), Cause::DuplicateSender { what, name: text, line });
        return None;
    }
    if text.starts_with("lcms-") && what == "view" {
        findings.add(name.span(), Cause::ReservedView(text));
        return None;
    }
    seen.insert(text.clone(), name.span());
    Some(text)
}

/// The group that a sender is said to be in, which must be one of the file's.
fn group(
    file: &File,
    group: &Option<Spanned<Word>>,
    access: &Option<Spanned<Right>>,
    findings: &mut Findings,
) -> Option<String> {
    let group = group.as_ref()?;
    let name = &group.get_ref().0;
    if !file.access.iter().any(|table| table.group.get_ref().0 == *name) {
        findings.add(group.span(), Cause::UnknownGroup(name.clone()));
    }
    if let Some(access) = access {
        findings.add(access.span(), Cause::AccessAndGroup);
    }
    Some(name.clone())
}

fn secret(
    file: &Spanned<std::path::PathBuf>,
    folder: &Path,
    findings: &mut Findings,
) -> Option<Secret> {
    let path = folder.join(file.get_ref());
    Secret::read(&path)
        .map_err(|error| findings.add(file.span(), Cause::Secret { path, error }))
        .ok()
}
