//! The control loop: keeps the dynamic weights of clusters in step with the
//! measured load.
//!
//! A round looks at the directors, then at the hosts behind them, lets the
//! [policy](crate::policy) decide, and writes load reports and weights under
//! the cluster's [lease]. Nothing is assumed from the round before: what a
//! director says now is the truth. So a round that fails leaves nothing behind
//! but weights as they were, and the next one tries again.
//!
//! Each director has rounds of its own, in the rhythm of its policies, so that one which
//! hangs is alone with it. [`Auto::round`] makes one of each, [`Auto::rounds`] makes them
//! again and again, and [`Auto::release`] gives the leases back.

mod conditions;
mod director;
mod event;
mod lease;
mod look;
mod merge;
mod pack;
mod round;
mod write;

use std::future::Future;
use std::mem;
use std::panic::resume_unwind;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use lcms_lb_core::model::{Name, PolicyWindow};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

pub(super) use look::{POLICY, settings};

pub use event::Event;
pub use lease::Wait;
pub use round::{ClusterRound, Round, ServerRound};

use self::{
    director::{Common, Director, View},
    merge::Merge,
};
use crate::client::Client;
use crate::inventory::Inventory;
use crate::policy::Decision;

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
    common: Common,
    /// In the inventory's order.
    directors: Vec<Director>,
    merge: Merge,
}

impl Auto {
    /// A controller of the inventory's clusters, which has done nothing yet.
    pub fn new(client: Client, inventory: Inventory, options: Options) -> Self {
        let view = watch::Sender::new(View::new());
        let (inventory, options) = (Arc::new(inventory), Arc::new(options));
        let common = Common { client, inventory, options, view };
        let mut auto = Self { common, directors: Vec::new(), merge: Merge::default() };
        auto.seat();
        auto
    }

    /// Gives each director of the inventory its place; what was known of it is kept.
    fn seat(&mut self) {
        let mut before = mem::take(&mut self.directors);
        let mut earlier = Vec::new();
        for node in self.common.inventory.directors() {
            let (name, common) = (node.name, self.common.clone());
            self.directors.push(match before.iter().position(|known| known.name == name) {
                Some(at) => {
                    let mut known = before.swap_remove(at);
                    known.adopt(earlier.clone(), common);
                    known
                }
                None => Director::new(name, earlier.clone(), common),
            });
            earlier.push(name);
        }
        self.common.view.send_modify(|view| view.retain(|name, _| earlier.contains(name)));
        self.merge.retain(earlier);
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

    /// Makes rounds until `stop`, and keeps the leases. Who drops this in the middle has a
    /// controller of nothing.
    pub async fn rounds(&mut self, stop: impl Future<Output = ()>, mut tell: impl FnMut(Round)) {
        let mut stop = pin!(stop);
        let (ending, end) = watch::channel(());
        let (sender, mut rounds) = mpsc::channel(1);
        if self.directors.is_empty() {
            tell(self.merge.nobody());
        }
        let mut tasks = JoinSet::new();
        for director in mem::take(&mut self.directors) {
            tasks.spawn(director.rounds(end.clone(), sender.clone()));
        }
        loop {
            tokio::select! {
                Some((director, round)) = rounds.recv() => {
                    tell(self.merge.add(director, round, &self.common));
                }
                Some(Err(died)) = tasks.join_next() => resume_unwind(died.into_panic()),
                () = &mut stop => break,
            }
        }
        drop(ending);
        rounds.close();
        while let Some((director, round)) = rounds.recv().await {
            tell(self.merge.add(director, round, &self.common));
        }
        self.directors = joined(tasks).await;
    }

    /// Makes a round of each director.
    pub async fn round(&mut self) -> Round {
        if self.directors.is_empty() {
            return self.merge.nobody();
        }
        let mut tasks = JoinSet::new();
        for mut director in mem::take(&mut self.directors) {
            tasks.spawn(async move {
                let round = director.round().await;
                (director, round)
            });
        }
        let mut done = joined(tasks).await;
        done.sort_by_key(|(director, _)| director.earlier.len());
        let mut whole = Round { interval: Duration::MAX, ..Round::default() };
        for (director, round) in done {
            let round = self.merge.add(director.name, round, &self.common);
            self.directors.push(director);
            whole.events.extend(round.events);
            whole.decisions.extend(round.decisions);
            whole.refused |= round.refused;
            whole.interval = whole.interval.min(round.interval);
            (whole.clusters, whole.unreachable) = (round.clusters, round.unreachable);
        }
        whole
    }

    /// Goes on with another inventory and other options, and gives back the leases
    /// that these do without. What was learned is kept.
    pub async fn adopt(&mut self, inventory: Inventory, options: Options) -> Vec<Event> {
        let (inventory, options) = (Arc::new(inventory), Arc::new(options));
        let stays = {
            let (inventory, options) = (Arc::clone(&inventory), Arc::clone(&options));
            move |director: Name, cluster: Name| {
                let wanted = options.clusters.is_empty() || options.clusters.contains(&cluster);
                let directs = inventory.node(director.as_str());
                wanted && directs.is_some_and(|node| inventory.may_direct(node))
            }
        };
        let released = self.release_unless(stays).await;
        (self.common.inventory, self.common.options) = (inventory, options);
        self.seat();
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

    async fn release_unless(
        &mut self,
        stays: impl Fn(Name, Name) -> bool + Clone + Send + Sync + 'static,
    ) -> Vec<Event> {
        let mut tasks = JoinSet::new();
        for mut director in mem::take(&mut self.directors) {
            let stays = stays.clone();
            tasks.spawn(async move {
                let name = director.name;
                let events = director.release(|cluster| stays(name, cluster)).await;
                (director, events)
            });
        }
        let mut done = joined(tasks).await;
        done.sort_by_key(|(director, _)| director.earlier.len());
        let (directors, events): (_, Vec<_>) = done.into_iter().unzip();
        self.directors = directors;
        events.into_iter().flatten().collect()
    }
}

/// What tasks come back with, in any order.
async fn joined<T: 'static>(mut tasks: JoinSet<T>) -> Vec<T> {
    let mut all = Vec::new();
    while let Some(done) = tasks.join_next().await {
        match done {
            Ok(one) => all.push(one),
            Err(died) => resume_unwind(died.into_panic()),
        }
    }
    all
}
