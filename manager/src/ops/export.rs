//! Files for other monitoring systems, from the live cluster.

use crate::{
    client::Client,
    export::{ExportFile, Monitored, Plugin, icinga2, nagios},
    inventory::Inventory,
    ops::poll,
    poll::ClusterState,
};

/// Who the files of a live cluster are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportTo {
    /// Nagios Core, whose services may wait for results of the receiver and are checked
    /// when none has come for so many seconds.
    Nagios {
        /// How many, if they do.
        passive: Option<u32>,
    },
    /// Icinga 2.
    Icinga2,
}

/// Asks all nodes and writes the objects that check what they tell of. The state
/// comes back too: who did not answer is missing from the files.
pub async fn export(
    client: &Client,
    inventory: &Inventory,
    to: ExportTo,
    plugin: &Plugin,
) -> (Vec<ExportFile>, ClusterState) {
    let state = poll(client, inventory, None).await;
    let monitored = Monitored::of(&state, inventory);
    let files = match to {
        ExportTo::Nagios { passive } => nagios(&monitored, plugin, passive),
        ExportTo::Icinga2 => icinga2(&monitored, plugin),
    };
    (files, state)
}
