//! Operations against agents with LOAD-CLUSTER-MIB's tables: which of them is
//! asked, what is set, and what is said when it cannot be.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod scripted;

use std::time::Duration;

use lcms_lb_core::model::{Name, Weight};
use lcms_manager::{
    client::Client,
    inventory::{Cluster, Inventory, Node},
    ops::{self, Drain, Edit, OpError},
    path::RowPath,
};
use lcms_snmp::{
    ErrorStatus, Octets, PduKind, Secret, Value, VarBind,
    object::{Scalar, Table},
};
use load_cluster_mib::{
    load_cluster_mib::{
        lc_agent::{self, LcAgent},
        lc_cluster::{self, LcCluster},
        lc_server::{self, LcServer},
        lc_service::{self, LcService},
    },
    tc::{LcAdminState, LcStatus, LcWeightSource, RowStatus},
};
use scripted::{Agent, COMMUNITY, Mib, Script, put, text};

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn path(text: &str) -> RowPath {
    text.parse().unwrap()
}

fn active() -> Value<'static> {
    Value::Integer(RowStatus::Active.number())
}

fn server_index(service: &str, server: &str) -> lc_server::Index {
    lc_server::Index {
        cluster_name: "main".into(),
        service_name: service.into(),
        server_name: server.into(),
    }
}

/// A director of `main`, with servers `web/rs1`, `web/rs2` and `mail/rs2`.
fn director(host: &str, active_director: &str, weight: u32) -> Mib {
    let mut mib = Mib::new();
    put::<LcAgent>(&mut mib, &Scalar, &[(lc_agent::col::LC_LOCAL_HOST_NAME, text(host))]);
    let cluster = lc_cluster::Index { cluster_name: "main".into() };
    put::<LcCluster>(
        &mut mib,
        &cluster,
        &[
            (lc_cluster::col::ACTIVE_DIRECTOR, text(active_director)),
            (lc_cluster::col::ROW_STATUS, active()),
        ],
    );
    for service in ["web", "mail"] {
        let index = lc_service::Index { cluster_name: "main".into(), service_name: service.into() };
        let status = Value::Integer(LcStatus::Ok.number());
        put::<LcService>(
            &mut mib,
            &index,
            &[(lc_service::col::STATUS, status), (lc_service::col::ROW_STATUS, active())],
        );
    }
    for (service, server) in [("web", "rs1"), ("web", "rs2"), ("mail", "rs2")] {
        put::<LcServer>(
            &mut mib,
            &server_index(service, server),
            &[
                (lc_server::col::WEIGHT, Value::Gauge32(weight)),
                (lc_server::col::EFFECTIVE_WEIGHT, Value::Gauge32(weight)),
                (
                    lc_server::col::WEIGHT_SOURCE,
                    Value::Integer(LcWeightSource::Configured.number()),
                ),
                (lc_server::col::ADMIN_STATE, Value::Integer(LcAdminState::Enabled.number())),
                (lc_server::col::ACTIVE_CONNECTIONS, Value::Gauge32(0)),
                (lc_server::col::ROW_STATUS, active()),
            ],
        );
    }
    mib
}

fn inventory(nodes: &[(&str, &Agent)]) -> Inventory {
    let nodes: Vec<Node> = nodes
        .iter()
        .map(|(of, agent)| Node {
            read: Some(Secret::new(COMMUNITY)),
            timeout: Duration::from_millis(300),
            retries: 1,
            ..Node::new(name(of), agent.address.to_string().parse().unwrap())
        })
        .collect();
    let directors = nodes.iter().map(|node| node.name).collect();
    Inventory { nodes, clusters: vec![Cluster { name: name("main"), directors }] }
}

fn cell<T: Table>(agent: &Agent, index: &T::Index, arc: u32) -> Option<Value<'static>> {
    let mut row = Mib::new();
    put::<T>(&mut row, index, &[(arc, Value::Null)]);
    agent.mib.lock().unwrap().get(row.keys().next().unwrap()).cloned()
}

fn sets(agent: &Agent) -> usize {
    agent.seen.lock().unwrap().iter().filter(|kind| **kind == PduKind::SetRequest).count()
}

async fn set_weight(
    inventory: &Inventory,
    server: &str,
    to: u32,
) -> Result<ops::WeightChange, OpError> {
    let client = Client::start().unwrap();
    let weight = Weight::new(to).unwrap();
    ops::weight(&client, inventory, &path(server), weight, None, Some("a test")).await
}

