//! The daemon's poller among agents that do as they are told, and many that are
//! silent.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod scripted;

use std::{
    net::{Ipv4Addr, UdpSocket},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use lcms_manager::{
    client::Client,
    inventory::{Cluster, Inventory, Node},
    serve::{Controlled, Event, Orders, Polled, Serve, Settings, Tell},
};
use lcms_snmp::{Secret, object::Scalar};
use load_cluster_mib::load_cluster_mib::lc_agent::{self, LcAgent};
use scripted::{Agent, COMMUNITY, Mib, Script, put, text};

fn agent(host: &str) -> Mib {
    let mut mib = Mib::new();
    put::<LcAgent>(&mut mib, &Scalar, &[(lc_agent::col::LC_LOCAL_HOST_NAME, text(host))]);
    mib
}

fn node(name: &str, address: std::net::SocketAddr) -> Node {
    let mut node = Node::new(name.parse().unwrap(), address.to_string().parse().unwrap());
    node.read = Some(Secret::new(COMMUNITY));
    (node.timeout, node.retries) = (Duration::from_millis(200), 1);
    node
}

fn settings() -> Settings {
    let interval = Duration::from_millis(50);
    Settings { interval, control: Controlled::None, ..Settings::default() }
}

/// Waits for a state of this kind.
async fn until(serve: &Serve, what: &str, is: impl FnMut(&Arc<Polled>) -> bool) -> Arc<Polled> {
    let mut polled = serve.published().polled;
    let found = tokio::time::timeout(Duration::from_secs(30), polled.wait_for(is)).await;
    found.unwrap_or_else(|_| panic!("no state in which {what}")).unwrap().clone()
}

#[tokio::test]
async fn hundreds_that_are_silent_delay_nobody() {
    let silent = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let live = Agent::start(agent("live"), Script::default());
    let dead = (0..300).map(|nth| node(&format!("dead{nth}"), silent.local_addr().unwrap()));
    let nodes: Vec<Node> = dead.chain([node("live", live.address)]).collect();
    let main = Cluster { name: "main".parse().unwrap(), directors: vec!["live".parse().unwrap()] };
    let inventory = Inventory { nodes, clusters: vec![main] };
    let told: Arc<Mutex<Vec<Event>>> = Arc::default();
    let tell: Tell = Arc::new({
        let told = Arc::clone(&told);
        move |event: &Event| told.lock().unwrap().push(event.clone())
    });
    let orders = Orders::new(inventory.clone(), settings(), "me".into());
    let client = Client::start().unwrap();
    let serve = Serve::start(&client, orders, &tell).await.unwrap();

    let first = until(&serve, "every node was asked", |polled| polled.complete).await;
    assert_eq!(first.state.faults().count(), 300);
    assert_eq!(first.untold, ["main".parse().unwrap()]);
    let polls = |polled: &Polled| polled.nodes.last().unwrap().polls;
    let (before, began) = (polls(&first), Instant::now());
    let later = until(&serve, "it is polled on", |polled| polls(polled) >= before + 20).await;
    assert!(began.elapsed() < Duration::from_secs(5), "20 polls took {:?}", began.elapsed());
    assert!(later.nodes.last().unwrap().answered > first.nodes.last().unwrap().answered);
    assert!(client.counts().timeouts >= 300, "{:?}", client.counts());
    // Each is told of once, however often it is asked.
    let failed = |event: &&Event| matches!(event, Event::NodeFailed { .. });
    assert_eq!(told.lock().unwrap().iter().filter(failed).count(), 300);

    // Who stays is known still; who goes is forgotten.
    let nodes = inventory.nodes.iter().filter(|node| node.name.as_str() == "live");
    let fewer = Inventory { nodes: nodes.cloned().collect(), clusters: Vec::new() };
    let before = polls(&serve.published().polled.borrow());
    serve.reload(fewer, settings());
    let fewer = until(&serve, "one node is left", |polled| polled.nodes.len() == 1).await;
    assert!(polls(&fewer) >= before && fewer.untold.is_empty());
    assert_eq!(fewer.state.nodes.len(), 1);
    serve.stop().await;
}

#[tokio::test]
async fn an_agent_that_never_comes_to_an_end_is_given_up() {
    // Each answer is in time, and there is always one more.
    let mut mib = agent("endless");
    for nth in 0..5000 {
        use load_cluster_mib::load_cluster_mib::lc_host::{self, LcHost};
        let index = lc_host::Index { host_name: format!("host{nth:04}") };
        put::<LcHost>(&mut mib, &index, &[(lc_host::col::FREENESS, lcms_snmp::Value::Gauge32(1))]);
    }
    let slowly = |_, answer| {
        std::thread::sleep(Duration::from_millis(20));
        vec![answer]
    };
    let script = Script { most: 4, network: Box::new(slowly), ..Script::default() };
    let endless = Agent::start(mib, script);
    let live = Agent::start(agent("live"), Script::default());
    let nodes = vec![node("endless", endless.address), node("live", live.address)];
    let inventory = Inventory { nodes, clusters: Vec::new() };
    let orders = Orders::new(inventory, settings(), "me".into());
    let (client, tell): (Client, Tell) = (Client::start().unwrap(), Arc::new(|_| {}));
    let serve = Serve::start(&client, orders, &tell).await.unwrap();
    let given_up = until(&serve, "it is given up", |polled| polled.complete).await;
    let error = given_up.state.nodes[0].error.as_deref().unwrap();
    assert!(error.contains("did not come within"), "{error}");
    assert!(given_up.state.nodes[0].reachable && given_up.nodes[1].polls > 3);
    serve.stop().await;
}
