//! Who has the present rows, and what of them outlives the process.
//!
//! Rows that managers made are in a file of the state folder, with localised keys,
//! readable for its owner alone; those of the configuration are made anew at every
//! start, and where both have a row it is the configuration's. A change is on disk
//! before it is in force, in two steps around the director's own commit, so that a
//! SET of both is done as a whole or not at all.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use arc_swap::ArcSwap;
use lcms_lb_core::model::RowState;
use lcms_snmp::{
    usm::{AuthKey, Key, PrivKey},
    v3::SecurityLevel,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use thiserror::Error;

use super::{
    AccessId, AccessRow, FamilyId, FamilyRow, GroupId, GroupRow, LocalEngine, NotificationRows,
    Security, SecurityRows, Storage, UserId, UserRow, file,
};

/// Name of the file in the state folder.
const FILE: &str = "security.json";

/// The format this program reads and writes.
const FORMAT: u32 = 4;

/// Keeps the rows.
#[derive(Debug)]
pub struct Keeper {
    current: ArcSwap<Security>,
    /// `None` keeps nothing over the process's end.
    path: Option<PathBuf>,
}

/// Rows that are on disk and not yet in force.
#[derive(Debug)]
pub struct Prepared {
    rows: SecurityRows,
    written: Option<file::Written>,
}

/// Why the rows of managers cannot be had.
#[derive(Debug, Error)]
pub enum KeeperError {
    /// The file cannot be read or put aside.
    #[error("{}: cannot read users and views: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It was written by a newer program.
    #[error(
        "{}: users and views in format {format}, and this program knows up to {FORMAT}; run the \
         program that wrote it, or move the file away", path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        format: u32,
    },
}

impl Keeper {
    /// Rows of the configuration, and those that managers made before.
    pub fn open(
        folder: &Path,
        engine: Arc<LocalEngine>,
        config: SecurityRows,
    ) -> Result<Self, KeeperError> {
        let path = folder.join(FILE);
        let failed = |source| KeeperError::File { path: path.clone(), source };
        let mut rows = SecurityRows::default();
        if let Some(text) = file::read(&path).map_err(failed)? {
            match parse(&text) {
                Ok(found) => rows = found,
                Err(Refused::Newer(format)) => return Err(KeeperError::Newer { path, format }),
                Err(Refused::Damaged(reason)) => {
                    let kept = file::put_aside(&path).map_err(failed)?;
                    tracing::error!(
                        "{}: damaged ({reason}), and kept as {}; users and views that were made \
                         by SNMP are not in force",
                        path.display(),
                        kept.display()
                    );
                }
            }
        }
        rows.put(config);
        Ok(Self { path: Some(path), ..Self::volatile(engine, rows) })
    }

    /// A keeper that keeps nothing on disk.
    pub fn volatile(engine: Arc<LocalEngine>, rows: SecurityRows) -> Self {
        let current = ArcSwap::from_pointee(Security::new(engine, Arc::new(rows)));
        Self { current, path: None }
    }

    /// The present rows, with those of another configuration in the place of the
    /// present one's.
    pub fn under(&self, config: SecurityRows) -> SecurityRows {
        let mut rows = (*self.current().rows).clone();
        rows.users.retain(|_, row| row.storage != Storage::ReadOnly);
        rows.groups.retain(|_, row| row.storage != Storage::ReadOnly);
        rows.access.retain(|_, row| row.storage != Storage::ReadOnly);
        rows.families.retain(|_, row| row.storage != Storage::ReadOnly);
        rows.notification.retain(|storage| storage != Storage::ReadOnly);
        rows.put(config);
        rows
    }

    /// What is in force.
    pub fn current(&self) -> Arc<Security> {
        self.current.load_full()
    }

    /// Writes rows to disk.
    pub fn prepare(&self, rows: SecurityRows) -> io::Result<Prepared> {
        let written = match &self.path {
            Some(path) => Some(file::prepare(path, &text(&rows))?),
            None => None,
        };
        Ok(Prepared { rows, written })
    }

