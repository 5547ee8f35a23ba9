//! The state of everything.

use crate::{
    client::Client,
    inventory::Inventory,
    poll::{ClusterState, build, gather, now},
};

/// Asks every node and builds the state. `previous` is what this returned the
/// time before, if there was one.
pub async fn poll(
    client: &Client,
    inventory: &Inventory,
    previous: Option<&ClusterState>,
) -> ClusterState {
    let collected = gather(client, inventory).await;
    build(inventory, &collected, previous, now())
}
