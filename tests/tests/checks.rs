//! `lcms-manager check` and `export`: what Nagios and its relatives make of them.

#![allow(clippy::panic, reason = "a state that cannot be fails the scenario")]

use std::{fs, net::UdpSocket, process::Command, time::Duration};

use lcms_tests::{
    agent::{self, Agent, READ, WRITE},
    backend::Backend,
    eventually,
    manager::{Manager, Said},
    nagios::Nagios,
    net_snmp,
};

/// A director with two servers behind it.
fn cluster() -> (Agent, Manager, Backend, Backend) {
    let (one, two) = (Backend::start("rs1"), Backend::start("rs2"));
    let servers = [("rs1", one.address(), 30), ("rs2", two.address(), 10)];
    let agent = Agent::start("lb1", &agent::director(agent::free_port(), "wlc", &servers));
    let manager = Manager::of_agent(&agent);
    eventually("both servers are up", Duration::from_secs(10), || {
        let said = manager.run(&["check", "service", "web", "-c", "2:"]);
        if said.code == Some(0) { Ok(()) } else { Err(said.out) }
    });
    (agent, manager, one, two)
}

/// The first line, and that there is one.
#[track_caller]
fn line(said: &Said) -> &str {
    let line = said.out.lines().next().unwrap_or_else(|| panic!("nothing said: {said:?}"));
    assert!(line.matches('|').count() <= 1, "{line}");
    line
}

