//! The receiver of `lcms-manager serve`, as those who send notifications see it, and
//! those they are passed on to.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test")]

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::Command,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use lcms_tests::{
    agent::{self, Agent, PASSWORD, READ},
    backend::Backend,
    eventually,
    manager::Manager,
    nagios::Nagios,
    net_snmp::{self, Said},
    notifier::Notifier,
    receiver::Receiver,
};

const SOON: Duration = Duration::from_secs(20);

/// `snmptrap` or `snmpinform` by a user.
#[track_caller]
fn by_user(
    tool: &str,
    args: &[&str],
    user: &str,
    protocols: (&str, &str),
    to: &Receiver,
    what: &[&str],
) -> Option<Said> {
    let (auth, privacy) = protocols;
    let options = [
        "-v3", "-l", "authPriv", "-u", user, "-a", auth, "-A", PASSWORD, "-x", privacy, "-X",
        PASSWORD,
    ];
    net_snmp::run(tool, &[&options, args].concat(), "", to.address(), what)
}

/// net-snmp's tools in every version and kind; what came is stored before it is
/// acknowledged, so it is there after a kill.
#[test]
fn every_version_and_kind_is_stored_named_and_acknowledged() {
    let Some(_) = net_snmp::tool("snmpinform") else { return };
    let users = "[[receiver.user]]\nuser = \"old\"\nauth = \"MD5\"\npriv = \"DES\"\n\
                 auth_file = \"user.password\"\n\
                 [[receiver.user]]\nuser = \"long\"\nauth = \"SHA-512\"\npriv = \"AES-128\"\n\
                 auth_file = \"user.password\"\n\
                 [[receiver.user]]\nuser = \"far\"\nauth_file = \"user.password\"\n\
                 sources = [\"192.0.2.0/24\"]\n";
    let mut receiver = Receiver::start(Manager::of(&[]), "", users);
    let to = receiver.address();
    let link = ["", "1.3.6.1.6.3.1.1.5.3", "1.3.6.1.2.1.2.2.1.1.3", "i", "3"];
    let v1 = ["1.3.6.1.4.1.9", "192.0.2.9", "2", "0", "", "1.3.6.1.2.1.2.2.1.1.4", "i", "4"];
    let own = ["", "LOAD-CLUSTER-MIB::lcConfigChanged"];
    let start = ["", "1.3.6.1.6.3.1.1.5.1"];
    let ran = |said: Option<Said>| said.expect("found").code;
    assert_eq!(ran(net_snmp::run("snmptrap", &["-v1"], READ, to, &v1)), Some(0));
    assert_eq!(ran(net_snmp::run("snmptrap", &["-v2c"], READ, to, &own)), Some(0));
    assert_eq!(ran(net_snmp::run("snmpinform", &["-v2c"], READ, to, &link)), Some(0));
    for (user, protocols) in
        [("operator", ("SHA-256", "AES")), ("old", ("MD5", "DES")), ("long", ("SHA-512", "AES"))]
    {
        let said = by_user("snmpinform", &[], user, protocols, &receiver, &start);
        assert_eq!(ran(said), Some(0), "{user}: {}", receiver.output());
    }
    let engine = ["-e", "0x80001f88800102030405"];
    let said = by_user("snmptrap", &engine, "operator", ("SHA-256", "AES"), &receiver, &link);
    assert_eq!(ran(said), Some(0));
    // Who is not known, or not there, or below his level, has no answer.
    let patience = ["-v2c", "-t", "1", "-r", "0"];
    let refused = net_snmp::run("snmpinform", &patience, "nobody", to, &link);
    assert_eq!(ran(refused), Some(1));
    for (user, protocols) in [("far", ("SHA-256", "AES")), ("operator", ("SHA-512", "AES"))] {
        let args = ["-t", "1", "-r", "0"];
        let said = by_user("snmpinform", &args, user, protocols, &receiver, &start);
        assert_eq!(ran(said), Some(1), "{user}");
    }
    let wanted = [
        "linkDown",
        "lcConfigChanged",
        "linkDown",
        "coldStart",
        "coldStart",
        "coldStart",
        "linkDown",
    ];
    eventually("all are stored", SOON, || match receiver.names() {
        names if names == wanted => Ok(()),
        names => Err(format!("{names:?}")),
    });
    receiver.kill_and_restart();
    assert_eq!(receiver.names(), wanted);
    let stored = receiver.stored();
    let kinds: Vec<_> = stored
        .iter()
        .map(|one| (one["version"].as_str().unwrap(), one["kind"].as_str().unwrap()))
        .collect();
    assert_eq!(kinds[..3], [("1", "trap"), ("2c", "trap"), ("2c", "inform")]);
    assert_eq!(kinds[3..], [("3", "inform"), ("3", "inform"), ("3", "inform"), ("3", "trap")]);
    // A trap of version 1 has its enterprise and address with it (RFC 3584).
    let objects = stored[0]["objects"].as_array().unwrap();
    let names: Vec<_> = objects.iter().map(|object| object["name"].as_str().unwrap()).collect();
    let wanted = [
        "IF-MIB::ifIndex.4",
        "SNMP-COMMUNITY-MIB::snmpTrapAddress.0",
        "SNMPv2-MIB::snmpTrapEnterprise.0",
    ];
    assert_eq!(names, wanted);
    let said = receiver.traps(&["-V", "--severity", "critical", "IF-MIB::*"]).out;
    assert_eq!(said.matches("linkDown from 127.0.0.1").count(), 3, "{said}");
    assert!(said.contains("    IF-MIB::ifIndex.3 = INTEGER: 3\n"), "{said}");
    assert!(!said.contains(READ) && said.contains(" by agents"), "{said}");
    assert_eq!(receiver.traps(&["--since", "2001-01-01", "lc*"]).out.lines().count(), 1);
    assert_eq!(receiver.stop(), Some(0), "{}", receiver.output());
}

