//! Changes of state: all of one or nothing of it.

use std::net::{TcpListener, TcpStream};
use std::num::NonZeroU16;
use std::path::Path;
use std::time::{Instant, SystemTime};

use lcms_lb_core::director::{CommitError, Director, DirectorHandle, Draft, Listening};
use lcms_lb_core::model::{
    Address, AdminState, DynamicWeight, Forward, Host, LeaseRequest, Name, ProblemKind, Protocol,
    Role, Roles, RowId, RowState, Runtime, Scheduler, Source, UnixTime, Wanted, Weight,
    WeightSource,
};
use lcms_lb_core::store::{Note, Opened, Store};

use crate::support::backend::Backend;
use crate::support::client::{ask, connect, read_text};
use crate::support::director::{
    Fixture, by, name, options, server, server_id, service, wanted, web, web_of,
};
use crate::support::{PATIENCE, free_address};

#[test]
fn a_draft_of_a_past_state_is_refused() {
    let fixture = Fixture::start(Scheduler::Rr, &[]);
    let old = Draft::of(&fixture.snapshot(), by("slow"));
    fixture.edit(|service| service.service_type = "http".into());
    assert!(matches!(fixture.director.commit(old), Err(CommitError::Stale)));
}

#[test]
fn a_commit_tells_who_and_counts_while_volatile_ones_do_not() {
    let fixture = Fixture::start(Scheduler::Rr, &[("rs1", free_address(), 5)]);
    let before = fixture.snapshot();
    let after = fixture.edit_server("rs1", |row| row.weight = Weight::clamped(7));
    assert_eq!(after.wanted.generation, before.wanted.generation + 1);
    assert_eq!(after.wanted.provenance.principal, "operator");
    assert_eq!(after.wanted.provenance.source, Source::Snmp);
    let status = fixture.status("rs1");
    assert_eq!(status.weight_change.by, "operator");
    assert_eq!(status.weight_change.before.value(), 5);

    let volatile = lease(&fixture, "controller", 1, 60).unwrap();
    assert_eq!(volatile.wanted.generation, after.wanted.generation);
    assert_eq!(volatile.wanted.provenance.principal, "operator");
    assert!(volatile.serial > after.serial);
}

fn lease(
    fixture: &Fixture,
    owner: &str,
    term: u32,
    seconds: u32,
) -> Result<std::sync::Arc<lcms_lb_core::director::Snapshot>, CommitError> {
    let mut draft = Draft::of(&fixture.snapshot(), by("controller"));
    let request =
        LeaseRequest { owner: Some(owner.into()), term: Some(term), seconds: Some(seconds) };
    draft.runtime_mut().request_lease(name("main"), &request, Instant::now()).unwrap();
    let weight = DynamicWeight {
        weight: Weight::clamped(42),
        why: "much room".into(),
        by: owner.into(),
        at: SystemTime::now(),
    };
    draft.runtime_mut().weights.insert(server_id("rs1"), weight);
    fixture.director.commit(draft)
}

#[test]
fn a_dynamic_weight_rules_until_its_lease_runs_out() {
    let fixture = Fixture::start(Scheduler::Wrr, &[("rs1", free_address(), 5)]);
    lease(&fixture, "controller", 1, 1).unwrap();
    let status = fixture.status("rs1");
    assert_eq!(status.effective.weight.value(), 42);
    assert_eq!(status.effective.source, WeightSource::Dynamic);
    assert_eq!(
        (status.weight_reason.as_str(), status.weight_change.by.as_str()),
        ("much room", "controller")
    );
    fixture.until("the lease ran out", |snapshot| {
        snapshot.servers[&server_id("rs1")].effective.weight.value() == 5
    });
    let status = fixture.status("rs1");
    assert_eq!((status.weight_change.count, status.weight_change.by.as_str()), (2, ""));
    assert_eq!(fixture.snapshot().runtime.lease(&name("main")).term, 1);
}

