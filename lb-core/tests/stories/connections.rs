//! One connection, in all the ways it can go.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv6Addr, Shutdown, TcpListener, TcpStream};
use std::num::NonZeroUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;

use lcms_lb_core::director::{Director, DirectorOptions};
use lcms_lb_core::driver::proxy::ProxyOptions;
use lcms_lb_core::model::{Address, AdminState, RowState, Runtime, Scheduler, Timeout};

use crate::support::backend::Backend;
use crate::support::client::{ask, connect, read_error, read_text, reset};
use crate::support::director::{Fixture, name, options, server, service, wanted};
use crate::support::{eventually, free_address, free_on};

/// A service with one server, whose connections the story gets.
fn with_one_backend() -> (Fixture, Backend, std::sync::mpsc::Receiver<TcpStream>) {
    let (backend, streams) = Backend::handing_over();
    let fixture = Fixture::start(Scheduler::Rr, &[("rs1", backend.address, 1)]);
    (fixture, backend, streams)
}

/// Connects through the service: the client's end and the server's.
fn pair(
    fixture: &Fixture,
    streams: &std::sync::mpsc::Receiver<TcpStream>,
) -> (TcpStream, TcpStream) {
    let client = connect(fixture.address);
    (client, streams.recv_timeout(crate::support::PATIENCE).expect("the server is asked"))
}

#[test]
fn a_client_may_end_first_and_still_get_its_answer() {
    let (fixture, _backend, streams) = with_one_backend();
    let (mut client, mut server) = pair(&fixture, &streams);
    client.write_all(b"question").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let mut question = String::new();
    server.read_to_string(&mut question).unwrap();
    server.write_all(question.to_uppercase().as_bytes()).unwrap();
    drop(server);
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "QUESTION");
}

#[test]
fn a_server_may_end_first_and_still_be_told_things() {
    let (fixture, _backend, streams) = with_one_backend();
    let (mut client, mut server) = pair(&fixture, &streams);
    server.write_all(b"that is all").unwrap();
    server.shutdown(Shutdown::Write).unwrap();
    let mut text = String::new();
    client.read_to_string(&mut text).unwrap();
    assert_eq!(text, "that is all");
    client.write_all(b"thanks").unwrap();
    drop(client);
    let mut thanks = String::new();
    server.read_to_string(&mut thanks).unwrap();
    assert_eq!(thanks, "thanks");
    eventually("the connection is over", || fixture.status("rs1").live.active.load(Relaxed) == 0);
}

#[test]
fn resets_are_passed_on_both_ways() {
    let (fixture, _backend, streams) = with_one_backend();
    let (client, mut server) = pair(&fixture, &streams);
    reset(client);
    assert_eq!(read_error(&mut server), Some(ErrorKind::ConnectionReset));
    let (mut client, server) = pair(&fixture, &streams);
    reset(server);
    assert_eq!(read_error(&mut client), Some(ErrorKind::ConnectionReset));
}

#[test]
fn a_client_that_goes_away_at_once_leaves_nothing_behind() {
    let (fixture, _backend, streams) = with_one_backend();
    for _ in 0..50 {
        reset(connect(fixture.address));
    }
    drop((pair(&fixture, &streams), streams));
    let live = fixture.status("rs1").live.clone();
    eventually("all are over", || {
        live.active.load(Relaxed) == 0 && live.in_flight.load(Relaxed) == 0
    });
}

#[test]
fn what_a_server_said_before_its_reset_arrives() {
    let (fixture, _backend, streams) = with_one_backend();
    let (mut client, mut server) = pair(&fixture, &streams);
    server.write_all(b"too much").unwrap();
    assert_eq!(read_text(&mut client, 8), "too much");
    client.write_all(b"more and more").unwrap();
    assert_eq!(read_text(&mut server, 4), "more");
    reset(server);
    assert!(read_error(&mut client).is_some());
}

