//! A process that is out of files: its clients wait, it does not spin, and it
//! goes on when it has some again. A test program of its own, since the limit
//! is the whole process's.

#![allow(clippy::unwrap_used)]

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Seek, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::num::{NonZeroU16, NonZeroUsize};
use std::thread;
use std::time::Duration;

use lcms_lb_core::director::{Director, DirectorOptions};
use lcms_lb_core::driver::proxy::ProxyOptions;
use lcms_lb_core::model::{
    Address, Check, CheckKind, Cluster, Host, Name, Role, Roles, RowState, Runtime, Server,
    Service, Wanted,
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socket2::{Domain, Socket, Type};

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn wanted(front: SocketAddr, back: SocketAddr) -> Wanted {
    let server = Server {
        address: Some(Address::from(back.ip())),
        port: NonZeroU16::new(back.port()),
        row: RowState::Active,
        ..Server::default()
    };
    let service = Service {
        address: Some(Address::from(front.ip())),
        port: NonZeroU16::new(front.port()),
        check: Check { kind: CheckKind::None, ..Check::default() },
        row: RowState::Active,
        servers: [(name("rs1"), server)].into(),
        ..Service::default()
    };
    let cluster = Cluster {
        row: RowState::Active,
        services: [(name("web"), service)].into(),
        ..Cluster::default()
    };
    let role = Roles::NONE.with(Role::Director);
    let here =
        Host { role_potential: role, role_status: role, row: RowState::Active, ..Host::default() };
    Wanted {
        hosts: [(name("here"), here)].into(),
        clusters: [(name("main"), cluster)].into(),
        ..Wanted::default()
    }
}

/// The statistics of the proxy's thread, opened while files can be.
fn statistics() -> File {
    let shard = fs::read_dir("/proc/self/task")
        .unwrap()
        .map(|task| task.unwrap().path())
        .find(|task| fs::read_to_string(task.join("comm")).unwrap().trim() == "proxy-0")
        .unwrap();
    File::open(shard.join("stat")).unwrap()
}

/// Clock ticks that the thread has run.
fn ticks(statistics: &mut File) -> u64 {
    let mut stat = String::new();
    statistics.rewind().unwrap();
    statistics.read_to_string(&mut stat).unwrap();
    let after_name = stat.rsplit_once(") ").unwrap().1;
    let fields: Vec<&str> = after_name.split(' ').collect();
    [11, 12].into_iter().map(|at| fields[at].parse::<u64>().unwrap()).sum()
}

#[test]
fn clients_wait_while_there_are_no_files_and_the_shard_sleeps() {
    let back = TcpListener::bind("127.0.0.1:0").unwrap();
    let back_address = back.local_addr().unwrap();
    thread::spawn(move || {
        for stream in back.incoming().flatten() {
            let _ = (&stream).write_all(b"here");
        }
    });
    let front = {
        let ip = format!("127.77.{}.1:0", std::process::id() % 250 + 1);
        TcpListener::bind(ip).unwrap().local_addr().unwrap()
    };
    let options = DirectorOptions {
        allow_scripts: true,
        local_host: name("here"),
        proxy: ProxyOptions { shards: NonZeroUsize::new(1), max_connections: None },
    };
    let _director =
        Director::start(options, None, wanted(front, back_address), Runtime::default()).unwrap();

    let client = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let mut statistics = statistics();
    let before = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: Some(3), ..before }).unwrap();
    client.connect(&front.into()).unwrap();
    let mut client = TcpStream::from(client);
    let ran = ticks(&mut statistics);
    client.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    let kind = client.read(&mut [0; 4]).unwrap_err().kind();
    assert!(matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut), "{kind}");
    let ran = ticks(&mut statistics) - ran;
    assert!(ran < 10, "the shard ran for {ran} ticks with nothing to do");

    setrlimit(Resource::Nofile, before).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "here");
}