#[tokio::test]
async fn a_weight_is_set_where_it_is_used() {
    // The inventory's first director stands by; the second one is active.
    let lb1 = Agent::start(director("lb1", "lb2", 10), Script::default());
    let lb2 = Agent::start(director("lb2", "lb2", 10), Script::default());
    let inventory = inventory(&[("lb1", &lb1), ("lb2", &lb2)]);
    let change = set_weight(&inventory, "rs1", 20).await.unwrap();
    assert_eq!((change.name.to_string().as_str(), change.node.as_str()), ("main/web/rs1", "lb2"));
    assert_eq!((change.before.configured, change.after.configured), (Some(10), Some(20)));
    assert!(change.changed);
    assert_eq!((sets(&lb1), sets(&lb2)), (0, 1));
    let reason = cell::<LcAgent>(&lb2, &Scalar, lc_agent::col::LC_CONFIG_LAST_REASON);
    assert_eq!(reason, Some(text("a test")), "the record says why");
}

#[tokio::test]
async fn a_weight_that_is_so_already_is_left_alone() {
    let lb1 = Agent::start(director("lb1", "lb1", 10), Script::default());
    let change = set_weight(&inventory(&[("lb1", &lb1)]), "web/rs1", 10).await.unwrap();
    assert!(!change.changed);
    assert_eq!(sets(&lb1), 0);
}

#[tokio::test]
async fn names_that_fit_none_or_several_are_said() {
    let lb1 = Agent::start(director("lb1", "lb1", 10), Script::default());
    let inventory = inventory(&[("lb1", &lb1)]);
    let error = set_weight(&inventory, "rs2", 5).await.unwrap_err();
    let said = error.to_string();
    assert!(said.contains("main/web/rs2") && said.contains("main/mail/rs2"), "{said}");
    let error = set_weight(&inventory, "rs9", 5).await.unwrap_err();
    assert_eq!(error.to_string(), "there is no server rs9");
    assert!(error.advice().contains("main/web/rs1"), "{}", error.advice());
    let error = set_weight(&inventory, "main/mail/rs1", 5).await.unwrap_err();
    assert!(matches!(error, OpError::NoSuchRow { .. }));
}

#[tokio::test]
async fn a_silent_director_is_not_forgotten() {
    let lb1 = Agent::start(director("lb1", "lb1", 10), Script::default());
    let silent = Script { network: Box::new(|_, _| vec![]), ..Script::default() };
    let lb2 = Agent::start(Mib::new(), silent);
    let both = inventory(&[("lb1", &lb1), ("lb2", &lb2)]);
    // What the other one has can be done.
    assert!(set_weight(&both, "web/rs1", 5).await.unwrap().changed);
    let error = set_weight(&both, "rs9", 5).await.unwrap_err();
    assert!(error.to_string().ends_with("silent: lb2"), "{error}");
    let error = set_weight(&inventory(&[("lb2", &lb2)]), "rs1", 5).await.unwrap_err();
    assert!(matches!(error, OpError::NoDirectorAnswered { .. }), "{error}");
}

#[tokio::test]
async fn a_refusal_names_the_object_and_the_next_step() {
    let refuse = |status, object: &'static str| Script {
        refuse: Box::new(move |varbinds: &[VarBind<'static>]| {
            let entry = LcServer::ENTRY;
            let column = entry.columns.iter().find(|column| column.name == object)?;
            let is =
                |v: &VarBind<'_>| entry.split(&v.name).is_some_and(|(arc, _)| arc == column.arc);
            Some((status, i32::try_from(varbinds.iter().position(is)? + 1).ok()?))
        }),
        ..Script::default()
    };
    for (status, said, advice) in [
        (
            ErrorStatus::NoAccess,
            "lb1: lcServerWeight.\"main\".\"web\".\"rs1\": noAccess",
            "a user and its auth_file",
        ),
        (ErrorStatus::WrongValue, "wrongValue", "lcServerWeight takes 0 to 65535"),
        (ErrorStatus::CommitFailed, "commitFailed", "log"),
    ] {
        let lb1 = Agent::start(director("lb1", "lb1", 10), refuse(status, "lcServerWeight"));
        let error = set_weight(&inventory(&[("lb1", &lb1)]), "rs1", 5).await.unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
        assert!(error.advice().contains(advice), "{}", error.advice());
    }
}

#[tokio::test]
async fn the_story_is_left_out_where_nothing_changes() {
    // As the MIB wants it: who and why only with a change.
    let refuse = Box::new(|varbinds: &[VarBind<'static>]| {
        let told = |v: &VarBind<'_>| LcAgent::ENTRY.split(&v.name).is_some();
        let at = varbinds.iter().position(told)?;
        Some((ErrorStatus::InconsistentValue, i32::try_from(at + 1).ok()?))
    });
    let lb1 = Agent::start(director("lb1", "lb1", 10), Script { refuse, ..Script::default() });
    let client = Client::start().unwrap();
    let (path, assignments) = (path("rs1"), ["weight=10".parse().unwrap()]);
    let edit = Edit { path: &path, assignments: &assignments, on: None, reason: None };
    let inventory = inventory(&[("lb1", &lb1)]);
    let edited = ops::set::<LcServer>(&client, &inventory, edit).await.unwrap();
    assert_eq!(edited.done, "unchanged");
    assert_eq!(sets(&lb1), 2);
}

