//! Many connections: who gets how many.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use lcms_lb_core::model::{AdminState, Scheduler, Weight};

use crate::support::backend::Backend;
use crate::support::client::{ask, connect, read_text};
use crate::support::director::{Fixture, name};

/// Asks that often from a few threads, and counts the answers.
fn ask_often(fixture: &Fixture, times: usize) -> BTreeMap<String, usize> {
    const THREADS: usize = 4;
    let ask_some = || -> Vec<String> {
        (0..times / THREADS).map(|_| ask(fixture.address).expect("no connection fails")).collect()
    };
    let answers: Vec<String> = thread::scope(|scope| {
        let asking: Vec<_> = (0..THREADS).map(|_| scope.spawn(ask_some)).collect();
        asking.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let mut counts = BTreeMap::new();
    for answer in answers {
        *counts.entry(answer).or_default() += 1;
    }
    counts
}

#[test]
fn wrr_splits_ten_thousand_connections_by_weight_within_one_per_cent() {
    let backends = [Backend::named("rs1"), Backend::named("rs2"), Backend::named("rs3")];
    let fixture = Fixture::start(
        Scheduler::Wrr,
        &[
            ("rs1", backends[0].address, 50),
            ("rs2", backends[1].address, 30),
            ("rs3", backends[2].address, 20),
        ],
    );
    let counts = ask_often(&fixture, 10_000);
    for (server, exact) in [("rs1", 5_000), ("rs2", 3_000), ("rs3", 2_000)] {
        let off = counts[server].abs_diff(exact);
        assert!(off * 100 <= exact, "{server}: {} instead of {exact}", counts[server]);
    }
}

#[test]
fn lasting_connections_are_spread_by_connections_over_weight() {
    let backends = [Backend::echo("rs1"), Backend::echo("rs2")];
    let fixture = Fixture::start(
        Scheduler::Wlc,
        &[("rs1", backends[0].address, 3), ("rs2", backends[1].address, 1)],
    );
    let mut held = Vec::new();
    let mut first = 0;
    for _ in 0..40 {
        let mut client = connect(fixture.address);
        first += usize::from(read_text(&mut client, 3) == "rs1");
        held.push(client);
    }
    assert_eq!(first, 30);
}

#[test]
fn changes_of_weight_and_state_under_load_lose_no_connection() {
    let backends = [Backend::named("rs1"), Backend::named("rs2"), Backend::named("rs3")];
    let fixture = Fixture::start(
        Scheduler::Wrr,
        &[
            ("rs1", backends[0].address, 1),
            ("rs2", backends[1].address, 1),
            ("rs3", backends[2].address, 1),
        ],
    );
    let over = AtomicBool::new(false);
    let (asked, failed) = (AtomicU64::new(0), AtomicU64::new(0));
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    asked.fetch_add(1, Ordering::Relaxed);
                    if !matches!(ask(fixture.address).as_deref(), Ok("rs1" | "rs2" | "rs3")) {
                        failed.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        for round in 0..60 {
            fixture.edit(|service| {
                for (at, id) in ["rs1", "rs2", "rs3"].into_iter().enumerate() {
                    let row = service.servers.get_mut(&name(id)).unwrap();
                    row.weight = Weight::clamped((round * 7 + at as u32 * 3) % 5);
                    row.admin_state = AdminState::Enabled;
                }
                let one = service.servers.get_mut(&name("rs1")).unwrap();
                one.weight = Weight::clamped(1 + round % 3);
                let other = service.servers.get_mut(&name("rs2")).unwrap();
                other.admin_state = AdminState::ALL[round as usize % 3];
                service.scheduler = [Scheduler::Wrr, Scheduler::Wlc][round as usize / 10 % 2];
            });
            let so_far = asked.load(Ordering::Relaxed);
            crate::support::eventually("more clients came", || {
                asked.load(Ordering::Relaxed) > so_far + 10
            });
        }
        over.store(true, Ordering::Relaxed);
    });
    assert_eq!(failed.load(Ordering::Relaxed), 0, "of {}", asked.load(Ordering::Relaxed));
}

#[test]
fn new_connections_follow_a_change_as_soon_as_it_is_committed() {
    let backends = [Backend::named("rs1"), Backend::named("rs2")];
    let fixture = Fixture::start(
        Scheduler::Rr,
        &[("rs1", backends[0].address, 1), ("rs2", backends[1].address, 1)],
    );
    for round in 0..20 {
        let off = ["rs1", "rs2"][round % 2];
        let on = ["rs1", "rs2"][1 - round % 2];
        fixture.edit(|service| {
            service.servers.get_mut(&name(off)).unwrap().weight = Weight::MIN;
            service.servers.get_mut(&name(on)).unwrap().weight = Weight::clamped(1);
        });
        for _ in 0..4 {
            assert_eq!(ask(fixture.address).unwrap(), on);
        }
    }
}

#[test]
fn a_server_at_its_limit_is_passed_over_and_backups_stand_in_when_all_are() {
    let backends = [Backend::echo("rs1"), Backend::echo("rs2"), Backend::echo("bak")];
    let fixture = Fixture::with(
        &[
            ("rs1", backends[0].address, 1),
            ("rs2", backends[1].address, 1),
            ("bak", backends[2].address, 1),
        ],
        |service| {
            for (id, limit, backup) in [("rs1", 2, false), ("rs2", 3, false), ("bak", 1, true)] {
                let row = service.servers.get_mut(&name(id)).unwrap();
                (row.connection_limit, row.backup) = (limit, backup);
            }
        },
    );
    let mut held = Vec::new();
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..6 {
        let mut client = connect(fixture.address);
        *count.entry(read_text(&mut client, 3)).or_default() += 1;
        held.push(client);
        assert!(!count.contains_key("bak") || held.len() == 6, "{count:?}");
    }
    assert_eq!(count["rs1"], 2);
    assert_eq!(count["rs2"], 3);
    assert_eq!(count["bak"], 1);
    assert!(ask(fixture.address).is_err(), "all are full");
}

#[test]
fn every_scheduler_serves_and_those_that_hash_stay_with_one_server() {
    let backends = [Backend::named("rs1"), Backend::named("rs2"), Backend::named("rs3")];
    let rows = [
        ("rs1", backends[0].address, 5),
        ("rs2", backends[1].address, 9),
        ("rs3", backends[2].address, 1),
    ];
    let fixture = Fixture::start(Scheduler::Rr, &rows);
    for scheduler in lcms_lb_core::schedule::SCHEDULERS {
        fixture.edit(|service| service.scheduler = *scheduler);
        let counts = ask_often(&fixture, 60);
        let servers: Vec<&str> = counts.keys().map(String::as_str).collect();
        match scheduler {
            // All clients have one address, and went to one.
            Scheduler::Sh | Scheduler::Dh | Scheduler::Mh => assert_eq!(servers.len(), 1),
            // Each shard chooses for itself where a destination goes, and again while
            // that server has too much: any server will do, and all are served.
            Scheduler::Lblc | Scheduler::Lblcr => {}
            Scheduler::Fo => assert_eq!(servers, ["rs2"]),
            // Four at a time never fill the greatest.
            Scheduler::Ovf => assert_eq!(servers, ["rs2"]),
            Scheduler::Rr | Scheduler::Wrr | Scheduler::Lc | Scheduler::Wlc => {
                assert_eq!(servers, ["rs1", "rs2", "rs3"], "{scheduler}");
            }
            _ => assert!(servers.contains(&"rs2"), "{scheduler}: {counts:?}"),
        }
    }
}
