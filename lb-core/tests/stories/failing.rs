//! Servers that fail their clients: how soon they are spared, and who serves
//! instead.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use lcms_lb_core::model::{
    Check, CheckCount, CheckInterval, CheckKind, Health, PanicUse, Permille, ServerCount, Status,
};

use crate::support::backend::Backend;
use crate::support::client::{ask, connect, read_text, reset};
use crate::support::dark::Dark;
use crate::support::director::{Fixture, server_id, web};
use crate::support::eventually;
use crate::support::peer::{Mood, Peer, Speech};

/// Clients that come one after the other, many at a time, until the story is
/// over. None may fail.
struct Clients {
    over: Arc<AtomicBool>,
    threads: Vec<thread::JoinHandle<usize>>,
    served: Arc<AtomicUsize>,
}

impl Clients {
    fn of(address: SocketAddr, count: usize) -> Self {
        let (over, served) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let threads = (0..count)
            .map(|_| {
                let (over, served) = (over.clone(), served.clone());
                thread::spawn(move || {
                    let mut failed = 0;
                    while !over.load(Ordering::SeqCst) {
                        match ask(address) {
                            Ok(_) => served.fetch_add(1, Ordering::SeqCst),
                            Err(_) => {
                                failed += 1;
                                failed
                            }
                        };
                        thread::sleep(Duration::from_millis(5));
                    }
                    failed
                })
            })
            .collect();
        Self { over, threads, served }
    }

    fn until_served(&self, more: usize) {
        let before = self.served.load(Ordering::SeqCst);
        eventually("clients are served", || self.served.load(Ordering::SeqCst) >= before + more);
    }

    /// How many failed, over all.
    fn failed(self) -> usize {
        self.over.store(true, Ordering::SeqCst);
        self.threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    }
}

/// Connections that a server was given and did not accept.
fn attempts(fixture: &Fixture, server: &str) -> u64 {
    let live = fixture.status(server).live.clone();
    live.failed.load(Relaxed) + u64::from(live.in_flight.load(Relaxed))
}