/// pysnmp, which shares no code with net-snmp, with every protocol.
#[test]
fn informs_of_pysnmp_by_every_protocol() {
    const PYTHON: &str = "/usr/bin/python3";
    let there = Command::new(PYTHON).args(["-c", "import pysnmp"]).output();
    if !there.is_ok_and(|output| output.status.success()) {
        assert!(!lcms_tests::in_ci(), "pysnmp is missing");
        return eprintln!("pysnmp is missing: stepping aside");
    }
    let mut users = String::new();
    let auths = ["MD5", "SHA", "SHA-224", "SHA-256", "SHA-384", "SHA-512"];
    let privs = ["DES", "AES-128", "AES-192", "AES-256", "AES-192-C", "AES-256-C"];
    for (auth, privacy) in auths.into_iter().zip(privs) {
        let name = format!("{auth}_{privacy}").to_lowercase();
        users += &format!(
            "[[receiver.user]]\nuser = \"{name}\"\nauth = \"{auth}\"\n\
             priv = \"{privacy}\"\nauth_file = \"user.password\"\n"
        );
    }
    let receiver = Receiver::start(Manager::of(&[]), "", &users);
    let output = Command::new(PYTHON)
        .arg(lcms_tests::root().join("tests/tests/pysnmp/inform.py"))
        .args([&receiver.address().port().to_string(), READ, PASSWORD])
        .output()
        .expect("it has just run");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let said: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(&output.stdout).expect("JSON");
    let failed: Vec<_> = said.iter().filter(|(_, error)| *error != "").collect();
    assert_eq!(failed, [], "{}", receiver.output());
    assert_eq!((said.len(), receiver.stored().len()), (8, 8));
    assert!(receiver.names().iter().all(|name| name == "warmStart"));
}

