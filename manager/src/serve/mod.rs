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

use prometheus_client::registry::Registry;
use tokio::{
    sync::{oneshot, watch},
    task::{JoinError, JoinHandle, JoinSet},
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
    registry: Arc<Registry>,
    web: Option<Web>,
}

/// Metrics as they are shown.
#[derive(Debug)]
struct Web {
    /// Where they are wanted.
    wanted: SocketAddr,
    /// Its end is that of the task.
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
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
        let registry = Arc::new(metrics::registry(published.clone(), client.clone()));
        let metrics = orders.settings.metrics;
        let (orders, received) = watch::channel(orders);
        let (parts, web) = (JoinSet::new(), None);
        let mut serve = Self { orders, parts, published, registry, web };
        serve.move_metrics(metrics).await?;
        let poller = poller::run(client.clone(), received.clone(), polled_to, tell.clone());
        let control = control::run(client.clone(), received, control_to, tell.clone());
        serve.parts.spawn(async {
            poller.await;
            Part::Poller
        });
        serve.parts.spawn(async {
            control.await;
            Part::Control
        });
        Ok(serve)
    }

    /// Shows metrics here, or nowhere, from now on; returns where they were wanted before.
    /// After an error they are where they were.
    pub async fn move_metrics(
        &mut self,
        to: Option<SocketAddr>,
    ) -> Result<Option<SocketAddr>, ServeError> {
        let before = self.web.as_ref().map(|web| web.wanted);
        if to == before {
            return Ok(before);
        }
        match to {
            None => self.close_web().await,
            Some(to) => {
                let listener = match listener(to).await {
                    // All addresses and one of them cannot have one port at a time.
                    Err(_) if before.is_some_and(|before| before.port() == to.port()) => {
                        self.close_web().await;
                        listener(to).await
                    }
                    listener => listener,
                };
                match listener {
                    Ok(listener) => {
                        self.close_web().await;
                        self.open_web(to, listener);
                    }
                    Err(error) => {
                        if let Some(before) = before.filter(|_| self.web.is_none()) {
                            self.open_web(before, self::listener(before).await?);
                        }
                        return Err(error);
                    }
                }
            }
        }
        Ok(before)
    }

    fn open_web(&mut self, wanted: SocketAddr, listener: Listener) {
        let router = web::router(Arc::clone(&self.registry), self.published.clone());
        let (stop, stopped) = oneshot::channel();
        let stopped = async { drop(stopped.await) };
        let task = tokio::spawn(listener.serve(router, stopped));
        self.web = Some(Web { wanted, stop, task });
    }

    async fn close_web(&mut self) {
        if let Some(Web { stop, task, .. }) = self.web.take() {
            drop(stop);
            // One that has ended by itself was told of.
            if !task.is_finished()
                && let Err(error) = task.await
            {
                tracing::error!(%error, "a task has died");
            }
        }
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
        let web = async {
            match &mut self.web {
                Some(web) => (&mut web.task).await.map(|()| Part::Web),
                None => std::future::pending().await,
            }
        };
        let ended = tokio::select! {
            Some(ended) = self.parts.join_next() => ended,
            ended = web => ended,
        };
        ended.map_or_else(ServeError::Died, ServeError::Ended)
    }

    /// Goes on with another inventory and other settings.
    pub fn reload(&self, inventory: Inventory, settings: Settings) {
        self.orders.send_modify(|orders| {
            orders.inventory = Arc::new(inventory);
            orders.settings = Arc::new(settings);
        });
    }

    /// Ends all parts; the leases are given back.
    pub async fn stop(mut self) {
        self.close_web().await;
        self.orders.send_modify(|orders| orders.stop = true);
        while let Some(ended) = self.parts.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a task has died");
            }
        }
    }
}

async fn listener(address: SocketAddr) -> Result<Listener, ServeError> {
    let failed = |source| ServeError::Listen { address, source };
    let listener = Listener::bind(address).await.map_err(failed)?;
    let bound = listener.address().map_err(failed)?;
    tracing::info!("metrics on http://{bound}/metrics");
    if !bound.ip().is_loopback() {
        tracing::warn!(
            "whoever reaches {bound} may read the metrics, without a password and in the \
             clear; 127.0.0.1:{} or a firewall in front of it keeps them in",
            bound.port()
        );
    }
    Ok(listener)
}
