//! The receiver over kills and reloads, and beside consumers and readers that are away:
//! what was acknowledged is passed on, and nobody waits.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream, UdpSocket},
    process::Stdio,
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use lcms_tests::{
    agent::READ, eventually, http::get, manager::Manager, net_snmp, notifier::Notifier,
    process::Process, receiver::Receiver,
};
use rustix::{
    fs::{CWD, FileType, Mode, mknodat},
    net::{AddressFamily, SocketType, bind, getsockname, listen, socket},
    process::Signal,
};
use serde_json::Value;

const SOON: Duration = Duration::from_secs(20);

/// A web server that is away: its address is nobody else's, and whoever connects there
/// is refused.
struct Away(rustix::fd::OwnedFd);

impl Away {
    fn new() -> Self {
        let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        bind(&socket, &SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        Self(socket)
    }

    fn url(&self) -> String {
        let address: SocketAddr = getsockname(&self.0).unwrap().try_into().unwrap();
        format!("http://{address}/in")
    }

    fn comes_back(self) -> TcpListener {
        listen(&self.0, 128).unwrap();
        self.0.into()
    }
}

/// The number of the notification that is posted next.
fn posted(listener: &TcpListener) -> u64 {
    let (mut stream, _) = listener.accept().unwrap();
    let mut reader = BufReader::new(&mut stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let line = line.trim_end().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
    serde_json::from_slice::<Value>(&body).unwrap()["id"].as_u64().unwrap()
}

fn webhook(away: &Away, rest: &str) -> String {
    let url = away.url();
    format!("[[receiver.pass_on]]\nname = \"web\"\nwindow_ms = 0\nwebhook = \"{url}\"\n{rest}\n")
}

/// What is on disk of how far a rule has come.
fn position(receiver: &Receiver, rule: &str) -> Result<Value, String> {
    let text = fs::read_to_string(receiver.state_dir().join("passed-on.json"));
    let text = text.map_err(|error| error.to_string())?;
    let rules: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    Ok(rules[rule].clone())
}

#[track_caller]
fn position_becomes(receiver: &Receiver, rule: &str, wanted: &Value) {
    eventually("the position is kept", SOON, || match position(receiver, rule)? {
        position if position == *wanted => Ok(()),
        position => Err(position.to_string()),
    });
}

fn passed(receiver: &Receiver, what: &str, rule: &str) -> f64 {
    receiver.metric(&format!("lcms_notifications_{what}{{rule=\"{rule}\"}}"))
}

#[test]
fn what_waits_for_a_consumer_is_passed_on_after_a_kill() {
    let away = Away::new();
    let rules = webhook(&away, "retries = 20");
    let mut receiver = Receiver::start(Manager::of(&[]), "", &rules);
    let notifier = Notifier::to(receiver.address());
    for id in 1..=20 {
        assert!(notifier.acknowledged(id, 1, 10), "{}", receiver.output());
    }
    // Twice: what the second one has read again waits as well.
    receiver.kill_and_restart();
    let all: Vec<u64> = (1..=20).collect();
    position_becomes(&receiver, "web", &serde_json::json!({"judged": 20, "waiting": all}));
    receiver.kill_and_restart();
    eventually("they wait again", SOON, || match passed(&receiver, "waiting", "web") {
        20.0 => Ok(()),
        n => Err(n.to_string()),
    });

    let listener = away.comes_back();
    let got: Vec<u64> = (1..=20).map(|_| posted(&listener)).collect();
    assert_eq!(got, all, "each once, and in their order");
    position_becomes(&receiver, "web", &serde_json::json!({"judged": 20, "waiting": []}));

    // What was delivered is not delivered again.
    receiver.kill_and_restart();
    assert!(Notifier::to(receiver.address()).acknowledged(21, 1, 10));
    assert_eq!(posted(&listener), 21);
    assert_eq!(passed(&receiver, "passed_total", "web"), 1.0);
    assert_eq!(passed(&receiver, "lost_total", "web"), 0.0);
}

/// Whatever it does as it is killed: all that was acknowledged is stored and told.
#[test]
fn a_kill_in_the_middle_loses_nothing() {
    let rule = "[[receiver.pass_on]]\nname = \"log\"\nlog = \"told\"\nwindow_ms = 0\n";
    let manager = Manager::of(&[]);
    let log = manager.config().with_file_name("told");
    let mut receiver = Receiver::start(manager, "source_rate = 0", rule);
    let mut acknowledged = 0;
    for round in 0..5 {
        let notifier = Notifier::to(receiver.address());
        let (to, answers) = mpsc::channel();
        thread::scope(|scope| {
            scope.spawn(move || {
                let ids = (round * 10_000..).take_while(|id| notifier.acknowledged(*id, 1, 1));
                ids.for_each(|id| to.send(id).unwrap());
            });
            acknowledged += answers.iter().take(50).count();
            receiver.kill_and_restart();
            acknowledged += answers.iter().count();
        });
    }
    let stored: BTreeSet<u64> =
        receiver.stored().iter().map(|record| record["id"].as_u64().unwrap()).collect();
    assert!(stored.len() >= acknowledged && acknowledged >= 100, "{acknowledged} {stored:?}");
    eventually("each is told", SOON, || {
        let text = fs::read_to_string(&log).unwrap();
        let records = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let told: BTreeSet<u64> = records.map(|record| record["id"].as_u64().unwrap()).collect();
        if told == stored { Ok(()) } else { Err(format!("{:?}", &stored - &told)) }
    });
}

/// The latest of what flaps is held when the process is killed.
#[test]
fn what_was_held_is_told_after_a_kill() {
    let Some(_) = net_snmp::tool("snmpinform") else { return };
    let rule = "[[receiver.pass_on]]\nname = \"log\"\nlog = \"told\"\nwindow_ms = 3600000\n\
                hold_down_ms = 3600000\n[[receiver.pass_on]]\nname = \"none\"\nlog = \"none\"\n\
                notifications = [\"lc*\"]\n";
    let manager = Manager::of(&[]);
    let log = manager.config().with_file_name("told");
    let mut receiver = Receiver::start(manager, "", rule);
    for link in ["5.3", "5.4", "5.3"] {
        let name = format!("1.3.6.1.6.3.1.1.{link}");
        let what = ["", &name, "1.3.6.1.2.1.2.2.1.1.3", "i", "3"];
        let said = net_snmp::run("snmpinform", &["-v2c"], READ, receiver.address(), &what);
        assert_eq!(said.expect("found").code, Some(0));
    }
    position_becomes(&receiver, "log", &serde_json::json!({"judged": 3, "waiting": [3]}));
    position_becomes(&receiver, "none", &serde_json::json!({"judged": 3, "waiting": []}));
    receiver.kill_and_restart();
    let told = eventually("the last is told", SOON, || {
        let text = fs::read_to_string(&log).unwrap();
        let ids: Vec<u64> = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].as_u64().unwrap())
            .collect();
        if ids.len() > 2 { Ok(ids) } else { Err(format!("{ids:?}")) }
    });
    assert_eq!(told, [1, 2, 3], "told last is what happened last");
}

