//! One process is to take the place of another, and either dies in the middle of it.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use lcms_tests::{
    agent::{Agent, director, free_port},
    backend::Backend,
    client::{Connection, ask_many},
    eventually,
    process::Process,
    takeover::{MESSAGES, Relay, Talk},
};
use rustix::process::Signal;

const SOON: Duration = Duration::from_secs(10);

/// A director with two servers, of which `a` is drained by a SET.
struct Cluster {
    agent: Agent,
    service: SocketAddr,
    _backends: Vec<Backend>,
}

/// A cluster in the middle of it.
struct Met {
    cluster: Cluster,
    relay: Relay,
    talk: Talk,
    heir: Process,
    connection: Connection,
}

const WEIGHT: &str = "lcServerWeight.\"main\".\"web\".\"a\"";
const STATE: &str = "lcServerAdminState.\"main\".\"web\".\"a\"";

impl Cluster {
    /// `None` without net-snmp's tools.
    fn start() -> Option<Self> {
        let backends = ["a", "b"].map(Backend::start);
        let rows = [("a", backends[0].address(), 1), ("b", backends[1].address(), 1)];
        let port = free_port();
        let agent = Agent::start("lb1", &format!("shards = 2\n{}", director(port, "rr", &rows)));
        let service = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        eventually("both serve", SOON, || match ask_many(service, 4, 1) {
            (servers, 0) if servers.len() == 2 => Ok(()),
            other => Err(format!("{other:?}")),
        });
        let set = agent.snmpset(&[STATE, "i", "2", WEIGHT, "u", "7"])?;
        assert_eq!(set.code, Some(0), "{}", set.errors);
        Some(Self { agent, service, _backends: backends.into() })
    }

    /// Up to so many messages of a take-over.
    fn met(mut self, messages: usize) -> Met {
        let relay = Relay::between(&self.agent.state_dir());
        let mut connection = Connection::open(self.service).expect("it accepts");
        connection.exchange("before").expect("a server answers");
        let heir = self.agent.start_heir();
        let mut talk = relay.asked();
        talk.pass(messages);
        if messages == MESSAGES {
            self.agent.says("takes over from this one");
        }
        Met { cluster: self, relay, talk, heir, connection }
    }

    /// Whoever it is that runs serves on all of its listeners, knows what was set, can
    /// set more, and can itself be replaced.
    fn serves(&mut self) {
        let serves = |service| {
            let (servers, errors) = ask_many(service, 40, 4);
            assert_eq!((servers.get("b"), errors), (Some(&40), 0), "{servers:?}");
        };
        serves(self.service);
        let set = |agent: &Agent, weight: &str| {
            let set = agent.snmpset(&[WEIGHT, "u", weight]).expect("it was there before");
            assert_eq!(set.code, Some(0), "{} {}", set.errors, agent.output());
            let document = fs::read(agent.state_dir().join("state.json")).expect("it is kept");
            let document: serde_json::Value =
                serde_json::from_slice(&document).expect("it is whole");
            let server = document
                .pointer("/wanted/clusters/main/services/web/servers/a")
                .expect("the server is in it");
            assert_eq!(server["weight"].to_string(), weight);
            assert_eq!(server["admin_state"], "drain");
        };
        set(&self.agent, "8");
        let mut former = self.agent.take_over();
        assert_eq!(former.wait(SOON), Some(0), "{}", former.output());
        serves(self.service);
        set(&self.agent, "9");
    }
}

#[test]
fn the_old_process_goes_on_whenever_the_new_one_dies_before_it_said_that_it_serves() {
    for messages in 0..MESSAGES {
        let Some(cluster) = Cluster::start() else { return };
        let Met { mut cluster, relay, talk, mut heir, mut connection } = cluster.met(messages);
        heir.end(Signal::KILL);
        drop(talk);
        relay.step_aside();
        cluster.agent.says("this one goes on");
        connection.exchange("after").unwrap();
        connection.close().unwrap();
        cluster.serves();
    }
}

#[test]
fn the_new_process_goes_on_whenever_the_old_one_dies() {
    for messages in 0..=MESSAGES {
        let Some(cluster) = Cluster::start() else { return };
        let Met { mut cluster, relay, talk, heir, .. } = cluster.met(messages);
        cluster.agent.kill();
        drop(talk);
        cluster.agent.succeeded_by(heir);
        let said = cluster.agent.output();
        match messages {
            0 => assert!(said.contains("starting without"), "{said}"),
            1 | 2 => assert!(said.contains("the process whose place is taken has died"), "{said}"),
            _ => assert!(!said.contains("has died"), "{said}"),
        }
        // Clients that came while nobody accepted have waited.
        eventually("the service is there", SOON, || match ask_many(cluster.service, 4, 1) {
            (_, 0) => Ok(()),
            other => Err(format!("{other:?}")),
        });
        cluster.serves();
        drop(relay);
    }
}

#[test]
fn clients_wait_in_the_listeners_between_the_two() {
    let Some(cluster) = Cluster::start() else { return };
    // The old one has paused, and the new one does not know what it needs.
    let Met { mut cluster, relay, mut talk, heir, mut connection } = cluster.met(2);
    connection.exchange("still here").unwrap();
    let waiting: Vec<Connection> =
        (0..8).map(|_| Connection::open(cluster.service).unwrap()).collect();
    talk.pass(MESSAGES);
    let mut former = cluster.agent.succeeded_by(heir);
    for mut connection in waiting {
        assert_eq!(connection.exchange("word").unwrap(), "b");
        connection.close().unwrap();
    }
    connection.exchange("and still").unwrap();
    connection.close().unwrap();
    assert_eq!(former.wait(SOON), Some(0), "{}", former.output());
    cluster.serves();
    drop(relay);
}
