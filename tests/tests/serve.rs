//! The daemon: it polls, controls and shows, whatever becomes of those around it.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    os::unix::net::UnixDatagram,
    process::Command,
    time::{Duration, Instant},
};

use lcms_tests::{
    agent::{self, Agent},
    backend::Backend,
    eventually, in_ci,
    manager::Manager,
    process::binary,
    root,
    serve::Serve,
};
use rustix::process::Signal;

/// A director of two servers whose weights follow the load of their hosts.
struct Fleet {
    lb1: Agent,
    rs1: Agent,
    rs2: Agent,
    _backends: [Backend; 2],
    manager: Manager,
}

impl Fleet {
    fn start() -> Self {
        let backends = ["rs1", "rs2"].map(Backend::start);
        let servers = [("rs1", backends[0].address(), 10), ("rs2", backends[1].address(), 10)];
        let rows = agent::director(agent::free_port(), "wrr", &servers)
            .replace("name = \"main\"\n", "name = \"main\"\npolicy = \"steady\"\n")
            .replace("weight = 10\n", "weight = 10\nhost = \"HOST\"\n")
            .replacen("HOST", "rs1", 1)
            .replacen("HOST", "rs2", 1);
        let policy = "[[policy]]\nname = \"steady\"\nkind = \"headroom\"\nwindow = \"oneMinute\"\n\
                      interval = 200\nsmoothing = 0\nstep = 0\nhysteresis = 0\nstale_limit = 1000\n";
        let hosts = "[[host]]\nname = \"rs1\"\n[[host]]\nname = \"rs2\"\n";
        let lb1 = Agent::start("lb1", &format!("{rows}{policy}{hosts}"));
        let [rs1, rs2] = ["rs1", "rs2"].map(|name| Agent::start(name, "sample_interval = 100\n"));
        let nodes = [("lb1", &lb1), ("rs1", &rs1), ("rs2", &rs2)];
        let manager = Manager::of(&nodes.map(|(name, agent)| (name, agent.address())));
        manager.configure("[serve]\ninterval_ms = 200\n");
        Self { lb1, rs1, rs2, _backends: backends, manager }
    }

    /// The seconds left of the lease, by the director itself.
    fn lease(&self) -> String {
        self.manager.run(&["get", "lb1", "lcClusterLeaseSeconds.\"main\""]).ok().out
    }
}

fn load(agent: &Agent, average: &str) {
    let file = agent.folder().join("proc/loadavg");
    fs::write(file, format!("{average} 0.20 0.30 1/100 1234\n")).expect("the folder is ours");
}

fn server(metric: &str, name: &str) -> String {
    format!("{metric}{{cluster=\"main\",service=\"web\",server=\"{name}\"}}")
}

fn node(metric: &str, name: &str) -> String {
    format!("{metric}{{node=\"{name}\"}}")
}