/// An inform whose acknowledgement was lost comes again: it is acknowledged again, and
/// stored once, whether or not the receiver was killed meanwhile.
#[test]
fn what_comes_again_is_acknowledged_and_stored_once() {
    let mut receiver = Receiver::start(Manager::of(&[]), "", "");
    let socket = Notifier::to(receiver.address());
    for _ in 0..3 {
        assert!(socket.acknowledged(7, 100, 10), "{}", receiver.output());
    }
    receiver.kill_and_restart();
    assert_eq!(receiver.names(), ["coldStart"], "it was on disk before it was acknowledged");
    let socket = Notifier::to(receiver.address());
    assert!(socket.acknowledged(7, 100, 10));
    assert!(socket.acknowledged(8, 100, 10), "another one is another one");
    assert_eq!(receiver.names(), ["coldStart", "coldStart"]);

    // A crash in the middle of a write: what is left of it is cut off.
    let journal = receiver.journal();
    let text = fs::read(&journal).unwrap();
    let torn = [&text[..], &text[..text.len() / 3]].concat();
    fs::write(&journal, torn).unwrap();
    receiver.kill_and_restart();
    receiver.says("cut off the journal");
    let socket = Notifier::to(receiver.address());
    assert!(socket.acknowledged(9, 100, 10));
    assert_eq!(receiver.names().len(), 3);

    // A reload that changes nothing lets it be.
    receiver.reload();
    let socket = Notifier::to(receiver.address());
    assert!(socket.acknowledged(9, 100, 10), "{}", receiver.output());
    assert_eq!(receiver.names().len(), 3);
    assert_eq!(receiver.metric("lcms_notifications_stored_total "), 1.0);
    assert!(receiver.metric("lcms_notifications_retransmitted_total ") >= 1.0);
    let series = "lcms_notifications_received_total{version=\"2c\",kind=\"inform\"}";
    assert!(receiver.metric(series) >= 2.0);
}

/// While the disk is full no inform is acknowledged, and it is said; when there is
/// room again, all goes on.
#[test]
fn nothing_is_acknowledged_that_the_disk_does_not_take() {
    if !rustix::process::getuid().is_root() {
        assert!(!lcms_tests::in_ci(), "a small disk wants root");
        return eprintln!("stepping aside: a small disk wants root");
    }
    let manager = Manager::of(&[]);
    let state = manager.config().with_file_name("state");
    fs::create_dir(&state).unwrap();
    // A file system of its own, which nobody else sees.
    let on_small_disk = |command: Command| {
        let mut unshare = Command::new("unshare");
        let mount = "mount -t tmpfs -o size=256k none \"$0\" && exec \"$@\"";
        unshare.args(["--mount", "sh", "-c", mount]).arg(&state);
        unshare.arg(command.get_program()).args(command.get_args());
        unshare.env("RUST_LOG", "lcms_manager=info");
        unshare
    };
    let log = "[[receiver.pass_on]]\nname = \"log\"\nlog = \"passed\"\n";
    let mut receiver = Receiver::start_by(manager, "", log, on_small_disk);
    let socket = Notifier::to(receiver.address());
    assert!(socket.acknowledged(1, 1, 10), "{}", receiver.output());
    let inside = Path::new("/proc").join(receiver.id().to_string()).join("root");
    let inside = inside.join(state.strip_prefix("/").unwrap());
    let filler = inside.join("filler");
    let mut file = fs::File::create(&filler).unwrap();
    while file.write_all(&[0; 1024]).is_ok() {}
    while file.write_all(&[0]).is_ok() {}
    // What is left of the last page of the journal may take some.
    let mut refused = None;
    for id in 2..200 {
        if !socket.acknowledged(id, 1, 1) {
            refused = Some(id);
            break;
        }
    }
    let refused = refused.unwrap_or_else(|| panic!("never full: {}", receiver.output()));
    receiver.says("the journal cannot be written");
    let passed = fs::read_to_string(state.with_file_name("passed")).unwrap();
    assert!(passed.contains("coldStart"), "it is passed on all the same");
    drop(file);
    fs::remove_file(&filler).unwrap();
    assert!(socket.acknowledged(refused, 1, 10), "{}", receiver.output());
    let state_dir = inside.display().to_string();
    let said = receiver.traps(&["--state-dir", &state_dir, "-n", "0"]).out;
    assert_eq!(said.lines().count() as i32, refused, "each once:\n{said}");
}

