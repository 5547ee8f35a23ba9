//! Clients that stay with their servers.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use lcms_lb_core::model::{
    AdminState, PersistenceTimeout, PrefixIpv4, Scheduler, Service, Timeout, Weight,
};

use crate::support::backend::Backend;
use crate::support::client::ask_from;
use crate::support::director::{Fixture, name, server, web};
use crate::support::{PATIENCE, eventually};

/// A day: no story lasts that long.
const LONG: PersistenceTimeout = PersistenceTimeout::clamped(86_400_000);

/// Servers in turns, four times as many clients as any mask of the stories makes.
fn sticky(edit: impl FnOnce(&mut Service)) -> (Fixture, [Backend; 3]) {
    let backends = ["a", "b", "c"].map(Backend::named);
    let [a, b, c] = &backends;
    let servers = [("a", a.address, 1), ("b", b.address, 1), ("c", c.address, 1)];
    let fixture = Fixture::with(&servers, |service| {
        service.scheduler = Scheduler::Rr;
        service.persistence_timeout = LONG;
        edit(service);
    });
    (fixture, backends)
}

fn client(number: u8) -> [u8; 4] {
    [127, 9, number, 1]
}

fn persistent(fixture: &Fixture) -> u32 {
    let live = fixture.snapshot().services[&web()].live.clone();
    live.persistent_clients(Instant::now(), LONG.milliseconds())
}

#[test]
fn a_client_stays_on_every_thread_and_over_changes_of_weight() {
    let (fixture, _backends) = sticky(|_| {});
    let first: Vec<String> =
        (0..12).map(|number| ask_from(client(number), fixture.address)).collect();
    assert_eq!(first.iter().collect::<BTreeSet<_>>().len(), 3, "{first:?}");
    assert_eq!(persistent(&fixture), 12);
    for weight in [1, 9, 200] {
        fixture.edit_server("a", |server| server.weight = Weight::clamped(weight));
        for (number, server) in (0..).zip(&first) {
            assert_eq!(&ask_from(client(number), fixture.address), server);
        }
    }
    // Another scheduler is for new clients.
    fixture.edit(|service| service.scheduler = Scheduler::Fo);
    for (number, server) in (0..).zip(&first) {
        assert_eq!(&ask_from(client(number), fixture.address), server);
    }
    assert_eq!(ask_from(client(99), fixture.address), "a");
}

#[test]
fn who_lost_its_server_stays_with_the_next() {
    let (fixture, [a, b, _c]) = sticky(|_| {});
    let mine = ask_from(client(1), fixture.address);
    let dead = if mine == "a" { &a } else { &b };
    if mine == "c" {
        fixture.edit_server("c", |server| server.admin_state = AdminState::Maintenance);
    } else {
        dead.kill();
    }
    let next = ask_from(client(1), fixture.address);
    assert_ne!(next, mine);
    for _ in 0..6 {
        assert_eq!(ask_from(client(1), fixture.address), next);
    }
}

#[test]
fn a_server_that_drains_keeps_its_clients_and_gets_no_others() {
    let (fixture, _backends) = sticky(|_| {});
    let mine = ask_from(client(1), fixture.address);
    fixture.edit_server(&mine, |server| server.admin_state = AdminState::Drain);
    for number in 2..20 {
        assert_ne!(ask_from(client(number), fixture.address), mine);
    }
    assert_eq!(ask_from(client(1), fixture.address), mine);
    fixture.edit_server(&mine, |server| server.admin_state = AdminState::Maintenance);
    assert_ne!(ask_from(client(1), fixture.address), mine);
    fixture.edit_server(&mine, |server| server.admin_state = AdminState::Enabled);
    let next = ask_from(client(1), fixture.address);
    assert_ne!(next, mine, "it stays with the one it went to");
    fixture.edit_server(&next, |server| server.weight = Weight::MIN);
    assert_eq!(ask_from(client(1), fixture.address), next);
}

#[test]
fn a_destroyed_server_is_forgotten_also_if_one_of_its_name_comes() {
    let (fixture, backends) = sticky(|_| {});
    let mine = ask_from(client(1), fixture.address);
    let at = ["a", "b", "c"].iter().position(|one| *one == mine).unwrap();
    let address = backends[at].address;
    fixture.edit(|service| {
        service.servers.remove(&name(&mine));
    });
    let next = ask_from(client(1), fixture.address);
    assert_ne!(next, mine);
    fixture.edit(|service| {
        service.servers.insert(name(&mine), server(address, 1));
    });
    assert_eq!(ask_from(client(1), fixture.address), next);
}

#[test]
fn a_client_is_a_network_where_the_mask_says_so() {
    let (fixture, _backends) = sticky(|service| {
        service.persistence_prefix_ipv4 = PrefixIpv4::clamped(24);
    });
    let mine = ask_from([127, 9, 7, 1], fixture.address);
    for last in 2..10 {
        assert_eq!(ask_from([127, 9, 7, last], fixture.address), mine);
    }
    assert_eq!(persistent(&fixture), 1);
    let others: BTreeSet<String> =
        (8..14).map(|net| ask_from([127, 9, net, 1], fixture.address)).collect();
    assert_eq!(others.len(), 3);
}

#[test]
fn a_client_whose_server_is_full_goes_elsewhere_and_comes_back() {
    let (backend, streams) = Backend::handing_over();
    let other = Backend::named("b");
    let servers = [("a", backend.address, 2), ("b", other.address, 1)];
    let fixture = Fixture::with(&servers, |service| {
        service.scheduler = Scheduler::Fo;
        service.persistence_timeout = LONG;
        service.connect_timeout = Timeout::MAX;
        service.servers.get_mut(&name("a")).unwrap().connection_limit = 1;
    });
    let held = std::net::TcpStream::connect(fixture.address).unwrap();
    let seated = streams.recv_timeout(PATIENCE).unwrap();
    let from: IpAddr = Ipv4Addr::LOCALHOST.into();
    assert_eq!(held.local_addr().unwrap().ip(), from);
    assert_eq!(ask_from([127, 0, 0, 1], fixture.address), "b");
    drop((held, seated));
    eventually("the seat is free", || {
        let live = fixture.status("a").live.clone();
        live.active.load(std::sync::atomic::Ordering::SeqCst) == 0
    });
    let _again = std::net::TcpStream::connect(fixture.address).unwrap();
    streams.recv_timeout(PATIENCE).expect("it is with its own server again");
}

#[test]
fn an_entry_ends_with_its_time() {
    let (fixture, _backends) = sticky(|service| {
        service.persistence_timeout = PersistenceTimeout::clamped(50);
    });
    let mut servers = BTreeSet::new();
    // A client that never pauses would stay; this one pauses longer than its
    // entry lives, which is what the story is about.
    let pause = Duration::from_millis(60);
    for _ in 0..6 {
        servers.insert(ask_from(client(1), fixture.address));
        std::thread::sleep(pause);
    }
    assert!(servers.len() > 1, "{servers:?}");
}
