//! A director in the place of another, which lives on with its connections.

use std::io::Write;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use lcms_lb_core::director::{Director, DirectorHandle, Draft, HandedOver};
use lcms_lb_core::model::{
    DynamicWeight, LeaseRequest, OperState, Scheduler, UnixTime, Wanted, Weight, WeightSource,
};
use lcms_lb_core::store::Store;

use crate::support::backend::Backend;
use crate::support::client::{ask, connect, read_text};
use crate::support::director::{
    Fixture, by, name, options, server, server_id, service, wanted, web,
};
use crate::support::speaker::{Answerer, insist, speaker};
use crate::support::{PATIENCE, free_address};

/// Where a story's document is, and what the file asks for.
struct Place {
    folder: tempfile::TempDir,
    config: Wanted,
}

impl Place {
    fn start(&self, shards: usize) -> DirectorHandle {
        let path = self.folder.path().join("state.json");
        let opened = Store::open(&path, self.config.clone(), UnixTime(1)).unwrap();
        Director::start(options(shards), Some(opened.store), opened.wanted, opened.runtime).unwrap()
    }

    /// What a new process does with what it was given.
    fn take_over(&self, shards: usize, from: &DirectorHandle) -> DirectorHandle {
        let path = self.folder.path().join("state.json");
        let HandedOver { state, listeners, lock } = from.hand_over().unwrap();
        let opened = Store::take_over(lock, &path, self.config.clone(), UnixTime(2)).unwrap();
        let to = Director::take_over(
            options(shards),
            opened.store,
            opened.wanted,
            opened.runtime,
            (state, listeners),
        );
        from.retire().unwrap();
        to.unwrap()
    }
}

#[test]
fn nobody_is_refused_and_what_is_established_goes_on() {
    let backend = Backend::echo("rs1");
    let address = free_address();
    let mut row = service(address, Scheduler::Rr);
    row.servers = [(name("rs1"), server(backend.address, 1))].into();
    let place = Place { folder: tempfile::tempdir().unwrap(), config: wanted(row) };
    let mut present = place.start(2);
    let clients: Vec<_> = (0..4)
        .map(|_| {
            thread::spawn(move || {
                for _ in 0..300 {
                    assert_eq!(read_text(&mut connect(address), 3), "rs1");
                }
            })
        })
        .collect();
    let mut former = Vec::new();
    // More shards, and fewer: nobody is left in a listener without a shard.
    for shards in [1, 4, 2, 3, 1] {
        let mut client = connect(address);
        assert_eq!(read_text(&mut client, 3), "rs1");
        let next = place.take_over(shards, &present);
        former.push((std::mem::replace(&mut present, next), client));
    }
    for client in clients {
        client.join().expect("every question is answered");
    }
    for (director, mut client) in former {
        client.write_all(b"still here").unwrap();
        assert_eq!(read_text(&mut client, 10), "still here");
        assert!(director.connections().unwrap() >= 1);
        drop(client);
        let end = Instant::now() + PATIENCE;
        while director.connections().unwrap() > 0 {
            assert!(Instant::now() < end, "a connection never ends");
            thread::yield_now();
        }
        let late = Draft::of(&director.snapshot(), by("late"));
        director.commit(late).expect_err("the document is another's");
        director.shutdown();
    }
    assert_eq!(read_text(&mut connect(address), 3), "rs1");
}

#[test]
fn leases_weights_and_checks_are_known_at_once() {
    let (backend, dead) = (Backend::named("rs1"), free_address());
    let address = free_address();
    let mut row = service(address, Scheduler::Rr);
    row.check.kind = lcms_lb_core::model::CheckKind::Tcp;
    row.servers =
        [(name("rs1"), server(backend.address, 5)), (name("rs2"), server(dead, 5))].into();
    let place = Place { folder: tempfile::tempdir().unwrap(), config: wanted(row) };
    let fixture = Fixture { director: place.start(1), address };
    fixture.until("both are checked", |snapshot| {
        let state = |id| snapshot.servers[&server_id(id)].oper_state();
        (state("rs1"), state("rs2")) == (OperState::Up, OperState::Down)
    });
    let mut draft = Draft::of(&fixture.snapshot(), by("controller"));
    let request = LeaseRequest { owner: Some("m".into()), term: Some(4), seconds: Some(60) };
    draft.runtime_mut().request_lease(name("main"), &request, Instant::now()).unwrap();
    let weight = DynamicWeight {
        weight: Weight::clamped(42),
        why: "measured".into(),
        by: "m".into(),
        at: SystemTime::now(),
    };
    draft.runtime_mut().weights.insert(server_id("rs1"), weight);
    fixture.director.commit(draft).unwrap();

    let next = Fixture { director: place.take_over(1, &fixture.director), address };
    let (first, second) = (next.status("rs1"), next.status("rs2"));
    assert_eq!(first.effective.source, WeightSource::Dynamic);
    assert_eq!(first.effective.weight.value(), 42);
    assert_eq!(first.oper_state(), OperState::Up);
    assert_eq!(second.oper_state(), OperState::Down);
    let lease = next.snapshot().runtime.lease(&name("main"));
    assert_eq!((lease.owner.as_str(), lease.term), ("m", 4));
    assert!(lease.runs(Instant::now() + Duration::from_secs(30)));
    assert_eq!(ask(address).unwrap(), "rs1");
    assert_eq!(next.snapshot().services[&web()].live.connections.load(Relaxed), 1);
}

#[test]
fn datagrams_go_on_to_the_new_one() {
    let answerer = Answerer::named("rs1");
    let address = free_address();
    let mut row = service(address, Scheduler::Rr);
    row.protocol = lcms_lb_core::model::Protocol::Udp;
    row.servers = [(name("rs1"), server(answerer.address, 1))].into();
    let place = Place { folder: tempfile::tempdir().unwrap(), config: wanted(row) };
    let first = place.start(2);
    let client = speaker(address).unwrap();
    assert_eq!(insist(&client, "one"), "rs1:one");
    let second = place.take_over(2, &first);
    assert_eq!(insist(&client, "two"), "rs1:two");
    assert_eq!(second.snapshot().services[&web()].live.connections.load(Relaxed), 1);
    first.shutdown();
    assert_eq!(insist(&client, "three"), "rs1:three");
}
