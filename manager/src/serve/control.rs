//! `auto`'s control loop, inside the daemon.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::Timestamp;
use lcms_lb_core::model::ServerId;
use tokio::sync::watch;

use super::{Controlled, Event, Orders, Tell};
use crate::{
    client::Client,
    ops::auto::{self, Auto, ClusterRound, Options, Round},
    policy::Decision,
};

/// What the control loop does and did.
#[derive(Clone, Debug, Default)]
pub struct Control {
    /// When it last looked; never where it has nothing to do.
    pub time: Option<Timestamp>,
    /// The clusters it looked at then.
    pub clusters: Vec<ClusterRound>,
    /// Rounds so far.
    pub rounds: u64,
    /// Rounds in which something decided could not be written.
    pub refused: u64,
    /// How often each server's weight was written.
    pub changes: BTreeMap<ServerId, u64>,
}

impl Control {
    fn learn(&mut self, round: Round) {
        self.time = Some(Timestamp::now());
        self.rounds += 1;
        self.refused += u64::from(round.refused);
        for event in &round.events {
            if let auto::Event::Decision { decision, written: true } = event
                && Decision::change(decision).is_some()
            {
                *self.changes.entry(decision.server).or_default() += 1;
            }
        }
        // Whoever is gone is forgotten; who was not looked at may come back.
        if round.unreachable.is_empty() {
            let there: BTreeSet<ServerId> =
                round.clusters.iter().flat_map(ClusterRound::servers).collect();
            self.changes.retain(|server, _| there.contains(server));
        }
        self.clusters = round.clusters;
    }
}

/// Runs until it is told to stop, and then gives the leases back.
pub(super) async fn run(
    client: Client,
    mut orders: watch::Receiver<Orders>,
    publish: watch::Sender<Arc<Control>>,
    tell: Tell,
) {
    let tell_all = |events: Vec<auto::Event>| {
        events.into_iter().for_each(|event| tell(&Event::Control(event)));
    };
    let mut control = Control::default();
    let mut auto: Option<Auto> = None;
    loop {
        let now = orders.borrow_and_update().clone();
        let options = options(&now).filter(|_| !now.stop);
        match (&mut auto, options) {
            (Some(auto), Some(options)) => {
                tell_all(auto.adopt(now.inventory.as_ref().clone(), options).await);
            }
            (None, Some(options)) => {
                auto = Some(Auto::new(client.clone(), now.inventory.as_ref().clone(), options));
            }
            (Some(ending), None) => {
                tell_all(ending.release().await);
                auto = None;
                (control.clusters, control.time) = (Vec::new(), None);
                control.changes.clear();
                publish.send_replace(Arc::new(control.clone()));
            }
            (None, None) => {}
        }
        if now.stop {
            return;
        }
        // An error is the end of whoever gives orders.
        let changed = async { drop(orders.changed().await) };
        match &mut auto {
            Some(auto) => {
                let told = |round: Round| {
                    tell_all(round.events.clone());
                    control.learn(round);
                    publish.send_replace(Arc::new(control.clone()));
                };
                auto.rounds(changed, told).await;
            }
            None => changed.await,
        }
        if orders.has_changed().is_err() {
            return;
        }
    }
}

/// What to control, if anything.
fn options(orders: &Orders) -> Option<Options> {
    let clusters = match &orders.settings.control {
        Controlled::None => return None,
        Controlled::All => Vec::new(),
        Controlled::Clusters(clusters) => clusters.clone(),
    };
    Some(Options { clusters, owner: orders.owner.clone(), ..Options::default() })
}
