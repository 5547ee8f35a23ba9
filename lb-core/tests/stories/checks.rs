//! Every kind of check against a server in every mood.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use lcms_lb_core::model::{
    Check, CheckCount, CheckInterval, CheckKind, DoubtInterval, Health, ProblemKind, QuestionError,
    Service, Timeout,
};

use lcms_lb_core::director::CommitError;

use socket2::{Domain, Socket, Type};

use crate::support::backend::Backend;
use crate::support::director::{Fixture, server_id};
use crate::support::free_address;
use crate::support::peer::{Identity, Mood, Peer, Speech};

/// One failure and one success each decide, so that a story is short.
fn check(kind: CheckKind) -> Check {
    Check {
        kind,
        interval: CheckInterval::clamped(100),
        timeout: Timeout::clamped(300),
        rise: CheckCount::clamped(1),
        fall: CheckCount::clamped(1),
        ..Check::default()
    }
}

fn watching(address: SocketAddr, check: Check) -> Fixture {
    Fixture::with(&[("rs1", address, 1)], |service| service.check = check)
}

fn up(fixture: &Fixture, words: &str) {
    fixture.until(&format!("it is up: {words}"), |snapshot| {
        let status = &snapshot.servers[&server_id("rs1")];
        status.health == Health::Up && status.check.contains(words)
    });
}

/// Waits until it is down for this reason.
fn down(fixture: &Fixture, reason: &str) {
    let found = fixture.director.wait_until(crate::support::PATIENCE, |snapshot| {
        let status = &snapshot.servers[&server_id("rs1")];
        status.health == Health::Down && status.check.contains(reason)
    });
    let status = fixture.status("rs1");
    assert!(found.is_some(), "wanted {reason:?}, and it is {:?}: {}", status.health, status.check);
}

/// From good to each mood and back.
fn moods(peer: &Peer, fixture: &Fixture, good: &str, moods: &[(Mood, &str)]) {
    up(fixture, good);
    for (mood, reason) in moods {
        peer.is(*mood);
        down(fixture, reason);
        peer.is(Mood::Good);
        up(fixture, good);
    }
}

/// From good to refusing and back.
fn refuses(peer: Peer, speech: Speech, identity: Option<Arc<Identity>>, fixture: &Fixture) {
    let address = peer.address;
    drop(peer);
    down(fixture, "connection refused");
    let _back = Peer::start_at(address, speech, identity);
    up(fixture, "");
}

#[test]
fn http() {
    let peer = Peer::start(Speech::Http, None);
    let check = Check {
        request: "GET http://www.example.net/health".into(),
        content: "am ready".into(),
        ..check(CheckKind::Http)
    };
    let fixture = watching(peer.address, check);
    moods(
        &peer,
        &fixture,
        "http: 200 in ",
        &[
            (Mood::Hangs, "no answer within 300 ms"),
            (Mood::Wrong, "http: 503, wanted 200-399"),
            (Mood::Garbage, "http: not an answer of this protocol"),
            (Mood::Trickles, "no answer within 300 ms"),
            (Mood::Closes, "closed the connection"),
        ],
    );
    fixture.edit(|service| service.check.content = "am busy".into());
    down(&fixture, "http: the body lacks \"am busy\"");
    fixture.edit(|service| service.check.content.clear());
    up(&fixture, "http: 200");
    fixture.edit(|service| service.check.expect = "204,500-599".into());
    down(&fixture, "http: 200, wanted 204,500-599");
    fixture.edit(|service| service.check.expect.clear());
    up(&fixture, "http: 200");
    refuses(peer, Speech::Http, None, &fixture);
}

