use std::{io::Write as _, net::SocketAddr};

use jiff::Timestamp;
use lcms_snmp::Version;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::traps::{Kind, Severity};

fn record(text: &str) -> Record {
    Record {
        id: 0,
        received: Timestamp::UNIX_EPOCH,
        from: SocketAddr::from(([192, 0, 2, 1], 162)),
        version: Version::V2c,
        kind: Kind::Inform,
        sender: text.to_owned(),
        level: None,
        engine: None,
        context: String::new(),
        digest: "0".repeat(32),
        name: "SNMPv2-MIB::coldStart".to_owned(),
        oid: "1.3.6.1.6.3.1.1.5.1".to_owned(),
        severity: Severity::Info,
        about: None,
        reason: String::new(),
        subject: "coldStart".to_owned(),
        up_time: 7,
        objects: Vec::new(),
    }
}

fn open(folder: &TempDir, limits: Limits) -> (Journal, Vec<Record>, u64) {
    let mut seen = Vec::new();
    let see = &mut |record: &Record| seen.push(record.clone());
    let Opened { journal, cut } = Journal::open(folder.path(), limits, see).unwrap();
    (journal, seen, cut)
}

fn all(folder: &TempDir) -> Vec<u64> {
    let mut reader = Reader::new(super::folder(folder.path()), Position::Start);
    std::iter::from_fn(|| reader.read().unwrap()).map(|record| record.id).collect()
}

fn file(folder: &TempDir, first: u64) -> PathBuf {
    super::folder(folder.path()).join(file_name(first))
}

#[test]
fn what_is_written_is_read_and_numbers_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let (mut journal, seen, cut) = open(&folder, Limits::default());
    assert_eq!((seen.len(), cut), (0, 0));
    journal.append(&mut [record("a"), record("ü \" \n\u{1}")]).unwrap();
    let another = Journal::open(folder.path(), Limits::default(), &mut |_| ()).unwrap_err();
    assert!(another.to_string().contains("cannot lock"), "{another}");
    drop(journal);
    let (mut journal, seen, _) = open(&folder, Limits::default());
    let told: Vec<_> = seen.iter().map(|record| (record.id, record.sender.as_str())).collect();
    assert_eq!(told, [(1, "a"), (2, "ü \" \n\u{1}")]);
    journal.append(&mut [record("b")]).unwrap();
    assert_eq!(all(&folder), [1, 2, 3]);
    let text = fs::read_to_string(file(&folder, 1)).unwrap();
    let objects: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(objects[2]["sender"], "b", "each line is an object");
}

#[test]
fn files_follow_each_other_and_the_oldest_goes() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits { file_size: 1000, files: 3 };
    let (mut journal, ..) = open(&folder, limits);
    let mut reader = Reader::new(super::folder(folder.path()), Position::After(1));
    for n in 0..20 {
        journal.append(&mut [record(&n.to_string())]).unwrap();
    }
    let left = all(&folder);
    assert_eq!(left.last(), Some(&20));
    assert!(left.len() < 20 && left.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{left:?}");
    assert_eq!(files(&super::folder(folder.path())).unwrap().len(), 3);
    // Whoever looks on goes from file to file.
    let seen: Vec<u64> = std::iter::from_fn(|| reader.read().unwrap()).map(|r| r.id).collect();
    assert_eq!(seen, left);
    journal.append(&mut [record("more")]).unwrap();
    assert_eq!(reader.read().unwrap().map(|record| record.id), Some(21));
    drop(journal);
    let (mut journal, ..) = open(&folder, limits);
    journal.append(&mut [record("later")]).unwrap();
    assert_eq!(all(&folder).last(), Some(&22));
}

#[test]
fn after_an_error_nothing_is_there_and_the_next_batch_is() {
    let folder = tempfile::tempdir().unwrap();
    let (mut journal, ..) = open(&folder, Limits::default());
    journal.append(&mut [record("a")]).unwrap();
    // A file that takes nothing.
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    journal.current = Some(Current { file: full, length: 0 });
    assert!(journal.append(&mut [record("lost")]).is_err());
    journal.append(&mut [record("b")]).unwrap();
    assert_eq!(all(&folder), [1, 2]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    /// Whatever part of a file a crash has left is a prefix of its records, and
    /// what is written then is behind them.
    #[test]
    fn any_prefix_of_the_file_is_a_prefix_of_the_records(
        texts in prop::collection::vec("\\PC{0,40}", 1..6),
        at in any::<prop::sample::Index>(),
        garbage in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let (mut journal, ..) = open(&folder, Limits::default());
        let mut records: Vec<Record> = texts.iter().map(|text| record(text)).collect();
        journal.append(&mut records).unwrap();
        drop(journal);
        let path = file(&folder, 1);
        let text = fs::read(&path).unwrap();
        let end = at.index(text.len() + 1);
        fs::write(&path, &text[..end]).unwrap();
        OpenOptions::new().append(true).open(&path).unwrap().write_all(&garbage).unwrap();
        let (mut journal, seen, cut) = open(&folder, Limits::default());
        let whole = text[..end].iter().filter(|octet| **octet == b'\n').count();
        // The garbage may be what was cut off.
        prop_assert!(seen.len() == whole || garbage.starts_with(&text[end..=end]));
        prop_assert_eq!(&seen[..], &records[..seen.len()]);
        prop_assert!(cut as usize <= end + garbage.len());
        journal.append(&mut [record("after")]).unwrap();
        drop(journal);
        let (_, again, cut) = open(&folder, Limits::default());
        prop_assert_eq!((again.len(), cut), (seen.len() + 1, 0));
        prop_assert_eq!(&again[..seen.len()], &seen[..]);
        prop_assert_eq!(again[seen.len()].id, seen.len() as u64 + 1);
    }

    /// A line that is damaged is lost, and no other.
    #[test]
    fn damage_costs_the_lines_it_is_in(at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let folder = tempfile::tempdir().unwrap();
        let (mut journal, ..) = open(&folder, Limits::default());
        let mut records: Vec<Record> = ["a", "b", "c"].map(record).into();
        journal.append(&mut records).unwrap();
        drop(journal);
        let path = file(&folder, 1);
        let mut text = fs::read(&path).unwrap();
        *at.get_mut(&mut text) ^= 1 << bit;
        fs::write(&path, text).unwrap();
        let (_, seen, _) = open(&folder, Limits::default());
        prop_assert!(!seen.is_empty());
        prop_assert!(seen.len() < 3);
        prop_assert!(seen.iter().all(|record| records.contains(record)));
    }
}
