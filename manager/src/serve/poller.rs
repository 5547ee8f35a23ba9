//! Asks every node in its own time, and publishes what all of them say.
//!
//! Nodes are asked at each tick, all at once, except those whose answer to the
//! last question is still due: who hangs is alone with it. What has come is
//! published when nothing more is awaited, or a moment after the first of it, so
//! nobody waits for the slowest either.

use std::{panic::resume_unwind, sync::Arc, time::Duration};

use jiff::Timestamp;
use lcms_lb_core::model::Name;
use tokio::{
    sync::{Semaphore, watch},
    task::{JoinError, JoinSet},
    time::{Instant, MissedTickBehavior, interval, sleep_until, timeout},
};

use super::{Event, Orders, Tell};
use crate::{
    client::Client,
    inventory::{Inventory, Node},
    poll::{ClusterState, NodeFault, NodeRows, ask, build, now},
};

/// How long what has come waits for what may come with it.
const SETTLE: Duration = Duration::from_millis(100);

/// Questions to nodes that did not answer the last one, at once. They take their
/// time, and the client has room for twice as many.
const SILENT: usize = 64;

/// What all nodes say.
#[derive(Clone, Debug, Default)]
pub struct Polled {
    /// What `poll` shows.
    pub state: ClusterState,
    /// What became of asking each node of the state, in its order.
    pub nodes: Vec<NodeRecord>,
    /// Clusters of the inventory that no director tells of.
    pub untold: Vec<Name>,
    /// Whether every node was asked.
    pub complete: bool,
}

/// What became of asking a node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeRecord {
    /// When it last told all it was asked.
    pub answered: Option<Timestamp>,
    /// How long the last asking took.
    pub took: Duration,
    /// How often it was asked.
    pub polls: u64,
    /// How often it told nothing, or not all.
    pub failures: u64,
}

/// Runs until it is told to stop.
pub(super) async fn run(
    client: Client,
    mut orders: watch::Receiver<Orders>,
    publish: watch::Sender<Arc<Polled>>,
    tell: Tell,
) {
    let mut poller = Poller {
        client,
        inventory: Arc::default(),
        interval: Duration::MAX,
        seats: Vec::new(),
        asked: JoinSet::new(),
        silent: Arc::new(Semaphore::new(SILENT)),
        publish,
        tell,
    };
    loop {
        let now = orders.borrow_and_update().clone();
        if now.stop {
            return;
        }
        poller.adopt(&now);
        let ordered = async { drop(orders.changed().await) };
        tokio::select! {
            () = poller.poll() => {}
            () = ordered => {}
        }
        if orders.has_changed().is_err() {
            return;
        }
    }
}

struct Poller {
    client: Client,
    inventory: Arc<Inventory>,
    interval: Duration,
    /// One for each node, in the inventory's order.
    seats: Vec<Seat>,
    asked: JoinSet<Answer>,
    silent: Arc<Semaphore>,
    publish: watch::Sender<Arc<Polled>>,
    tell: Tell,
}

/// A node, and what it last said.
struct Seat {
    node: Arc<Node>,
    rows: Option<NodeRows>,
    record: NodeRecord,
    awaited: bool,
}

struct Answer {
    /// The seat of the node.
    nth: usize,
    rows: NodeRows,
    took: Duration,
}

impl Poller {
    /// Goes on with another inventory. Who was there before is known still.
    fn adopt(&mut self, orders: &Orders) {
        self.interval = orders.settings.interval;
        if Arc::ptr_eq(&self.inventory, &orders.inventory) {
            return;
        }
        self.inventory = Arc::clone(&orders.inventory);
        // An answer that is due was asked for with the old inventory.
        self.asked.abort_all();
        self.asked = JoinSet::new();
        let mut before = std::mem::take(&mut self.seats);
        self.seats = self
            .inventory
            .nodes
            .iter()
            .map(|node| {
                let known = before.iter().position(|seat| seat.node.name == node.name);
                let known = known.map(|at| before.swap_remove(at));
                let (rows, record) = known.map(|seat| (seat.rows, seat.record)).unwrap_or_default();
                Seat { node: Arc::new(node.clone()), rows, record, awaited: false }
            })
            .collect();
    }

    /// Asks again and again, for ever.
    async fn poll(&mut self) {
        let mut tick = interval(self.interval);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut due: Option<Instant> = None;
        loop {
            tokio::select! {
                _ = tick.tick() => self.ask(),
                Some(answer) = self.asked.join_next() => {
                    self.learn(answer);
                    due.get_or_insert_with(|| Instant::now() + SETTLE);
                }
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    due = None;
                    self.publish();
                }
            }
            if self.asked.is_empty() && (due.is_some() || self.seats.is_empty()) {
                due = None;
                self.publish();
            }
        }
    }

    /// Asks whoever is not being asked still.
    fn ask(&mut self) {
        for (nth, seat) in self.seats.iter_mut().enumerate().filter(|(_, seat)| !seat.awaited) {
            seat.awaited = true;
            let (client, node) = (self.client.clone(), Arc::clone(&seat.node));
            let directs = self.inventory.may_direct(&node);
            let silent = seat.is_silent().then(|| Arc::clone(&self.silent));
            // An agent that is there has so much longer for all of its tables.
            let patience = node.timeout * (1 + node.retries) + self.interval;
            self.asked.spawn(async move {
                let _permit = match silent {
                    Some(silent) => silent.acquire_owned().await.ok(),
                    None => None,
                };
                let began = Instant::now();
                let rows = match timeout(patience, ask(&client, &node, directs)).await {
                    Ok(rows) => rows,
                    Err(_) => NodeRows::new(&node, Err(NodeFault::Late { patience })),
                };
                Answer { nth, rows, took: began.elapsed() }
            });
        }
    }

    fn learn(&mut self, answer: Result<Answer, JoinError>) {
        let Answer { nth, rows, took } = match answer {
            Ok(answer) => answer,
            Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
            Err(_) => return,
        };
        let Some(seat) = self.seats.get_mut(nth) else { return };
        seat.awaited = false;
        seat.record.polls += 1;
        seat.record.took = took;
        let node = rows.name;
        match rows.fault() {
            Some(fault) => {
                seat.record.failures += 1;
                if !seat.is_silent() || seat.rows.is_none() {
                    let (error, advice) = (fault.to_string(), fault.advice());
                    (self.tell)(&Event::NodeFailed { node, error, advice });
                }
            }
            None => {
                seat.record.answered = Some(rows.time);
                if seat.rows.as_ref().is_some_and(|rows| rows.fault().is_some()) {
                    (self.tell)(&Event::NodeAnswers { node });
                }
            }
        }
        seat.rows = Some(rows);
    }

    fn publish(&self) {
        let told = self.seats.iter().filter_map(|seat| Some((seat.rows.as_ref()?, &seat.record)));
        let (rows, nodes): (Vec<&NodeRows>, Vec<&NodeRecord>) = told.unzip();
        let before = Arc::clone(&self.publish.borrow());
        let state = build(&self.inventory, rows, Some(&before.state), now());
        let clusters = self.inventory.clusters.iter().map(|cluster| cluster.name);
        let untold = clusters.filter(|name| state.cluster(name.as_str()).is_none()).collect();
        self.publish.send_replace(Arc::new(Polled {
            untold,
            state,
            nodes: nodes.into_iter().cloned().collect(),
            complete: self.seats.iter().all(|seat| seat.rows.is_some()),
        }));
    }
}

impl Seat {
    /// Whether its last answer was none, or there never was one.
    fn is_silent(&self) -> bool {
        self.rows.as_ref().is_none_or(|rows| rows.fault().is_some())
    }
}
