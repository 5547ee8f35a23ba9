//! The control of one director's clusters: what is known of it between rounds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use lcms_lb_core::model::{Name, ServerId, ServiceId};
use tokio::sync::{mpsc, watch};

use super::round::{PATIENCE, within};
use super::{Event, Options, Round, conditions::Conditions, lease, write};
use crate::client::{Access, Client, Target, target};
use crate::inventory::Inventory;
use crate::policy::Controller;

/// What each director has said of itself last: the clusters it directs, or nothing
/// where it did not answer.
pub(super) type View = BTreeMap<Name, Option<BTreeSet<Name>>>;

/// What all directors work by.
#[derive(Clone, Debug)]
pub(super) struct Common {
    pub client: Client,
    pub inventory: Arc<Inventory>,
    pub options: Arc<Options>,
    pub view: watch::Sender<View>,
}

/// A director under control.
#[derive(Debug)]
pub(super) struct Director {
    pub(super) name: Name,
    /// Those before it in the inventory: where several have a cluster, it is the first's.
    pub(super) earlier: Vec<Name>,
    pub(super) common: Common,
    pub(super) begun: Instant,
    pub(super) controller: Controller,
    pub(super) keepers: BTreeMap<Name, lease::Keeper>,
    pub(super) uptime: Option<u32>,
    pub(super) decided: BTreeMap<ServiceId, Duration>,
    pub(super) targets: BTreeMap<Name, Target>,
    /// What was told and still holds.
    pub(super) conditions: Conditions,
    pub(super) frozen: BTreeSet<ServerId>,
}

impl Director {
    /// One with which nothing was done yet.
    pub(super) fn new(name: Name, earlier: Vec<Name>, common: Common) -> Self {
        Self {
            name,
            earlier,
            common,
            begun: Instant::now(),
            controller: Controller::default(),
            keepers: BTreeMap::new(),
            uptime: None,
            decided: BTreeMap::new(),
            targets: BTreeMap::new(),
            conditions: Conditions::default(),
            frozen: BTreeSet::new(),
        }
    }

    /// Makes rounds until the end, in the rhythm of its own policies, and comes back with
    /// what it has learned.
    pub(super) async fn rounds(
        mut self,
        mut end: watch::Receiver<()>,
        told: mpsc::Sender<(Name, Round)>,
    ) -> Self {
        loop {
            let begun = Instant::now();
            // A round that is given up in the middle leaves the director with
            // what it has: each SET is whole.
            let interval = tokio::select! {
                round = self.round() => {
                    let interval = round.interval;
                    if told.send((self.name, round)).await.is_err() {
                        return self;
                    }
                    interval
                }
                _ = end.changed() => return self,
            };
            tokio::select! {
                () = tokio::time::sleep_until((begun + interval).into()) => {}
                _ = end.changed() => return self,
            }
        }
    }

    /// Goes on with something else; what was learned is kept.
    pub(super) fn adopt(&mut self, earlier: Vec<Name>, common: Common) {
        (self.earlier, self.common) = (earlier, common);
        self.targets.clear();
    }

    /// Gives back the leases of clusters that do not stay.
    pub(super) async fn release(&mut self, stays: impl Fn(Name) -> bool) -> Vec<Event> {
        let mut events = Vec::new();
        let director = self.name;
        for (cluster, keeper) in self.keepers.iter().filter(|(cluster, _)| !stays(**cluster)) {
            let Some(target) = self.targets.get(&director) else { continue };
            let cluster = *cluster;
            match write::release(&self.common.client, target, cluster, keeper.owner()).await {
                Ok(false) => {}
                Ok(true) => events.push(Event::Released { cluster, director }),
                Err(error) => events.push(Event::Trouble {
                    about: cluster.to_string(),
                    what: format!("the lease on {director} was not released: {error}"),
                }),
            }
        }
        self.keepers.retain(|cluster, _| stays(*cluster));
        events
    }

    pub(super) async fn target(&mut self, name: Name, access: Access) -> Result<Target, String> {
        if let Some(target) = self.targets.get(&name) {
            return Ok(target.clone());
        }
        let node = self.common.inventory.node(name.as_str()).ok_or_else(|| {
            format!("not in the inventory; add a [[node]] with name = \"{name}\" to get its load")
        })?;
        // A resolver that hangs must not keep those who wait for our word.
        let found = within(PATIENCE, target(node, access)).await?;
        self.targets.insert(name, found.clone());
        Ok(found)
    }

    /// Says what it directs, or that it does not answer.
    pub(super) fn say(&self, clusters: Option<BTreeSet<Name>>) {
        self.common.view.send_if_modified(|view| {
            let before = view.insert(self.name, clusters.clone());
            before != Some(clusters)
        });
    }

    /// Which of its clusters no director before it has. At the beginning this waits for
    /// their first word, or for their time to be over.
    pub(super) async fn own(&self, clusters: &BTreeSet<Name>) -> BTreeSet<Name> {
        if clusters.is_empty() {
            return BTreeSet::new();
        }
        let mut view = self.common.view.subscribe();
        let heard = |view: &View| self.earlier.iter().all(|name| view.contains_key(name));
        let Ok(view) = view.wait_for(heard).await else { return BTreeSet::new() };
        let taken = |cluster: &Name| {
            let mut earlier = self.earlier.iter().filter_map(|name| view.get(name)?.as_ref());
            earlier.any(|clusters| clusters.contains(cluster))
        };
        clusters.iter().filter(|cluster| !taken(cluster)).copied().collect()
    }
}
