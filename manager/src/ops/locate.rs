//! Which agent has a row, and which of several is to be asked.

use lcms_lb_core::model::Name;
use load_cluster_mib::load_cluster_mib::{
    lc_agent::{self, LcAgent},
    lc_cluster::{self, LcCluster},
};
use tokio::task::JoinSet;

use super::{Kind, Named, OpError, RowName};
use crate::{
    client::{Access, Client, target},
    inventory::{Inventory, Node},
    path::RowPath,
    poll::NodeFault,
};

/// A row, and the node whose agent has it.
#[derive(Clone, Debug)]
pub struct Located {
    /// The row.
    pub name: RowName,
    /// Where to ask and set.
    pub node: Node,
    /// What recommends that node before others that have the row too.
    rank: Rank,
}

/// Smaller is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    /// The active director of the cluster is the one that acts.
    not_active: bool,
    /// A host's own agent only records what a director would act on.
    own_host: bool,
    /// The inventory's order.
    place: usize,
}

/// All rows of a kind.
#[derive(Clone, Debug)]
pub struct Found {
    /// A row is there once for each agent that has it.
    pub rows: Vec<Located>,
    /// Who did not answer.
    pub silent: Vec<Name>,
}

impl Found {
    /// Each row once: on the node to ask about it.
    pub fn best(&self) -> Vec<Located> {
        let mut rows = self.rows.clone();
        rows.sort_by(|a, b| (&a.name, a.rank).cmp(&(&b.name, b.rank)));
        rows.dedup_by(|later, first| later.name == first.name);
        rows
    }
}

/// Finds the one row that a path means, on the node to ask: the named one, or
/// the active director.
pub async fn find<T: Named>(
    client: &Client,
    inventory: &Inventory,
    path: &RowPath,
    on: Option<&str>,
) -> Result<Located, OpError> {
    if path.names().len() > T::KIND.depth() {
        return Err(OpError::Form { kind: T::KIND, path: path.clone() });
    }
    let found = find_all::<T>(client, inventory, on).await?;
    let (mut matching, others): (Vec<Located>, Vec<Located>) =
        found.best().into_iter().partition(|row| path.matches(row.name.parts()));
    let names = |rows: Vec<Located>| rows.into_iter().map(|row| row.name).collect();
    match (matching.pop(), matching.is_empty()) {
        (Some(row), true) => Ok(row),
        (Some(row), false) => {
            matching.push(row);
            let rows = names(matching);
            Err(OpError::Ambiguous { kind: T::KIND, path: path.clone(), rows })
        }
        (None, _) => {
            let (there, silent) = (names(others), found.silent);
            Err(OpError::NoSuchRow { kind: T::KIND, path: path.clone(), there, silent })
        }
    }
}

/// Finds all rows of a kind, on one node or on all that may direct.
pub async fn find_all<T: Named>(
    client: &Client,
    inventory: &Inventory,
    on: Option<&str>,
) -> Result<Found, OpError> {
    let nodes = candidates(inventory, on)?;
    let mut asked = JoinSet::new();
    for (place, node) in nodes.iter().cloned().enumerate() {
        let client = client.clone();
        asked.spawn(async move {
            let rows = rows_of::<T>(&client, &node, place).await;
            (node.name, rows)
        });
    }
    let mut found = Found { rows: Vec::new(), silent: Vec::new() };
    let mut faults = Vec::new();
    for (name, rows) in asked.join_all().await {
        match rows {
            Ok(rows) => found.rows.extend(rows),
            Err(fault) => faults.push((name, fault)),
        }
    }
    faults.sort_by_key(|(name, _)| nodes.iter().position(|node| node.name == *name));
    found.silent = faults.iter().map(|(name, _)| *name).collect();
    match faults.into_iter().next() {
        Some((_, cause)) if found.silent.len() == nodes.len() => {
            Err(OpError::NoDirectorAnswered { silent: found.silent, cause: Box::new(cause) })
        }
        _ => Ok(found),
    }
}