/// A Nagios that restarts has no pipe meanwhile.
#[test]
fn what_comes_while_nagios_restarts_is_told_afterwards() {
    let Some(_) = net_snmp::tool("snmpinform") else { return };
    let manager = Manager::of(&[]);
    let pipe = manager.config().with_file_name("nagios.cmd");
    let rule = format!("[[receiver.pass_on]]\nname = \"nagios\"\nnagios = {pipe:?}\n");
    let mut receiver = Receiver::start(manager, "", &rule);
    let [state, weight, reason] = ["OperState", "EffectiveWeight", "Reason"]
        .map(|column| format!("lcServer{column}.\"main\".\"web\".\"rs1\""));
    let name = "LOAD-CLUSTER-MIB::lcServerDown";
    let down = ["", name, &state, "i", "2", &weight, "u", "0", &reason, "s", "refused"];
    let said = net_snmp::run("snmpinform", &["-v2c"], READ, receiver.address(), &down);
    assert_eq!(said.expect("found").code, Some(0), "{}", receiver.output());
    receiver.says("is Nagios running, with check_external_commands=1?; tried again");

    let mode = Mode::RUSR | Mode::WUSR;
    mknodat(CWD, &pipe, FileType::Fifo, mode, 0).unwrap();
    let mut line = String::new();
    BufReader::new(fs::File::open(&pipe).unwrap()).read_line(&mut line).unwrap();
    let (_, told) = line.split_once("] ").unwrap();
    let begin = "PROCESS_SERVICE_CHECK_RESULT;cluster-main;Server web/rs1;2;SERVER CRITICAL - ";
    assert!(told.starts_with(begin) && told.contains("refused"), "{line}");
}

