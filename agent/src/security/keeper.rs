//! Who has the present rows, and what of them outlives the process.
//!
//! Rows that managers made are in a file of the state folder, with localised keys,
//! readable for its owner alone; those of the configuration are made anew at every
//! start, and where both have a row it is the configuration's. A change is on disk
//! before it is in force, and one with a commit of the director: first it lies ready in
//! a file of its own, then the director's document says that file's name, then the file
//! is put in its place. Where a process ends in between, the next start does the rest, or
//! throws away what no document speaks of; so a SET is done as a whole or not at all.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use arc_swap::ArcSwap;
use thiserror::Error;

use super::{
    LocalEngine, Security, SecurityRows, Storage,
    document::{FORMAT, Refused, parse, text},
    file,
};

/// Name of the file in the state folder.
const FILE: &str = "security.json";

/// What the names of its next contents begin with.
const NEXT: &str = "security.next-";

/// Keeps the rows.
#[derive(Debug)]
pub struct Keeper {
    current: ArcSwap<Security>,
    /// `None` keeps nothing over the process's end.
    path: Option<PathBuf>,
    /// How many contents this process has written.
    count: AtomicU64,
    /// What is in force and could not be put in its place yet.
    due: Mutex<Option<file::Written>>,
}

/// Rows that are on disk and not yet in force.
#[derive(Debug)]
pub struct Prepared {
    rows: SecurityRows,
    written: Option<file::Written>,
    name: String,
}

impl Prepared {
    /// The name that the director's document is to have for it.
    pub fn name(&self) -> String {
        self.name.clone()
    }
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
    /// Rows of the configuration, and those that managers made before: the last change
    /// of them too, if the director's document has it for its `companion`.
    pub fn open(
        folder: &Path,
        companion: Option<&str>,
        engine: Arc<LocalEngine>,
        config: SecurityRows,
    ) -> Result<Self, KeeperError> {
        let path = folder.join(FILE);
        let failed = |source| KeeperError::File { path: path.clone(), source };
        recover(&path, companion).map_err(failed)?;
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
        Self { current, path: None, count: AtomicU64::new(0), due: Mutex::default() }
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
        rows.certificates.retain(|_, row| row.storage != Storage::ReadOnly);
        rows.servers.retain(|_, row| row.storage != Storage::ReadOnly);
        rows.clients.retain(|_, row| row.storage != Storage::ReadOnly);
        rows.put(config);
        rows
    }

    /// What is in force.
    pub fn current(&self) -> Arc<Security> {
        self.current.load_full()
    }

    /// Sees to it that what is in force is in its place. No commit may come before that:
    /// the director's document would not speak of it any more.
    pub fn settle(&self) -> io::Result<()> {
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(written) = &mut *due {
            written.put_in_place()?;
        }
        *due = None;
        Ok(())
    }

    /// Writes rows to disk.
    pub fn prepare(&self, rows: SecurityRows) -> io::Result<Prepared> {
        let engine = &self.current().engine;
        // Once in the life of all engines here, so that no older document speaks of it.
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let name = format!("{NEXT}{}-{}-{count}", engine.id, engine.clock(Instant::now()).boots);
        let written = match &self.path {
            Some(path) => Some(file::prepare(path, &path.with_file_name(&name), &text(&rows))?),
            None => None,
        };
        Ok(Prepared { rows, written, name })
    }

    /// Puts them in force, after the director's document speaks of them.
    pub fn accept(&self, prepared: Prepared) {
        let Prepared { rows, written, .. } = prepared;
        if let Some(written) = written {
            *self.due.lock().unwrap_or_else(PoisonError::into_inner) = Some(written);
            // It is on disk, and the next start would find it.
            if let Err(error) = self.settle() {
                tracing::error!(
                    "{FILE}: cannot be replaced ({error}); no more can be changed until it can"
                );
            }
        }
        let next = self.current.load().after(Arc::new(rows), Instant::now());
        self.current.store(Arc::new(next));
    }
}