#[test]
fn much_goes_both_ways_at_once_unharmed() {
    const OCTETS: usize = 24 << 20;
    let (fixture, _backend, streams) = with_one_backend();
    let (client, server) = pair(&fixture, &streams);
    let stream = |seed: usize| (0..OCTETS).map(move |at| ((at * 31 + seed) >> 3) as u8);
    let send = |stream: &TcpStream, bytes: Vec<u8>| {
        let mut stream = stream.try_clone().unwrap();
        thread::spawn(move || {
            stream.write_all(&bytes).unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
        })
    };
    let receive = |mut stream: TcpStream| {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            stream.read_to_end(&mut bytes).unwrap();
            bytes
        })
    };
    let sending = [send(&client, stream(1).collect()), send(&server, stream(2).collect())];
    let (down, up) = (receive(client), receive(server));
    for sender in sending {
        sender.join().unwrap();
    }
    assert!(up.join().unwrap().into_iter().eq(stream(1)), "the server got something else");
    assert!(down.join().unwrap().into_iter().eq(stream(2)), "the client got something else");
    let live = fixture.status("rs1").live.clone();
    assert_eq!(live.in_octets.load(Relaxed), OCTETS as u64);
    assert_eq!(live.out_octets.load(Relaxed), OCTETS as u64);
}

#[test]
fn a_reader_that_stalls_stops_its_writer_and_loses_nothing() {
    let (fixture, _backend, streams) = with_one_backend();
    let (mut client, mut server) = pair(&fixture, &streams);
    server.set_nonblocking(true).unwrap();
    let chunk = [7u8; 64 << 10];
    let mut written = 0;
    // Blocked for good: not even after the director had time to take more.
    let mut blocked = 0;
    while blocked < 1_000 {
        match server.write(&chunk) {
            Ok(octets) => (written, blocked) = (written + octets, 0),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                blocked += 1;
                thread::yield_now();
            }
            Err(error) => panic!("{error}"),
        }
        assert!(written < 256 << 20, "nothing holds the writer back");
    }
    // Others are not held up by it.
    let (mut other, mut others_server) = pair(&fixture, &streams);
    others_server.write_all(b"hello").unwrap();
    assert_eq!(read_text(&mut other, 5), "hello");
    drop(server);
    let mut all = Vec::new();
    client.read_to_end(&mut all).unwrap();
    assert_eq!(all.len(), written);
}

/// What is copied and what is spliced, in turn, in one connection.
#[test]
fn bulk_and_small_talk_take_turns_unharmed() {
    let (fixture, _backend, streams) = with_one_backend();
    let (client, mut server) = pair(&fixture, &streams);
    const SIZES: [usize; 9] = [1, 3 << 20, 7, 200 << 10, 64 << 10, (64 << 10) + 1, 2, 5 << 20, 1];
    let chunk = |at: usize| -> Vec<u8> { (0..SIZES[at]).map(|n| (n * 7 + at) as u8).collect() };
    let mut sender = client.try_clone().unwrap();
    let (next, turn) = std::sync::mpsc::channel();
    let sending = thread::spawn(move || {
        for (at, ()) in (0..SIZES.len()).zip(turn) {
            sender.write_all(&chunk(at)).unwrap();
        }
        sender.shutdown(Shutdown::Write).unwrap();
    });
    for at in 0..SIZES.len() {
        next.send(()).unwrap();
        let mut bytes = vec![0; SIZES[at]];
        server.read_exact(&mut bytes).unwrap();
        assert!(bytes == chunk(at), "chunk {at} arrived as something else");
    }
    sending.join().unwrap();
    assert_eq!(server.read(&mut [0; 1]).unwrap(), 0);
}

#[test]
fn a_reset_in_the_middle_of_bulk_ends_both_sides() {
    for server_resets in [true, false] {
        let (fixture, _backend, streams) = with_one_backend();
        let (client, server) = pair(&fixture, &streams);
        let (mut writer, mut reader) =
            if server_resets { (client, server) } else { (server, client) };
        let writing = thread::spawn(move || {
            let chunk = [7; 64 << 10];
            while writer.write_all(&chunk).is_ok() {}
        });
        reader.read_exact(&mut vec![0; 8 << 20]).unwrap();
        reset(reader);
        writing.join().unwrap();
        let live = fixture.status("rs1").live.clone();
        eventually("the connection is over", || live.active.load(Relaxed) == 0);
    }
}

#[test]
fn a_connection_in_which_nothing_happens_is_ended() {
    const TIMEOUT: u32 = 200;
    let (backend, streams) = Backend::handing_over();
    let fixture = Fixture::with(&[("rs1", backend.address, 1)], |service| {
        service.idle_timeout = lcms_lb_core::model::IdleTimeout::clamped(TIMEOUT);
    });
    let (mut client, mut server) = pair(&fixture, &streams);
    // Not while there is talk, however long it takes.
    let begin = std::time::Instant::now();
    while begin.elapsed() < 3 * std::time::Duration::from_millis(TIMEOUT.into()) {
        client.write_all(b"ping").unwrap();
        assert_eq!(read_text(&mut server, 4), "ping");
    }
    assert_eq!(read_error(&mut client), Some(ErrorKind::ConnectionReset));
    assert_eq!(read_error(&mut server), Some(ErrorKind::ConnectionReset));
    let live = fixture.status("rs1").live.clone();
    eventually("the connection is over", || live.active.load(Relaxed) == 0);
}

