//! The configuration file, read again while connections come and go.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use lcms_tests::{
    agent::{Agent, director, free_port},
    backend::Backend,
    client::{Connection, ask_many},
    eventually,
    load::Load,
};

const SOON: Duration = Duration::from_secs(10);

/// Reloads under load; more of them where somebody has the time.
fn reloads() -> usize {
    std::env::var("LCMS_RELOADS").ok().and_then(|text| text.parse().ok()).unwrap_or(100)
}

fn value(agent: &Agent, name: &str) -> Option<String> {
    let said = agent.snmp("snmpget", &["-Oqv", name])?;
    Some(said.lines.concat())
}

#[test]
fn what_the_file_changes_is_in_force_and_what_was_set_stands() {
    let [a, b, c] = ["a", "b", "c"].map(Backend::start);
    let port = free_port();
    let rows = |weight, rest: &[(&'static str, &Backend)]| {
        let mut rows = vec![("a", a.address(), weight), ("b", b.address(), 1)];
        rows.extend(rest.iter().map(|(name, backend)| (*name, backend.address(), 1)));
        director(port, "rr", &rows)
    };
    let mut agent = Agent::start("lb1", &rows(5, &[]));
    let weight = "lcServerWeight.\"main\".\"web\"";
    let Some(set) = agent.snmpset(&[&format!("{weight}.\"b\""), "u", "7"]) else { return };
    assert_eq!(set.code, Some(0), "{}", set.errors);
    let mut held = Connection::open(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).unwrap();
    held.exchange("before").unwrap();

    agent.reconfigure(&rows(9, &[("c", &c)]));
    let said = agent.reload();
    assert!(said.contains("its changes are in force"), "{said}");
    let weights = ["a", "b", "c"].map(|name| value(&agent, &format!("{weight}.\"{name}\"")));
    assert_eq!(weights, ["9", "7", "1"].map(|text| Some(text.to_owned())));
    assert_eq!(value(&agent, "lcConfigReloadStatus.0").as_deref(), Some("done"));
    assert_eq!(value(&agent, "lcConfigLastSource.0").as_deref(), Some("config"));
    held.exchange("after").unwrap();

    let generation = value(&agent, "lcConfigGeneration.0");
    let said = agent.reload();
    assert!(said.contains("nothing new"), "{said}");
    assert_eq!(value(&agent, "lcConfigGeneration.0"), generation);
    held.close().unwrap();
}

#[test]
fn a_file_that_is_wrong_changes_nothing_and_says_where() {
    let a = Backend::start("a");
    let port = free_port();
    let right = director(port, "rr", &[("a", a.address(), 5)]);
    let mut agent = Agent::start("lb1", &right);
    agent.reconfigure(&right.replace("weight = 5", "weight = 70000"));
    let said = agent.reload();
    assert!(said.contains("nothing changed") && said.contains("node.toml:"), "{said}");
    let Some(status) = value(&agent, "lcConfigReloadStatus.0") else { return };
    assert_eq!(status, "refused");
    let reason = value(&agent, "lcConfigReloadReason.0").unwrap();
    assert!(reason.contains("node.toml:") && reason.contains("weight"), "{reason}");
    assert_eq!(value(&agent, "lcServerWeight.\"main\".\"web\".\"a\"").as_deref(), Some("5"));

    // An address that is taken: what the file alone cannot show.
    let taken = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let other = format!("port = {}", taken.local_addr().unwrap().port());
    agent.reconfigure(&right.replace(&format!("port = {port}"), &other).replace("= 5", "= 6"));
    let said = agent.reload();
    assert!(said.contains("nothing changed") && said.contains("cannot listen"), "{said}");
    assert_eq!(value(&agent, "lcServerWeight.\"main\".\"web\".\"a\"").as_deref(), Some("5"));
    let service = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    assert_eq!(ask_many(service, 20, 2).1, 0);

    agent.reconfigure(&right.replace("weight = 5", "weight = 8"));
    agent.reload();
    assert_eq!(value(&agent, "lcServerWeight.\"main\".\"web\".\"a\"").as_deref(), Some("8"));
}

#[test]
fn a_manager_can_ask_for_it() {
    let a = Backend::start("a");
    let right = director(free_port(), "rr", &[("a", a.address(), 5)]);
    let agent = Agent::start("lb1", &right);
    let Some(lock) = value(&agent, "lcConfigReload.0") else { return };
    agent.reconfigure(&right.replace("weight = 5", "weight = 6"));
    let reload = |lock: &str| agent.snmpset(&["lcConfigReload.0", "i", lock]).unwrap();
    let done = reload(&lock);
    assert_eq!(done.code, Some(0), "{}", done.errors);
    assert_eq!(value(&agent, "lcServerWeight.\"main\".\"web\".\"a\"").as_deref(), Some("6"));
    assert_eq!(value(&agent, "lcConfigLastPrincipal.0").as_deref(), Some("write"));

    let late = reload(&lock);
    assert!(late.errors.contains("inconsistentValue"), "{}", late.errors);
    agent.reconfigure("no = \"such key\"");
    let lock = value(&agent, "lcConfigReload.0").unwrap();
    let wrong = reload(&lock);
    assert!(wrong.errors.contains("inconsistentValue"), "{}", wrong.errors);
    let reason = value(&agent, "lcConfigReloadReason.0").unwrap();
    assert!(reason.contains("node.toml:"), "{reason}");
    let weight = "lcServerWeight.\"main\".\"web\".\"a\"";
    let both = agent.snmpset(&["lcConfigReload.0", "i", &lock, weight, "u", "3"]).unwrap();
    assert!(both.errors.contains("inconsistentValue"), "{}", both.errors);
    assert_eq!(value(&agent, weight).as_deref(), Some("6"));
}

#[test]
fn users_of_the_file_come_and_go() {
    let mut agent = Agent::start("lb1", "");
    let user = "[[user]]\nname = \"ann\"\nauth_file = \"user.password\"\n";
    let ask = |agent: &Agent| {
        let args = ["-l", "authPriv", "-a", "SHA-256", "-x", "AES", "-A"];
        let args = [&args[..], &[lcms_tests::agent::PASSWORD, "-X", lcms_tests::agent::PASSWORD]];
        let args = [&["-v3", "-u", "ann", "-r", "0", "-t", "3"][..], &args.concat()].concat();
        lcms_tests::net_snmp::tool("snmpget").map(|tool| {
            let mut command = lcms_tests::net_snmp::command(&tool);
            command.args(args).arg(agent.address().to_string()).arg("lcLocalHostName.0");
            command.output().unwrap().status.success()
        })
    };
    let Some(known) = ask(&agent) else { return };
    assert!(!known);
    agent.reconfigure(user);
    agent.reload();
    assert_eq!(ask(&agent), Some(true));
    agent.reconfigure("");
    agent.reload();
    assert_eq!(ask(&agent), Some(false));
}

/// A server comes, goes and comes again, weights and schedulers change, and
/// nobody is refused or cut.
#[test]
fn reloads_under_load_refuse_and_cut_no_connection() {
    let [a, b, c] = ["a", "b", "c"].map(Backend::start);
    let port = free_port();
    let files = [
        director(port, "rr", &[("a", a.address(), 1), ("b", b.address(), 1)]),
        director(
            port,
            "wlc",
            &[("a", a.address(), 3), ("b", b.address(), 1), ("c", c.address(), 0)],
        ),
        director(
            port,
            "wrr",
            &[("a", a.address(), 1), ("b", b.address(), 2), ("c", c.address(), 0)],
        ),
    ];
    let mut agent = Agent::start("lb1", &files[0]);
    let service = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    eventually("the servers are checked", SOON, || match ask_many(service, 4, 1).0.len() {
        2 => Ok(()),
        servers => Err(format!("{servers} servers answer")),
    });
    let held: Vec<_> = (0..20)
        .map(|_| {
            let mut connection = Connection::open(service).unwrap();
            connection.exchange("before").unwrap();
            connection
        })
        .collect();
    let load = Load::start(service, 4);
    for round in 1..=reloads() {
        agent.reconfigure(&files[round % files.len()]);
        let said = agent.reload();
        assert!(said.contains("its changes are in force"), "{said}");
    }
    let asked = load.asked();
    eventually("the last file has served", SOON, || match load.asked() > asked + 100 {
        true => Ok(()),
        false => Err(format!("{asked} questions")),
    });
    let told = load.stop();
    assert!(told.failures.is_empty(), "{:?} of {asked}", told.failures);
    for mut connection in held {
        connection.exchange("after").unwrap();
        connection.close().unwrap();
    }
}