#[test]
fn exit_codes_and_outputs() {
    let (agent, manager, one, _two) = cluster();
    let address = agent.address().to_string();
    for (args, code, begins) in [
        (&["service", "main/web"][..], 0, "SERVICE OK - main/web is up, 2 of 2 servers up, 0 "),
        (&["service", "web", "-H", "lb1"], 0, "SERVICE OK - main/web is up"),
        // By the address of a node of the inventory, as Nagios may have it.
        (&["service", "web", "-H", &address], 0, "SERVICE OK - main/web is up"),
        (&["service", "web", "-w", "3:"], 1, "SERVICE WARNING - main/web is up"),
        (&["service", "web", "-w", "3:", "-c", "3:"], 2, "SERVICE CRITICAL - main/web is up"),
        (&["service", "web", "-c", "@0:10"], 2, "SERVICE CRITICAL - "),
        (&["service", "web", "-c", "connections=~:-1"], 2, "SERVICE CRITICAL - "),
        (&["server", "rs1", "-w", "weight=10:20"], 1, "SERVER WARNING - main/web/rs1 is up"),
        (&["weight", "main/web/rs2"], 0, "WEIGHT OK - main/web/rs2: effective 10 (configured)"),
        (&["cluster", "main"], 0, "CLUSTER OK - main: 1 of 1 services up, 2 of 2 servers up"),
        (&["director", "main"], 0, "DIRECTOR OK - main: lb1 directs"),
        (&["lease", "main"], 1, "LEASE WARNING - main: no controller holds the lease"),
        (&["host", "lb1"], 0, "HOST OK - lb1 is up, load "),
        (&["host", "-H", "lb1", "-w", "memory=95:"], 1, "HOST WARNING - lb1 is up, load "),
        (&["agent", "lb1"], 0, "AGENT OK - lb1 answers in "),
        (&["agent", "-H", "lb1", "-c", "0"], 2, "AGENT CRITICAL - lb1 answers in "),
        // What is asked for in a wrong way is UNKNOWN, and says what is right.
        (&["service", "mail"], 3, "CHECK UNKNOWN - no agent knows mail; there is main/web"),
        (&["service", "web", "-w", "20:10"], 3, "CHECK UNKNOWN - invalid value '20:10'"),
        (&["service", "web", "-w", "x=1"], 3, "CHECK UNKNOWN - there is no figure \"x\" here"),
        (&["service"], 3, "CHECK UNKNOWN - the following required arguments"),
        (&["service", "web", "--bogus"], 3, "CHECK UNKNOWN - unexpected argument '--bogus'"),
        (&["service", "web", "-H", "nobody here"], 3, "CHECK UNKNOWN - node \"nobody here\""),
        (&["agent", "-H", "127.0.0.2"], 3, "AGENT UNKNOWN - 127.0.0.2: 127.0.0.2, no community"),
        (&["service", "web", "-C", "/nonexistent"], 3, "CHECK UNKNOWN - /nonexistent cannot"),
        (&["-h"], 3, "Check something"),
        (&["service", "--help"], 3, "A service"),
        (&["help"], 3, "Check something"),
        (&["-V"], 3, "lcms-manager"),
        (&[], 3, "CHECK UNKNOWN - "),
    ] {
        let said = manager.run(&[&["check"], args].concat());
        assert_eq!(said.code, Some(code), "{args:?}: {said:?}");
        assert!(line(&said).starts_with(begins), "{args:?}: {said:?}");
        for secret in [READ, WRITE] {
            assert!(!said.out.contains(secret), "{said:?}");
        }
    }
    let said = manager.run(&["--bogus", "check", "service", "web"]);
    assert_eq!(said.code, Some(3), "{said:?}");
    assert!(line(&said).starts_with("CHECK UNKNOWN - unexpected argument '--bogus'"), "{said:?}");
    // The other verbs keep their own.
    assert_eq!(manager.run(&["poll", "--bogus"]).code, Some(2));
    assert_eq!(manager.run(&["help", "check"]).code, Some(0));

    // Verbosity.
    assert_eq!(manager.run(&["check", "service", "web", "-v"]).out.lines().count(), 1);
    assert!(manager.run(&["check", "service", "web", "-vv"]).out.contains("\nrs1 is up"));
    assert!(manager.run(&["check", "service", "web", "-vvv"]).out.contains("\"round_trip_ms\""));

    // What is checked and what is polled is one value.
    let polled = manager.run(&["poll", "--json"]).ok().json();
    let checked = manager.run(&["check", "weight", "rs1", "--json"]).ok().json();
    assert_eq!(
        polled["clusters"][0]["services"][0]["servers"][0]["effective"].as_f64(),
        checked["figures"][0]["value"].as_f64(),
    );

    one.kill();
    eventually("a killed server is critical", Duration::from_secs(10), || {
        let said = manager.run(&["check", "server", "rs1"]);
        let down = line(&said).starts_with("SERVER CRITICAL - main/web/rs1 is down");
        if said.code == Some(2) && down { Ok(()) } else { Err(said.out) }
    });
    let said = manager.run(&["check", "service", "web", "-v"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(line(&said).contains("; rs1 is down: "), "{said:?}");
}

#[test]
fn silence_is_critical_and_ends_in_time() {
    // It takes what is sent to it, and says nothing.
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let manager = Manager::of(&[("lb1", silent.local_addr().unwrap())]);
    for (args, said) in [
        (&["agent", "lb1"][..], "AGENT CRITICAL - lb1: lb1, "),
        (&["service", "main/web"], "SERVICE CRITICAL - main/web: lb1, "),
        // The run's own limit comes before the client's.
        (
            &["host", "lb1", "--timeout-ms", "20000", "-t", "1"],
            "HOST CRITICAL - lb1: no answer within 1 s",
        ),
        (&["agent", "-H", "no-such-host.invalid", "-C", "COMMUNITY"], "AGENT CRITICAL - "),
    ] {
        let community = manager.config().with_file_name("read.community");
        let community = community.display().to_string();
        let args: Vec<&str> = args
            .iter()
            .map(|arg| if *arg == "COMMUNITY" { community.as_str() } else { arg })
            .collect();
        let result = manager.run(&[&["check"], &args[..]].concat());
        assert_eq!(result.code, Some(2), "{result:?}");
        assert!(line(&result).starts_with(said), "{result:?}");
    }
}

/// Nagios runs the plugin by the objects we wrote for it.
#[test]
fn nagios_sees_a_server_die_and_come_back() {
    let (_agent, manager, one, _two) = cluster();
    let objects = tempfile::tempdir().unwrap();
    let folder = objects.path().display().to_string();
    manager.run(&["export", "nagios", "--out", &folder]).ok();
    let again = manager.run(&["export", "nagios", "--out", &folder]);
    assert_eq!(again.code, Some(1), "{again:?}");
    assert!(again.errors.contains("is there already"), "{again:?}");
    let before = fs::read(objects.path().join("lcms-objects.cfg")).unwrap();
    manager.run(&["export", "nagios", "--out", &folder, "--force"]).ok();
    assert_eq!(before, fs::read(objects.path().join("lcms-objects.cfg")).unwrap());

    // Beside them what our sample adds to them.
    let sample = lcms_tests::root().join("examples/nagios/thresholds.cfg");
    fs::copy(sample, objects.path().join("thresholds.cfg")).unwrap();
    let Some(nagios) = Nagios::start(objects.path()) else { return };
    let wait = |what: &str, wanted: &[(&str, &str, u8)]| {
        eventually(what, Duration::from_secs(40), || {
            let services = nagios.services();
            let is = |(host, description, state): &&(&str, &str, u8)| {
                let name = ((*host).to_owned(), (*description).to_owned());
                services.get(&name).is_some_and(|(is, _)| is == state)
            };
            match wanted.iter().find(|wanted| !is(wanted)) {
                None => Ok(services),
                Some(missing) => Err(format!("{missing:?} in {services:?}\n{}", nagios.output())),
            }
        })
    };
    let good = [
        ("lb1", "Agent", 0),
        ("lb1", "Host", 0),
        ("cluster-main", "Cluster", 0),
        ("cluster-main", "Director", 0),
        ("cluster-main", "Service web", 0),
        ("cluster-main", "Server web/rs1", 0),
        ("cluster-main", "Server web/rs2", 0),
        ("cluster-main", "Weight web/rs1", 0),
        ("cluster-main", "Enough servers for web", 0),
        ("lb1", "Memory", 0),
    ];
    wait("all is well", &good);
    let address = one.kill();
    let services = wait(
        "Nagios sees the killed server",
        &[
            ("cluster-main", "Server web/rs1", 2),
            ("cluster-main", "Service web", 1),
            ("cluster-main", "Server web/rs2", 0),
            ("cluster-main", "Enough servers for web", 1),
        ],
    );
    let name = ("cluster-main".to_owned(), "Server web/rs1".to_owned());
    assert!(
        services[&name].1.starts_with("SERVER CRITICAL - main/web/rs1 is down"),
        "{services:?}"
    );
    let _one = Backend::at("rs1", address);
    wait("all is well again", &good);
}

#[test]
fn good_files_are_kept_while_nobody_answers() {
    let (mut agent, manager, _one, _two) = cluster();
    let objects = tempfile::tempdir().unwrap();
    let folder = objects.path().display().to_string();
    let export = ["export", "nagios", "--out", &folder, "--force"];
    manager.run(&export).ok();
    let file = objects.path().join("lcms-objects.cfg");
    let before = fs::read_to_string(&file).unwrap();
    assert!(before.contains("Service web"), "{before}");
    agent.stop();
    let said = manager.run(&export);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert_eq!(fs::read_to_string(&file).unwrap(), before);
}

#[test]
fn icinga_loads_what_is_exported() {
    let Some(icinga) = net_snmp::tool("icinga2") else { return };
    let (_agent, manager, _one, _two) = cluster();
    let folder = tempfile::tempdir().unwrap();
    manager.run(&["export", "icinga2", "--out", &folder.path().display().to_string()]).ok();
    let config = folder.path().join("icinga2.conf");
    fs::write(&config, "include <itl>\ninclude \"lcms.conf\"\n").unwrap();
    let mut command = Command::new(icinga);
    command.args(["daemon", "-C", "-c"]).arg(&config);
    command.args(["-DRunAsUser=root", "-DRunAsGroup=root"]);
    for (key, place) in
        [("DataDir", "data"), ("CacheDir", "cache"), ("InitRunDir", "run"), ("LogDir", "log")]
    {
        let place = folder.path().join(place);
        fs::create_dir(&place).unwrap();
        command.arg("-D").arg(format!("{key}={}", place.display()));
    }
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("Instantiated 9 Services") && said.contains("2 Hosts"), "{said}");
}