#[test]
fn what_cannot_be_is_refused_with_the_row_and_changes_nothing() {
    let fixture = Fixture::start(Scheduler::Rr, &[("rs1", free_address(), 1)]);
    let before = fixture.snapshot();
    let problems = |edit: &dyn Fn(&mut Wanted)| match fixture.try_edit(edit) {
        Err(CommitError::Invalid(problems)) => problems,
        other => panic!("{other:?}"),
    };
    let kinds = |edit: &dyn Fn(&mut Wanted)| -> Vec<(RowId, ProblemKind)> {
        problems(edit).into_iter().map(|one| (one.row, one.kind)).collect()
    };
    let web_row = RowId::Service(web());
    assert_eq!(
        kinds(&|wanted| {
            let row = web_of(wanted);
            (row.protocol, row.accept_proxy, row.row) =
                (Protocol::Udp, true, RowState::NotInService);
        }),
        [(web_row, ProblemKind::ProxyWithoutTcp)]
    );
    assert_eq!(
        kinds(&|wanted| {
            let row = web_of(wanted);
            (row.forward, row.row) = (Forward::Nat, RowState::NotInService);
        }),
        [(web_row, ProblemKind::Forward(Forward::Nat))]
    );
    assert_eq!(
        kinds(&|wanted| web_of(wanted).port = NonZeroU16::new(1)),
        [(web_row, ProblemKind::Fixed("port"))]
    );
    assert_eq!(
        kinds(&|wanted| {
            let twin = web_of(wanted).clone();
            wanted.clusters.get_mut(&name("main")).unwrap().services.insert(name("web2"), twin);
        })
        .len(),
        1
    );
    assert_eq!(
        kinds(&|wanted| {
            wanted.hosts.get_mut(&name("here")).unwrap().role_status =
                Roles::NONE.with(Role::Manager);
        }),
        [(RowId::Host(name("here")), ProblemKind::RoleNotPotential)]
    );
    assert_eq!(
        kinds(&|wanted| {
            web_of(wanted).servers.get_mut(&name("rs1")).unwrap().host = Some(name("nowhere"));
        })
        .len(),
        1
    );
    assert_eq!(fixture.snapshot().serial, before.serial);
    assert_eq!(*fixture.snapshot().wanted, *before.wanted);
}

#[test]
fn an_address_in_use_refuses_the_commit_and_not_the_start() {
    let backend = Backend::named("rs1");
    let taken = TcpListener::bind(free_address()).unwrap();
    let address = taken.local_addr().unwrap();
    let fixture = Fixture::start(Scheduler::Rr, &[("rs1", backend.address, 1)]);
    let refused = fixture.try_edit(|wanted| {
        let mut second = web_of(wanted).clone();
        second.address = Some(Address::from(address.ip()));
        second.port = NonZeroU16::new(address.port());
        wanted.clusters.get_mut(&name("main")).unwrap().services.insert(name("web2"), second);
    });
    assert!(matches!(refused, Err(CommitError::Unavailable { address: at, .. }) if at == address));
    assert_eq!(fixture.snapshot().wanted.services().count(), 1);
    assert_eq!(ask(fixture.address).unwrap(), "rs1");

    let mut row = service(address, Scheduler::Rr);
    row.servers = [(name("rs1"), server(backend.address, 1))].into();
    let director = Director::start(options(1), None, wanted(row), Runtime::default()).unwrap();
    let listening =
        |director: &DirectorHandle| director.snapshot().services[&web()].listening.clone();
    assert!(matches!(listening(&director), Listening::Failed(_)));
    drop(taken);
    director
        .wait_until(PATIENCE, |snapshot| snapshot.services[&web()].listening == Listening::Yes)
        .expect("it is tried again");
    assert_eq!(ask(address).unwrap(), "rs1");
}

#[test]
fn two_directors_do_not_share_an_address_unnoticed() {
    let first = Fixture::start(Scheduler::Rr, &[]);
    let mut row = service(first.address, Scheduler::Rr);
    row.service_type = "second".into();
    let second = Director::start(options(2), None, wanted(row), Runtime::default()).unwrap();
    let status = second.snapshot().services[&web()].listening.clone();
    assert!(matches!(status, Listening::Failed(_)), "{status:?}");
}

