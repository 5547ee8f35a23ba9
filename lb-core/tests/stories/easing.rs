//! Servers that come back bit by bit, and those that go with a deadline.

use std::io::{ErrorKind, Write};
use std::time::{Duration, Instant};

use lcms_lb_core::model::{
    AdminState, CheckCount, CheckInterval, CheckKind, Scheduler, Span, Weight,
};

use crate::support::backend::Backend;
use crate::support::client::{ask, connect, read_error, read_text};
use crate::support::director::{Fixture, name, server, server_id};

/// The weights of a server, from the first above 0 to this one.
fn weights_up_to(fixture: &Fixture, id: &str, full: u32) -> Vec<u32> {
    let mut weights = Vec::new();
    while weights.last() != Some(&full) {
        let last = weights.last().copied().unwrap_or(0);
        let snapshot = fixture.until("the weight grows", |snapshot| {
            snapshot.servers[&server_id(id)].effective.weight.value() != last
        });
        let status = &snapshot.servers[&server_id(id)];
        let weight = status.effective.weight.value();
        assert!(weight > last, "{weight} after {weights:?}");
        let begun = status.full_weight.value();
        assert_eq!(begun, full);
        weights.push(weight);
    }
    weights
}

#[test]
fn a_server_that_comes_back_starts_slowly() {
    let backend = Backend::echo("rs1");
    let other = Backend::echo("rs2");
    let servers = [("rs1", backend.address, 100), ("rs2", other.address, 100)];
    let fixture = Fixture::with(&servers, |service| {
        service.check.kind = CheckKind::Tcp;
        service.check.interval = CheckInterval::MIN;
        (service.check.rise, service.check.fall) = (CheckCount::MIN, CheckCount::MIN);
        service.slow_start = Span::clamped(400);
    });
    // With the director itself everybody begins at once.
    assert_eq!(fixture.status("rs1").effective.weight.value(), 100);
    let address = backend.address;
    backend.kill();
    fixture.until("it is down", |snapshot| {
        snapshot.servers[&server_id("rs1")].effective.weight == Weight::MIN
    });
    let changes = fixture.status("rs1").weight_change.count;
    let _again = Backend::echo_at("rs1", address);
    let weights = weights_up_to(&fixture, "rs1", 100);
    assert!(weights.len() > 2 && weights[0] < 50, "{weights:?}");
    let change = fixture.status("rs1").weight_change.clone();
    assert_eq!((change.count, change.before.value()), (changes + 1, 0), "one change in all");
}

#[test]
fn a_server_that_is_new_starts_slowly_and_weights_are_in_proportion() {
    let (old, new) = (Backend::named("old"), Backend::named("new"));
    let fixture = Fixture::with(&[("old", old.address, 10)], |service| {
        service.scheduler = Scheduler::Wrr;
        service.slow_start = Span::clamped(600_000);
    });
    let row = server(new.address, 1_000);
    fixture.edit(|service| {
        service.servers.insert(name("new"), row);
    });
    let status = fixture.status("new");
    assert_eq!((status.effective.weight.value(), status.full_weight.value()), (1, 1_000));
    assert_eq!(status.oper_state().to_string(), "slowStart");
    let answers: Vec<String> = (0..44).map(|_| ask(fixture.address).unwrap()).collect();
    let fresh = answers.iter().filter(|one| *one == "new").count();
    assert!((2..=6).contains(&fresh), "{fresh} of 44");
    // Without it the whole weight is there at once.
    fixture.edit(|service| service.slow_start = Span::MIN);
    assert_eq!(fixture.status("new").effective.weight.value(), 1_000);
}

#[test]
fn a_drain_with_a_deadline_ends_what_is_left() {
    for state in [AdminState::Drain, AdminState::Maintenance] {
        let backends = [Backend::echo("a"), Backend::echo("b")];
        let servers = [("a", backends[0].address, 1), ("b", backends[1].address, 0)];
        let fixture = Fixture::with(&servers, |_| {});
        let mut client = connect(fixture.address);
        assert_eq!(read_text(&mut client, 1), "a");
        let began = Instant::now();
        fixture.edit_server("a", |server| {
            (server.admin_state, server.drain_deadline) = (state, Span::clamped(150));
        });
        client.write_all(b"still here").unwrap();
        assert_eq!(read_text(&mut client, 10), "still here");
        assert_eq!(read_error(&mut client), Some(ErrorKind::ConnectionReset));
        assert!(began.elapsed() >= Duration::from_millis(150), "{:?}", began.elapsed());
        fixture.edit_server("a", |server| server.admin_state = AdminState::Enabled);
        let mut client = connect(fixture.address);
        assert_eq!(read_text(&mut client, 1), "a");
    }
}

#[test]
fn a_deadline_counts_from_the_drain_and_a_server_that_is_back_has_none() {
    let backend = Backend::echo("a");
    let fixture = Fixture::with(&[("a", backend.address, 1)], |_| {});
    let mut client = connect(fixture.address);
    assert_eq!(read_text(&mut client, 1), "a");
    fixture.edit_server("a", |server| server.admin_state = AdminState::Drain);
    fixture.edit_server("a", |server| server.drain_deadline = Span::clamped(600_000));
    client.write_all(b"!").unwrap();
    assert_eq!(read_text(&mut client, 1), "!");
    fixture.edit_server("a", |server| server.admin_state = AdminState::Enabled);
    fixture.edit_server("a", |server| server.drain_deadline = Span::clamped(1));
    client.write_all(b"?").unwrap();
    assert_eq!(read_text(&mut client, 1), "?");
    // It has been draining for longer than that by the time it is asked.
    fixture.edit_server("a", |server| server.admin_state = AdminState::Drain);
    assert_eq!(read_error(&mut client), Some(ErrorKind::ConnectionReset));
}