#[test]
fn a_node_that_dies_or_hangs_delays_nobody() {
    let mut fleet = Fleet::start();
    load(&fleet.rs2, "0.70");
    let mut serve = Serve::start(&fleet.manager, &[]);
    let weight = |name| server("lcms_server_effective_weight", name);
    // A third of rs1's room, then two thirds of it.
    let low = serve.becomes(&weight("rs2"), |n| n < 50.0);
    load(&fleet.rs2, "0.40");
    serve.becomes(&weight("rs2"), |n| n > low);
    serve.becomes(&server("lcms_control_weight_changes_total", "rs2"), |n| n >= 2.0);

    fleet.rs2.kill();
    serve.becomes(&node("lcms_node_up", "rs2"), |n| n == 0.0);
    serve.becomes(&server("lcms_control_frozen", "rs2"), |n| n == 1.0);
    let answered = |name| node("lcms_node_last_answer_timestamp_seconds", name);
    let last = serve.metric(&answered("rs2")).unwrap();
    let others = serve.metric(&answered("lb1")).unwrap();
    serve.becomes(&answered("lb1"), |n| n > others + 1.0);
    assert_eq!(serve.metric(&answered("rs2")), Ok(last), "its age grows");
    assert_eq!(serve.metric(&node("lcms_node_up", "rs1")), Ok(1.0));

    // It comes back elsewhere; the lease stays while the file is loaded again.
    let before = fleet.rs2.address().to_string();
    fleet.rs2.begin();
    fleet.rs2.await_start();
    let file = fleet.manager.config();
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace(&before, &fleet.rs2.address().to_string())).unwrap();
    serve.signal(Signal::HUP);
    serve.becomes(&node("lcms_node_up", "rs2"), |n| n == 1.0);
    serve.becomes(&server("lcms_control_frozen", "rs2"), |n| n == 0.0);
    assert_eq!(serve.metric("lcms_cluster_lease_term{cluster=\"main\"}"), Ok(1.0));

    fleet.rs1.signal(Signal::STOP);
    let polls = || serve.metric(&node("lcms_node_polls_total", "lb1")).unwrap();
    let (before, began) = (polls(), Instant::now());
    serve.becomes(&node("lcms_node_up", "rs1"), |n| n == 0.0);
    eventually("polls of others go on", Duration::from_secs(5), || match polls() - before {
        n if n >= 10.0 => Ok(()),
        n => Err(format!("{n} polls in {:?}", began.elapsed())),
    });
    assert!(began.elapsed() < Duration::from_secs(4), "ten polls took {:?}", began.elapsed());
    fleet.rs1.signal(Signal::CONT);
    serve.becomes(&node("lcms_node_up", "rs1"), |n| n == 1.0);

    assert_eq!(serve.stop(), Some(0), "{}", serve.output());
    assert!(fleet.lease().trim_end().ends_with(" 0 seconds"), "{}", fleet.lease());
    assert!(serve.output().contains("configured weights stand again"), "{}", serve.output());
    drop(fleet.lb1);
}

/// It takes questions and answers none. Another cluster's weights go on in their rhythm.
#[test]
fn a_director_that_hangs_delays_no_other_cluster() {
    let mut fleet = Fleet::start();
    let spare = agent::director(agent::free_port(), "wrr", &[]).replace("\"main\"", "\"spare\"");
    let lb2 = Agent::start("lb2", &spare);
    let nodes = [("lb2", &lb2), ("lb1", &fleet.lb1), ("rs1", &fleet.rs1), ("rs2", &fleet.rs2)];
    fleet.manager = Manager::of(&nodes.map(|(name, agent)| (name, agent.address())));
    fleet.manager.configure("[serve]\ninterval_ms = 200\n");
    let mut serve = Serve::start(&fleet.manager, &[]);
    for cluster in ["main", "spare"] {
        serve.becomes(&format!("lcms_control_in_control{{cluster=\"{cluster}\"}}"), |n| n == 1.0);
    }
    lb2.signal(Signal::STOP);
    serve.says("lb2: no answer within 1000 ms");
    let weight = server("lcms_server_effective_weight", "rs2");
    let rounds = || serve.metric("lcms_control_rounds_total ").unwrap();
    let (before, began) = (rounds(), Instant::now());
    for _ in 0..3 {
        load(&fleet.rs2, "0.70");
        serve.becomes(&weight, |n| n < 50.0);
        load(&fleet.rs2, "0.10");
        serve.becomes(&weight, |n| n > 50.0);
    }
    // A round that waited for it would take a second.
    eventually("rounds of others go on", Duration::from_secs(10), || match rounds() - before {
        n if n >= 30.0 => Ok(()),
        n => Err(format!("{n} rounds in {:?}", began.elapsed())),
    });
    assert!(began.elapsed() < Duration::from_secs(12), "it took {:?}", began.elapsed());
    lb2.signal(Signal::CONT);
    serve.says("lb2: works again");
    assert_eq!(serve.stop(), Some(0), "{}", serve.output());
}

