//! The control loop against agents that do as they are told.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod scripted;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use lcms_manager::{
    client::Client,
    inventory::{Inventory, Node},
    ops::auto::{Auto, Event, Options, Round, Wait},
};
use lcms_snmp::{
    ErrorStatus, Oid, PduKind, Secret, Value,
    object::{Scalar, Table},
};
use load_cluster_mib::{
    load_cluster_mib::{
        lc_cluster::{self, LcCluster},
        lc_host_load::{self, LcHostLoad},
        lc_host_report::{self, LcHostReport},
        lc_policy::{self, LcPolicy},
        lc_server::{self, LcServer},
        lc_service::{self, LcService},
    },
    snmpv2_mib::system::{self, System},
    tc::{LcWeightMode, LcWeightSource, RowStatus},
};
use scripted::{Agent, COMMUNITY, Mib, Script, put, text};

const ACTIVE: Value<'static> = Value::Integer(RowStatus::Active as i32);

fn cluster() -> lc_cluster::Index {
    lc_cluster::Index { cluster_name: "main".into() }
}

fn server(name: &str) -> lc_server::Index {
    lc_server::Index {
        cluster_name: "main".into(),
        service_name: "web".into(),
        server_name: name.into(),
    }
}

fn host(name: &str) -> lc_host_load::Index {
    lc_host_load::Index { host_name: name.into() }
}

/// A director of servers rs1 and rs2, whose lease is as given.
fn director(owner: &str, term: u32, seconds: u32) -> Mib {
    let mut mib = Mib::new();
    put::<System>(&mut mib, &Scalar, &[(system::col::SYS_UP_TIME, Value::TimeTicks(100))]);
    put::<LcCluster>(
        &mut mib,
        &cluster(),
        &[
            (lc_cluster::col::LEASE_OWNER, text(owner)),
            (lc_cluster::col::LEASE_TERM, Value::Gauge32(term)),
            (lc_cluster::col::LEASE_SECONDS, Value::Gauge32(seconds)),
            (lc_cluster::col::ACTIVE_DIRECTOR, text("lb1")),
            (lc_cluster::col::POLICY, text("steady")),
        ],
    );
    put::<LcPolicy>(
        &mut mib,
        &lc_policy::Index { policy_name: "steady".into() },
        &[
            (lc_policy::col::KIND, Value::Integer(lc_policy::LcPolicyKind::Headroom as i32)),
            (lc_policy::col::WINDOW, Value::Integer(0)),
            (lc_policy::col::INTERVAL, Value::Gauge32(100)),
            (lc_policy::col::SMOOTHING, Value::Gauge32(0)),
            (lc_policy::col::STEP, Value::Gauge32(0)),
            (lc_policy::col::ROW_STATUS, ACTIVE),
        ],
    );
    put::<LcService>(
        &mut mib,
        &lc_service::Index { cluster_name: "main".into(), service_name: "web".into() },
        &[(lc_service::col::POLICY, text("")), (lc_service::col::ROW_STATUS, ACTIVE)],
    );
    for name in ["rs1", "rs2"] {
        put::<LcServer>(
            &mut mib,
            &server(name),
            &[
                (lc_server::col::WEIGHT, Value::Gauge32(10)),
                (lc_server::col::WEIGHT_SOURCE, Value::Integer(LcWeightSource::Configured as i32)),
                (lc_server::col::CONNECTIONS, Value::Counter64(1000)),
                (lc_server::col::HOST, text(name)),
                (lc_server::col::WEIGHT_MODE, Value::Integer(LcWeightMode::Dynamic as i32)),
                (lc_server::col::ROW_STATUS, ACTIVE),
            ],
        );
    }
    mib
}

/// A host that was busy for so many of so many milliseconds.
fn load(name: &str, busy: u64, total: u64, age: u32) -> Mib {
    let mut mib = Mib::new();
    put::<LcHostLoad>(
        &mut mib,
        &host(name),
        &[
            (lc_host_load::col::SAMPLE_AGE, Value::Gauge32(age)),
            (lc_host_load::col::CORES, Value::Gauge32(1)),
            (lc_host_load::col::RUNNABLE, Value::Gauge32(2)),
            (lc_host_load::col::BUSY_TIME, Value::Counter64(busy)),
            (lc_host_load::col::TOTAL_TIME, Value::Counter64(total)),
        ],
    );
    mib
}

