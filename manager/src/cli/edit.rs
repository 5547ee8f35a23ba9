//! `add`, `remove`, `show` and `set`, the same for every kind of row.

use super::{CliError, Context, Exit, json, query, text};
use crate::{
    ops::{self, Assignment, Edit, Edited, Named, RowView},
    path::RowPath,
};

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
    /// Columns by their short names, such as weight=10; a wrong one is answered
    /// with those there are
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
