//! Rows in full.

use lcms_lb_core::model::Name;
use lcms_mibs::Mib;
use lcms_snmp::Oid;
use serde::Serialize;

use super::{
    Doing, Kind, Named, OpError, RowName,
    assign::key,
    commit::failed,
    locate::{Located, find, find_all},
    table::{Cells, cell},
};
use crate::{
    client::{Access, Client, ClientError, Columns, Shape, target},
    inventory::Inventory,
    path::RowPath,
};

/// A row with all its columns.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RowView {
    /// What it stands for.
    pub kind: Kind,
    /// Its name.
    pub name: RowName,
    /// On whose agent.
    pub node: String,
    /// Its columns, by their short names.
    pub columns: Cells,
}

/// All rows of a kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    /// Each on the node that is asked about it.
    pub rows: Vec<RowView>,
    /// Directors that did not answer.
    pub silent: Vec<Name>,
}

/// Reads one row in full.
pub async fn show<T: Named>(
    client: &Client,
    inventory: &Inventory,
    path: &RowPath,
    on: Option<&str>,
    mib: &Mib,
) -> Result<RowView, OpError> {
    let located = find::<T>(client, inventory, path, on).await?;
    let node = located.node.name;
    let mut arcs = Vec::new();
    if let Some(index) = T::index(&located.name) {
        lcms_snmp::object::Index::encode(&index, &mut arcs);
    }
    let target = target(&located.node, Access::Read).await?;
    let name = |arc: u32| {
        Oid::new(T::ENTRY.instance(arc, &arcs)).map_err(|_| {
            failed(node, Doing::Read, ClientError::Unexpected { address: target.address })
        })
    };
    let columns = T::ENTRY.columns.iter().filter(|column| column.access.is_readable());
    let names: Vec<Oid> = columns.map(|column| name(column.arc)).collect::<Result<_, _>>()?;
    let values = client.instances(&target, names).await;
    let values = values.map_err(|source| failed(node, Doing::Read, source))?;
    let cells = values.iter().filter_map(|(name, value)| {
        let column = T::ENTRY.column(T::ENTRY.split(name)?.0)?;
        Some(cell(mib, mib.lookup(name)?.0, key::<T>(column), value))
    });
    Ok(view::<T>(located, Cells(cells.collect())))
}

/// Reads all rows in full.
pub async fn list<T: Named>(
    client: &Client,
    inventory: &Inventory,
    on: Option<&str>,
    mib: &Mib,
) -> Result<Rows, OpError> {
    let found = find_all::<T>(client, inventory, on).await?;
    let arcs = T::ENTRY.columns.iter().filter(|column| column.access.is_readable());
    let arcs: Vec<u32> = arcs.map(|column| column.arc).collect();
    let mut rows = Vec::new();
    let mut located = found.best();
    while let Some(first) = located.first() {
        // All rows of one node at once.
        let node = first.node.clone();
        let (own, others): (Vec<_>, Vec<_>) =
            located.into_iter().partition(|row| row.node.name == node.name);
        located = others;
        let target = target(&node, Access::Read).await?;
        let wanted = Columns { entry: T::ENTRY.oid, arcs: &arcs, shape: Shape::Unknown };
        let fetched = client.columns(&target, wanted).await;
        let fetched = fetched.map_err(|source| failed(node.name, Doing::Read, source))?;
        for row in own {
            let mut index = Vec::new();
            if let Some(typed) = T::index(&row.name) {
                lcms_snmp::object::Index::encode(&typed, &mut index);
            }
            let Some(raw) = fetched.iter().find(|raw| raw.index == index) else { continue };
            let cells = raw.cells.iter().filter_map(|(&arc, value)| {
                let column = T::ENTRY.column(arc)?;
                let node = mib.lookup(&[T::ENTRY.oid, &[arc]].concat())?.0;
                Some(cell(mib, node, key::<T>(column), value))
            });
            rows.push(view::<T>(row, Cells(cells.collect())));
        }
    }
    rows.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Rows { rows, silent: found.silent })
}

fn view<T: Named>(located: Located, columns: Cells) -> RowView {
    RowView { kind: T::KIND, name: located.name, node: located.node.name.to_string(), columns }
}
