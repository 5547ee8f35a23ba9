//! UDP: flows stand for connections.

use std::net::{Ipv6Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::sync::atomic::Ordering::Relaxed;

use lcms_lb_core::director::{Director, DirectorOptions};
use lcms_lb_core::driver::proxy::ProxyOptions;
use lcms_lb_core::model::{
    Address, AdminState, Check, CheckInterval, CheckKind, Health, IdleTimeout, Protocol, RowState,
    Runtime, Scheduler, Service, Timeout,
};

use crate::support::director::{Fixture, name, options, server, service, wanted};
use crate::support::speaker::{Answerer, hear, insist, say, speaker};
use crate::support::{eventually, free_address, free_on};

fn over_udp(service: &mut Service) {
    service.protocol = Protocol::Udp;
}

fn fixture(servers: &[(&str, SocketAddr, u32)]) -> Fixture {
    Fixture::with(servers, over_udp)
}

#[test]
fn a_clients_datagrams_stay_with_one_server_and_clients_are_spread() {
    let servers = [Answerer::named("rs1"), Answerer::named("rs2")];
    let fixture = fixture(&[("rs1", servers[0].address, 1), ("rs2", servers[1].address, 1)]);
    let clients: Vec<_> = (0..16).map(|_| speaker(fixture.address).unwrap()).collect();
    let first: Vec<String> = clients.iter().map(|client| say(client, "hello")).collect();
    for round in 0..5 {
        for (client, first) in clients.iter().zip(&first) {
            let expected = first.replace("hello", &format!("again {round}"));
            assert_eq!(say(client, &format!("again {round}")), expected);
        }
    }
    for server in ["rs1", "rs2"] {
        let live = fixture.status(server).live.clone();
        let theirs = first.iter().filter(|answer| answer.starts_with(server)).count();
        assert!(theirs > 0, "{server} has no client");
        assert_eq!(live.active.load(Relaxed) as usize, theirs);
        assert_eq!(live.connections.load(Relaxed) as usize, theirs);
        assert_eq!(live.in_flight.load(Relaxed), 0);
        assert_eq!(live.in_octets.load(Relaxed) as usize, theirs * (5 + 5 * 7));
        // An answer is counted after it was sent, when the client may have it.
        let answered = theirs * (9 + 5 * 11);
        eventually("all answers count", || live.out_octets.load(Relaxed) as usize == answered);
    }
    assert_eq!(
        fixture.snapshot().services.values().next().unwrap().live.connections.load(Relaxed),
        16
    );
}

#[test]
fn datagrams_of_all_sizes_pass_whole() {
    let only = Answerer::named("rs1");
    let fixture = fixture(&[("rs1", only.address, 1)]);
    let client = speaker(fixture.address).unwrap();
    client.send(&[]).unwrap();
    for size in [1, 1_472, 1_473, 40_000, 65_507 - "rs1:".len()] {
        let text = "x".repeat(size);
        assert_eq!(say(&client, &text), format!("rs1:{text}"), "{size}");
    }
}

#[test]
fn a_server_that_refuses_is_left_for_the_next() {
    let live = Answerer::named("live");
    let fixture = fixture(&[("rs1", free_address(), 1), ("rs2", live.address, 1)]);
    for _ in 0..8 {
        let client = speaker(fixture.address).unwrap();
        assert_eq!(insist(&client, "hello"), "live:hello");
    }
    assert!(fixture.status("rs1").live.failed.load(Relaxed) > 0);
    assert_eq!(fixture.status("rs2").live.failed.load(Relaxed), 0);
}

#[test]
fn a_flow_is_forgotten_after_its_idle_timeout() {
    let only = Answerer::named("rs1");
    let fixture = Fixture::with(&[("rs1", only.address, 1)], |service| {
        over_udp(service);
        service.idle_timeout = IdleTimeout::clamped(50);
    });
    let client = speaker(fixture.address).unwrap();
    say(&client, "one");
    say(&client, "two");
    let live = fixture.status("rs1").live.clone();
    eventually("the flow is forgotten", || live.active.load(Relaxed) == 0);
    // And the client notices nothing.
    assert_eq!(say(&client, "three"), "rs1:three");
}

#[test]
fn drain_lets_flows_go_on_and_sends_new_ones_elsewhere() {
    let servers = [Answerer::named("rs1"), Answerer::named("rs2")];
    let fixture = fixture(&[("rs1", servers[0].address, 1), ("rs2", servers[1].address, 0)]);
    let old = speaker(fixture.address).unwrap();
    assert_eq!(say(&old, "hello"), "rs1:hello");
    fixture.edit_server("rs2", |server| server.weight = lcms_lb_core::model::Weight::clamped(1));
    fixture.edit_server("rs1", |server| server.admin_state = AdminState::Drain);
    assert_eq!(say(&old, "still"), "rs1:still");
    for _ in 0..4 {
        assert_eq!(say(&speaker(fixture.address).unwrap(), "new"), "rs2:new");
    }
}

#[test]
fn destroying_a_server_moves_its_flows() {
    let servers = [Answerer::named("rs1"), Answerer::named("rs2")];
    let fixture = fixture(&[("rs1", servers[0].address, 1), ("rs2", servers[1].address, 1)]);
    let clients: Vec<_> = (0..8).map(|_| speaker(fixture.address).unwrap()).collect();
    clients.iter().for_each(|client| drop(say(client, "hello")));
    fixture.edit(|service| {
        service.servers.remove(&name("rs1"));
    });
    for client in &clients {
        assert_eq!(say(client, "and now"), "rs2:and now");
    }
}

#[test]
fn the_oldest_question_makes_room_and_conversations_do_not() {
    let only = Answerer::named("rs1");
    let mut row = service(free_address(), Scheduler::Rr);
    over_udp(&mut row);
    row.servers = [(name("rs1"), server(only.address, 1))].into();
    let address = row.socket_address().unwrap();
    let few = DirectorOptions {
        proxy: ProxyOptions { max_connections: NonZeroUsize::new(2), ..options(1).proxy },
        ..options(1)
    };
    let director = Director::start(few, None, wanted(row), Runtime::default()).unwrap();
    let talker = speaker(address).unwrap();
    say(&talker, "one");
    say(&talker, "two");
    for _ in 0..20 {
        assert_eq!(say(&speaker(address).unwrap(), "question"), "rs1:question");
    }
    let snapshot = director.snapshot();
    let live = &snapshot.servers.values().next().unwrap().live;
    assert_eq!(say(&talker, "three"), "rs1:three");
    // The talker's flow was never given up, or it would have begun anew.
    assert_eq!(live.connections.load(Relaxed), 21);
    // With conversations alone there is no room for another.
    let second = speaker(address).unwrap();
    say(&second, "one");
    say(&second, "two");
    let late = speaker(address).unwrap();
    late.send(b"too late").unwrap();
    let refused = &snapshot.services.values().next().unwrap().live.refused;
    eventually("it is counted", || refused.load(Relaxed) == 1);
    assert_eq!(say(&second, "three"), "rs1:three");
}

#[test]
fn ipv6_clients_reach_ipv6_and_ipv4_servers() {
    let four = Answerer::named("rs1");
    let six = Answerer::at("rs2", free_on(Ipv6Addr::LOCALHOST.into()));
    let front = free_on(Ipv6Addr::LOCALHOST.into());
    let fixture = Fixture::with(&[("rs1", four.address, 1), ("rs2", six.address, 1)], |service| {
        over_udp(service);
        service.address = Some(Address::from(front.ip()));
        service.port = std::num::NonZeroU16::new(front.port());
    });
    let mut heard: Vec<String> =
        (0..8).map(|_| say(&speaker(fixture.address).unwrap(), "hello")).collect();
    heard.sort();
    heard.dedup();
    assert_eq!(heard, ["rs1:hello", "rs2:hello"]);
}

#[test]
fn checks_find_out_which_servers_are_there() {
    let only = Answerer::named("rs1");
    let absent = free_address();
    let fixture = Fixture::with(&[("rs1", only.address, 1), ("rs2", absent, 1)], |service| {
        over_udp(service);
        service.check = Check {
            kind: CheckKind::Udp,
            interval: CheckInterval::clamped(100),
            timeout: Timeout::clamped(50),
            ..Check::default()
        };
    });
    let snapshot = fixture.until("both were checked", |snapshot| {
        snapshot.servers.values().all(|status| status.health != Health::Unchecked)
    });
    let of = |id: &str| &snapshot.servers[&crate::support::director::server_id(id)];
    assert_eq!((of("rs1").health, of("rs2").health), (Health::Up, Health::Down));
    assert_eq!(of("rs2").check, "connection refused");
    let _late = Answerer::at("rs2", absent);
    fixture.until("it came up", |snapshot| {
        snapshot.servers.values().all(|status| status.health == Health::Up)
    });
}

#[test]
fn a_service_out_of_service_hears_nobody_and_comes_back() {
    let only = Answerer::named("rs1");
    let fixture = fixture(&[("rs1", only.address, 1)]);
    let client = speaker(fixture.address).unwrap();
    say(&client, "hello");
    let live = fixture.status("rs1").live.clone();
    fixture.edit(|service| service.row = RowState::NotInService);
    assert_eq!(live.active.load(Relaxed), 0);
    // Nobody holds the port any more, and the host says so.
    client.send(b"anybody").unwrap();
    assert_eq!(hear(&client).unwrap_err().kind(), std::io::ErrorKind::ConnectionRefused);
    fixture.edit(|service| service.row = RowState::Active);
    assert_eq!(say(&client, "back"), "rs1:back");
}
