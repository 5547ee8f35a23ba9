//! The state of everything.

use jiff::Timestamp;

use crate::{
    client::Client,
    inventory::Inventory,
    poll::{ClusterState, build, gather},
};

/// Asks every node and builds the state. `previous` is what this returned the
/// time before, if there was one.
pub async fn poll(
    client: &Client,
    inventory: &Inventory,
    previous: Option<&ClusterState>,
) -> ClusterState {
    let collected = gather(client, inventory).await;
    // Nobody reads nanoseconds.
    let now = Timestamp::now();
    let time = Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now);
    build(inventory, &collected, previous, time)
}
