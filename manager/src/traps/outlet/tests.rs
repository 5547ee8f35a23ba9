use std::{fs, path::Path};

use super::*;
use crate::traps::{
    Consumer, Wanted,
    hold::tests::record,
    journal::{Journal, Limits, Opened},
    pass_on::{Hurry, consumers},
};

const HOUR: Duration = Duration::from_secs(3600);

/// A receiver's end, with a log for a consumer and nothing that comes: the numbers that
/// are logged, and how many are counted as lost.
fn resumed(state_dir: &Path, hold_down: Duration) -> (Vec<u64>, u64) {
    let log = state_dir.join("log");
    let rule = Rule {
        name: "log".to_owned(),
        wanted: Wanted::default(),
        window: Duration::ZERO,
        hold_down,
        consumer: Consumer::Log(Some(log.clone())),
    };
    let counters = Arc::<Counters>::default();
    let (hurry, _end) = io::pipe().unwrap();
    let told = consumers(&rule, None, &Hurry::new(hurry)).unwrap();
    let see = &mut |_: &Record| ();
    let last = Journal::open(state_dir, Limits::default(), see).unwrap().journal.last();
    let outlets = Outlets {
        outlets: vec![Outlet::start(rule, told, Arc::clone(&counters)).unwrap()],
        positions: Positions::load(state_dir, last),
        state_dir: state_dir.to_owned(),
        last,
        abandoned: Arc::default(),
    };
    let (_, nothing) = mpsc::sync_channel(1);
    outlets.run(&nothing);
    let text = fs::read_to_string(&log).unwrap();
    fs::remove_file(log).unwrap();
    let id = |line| serde_json::from_str::<Record>(line).unwrap().id;
    let mut lost = 0;
    counters.of_rule("log", |counts| lost = counts.lost);
    (text.lines().map(id).collect(), lost)
}

#[test]
fn what_waited_for_days_is_told_to_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let see = &mut |_: &Record| ();
    let Opened { mut journal, .. } = Journal::open(folder.path(), Limits::default(), see).unwrap();
    let hours_ago = |hours: u32| {
        let mut record = Record::clone(&record("s", "n", hours));
        record.received = Timestamp::now() - hours * HOUR;
        record
    };
    journal.append(&mut [hours_ago(300), hours_ago(25), hours_ago(23), hours_ago(0)]).unwrap();
    drop(journal);
    let wait = || {
        let begin = Position::behind(0);
        let mut positions = Positions::load(folder.path(), 4);
        positions.write([("log".to_owned(), begin)].into(), Instant::now());
    };
    // What may be held for hours may be as much older.
    for (hold_down, told) in [(Duration::ZERO, &[3, 4][..]), (2 * HOUR, &[2, 3, 4])] {
        wait();
        assert_eq!(resumed(folder.path(), hold_down), (told.to_vec(), 4 - told.len() as u64));
    }
    assert_eq!(resumed(folder.path(), 2 * HOUR), (vec![], 0), "once");
}