struct Fleet {
    director: Agent,
    hosts: Vec<Agent>,
    inventory: Inventory,
    auto: Auto,
}

impl Fleet {
    fn new(director: Mib, script: Script, options: Options) -> Self {
        let director = Agent::start(director, script);
        let start = |name| Agent::start(load(name, 0, 1000, 10), Script::default());
        let hosts: Vec<Agent> = ["rs1", "rs2"].map(start).into();
        let node = |(name, agent): (&str, &Agent)| {
            let endpoint = agent.address.to_string().parse().unwrap();
            let mut node = Node::new(name.parse().unwrap(), endpoint);
            node.read = Some(Secret::new(COMMUNITY));
            node
        };
        let all = std::iter::once(&director).chain(&hosts);
        let nodes = ["lb1", "rs1", "rs2"].into_iter().zip(all).map(node).collect();
        let inventory = Inventory { nodes, clusters: Vec::new() };
        // Each round is due at once.
        let interval = Some(Duration::from_nanos(1));
        let options = Options { owner: "me".into(), interval, ..options };
        let auto = Auto::new(Client::start().unwrap(), inventory.clone(), options);
        Self { director, hosts, inventory, auto }
    }

    /// A round, then one in which rs1 did as much as rs2 in a quarter of the
    /// processor time.
    async fn two_rounds(&mut self) -> Round {
        self.auto.round().await;
        for name in ["rs1", "rs2"] {
            let connections = (lc_server::col::CONNECTIONS, Value::Counter64(1100));
            put::<LcServer>(&mut self.director.mib.lock().unwrap(), &server(name), &[connections]);
        }
        *self.hosts[0].mib.lock().unwrap() = load("rs1", 200, 2000, 10);
        *self.hosts[1].mib.lock().unwrap() = load("rs2", 800, 2000, 10);
        self.auto.round().await
    }

    fn read<T: Table>(&self, index: &T::Index, arc: u32) -> Option<Value<'static>> {
        let mut cells = Mib::new();
        put::<T>(&mut cells, index, &[(arc, Value::Integer(0))]);
        let name: &Oid = cells.keys().next().unwrap();
        self.director.mib.lock().unwrap().get(name).cloned()
    }

    fn dynamic(&self, name: &str) -> Option<Value<'static>> {
        self.read::<LcServer>(&server(name), lc_server::col::DYNAMIC_WEIGHT)
    }

    fn sets(&self) -> usize {
        let seen = self.director.seen.lock().unwrap();
        seen.iter().filter(|kind| **kind == PduKind::SetRequest).count()
    }
}

#[tokio::test]
async fn weights_follow_capacity_under_a_lease_that_is_given_back() {
    let mut fleet = Fleet::new(director("", 6, 0), Script::default(), Options::default());
    let round = fleet.two_rounds().await;
    assert_eq!(fleet.dynamic("rs1"), Some(Value::Gauge32(100)));
    assert_eq!(fleet.dynamic("rs2"), Some(Value::Gauge32(25)));
    let owner = fleet.read::<LcCluster>(&cluster(), lc_cluster::col::LEASE_OWNER);
    let term = fleet.read::<LcCluster>(&cluster(), lc_cluster::col::LEASE_TERM);
    assert_eq!((owner, term), (Some(text("me")), Some(Value::Gauge32(7))));
    let why = fleet.read::<LcServer>(&server("rs1"), lc_server::col::WEIGHT_REASON).unwrap();
    assert!(matches!(&why, Value::OctetString(why) if why.text().unwrap().contains("20% CPU")));
    let report = lc_host_report::col::UTILISATION;
    assert_eq!(fleet.read::<LcHostReport>(&host("rs2"), report), Some(Value::Gauge32(800)));
    let written = |event: &Event| matches!(event, Event::Decision { written: true, .. });
    assert_eq!(round.events.iter().filter(|event| written(event)).count(), 2);
    // Acquisition, and one SET a round: reports and weights fit together.
    assert_eq!(fleet.sets(), 3);

    let released = fleet.auto.release().await;
    assert!(matches!(released[..], [Event::Released { .. }]), "{released:?}");
    let seconds = fleet.read::<LcCluster>(&cluster(), lc_cluster::col::LEASE_SECONDS);
    assert_eq!(seconds, Some(Value::Gauge32(0)));
}