#[test]
fn https() {
    let identity = Arc::new(Identity::of("www.example.net"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    fs::write(&file, &identity.authority).unwrap();
    let peer = Peer::start(Speech::Https, Some(identity.clone()));
    let check = Check {
        request: "HEAD https://www.example.net/".into(),
        ca_file: Some(file.to_string_lossy().into_owned()),
        ..check(CheckKind::Https)
    };
    let fixture = watching(peer.address, check);
    up(&fixture, "certificate valid until 4096-01-01");
    moods(
        &peer,
        &fixture,
        "http: 200",
        &[
            (Mood::Hangs, "no answer within 300 ms"),
            (Mood::Wrong, "http: 503, wanted 200-399"),
            (Mood::Garbage, "tls: "),
            (Mood::Trickles, "no answer within 300 ms"),
            (Mood::Closes, "tls: the server closed the connection in the handshake"),
        ],
    );
    // The certificate is for another name.
    fixture.edit(|service| service.check.request = "https://other.example.net/".into());
    down(&fixture, "tls: invalid peer certificate");
    // And whose it is does not matter where nobody says who may have signed it.
    fixture.edit(|service| service.check.ca_file = None);
    up(&fixture, "http: 200");
    refuses(peer, Speech::Https, Some(identity), &fixture);
}

#[test]
fn tls() {
    let identity = Arc::new(Identity::of("www.example.net"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    fs::write(&file, &identity.authority).unwrap();
    let peer = Peer::start(Speech::Tls, Some(identity.clone()));
    let check = Check {
        request: "www.example.net".into(),
        ca_file: Some(file.to_string_lossy().into_owned()),
        ..check(CheckKind::Tls)
    };
    let fixture = watching(peer.address, check);
    moods(
        &peer,
        &fixture,
        "tls: handshake, certificate valid until 4096-01-01",
        &[
            (Mood::Hangs, "no answer within 300 ms"),
            (Mood::Wrong, "tls: invalid peer certificate"),
            (Mood::Garbage, "tls: "),
            (Mood::Trickles, "no answer within 300 ms"),
            (Mood::Closes, "tls: the server closed the connection in the handshake"),
        ],
    );
    fs::write(&file, "nothing").unwrap();
    fixture.edit(|service| service.check.timeout = Timeout::clamped(301));
    down(&fixture, "no certificate in it");
    fixture.edit(|service| service.check.ca_file = None);
    up(&fixture, "tls: handshake");
    refuses(peer, Speech::Tls, Some(identity), &fixture);
}

#[test]
fn smtp() {
    let peer = Peer::start(Speech::Smtp, None);
    let fixture = watching(peer.address, check(CheckKind::Smtp));
    moods(
        &peer,
        &fixture,
        "smtp: 220 ESMTP",
        &[
            (Mood::Hangs, "no answer within 300 ms"),
            (Mood::Wrong, "smtp: the connection was answered by 421 too busy"),
            (Mood::Garbage, "smtp: not an answer of this protocol"),
            (Mood::Trickles, "no answer within 300 ms"),
            (Mood::Closes, "smtp: the server closed the connection"),
        ],
    );
    refuses(peer, Speech::Smtp, None, &fixture);
}

#[test]
fn dns() {
    let peer = Peer::start(Speech::Dns, None);
    let check = Check { request: "A www.example.net".into(), ..check(CheckKind::Dns) };
    let fixture = watching(peer.address, check);
    moods(
        &peer,
        &fixture,
        "dns: NOERROR",
        &[
            (Mood::Hangs, "no answer within 300 ms"),
            (Mood::Wrong, "dns: SERVFAIL, wanted NOERROR"),
            (Mood::Garbage, "dns: not an answer of this protocol"),
            (Mood::Trickles, "no answer within 300 ms"),
        ],
    );
    let before = peer.accepted();
    peer.is(Mood::CutShort);
    crate::support::eventually("the whole answer is asked for by TCP", || {
        peer.accepted() > before + 1
    });
    assert_eq!(fixture.status("rs1").health, Health::Up);
    peer.is(Mood::Wrong);
    fixture.edit(|service| service.check.expect = "NOERROR,SERVFAIL".into());
    up(&fixture, "dns: ");
    refuses(peer, Speech::Dns, None, &fixture);
}

/// Writes a program of this text.
fn write_script(path: &Path, text: &str) {
    // Another one takes its place, so that no thread finds it busy.
    let fresh = path.with_extension("fresh");
    fs::write(&fresh, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&fresh, fs::Permissions::from_mode(0o755)).unwrap();
    fs::rename(&fresh, path).unwrap();
}

#[test]
fn script() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("check");
    write_script(&script, "echo fine, $1");
    let backend = Backend::named("rs1");
    let check = Check {
        command: vec![script.to_string_lossy().into_owned(), "$HOME; echo".into()],
        timeout: Timeout::clamped(1_000),
        ..check(CheckKind::Script)
    };
    let fixture = watching(backend.address, check);
    // No shell has looked at the argument.
    up(&fixture, "script: fine, $HOME; echo in ");
    for (text, reason) in [
        ("echo the disk is full; exit 1", "script: exit code 1: the disk is full"),
        ("kill -TERM $$", "script: killed by signal 15"),
        ("sleep 1000 & wait", "script: not done within 1000 ms"),
    ] {
        write_script(&script, text);
        down(&fixture, reason);
        write_script(&script, "printf '\\377\\000\\n'; exit 0");
        up(&fixture, "script: ");
    }
    fs::remove_file(&script).unwrap();
    down(&fixture, "script: cannot run");
}

#[test]
fn tcp_and_the_place_that_is_checked() {
    let (served, probed) = (Backend::named("rs1"), Peer::start(Speech::Http, None));
    let fixture = watching(served.address, check(CheckKind::Tcp));
    up(&fixture, "connected in ");
    // The health of a server may be told on another port.
    fixture.edit(|service| {
        service.check.kind = CheckKind::Http;
        service.check.port = std::num::NonZeroU16::new(probed.address.port());
        let server = service.servers.values_mut().next().unwrap();
        server.check_address = Some(probed.address.ip().into());
    });
    up(&fixture, "http: 200");
    probed.is(Mood::Wrong);
    down(&fixture, "http: 503");
    fixture.edit_server("rs1", |server| {
        server.check_port = std::num::NonZeroU16::new(free_address().port());
    });
    down(&fixture, "connection refused");
}

#[test]
fn what_cannot_be_asked_is_no_check() {
    let backend = Backend::named("rs1");
    let fixture = watching(backend.address, check(CheckKind::Tcp));
    let refused = |edit: &dyn Fn(&mut Service)| {
        let refused = fixture.try_edit(|wanted| {
            edit(crate::support::director::web_of(wanted));
        });
        match refused {
            Err(CommitError::Invalid(problems)) => problems[0].kind.clone(),
            other => panic!("{other:?}"),
        }
    };
    for (kind, request, error) in [
        (CheckKind::Http, "health", QuestionError::HttpRequest),
        (CheckKind::Https, "http://www.example.net/", QuestionError::Scheme),
        (CheckKind::Smtp, "two words", QuestionError::HostName),
        (CheckKind::Dns, "ZZ www.example.net", QuestionError::DnsRequest),
        (CheckKind::Script, "", QuestionError::NoCommand),
    ] {
        let problem = refused(&|service| {
            service.check.kind = kind;
            service.check.request = request.into();
        });
        assert_eq!(problem, ProblemKind::Question(error));
    }
}

#[test]
fn a_server_in_doubt_is_checked_sooner() {
    let peer = Peer::start(Speech::Http, None);
    let slow = Check {
        interval: CheckInterval::clamped(2_000),
        doubt_interval: DoubtInterval::clamped(10),
        fall: CheckCount::clamped(5),
        ..check(CheckKind::Http)
    };
    let fixture = watching(peer.address, slow);
    up(&fixture, "http: 200");
    let before = peer.accepted();
    peer.is(Mood::Wrong);
    let began = std::time::Instant::now();
    down(&fixture, "http: 503");
    assert_eq!(peer.accepted() - before, 5);
    // One interval up to the first failure, and not five.
    assert!(began.elapsed().as_millis() < 4_000, "{:?}", began.elapsed());
}

#[test]
fn thousands_of_servers_are_checked_each_second() {
    const SERVERS: u32 = 2_000;
    // One listener for all addresses of loopback, each of which is a server.
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)).into()).unwrap();
    // Room for all of them, however busy the machine is.
    socket.listen(4_096).unwrap();
    let listener = TcpListener::from(socket);
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || listener.incoming().for_each(drop));
    let servers: Vec<(String, SocketAddr)> = (0..SERVERS)
        .map(|at| {
            let ip = Ipv4Addr::from(0x7f10_0001 + at);
            (format!("rs{at}"), SocketAddr::from((ip, port)))
        })
        .collect();
    let servers: Vec<(&str, SocketAddr, u32)> =
        servers.iter().map(|(name, at)| (name.as_str(), *at, 1)).collect();
    let fixture = Fixture::with(&servers, |service| {
        service.check = Check { interval: CheckInterval::clamped(1_000), ..Check::default() };
    });
    let all = |good: &dyn Fn(&lcms_lb_core::director::ServerStatus) -> bool| {
        fixture.snapshot().servers.values().all(|status| good(status))
    };
    crate::support::eventually("all of them are up", || all(&|status| status.health == Health::Up));
    let began = std::time::SystemTime::now();
    // An interval, and the tenth that it may be off.
    std::thread::sleep(std::time::Duration::from_millis(1_500));
    let since = lcms_lb_core::model::UnixTime::from(began).0;
    assert!(all(&|status| status.live.last_success().is_some_and(|at| at.0 >= since)));
}
