//! `poll`: the state of all clusters.

mod csv;
mod tables;

use std::{
    io::{self, IsTerminal as _},
    time::Duration,
};

use clap::ValueEnum;
use tokio::time::{Instant, sleep_until};

use super::{CliError, Context, Exit, json, json_line, text};
use crate::{inventory::Inventory, ops, poll::ClusterState};

/// Asks all nodes at once and shows hosts, services and servers with their
/// weights. A node that does not answer is named; the others are shown.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lcms-manager poll
  lcms-manager poll --watch 5 -o wide     rates and observed shares from the second look on
  lcms-manager poll -o csv --watch >> history.csv
  lcms-manager poll --json | jq '.clusters[].services[].servers[] | {name, effective}'

The three weights: configured is the operator's, dynamic a controller's, effective
what the director uses; observed is the share of new connections really seen.")]
pub struct Args {
    /// Again and again, every so many seconds
    #[arg(short, long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "2")]
    watch: Option<Seconds>,
    /// The form of the output
    #[arg(short, long, value_name = "FORM", value_enum, default_value_t = Form::Table)]
    output: Form,
    /// Only this node; may be repeated
    #[arg(long, value_name = "NODE")]
    node: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people, in 100 columns
    Table,
    /// With more columns
    Wide,
    /// For programs; one object a line when watching
    Json,
    /// A line for each server
    Csv,
}

/// The time between two looks.
#[derive(Clone, Copy, Debug)]
struct Seconds(Duration);

impl std::str::FromStr for Seconds {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let seconds = text.parse::<f64>().ok().filter(|s| (0.1..=86_400.0).contains(s));
        let seconds = seconds.ok_or("from 0.1 to 86400 seconds")?;
        Ok(Self(Duration::from_secs_f64(seconds)))
    }
}

pub async fn run(args: Args, context: &Context) -> Result<Exit, CliError> {
    let form = if context.json() { Form::Json } else { args.output };
    let inventory = chosen(&args.node, context)?;
    let client = context.client()?;
    let Some(Seconds(every)) = args.watch else {
        let state = ops::poll(client, &inventory, None).await;
        match form {
            Form::Json => json(&state)?,
            Form::Csv => {
                text(csv::HEADER)?;
                text(&csv::lines(&state))?;
                faults(&state);
            }
            Form::Table | Form::Wide => text(&tables::draw(&state, form == Form::Wide))?,
        }
        return Ok(exit(&state));
    };
    if form == Form::Csv {
        text(csv::HEADER)?;
    }
    let watching = async {
        let mut previous: Option<ClusterState> = None;
        loop {
            let due = Instant::now() + every;
            let state = ops::poll(client, &inventory, previous.as_ref()).await;
            show(&state, form)?;
            previous = Some(state);
            sleep_until(due).await;
        }
    };
    tokio::select! {
        ended = watching => ended,
        // Whoever watches ends it so.
        _ = tokio::signal::ctrl_c() => Ok(Exit::Done),
    }
}

/// The inventory, or the nodes of it that were asked for.
fn chosen(nodes: &[String], context: &Context) -> Result<Inventory, CliError> {
    if nodes.is_empty() {
        return context.inventory();
    }
    let nodes = nodes.iter().map(|node| context.node(node)).collect::<Result<_, _>>()?;
    Ok(Inventory { nodes, clusters: Vec::new() })
}

fn exit(state: &ClusterState) -> Exit {
    match state.faults().next() {
        None => Exit::Done,
        Some(_) if state.is_dark() => Exit::Failed,
        Some(_) => Exit::Partial,
    }
}

/// One look of many.
fn show(state: &ClusterState, form: Form) -> Result<(), CliError> {
    match form {
        Form::Json => json_line(state),
        Form::Csv => {
            faults(state);
            text(&csv::lines(state))
        }
        Form::Table | Form::Wide => {
            let drawn = tables::draw(state, form == Form::Wide);
            match io::stdout().is_terminal() {
                // From the top, and what was longer before is gone.
                true => text(&format!("\x1b[H\x1b[J{drawn}")),
                false => text(&format!("{drawn}\n")),
            }
        }
    }
}

/// Where the form has no place for them.
fn faults(state: &ClusterState) {
    for node in state.faults() {
        eprintln!("lcms-manager: {}: {}", node.name, node.error.as_deref().unwrap_or_default());
        if let Some(advice) = &node.advice {
            eprintln!("  {advice}");
        }
    }
}