#[tokio::test]
async fn another_inventory_keeps_leases_and_other_options_give_back_what_they_do_without() {
    let mut fleet = Fleet::new(director("", 6, 0), Script::default(), Options::default());
    fleet.two_rounds().await;
    let mut options = Options { owner: "me".into(), ..Options::default() };
    let inventory = fleet.inventory.clone();
    assert_eq!(fleet.auto.adopt(inventory.clone(), options.clone()).await, []);
    let round = fleet.auto.round().await;
    assert!(round.clusters[0].in_control, "{round:?}");
    let term = fleet.read::<LcCluster>(&cluster(), lc_cluster::col::LEASE_TERM);
    assert_eq!(term, Some(Value::Gauge32(7)), "no other lease was asked for");
    // What was learned is known still.
    assert!(round.clusters[0].servers.iter().all(|server| server.capacity.is_some()));

    options.clusters = vec!["other".parse().unwrap()];
    let released = fleet.auto.adopt(inventory, options).await;
    assert!(matches!(released[..], [Event::Released { .. }]), "{released:?}");
    let seconds = fleet.read::<LcCluster>(&cluster(), lc_cluster::col::LEASE_SECONDS);
    assert_eq!(seconds, Some(Value::Gauge32(0)));
    assert!(fleet.auto.round().await.clusters.is_empty());
}

#[tokio::test]
async fn a_lease_of_somebody_else_is_waited_for() {
    let mut fleet = Fleet::new(director("other", 6, 9), Script::default(), Options::default());
    let first = fleet.auto.round().await;
    assert!(
        matches!(&first.events[..], [Event::Waiting { wait: Wait::HeldBy { owner, .. }, .. }]
            if owner == "other"),
        "{:?}",
        first.events
    );
    // Said once.
    let second = fleet.two_rounds().await;
    assert!(second.events.is_empty(), "{:?}", second.events);
    assert!(fleet.auto.release().await.is_empty());
    assert_eq!(fleet.sets(), 0);
}

#[tokio::test]
async fn a_lease_that_is_taken_in_the_middle_is_not_fought_for() {
    let refuse = Box::new(|varbinds: &[lcms_snmp::VarBind<'static>]| {
        let weights = |arc| arc == lc_server::col::DYNAMIC_WEIGHT;
        let weight = varbinds.iter().any(|varbind| {
            LcServer::ENTRY.split(&varbind.name).is_some_and(|(arc, _)| weights(arc))
        });
        weight.then_some((ErrorStatus::InconsistentValue, 1))
    });
    let script = Script { refuse, ..Script::default() };
    let mut fleet = Fleet::new(director("", 0, 0), script, Options::default());
    let round = fleet.two_rounds().await;
    assert!(round.refused);
    let told = round.events.iter().any(|event| {
        matches!(event, Event::Trouble { about, what }
            if about == "main" && what.contains("refused the lease"))
    });
    assert!(told, "{:?}", round.events);
    assert_eq!(fleet.dynamic("rs1"), None);
}

#[tokio::test]
async fn a_dry_run_decides_and_writes_nothing() {
    let options = Options { dry_run: true, ..Options::default() };
    let mut fleet = Fleet::new(director("other", 6, 9), Script::default(), options);
    let round = fleet.two_rounds().await;
    assert_eq!(round.decisions[0].weight, Some(100));
    assert_eq!(fleet.sets(), 0);
}