    /// Puts them in force.
    pub fn accept(&self, prepared: Prepared) -> io::Result<()> {
        if let Some(written) = prepared.written {
            written.put_in_place()?;
        }
        let engine = Arc::clone(&self.current.load().engine);
        self.current.store(Arc::new(Security::new(engine, Arc::new(prepared.rows))));
        Ok(())
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: u32,
    users: Vec<UserText>,
    groups: Vec<GroupText>,
    access: Vec<AccessText>,
    views: Vec<FamilyText>,
    /// Format 1 did not have it.
    #[serde(default)]
    notification: NotificationRows,
}

#[derive(Deserialize)]
struct Head {
    format: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct UserText {
    engine: String,
    name: String,
    auth: Option<KeyText>,
    privacy: Option<KeyText>,
    public: String,
    cloned: bool,
    own_auth: bool,
    own_privacy: bool,
    active: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyText {
    protocol: String,
    key: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupText {
    model: i32,
    name: String,
    group: String,
    active: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AccessText {
    group: String,
    context: String,
    model: i32,
    level: String,
    is_prefix: bool,
    read: String,
    write: String,
    notify: String,
    active: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FamilyText {
    view: String,
    subtree: Vec<u32>,
    mask: String,
    included: bool,
    active: bool,
}

enum Refused {
    Newer(u32),
    Damaged(String),
}

fn text(rows: &SecurityRows) -> Vec<u8> {
    fn kept<'r, K: 'r, R: 'r>(
        rows: impl Iterator<Item = (&'r K, &'r R)>,
        storage: impl Fn(&R) -> Storage,
    ) -> impl Iterator<Item = (&'r K, &'r R)> {
        rows.filter(move |(_, row)| storage(row) == Storage::NonVolatile)
    }
    let active = |row| row == RowState::Active;
    let auth = |key: &AuthKey| KeyText {
        protocol: key.protocol().name().to_owned(),
        key: hex(key.key().expose()),
    };
    let privacy = |key: &PrivKey| KeyText {
        protocol: key.protocol().name().to_owned(),
        key: hex(key.key().expose()),
    };
    let document = Document {
        format: FORMAT,
        users: kept(rows.users.iter(), |row| row.storage)
            .map(|(id, row)| UserText {
                engine: id.engine.to_string(),
                name: id.name.clone(),
                auth: row.auth.as_ref().map(auth),
                privacy: row.privacy.as_ref().map(privacy),
                public: hex(&row.public),
                cloned: row.cloned,
                own_auth: row.own_auth,
                own_privacy: row.own_privacy,
                active: active(row.row),
            })
            .collect(),
        groups: kept(rows.groups.iter(), |row| row.storage)
            .map(|(id, row)| GroupText {
                model: id.model,
                name: id.name.clone(),
                group: row.group.clone(),
                active: active(row.row),
            })
            .collect(),
        access: kept(rows.access.iter(), |row| row.storage)
            .map(|(id, row)| AccessText {
                group: id.group.clone(),
                context: id.context.clone(),
                model: id.model,
                level: id.level.name().to_owned(),
                is_prefix: row.is_prefix,
                read: row.read.clone(),
                write: row.write.clone(),
                notify: row.notify.clone(),
                active: active(row.row),
            })
            .collect(),
        views: kept(rows.families.iter(), |row| row.storage)
            .map(|(id, row)| FamilyText {
                view: id.view.clone(),
                subtree: id.subtree.clone(),
                mask: hex(&row.mask),
                included: row.included,
                active: active(row.row),
            })
            .collect(),
        notification: rows.notification.kept(),
    };
    serde_json::to_vec_pretty(&document).expect("numbers and strings are JSON")
}

fn parse(text: &[u8]) -> Result<SecurityRows, Refused> {
    let head: Head = json(text)?;
    if head.format > FORMAT {
        return Err(Refused::Newer(head.format));
    }
    let document: Document = json(text)?;
    rows(document).ok_or_else(|| Refused::Damaged("a row that cannot be".to_owned()))
}

fn json<T: DeserializeOwned>(text: &[u8]) -> Result<T, Refused> {
    serde_json::from_slice(text).map_err(|error| Refused::Damaged(error.to_string()))
}

fn rows(document: Document) -> Option<SecurityRows> {
    let state = |active| match active {
        true => RowState::Active,
        false => RowState::NotInService,
    };
    let storage = Storage::NonVolatile;
    let auth = |text: KeyText| {
        AuthKey::new(text.protocol.parse().ok()?, Key::new(&octets(&text.key)?)?).ok()
    };
    let privacy = |text: KeyText| {
        PrivKey::new(text.protocol.parse().ok()?, Key::new(&octets(&text.key)?)?).ok()
    };
    let mut rows = SecurityRows { notification: document.notification, ..SecurityRows::default() };
    for user in document.users {
        let id = UserId { engine: user.engine.parse().ok()?, name: user.name };
        let row = UserRow {
            auth: match user.auth {
                Some(text) => Some(auth(text)?),
                None => None,
            },
            privacy: match user.privacy {
                Some(text) => Some(privacy(text)?),
                None => None,
            },
            public: octets(&user.public)?,
            cloned: user.cloned,
            own_auth: user.own_auth,
            own_privacy: user.own_privacy,
            credentials: None,
            storage,
            row: state(user.active),
        };
        rows.users.insert(id, row);
    }
    for group in document.groups {
        let id = GroupId { model: group.model, name: group.name };
        let row = GroupRow { group: group.group, storage, row: state(group.active) };
        rows.groups.insert(id, row);
    }
    for access in document.access {
        let level: SecurityLevel = access.level.parse().ok()?;
        let (group, context, model) = (access.group, access.context, access.model);
        let row = AccessRow {
            is_prefix: access.is_prefix,
            read: access.read,
            write: access.write,
            notify: access.notify,
            storage,
            row: state(access.active),
        };
        rows.access.insert(AccessId { group, context, model, level }, row);
    }
    for family in document.views {
        let id = FamilyId { view: family.view, subtree: family.subtree };
        let mask = octets(&family.mask)?;
        let (included, row) = (family.included, state(family.active));
        rows.families.insert(id, FamilyRow { mask, included, storage, row });
    }
    Some(rows)
}

fn hex(octets: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(octets.len() * 2);
    for octet in octets {
        write!(text, "{octet:02x}").expect("a String takes any text");
    }
    text
}

fn octets(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let digit = |octet: u8| char::from(octet).to_digit(16);
    let octet = |[high, low]: &[u8; 2]| Some((digit(*high)? << 4 | digit(*low)?) as u8);
    match rest {
        [] => pairs.iter().map(octet).collect(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _, time::Instant};

    use lcms_snmp::{
        EngineId,
        usm::{AuthProtocol, PrivProtocol},
    };

    use super::*;
    use crate::security::{
        Domain, FilterId, FilterRow, Identity, NotifyRow, ParamsRow, ProfileRow, TargetRow,
    };

    fn engine() -> Arc<LocalEngine> {
        let identity = Identity { id: EngineId::of_enterprise(1, [7; 12]), boots: 1 };
        Arc::new(LocalEngine::new(identity, Instant::now(), 0, 484))
    }

    fn sample() -> SecurityRows {
        let key = |len| Key::new(&vec![0xab; len]).unwrap();
        let user = UserRow {
            auth: AuthKey::new(AuthProtocol::Sha256, key(32)).ok(),
            privacy: PrivKey::new(PrivProtocol::Aes256Reeder, key(32)).ok(),
            public: vec![0, 255],
            cloned: true,
            own_auth: true,
            row: RowState::Active,
            ..UserRow::default()
        };
        let mut rows = SecurityRows::default();
        rows.users.insert(UserId { engine: engine().id, name: "ann".to_owned() }, user);
        let id = GroupId { model: 3, name: "ann".to_owned() };
        rows.groups.insert(id, GroupRow { group: "g".to_owned(), ..GroupRow::default() });
        rows.access.insert(
            AccessId {
                group: "g".to_owned(),
                context: String::new(),
                model: 0,
                level: SecurityLevel::AuthPriv,
            },
            AccessRow { is_prefix: true, read: "v".to_owned(), ..AccessRow::default() },
        );
        rows.families.insert(
            FamilyId { view: "v".to_owned(), subtree: vec![1, 3, 6] },
            FamilyRow { mask: vec![0xfe], included: false, ..FamilyRow::default() },
        );
        let notification = &mut rows.notification;
        let (domain, address) = Domain::of_address("192.0.2.1:162".parse().unwrap());
        let target = TargetRow { domain: Some(domain), address, ..TargetRow::default() };
        notification.targets.insert("noc".to_owned(), target);
        let level = Some(SecurityLevel::AuthPriv);
        let params = ParamsRow { security_level: level, ..ParamsRow::default() };
        notification.params.insert("noc".to_owned(), params);
        let notify = NotifyRow {
            tag: "t".to_owned(),
            row: RowState::Active,
            inform: true,
            ..NotifyRow::default()
        };
        notification.notify.insert("noc".to_owned(), notify);
        notification.profiles.insert("noc".to_owned(), ProfileRow::default());
        let id = FilterId { profile: "f".to_owned(), subtree: vec![1, 3, 6] };
        notification.filters.insert(id, FilterRow { mask: vec![0xfe], ..FilterRow::default() });
        notification.authen_traps = true;
        notification.link_traps.insert("eth0".to_owned(), false);
        notification.log_entry_limit = 7;
        rows
    }

    #[test]
    fn rows_survive_and_nobody_else_can_read_them() {
        let folder = tempfile::tempdir().unwrap();
        let keeper = Keeper::open(folder.path(), engine(), SecurityRows::default()).unwrap();
        let mut rows = sample();
        let id = GroupId { model: 1, name: "gone".to_owned() };
        let row = GroupRow { storage: Storage::Volatile, ..GroupRow::default() };
        rows.groups.insert(id, row);
        let prepared = keeper.prepare(rows.clone()).unwrap();
        assert_eq!(*keeper.current().rows, SecurityRows::default(), "not yet in force");
        keeper.accept(prepared).unwrap();
        assert_eq!(*keeper.current().rows, rows);

        let mode = fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let again = Keeper::open(folder.path(), engine(), SecurityRows::default()).unwrap();
        assert_eq!(*again.current().rows, sample());
    }

    /// Format 1 knew nothing of notifications.
    #[test]
    fn a_file_of_the_first_format_is_read() {
        let mut document: serde_json::Value = serde_json::from_slice(&text(&sample())).unwrap();
        let fields = document.as_object_mut().unwrap();
        fields.remove("notification");
        fields.insert("format".to_owned(), 1.into());
        let rows = parse(document.to_string().as_bytes()).ok().unwrap();
        assert_eq!(rows.users.len(), 1);
        assert_eq!(rows.notification, NotificationRows::default());
    }

    #[test]
    fn the_configuration_has_the_last_word() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), text(&sample())).unwrap();
        let mut config = SecurityRows::default();
        let id = GroupId { model: 3, name: "ann".to_owned() };
        let (group, storage) = ("other".to_owned(), Storage::ReadOnly);
        config.groups.insert(id.clone(), GroupRow { group, storage, row: RowState::Active });
        let keeper = Keeper::open(folder.path(), engine(), config).unwrap();
        let rows = Arc::clone(&keeper.current().rows);
        assert_eq!(rows.groups[&id].group, "other");
        assert_eq!(rows.users.len(), 1);
        // What is the configuration's is not written.
        let kept = parse(&text(&rows)).ok().unwrap();
        assert!(kept.groups.is_empty());
    }

    #[test]
    fn a_newer_format_is_refused_and_a_damaged_file_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        fs::write(&path, "{\"format\":5,\"more\":[]}").unwrap();
        let error = Keeper::open(folder.path(), engine(), SecurityRows::default()).unwrap_err();
        assert!(matches!(error, KeeperError::Newer { format: 5, .. }));
        assert!(path.exists());

        let text = String::from_utf8(text(&sample())).unwrap();
        for damaged in [
            text[..100].to_owned(),
            text.replace("SHA-256", "SHA-3"),
            text.replace("abab", "ab"),
            text.replace("authPriv", "most"),
        ] {
            fs::write(&path, damaged).unwrap();
            let keeper = Keeper::open(folder.path(), engine(), SecurityRows::default()).unwrap();
            assert_eq!(*keeper.current().rows, SecurityRows::default());
            assert!(!path.exists());
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4);
    }
}