/// The nodes that may be meant.
fn candidates(inventory: &Inventory, on: Option<&str>) -> Result<Vec<Node>, OpError> {
    match on {
        Some(name) => {
            let node = inventory.node(name);
            Ok(vec![node.ok_or_else(|| OpError::NoSuchNode(name.to_owned()))?.clone()])
        }
        None => match inventory.directors().cloned().collect::<Vec<_>>() {
            nodes if nodes.is_empty() => Err(OpError::WhichDirector { directors: Vec::new() }),
            nodes => Ok(nodes),
        },
    }
}

async fn rows_of<T: Named>(
    client: &Client,
    node: &Node,
    place: usize,
) -> Result<Vec<Located>, NodeFault> {
    let target = target(node, Access::Read).await?;
    let (agent, clusters, rows) = tokio::try_join!(
        client.table::<LcAgent>(&target, &[lc_agent::col::LC_LOCAL_HOST_NAME]),
        client.table::<LcCluster>(&target, &[lc_cluster::col::ACTIVE_DIRECTOR]),
        client.table::<T>(&target, &[T::ROW_STATUS]),
    )?;
    let host = agent.into_iter().find_map(|(_, agent)| agent.lc_local_host_name);
    let host = host.ok_or(NodeFault::OtherAgent)?;
    let is_active = |name: &RowName| match T::KIND {
        // These belong to no cluster; a director of any is as good.
        Kind::Host | Kind::Policy => {
            clusters.iter().any(|(_, row)| row.active_director.as_ref() == Some(&host))
        }
        _ => clusters.iter().any(|(index, row)| {
            name.cluster().is_some_and(|cluster| cluster.as_str() == index.cluster_name)
                && row.active_director.as_ref() == Some(&host)
        }),
    };
    let located = rows.iter().filter_map(|(index, _)| {
        let name = T::name(index)?;
        let own_host = T::KIND == Kind::Host && name.parts().eq([host.as_str()]);
        let rank = Rank { not_active: !is_active(&name), own_host, place };
        Some(Located { name, node: node.clone(), rank })
    });
    Ok(located.collect())
}

/// Where a row that does not exist yet is to be made.
pub(super) async fn place<T: Named>(
    client: &Client,
    inventory: &Inventory,
    path: &RowPath,
    on: Option<&str>,
) -> Result<Located, OpError> {
    let given = path.names();
    let depth = T::KIND.depth();
    if given.len() > depth {
        return Err(OpError::Form { kind: T::KIND, path: path.clone() });
    }
    let Some((own, parents)) = given.split_last() else {
        return Err(OpError::Form { kind: T::KIND, path: path.clone() });
    };
    if depth == 1 {
        let nodes = candidates(inventory, on)?;
        let planned = inventory.cluster(own.as_str()).filter(|_| T::KIND == Kind::Cluster);
        let planned = planned.and_then(|cluster| cluster.directors.first());
        let node = match (nodes.as_slice(), planned) {
            ([only], _) => only,
            (nodes, Some(planned)) if on.is_none() => {
                let node = nodes.iter().find(|node| node.name == *planned);
                node.ok_or_else(|| OpError::NoSuchNode(planned.to_string()))?
            }
            (nodes, _) => {
                let directors = nodes.iter().map(|node| node.name).collect();
                return Err(OpError::WhichDirector { directors });
            }
        };
        let rank = Rank { not_active: false, own_host: false, place: 0 };
        return Ok(Located { name: RowName(vec![*own]), node: node.clone(), rank });
    }
    if parents.is_empty() {
        return Err(OpError::Form { kind: T::KIND, path: path.clone() });
    }
    let parent: RowPath = RowName(parents.to_vec())
        .to_string()
        .parse()
        .map_err(|_| OpError::Form { kind: T::KIND, path: path.clone() })?;
    use load_cluster_mib::load_cluster_mib::lc_service::LcService;
    let parent = match depth {
        2 => find::<LcCluster>(client, inventory, &parent, on).await?,
        _ => find::<LcService>(client, inventory, &parent, on).await?,
    };
    let name = RowName(parent.name.0.iter().chain([own]).copied().collect());
    Ok(Located { name, ..parent })
}