#[tokio::test]
async fn stale_figures_freeze_and_hosts_that_are_gone_are_named() {
    let mut fleet = Fleet::new(director("", 0, 0), Script::default(), Options::default());
    fleet.two_rounds().await;
    let before = fleet.dynamic("rs2");
    *fleet.hosts[0].mib.lock().unwrap() = load("rs1", 300, 3000, 60_000);
    let gone = fleet.hosts.remove(1);
    drop(gone);
    let round = fleet.auto.round().await;
    assert!(round.decisions[0].frozen, "{:?}", round.decisions[0]);
    assert!(round.unreachable.iter().any(|name| name.as_str() == "rs2"));
    let named = |event: &Event| matches!(event, Event::Trouble { about, .. } if about == "rs2");
    assert!(round.events.iter().any(named), "{:?}", round.events);
    assert_eq!(fleet.dynamic("rs2"), before);
}

#[tokio::test]
async fn a_cluster_that_is_not_there_is_named() {
    let options = Options { clusters: vec!["none-such".parse().unwrap()], ..Options::default() };
    let mut fleet = Fleet::new(director("", 0, 0), Script::default(), options);
    let round = fleet.auto.round().await;
    assert!(
        matches!(&round.events[..], [Event::Trouble { about, .. }] if about == "none-such"),
        "{:?}",
        round.events
    );
    assert_eq!(fleet.sets(), 0);
}

#[tokio::test]
async fn a_director_that_is_gone_is_named_and_taken_up_where_it_was_left() {
    let silent = Arc::new(AtomicBool::new(false));
    let network = Box::new({
        let silent = Arc::clone(&silent);
        move |_, answer| if silent.load(Ordering::Relaxed) { Vec::new() } else { vec![answer] }
    });
    let script = Script { network, ..Script::default() };
    let mut fleet = Fleet::new(director("", 0, 0), script, Options::default());
    fleet.two_rounds().await;

    silent.store(true, Ordering::Relaxed);
    let gone = fleet.auto.round().await;
    let named = |event: &Event| {
        matches!(event, Event::Trouble { about, what }
            if about == "lb1" && what.contains("stay as they are"))
    };
    assert!(matches!(&gone.events[..], [event] if named(event)), "{:?}", gone.events);

    silent.store(false, Ordering::Relaxed);
    let back = fleet.auto.round().await;
    let again = |event: &Event| matches!(event, Event::Recovered { about } if about == "lb1");
    assert!(back.events.iter().any(again), "{:?}", back.events);
    assert!(back.clusters[0].in_control);
    assert!(back.clusters[0].servers.iter().all(|server| server.capacity.is_some()));
    assert_eq!(fleet.dynamic("rs1"), Some(Value::Gauge32(100)));
}

/// A director that takes questions and answers none, before the other in the inventory
/// or behind it: the other's rounds go on as if it were not there.
#[tokio::test]
async fn a_director_that_hangs_is_alone_with_it() {
    for before in [true, false] {
        let fleet = Fleet::new(director("", 0, 0), Script::default(), Options::default());
        let silence = Box::new(|_, _| Vec::new());
        let hung =
            Agent::start(director("", 0, 0), Script { network: silence, ..Script::default() });
        let mut node = Node::new("lb2".parse().unwrap(), hung.address.to_string().parse().unwrap());
        node.read = Some(Secret::new(COMMUNITY));
        let mut inventory = fleet.inventory.clone();
        inventory.nodes.insert(if before { 0 } else { 3 }, node);
        let interval = Some(Duration::from_millis(1));
        let options = Options { owner: "me".into(), interval, ..Options::default() };
        let mut auto = Auto::new(Client::start().unwrap(), inventory, options);

        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let mut stop = Some(stop);
        let (mut rounds, mut silent) = (0, 0);
        let tell = |round: Round| {
            rounds += u32::from(round.clusters.iter().any(|cluster| cluster.in_control));
            let said =
                |event: &Event| matches!(event, Event::Trouble { about, .. } if about == "lb2");
            silent += round.events.iter().filter(|event| said(event)).count();
            // Each of its own takes a second, after which it is told of.
            if rounds >= 20 && silent > 0 {
                drop(stop.take());
            }
        };
        let begun = std::time::Instant::now();
        auto.rounds(async { drop(stopped.await) }, tell).await;
        assert_eq!(silent, 1, "told once");
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
        // The one that answers has the lease, and gives it back.
        let released = auto.release().await;
        assert!(matches!(released[..], [Event::Released { .. }]), "{released:?}");
    }
}
