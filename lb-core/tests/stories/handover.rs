//! A director in the place of another, which lives on with its connections.

use std::io::{ErrorKind, Write};
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use lcms_lb_core::director::{Director, DirectorHandle, Draft, HandedOver};
use lcms_lb_core::model::{
    AdminState, CheckKind, DynamicWeight, EjectionTime, LeaseRequest, OperState,
    PersistenceTimeout, Protocol, Scheduler, Service, Span, UnixTime, Wanted, Weight, WeightSource,
};
use lcms_lb_core::store::Store;

use crate::support::backend::Backend;
use crate::support::client::{ask, ask_from, connect, read_error, read_text};
use crate::support::director::{
    Fixture, by, name, options, server, server_id, service, wanted, web,
};
use crate::support::speaker::{Answerer, hear, insist, speaker};
use crate::support::{PATIENCE, free_address};

/// A day: no story lasts that long.
const LONG: u32 = 86_400_000;

/// Where a story's document is, and what the file asks for.
struct Place {
    folder: tempfile::TempDir,
    config: Wanted,
}

impl Place {
    /// With these servers of the one service, at the address that is returned.
    fn with(
        servers: &[(&str, SocketAddr, u32)],
        edit: impl FnOnce(&mut Service),
    ) -> (Self, SocketAddr) {
        let address = free_address();
        let mut row = service(address, Scheduler::Rr);
        let servers = servers.iter().map(|(id, at, weight)| (name(id), server(*at, *weight)));
        row.servers = servers.collect();
        edit(&mut row);
        (Self { folder: tempfile::tempdir().unwrap(), config: wanted(row) }, address)
    }

    fn start(&self, shards: usize) -> DirectorHandle {
        let path = self.folder.path().join("state.json");
        let opened = Store::open(&path, self.config.clone(), UnixTime(1)).unwrap();
        Director::start(options(shards), Some(opened.store), opened.wanted, opened.runtime).unwrap()
    }

    /// What a new process does with what it was given.
    fn take_over(&self, shards: usize, from: &DirectorHandle) -> DirectorHandle {
        let path = self.folder.path().join("state.json");
        let HandedOver { listeners, lock } = from.hand_over().unwrap();
        let opened = Store::take_over(lock, &path, self.config.clone(), UnixTime(2)).unwrap();
        let to = Director::take_over(
            options(shards),
            Some(opened.store),
            opened.wanted,
            opened.runtime,
            (listeners, from.pause().unwrap()),
        );
        from.retire().unwrap();
        to.unwrap()
    }
}

#[test]
fn nobody_is_refused_and_what_is_established_goes_on() {
    let backend = Backend::echo("rs1");
    let (place, address) = Place::with(&[("rs1", backend.address, 1)], |_| {});
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
    let servers = [("rs1", backend.address, 5), ("rs2", dead, 5)];
    let (place, address) = Place::with(&servers, |row| row.check.kind = CheckKind::Tcp);
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
    let servers = [("rs1", answerer.address, 1)];
    let (place, address) = Place::with(&servers, |row| row.protocol = Protocol::Udp);
    let first = place.start(2);
    let client = speaker(address).unwrap();
    assert_eq!(insist(&client, "one"), "rs1:one");
    let second = place.take_over(2, &first);
    assert_eq!(insist(&client, "two"), "rs1:two");
    assert_eq!(second.snapshot().services[&web()].live.connections.load(Relaxed), 1);
    first.shutdown();
    assert_eq!(insist(&client, "three"), "rs1:three");
}

/// Which of the servers hears a datagram, and from where.
fn heard_by(servers: &[UdpSocket; 2]) -> (usize, SocketAddr) {
    let end = Instant::now() + PATIENCE;
    for (at, server) in servers.iter().enumerate().cycle() {
        let mut buffer = [0; 64];
        match server.recv_from(&mut buffer) {
            Ok((_, from)) => return (at, from),
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
        }
        assert!(Instant::now() < end, "no datagram arrives");
    }
    unreachable!("it goes round for ever")
}

