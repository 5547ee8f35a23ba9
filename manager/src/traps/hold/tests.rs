use std::net::SocketAddr;

use jiff::Timestamp;
use lcms_snmp::Version;
use proptest::prelude::*;

use super::*;
use crate::{
    ops::Variable,
    traps::{Kind, Severity},
};

const SECOND: Duration = Duration::from_secs(1);

/// That something was said of a subject, with a value.
pub fn record(subject: &str, name: &str, value: u32) -> Arc<Record> {
    Arc::new(Record {
        id: 0,
        received: Timestamp::UNIX_EPOCH,
        from: SocketAddr::from(([192, 0, 2, 1], 162)),
        version: Version::V2c,
        kind: Kind::Trap,
        sender: "public".to_owned(),
        level: None,
        engine: None,
        context: String::new(),
        digest: String::new(),
        name: name.to_owned(),
        oid: name.to_owned(),
        severity: Severity::Info,
        about: None,
        reason: String::new(),
        subject: subject.to_owned(),
        up_time: 7,
        objects: vec![Variable {
            name: "x".to_owned(),
            oid: "1.3".to_owned(),
            kind: "INTEGER".into(),
            value: value.into(),
            text: value.to_string(),
        }],
    })
}

fn hold() -> Hold {
    Hold::new(10 * SECOND, 60 * SECOND)
}

fn told(passed: &[Passed]) -> Vec<(&str, u64)> {
    passed.iter().map(|passed| (passed.record.name.as_str(), passed.held)).collect()
}

#[test]
fn the_first_of_each_is_passed_at_once_and_what_flaps_is_held() {
    let (mut hold, start) = (hold(), Instant::now());
    let at = |seconds| start + seconds * SECOND;
    let (down, up) = (record("s", "down", 2), record("s", "up", 1));
    assert!(matches!(hold.arrive(Arc::clone(&down), at(0)), Judged::Pass(_)));
    assert_eq!(hold.arrive(Arc::clone(&down), at(1)), Judged::Duplicate);
    assert!(matches!(hold.arrive(Arc::clone(&up), at(2)), Judged::Pass(_)));
    // Another subject has nothing to do with it.
    assert!(matches!(hold.arrive(record("t", "down", 2), at(2)), Judged::Pass(_)));
    for _ in 0..3 {
        assert_eq!(hold.arrive(Arc::clone(&down), at(3)), Judged::Held);
        assert_eq!(hold.arrive(Arc::clone(&up), at(4)), Judged::Held);
    }
    assert_eq!(hold.due(), Some(at(10)));
    assert_eq!(hold.expire(at(9)), []);
    assert_eq!(told(&hold.expire(at(10))), [("down", 2), ("up", 2)], "the last is the truth");
    // The next window is of 20 seconds, and with nothing in it the last.
    assert_eq!(hold.arrive(Arc::clone(&down), at(11)), Judged::Held);
    assert_eq!(told(&hold.expire(at(29))), []);
    assert_eq!(told(&hold.expire(at(30))), [("down", 0)]);
    assert_eq!(told(&hold.expire(at(70))), []);
    assert_eq!(hold.due(), None);
    assert!(matches!(hold.arrive(up, at(71)), Judged::Pass(_)));
}

#[test]
fn another_value_is_no_duplicate() {
    let (mut hold, now) = (hold(), Instant::now());
    assert!(matches!(hold.arrive(record("s", "weight", 1), now), Judged::Pass(_)));
    assert_eq!(hold.arrive(record("s", "weight", 2), now), Judged::Held);
    assert_eq!(hold.arrive(record("s", "weight", 3), now), Judged::Held);
    let passed = hold.expire(now + 10 * SECOND);
    assert_eq!(passed[0].record.objects[0].text, "3");
}

#[test]
fn what_is_said_again_and_again_is_passed_once_in_a_hold_down() {
    let (mut hold, start) = (hold(), Instant::now());
    let mut passed = Vec::new();
    for second in 0..200 {
        let now = start + second * SECOND;
        passed.extend(hold.expire(now).iter().map(|passed| (second, passed.held)));
        if let Judged::Pass(_) = hold.arrive(record("s", "fan", 0), now) {
            passed.push((second, 0));
        }
    }
    assert_eq!(passed, [(0, 0), (60, 59), (120, 60), (180, 60)]);
}

#[test]
fn without_a_window_everything_passes() {
    let mut hold = Hold::new(Duration::ZERO, 60 * SECOND);
    for _ in 0..3 {
        assert!(matches!(hold.arrive(record("s", "fan", 0), Instant::now()), Judged::Pass(_)));
    }
    assert_eq!(hold.due(), None);
}

#[test]
fn there_is_an_end_to_what_is_remembered() {
    let (mut hold, now) = (hold(), Instant::now());
    hold.arrive(record("first", "down", 0), now);
    hold.arrive(record("first", "down", 1), now);
    let mut early = Vec::new();
    for n in 0..MOST + 50 {
        let now = now + Duration::from_micros(n as u64);
        hold.arrive(record(&n.to_string(), "down", 0), now);
        early.extend(hold.expire(now));
    }
    assert_eq!(told(&early), [("down", 0)], "what was held of whoever makes room");
    assert!(hold.subjects.len() <= MOST && hold.ends.len() == hold.subjects.len());
    // And of one subject too.
    let passed = (0..100).filter(|n| {
        let record = record("names", &n.to_string(), 0);
        matches!(hold.arrive(record, now), Judged::Pass(_))
    });
    assert_eq!(passed.count(), 100 - NAMES);
    // However great each of them is.
    let mut hold = self::hold();
    for n in 0..2 * OBJECTS / 100 {
        let mut large = (*record(&n.to_string(), "down", 0)).clone();
        large.objects = vec![large.objects[0].clone(); 100];
        hold.arrive(Arc::new(large), now);
        hold.expire(now);
        let weight: usize = hold.subjects.values().map(Subject::weight).sum();
        assert_eq!(hold.weight, weight);
        assert!(weight <= OBJECTS, "{weight}");
    }
}

proptest! {
    /// Whatever comes, what was told last of a subject is what happened last; no
    /// more is told than came; and once it is quiet nothing is remembered.
    #[test]
    fn the_truth_is_told_in_the_end(
        events in prop::collection::vec((0..3_u8, 0..4_u8, 0..3_u32, 0..15_u64), 0..60),
    ) {
        let (mut hold, mut now) = (hold(), Instant::now());
        let mut came: HashMap<String, Arc<Record>> = HashMap::new();
        let mut last: HashMap<String, Arc<Record>> = HashMap::new();
        let mut passed = 0;
        let mut tell = |Passed { record, .. }: Passed| {
            passed += 1;
            last.insert(record.subject.clone(), record);
        };
        let count = events.len();
        for (subject, name, value, pause) in events {
            now += Duration::from_secs(pause);
            hold.expire(now).into_iter().for_each(&mut tell);
            let record = record(&subject.to_string(), &name.to_string(), value);
            came.insert(record.subject.clone(), Arc::clone(&record));
            if let Judged::Pass(one) = hold.arrive(record, now) {
                tell(one);
            }
        }
        while let Some(due) = hold.due() {
            now = due;
            hold.expire(now).into_iter().for_each(&mut tell);
        }
        prop_assert_eq!(came.len(), last.len());
        for (subject, record) in came {
            prop_assert_eq!(content(&record), content(&last[&subject]));
        }
        prop_assert!(passed <= count);
        prop_assert!(hold.subjects.is_empty() && hold.weight == 0);
    }
}