#[test]
fn a_service_takes_over_the_address_of_another_in_one_commit() {
    let (one, two) = (Backend::named("rs1"), Backend::named("rs2"));
    let fixture = Fixture::start(Scheduler::Rr, &[("rs1", one.address, 1)]);
    fixture
        .try_edit(|wanted| {
            let services = &mut wanted.clusters.get_mut(&name("main")).unwrap().services;
            let mut row = services.remove(&name("web")).unwrap();
            row.servers = [(name("rs2"), server(two.address, 1))].into();
            services.insert(name("web2"), row);
        })
        .unwrap();
    assert_eq!(ask(fixture.address).unwrap(), "rs2");
}

#[test]
fn a_backup_is_promoted_and_demoted_by_its_role_status() {
    let backend = Backend::echo("rs1");
    let mut row = service(free_address(), Scheduler::Rr);
    row.servers = [(name("rs1"), server(backend.address, 1))].into();
    let address = row.socket_address().unwrap();
    let mut document = wanted(row);
    document.hosts.get_mut(&name("here")).unwrap().role_status =
        Roles::NONE.with(Role::BackupDirector);
    let director = Director::start(options(2), None, document, Runtime::default()).unwrap();
    let fixture = Fixture { director, address };
    assert!(!fixture.snapshot().driving);
    assert!(TcpStream::connect(address).is_err());

    let set = |roles: Roles| {
        fixture
            .try_edit(|wanted| {
                wanted.hosts.get_mut(&name("here")).unwrap().role_status = roles;
            })
            .unwrap()
    };
    assert!(set(Roles::NONE.with(Role::Director)).driving);
    let mut client = connect(address);
    assert_eq!(read_text(&mut client, 3), "rs1");
    assert!(!set(Roles::NONE).driving);
    assert!(TcpStream::connect(address).is_err());
    use std::io::Write;
    client.write_all(b"ping").unwrap();
    assert_eq!(read_text(&mut client, 4), "ping");
}

fn open(path: &Path, config: Wanted) -> Opened {
    Store::open(path, config, UnixTime(1_000)).unwrap()
}

fn start(opened: Opened) -> DirectorHandle {
    Director::start(options(1), Some(opened.store), opened.wanted, opened.runtime).unwrap()
}

#[test]
fn what_was_set_and_the_terms_of_leases_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.json");
    let address = free_address();
    let mut row = service(address, Scheduler::Rr);
    row.servers = [(name("rs1"), server(free_address(), 5))].into();
    let config = wanted(row);
    let fixture = Fixture { director: start(open(&path, config.clone())), address };
    fixture.edit_server("rs1", |row| row.admin_state = AdminState::Drain);
    lease(&fixture, "controller", 9, 60).unwrap();
    fixture.director.shutdown();
    let generation = fixture.snapshot().wanted.generation;
    assert!(matches!(
        fixture.director.commit(Draft::of(&fixture.snapshot(), by("late"))),
        Err(CommitError::Closed)
    ));
    drop(fixture);

    let opened = open(&path, config);
    assert_eq!(opened.notes, Vec::<Note>::new());
    let again = Fixture { director: start(opened), address };
    let snapshot = again.snapshot();
    assert_eq!(snapshot.wanted.generation, generation);
    assert_eq!(again.status("rs1").admin_state, AdminState::Drain);
    let lease = snapshot.runtime.lease(&name("main"));
    assert_eq!((lease.owner.as_str(), lease.term), ("controller", 9));
    assert!(!lease.runs(Instant::now()));
    assert!(snapshot.runtime.weights.is_empty());
}

#[test]
fn a_commit_that_cannot_be_written_does_not_happen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.json");
    let config = wanted(service(free_address(), Scheduler::Rr));
    let fixture = Fixture { director: start(open(&path, config)), address: free_address() };
    // A folder where the temporary file goes: not even root can write there.
    std::fs::create_dir(folder.path().join("state.json.tmp")).unwrap();
    let mut second = service(free_address(), Scheduler::Rr);
    second.service_type = "second".into();
    let at = second.socket_address().unwrap();
    let refused = fixture.try_edit(|wanted| {
        wanted.clusters.get_mut(&name("main")).unwrap().services.insert(name("web2"), second);
        wanted.hosts.insert("elsewhere".parse::<Name>().unwrap(), Host::default());
    });
    assert!(matches!(refused, Err(CommitError::Store(_))), "{refused:?}");
    assert_eq!(fixture.snapshot().wanted.services().count(), 1);
    assert!(TcpStream::connect(at).is_err(), "what was prepared is given up");
}