#[test]
fn a_conversation_stays_with_its_server_and_keeps_its_port() {
    let servers = [(); 2].map(|()| UdpSocket::bind(free_address()).unwrap());
    servers.iter().for_each(|one| one.set_nonblocking(true).unwrap());
    let [a, b] = servers.each_ref().map(|one| one.local_addr().unwrap());
    let (place, address) = Place::with(&[("a", a, 1), ("b", b, 1)], |row| {
        (row.protocol, row.ejection_time) = (Protocol::Udp, EjectionTime::MIN);
    });
    let mut present = place.start(2);
    let clients: Vec<UdpSocket> = (0..8).map(|_| speaker(address).unwrap()).collect();
    let talk = |client: &UdpSocket| {
        client.send(b"word").unwrap();
        let (at, from) = heard_by(&servers);
        servers[at].send_to(b"heard", from).unwrap();
        assert_eq!(hear(client).unwrap(), "heard");
        (at, from)
    };
    let first: Vec<(usize, SocketAddr)> = clients.iter().map(talk).collect();
    // More shards, and fewer: the flows are with their clients' listeners.
    for shards in [2, 4, 1] {
        let next = place.take_over(shards, &present);
        assert_eq!(present.connections().unwrap(), 0, "nothing is left to wait for");
        std::mem::replace(&mut present, next).shutdown();
        assert_eq!(present.connections().unwrap(), clients.len());
        assert_eq!(clients.iter().map(talk).collect::<Vec<_>>(), first);
    }
    // An answer that comes when nobody listens is not lost either.
    clients[0].send(b"word").unwrap();
    let (at, from) = heard_by(&servers);
    let legacy = present.pause().unwrap();
    servers[at].send_to(b"late", from).unwrap();
    present.resume();
    assert_eq!(hear(&clients[0]).unwrap(), "late");
    drop(legacy);
}

#[test]
fn a_client_that_stays_finds_the_same_server() {
    let backends = ["a", "b", "c"].map(Backend::named);
    let [a, b, c] = backends.each_ref().map(|one| one.address);
    let (place, address) = Place::with(&[("a", a, 1), ("b", b, 1), ("c", c, 1)], |row| {
        row.persistence_timeout = PersistenceTimeout::clamped(LONG);
    });
    let mut present = place.start(2);
    let ask = |number: u8| ask_from([127, 10, number, 1], address);
    let first: Vec<String> = (0..13).map(ask).collect();
    for shards in [2, 1, 3] {
        let next = place.take_over(shards, &present);
        std::mem::replace(&mut present, next).shutdown();
        assert_eq!((0..13).map(ask).collect::<Vec<_>>(), first);
    }
}

#[test]
fn a_slow_start_goes_on_where_it_was() {
    let (old, new) = (Backend::named("old"), Backend::named("new"));
    let (place, address) = Place::with(&[("old", old.address, 10)], |row| {
        row.slow_start = Span::clamped(10_000);
    });
    let fixture = Fixture { director: place.start(1), address };
    let row = server(new.address, 1_000);
    fixture.edit(|service| {
        service.servers.insert(name("new"), row);
    });
    let weight = |fixture: &Fixture| fixture.status("new").effective.weight.value();
    fixture.until("a step is done", |snapshot| {
        snapshot.servers[&server_id("new")].effective.weight.value() > 1
    });
    let (before, change) = (weight(&fixture), fixture.status("new").weight_change.clone());
    let next = Fixture { director: place.take_over(1, &fixture.director), address };
    assert!((before..1_000).contains(&weight(&next)), "{} after {before}", weight(&next));
    assert_eq!(next.status("new").oper_state(), OperState::SlowStart);
    assert_eq!(next.status("new").weight_change, change);
    next.until("it goes on", |snapshot| {
        snapshot.servers[&server_id("new")].effective.weight.value() > before
    });
    // One that comes with the new process's file is as new as with a reload.
    let late = Backend::named("late");
    let mut later = place;
    let row = server(late.address, 1_000);
    let services = &mut later.config.clusters.get_mut(&name("main")).unwrap().services;
    services.get_mut(&name("web")).unwrap().servers.insert(name("late"), row);
    let last = Fixture { director: later.take_over(1, &next.director), address };
    assert_eq!(last.status("late").oper_state(), OperState::SlowStart);
    assert_eq!(last.status("old").oper_state(), OperState::Up);
}

