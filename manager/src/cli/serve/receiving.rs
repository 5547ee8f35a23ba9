//! The receiver of notifications beside the other parts: begun, begun anew where a
//! reload says something else of it, and ended.

use std::{mem, sync::Arc};

use lcms_mibs::Mib;
use tokio::{runtime::Handle, sync::watch, task::spawn_blocking};

use crate::{
    client::Client,
    inventory::Inventory,
    traps::{Asking, Counters, Receiver, ReceiverError, Settings, Sockets},
};

pub(super) struct Receiving {
    receiver: Option<Receiver>,
    settings: Option<Settings>,
    mib: watch::Sender<Arc<Mib>>,
    asking: Asking,
    inventory: watch::Sender<Arc<Inventory>>,
    counters: Arc<Counters>,
}

impl Receiving {
    /// Begins, if there is something to receive.
    pub(super) fn start(
        settings: Option<Settings>,
        mib: Arc<Mib>,
        client: &Client,
        inventory: &Inventory,
        counters: Arc<Counters>,
    ) -> Result<Self, ReceiverError> {
        let (sender, receiver) = watch::channel(Arc::new(inventory.clone()));
        let asking =
            Asking { client: client.clone(), inventory: receiver, runtime: Handle::current() };
        let mib = watch::Sender::new(mib);
        let mut receiving =
            Self { receiver: None, settings, mib, asking, inventory: sender, counters };
        receiving.begin(&Sockets::new())?;
        Ok(receiving)
    }

    fn begin(&mut self, sockets: &Sockets) -> Result<(), ReceiverError> {
        let Some(settings) = &self.settings else { return Ok(()) };
        let (mib, asking) = (self.mib.subscribe(), Some(&self.asking));
        let receiver = Receiver::start(settings, mib, asking, &self.counters, sockets)?;
        for address in receiver.addresses() {
            tracing::info!("receiving notifications on udp:{address}");
        }
        self.receiver = Some(receiver);
        Ok(())
    }

    /// Goes on by this. Where it says something else of the receiver, that ends and
    /// another begins, by the same sockets where they stay: what comes in between waits in
    /// them, and what waits for consumers in the journal. After an error it goes on as
    /// before.
    pub(super) async fn reload(
        &mut self,
        settings: Option<Settings>,
        mib: Arc<Mib>,
        inventory: &Inventory,
    ) -> Result<(), ReceiverError> {
        if settings != self.settings {
            let sockets = self.stop().await;
            let before = mem::replace(&mut self.settings, settings);
            if let Err(error) = self.begin(&sockets) {
                self.settings = before;
                if let Err(again) = self.begin(&sockets) {
                    tracing::error!("notifications are no longer received: {again}");
                }
                return Err(error);
            }
        }
        self.mib.send_replace(mib);
        self.inventory.send_replace(Arc::new(inventory.clone()));
        Ok(())
    }

    /// Waits for it to fail, which it should not.
    pub(super) async fn failed(&mut self) {
        match &mut self.receiver {
            Some(receiver) => receiver.failed().await,
            None => std::future::pending().await,
        }
    }

    /// Ends, and leaves the sockets.
    pub(super) async fn stop(&mut self) -> Sockets {
        let Some(receiver) = self.receiver.take() else { return Sockets::new() };
        // Consumers that ask the directors need the runtime meanwhile.
        spawn_blocking(|| receiver.stop()).await.unwrap_or_else(|_| {
            tracing::error!("the receiver's end has died");
            Sockets::new()
        })
    }
}
