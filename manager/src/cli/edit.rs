//! `add`, `remove`, `show` and `set`, the same for every kind of row.

use super::{CliError, Context, Exit, json, query, text};
use crate::{
    ops::{self, Assignment, Edit, Edited, Named, RowView},
    path::RowPath,
};

/// Examples, and the columns that can be set.
pub fn help<T: Named>(examples: &str) -> String {
    let mut keys = String::from("Columns that can be set, with add or set:");
    let mut column = usize::MAX;
    for key in ops::keys::<T>() {
        if column.saturating_add(key.len()) > 90 {
            keys.push_str("\n ");
            column = 1;
        }
        keys.push_str(&format!(" {key}"));
        column += key.len() + 1;
    }
    if T::ENTRY.columns.iter().any(|column| column.name.ends_with("Port")) {
        keys.push_str("\nAn address is given with its port: address=192.0.2.1:80");
    }
    format!("{examples}\n\n{keys}")
}

/// What is done to rows.
#[derive(Debug, clap::Subcommand)]
pub enum Verbs {
    /// Create one
    Add(Changing),
    /// Destroy one
    Remove(Removing),
    /// Show one in full, or the names of all
    Show(Showing),
    /// Change columns of one
    Set(Changing),
}

#[derive(Debug, clap::Args)]
pub struct Changing {
    /// Its name; names in front may be left out where the rest is unique
    path: RowPath,
    /// Columns by their short names, which the help of the verb lists
    #[arg(value_name = "KEY=VALUE")]
    assignments: Vec<String>,
    #[command(flatten)]
    how: How,
}

#[derive(Debug, clap::Args)]
pub struct Removing {
    /// Its name; names in front may be left out where the rest is unique
    path: RowPath,
    #[command(flatten)]
    how: How,
}

#[derive(Debug, clap::Args)]
pub struct Showing {
    /// Its name; names in front may be left out where the rest is unique
    path: Option<RowPath>,
    /// On which node; else the active director
    #[arg(long, value_name = "NODE")]
    on: Option<String>,
}

#[derive(Debug, clap::Args)]
struct How {
    /// On which node; else the active director
    #[arg(long, value_name = "NODE")]
    on: Option<String>,
    /// Why, for the record that the agent keeps
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

pub async fn run<T: Named>(verbs: Verbs, context: &Context) -> Result<Exit, CliError> {
    match verbs {
        Verbs::Add(args) => change::<T>(args, true, context).await,
        Verbs::Set(args) => change::<T>(args, false, context).await,
        Verbs::Remove(Removing { path, how: How { on, reason } }) => {
            let (inventory, on) = context.inventory_with(on.as_deref())?;
            let edit = Edit {
                path: &path,
                assignments: &[],
                on: on.as_deref(),
                reason: reason.as_deref(),
            };
            told(context, &ops::remove::<T>(context.client()?, &inventory, edit).await?)
        }
        Verbs::Show(args) => show::<T>(args, context).await,
    }
}

async fn change<T: Named>(args: Changing, new: bool, context: &Context) -> Result<Exit, CliError> {
    let Changing { path, assignments, how: How { on, reason } } = args;
    let assignments: Vec<Assignment> = assignments
        .iter()
        .map(|text| text.parse())
        .collect::<Result<_, _>>()
        .map_err(ops::OpError::Assign)?;
    let (inventory, on) = context.inventory_with(on.as_deref())?;
    let edit = Edit {
        path: &path,
        assignments: &assignments,
        on: on.as_deref(),
        reason: reason.as_deref(),
    };
    let client = context.client()?;
    let edited = match new {
        true => ops::add::<T>(client, &inventory, edit).await?,
        false => ops::set::<T>(client, &inventory, edit).await?,
    };
    told(context, &edited)
}

fn told(context: &Context, edited: &Edited) -> Result<Exit, CliError> {
    match context.json() {
        true => json(edited)?,
        false => {
            let Edited { done, kind, name, node } = edited;
            text(&format!("{kind} {name} on {node}: {done}\n"))?;
        }
    }
    Ok(Exit::Done)
}

async fn show<T: Named>(args: Showing, context: &Context) -> Result<Exit, CliError> {
    let (inventory, on) = context.inventory_with(args.on.as_deref())?;
    let (client, mib) = (context.client()?, context.mib()?);
    let Some(path) = &args.path else {
        let rows = ops::list::<T>(client, &inventory, on.as_deref(), mib).await?;
        match context.json() {
            true => json(&rows.rows)?,
            false => text(&query::rows(&rows.rows))?,
        }
        return Ok(match rows.silent.as_slice() {
            [] => Exit::Done,
            silent => {
                let names: Vec<String> = silent.iter().map(ToString::to_string).collect();
                eprintln!("lcms-manager: no answer from {}", names.join(", "));
                eprintln!("  see why: lcms-manager poll");
                Exit::Partial
            }
        });
    };
    let row: RowView = ops::show::<T>(client, &inventory, path, on.as_deref(), mib).await?;
    match context.json() {
        true => json(&row)?,
        false => text(&query::row(&row))?,
    }
    Ok(Exit::Done)
}