#[test]
fn who_is_ejected_stays_so_and_comes_back_in_its_time() {
    let (backend, dead) = (Backend::named("rs1"), free_address());
    let servers = [("rs1", backend.address, 1), ("rs2", dead, 1)];
    let (place, address) = Place::with(&servers, |row| {
        (row.check.kind, row.ejection_time) = (CheckKind::None, EjectionTime::MAX);
    });
    let fixture = Fixture { director: place.start(1), address };
    while fixture.status("rs2").ejected.is_none() {
        assert_eq!(ask(address).unwrap(), "rs1");
    }
    let before = fixture.status("rs2");
    let next = Fixture { director: place.take_over(1, &fixture.director), address };
    let after = next.status("rs2");
    let [before_until, until] = [&before, &after].map(|one| one.ejected.as_ref().unwrap().until);
    assert!(until.max(before_until) - until.min(before_until) < Duration::from_secs(5));
    assert_eq!((after.oper_state(), after.reason()), (OperState::Down, before.reason()));
    for _ in 0..4 {
        assert_eq!(ask(address).unwrap(), "rs1");
    }
    assert_eq!(next.status("rs2").live.failed.load(Relaxed), 0, "nobody was sent there");
}

#[test]
fn a_deadline_holds_for_connections_that_stay_behind() {
    let backends = [Backend::echo("a"), Backend::echo("b")];
    let servers = [("a", backends[0].address, 1), ("b", backends[1].address, 0)];
    let (place, address) = Place::with(&servers, |_| {});
    let fixture = Fixture { director: place.start(1), address };
    let mut client = connect(address);
    assert_eq!(read_text(&mut client, 1), "a");
    let began = Instant::now();
    fixture.edit_server("a", |server| {
        (server.admin_state, server.drain_deadline) = (AdminState::Drain, Span::clamped(300));
    });
    let next = place.take_over(1, &fixture.director);
    assert_eq!(read_error(&mut client), Some(ErrorKind::ConnectionReset));
    assert!(began.elapsed() >= Duration::from_millis(300), "{:?}", began.elapsed());
    next.shutdown();
}

#[test]
fn who_finds_no_successor_goes_on() {
    let backend = Backend::echo("rs1");
    let (place, address) = Place::with(&[("rs1", backend.address, 1)], |_| {});
    let fixture = Fixture { director: place.start(2), address };
    let mut before = connect(address);
    assert_eq!(read_text(&mut before, 3), "rs1");
    for round in 1..=3 {
        drop(fixture.director.hand_over().unwrap());
        drop(fixture.director.pause().unwrap());
        // They wait in the listeners, and what is established goes on.
        let mut waiting: Vec<_> = (0..8).map(|_| connect(address)).collect();
        before.write_all(b"still here").unwrap();
        assert_eq!(read_text(&mut before, 10), "still here");
        let draft = Draft::of(&fixture.snapshot(), by("late"));
        fixture.director.commit(draft).expect_err("whose the document is is not clear");
        fixture.director.resume();
        for client in &mut waiting {
            assert_eq!(read_text(client, 3), "rs1");
        }
        let weight = Weight::clamped(round);
        fixture.edit_server("rs1", |server| server.weight = weight);
        assert_eq!(fixture.status("rs1").effective.weight, weight);
    }
}
