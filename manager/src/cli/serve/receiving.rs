//! The receiver of notifications beside the other parts: begun, begun anew after a
//! reload, and ended.

use std::sync::Arc;

use lcms_mibs::Mib;
use tokio::{runtime::Handle, sync::watch, task::spawn_blocking};

use crate::{
    client::Client,
    inventory::Inventory,
    traps::{Asking, Counters, Receiver, ReceiverError, Settings},
};

pub(super) struct Receiving {
    receiver: Option<Receiver>,
    mib: Arc<Mib>,
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
        let mut receiving = Self { receiver: None, mib, asking, inventory: sender, counters };
        receiving.begin(settings)?;
        Ok(receiving)
    }

    fn begin(&mut self, settings: Option<Settings>) -> Result<(), ReceiverError> {
        let Some(settings) = settings else { return Ok(()) };
        let mib = Arc::clone(&self.mib);
        let receiver = Receiver::start(settings, mib, Some(&self.asking), &self.counters)?;
        for address in receiver.addresses() {
            tracing::info!("receiving notifications on udp:{address}");
        }
        self.receiver = Some(receiver);
        Ok(())
    }

    /// Ends, and begins anew: what comes in between waits in nobody's socket, and informs
    /// come again.
    pub(super) async fn reload(&mut self, settings: Option<Settings>, inventory: &Inventory) {
        self.inventory.send_replace(Arc::new(inventory.clone()));
        self.stop().await;
        if let Err(error) = self.begin(settings) {
            let advice = error.advice().unwrap_or_default();
            tracing::error!("notifications are not received: {error}; {advice}");
        }
    }

    /// Waits for it to fail, which it should not.
    pub(super) async fn failed(&mut self) {
        match &mut self.receiver {
            Some(receiver) => receiver.failed().await,
            None => std::future::pending().await,
        }
    }

    /// Ends.
    pub(super) async fn stop(&mut self) {
        let Some(receiver) = self.receiver.take() else { return };
        // Consumers that ask the directors need the runtime meanwhile.
        if spawn_blocking(|| receiver.stop()).await.is_err() {
            tracing::error!("the receiver's end has died");
        }
    }
}
