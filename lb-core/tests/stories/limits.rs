//! Limits, and those who wait because of them.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::{Duration, Instant};

use lcms_lb_core::director::{Director, ServiceLive};
use lcms_lb_core::model::{Burst, ConnectionRate, Runtime, Scheduler, Service, Timeout, Weight};
use socket2::{Domain, Socket, Type};

use crate::support::backend::Backend;
use crate::support::client::{ask, connect, read_error, read_text, reset};
use crate::support::director::{Fixture, name, options, server, service, wanted, web};
use crate::support::{PATIENCE, eventually, free_address};

/// A service whose one server takes `seats` connections, which the story gets,
/// while so many others may wait.
fn with_seats(seats: u32, queue: u32) -> (Fixture, Backend, Receiver<TcpStream>) {
    with_seats_and(seats, queue, |_| {})
}

fn with_seats_and(
    seats: u32,
    queue: u32,
    edit: impl FnOnce(&mut Service),
) -> (Fixture, Backend, Receiver<TcpStream>) {
    let (backend, streams) = Backend::handing_over();
    let fixture = Fixture::with(&[("rs1", backend.address, 1)], |service| {
        service.servers.get_mut(&name("rs1")).unwrap().connection_limit = seats;
        service.queue_limit = queue;
        service.queue_timeout = Timeout::MAX;
        edit(service);
    });
    (fixture, backend, streams)
}

fn live(fixture: &Fixture) -> Arc<ServiceLive> {
    fixture.snapshot().services[&web()].live.clone()
}

/// A client that says its number and has been taken into the queue.
fn queued(fixture: &Fixture, number: u8) -> TcpStream {
    let live = live(fixture);
    let before = live.queued.load(SeqCst);
    let mut client = connect(fixture.address);
    client.write_all(&[number]).unwrap();
    eventually("the client waits", || live.queued.load(SeqCst) == before + 1);
    client
}

fn next(streams: &Receiver<TcpStream>) -> TcpStream {
    let stream = streams.recv_timeout(PATIENCE).expect("the server is asked");
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn number(stream: &mut TcpStream) -> u8 {
    let mut number = [0];
    stream.read_exact(&mut number).expect("the client said it");
    number[0]
}

#[test]
fn seats_are_given_in_the_order_of_arrival() {
    let (fixture, _backend, streams) = with_seats(1, 50);
    let first = connect(fixture.address);
    let mut seated = next(&streams);
    let clients: Vec<TcpStream> = (0..20).map(|number| queued(&fixture, number)).collect();
    drop(first);
    for (expected, client) in (0..20).zip(clients) {
        drop(seated);
        seated = next(&streams);
        assert_eq!(number(&mut seated), expected);
        drop(client);
    }
    let live = live(&fixture);
    assert_eq!(live.queued.load(SeqCst), 0);
    assert_eq!(live.queued_max.load(Relaxed), 20);
    assert_eq!(live.refused.load(Relaxed), 0);
}

#[test]
fn a_limit_is_exact_and_everybody_is_served() {
    const CLIENTS: usize = 120;
    const SEATS: u32 = 3;
    let (now, most) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let counts = (now, most.clone());
    let backend = Backend::meeting(move |mut stream| {
        let inside = counts.0.fetch_add(1, SeqCst) + 1;
        counts.1.fetch_max(inside, SeqCst);
        let mut asked = [0];
        let read = stream.read_exact(&mut asked);
        counts.0.fetch_sub(1, SeqCst);
        read.and_then(|()| stream.write_all(b"served"))
    });
    let address = free_address();
    let mut row = service(address, Scheduler::Wlc);
    let mut limited = server(backend.address, 1);
    limited.connection_limit = SEATS;
    row.servers = [(name("rs1"), limited)].into();
    (row.queue_limit, row.queue_timeout) = (CLIENTS as u32, Timeout::MAX);
    let director = Director::start(options(4), None, wanted(row), Runtime::default()).unwrap();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            thread::spawn(move || {
                let mut client = connect(address);
                client.write_all(b"?").unwrap();
                read_text(&mut client, 6)
            })
        })
        .collect();
    for client in clients {
        assert_eq!(client.join().unwrap(), "served");
    }
    assert_eq!(backend.broken(), 0);
    assert!(most.load(SeqCst) <= SEATS, "{} at once", most.load(SeqCst));
    let live = director.snapshot().services[&web()].live.clone();
    assert_eq!((live.refused.load(Relaxed), live.failed.load(Relaxed)), (0, 0));
    eventually("nobody waits", || live.queued.load(SeqCst) == 0);
}