#[test]
fn a_consumer_that_stays_away_costs_a_queue_and_no_more() {
    let away = Away::new();
    let rules = webhook(&away, "retries = 20");
    let small = "source_rate = 0\njournal_file_size = 65536\njournal_files = 2";
    let mut receiver = Receiver::start(Manager::of(&[]), small, &rules);
    let notifier = Notifier::to(receiver.address());
    for id in 1..=1500 {
        assert!(notifier.acknowledged(id, 1, 10), "{}", receiver.output());
    }
    let counted = |what| passed(&receiver, what, "web");
    eventually("all are judged", SOON, || {
        match counted("passed_total") + counted("overflowed_total") {
            1500.0 => Ok(()),
            n => Err(n.to_string()),
        }
    });
    // One is on its way beside the queue, once somebody has taken it out.
    let waiting = counted("waiting");
    assert!((1000.0..=1001.0).contains(&waiting), "{waiting}");
    assert_eq!(counted("overflowed_total"), 1500.0 - waiting);
    let said = || receiver.output().matches("web: its queue was full").count();
    eventually("it is said", SOON, || if said() > 0 { Ok(()) } else { Err(receiver.output()) });
    assert!(said() < 10, "and not for each: {}", receiver.output());
    let folder = receiver.state_dir().join("notifications");
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().metadata().unwrap().len());
    assert!(files.sum::<u64>() <= 2 << 16);

    // So the journal has but the end of what waits, and the rest is counted.
    eventually("the position is kept", SOON, || {
        match position(&receiver, "web")?["judged"].as_u64() {
            Some(1500) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
    receiver.kill_and_restart();
    let counted = |what| passed(&receiver, what, "web");
    eventually("what is there waits", SOON, || match counted("lost_total") + counted("waiting") {
        n if n == waiting => Ok(()),
        n => Err(n.to_string()),
    });
    assert!(counted("lost_total") > 0.0);
    receiver.says("no longer in the journal");
}

#[test]
fn informs_go_on_while_the_file_is_loaded_again() {
    let rule = "[[receiver.pass_on]]\nname = \"log\"\nlog = \"told\"\nwindow_ms = 0\n";
    let manager = Manager::of(&[]);
    let log = manager.config().with_file_name("told");
    let mut receiver = Receiver::start(manager, "source_rate = 0", rule);
    let address = receiver.address();
    let ends = AtomicBool::new(false);
    let sent = thread::scope(|scope| {
        let sending = scope.spawn(|| {
            let notifier = Notifier::to(address);
            let ids = (1..).take_while(|_| !ends.load(Ordering::Relaxed));
            ids.map(|id| assert!(notifier.acknowledged(id, 1, 10), "{id}")).count()
        });
        for _ in 0..5 {
            receiver.reload();
        }
        assert_eq!(receiver.output().matches("receiver's engine").count(), 1, "it is the same");
        // Another one takes over the sockets and what waits.
        for (from, to) in [("window_ms = 0", "window_ms = 1"), ("window_ms = 1", "window_ms = 0")] {
            receiver.edit(from, to);
            receiver.reload();
            assert_eq!(receiver.address(), address);
        }
        assert_eq!(receiver.output().matches("receiver's engine").count(), 3);
        ends.store(true, Ordering::Relaxed);
        sending.join().unwrap()
    });
    assert!(sent > 10, "{sent}");
    assert_eq!(receiver.names().len(), sent, "each is stored once");
    assert_eq!(receiver.stop(), Some(0));
    let mut times: BTreeMap<u64, u32> = BTreeMap::new();
    for line in fs::read_to_string(log).unwrap().lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        *times.entry(record["id"].as_u64().unwrap()).or_default() += 1;
    }
    // With a window of a millisecond some are the same again.
    assert!(times.values().all(|times| *times == 1), "{times:?}");
}

#[test]
fn a_file_with_an_error_leaves_all_as_it_was() {
    let mut receiver = Receiver::start(Manager::of(&[]), "", "");
    let address = receiver.address();
    let notifier = Notifier::to(address);
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let listen = "listen = [\"127.0.0.1:0\"";
    let also = format!("{listen}, \"{}\"", taken.local_addr().unwrap());
    let refused = |receiver: &Receiver, why: &str| {
        receiver.hang_up();
        eventually("it is refused", SOON, || {
            let output = receiver.output();
            let refused = output.lines().any(|l| l.contains("not loaded again") && l.contains(why));
            if refused { Ok(()) } else { Err(output) }
        });
    };
    receiver.edit("[receiver]\n", "[receiver]\nmax_sise = 9\n");
    refused(&receiver, "manager.toml:");
    assert!(notifier.acknowledged(1, 1, 10), "{}", receiver.output());
    receiver.edit("max_sise = 9\n", "");
    receiver.edit(listen, &also);
    receiver.edit("metrics = \"0\"", "metrics = \"127.0.0.1:0\"");
    refused(&receiver, "cannot listen on");
    assert!(notifier.acknowledged(2, 1, 10), "{}", receiver.output());
    receiver.edit(&also, listen);
    receiver.reload();
    assert_eq!(receiver.address(), address);
    assert!(notifier.acknowledged(3, 1, 10), "{}", receiver.output());
    assert_eq!(receiver.names().len(), 3);
}

const ACME: &str = "\
ACME-MIB DEFINITIONS ::= BEGIN
IMPORTS MODULE-IDENTITY, NOTIFICATION-TYPE, enterprises FROM SNMPv2-SMI;
acme MODULE-IDENTITY LAST-UPDATED \"202601010000Z\" ORGANIZATION \"x\" CONTACT-INFO \"x\"
  DESCRIPTION \"x\" ::= { enterprises 99999 }
acmeEvents OBJECT IDENTIFIER ::= { acme 0 }
acmeOnFire NOTIFICATION-TYPE STATUS current DESCRIPTION \"x\" ::= { acmeEvents 1 }
END
";

#[test]
fn mib_files_are_read_again() {
    let Some(_) = net_snmp::tool("snmpinform") else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut receiver = Receiver::start_by(Manager::of(&[]), "", "", |mut command| {
        command.arg("--mib-dir").arg(folder.path());
        command
    });
    let fire = ["", "1.3.6.1.4.1.99999.0.1"];
    for _ in 0..2 {
        let said = net_snmp::run("snmpinform", &["-v2c"], READ, receiver.address(), &fire);
        assert_eq!(said.expect("found").code, Some(0));
        fs::write(folder.path().join("ACME-MIB"), ACME).unwrap();
        receiver.reload();
    }
    let names = receiver.names();
    assert!(names[0].contains("99999") && names[1] == "acmeOnFire", "{names:?}");
    assert_eq!(receiver.output().matches("receiver's engine").count(), 1, "it is the same");
}

#[test]
fn it_listens_on_both_families() {
    let Some(_) = net_snmp::tool("snmptrap") else { return };
    if let Err(error) = UdpSocket::bind("[::1]:0") {
        return eprintln!("stepping aside: no loopback of IPv6: {error}");
    }
    let section = "[[receiver.community]]\nname = \"far\"\ncommunity_file = \"read.community\"\n\
                   sources = [\"::1/128\"]\n";
    let mut receiver = Receiver::start(Manager::of(&[]), "", section);
    let four = receiver.address();
    receiver.edit("listen = [\"127.0.0.1:0\"]", "listen = [\"127.0.0.1:0\", \"[::1]:0\"]");
    receiver.edit("name = \"agents\"", "name = \"agents\"\nsources = [\"127.0.0.0/8\"]");
    receiver.reload();
    let six = receiver.address();
    assert!(six.is_ipv6(), "{six}");
    for to in [four, six] {
        let start = ["", "1.3.6.1.6.3.1.1.5.2"];
        for (tool, version) in [("snmptrap", "-v2c"), ("snmpinform", "-v2c")] {
            let said = net_snmp::run(tool, &[version], READ, to, &start).expect("found");
            assert_eq!(said.code, Some(0), "{tool} {to}: {}", said.errors);
        }
        let user = net_snmp::User {
            name: "operator",
            password: lcms_tests::agent::PASSWORD,
            auth: Some("SHA-256"),
            privacy: Some("AES"),
        };
        let said = net_snmp::run_as("snmpinform", &user, to, &start).expect("found");
        assert_eq!(said.code, Some(0), "{to}: {}", said.errors);
    }
    let stored = eventually("all are stored", SOON, || match receiver.stored() {
        stored if stored.len() == 6 => Ok(stored),
        stored => Err(format!("{stored:?}")),
    });
    let senders: Vec<&str> = stored.iter().map(|one| one["sender"].as_str().unwrap()).collect();
    assert_eq!(senders.iter().filter(|sender| **sender == "agents").count(), 2, "{senders:?}");
    assert_eq!(senders.iter().filter(|sender| **sender == "far").count(), 2, "{senders:?}");
    let six = stored.iter().filter(|one| one["from"].as_str().unwrap().starts_with("[::1]:"));
    assert_eq!(six.count(), 3, "{stored:?}");
}

#[test]
fn metrics_move_with_their_address() {
    let mut receiver = Receiver::start(Manager::of(&[]), "", "");
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let there = free.local_addr().unwrap();
    let before = receiver.metrics_port();
    receiver.edit("metrics = \"0\"", &format!("metrics = \"{there}\""));
    // As long as somebody else is there, they stay.
    receiver.hang_up();
    eventually("it is refused", SOON, || {
        let output = receiver.output();
        if output.contains("Address already in use") { Ok(()) } else { Err(output) }
    });
    assert_eq!(get(before, "/healthz"), Ok("ok\n".to_owned()));
    drop(free);
    receiver.reload();
    assert_eq!(get(there.port(), "/healthz"), Ok("ok\n".to_owned()));
    assert!(TcpStream::connect(("127.0.0.1", before)).is_err(), "nobody is left there");
    assert!(!receiver.output().contains("whoever reaches"), "loopback is our own");
    // All addresses of one port are in each other's way.
    receiver.edit(&there.to_string(), &format!("0.0.0.0:{}", there.port()));
    receiver.reload();
    assert_eq!(get(there.port(), "/healthz"), Ok("ok\n".to_owned()));
    receiver.says("whoever reaches 0.0.0.0:");
    receiver.edit(&format!("metrics = \"0.0.0.0:{}\"", there.port()), "");
    receiver.reload();
    assert!(TcpStream::connect(there).is_err(), "they are nowhere");
}

/// Nobody reads what it says, and its pipes are full.
#[test]
fn nobody_has_to_read_what_it_says() {
    let rules = "[[receiver.pass_on]]\nname = \"fails\"\ncommand = [\"/bin/false\"]\n\
                 window_ms = 0\n[[receiver.pass_on]]\nname = \"out\"\nlog = \"-\"\n\
                 window_ms = 0\n";
    // It keeps its folder.
    let mut receiver = Receiver::start(Manager::of(&[]), "source_rate = 0", rules);
    let mut command = receiver.command();
    assert_eq!(receiver.stop(), Some(0));
    command.env("RUST_LOG", "lcms_manager=debug").arg("--json");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut errors = BufReader::new(child.stderr.take().unwrap());
    let (mut metrics, mut address) = (None, None);
    while metrics.is_none() || address.is_none() {
        let mut line = String::new();
        assert_ne!(errors.read_line(&mut line).unwrap(), 0, "it ends");
        let after = |mark: &str| line.split_once(mark).map(|(_, rest)| rest.trim().to_owned());
        address = address.or(after("receiving notifications on udp:"));
        metrics = metrics.or(after("metrics on http://127.0.0.1:"));
    }
    let mut process = Process::of(child);
    let notifier = Notifier::to(address.unwrap().parse().unwrap());
    for id in 1..=1000 {
        assert!(notifier.acknowledged(id, 1, 10), "{id}");
    }
    let port = metrics.unwrap().trim_end_matches("/metrics").parse().unwrap();
    let series = "lcms_notifications_failed_total{rule=\"fails\"} ";
    eventually("the program is run on", SOON, || {
        let page = get(port, "/metrics")?;
        let failed = page.lines().find_map(|line| line.strip_prefix(series)?.parse().ok());
        if failed == Some(1000.0) { Ok(()) } else { Err(format!("{failed:?}")) }
    });
    assert_eq!(process.end(Signal::TERM), Some(0));
    drop(errors);
}