#[test]
fn one_that_trickles_is_served_octet_by_octet() {
    let (fixture, _backend, streams) = with_one_backend();
    let (mut client, mut server) = pair(&fixture, &streams);
    for octet in 0..=255 {
        client.write_all(&[octet]).unwrap();
        let mut there = [0];
        server.read_exact(&mut there).unwrap();
        server.write_all(&there).unwrap();
        let mut back = [0];
        client.read_exact(&mut back).unwrap();
        assert_eq!(back, [octet]);
    }
}

#[test]
fn urgent_data_does_not_cut_what_is_around_it() {
    let (fixture, _backend, streams) = with_one_backend();
    let (mut client, mut server) = pair(&fixture, &streams);
    client.write_all(b"before").unwrap();
    rustix::net::send(&client, b"!", rustix::net::SendFlags::OOB).unwrap();
    client.write_all(b"after").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let mut text = String::new();
    server.read_to_string(&mut text).unwrap();
    // The urgent octet itself is out of band, and not passed on.
    assert_eq!(text, "beforeafter");
}

#[test]
fn a_refused_connect_goes_to_the_next_server_unnoticed() {
    let live = Backend::named("live");
    let fixture = Fixture::start(
        Scheduler::Rr,
        &[("rs1", free_address(), 1), ("rs2", free_address(), 1), ("rs3", live.address, 1)],
    );
    for _ in 0..30 {
        assert_eq!(ask(fixture.address).unwrap(), "live");
    }
    assert!(fixture.status("rs1").live.failed.load(Relaxed) > 0);
    assert_eq!(fixture.status("rs3").live.connections.load(Relaxed), 30);
    assert_eq!(fixture.status("rs3").live.failed.load(Relaxed), 0);
    let snapshot = fixture.snapshot();
    let service = snapshot.services.values().next().unwrap();
    assert_eq!(service.live.connections.load(Relaxed), 30);
    assert_eq!(service.live.failed.load(Relaxed), 0);
}

#[test]
fn a_server_that_does_not_answer_is_given_up_after_the_connect_timeout() {
    // A full queue of connections to accept: the kernel drops what comes.
    let silent = TcpListener::bind(free_address()).unwrap();
    let address = silent.local_addr().unwrap();
    rustix::net::listen(&silent, 0).unwrap();
    let mut waiting = Vec::new();
    while let Ok(stream) =
        TcpStream::connect_timeout(&address, std::time::Duration::from_millis(200))
    {
        waiting.push(stream);
    }
    let live = Backend::named("live");
    let fixture = Fixture::with(&[("rs1", address, 1), ("rs2", live.address, 1)], |service| {
        service.connect_timeout = Timeout::clamped(100);
    });
    for _ in 0..4 {
        assert_eq!(ask(fixture.address).unwrap(), "live");
    }
    assert!(fixture.status("rs1").live.failed.load(Relaxed) > 0);
}

#[test]
fn without_any_server_the_client_is_reset_and_counted() {
    let fixture = Fixture::start(Scheduler::Wlc, &[]);
    assert!(ask(fixture.address).is_err());
    let dead = Fixture::start(Scheduler::Wlc, &[("rs1", free_address(), 1)]);
    assert!(ask(dead.address).is_err());
    let counts = |fixture: &Fixture| {
        let snapshot = fixture.snapshot();
        let live = snapshot.services.values().next().unwrap().live.clone();
        (live.connections.load(Relaxed), live.refused.load(Relaxed), live.failed.load(Relaxed))
    };
    assert_eq!(counts(&fixture), (1, 1, 0));
    assert_eq!(counts(&dead), (1, 0, 1));
}

