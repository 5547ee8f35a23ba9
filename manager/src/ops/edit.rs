//! Rows made, changed and destroyed.

use lcms_snmp::Value;
use load_cluster_mib::tc::RowStatus;
use serde::Serialize;

use super::{
    Doing, Kind, Named, OpError, RowName,
    assign::{Assignment, assign, key},
    commit::commit,
    locate::{Located, find, place},
};
use crate::{
    client::{Changes, Client},
    inventory::Inventory,
    path::RowPath,
};

/// What is to be done to which row.
#[derive(Clone, Debug)]
pub struct Edit<'a> {
    /// The row.
    pub path: &'a RowPath,
    /// What its columns are to hold.
    pub assignments: &'a [Assignment],
    /// The node to do it on; the active director where nobody says.
    pub on: Option<&'a str>,
    /// Why, for the record that the agent keeps.
    pub reason: Option<&'a str>,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Edited {
    /// `added`, `changed`, `removed`; `unchanged` where all was so already.
    pub done: &'static str,
    /// What the row stands for.
    pub kind: Kind,
    /// The row.
    pub name: RowName,
    /// On whose agent.
    pub node: String,
}

/// Creates a row.
pub async fn add<T: Named>(
    client: &Client,
    inventory: &Inventory,
    edit: Edit<'_>,
) -> Result<Edited, OpError> {
    let mut patch = patch::<T>(&edit)?;
    if matches!(T::KIND, Kind::Service | Kind::Server) && !has::<T>(&patch, &["address", "port"]) {
        return Err(OpError::NeedsAddress(T::KIND));
    }
    let located = place::<T>(client, inventory, edit.path, edit.on).await?;
    row_status::<T>(&mut patch, RowStatus::CreateAndGo);
    carry_out::<T>(client, &located, &patch, Doing::Add(T::KIND), edit.reason).await?;
    Ok(edited::<T>("added", located))
}

/// Destroys a row.
pub async fn remove<T: Named>(
    client: &Client,
    inventory: &Inventory,
    edit: Edit<'_>,
) -> Result<Edited, OpError> {
    let located = find::<T>(client, inventory, edit.path, edit.on).await?;
    let mut patch = T::Patch::default();
    row_status::<T>(&mut patch, RowStatus::Destroy);
    carry_out::<T>(client, &located, &patch, Doing::Remove(T::KIND), edit.reason).await?;
    Ok(edited::<T>("removed", located))
}

/// Changes columns of a row.
pub async fn set<T: Named>(
    client: &Client,
    inventory: &Inventory,
    edit: Edit<'_>,
) -> Result<Edited, OpError> {
    let patch = patch::<T>(&edit)?;
    let located = find::<T>(client, inventory, edit.path, edit.on).await?;
    let changed =
        carry_out::<T>(client, &located, &patch, Doing::Set(T::KIND), edit.reason).await?;
    Ok(edited::<T>(if changed { "changed" } else { "unchanged" }, located))
}

fn patch<T: Named>(edit: &Edit<'_>) -> Result<T::Patch, OpError> {
    let mut patch = T::Patch::default();
    assign::<T>(&mut patch, edit.assignments)?;
    Ok(patch)
}

/// Whether a patch sets all of these columns.
fn has<T: Named>(patch: &T::Patch, keys: &[&str]) -> bool {
    let columns = T::patch_columns(patch);
    let set = |wanted: &&str| {
        columns.iter().any(|(arc, _)| T::ENTRY.column(*arc).is_some_and(|c| key::<T>(c) == *wanted))
    };
    keys.iter().all(set)
}

fn row_status<T: Named>(patch: &mut T::Patch, status: RowStatus) {
    T::write(patch, T::ROW_STATUS, &Value::Integer(status.number()))
        .expect("the column is a RowStatus");
}

async fn carry_out<T: Named>(
    client: &Client,
    located: &Located,
    patch: &T::Patch,
    doing: Doing,
    reason: Option<&str>,
) -> Result<bool, OpError> {
    let unexpected = || {
        let path = located.name.to_string().parse().map_err(|_| OpError::NoSuchNode(String::new()));
        path.map(|path| OpError::Form { kind: T::KIND, path }).unwrap_or_else(|error| error)
    };
    let index = T::index(&located.name).ok_or_else(unexpected)?;
    let changes = Changes::new().with::<T>(&index, patch);
    commit(client, &located.node, &changes, doing, reason).await
}

fn edited<T: Named>(done: &'static str, located: Located) -> Edited {
    Edited { done, kind: T::KIND, name: located.name, node: located.node.name.to_string() }
}
