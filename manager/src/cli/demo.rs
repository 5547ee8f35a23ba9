//! `demo`: a whole cluster on this machine, to be watched.

use std::time::Duration;

use super::{CliError, Context, Exit, Stop, json};
use crate::demo::{self, Options, Screen};

/// Shows a load cluster on this machine: starts a director and three servers of
/// unequal capacity, an agent on each, clients, and a controller. Weights and
/// shares of requests move towards the measured capacity; then a server is
/// killed, and comes back. Needs no privileges and leaves nothing behind.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lcms-manager demo
  lcms-manager demo --keep-running      and look at it with poll and snmpwalk
  lcms-manager demo --seconds 30 --json the result as one JSON object")]
pub struct Args {
    /// How long it takes
    #[arg(long, value_name = "SECONDS", default_value_t = 40,
        value_parser = clap::value_parser!(u64).range(20..=3600))]
    seconds: u64,
    /// Keep everything running at the end, until Ctrl-C
    #[arg(long)]
    keep_running: bool,
}

pub async fn run(args: Args, context: &Context) -> Result<Exit, CliError> {
    let mut stop = Stop::listen().map_err(CliError::System)?;
    // With JSON, standard output is for the result alone.
    let mut screen = if context.json() { Screen::stderr() } else { Screen::stdout() };
    let options =
        Options { length: Duration::from_secs(args.seconds), keep_running: args.keep_running };
    let outcome = demo::run(options, &mut screen, stop.wait()).await?;
    for problem in &outcome.problems {
        screen.say(&format!("Not as it should be: {problem}."));
    }
    if context.json() {
        json(&outcome)?;
    } else if outcome.ok {
        let lost = outcome.totals.errors;
        screen.say(&format!(
            "Done: shares followed capacity, and the kill cost {lost} of {} requests.",
            outcome.totals.requests + lost
        ));
    }
    Ok(match outcome.ok || outcome.interrupted {
        true => Exit::Done,
        false => Exit::Failed,
    })
}