#[test]
fn who_comes_when_too_many_wait_is_refused_at_once() {
    let (fixture, _backend, streams) = with_seats(1, 2);
    let _seated = (connect(fixture.address), next(&streams));
    let _waiting = [queued(&fixture, 1), queued(&fixture, 2)];
    assert_eq!(ask(fixture.address).unwrap_err().kind(), ErrorKind::ConnectionReset);
    let live = live(&fixture);
    assert_eq!(live.queue_overflows.load(Relaxed), 1);
    assert_eq!(live.refused.load(Relaxed), 1);
    assert_eq!(live.queued.load(SeqCst), 2);
}

#[test]
fn without_a_queue_nobody_waits() {
    let (fixture, _backend, streams) = with_seats(1, 0);
    let _seated = (connect(fixture.address), next(&streams));
    assert_eq!(ask(fixture.address).unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(live(&fixture).refused.load(Relaxed), 1);
}

#[test]
fn who_waits_too_long_is_refused() {
    let (fixture, _backend, streams) = with_seats_and(1, 5, |service| {
        service.queue_timeout = Timeout::clamped(50);
    });
    let _seated = (connect(fixture.address), next(&streams));
    let began = Instant::now();
    assert_eq!(ask(fixture.address).unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert!(began.elapsed() >= Duration::from_millis(50), "{:?}", began.elapsed());
    let live = live(&fixture);
    assert_eq!(live.queue_timeouts.load(Relaxed), 1);
    assert_eq!((live.refused.load(Relaxed), live.queued.load(SeqCst)), (1, 0));
}

#[test]
fn who_leaves_gives_its_place_up_and_who_only_stopped_talking_does_not() {
    let (fixture, _backend, streams) = with_seats(1, 5);
    let (client, seated) = (connect(fixture.address), next(&streams));
    let live = live(&fixture);
    let leaves = |end: fn(TcpStream)| {
        let client = connect(fixture.address);
        eventually("the client waits", || live.queued.load(SeqCst) == 1);
        end(client);
        eventually("its place is given up", || live.queued.load(SeqCst) == 0);
    };
    leaves(drop);
    leaves(reset);
    let asked = queued(&fixture, 7);
    asked.shutdown(Shutdown::Write).unwrap();
    let other = queued(&fixture, 8);
    drop((client, seated));
    let mut served = next(&streams);
    assert_eq!(number(&mut served), 7);
    drop((served, asked));
    assert_eq!(number(&mut next(&streams)), 8);
    assert_eq!(live.refused.load(Relaxed), 0);
    drop(other);
}

#[test]
fn more_room_is_for_those_who_wait() {
    let (fixture, _backend, streams) = with_seats(1, 9);
    let _seated = (connect(fixture.address), next(&streams));
    let _clients: Vec<_> = (1..=6).map(|number| queued(&fixture, number)).collect();
    fixture.edit_server("rs1", |server| server.connection_limit = 4);
    let mut served: Vec<TcpStream> = (0..3).map(|_| next(&streams)).collect();
    let mut numbers: Vec<u8> = served.iter_mut().map(number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 3]);
    let live = live(&fixture);
    eventually("three still wait", || live.queued.load(SeqCst) == 3);
    let (other, others) = Backend::handing_over();
    fixture.edit(|service| {
        service.servers.insert(name("rs2"), server(other.address, 1));
    });
    let mut numbers: Vec<u8> = (0..3).map(|_| number(&mut next(&others))).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [4, 5, 6]);
}

#[test]
fn where_there_is_no_hope_nobody_waits() {
    let (fixture, _backend, streams) = with_seats(1, 9);
    let _seated = (connect(fixture.address), next(&streams));
    let mut clients: Vec<_> = (1..=4).map(|number| queued(&fixture, number)).collect();
    fixture.edit_server("rs1", |server| server.weight = Weight::MIN);
    for client in &mut clients {
        assert_eq!(read_error(client), Some(ErrorKind::ConnectionReset));
    }
    let live = live(&fixture);
    assert_eq!((live.refused.load(Relaxed), live.queued.load(SeqCst)), (4, 0));
    assert_eq!(live.queue_timeouts.load(Relaxed), 0);
}

