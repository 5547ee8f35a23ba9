use std::os::unix::fs::PermissionsExt;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::model::{Cluster, RowState, Server, ServerId, Service, StorageType, Weight};

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

/// A document of `main/web` with these servers and weights.
fn document(servers: &[(&str, u32)], storage: StorageType) -> Wanted {
    let servers = servers
        .iter()
        .map(|(id, weight)| {
            (name(id), Server { weight: Weight::clamped(*weight), storage, ..Server::default() })
        })
        .collect();
    let service = Service { servers, storage, ..Service::default() };
    let cluster = Cluster {
        services: [(name("web"), service)].into(),
        storage,
        row: RowState::Active,
        ..Cluster::default()
    };
    Wanted { clusters: [(name("main"), cluster)].into(), ..Wanted::default() }
}

fn config(servers: &[(&str, u32)]) -> Wanted {
    document(servers, StorageType::Permanent)
}

fn weights(wanted: &Wanted) -> Vec<(String, u32)> {
    wanted.servers().map(|(id, row)| (id.server.to_string(), row.weight.value())).collect()
}

fn servers(wanted: &mut Wanted) -> &mut BTreeMap<Name, Server> {
    let cluster = wanted.clusters.get_mut(&name("main")).unwrap();
    &mut cluster.services.get_mut(&name("web")).unwrap().servers
}

struct Disk {
    folder: TempDir,
}

impl Disk {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("lcms/state.json")
    }

    fn open(&self, config: Wanted) -> Result<Opened, StoreError> {
        Store::open(&self.path(), config, UnixTime(5_000_000))
    }

    /// Starts with this configuration, makes this change, and stops.
    fn change(&self, config: Wanted, edit: impl FnOnce(&mut Wanted)) {
        let mut opened = self.open(config).unwrap();
        let mut wanted = opened.wanted;
        edit(&mut wanted);
        wanted.generation += 1;
        opened.store.save(&wanted, &opened.runtime, None).unwrap();
    }

    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path().parent().unwrap()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

