//! `serve`: polling, the control loop, and what others read of both, in one
//! daemon.
//!
//! Its parts are tasks that know nothing of each other. Each publishes what it has
//! whole, and readers take the last of it: [`poller`] the state of everything,
//! [`control`] what `auto`'s loop does. They get their orders in the same way, so
//! that another configuration reaches all of them and interrupts nobody.
//!
//! The two look for themselves. The control loop reads a third of the columns,
//! each second, and of a host one row; one walk for both would read everything so
//! often, which is more, and make each decision wait for the slowest node.

mod control;
mod event;
mod poller;
mod settings;

use std::{io, net::SocketAddr, sync::Arc};

use tokio::{
    sync::watch,
    task::{JoinError, JoinSet},
};

pub use self::{
    control::Control,
    event::{Event, Tell},
    poller::{NodeRecord, Polled},
    settings::{Controlled, Settings},
};
use crate::{
    client::Client,
    inventory::Inventory,
    metrics,
    traps::Counters,
    web::{self, Listener},
};

/// What all parts work by.
#[derive(Clone, Debug)]
pub struct Orders {
    /// What there is.
    pub inventory: Arc<Inventory>,
    /// What to do with it.
    pub settings: Arc<Settings>,
    /// The name that no other controller has.
    pub owner: String,
    /// Whether to end.
    stop: bool,
}

impl Orders {
    /// To serve this inventory in this way.
    pub fn new(inventory: Inventory, settings: Settings, owner: String) -> Self {
        let (inventory, settings) = (Arc::new(inventory), Arc::new(settings));
        Self { inventory, settings, owner, stop: false }
    }
}

/// What the parts publish, for whoever shows it.
#[derive(Clone, Debug)]
pub struct Published {
    /// The state of everything; nothing before the first answer.
    pub polled: watch::Receiver<Arc<Polled>>,
    /// What the control loop does.
    pub control: watch::Receiver<Arc<Control>>,
    /// What the receiver of notifications counts.
    pub notifications: Arc<Counters>,
}

/// The running daemon.
#[derive(Debug)]
pub struct Serve {
    orders: watch::Sender<Orders>,
    parts: JoinSet<Part>,
    published: Published,
}

/// A task of the daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What asks the nodes.
    Poller,
    /// What sets the weights.
    Control,
    /// What shows metrics.
    Web,
}

/// Why the daemon does not run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// An address cannot be had.
    #[error("metrics = \"{address}\": {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// A part ended without being asked to.
    #[error("the {0:?} task has ended")]
    Ended(Part),
    /// A part ended by a fault of the program.
    #[error("a task has died: {0}")]
    Died(JoinError),
}

impl ServeError {
    /// What to do about it.
    pub fn advice(&self) -> Option<&'static str> {
        match self {
            Self::Listen { .. } => Some(
                "name an address of this machine whose port is free, in [serve] or with \
                 --metrics",
            ),
            Self::Ended(_) | Self::Died(_) => None,
        }
    }
}

impl Serve {
    /// Starts all parts on the present runtime.
    pub async fn start(client: &Client, orders: Orders, tell: &Tell) -> Result<Self, ServeError> {
        let (polled_to, polled) = watch::channel(Arc::default());
        let (control_to, control) = watch::channel(Arc::default());
        let published = Published { polled, control, notifications: Arc::default() };
        let listener = listener(orders.settings.metrics).await?;
        let (orders, received) = watch::channel(orders);
        let mut parts = JoinSet::new();
        if let Some(listener) = listener {
            let registry = metrics::registry(published.clone(), client.clone());
            let router = web::router(registry, published.clone());
            let mut received = received.clone();
            parts.spawn(async move {
                let stop = async { drop(received.wait_for(|orders| orders.stop).await) };
                listener.serve(router, stop).await;
                Part::Web
            });
        }
        let poller = poller::run(client.clone(), received.clone(), polled_to, tell.clone());
        let control = control::run(client.clone(), received, control_to, tell.clone());
        parts.spawn(async {
            poller.await;
            Part::Poller
        });
        parts.spawn(async {
            control.await;
            Part::Control
        });
        Ok(Self { orders, parts, published })
    }

    /// What there is to show.
    pub fn published(&self) -> Published {
        self.published.clone()
    }

    /// Waits until every node was asked once, or given up.
    pub async fn polled_once(&mut self) {
        // A poller that has died is told of by `failed`.
        let _ = self.published.polled.wait_for(|polled| polled.complete).await;
    }

    /// Waits for a part to fail, which none should.
    pub async fn failed(&mut self) -> ServeError {
        match self.parts.join_next().await {
            Some(Ok(part)) => ServeError::Ended(part),
            Some(Err(died)) => ServeError::Died(died),
            None => std::future::pending().await,
        }
    }

    /// Goes on with another inventory and other settings.
    pub fn reload(&self, inventory: Inventory, settings: Settings) {
        if settings.metrics != self.orders.borrow().settings.metrics {
            tracing::warn!("metrics stays where it is: another address takes a restart");
        }
        self.orders.send_modify(|orders| {
            orders.inventory = Arc::new(inventory);
            orders.settings = Arc::new(settings);
        });
    }

    /// Ends all parts; the leases are given back.
    pub async fn stop(mut self) {
        self.orders.send_modify(|orders| orders.stop = true);
        while let Some(ended) = self.parts.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a task has died");
            }
        }
    }
}

async fn listener(address: Option<SocketAddr>) -> Result<Option<Listener>, ServeError> {
    let Some(address) = address else { return Ok(None) };
    let failed = |source| ServeError::Listen { address, source };
    let listener = Listener::bind(address).await.map_err(failed)?;
    let bound = listener.address().map_err(failed)?;
    tracing::info!("metrics on http://{bound}/metrics");
    Ok(Some(listener))
}