#[test]
fn a_second_one_waits_for_the_lease_and_takes_over() {
    let fleet = Fleet::start();
    let mut first = Serve::start(&fleet.manager, &[]);
    let control = "lcms_control_in_control{cluster=\"main\"}";
    first.becomes(control, |n| n == 1.0);
    let mut second = Serve::start(&fleet.manager, &["--json"]);
    second.says("\"event\":\"waiting\",\"cluster\":\"main\"");
    assert_eq!(second.metric(control), Ok(0.0));
    first.kill();
    second.becomes(control, |n| n == 1.0);
    second.becomes("lcms_cluster_lease_term{cluster=\"main\"}", |n| n == 2.0);
    assert_eq!(second.stop(), Some(0));
    second.says("\"event\":\"released\",\"cluster\":\"main\",\"director\":\"lb1\"");
}

#[test]
fn slow_clients_do_not_keep_scrapes_out() {
    let agent = Agent::start("lb1", &agent::director(agent::free_port(), "wlc", &[]));
    let manager = Manager::of_agent(&agent);
    let serve = Serve::start(&manager, &["--no-control"]);
    let address = SocketAddr::from(([127, 0, 0, 1], serve.port()));
    let slow: Vec<TcpStream> = (0..150)
        .map(|nth| {
            let mut stream = TcpStream::connect(address).unwrap();
            // Half of them do not come to an end, the others do not read.
            let head = if nth % 2 == 0 {
                "GET /metrics HTTP/1.1\r\nX: "
            } else {
                "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
            };
            // One that was cut already may refuse it.
            let _ = stream.write_all(head.as_bytes());
            stream
        })
        .collect();
    assert!(serve.metrics().contains("lcms_node_up{node=\"lb1\"} 1"));
    let files = fs::read_dir(format!("/proc/{}/fd", serve.id())).unwrap().count();
    assert!(files < 100, "{files} files are open");
    drop(slow);

    let mut greedy = TcpStream::connect(address).unwrap();
    let head = format!("GET /metrics HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "x".repeat(100_000));
    let _ = greedy.write_all(head.as_bytes());
    let mut answer = Vec::new();
    let _ = greedy.read_to_end(&mut answer);
    assert!(!String::from_utf8_lossy(&answer).contains("lcms_"), "it is not answered");
    assert_eq!(serve.page("/healthz"), Ok("ok\n".to_owned()));
    assert!(serve.page("/elsewhere").is_err());
}

#[test]
fn a_wrong_file_is_refused_and_what_was_right_goes_on() {
    let agent = Agent::start("lb1", &agent::director(agent::free_port(), "wlc", &[]));
    let manager = Manager::of_agent(&agent);
    let right = manager.run(&["serve", "--check"]).ok();
    assert!(right.out.trim_end().ends_with("manager.toml: right"), "{}", right.out);
    let mut serve = Serve::start(&manager, &[]);

    let lines = fs::read_to_string(manager.config()).unwrap().lines().count();
    manager.configure("[serve]\ninterval_ms = 5\n");
    let place = format!("manager.toml:{}:15: interval_ms = 5 is out of range", lines + 2);
    for args in [&["serve", "--check"][..], &["serve"]] {
        let wrong = manager.run(args);
        assert_eq!(wrong.code, Some(2), "{}", wrong.errors);
        assert!(wrong.errors.contains(&place), "{}", wrong.errors);
        assert!(wrong.errors.contains("interval_ms = 5000"), "{}", wrong.errors);
    }
    serve.signal(Signal::HUP);
    assert!(serve.says("not loaded again").contains(&place));
    let polls = serve.metric(&node("lcms_node_polls_total", "lb1")).unwrap();
    serve.becomes(&node("lcms_node_polls_total", "lb1"), |n| n > polls);

    let taken = format!("127.0.0.1:{}", serve.port());
    fs::write(
        manager.config(),
        fs::read_to_string(manager.config()).unwrap().replace("= 5\n", "= 500\n"),
    )
    .unwrap();
    let wrong = manager.run(&["serve", "--metrics", &taken]);
    assert_eq!(wrong.code, Some(1));
    assert!(wrong.errors.contains("Address already in use"), "{}", wrong.errors);
}

/// The agent answers when its disk has what it acknowledges.
const PATIENT: &str = "--timeout-ms=10000";

#[test]
fn rows_that_go_take_their_series_along() {
    let agent = Agent::start("lb1", &agent::director(agent::free_port(), "wlc", &[]));
    let manager = Manager::of_agent(&agent);
    manager.configure("[serve]\ninterval_ms = 100\n");
    let serve = Serve::start(&manager, &[]);
    let servers = "lcms_service_servers{cluster=\"main\",service=\"web\"}";
    let series = || serve.metrics().lines().filter(|line| line.starts_with("lcms_server_")).count();
    assert_eq!(series(), 0);
    let mut resident = Vec::new();
    for round in 0..4 {
        let names: Vec<String> = (0..5).map(|nth| format!("main/web/s{round}-{nth}")).collect();
        for name in &names {
            manager.run(&["server", "add", name, "address=127.0.0.1:9", PATIENT]).ok();
        }
        serve.becomes(servers, |n| n == 5.0);
        assert!(series() >= 5 * 15, "{}", serve.metrics());
        for name in &names {
            manager.run(&["server", "remove", name, PATIENT]).ok();
        }
        serve.becomes(servers, |n| n == 0.0);
        // The control loop has its own look.
        eventually("its series are gone", Duration::from_secs(10), || match series() {
            0 => Ok(()),
            n => Err(format!("{n} series")),
        });
        assert!(!serve.metrics().contains("s0-0"));
        (0..50).for_each(|_| drop(serve.metrics()));
        let status = fs::read_to_string(format!("/proc/{}/statm", serve.id())).unwrap();
        let pages: u64 = status.split(' ').nth(1).and_then(|n| n.parse().ok()).unwrap();
        resident.push(pages * 4096);
    }
    let grown = resident[3].saturating_sub(resident[1]);
    assert!(grown < 4 << 20, "grown by {grown} octets: {resident:?}");
}

#[test]
fn systemd_is_told_of_start_life_and_end() {
    let agent = Agent::start("lb1", &agent::director(agent::free_port(), "wlc", &[]));
    let manager = Manager::of_agent(&agent);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let told = || {
        let mut octets = [0; 256];
        let length = socket.recv(&mut octets).expect("systemd is told");
        String::from_utf8_lossy(&octets[..length]).trim_end().to_owned()
    };
    let path = path.display().to_string();
    let environment = [("NOTIFY_SOCKET", path.as_str()), ("WATCHDOG_USEC", "200000")];
    let mut serve = manager.start_in(&["serve"], &environment);
    assert_eq!(told(), "READY=1");
    assert_eq!([told(), told()], ["WATCHDOG=1", "WATCHDOG=1"]);
    serve.signal(Signal::TERM);
    let last = (0..100).map(|_| told()).find(|word| word != "WATCHDOG=1");
    assert_eq!(last.as_deref(), Some("STOPPING=1"));
    assert_eq!(serve.wait(Duration::from_secs(10)), Some(0));
}

#[test]
fn the_unit_for_systemd_is_one() {
    let unit = fs::read_to_string(root().join("examples/lcms-manager.service")).expect("the unit");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lcms-manager.service");
    let program = binary("lcms-manager").display().to_string();
    // What is installed on a machine with the daemon.
    let here =
        unit.replace("/usr/bin/lcms-manager", &program).replace("=lcms-manager\n", "=daemon\n");
    fs::write(&file, here).unwrap();
    let verify = Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&file).output();
    let Ok(output) = verify else {
        assert!(!in_ci(), "systemd-analyze is missing");
        return eprintln!("systemd-analyze is missing: stepping aside");
    };
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !said.contains("lcms-manager.service:"), "{said}");
}