/// A web server that fails once, and the requests it got.
fn web_server() -> (SocketAddr, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (to, requests) = mpsc::channel();
    thread::spawn(move || {
        for (nth, stream) in listener.incoming().enumerate() {
            let Ok(stream) = stream else { return };
            let status = if nth == 0 { "503 Not now" } else { "200 OK" };
            if to.send(answer(stream, status)).is_err() {
                return;
            }
        }
    });
    (address, requests)
}

fn answer(mut stream: TcpStream, status: &str) -> String {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    let is_whole = |text: &str| {
        let (head, body) = text.split_once("\r\n\r\n")?;
        let length = head.lines().find_map(|line| {
            line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse::<usize>().ok()
        });
        (body.len() >= length.unwrap_or(0)).then_some(())
    };
    while is_whole(&text).is_none() {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(length) => text.push_str(&String::from_utf8_lossy(&buffer[..length])),
        }
    }
    let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    text
}

/// A consumer that hangs, and others that are not there, hold up neither senders nor
/// each other.
#[test]
fn consumers_are_told_and_hold_up_nobody() {
    let (web, requests) = web_server();
    let manager = Manager::of(&[]);
    let folder = manager.config().parent().unwrap().display().to_string();
    agent::write_secret(&manager.config().with_file_name("token"), "Bearer abc");
    let rule = |name: &str, rest: &str| {
        format!("[[receiver.pass_on]]\nname = \"{name}\"\nwindow_ms = 0\n{rest}\n")
    };
    let script = format!(
        "printf '%s|%s|%s|' \"$LCMS_NOTIFICATION\" \"$LCMS_SEVERITY\" \"$LCMS_TEXT\" > '{folder}/told.new' \
         && cat >> '{folder}/told.new' && mv '{folder}/told.new' '{folder}/told'"
    );
    let rules = [
        rule("hangs", "command = [\"/bin/sleep\", \"1000\"]\nat_once = 1\ntimeout_ms = 600000"),
        rule(
            "killed",
            "command = [\"/bin/sleep\", \"1000\"]\nat_once = 1\ntimeout_ms = 200\nnotifications = [\"linkUp\"]",
        ),
        rule("fails", "command = [\"/bin/false\"]\nnotifications = [\"linkUp\"]"),
        rule("nobody", "nagios = \"nowhere.cmd\"\nnotifications = [\"lcServerDown\"]"),
        rule("none", "log = \"none\"\nnotifications = [\"*\"]\nexcept = [\"cold*\", \"link*\"]"),
        rule(
            "told",
            &format!("command = [\"/bin/sh\", \"-c\", {script:?}]\nnotifications = [\"linkDown\"]"),
        ),
        rule(
            "web",
            &format!(
                "webhook = \"http://{web}/in\"\nauthorization_file = \"token\"\nnotifications = [\"linkDown\"]"
            ),
        ),
        rule("log", "log = \"all\""),
    ];
    let mut receiver = Receiver::start(manager, "", &rules.concat());
    let socket = Notifier::to(receiver.address());
    let before = Instant::now();
    for id in 0..50 {
        assert!(socket.acknowledged(id, id as u32, 10), "{}", receiver.output());
    }
    assert!(before.elapsed() < SOON, "{:?}", before.elapsed());
    let Some(_) = net_snmp::tool("snmpinform") else { return };
    let up = ["", "1.3.6.1.6.3.1.1.5.4"];
    let text = "$(id); `id`\n|x";
    let down = ["", "1.3.6.1.6.3.1.1.5.3", "1.3.6.1.2.1.2.2.1.2.3", "s", text];
    for what in [&up[..], &down] {
        let said = net_snmp::run("snmpinform", &["-v2c"], READ, receiver.address(), what);
        assert_eq!(said.expect("found").code, Some(0));
    }
    let at = |name: &str| Path::new(&folder).join(name);
    eventually("the log has all", SOON, || {
        let lines = fs::read_to_string(at("all")).unwrap_or_default().lines().count();
        if lines == 52 { Ok(()) } else { Err(lines.to_string()) }
    });
    assert_eq!(fs::read_to_string(at("none")).unwrap(), "");
    let told = eventually("the program is told", SOON, || {
        fs::read_to_string(at("told")).map_err(|error| error.to_string())
    });
    let parts: Vec<&str> = told.splitn(4, '|').collect();
    assert_eq!(parts[..2], ["IF-MIB::linkDown", "critical"], "{told}");
    // In the environment it is one line.
    let (line, rest) = told.split_once("x|").expect("the text ends so");
    assert!(line.ends_with("$(id); `id` |"), "{told}");
    let object: serde_json::Value = serde_json::from_str(rest).expect("JSON on standard input");
    assert_eq!(
        object["objects"][0]["value"],
        serde_json::json!("0x242869642 93B20606964600A7C78".replace(' ', ""))
    );
    let first = requests.recv_timeout(SOON).expect("posted");
    let again = requests.recv_timeout(SOON).expect("and once more");
    assert!(first.starts_with("POST /in HTTP/1.1\r\n"), "{first}");
    for request in [&first, &again] {
        let lower = request.to_ascii_lowercase();
        assert!(lower.contains("content-type: application/json"), "{request}");
        assert!(lower.contains("authorization: bearer abc"), "{request}");
        let body = request.split_once("\r\n\r\n").unwrap().1;
        let object: serde_json::Value = serde_json::from_str(body).expect("JSON");
        assert_eq!(object["name"], "IF-MIB::linkDown");
    }
    eventually("what fails is said", SOON, || {
        let output = receiver.output();
        let said = ["fails: ", "ended with exit status: 1", "killed: ", "not done within 200 ms"];
        if said.iter().all(|said| output.contains(said)) { Ok(()) } else { Err(output) }
    });
    assert!(!receiver.output().contains("abc"), "no secret is said");
    let counted = |what: &str, rule: &str| {
        receiver.metric(&format!("lcms_notifications_{what}_total{{rule=\"{rule}\"}}"))
    };
    assert_eq!((counted("passed", "log"), counted("passed", "web")), (52.0, 1.0));
    assert_eq!((counted("failed", "fails"), counted("failed", "log")), (1.0, 0.0));
    // The program that hangs does not keep us either.
    let before = Instant::now();
    assert_eq!(receiver.stop(), Some(0), "{}", receiver.output());
    assert!(before.elapsed() < Duration::from_secs(9), "{:?}", before.elapsed());
}

