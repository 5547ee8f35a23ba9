//! `drain` and `undrain`.

use std::time::Duration;

use super::{CliError, Context, Exit, Progress, json, text};
use crate::{
    ops::{self, Drain},
    path::RowPath,
};

/// Gives a server no new connections; established ones go on to their end.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lcms-manager drain main/web/rs1 --wait --timeout 300
  lcms-manager drain main/web/rs1 --deadline 30
  lcms-manager undrain main/web/rs1")]
pub struct Args {
    #[command(flatten)]
    which: Which,
    /// Return when the last connection has ended
    #[arg(long)]
    wait: bool,
    /// How long to wait at most
    #[arg(long, value_name = "SECONDS", default_value_t = 600, requires = "wait")]
    timeout: u64,
    /// End the connections it still has after this time
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=604_800))]
    deadline: Option<u64>,
}

/// Gives a drained server connections again.
#[derive(Debug, clap::Args)]
pub struct UndoArgs {
    #[command(flatten)]
    which: Which,
}

#[derive(Debug, clap::Args)]
struct Which {
    /// CLUSTER/SERVICE/SERVER; the front may be left out where the rest is unique
    server: RowPath,
    /// On which director; else the active one
    #[arg(long, value_name = "NODE")]
    on: Option<String>,
    /// Why, for the record that the director keeps
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

pub async fn run(args: Args, context: &Context) -> Result<Exit, CliError> {
    let Args { which: Which { server, on, reason }, wait, timeout, deadline } = &args;
    let (inventory, on) = context.inventory_with(on.as_deref())?;
    let client = context.client()?;
    let what = Drain {
        path: server,
        on: on.as_deref(),
        reason: reason.as_deref(),
        wait: wait.then(|| Duration::from_secs(*timeout)),
        deadline: deadline.map(Duration::from_secs),
    };
    let mut progress = Progress::default();
    let drained = ops::drain(client, &inventory, what, |state| {
        progress.show(|| {
            let (name, active) = (&state.name, state.active_connections);
            format!("{name}: {active} connections left, {:.0} s", state.waited_seconds)
        });
    })
    .await?;
    drop(progress);
    match context.json() {
        true => json(&drained)?,
        false => {
            let (name, node) = (&drained.name, &drained.node);
            let left = match drained.active_connections {
                0 => "no connection is left".to_owned(),
                1 => "1 connection is left".to_owned(),
                n => format!("{n} connections are left"),
            };
            text(&format!("{name} on {node} takes no new connections; {left}\n"))?;
        }
    }
    Ok(Exit::Done)
}

pub async fn undo(args: UndoArgs, context: &Context) -> Result<Exit, CliError> {
    let UndoArgs { which: Which { server, on, reason } } = &args;
    let (inventory, on) = context.inventory_with(on.as_deref())?;
    let client = context.client()?;
    let what = Drain {
        path: server,
        on: on.as_deref(),
        reason: reason.as_deref(),
        wait: None,
        deadline: None,
    };
    let drained = ops::undrain(client, &inventory, what).await?;
    match context.json() {
        true => json(&drained)?,
        false => {
            let weight = drained.effective.map_or_else(|| "unknown".to_owned(), |w| w.to_string());
            let (name, node) = (&drained.name, &drained.node);
            text(&format!("{name} on {node} is enabled; its effective weight is {weight}\n"))?;
            if drained.effective == Some(0) {
                text("  still 0: lcms-manager server show says why\n")?;
            }
        }
    }
    Ok(Exit::Done)
}
