//! Servers that die and come back.

use std::sync::atomic::Ordering::Relaxed;

use lcms_lb_core::model::{
    Check, CheckInterval, CheckKind, Health, OperState, Scheduler, Status, WeightSource,
};

use crate::support::backend::Backend;
use crate::support::client::ask;
use crate::support::director::{Fixture, server_id, web};
use crate::support::free_address;

fn checked() -> Check {
    Check { kind: CheckKind::Tcp, interval: CheckInterval::clamped(100), ..Check::default() }
}

fn health(fixture: &Fixture, server: &'static str, health: Health) {
    fixture.until("the checks have seen it", |snapshot| {
        snapshot.servers[&server_id(server)].health == health
    });
}

#[test]
fn a_dead_server_is_found_by_its_first_check_and_a_live_one_too() {
    let backend = Backend::named("rs1");
    let fixture =
        Fixture::with(&[("rs1", backend.address, 1), ("rs2", free_address(), 1)], |service| {
            service.check = checked();
        });
    health(&fixture, "rs1", Health::Up);
    health(&fixture, "rs2", Health::Down);
    let down = fixture.status("rs2");
    assert_eq!(down.oper_state(), OperState::Down);
    assert_eq!(down.reason(), "connection refused");
    assert_eq!(down.effective.source, WeightSource::Health);
    assert_eq!((down.weight_change.count, down.weight_change.before.value()), (1, 1));
    assert!(down.live.last_check().is_some() && down.live.last_success().is_none());
    assert_eq!(down.live.failed.load(Relaxed), 0, "checks do not count as traffic");
    let view = fixture.snapshot().service_view(&web()).unwrap();
    assert_eq!((view.oper_state, view.status), (OperState::Up, Status::Warning));
    assert_eq!((view.servers, view.servers_up), (2, 1));
    let up = fixture.status("rs1");
    assert_eq!((up.live.connections.load(Relaxed), up.live.active.load(Relaxed)), (0, 0));
}

#[test]
fn a_killed_server_loses_what_was_in_flight_on_it_and_comes_back() {
    let (one, two) = (Backend::named("rs1"), Backend::echo("rs2"));
    let fixture = Fixture::with(&[("rs1", one.address, 1), ("rs2", two.address, 1)], |service| {
        service.check = checked();
    });
    health(&fixture, "rs1", Health::Up);
    health(&fixture, "rs2", Health::Up);
    two.kill();
    for _ in 0..50 {
        assert_eq!(ask(fixture.address).unwrap(), "rs1");
    }
    health(&fixture, "rs2", Health::Down);
    let failed = fixture.status("rs2").live.failed.load(Relaxed);
    for _ in 0..50 {
        assert_eq!(ask(fixture.address).unwrap(), "rs1");
    }
    assert_eq!(fixture.status("rs2").live.failed.load(Relaxed), failed, "it is out");
    let _back = Backend::echo_at("rs2", two.address);
    health(&fixture, "rs2", Health::Up);
}

#[test]
fn refused_clients_take_a_server_down_without_waiting_for_checks() {
    let (one, two) = (Backend::named("rs1"), Backend::echo("rs2"));
    let fixture = Fixture::with(&[("rs1", one.address, 1), ("rs2", two.address, 1)], |service| {
        service.scheduler = Scheduler::Rr;
        service.check = checked();
    });
    health(&fixture, "rs2", Health::Up);
    // From here on no check comes in time for this story.
    fixture.edit(|service| service.check.interval = CheckInterval::MAX);
    two.kill();
    let asked_until_down = || {
        for _ in 0..10_000 {
            assert_eq!(ask(fixture.address).unwrap(), "rs1");
            if fixture.status("rs2").health == Health::Down {
                return;
            }
        }
        panic!("nobody told the checks");
    };
    asked_until_down();
}

#[test]
fn a_server_that_is_not_checked_counts_as_up() {
    let fixture = Fixture::start(Scheduler::Rr, &[("rs1", free_address(), 1)]);
    assert_eq!(fixture.status("rs1").oper_state(), OperState::Up);
    assert!(ask(fixture.address).is_err());
    assert_eq!(fixture.status("rs1").oper_state(), OperState::Up);
}