#[test]
fn begins_with_the_configuration_in_a_private_file() {
    let disk = Disk::new();
    let opened = disk.open(config(&[("rs1", 5)])).unwrap();
    assert_eq!(opened.notes, [Note::Created(disk.path())]);
    assert_eq!(opened.wanted.generation, 1);
    assert_eq!(weights(&opened.wanted), [("rs1".into(), 5)]);
    let mode = fs::metadata(disk.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(disk.files(), ["state.json", "state.json.lock"]);
}

#[test]
fn what_was_set_stands_until_that_very_value_changes_in_the_configuration() {
    let disk = Disk::new();
    disk.change(config(&[("rs1", 5), ("rs2", 5)]), |wanted| {
        servers(wanted).get_mut(&name("rs1")).unwrap().weight = Weight::clamped(50);
    });
    let same = disk.open(config(&[("rs1", 5), ("rs2", 5)])).unwrap();
    assert_eq!(weights(&same.wanted), [("rs1".into(), 50), ("rs2".into(), 5)]);
    assert_eq!((same.wanted.generation, same.notes), (2, vec![]));
    drop(same.store);
    let other = disk.open(config(&[("rs1", 5), ("rs2", 6)])).unwrap();
    assert_eq!(weights(&other.wanted), [("rs1".into(), 50), ("rs2".into(), 6)]);
    assert_eq!((other.wanted.generation, other.notes), (3, vec![Note::ConfigChanged]));
    drop(other.store);
    let back = disk.open(config(&[("rs1", 7), ("rs2", 6)])).unwrap();
    assert_eq!(weights(&back.wanted), [("rs1".into(), 7), ("rs2".into(), 6)]);
}

#[test]
fn rows_follow_the_configuration_and_rows_it_never_had_stay() {
    let disk = Disk::new();
    disk.change(config(&[("rs1", 1), ("rs2", 2)]), |wanted| {
        let made = Server { weight: Weight::clamped(9), ..Server::default() };
        servers(wanted).insert(name("made"), made);
    });
    let opened = disk.open(config(&[("rs2", 2), ("rs3", 3)])).unwrap();
    let expected = [("rs2", 2), ("rs3", 3), ("made", 9)].map(|(id, w)| (id.to_owned(), w));
    assert_eq!(weights(&opened.wanted), expected);
}

#[test]
fn another_configuration_is_in_the_next_document() {
    let disk = Disk::new();
    let Opened { mut store, wanted, runtime, .. } = disk.open(config(&[("rs1", 1)])).unwrap();
    let former = store.replace_config(config(&[("rs1", 2)]));
    assert_eq!(former, config(&[("rs1", 1)]));
    store.save(&wanted, &runtime, None).unwrap();
    drop(store);
    assert_eq!(disk.open(config(&[("rs1", 2)])).unwrap().notes, []);
}

#[test]
fn the_companion_is_that_of_the_last_commit() {
    let disk = Disk::new();
    let Opened { mut store, wanted, runtime, .. } = disk.open(config(&[("rs1", 1)])).unwrap();
    store.save(&wanted, &runtime, Some("beside.new-7")).unwrap();
    drop(store);
    // A start is no commit, even where its configuration is another.
    for weight in [1, 2, 2] {
        let opened = disk.open(config(&[("rs1", weight)])).unwrap();
        assert_eq!(opened.companion.as_deref(), Some("beside.new-7"));
    }
    disk.change(config(&[("rs1", 2)]), |_| ());
    assert_eq!(disk.open(config(&[("rs1", 2)])).unwrap().companion, None);
}

#[test]
fn volatile_rows_are_not_kept() {
    let disk = Disk::new();
    disk.change(config(&[("rs1", 1)]), |wanted| {
        let gone = Server { storage: StorageType::Volatile, ..Server::default() };
        servers(wanted).insert(name("gone"), gone);
    });
    let opened = disk.open(config(&[("rs1", 1)])).unwrap();
    assert_eq!(weights(&opened.wanted), [("rs1".into(), 1)]);
}

#[test]
fn what_was_set_and_no_longer_fits_is_mended_and_said() {
    let disk = Disk::new();
    let mut with_host = config(&[("rs1", 1)]);
    with_host.hosts.insert(name("h1"), crate::model::Host::default());
    disk.change(with_host, |wanted| {
        servers(wanted).get_mut(&name("rs1")).unwrap().host = Some(name("h1"));
    });
    let opened = disk.open(config(&[("rs1", 1)])).unwrap();
    assert!(matches!(opened.notes[..], [Note::ConfigChanged, Note::Mended(_)]));
    assert_eq!(opened.wanted.check(), []);
    let id = ServerId { cluster: name("main"), service: name("web"), server: name("rs1") };
    assert_eq!(opened.wanted.server(&id).unwrap().host, None);
}

#[test]
fn a_newer_document_is_refused_and_left_alone() {
    let disk = Disk::new();
    drop(disk.open(config(&[])).unwrap());
    let newer = br#"{"format": 2, "wanted": ["something", "else"]}"#;
    fs::write(disk.path(), newer).unwrap();
    let error = disk.open(config(&[])).unwrap_err();
    assert!(matches!(error, StoreError::Newer { format: 2, .. }), "{error}");
    assert_eq!(fs::read(disk.path()).unwrap(), newer);
    assert_eq!(disk.files(), ["state.json", "state.json.lock"]);
}

#[test]
fn a_damaged_document_is_kept_aside_untouched_and_said() {
    for damaged in [&b""[..], b"{\"format\": 1,", b"\xff\xfe", b"[]", b"{\"format\": 1}"] {
        let disk = Disk::new();
        drop(disk.open(config(&[])).unwrap());
        for kept in ["state.json.damaged-5000", "state.json.damaged-5001"] {
            fs::write(disk.path(), damaged).unwrap();
            let opened = disk.open(config(&[("rs1", 4)])).unwrap();
            assert_eq!(weights(&opened.wanted), [("rs1".into(), 4)]);
            let [Note::Damaged { kept: told, .. }] = &opened.notes[..] else {
                panic!("{:?}", opened.notes)
            };
            assert!(told.ends_with(kept), "{told}");
            assert_eq!(fs::read(told).unwrap(), damaged);
        }
    }
}

#[test]
fn what_an_interrupted_write_left_is_removed() {
    let disk = Disk::new();
    disk.change(config(&[("rs1", 5)]), |wanted| {
        servers(wanted).get_mut(&name("rs1")).unwrap().weight = Weight::clamped(6);
    });
    let leftover = temporary(&disk.path());
    fs::write(&leftover, "half of").unwrap();
    let opened = disk.open(config(&[("rs1", 5)])).unwrap();
    assert_eq!(opened.notes, [Note::LeftOver(leftover)]);
    assert_eq!(weights(&opened.wanted), [("rs1".into(), 6)]);
}

#[test]
fn two_stores_do_not_write_one_document() {
    let disk = Disk::new();
    let first = disk.open(config(&[])).unwrap();
    assert!(matches!(disk.open(config(&[])), Err(StoreError::InUse { .. })));
    drop(first);
    assert!(disk.open(config(&[])).is_ok());
}

type Rows = BTreeMap<u8, u32>;

fn any_rows() -> impl Strategy<Value = Rows> {
    proptest::collection::btree_map(0u8..6, 0u32..3, 0..6)
}

fn from_rows(rows: &Rows) -> Wanted {
    let rows: Vec<(String, u32)> = rows.iter().map(|(id, w)| (format!("rs{id}"), *w)).collect();
    let rows: Vec<(&str, u32)> = rows.iter().map(|(id, w)| (id.as_str(), *w)).collect();
    config(&rows)
}

proptest! {
    #[test]
    fn a_merge_takes_each_change_of_the_configuration_and_keeps_all_else(
        base in any_rows(),
        config in any_rows(),
        set in any_rows(),
    ) {
        let merged =
            merge::three_way(&from_rows(&base), &from_rows(&config), &from_rows(&set));
        for id in 0u8..6 {
            let wished = if base.get(&id) == config.get(&id) { set.get(&id) } else { config.get(&id) };
            let got = weights(&merged).into_iter().find(|(at, _)| *at == format!("rs{id}"));
            prop_assert_eq!(got.map(|(_, weight)| weight), wished.copied(), "rs{}", id);
        }
    }
}
