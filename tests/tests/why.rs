//! `lcms-manager why` beside a real director: what an operator reads who wonders about
//! a weight.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use lcms_tests::{
    agent::{Agent, director, free_port},
    backend::Backend,
    client::{Connection, ask_many},
    eventually,
    manager::Manager,
};
use serde_json::Value;

const SOON: Duration = Duration::from_secs(20);

struct Fleet {
    director: Agent,
    manager: Manager,
    service: SocketAddr,
    _host: Agent,
    _backends: Vec<Backend>,
}

/// Servers a, b and c; the weight of c follows the load of its host, between 1 and 15.
fn fleet() -> Fleet {
    let backends = ["a", "b", "c"].map(Backend::start);
    let rows: Vec<(&str, SocketAddr, u32)> =
        ["a", "b", "c"].into_iter().zip(&backends).map(|(n, b)| (n, b.address(), 10)).collect();
    let port = free_port();
    let file = director(port, "wrr", &rows)
        .replace("name = \"main\"\n", "name = \"main\"\npolicy = \"usual\"\n")
        .replace("scheduler = \"wrr\"", "scheduler = \"wrr\"\nslow_start = 600000")
        .replacen("weight = 10\n", "weight = 10\nweight_mode = \"static\"\n", 2);
    let more = "host = \"c\"\n\
                [[policy]]\nname = \"usual\"\nwindow = \"oneMinute\"\nceiling = 15\nstep = 20\n\
                [[host]]\nname = \"c\"\n";
    let director = Agent::start("lb1", &format!("{file}{more}"));
    let host = Agent::start("c", "");
    let nodes = [("lb1", director.address()), ("c", host.address())];
    let service = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    eventually("all serve", SOON, || match ask_many(service, 30, 1) {
        (servers, 0) if servers.len() == 3 => Ok(()),
        other => Err(format!("{other:?}")),
    });
    let manager = Manager::of(&nodes);
    let fleet = Fleet { director, manager, service, _host: host, _backends: backends.into() };
    // They serve before their first check, and are up after it.
    for server in ["a", "b", "c"] {
        eventually("its check has come", SOON, || match fleet.why(server).0 {
            server if server["state"] == "up" => Ok(()),
            server => Err(server.to_string()),
        });
    }
    fleet
}

impl Fleet {
    /// What is said of a server, and why.
    #[track_caller]
    fn why(&self, server: &str) -> (Value, String) {
        let path = format!("main/web/{server}");
        let found = self.manager.run(&["why", &path, "--json"]).ok().json();
        let server = found[0]["services"][0]["servers"][0].clone();
        let because = server["because"].as_array().expect("there are reasons");
        let because: Vec<&str> = because.iter().filter_map(Value::as_str).collect();
        (server.clone(), because.join("\n"))
    }
}

#[test]
fn an_operator_reads_why_a_weight_is_what_it_is() {
    let fleet = fleet();
    let (server, because) = fleet.why("a");
    assert_eq!((&server["configured"], &server["effective"]), (&10.into(), &10.into()));
    assert_eq!(server["source"], "configured");
    assert!(because.contains("its weight mode is static"), "{because}");
    let observed = server["observed"].as_f64().expect("there were connections");
    assert!((0.2..0.5).contains(&observed), "{observed}");

    // Drained, with a connection that is left.
    let mut held = loop {
        let mut connection = Connection::open(fleet.service).expect("it accepts");
        if connection.exchange("stay").expect("it is answered") == "a" {
            break connection;
        }
    };
    fleet.manager.run(&["drain", "main/web/a", "--deadline", "3600"]).ok();
    let (server, because) = fleet.why("a");
    assert_eq!((&server["effective"], &server["state"]), (&0.into(), &"draining".into()));
    let expected =
        "the server is in drain: no new connections; it has 1, cut 3600 s after the drain began";
    assert_eq!(because, expected);
    held.exchange("still here").expect("a drain cuts nothing");

    // Back, and in slow start.
    fleet.manager.run(&["undrain", "main/web/a"]).ok();
    let (server, because) = fleet.why("a");
    assert_eq!((&server["effective"], &server["state"]), (&1.into(), &"slowStart".into()));
    assert!(because.contains("slow start: it grows to 10 over 600 s"), "{because}");

    // A dynamic weight that is waited for, and then stands at its ceiling.
    let (_, because) = fleet.why("c");
    assert!(because.contains("no controller holds the cluster's lease"), "{because}");
    let _controller = fleet.manager.start(&["auto"]);
    let because = eventually("a controller sets it", SOON, || match fleet.why("c") {
        (server, because) if server["dynamic"] == 15 => Ok(because),
        other => Err(format!("{other:?}")),
    });
    assert!(because.starts_with("dynamic, by "), "{because}");
    assert!(because.contains("at the ceiling of 15 that policy usual sets"), "{because}");
    assert!(because.contains("load figures of c are"), "{because}");

    // A limit, and a server that is down.
    fleet.manager.run(&["server", "set", "main/web/b", "connection-limit=1"]).ok();
    let _at_b = loop {
        let mut connection = Connection::open(fleet.service).expect("it accepts");
        if connection.exchange("stay").expect("it is answered") == "b" {
            break connection;
        }
    };
    assert!(fleet.why("b").1.contains("at its connection limit of 1"), "{}", fleet.why("b").1);

    // All of it, for people; a path without its front, and one that is none.
    let said = fleet.manager.run(&["why", "main"]).ok();
    for line in
        ["main on lb1: ", " controls it, term ", "main/web: wrr, policy usual: headroom, 1 to 15"]
    {
        assert!(said.out.contains(line), "{line} in\n{}", said.out);
    }
    let short = fleet.manager.run(&["why", "web", "--over", "1"]).ok();
    assert!(short.out.contains("\nc: dynamic, by "), "{}", short.out);
    let wrong = fleet.manager.run(&["why", "main/web/nobody"]);
    assert_eq!(wrong.code, Some(1), "{}", wrong.errors);
    assert!(wrong.errors.contains("there are: main/web/a"), "{}", wrong.errors);
    drop(fleet.director);
}
