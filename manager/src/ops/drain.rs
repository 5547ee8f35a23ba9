//! A server taken out of service without hurting anybody, and put back.

use std::time::Duration;

use load_cluster_mib::{
    load_cluster_mib::lc_server::{self, LcServer, col},
    tc::LcAdminState,
};
use serde::Serialize;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::{
    Doing, Kind, OpError, RowName,
    commit::{commit, failed},
    locate::{Located, find},
    weight::{gone, index},
};
use crate::{
    client::{Access, Changes, Client, target},
    inventory::Inventory,
    path::RowPath,
};

/// What is to be drained, or put back.
#[derive(Clone, Debug)]
pub struct Drain<'a> {
    /// The server.
    pub path: &'a RowPath,
    /// The node to do it on; the active director where nobody says.
    pub on: Option<&'a str>,
    /// Why, for the record that the agent keeps.
    pub reason: Option<&'a str>,
    /// How long to wait for the last connection to end; not at all where there
    /// is nothing.
    pub wait: Option<Duration>,
    /// After what time the connections it still has are ended; as the server's row
    /// has it where nobody says.
    pub deadline: Option<Duration>,
}

/// How far a drain has come, or that a server is back.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Drained {
    /// The server.
    pub name: RowName,
    /// The director it was set in.
    pub node: String,
    /// `enabled` or `drain`.
    pub admin_state: &'static str,
    /// Whether it was in that state already.
    pub changed: bool,
    /// Connections it still has.
    pub active_connections: u32,
    /// What the director uses now.
    pub effective: Option<u32>,
    /// How long was waited.
    pub waited_seconds: f64,
}

/// Between two looks at a draining server.
const LOOK: Duration = Duration::from_millis(500);

/// Gives a server no new connections, and waits for the old ones if asked to.
/// `progress` hears of every look in between.
pub async fn drain(
    client: &Client,
    inventory: &Inventory,
    what: Drain<'_>,
    mut progress: impl FnMut(&Drained),
) -> Result<Drained, OpError> {
    let (server, changed) = admin_state(client, inventory, &what, LcAdminState::Drain).await?;
    let begun = Instant::now();
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        let row = read(client, &server).await?;
        let state = drained(&server, LcAdminState::Drain, changed, &row, begun.elapsed());
        let Some(limit) = what.wait.filter(|_| state.active_connections > 0) else {
            return Ok(state);
        };
        if begun.elapsed() >= limit {
            return Err(OpError::StillBusy {
                name: server.name,
                active: state.active_connections,
                seconds: limit.as_secs(),
            });
        }
        progress(&state);
    }
}

/// Gives a server connections again.
pub async fn undrain(
    client: &Client,
    inventory: &Inventory,
    what: Drain<'_>,
) -> Result<Drained, OpError> {
    let (server, changed) = admin_state(client, inventory, &what, LcAdminState::Enabled).await?;
    let row = read(client, &server).await?;
    Ok(drained(&server, LcAdminState::Enabled, changed, &row, Duration::ZERO))
}

async fn admin_state(
    client: &Client,
    inventory: &Inventory,
    what: &Drain<'_>,
    state: LcAdminState,
) -> Result<(Located, bool), OpError> {
    let server = find::<LcServer>(client, inventory, what.path, what.on).await?;
    let row = read(client, &server).await?;
    let deadline = what.deadline.map(|time| u32::try_from(time.as_millis()).unwrap_or(u32::MAX));
    let deadline = deadline.filter(|deadline| row.drain_deadline != Some(*deadline));
    let changed = row.admin_state != Some(state);
    if changed || deadline.is_some() {
        let patch = lc_server::Patch {
            admin_state: changed.then_some(state),
            drain_deadline: deadline,
            ..Default::default()
        };
        let changes = Changes::new().with::<LcServer>(&index(&server)?, &patch);
        commit(client, &server.node, &changes, Doing::Set(Kind::Server), what.reason).await?;
    }
    Ok((server, changed))
}

async fn read(client: &Client, server: &Located) -> Result<lc_server::Row, OpError> {
    const COLUMNS: &[u32] =
        &[col::ADMIN_STATE, col::ACTIVE_CONNECTIONS, col::EFFECTIVE_WEIGHT, col::DRAIN_DEADLINE];
    let target = target(&server.node, Access::Read).await?;
    let row = client.row::<LcServer>(&target, &index(server)?, COLUMNS).await;
    let row = row.map_err(|source| failed(server.node.name, Doing::Read, source))?;
    row.ok_or_else(|| gone(server))
}

fn drained(
    server: &Located,
    state: LcAdminState,
    changed: bool,
    row: &lc_server::Row,
    waited: Duration,
) -> Drained {
    Drained {
        name: server.name.clone(),
        node: server.node.name.to_string(),
        admin_state: state.label(),
        changed,
        active_connections: row.active_connections.unwrap_or(0),
        effective: row.effective_weight,
        waited_seconds: (waited.as_secs_f64() * 10.0).round() / 10.0,
    }
}
