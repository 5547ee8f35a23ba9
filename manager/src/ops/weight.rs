//! The operator's weight of a server.

use lcms_lb_core::model::{Weight, WeightMode, WeightSource};
use load_cluster_mib::load_cluster_mib::lc_server::{self, LcServer, col};
use serde::Serialize;

use super::{
    Doing, Kind, Named as _, OpError, RowName,
    commit::{commit, failed},
    locate::{Located, find},
};
use crate::{
    client::{Access, Changes, Client, target},
    inventory::Inventory,
    path::RowPath,
};

/// The weights of a server, in the words of the MIB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Weights {
    /// The operator's.
    pub configured: Option<u32>,
    /// The controller's, if there is one.
    pub dynamic: Option<u32>,
    /// What the director uses.
    pub effective: Option<u32>,
    /// What the effective one comes from.
    pub source: Option<WeightSource>,
    /// Whether dynamic weights are used.
    pub mode: Option<WeightMode>,
}

/// What became of setting a weight.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WeightChange {
    /// The server.
    pub name: RowName,
    /// The director it was set in.
    pub node: String,
    /// Whether it was another one before.
    pub changed: bool,
    /// Before.
    pub before: Weights,
    /// After.
    pub after: Weights,
    /// Why the effective weight is what it is now, in the director's words.
    pub why: Option<String>,
}

/// Sets the configured weight of a server.
pub async fn weight(
    client: &Client,
    inventory: &Inventory,
    path: &RowPath,
    weight: Weight,
    on: Option<&str>,
    reason: Option<&str>,
) -> Result<WeightChange, OpError> {
    let server = find::<LcServer>(client, inventory, path, on).await?;
    let (before, _) = read(client, &server).await?;
    let changed = before.configured != Some(weight.value());
    if changed {
        let patch = lc_server::Patch { weight: Some(weight.value()), ..Default::default() };
        let index = index(&server)?;
        let changes = Changes::new().with::<LcServer>(&index, &patch);
        commit(client, &server.node, &changes, Doing::Set(Kind::Server), reason).await?;
    }
    let (after, why) = read(client, &server).await?;
    let node = server.node.name.to_string();
    Ok(WeightChange { name: server.name, node, changed, before, after, why })
}

pub(super) fn index(server: &Located) -> Result<lc_server::Index, OpError> {
    LcServer::index(&server.name).ok_or_else(|| gone(server))
}

/// The row that was just found is not there any more.
pub(super) fn gone(server: &Located) -> OpError {
    let path = server.name.to_string().parse::<RowPath>();
    match path {
        Ok(path) => {
            OpError::NoSuchRow { kind: Kind::Server, path, there: Vec::new(), silent: Vec::new() }
        }
        Err(_) => OpError::NoSuchNode(server.node.name.to_string()),
    }
}

async fn read(client: &Client, server: &Located) -> Result<(Weights, Option<String>), OpError> {
    const COLUMNS: &[u32] = &[
        col::WEIGHT,
        col::DYNAMIC_WEIGHT,
        col::EFFECTIVE_WEIGHT,
        col::WEIGHT_SOURCE,
        col::WEIGHT_MODE,
        col::WEIGHT_REASON,
    ];
    let target = target(&server.node, Access::Read).await?;
    let row = client.row::<LcServer>(&target, &index(server)?, COLUMNS).await;
    let row = row.map_err(|source| failed(server.node.name, Doing::Read, source))?;
    let row = row.ok_or_else(|| gone(server))?;
    let weights = Weights {
        configured: row.weight,
        dynamic: row.dynamic_weight,
        effective: row.effective_weight,
        source: row.weight_source.and_then(|source| source.label().parse().ok()),
        mode: row.weight_mode.and_then(|mode| mode.label().parse().ok()),
    };
    Ok((weights, row.weight_reason.filter(|why| !why.is_empty())))
}