#[test]
fn the_end_of_a_service_is_the_end_of_those_who_wait() {
    let (fixture, _backend, streams) = with_seats(1, 9);
    let _seated = (connect(fixture.address), next(&streams));
    let mut client = queued(&fixture, 1);
    let live = live(&fixture);
    fixture.edit(|service| service.row = lcms_lb_core::model::RowState::NotInService);
    assert_eq!(read_error(&mut client), Some(ErrorKind::ConnectionReset));
    assert_eq!(live.queued.load(SeqCst), 0);
}

#[test]
fn what_a_scheduler_takes_for_full_is_waited_for_as_well() {
    let (fixture, _backend, streams) = with_seats_and(0, 9, |service| {
        service.scheduler = Scheduler::Ovf;
    });
    let seated = (connect(fixture.address), next(&streams));
    let _client = queued(&fixture, 5);
    drop(seated);
    assert_eq!(number(&mut next(&streams)), 5);
}

#[test]
fn one_whose_server_failed_waits_for_another() {
    let (backend, streams) = Backend::handing_over();
    let dead = free_address();
    let fixture = Fixture::with(&[("rs1", dead, 1), ("rs2", backend.address, 1)], |service| {
        service.servers.get_mut(&name("rs2")).unwrap().connection_limit = 1;
        (service.queue_limit, service.queue_timeout) = (9, Timeout::MAX);
        service.scheduler = Scheduler::Fo;
    });
    let seated = (connect(fixture.address), next(&streams));
    let _client = queued(&fixture, 3);
    drop(seated);
    assert_eq!(number(&mut next(&streams)), 3);
    assert_eq!(live(&fixture).failed.load(Relaxed), 0);
}

#[test]
fn a_service_at_its_limit_leaves_clients_in_the_backlog_and_takes_them_at_once() {
    const CLIENTS: u8 = 60;
    let (fixture, _backend, streams) = with_seats_and(0, 0, |service| {
        service.connection_limit = 2;
    });
    let live = live(&fixture);
    // The kernel spreads them over the listeners of both shards.
    let mut clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let mut client = connect(fixture.address);
            client.write_all(&[number]).unwrap();
            Some(client)
        })
        .collect();
    let began = Instant::now();
    let mut open = vec![next(&streams), next(&streams)];
    for done in 0..CLIENTS - 2 {
        assert_eq!(live.connections.load(Relaxed), u64::from(done) + 2);
        assert!(streams.try_recv().is_err(), "more than two at once");
        let mut over = open.remove(0);
        clients[usize::from(number(&mut over))] = None;
        drop(over);
        open.push(next(&streams));
    }
    let limit = Duration::from_millis(50) * CLIENTS.into();
    assert!(began.elapsed() < limit, "{:?}", began.elapsed());
    fixture.edit(|service| service.connection_limit = 0);
    let _free = (connect(fixture.address), next(&streams));
    assert_eq!(live.refused.load(Relaxed), 0);
}

#[test]
fn a_source_that_connects_too_often_is_refused_and_no_other() {
    let backend = Backend::named("rs1");
    let fixture = Fixture::with(&[("rs1", backend.address, 1)], |service| {
        service.source_rate = ConnectionRate::clamped(1);
        service.source_burst = Burst::clamped(3);
    });
    let began = Instant::now();
    let served = (0..20).filter(|_| ask(fixture.address).is_ok()).count();
    let most = 3 + began.elapsed().as_secs() as usize;
    assert!((3..=most).contains(&served), "{served} of 20");
    let live = live(&fixture);
    assert_eq!(live.rate_overruns.load(Relaxed), 20 - served as u64);
    assert_eq!(live.refused.load(Relaxed), 20 - served as u64);
    let other = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    other.bind(&SocketAddr::from(([127, 8, 8, 8], 0)).into()).unwrap();
    other.connect(&fixture.address.into()).unwrap();
    assert_eq!(read_text(&mut other.into(), 3), "rs1");
    fixture.edit(|service| service.source_rate = ConnectionRate::MIN);
    for _ in 0..20 {
        assert_eq!(ask(fixture.address).unwrap(), "rs1");
    }
}