/// Does what a process has left undone that ended in the middle of a change.
fn recover(path: &Path, companion: Option<&str>) -> io::Result<()> {
    let Some(folder) = path.parent().filter(|folder| folder.exists()) else { return Ok(()) };
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let Some(name) = name.to_str().filter(|name| name.starts_with(NEXT)) else { continue };
        let next = folder.join(name);
        if Some(name) == companion {
            file::put_in_place(path, &next)?;
            tracing::info!("{}: a change that was committed is in place now", path.display());
        } else {
            file::remove(&next)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use lcms_lb_core::model::RowState;
    use lcms_snmp::{
        EngineId,
        usm::{AuthKey, AuthProtocol, Key, PrivKey, PrivProtocol},
        v3::SecurityLevel,
    };
    use lcms_tls::Fingerprint;

    use super::*;
    use crate::security::{
        AccessId, AccessRow, CertificateRow, ClientRow, Domain, FamilyId, FamilyRow, FilterId,
        FilterRow, GroupId, GroupRow, Identity, MapType, NotificationRows, NotifyRow, ParamsRow,
        ProfileRow, ServerRow, TRANSPORT, TargetRow, UserId, UserRow,
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
        let certificate = CertificateRow {
            fingerprint: Some(Fingerprint::of(b"a certificate")),
            map: MapType::DnsName,
            data: vec![0, 255],
            row: RowState::Active,
            ..CertificateRow::default()
        };
        rows.certificates.insert(10, certificate);
        rows.certificates.insert(20, CertificateRow::default());
        rows.use_prefix = true;
        let server = ServerRow { identity: "noc.example.net".to_owned(), ..ServerRow::default() };
        rows.servers.insert("noc".to_owned(), server);
        let client = ClientRow {
            fingerprint: Some(Fingerprint::of(b"the own")),
            row: RowState::Active,
            ..ClientRow::default()
        };
        rows.clients.insert("noc".to_owned(), client);
        rows
    }

    #[test]
    fn rows_survive_and_nobody_else_can_read_them() {
        let folder = tempfile::tempdir().unwrap();
        let keeper = Keeper::open(folder.path(), None, engine(), SecurityRows::default()).unwrap();
        let mut rows = sample();
        let id = GroupId { model: 1, name: "gone".to_owned() };
        let row = GroupRow { storage: Storage::Volatile, ..GroupRow::default() };
        rows.groups.insert(id, row);
        let prepared = keeper.prepare(rows.clone()).unwrap();
        assert_eq!(*keeper.current().rows, SecurityRows::default(), "not yet in force");
        keeper.accept(prepared);
        assert_eq!(*keeper.current().rows, rows);

        let mode = fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let again = Keeper::open(folder.path(), None, engine(), SecurityRows::default()).unwrap();
        assert_eq!(*again.current().rows, sample());
    }

    /// The director's document decides of a change that the process ended in.
    #[test]
    fn what_was_committed_is_finished_and_what_was_not_is_thrown_away() {
        let folder = tempfile::tempdir().unwrap();
        let open = |companion| {
            Keeper::open(folder.path(), companion, engine(), SecurityRows::default()).unwrap()
        };
        let files = || fs::read_dir(folder.path()).unwrap().count();
        let prepared = open(None).prepare(sample()).unwrap();
        let name = prepared.name();
        let path = folder.path().join(&name);
        let content = fs::read(&path).unwrap();
        drop(prepared);
        assert_eq!(files(), 0, "nobody committed it");

        fs::write(&path, &content).unwrap();
        fs::write(folder.path().join(format!("{NEXT}of another")), &content).unwrap();
        assert_eq!(*open(Some("another")).current().rows, SecurityRows::default());
        assert_eq!(files(), 0);

        fs::write(&path, &content).unwrap();
        assert_eq!(*open(Some(&name)).current().rows, sample());
        // The document says so until the next commit.
        assert_eq!(*open(Some(&name)).current().rows, sample());
        assert_eq!(files(), 1);
    }

    #[test]
    fn what_cannot_be_put_in_place_is_in_force_and_due() {
        let folder = tempfile::tempdir().unwrap();
        let open = |companion| {
            Keeper::open(folder.path(), companion, engine(), SecurityRows::default()).unwrap()
        };
        let keeper = open(None);
        // Something no file can be put in the place of.
        fs::create_dir(folder.path().join(FILE)).unwrap();
        let prepared = keeper.prepare(sample()).unwrap();
        let name = prepared.name();
        keeper.accept(prepared);
        assert_eq!(*keeper.current().rows, sample());
        assert!(keeper.settle().is_err());
        drop(keeper);
        fs::remove_dir(folder.path().join(FILE)).unwrap();
        let keeper = open(Some(&name));
        assert_eq!(*keeper.current().rows, sample());
        assert!(keeper.settle().is_ok());
    }

    /// Format 1 knew nothing of notifications.
    #[test]
    fn a_file_of_the_first_format_is_read() {
        let mut document: serde_json::Value = serde_json::from_slice(&text(&sample())).unwrap();
        let fields = document.as_object_mut().unwrap();
        for new in ["notification", "certificates", "use_prefix", "servers", "clients"] {
            fields.remove(new);
        }
        fields.insert("format".to_owned(), 1.into());
        let rows = parse(document.to_string().as_bytes()).ok().unwrap();
        assert_eq!(rows.users.len(), 1);
        assert_eq!(rows.notification, NotificationRows::default());
        assert!(rows.certificates.is_empty() && !rows.use_prefix());
    }

    /// Those of the configuration have the lowest numbers, and none is lost for that.
    #[test]
    fn rows_of_certificates_make_room_for_the_configuration() {
        let row = |storage, data: &str| CertificateRow {
            fingerprint: Some(Fingerprint::of(data.as_bytes())),
            data: data.into(),
            storage,
            row: RowState::Active,
            ..CertificateRow::default()
        };
        let config = |names: &[&str]| {
            let rows = names.iter().map(|name| row(Storage::ReadOnly, name));
            SecurityRows { certificates: (1..).zip(rows).collect(), ..SecurityRows::default() }
        };
        let shown = |rows: &SecurityRows| -> Vec<(u32, String)> {
            let text = |row: &CertificateRow| String::from_utf8(row.data.clone()).unwrap();
            rows.certificates.iter().map(|(number, row)| (*number, text(row))).collect()
        };
        let mut rows = config(&["a"]);
        for (number, data) in [(2, "x"), (3, "y"), (10, "z")] {
            rows.certificates.insert(number, row(Storage::NonVolatile, data));
        }
        let keeper = Keeper::volatile(engine(), rows);
        assert_eq!(keeper.current().changed.certificates, None, "since the start");
        let more = keeper.under(config(&["a", "b"]));
        let expected = [(1, "a"), (2, "b"), (3, "x"), (4, "y"), (10, "z")];
        assert_eq!(shown(&more), expected.map(|(number, data)| (number, data.to_owned())));
        keeper.accept(keeper.prepare(more).unwrap());
        let changed = keeper.current().changed.certificates;
        assert!(changed.is_some());

        // What is not about certificates leaves all of it as it is.
        let certificates = Arc::clone(&keeper.current().certificates);
        let mut rows = keeper.under(config(&["a", "b"]));
        rows.groups.insert(GroupId { model: 1, name: "new".to_owned() }, GroupRow::default());
        keeper.accept(keeper.prepare(rows).unwrap());
        assert!(Arc::ptr_eq(&keeper.current().certificates, &certificates));
        assert_eq!(keeper.current().changed.certificates, changed);

        let none = keeper.under(config(&[]));
        let expected = [(3, "x"), (4, "y"), (10, "z")];
        assert_eq!(shown(&none), expected.map(|(number, data)| (number, data.to_owned())));
    }

    /// RFC 5591: VACM's names of whoever has a session begin with `tls:`, or do not.
    #[test]
    fn the_configuration_s_groups_follow_the_prefix() {
        let groups = [("ann", "g"), ("a name of almost the full length", "g")];
        let config = || {
            let session_groups = groups.map(|(name, group)| (name.into(), group.into())).into();
            let mut rows = SecurityRows { session_groups, ..SecurityRows::default() };
            rows.set_use_prefix(false);
            rows
        };
        let keeper = Keeper::volatile(engine(), SecurityRows::default());
        let mut rows = keeper.under(config());
        let names = |rows: &SecurityRows| -> Vec<String> {
            rows.groups.keys().map(|id| id.name.clone()).collect()
        };
        assert_eq!(names(&rows), ["a name of almost the full length", "ann"]);
        let managers = GroupId { model: TRANSPORT, name: "bob".to_owned() };
        rows.groups.insert(managers, GroupRow::default());
        rows.set_use_prefix(true);
        assert_eq!(names(&rows), ["bob", "tls:ann"]);
        let no_longer = GroupId { model: TRANSPORT, name: "ann".to_owned() };
        rows.groups.insert(no_longer.clone(), GroupRow::default());
        keeper.accept(keeper.prepare(rows.clone()).unwrap());
        let security = keeper.current();
        let known_as = |name| security.session(name, SecurityLevel::AuthPriv).name.to_owned();
        assert_eq!(["ann", "bob", "tls:ann"].map(known_as), ["tls:ann", "bob", "tls:ann"]);
        let reloaded = keeper.under(config());
        assert_eq!(names(&reloaded), ["ann", "bob", "tls:ann"], "the manager's stays");
        rows.groups.remove(&no_longer);
        rows.set_use_prefix(false);
        assert_eq!(names(&rows), ["a name of almost the full length", "ann", "bob"]);
    }

    #[test]
    fn the_configuration_has_the_last_word() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), text(&sample())).unwrap();
        let mut config = SecurityRows::default();
        let id = GroupId { model: 3, name: "ann".to_owned() };
        let (group, storage) = ("other".to_owned(), Storage::ReadOnly);
        config.groups.insert(id.clone(), GroupRow { group, storage, row: RowState::Active });
        let keeper = Keeper::open(folder.path(), None, engine(), config).unwrap();
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
        fs::write(&path, "{\"format\":6,\"more\":[]}").unwrap();
        let error =
            Keeper::open(folder.path(), None, engine(), SecurityRows::default()).unwrap_err();
        assert!(matches!(error, KeeperError::Newer { format: 6, .. }));
        assert!(path.exists());

        let text = String::from_utf8(text(&sample())).unwrap();
        for damaged in [
            text[..100].to_owned(),
            text.replace("SHA-256", "SHA-3"),
            text.replace("abab", "ab"),
            text.replace("authPriv", "most"),
            text.replace("\"number\": 10", "\"number\": 0"),
            text.replace("\"fingerprint\": \"04", "\"fingerprint\": \"09"),
        ] {
            fs::write(&path, damaged).unwrap();
            let keeper =
                Keeper::open(folder.path(), None, engine(), SecurityRows::default()).unwrap();
            assert_eq!(*keeper.current().rows, SecurityRows::default());
            assert!(!path.exists());
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 6);
    }
}
