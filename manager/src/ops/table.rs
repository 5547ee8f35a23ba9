//! Any table of any agent, by the MIB.

use lcms_mibs::{Mib, Node};
use lcms_snmp::{Value, object::Access};
use serde::{Serialize, Serializer, ser::SerializeMap as _};
use serde_json::Value as Json;

use super::{
    query::{QueryError, parse},
    variable::worded,
};
use crate::client::{Client, Columns, Shape, Target};

/// A table of an agent.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TableView {
    /// The table, by the MIB.
    pub name: String,
    /// The objects the index is made of.
    pub index: Vec<String>,
    /// The columns the agent has, by their descriptors.
    pub columns: Vec<String>,
    /// The rows, by ascending index.
    pub rows: Vec<TableRow>,
}

/// A row of a table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TableRow {
    /// The index as it stands in names: `"main"."web"."rs1"`.
    pub index: String,
    /// Text for people, and value for programs, of each column it has.
    #[serde(flatten)]
    pub cells: Cells,
}

/// Cells by their columns' descriptors, in the order of the columns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cells(pub Vec<(String, String, Json)>);

impl Cells {
    /// The text of a column.
    pub fn text(&self, column: &str) -> Option<&str> {
        self.0.iter().find(|(name, ..)| name == column).map(|(_, text, _)| text.as_str())
    }
}

impl Serialize for Cells {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.0.len()))?;
        for (column, _, value) in &self.0 {
            map.serialize_entry(column, value)?;
        }
        map.end()
    }
}

/// Fetches a table, which may be named by itself, its row or a column.
pub async fn table(
    client: &Client,
    target: &Target,
    mib: &Mib,
    given: &str,
) -> Result<TableView, QueryError> {
    let oid = parse(mib, given)?;
    let no_table = || QueryError::NoTable { given: given.to_owned() };
    let (node, rest) = mib.lookup(&oid).ok_or_else(no_table)?;
    let row = node.row().filter(|_| rest.is_empty()).ok_or_else(no_table)?;
    let readable = |node: &Node<'_>| node.access().is_some_and(Access::is_readable);
    let columns: Vec<Node<'_>> = row.children().filter(readable).collect();
    let arcs: Vec<u32> = columns.iter().map(Node::arc).collect();
    let wanted = Columns { entry: row.oid(), arcs: &arcs, shape: Shape::Unknown };
    let fetched =
        client.columns(target, wanted).await.map_err(|error| QueryError::of(mib, error))?;
    let has = |column: &&Node<'_>| fetched.iter().any(|r| r.cells.contains_key(&column.arc()));
    let there: Vec<&Node<'_>> = columns.iter().filter(has).collect();
    let rows = fetched.iter().map(|fetched| {
        let cells = there.iter().filter_map(|column| {
            let value = fetched.cells.get(&column.arc())?;
            Some(cell(mib, **column, column.name().to_owned(), value))
        });
        TableRow { index: index(mib, row, &fetched.index), cells: Cells(cells.collect()) }
    });
    let rows = rows.collect();
    Ok(TableView {
        name: format!("{}::{}", row.module().name(), row.parent().unwrap_or(row).name()),
        index: row.index().iter().map(|part| part.name().into_owned()).collect(),
        columns: there.iter().map(|column| column.name().to_owned()).collect(),
        rows,
    })
}

/// A cell, under the name it is to have.
pub(super) fn cell(
    mib: &Mib,
    column: Node<'_>,
    name: String,
    value: &Value<'_>,
) -> (String, String, Json) {
    let value = worded(mib, column, value);
    let text = match &value {
        Json::String(text) => text.clone(),
        Json::Array(labels) => labels.iter().filter_map(Json::as_str).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    };
    (name, text, value)
}

/// An index as it stands behind a column's name.
fn index(mib: &Mib, row: Node<'_>, index: &[u32]) -> String {
    let Some(column) = row.children().next() else { return String::new() };
    let name = mib.format_name(&[column.oid(), index].concat());
    let rest = name.strip_prefix(column.name()).unwrap_or(&name);
    rest.strip_prefix('.').unwrap_or(rest).to_owned()
}