#[tokio::test]
async fn rows_are_made_below_their_parents() {
    let lb1 = Agent::start(director("lb1", "lb1", 10), Script::default());
    let inventory = inventory(&[("lb1", &lb1)]);
    let client = Client::start().unwrap();
    let add = async |at: &str, assignments: &[&str]| {
        let path = path(at);
        let assignments: Vec<_> = assignments.iter().map(|text| text.parse().unwrap()).collect();
        let edit = Edit { path: &path, assignments: &assignments, on: None, reason: None };
        ops::add::<LcServer>(&client, &inventory, edit).await
    };
    let added = add("web/rs3", &["address=192.0.2.3:80", "weight=3"]).await.unwrap();
    assert_eq!((added.done, added.name.to_string().as_str()), ("added", "main/web/rs3"));
    let of = |arc| cell::<LcServer>(&lb1, &server_index("web", "rs3"), arc);
    let create = Value::Integer(RowStatus::CreateAndGo.number());
    assert_eq!(of(lc_server::col::ROW_STATUS), Some(create));
    assert_eq!(of(lc_server::col::WEIGHT), Some(Value::Gauge32(3)));
    let address = Value::OctetString(Octets::copied(&[192, 0, 2, 3]));
    assert_eq!(of(lc_server::col::ADDRESS), Some(address));

    let error = add("web/rs4", &["weight=3"]).await.unwrap_err();
    assert!(matches!(error, OpError::NeedsAddress(_)) && error.is_usage(), "{error}");
    let error = add("rs4", &["address=192.0.2.3:80"]).await.unwrap_err();
    assert!(matches!(error, OpError::Form { .. }), "{error}");
    let error = add("news/rs4", &["address=192.0.2.3:80"]).await.unwrap_err();
    assert_eq!(error.to_string(), "there is no service news");
}

#[tokio::test]
async fn a_drain_waits_for_the_last_connection() {
    let mut mib = director("lb1", "lb1", 10);
    let active = lc_server::col::ACTIVE_CONNECTIONS;
    let rs1 = server_index("web", "rs1");
    put::<LcServer>(&mut mib, &rs1, &[(active, Value::Gauge32(3))]);
    let lb1 = Agent::start(mib, Script::default());
    let inventory = inventory(&[("lb1", &lb1)]);
    let client = Client::start().unwrap();
    let path = path("rs1");
    let wait = |seconds| Drain {
        path: &path,
        on: None,
        reason: None,
        wait: Some(Duration::from_secs(seconds)),
        deadline: None,
    };
    let error = ops::drain(&client, &inventory, wait(0), |_| {}).await.unwrap_err();
    assert!(matches!(error, OpError::StillBusy { active: 3, .. }), "{error}");
    let mut looks = 0;
    let drained = ops::drain(&client, &inventory, wait(60), |state| {
        assert_eq!(state.active_connections, 3);
        looks += 1;
        put::<LcServer>(&mut lb1.mib.lock().unwrap(), &rs1, &[(active, Value::Gauge32(0))]);
    });
    let drained = drained.await.unwrap();
    assert_eq!((drained.active_connections, drained.admin_state, looks), (0, "drain", 1));
    assert!(!drained.changed, "it was asked to drain before");
    let undo = Drain { wait: None, ..wait(0) };
    let back = ops::undrain(&client, &inventory, undo).await.unwrap();
    assert_eq!((back.admin_state, back.changed), ("enabled", true));
}

#[tokio::test]
async fn a_poll_names_the_silent_and_shows_the_others() {
    let lb1 = Agent::start(director("lb1", "lb1", 10), Script::default());
    let silent = Script { network: Box::new(|_, _| vec![]), ..Script::default() };
    let rs1 = Agent::start(Mib::new(), silent);
    let other = Agent::start(scripted::mib([("1.3.6.1.2.1.1.7.0", 72)]), Script::default());
    let mut inventory = inventory(&[("lb1", &lb1), ("rs1", &rs1), ("printer", &other)]);
    inventory.nodes.push(Node::new(name("new"), "127.0.0.1:161".parse().unwrap()));
    let client = Client::start().unwrap();
    let state = ops::poll(&client, &inventory, None).await;
    let [lb1, rs1, printer, new] = &state.nodes[..] else { panic!("{:?}", state.nodes) };
    assert!(lb1.reachable && lb1.error.is_none());
    assert!(!rs1.reachable && rs1.error.as_deref().unwrap().contains("no answer to 2 requests"));
    assert!(printer.reachable && printer.error.as_deref().unwrap().contains("LOAD-CLUSTER-MIB"));
    assert!(!new.reachable && new.error.as_deref().unwrap().contains("no community"));
    assert_eq!(state.servers().count(), 3);
    assert!(!state.is_dark());
}
