//! Variables and rows on a terminal.

use super::{CliError, Context, Exit, grid::Grid, json, text};
use crate::ops::{RowView, TableView, Variable};

/// Prints variables; one that the agent does not have makes the run a failure.
pub fn variables(context: &Context, variables: &[Variable]) -> Result<Exit, CliError> {
    match context.json() {
        true => json(&variables)?,
        false => text(&lines(variables))?,
    }
    let absent = variables.iter().filter(|variable| variable.is_absent()).count();
    Ok(match absent {
        0 => Exit::Done,
        n if n == variables.len() => Exit::Failed,
        _ => Exit::Partial,
    })
}

/// Variables as net-snmp's tools print them.
pub fn lines(variables: &[Variable]) -> String {
    variables.iter().map(|variable| format!("{variable}\n")).collect()
}

/// A row, one column a line.
pub fn row(row: &RowView) -> String {
    let RowView { kind, name, node, columns } = row;
    let width = columns.0.iter().map(|(key, ..)| key.len()).max().unwrap_or(0);
    let mut out = format!("{kind} {name} on {node}\n");
    for (key, text, _) in &columns.0 {
        out.push_str(format!("  {key:<width$}  {text}").trim_end());
        out.push('\n');
    }
    out
}

/// Many rows, with as many of their first columns as fit.
pub fn rows(rows: &[RowView]) -> String {
    let Some(first) = rows.first() else { return "none\n".to_owned() };
    let mut keys: Vec<&str> = Vec::new();
    for (key, ..) in rows.iter().flat_map(|row| &row.columns.0) {
        if !keys.contains(&key.as_str()) && key != "reason" {
            keys.push(key);
        }
    }
    let mut grid = Grid::new([first.kind.word(), "node"].into_iter().chain(keys.iter().copied()));
    for row in rows {
        let head = [row.name.to_string(), row.node.clone()];
        let cells = keys.iter().map(|key| row.columns.text(key).unwrap_or("-").to_owned());
        grid.row(head.into_iter().chain(cells));
    }
    let kind = first.kind;
    let (shown, whole) = grid.first_columns();
    match whole {
        true => shown,
        false => format!("{shown}the rest of a row: lcms-manager {kind} show {}\n", first.name),
    }
}

/// A table in as many blocks as its columns need.
pub fn table(table: &TableView) -> String {
    if table.rows.is_empty() {
        return format!("{}: no rows\n", table.name);
    }
    let index = table.index.join(".");
    let mut grid =
        Grid::new(std::iter::once(index.as_str()).chain(table.columns.iter().map(String::as_str)));
    for row in &table.rows {
        let cells =
            table.columns.iter().map(|column| row.cells.text(column).unwrap_or("-").to_owned());
        grid.row(std::iter::once(row.index.clone()).chain(cells));
    }
    grid.blocks()
}