/// Informs of our agent, by a user, make passive results of Nagios: the service goes
/// from OK to CRITICAL and back without a check of Nagios' own, and the host that has but
/// this server goes down and comes up.
#[test]
fn a_server_dies_and_nagios_hears_of_it_by_a_notification() {
    let backend = Backend::start("rs1");
    let servers = [("rs1", backend.address(), 30)];
    let director = agent::director(agent::free_port(), "wlc", &servers)
        .replace("weight = 30\n", "weight = 30\nhost = \"rs1\"\n");
    let director = format!("{director}[[host]]\nname = \"rs1\"\n");
    let mut lb1 = Agent::start("lb1", &director);
    let objects = tempfile::tempdir().unwrap();
    let folder = objects.path().display().to_string();
    let manager = Manager::of_agent(&lb1);
    manager.run(&["export", "nagios", "--passive=3600", "--out", &folder]).ok();
    eventually("the server has been checked", SOON, || {
        let said = manager.run(&["check", "server", "main/web/rs1"]);
        if said.code == Some(0) { Ok(()) } else { Err(said.out) }
    });
    // Else it would find out about hosts by itself.
    let file = objects.path().join("lcms-objects.cfg");
    let text = fs::read_to_string(&file).unwrap();
    let (name, quiet) = ("lcms-host\n", "lcms-host\n    active_checks_enabled 0\n");
    assert!(text.contains(name), "{text}");
    fs::write(&file, text.replacen(name, quiet, 1)).unwrap();
    let Some(nagios) = Nagios::start(objects.path()) else { return };
    let rule = format!(
        "[[receiver.pass_on]]\nname = \"nagios\"\nwindow_ms = 0\nnagios = {:?}\n",
        nagios.command_file().display().to_string()
    );
    eventually("Nagios takes commands", SOON, || {
        if nagios.command_file().exists() { Ok(()) } else { Err(nagios.output()) }
    });
    let receiver = Receiver::start(manager, "", &rule);
    lb1.reconfigure(&format!(
        "{director}\
         [[user]]\nname = \"operator\"\nauth_file = \"user.password\"\naccess = \"write\"\n\
         [[receiver]]\nname = \"noc\"\naddress = \"{}\"\nuser = \"operator\"\n\
         notify_type = \"inform\"\ntimeout = 1000\nretry_count = 10\n",
        receiver.address()
    ));
    let said = lb1.reload();
    let server = ("cluster-main".to_owned(), "Server web/rs1".to_owned());
    let service = ("cluster-main".to_owned(), "Service web".to_owned());
    let host = |is: u8, begin: &str| {
        eventually("the host's state is told", SOON, || match nagios.hosts().get("rs1") {
            Some((state, output)) if *state == is && output.starts_with(begin) => Ok(()),
            other => Err(format!("{other:?}\n{}\n{}", receiver.output(), nagios.output())),
        });
    };
    let wait = |what: &str, server_is: u8, service_is: u8| {
        eventually(what, Duration::from_secs(40), || {
            let services = nagios.services();
            let state = |name| services.get(name).map(|(state, _)| *state);
            match (state(&server), state(&service)) {
                (Some(a), Some(b)) if (a, b) == (server_is, service_is) => {
                    Ok(services[&server].1.clone())
                }
                _ => {
                    Err(format!("{said}\n{services:?}\n{}\n{}", receiver.output(), nagios.output()))
                }
            }
        })
    };
    nagios.check_now(&server.0, &server.1);
    nagios.check_now(&service.0, &service.1);
    wait("all is well", 0, 0);
    let address = backend.kill();
    let text = wait("Nagios is told of the killed server", 2, 2);
    assert!(text.starts_with("SERVER CRITICAL - main/web/rs1 is down"), "{text}");
    let hard = "SERVICE ALERT: cluster-main;Server web/rs1;CRITICAL;HARD;1;";
    assert!(nagios.log().contains(hard), "whoever is on call hears of it now: {}", nagios.log());
    host(1, "HOST CRITICAL - rs1");
    for name in ["lcServerDown", "lcHostLost"] {
        assert!(receiver.names().contains(&name.to_owned()), "{name}");
    }
    let _back = Backend::at("rs1", address);
    let text = wait("and that it is back", 0, 0);
    assert!(text.starts_with("SERVER OK - main/web/rs1 is up"), "{text}");
    host(0, "HOST OK - rs1");
    let stored = receiver.stored();
    let down = stored.iter().find(|one| one["name"] == "LOAD-CLUSTER-MIB::lcServerDown").unwrap();
    assert_eq!(down["about"], serde_json::json!({"kind": "server", "name": "main/web/rs1"}));
    assert_eq!((&down["kind"], &down["level"]), (&"inform".into(), &"authPriv".into()));
}
