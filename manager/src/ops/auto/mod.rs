//! The control loop: keeps the dynamic weights of clusters in step with the
//! measured load.
//!
//! A round looks at the directors, then at the hosts behind them, lets the
//! [policy](crate::policy) decide, and writes load reports and weights under
//! the cluster's [lease]. Nothing is assumed from the round before: what a
//! director says now is the truth. So a round that fails leaves nothing behind
//! but weights as they were, and the next one tries again.
//!
//! [`Auto::round`] and [`Auto::release`] are all of it; [`Auto::run`] calls them
//! in the policies' rhythm.

mod event;
mod lease;
mod look;
mod pack;
mod round;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::pin;
use std::time::{Duration, Instant};

use lcms_lb_core::model::{Name, PolicyWindow, ServerId, ServiceId};

pub(super) use look::{POLICY, settings};

pub use event::Event;
pub use lease::Wait;
pub use round::{ClusterRound, Round, ServerRound};

use crate::client::{Access, Client, Target, target};
use crate::inventory::Inventory;
use crate::policy::{Controller, Decision};

/// What the caller may ask for beyond the policies.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Time between rounds, in place of the policies'.
    pub interval: Option<Duration>,
    /// Which figure of the processors counts, in place of the policies'.
    pub window: Option<PolicyWindow>,
    /// Decide, but write nothing and take no lease.
    pub dry_run: bool,
    /// The clusters to control; all if empty.
    pub clusters: Vec<Name>,
    /// Who asks for the leases: a name no other controller has.
    pub owner: String,
}

/// A controller.
#[derive(Debug)]
pub struct Auto {
    client: Client,
    inventory: Inventory,
    options: Options,
    begun: Instant,
    controller: Controller,
    keepers: BTreeMap<(Name, Name), lease::Keeper>,
    uptimes: BTreeMap<Name, u32>,
    decided: BTreeMap<ServiceId, Duration>,
    targets: BTreeMap<Name, Target>,
    /// What was told and still holds.
    conditions: round::Conditions,
    frozen: BTreeSet<ServerId>,
}

impl Auto {
    /// A controller of the inventory's clusters, which has done nothing yet.
    pub fn new(client: Client, inventory: Inventory, options: Options) -> Self {
        Self {
            client,
            inventory,
            options,
            begun: Instant::now(),
            controller: Controller::default(),
            keepers: BTreeMap::new(),
            uptimes: BTreeMap::new(),
            decided: BTreeMap::new(),
            targets: BTreeMap::new(),
            conditions: round::Conditions::new(),
            frozen: BTreeSet::new(),
        }
    }

    /// Makes rounds until `stop`, and then gives the leases back. `tell` gets
    /// each round; what comes back is worth telling too.
    pub async fn run(
        &mut self,
        stop: impl Future<Output = ()>,
        tell: impl FnMut(Round),
    ) -> Vec<Event> {
        self.rounds(stop, tell).await;
        self.release().await
    }

    /// Makes rounds until `stop`, and keeps the leases.
    pub async fn rounds(&mut self, stop: impl Future<Output = ()>, mut tell: impl FnMut(Round)) {
        let mut stop = pin!(stop);
        loop {
            let begun = Instant::now();
            // A round that is given up in the middle leaves the director with
            // what it has: each SET is whole.
            let interval = tokio::select! {
                round = self.round() => {
                    let interval = round.interval;
                    tell(round);
                    interval
                }
                () = &mut stop => return,
            };
            tokio::select! {
                () = tokio::time::sleep_until((begun + interval).into()) => {}
                () = &mut stop => return,
            }
        }
    }

    /// Goes on with another inventory and other options, and gives back the leases
    /// that these do without. What was learned is kept.
    pub async fn adopt(&mut self, inventory: Inventory, options: Options) -> Vec<Event> {
        let stays = |director: Name, cluster: Name| {
            let wanted = options.clusters.is_empty() || options.clusters.contains(&cluster);
            wanted && inventory.node(director.as_str()).is_some()
        };
        let released = self.release_unless(stays).await;
        (self.inventory, self.options) = (inventory, options);
        self.targets.clear();
        released
    }

    /// Decides once, from as many looks as the policies need. The leases run
    /// out by themselves, and the weights stand until then.
    pub async fn once(&mut self) -> Round {
        let first = self.round().await;
        // Load averages tell all at one look; a capacity shows between two.
        let decided = |decision: &Decision| decision.wanted.is_some();
        if !first.decisions.is_empty() && first.decisions.iter().all(decided) {
            return first;
        }
        tokio::time::sleep(first.interval).await;
        let second = self.round().await;
        let events = first.events.into_iter().chain(second.events.clone()).collect();
        Round { events, ..second }
    }

    /// Gives the leases back, so that the configured weights stand again and
    /// the next controller need not wait.
    pub async fn release(&mut self) -> Vec<Event> {
        self.release_unless(|_, _| false).await
    }

    async fn release_unless(&mut self, stays: impl Fn(Name, Name) -> bool) -> Vec<Event> {
        let mut events = Vec::new();
        for ((director, cluster), keeper) in &self.keepers {
            if stays(*director, *cluster) {
                continue;
            }
            let Some(target) = self.targets.get(director) else { continue };
            match write::release(&self.client, target, *cluster, keeper.owner()).await {
                Ok(false) => {}
                Ok(true) => {
                    events.push(Event::Released { cluster: *cluster, director: *director });
                }
                Err(error) => events.push(Event::Trouble {
                    about: cluster.to_string(),
                    what: format!("the lease on {director} was not released: {error}"),
                }),
            }
        }
        self.keepers.retain(|(director, cluster), _| stays(*director, *cluster));
        events
    }

    async fn target(&mut self, name: Name, access: Access) -> Result<Target, String> {
        if let Some(target) = self.targets.get(&name) {
            return Ok(target.clone());
        }
        let node = self.inventory.node(name.as_str()).ok_or_else(|| {
            format!("not in the inventory; add a [[node]] with name = \"{name}\" to get its load")
        })?;
        let found = target(node, access).await.map_err(|error| error.to_string())?;
        self.targets.insert(name, found.clone());
        Ok(found)
    }
}