fn until_checked(fixture: &Fixture, servers: &[&'static str]) {
    fixture.until("the checks have seen all", |snapshot| {
        servers.iter().all(|server| snapshot.servers[&server_id(server)].health == Health::Up)
    });
}

/// Waits until that long after a moment.
fn after(moment: Instant, time: Duration) {
    thread::sleep((moment + time).saturating_duration_since(Instant::now()));
}

/// On a machine that does much else besides it may take one longer, and not each of some.
#[test]
fn a_refusing_server_takes_no_connection_after_100_ms() {
    for kind in [CheckKind::Tcp, CheckKind::None] {
        let late: Vec<u64> =
            (0..5).map(|_| given_late(kind)).take_while(|late| *late > 0).collect();
        assert!(late.len() < 5, "with check {kind}: {late:?}");
    }
}

/// How many connections a server that has begun to refuse is given after 100 ms.
fn given_late(kind: CheckKind) -> u64 {
    let (one, two) = (Backend::named("rs1"), Backend::named("rs2"));
    let servers = [("rs1", one.address, 1), ("rs2", two.address, 1)];
    let fixture = Fixture::with(&servers, |service| {
        service.check = Check { kind, ..Check::default() };
    });
    until_checked(&fixture, &["rs1", "rs2"]);
    let clients = Clients::of(fixture.address, 4);
    clients.until_served(20);
    two.kill();
    let killed = Instant::now();
    after(killed, Duration::from_millis(100));
    let given = attempts(&fixture, "rs2");
    after(killed, Duration::from_millis(1_500));
    let late = attempts(&fixture, "rs2").saturating_sub(given);
    assert_eq!(clients.failed(), 0);
    let status = fixture.status("rs2");
    assert!(status.reason().contains("connection refused"), "{}", status.reason());
    assert!(status.live.ejections.load(Relaxed) >= 1);
    late
}

#[test]
fn a_dark_server_takes_no_connection_after_a_second() {
    let (one, mut two) = (Backend::named("rs1"), Dark::start());
    let servers = [("rs1", one.address, 1), ("rs2", two.address, 1)];
    let fixture = Fixture::with(&servers, |service| service.check = Check::default());
    until_checked(&fixture, &["rs1", "rs2"]);
    let clients = Clients::of(fixture.address, 4);
    clients.until_served(20);
    let dark = two.go_dark();
    after(dark, Duration::from_millis(1_000));
    let given = attempts(&fixture, "rs2");
    assert!(given > 0, "it was given some before");
    // Longer than the first ejection: its checks fail by then.
    after(dark, Duration::from_millis(7_500));
    assert_eq!(attempts(&fixture, "rs2"), given);
    fixture.until("its checks say the same", |snapshot| {
        snapshot.servers[&server_id("rs2")].health == Health::Down
    });
    two.light();
    assert_eq!(clients.failed(), 0);
}

#[test]
fn a_client_of_a_dark_server_is_served_by_another_before_the_connect_timeout() {
    let (one, mut two) = (Backend::named("rs1"), Dark::start());
    let servers = [("rs1", one.address, 1), ("rs2", two.address, 1)];
    let fixture = Fixture::with(&servers, |service| service.check = Check::default());
    until_checked(&fixture, &["rs1", "rs2"]);
    two.go_dark();
    let asked = Instant::now();
    for _ in 0..2 {
        assert_eq!(ask(fixture.address).unwrap(), "rs1");
    }
    let timeout = fixture.snapshot().wanted.service(&web()).unwrap().connect_timeout;
    assert!(asked.elapsed() < timeout.milliseconds(), "{:?}", asked.elapsed());
}

#[test]
fn a_server_that_comes_back_is_used_again() {
    let (one, two) = (Backend::named("rs1"), Backend::named("rs2"));
    let servers = [("rs1", one.address, 1), ("rs2", two.address, 1)];
    let fixture = Fixture::with(&servers, |service| {
        service.check = Check {
            interval: CheckInterval::clamped(100),
            rise: CheckCount::clamped(2),
            ..Check::default()
        };
    });
    until_checked(&fixture, &["rs1", "rs2"]);
    let clients = Clients::of(fixture.address, 2);
    two.kill();
    fixture
        .until("it is down", |snapshot| snapshot.servers[&server_id("rs2")].health == Health::Down);
    let _back = Backend::echo_at("rs2", two.address);
    let accepted = || fixture.status("rs2").live.connections.load(Relaxed);
    let before = accepted();
    eventually("it serves again", || accepted() > before);
    assert_eq!(fixture.status("rs2").ejected, None, "a check that passes ends an ejection");
    drop(clients);
}

#[test]
fn an_unchecked_server_comes_back_when_its_ejection_is_over() {
    let (one, two) = (Backend::named("rs1"), Backend::named("rs2"));
    let servers = [("rs1", one.address, 1), ("rs2", two.address, 1)];
    let fixture = Fixture::with(&servers, |service| {
        service.check.kind = CheckKind::None;
        service.ejection_time = lcms_lb_core::model::EjectionTime::clamped(200);
    });
    two.kill();
    for _ in 0..4 {
        assert_eq!(ask(fixture.address).unwrap(), "rs1");
    }
    // Each ejection ends with a look at the server, and not with clients.
    eventually("it is ejected again and again", || {
        fixture.status("rs2").live.ejections.load(Relaxed) >= 3
    });
    let _back = Backend::echo_at("rs2", two.address);
    fixture.until("its ejection is over", |snapshot| {
        snapshot.servers[&server_id("rs2")].ejected.is_none()
    });
}

#[test]
fn a_flapping_server_fails_no_client() {
    let (one, mut two) = (Backend::named("rs1"), Backend::named("rs2"));
    let address = two.address;
    let servers = [("rs1", one.address, 1), ("rs2", address, 1)];
    let fixture = Fixture::with(&servers, |service| {
        service.check = Check { interval: CheckInterval::clamped(100), ..Check::default() };
    });
    until_checked(&fixture, &["rs1", "rs2"]);
    for _ in 0..5 {
        two.kill();
        for _ in 0..10 {
            assert_eq!(ask(fixture.address).unwrap(), "rs1");
        }
        two = Backend::named_at("rs2", address);
        for _ in 0..10 {
            assert!(ask(fixture.address).is_ok());
        }
    }
    assert!(fixture.status("rs2").live.ejections.load(Relaxed) >= 1);
}

/// Accepts, thinks, and resets without a word.
fn cutting() -> Backend {
    Backend::meeting(|stream| {
        thread::sleep(Duration::from_millis(10));
        reset(stream);
        Ok(())
    })
}

#[test]
fn a_server_that_resets_its_clients_is_ejected_although_its_check_passes() {
    let good: Vec<Backend> = (0..2).map(|_| Backend::named("good")).collect();
    let bad = cutting();
    let servers =
        [("rs1", good[0].address, 1), ("rs2", good[1].address, 1), ("rs3", bad.address, 1)];
    let fixture = Fixture::with(&servers, |service| {
        service.check = Check { interval: CheckInterval::clamped(100), ..Check::default() };
    });
    until_checked(&fixture, &["rs1", "rs2", "rs3"]);
    let mut cut = 0;
    while fixture.status("rs3").ejected.is_none() {
        cut += usize::from(ask(fixture.address).is_err());
        assert!(cut < 1_000, "nobody told the checks");
    }
    assert!(cut >= 5, "only resets in a row eject");
    let checked = fixture.status("rs3").live.last_success();
    for _ in 0..20 {
        assert_eq!(ask(fixture.address).unwrap(), "good");
    }
    // And no check that passes lifts this.
    eventually("it is checked again", || fixture.status("rs3").live.last_success() > checked);
    assert!(fixture.status("rs3").ejected.is_some());
    assert_eq!(fixture.status("rs3").reason(), "ejected: connections reset");
}

#[test]
fn below_the_panic_threshold_ejected_servers_are_used() {
    let (good, bad) = (Backend::named("good"), cutting());
    let servers = [("rs1", good.address, 1), ("rs2", bad.address, 1)];
    let fixture = Fixture::with(&servers, |service| service.check.kind = CheckKind::None);
    while fixture.status("rs2").ejected.is_none() {
        let _ = ask(fixture.address);
    }
    for _ in 0..4 {
        assert_eq!(ask(fixture.address).unwrap(), "good");
    }
    // One of two is not enough for this.
    fixture.edit(|service| service.panic_threshold = Permille::clamped(501));
    let answers: Vec<bool> = (0..4).map(|_| ask(fixture.address).is_ok()).collect();
    assert!(answers.contains(&false), "{answers:?}");
    let view = fixture.snapshot().service_view(&web()).unwrap();
    assert_eq!(view.status, Status::Warning);
    assert!(fixture.status("rs2").reason().contains("not ejected, for too few are left"));
}

#[test]
fn when_all_checks_fail_the_configuration_decides_who_serves() {
    let (served, health) = (Backend::named("rs1"), Peer::start(Speech::Http, None));
    health.is(Mood::Wrong);
    let fixture = Fixture::with(&[("rs1", served.address, 1)], |service| {
        service.check = Check {
            kind: CheckKind::Http,
            interval: CheckInterval::clamped(100),
            port: std::num::NonZeroU16::new(health.address.port()),
            ..Check::default()
        };
        let server = service.servers.values_mut().next().unwrap();
        server.check_address = Some(health.address.ip().into());
    });
    fixture
        .until("it is down", |snapshot| snapshot.servers[&server_id("rs1")].health == Health::Down);
    assert!(ask(fixture.address).is_err());
    fixture.edit(|service| service.panic_use = PanicUse::All);
    assert_eq!(ask(fixture.address).unwrap(), "rs1");
    let view = fixture.snapshot().service_view(&web()).unwrap();
    assert_eq!(view.status, Status::Critical);
    assert_eq!(view.reason, "all 1 servers are down, and used all the same");
    assert!(fixture.status("rs1").reason().ends_with("used for want of a better one"));
}

#[test]
fn backups_serve_while_the_quorum_is_lost_and_keep_what_they_have() {
    let three: Vec<Backend> = ["rs1", "rs2", "rs3"].map(Backend::echo).into();
    let backup = Backend::echo("rs4");
    let servers = [
        ("rs1", three[0].address, 1),
        ("rs2", three[1].address, 1),
        ("rs3", three[2].address, 1),
        ("rs4", backup.address, 1),
    ];
    let fixture = Fixture::with(&servers, |service| {
        service.check = Check {
            interval: CheckInterval::clamped(100),
            rise: CheckCount::clamped(1),
            fall: CheckCount::clamped(1),
            ..Check::default()
        };
        service.quorum = ServerCount::clamped(2);
        service.quorum_hysteresis = ServerCount::clamped(1);
        service.servers.values_mut().last().unwrap().backup = true;
    });
    until_checked(&fixture, &["rs1", "rs2", "rs3", "rs4"]);
    let quorate = |wanted: bool| {
        fixture.until("the quorum is as it should be", |snapshot| {
            snapshot.services[&web()].standing.quorate == wanted
        });
    };
    let named = || {
        let mut stream = connect(fixture.address);
        (read_text(&mut stream, 3), stream)
    };
    // The connections that the backup gets of six.
    let of_six = || (0..6).filter(|_| named().0 == "rs4").count();
    let standby = of_six();
    assert_eq!(standby, 0);
    three[0].kill();
    three[1].kill();
    let down = |server: &'static str| {
        fixture.until("it is down", |snapshot| {
            snapshot.servers[&server_id(server)].health == Health::Down
        });
    };
    down("rs1");
    down("rs2");
    // One is left, which is the quorum less the hysteresis.
    quorate(true);
    assert_eq!(of_six(), 0);
    three[2].kill();
    quorate(false);
    let (name, mut kept) = named();
    assert_eq!(name, "rs4");
    let view = fixture.snapshot().service_view(&web()).unwrap();
    assert_eq!((view.status, view.reason.as_str()), (Status::Warning, "only backup servers serve"));
    let _one = Backend::echo_at("rs1", three[0].address);
    let _two = Backend::echo_at("rs2", three[1].address);
    until_checked(&fixture, &["rs1", "rs2"]);
    // Two are the quorum, but not the hysteresis beyond it: all three serve.
    quorate(false);
    let both = of_six();
    assert!(both > 0 && both < 6, "{both}");
    let view = fixture.snapshot().service_view(&web()).unwrap();
    assert_eq!(view.reason, "the quorum of 2 is lost: backup servers serve as well");
    let _three = Backend::echo_at("rs3", three[2].address);
    quorate(true);
    assert_eq!(of_six(), 0);
    // What was given to the backup lives on.
    use std::io::Write;
    kept.write_all(b"still here").unwrap();
    assert_eq!(read_text(&mut kept, 10), "still here");
}