#[test]
fn drain_maintenance_and_weight_zero_leave_established_connections_alone() {
    let (backend, other) = (Backend::echo("rs1"), Backend::echo("rs2"));
    let fixture =
        Fixture::start(Scheduler::Rr, &[("rs1", backend.address, 1), ("rs2", other.address, 0)]);
    let mut client = connect(fixture.address);
    assert_eq!(read_text(&mut client, 3), "rs1");
    let still_there = |client: &mut TcpStream| {
        client.write_all(b"ping").unwrap();
        assert_eq!(read_text(client, 4), "ping");
    };
    fixture.edit_server("rs2", |row| row.weight = server(other.address, 1).weight);
    for state in [AdminState::Drain, AdminState::Maintenance] {
        fixture.edit_server("rs1", |row| row.admin_state = state);
        still_there(&mut client);
        assert_eq!(read_text(&mut connect(fixture.address), 3), "rs2");
    }
    fixture.edit_server("rs1", |row| {
        row.admin_state = AdminState::Enabled;
        row.row = RowState::NotInService;
    });
    still_there(&mut client);
    assert_eq!(read_text(&mut connect(fixture.address), 3), "rs2");
    fixture.edit(|service| service.admin_state = AdminState::Drain);
    still_there(&mut client);
    assert!(TcpStream::connect(fixture.address).is_err());
}

#[test]
fn destroying_a_server_cuts_its_connections_and_no_others() {
    let (one, two) = (Backend::echo("rs1"), Backend::echo("rs2"));
    let fixture =
        Fixture::start(Scheduler::Rr, &[("rs1", one.address, 1), ("rs2", two.address, 1)]);
    let mut theirs: Vec<(String, TcpStream)> = Vec::new();
    // Each shard has its own turns, so both may be at the same server.
    while !theirs.iter().any(|(at, _)| at == "rs1") || !theirs.iter().any(|(at, _)| at == "rs2") {
        let mut client = connect(fixture.address);
        theirs.push((read_text(&mut client, 3), client));
    }
    fixture.edit(|service| {
        service.servers.remove(&name("rs1"));
    });
    for (at, mut client) in theirs {
        if at == "rs1" {
            assert_eq!(read_error(&mut client), Some(ErrorKind::ConnectionReset));
        } else {
            client.write_all(b"ping").unwrap();
            assert_eq!(read_text(&mut client, 4), "ping");
        }
    }
}

#[test]
fn a_service_out_of_service_closes_its_port_and_connections() {
    let backend = Backend::echo("rs1");
    let fixture = Fixture::start(Scheduler::Rr, &[("rs1", backend.address, 1)]);
    let mut client = connect(fixture.address);
    assert_eq!(read_text(&mut client, 3), "rs1");
    fixture.edit(|service| service.row = RowState::NotInService);
    assert_eq!(read_error(&mut client), Some(ErrorKind::ConnectionReset));
    assert!(TcpStream::connect(fixture.address).is_err());
    fixture.edit(|service| service.row = RowState::Active);
    assert_eq!(read_text(&mut connect(fixture.address), 3), "rs1");
}

#[test]
fn ipv6_clients_reach_ipv6_and_ipv4_servers() {
    let backend = Backend::named("rs1");
    let six = Backend::echo_at("rs2", free_on(Ipv6Addr::LOCALHOST.into()));
    let front = free_on(Ipv6Addr::LOCALHOST.into());
    let fixture =
        Fixture::with(&[("rs1", backend.address, 1), ("rs2", six.address, 1)], |service| {
            service.address = Some(Address::from(front.ip()));
            service.port = std::num::NonZeroU16::new(front.port());
        });
    assert!(fixture.address.is_ipv6());
    let mut heard: Vec<String> =
        (0..8).map(|_| read_text(&mut connect(fixture.address), 3)).collect();
    heard.sort();
    heard.dedup();
    assert_eq!(heard, ["rs1", "rs2"]);
}

#[test]
fn clients_beyond_the_capacity_wait_their_turn() {
    let backend = Backend::echo("rs1");
    let mut row = service(free_address(), Scheduler::Rr);
    row.servers = [(name("rs1"), server(backend.address, 1))].into();
    let address = row.socket_address().unwrap();
    let few = DirectorOptions {
        proxy: ProxyOptions { max_connections: NonZeroUsize::new(2), ..options(1).proxy },
        ..options(1)
    };
    let _director = Director::start(few, None, wanted(row), Runtime::default()).unwrap();
    let mut first = connect(address);
    let mut second = connect(address);
    assert_eq!(read_text(&mut first, 3) + &read_text(&mut second, 3), "rs1rs1");
    let mut third = connect(address);
    third.set_nonblocking(true).unwrap();
    assert_eq!(third.read(&mut [0; 3]).unwrap_err().kind(), ErrorKind::WouldBlock);
    drop(first);
    third.set_nonblocking(false).unwrap();
    assert_eq!(read_text(&mut third, 3), "rs1");
}
