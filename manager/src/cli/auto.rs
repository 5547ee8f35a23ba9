//! `auto`: the control loop in the foreground.

use std::{fs, process, time::Duration};

use jiff::Zoned;
use lcms_lb_core::model::{Name, PolicyWindow};

use super::{CliError, Context, Exit, Stop, json_event, text};
use crate::ops::auto::{Auto, Event, Options, Round};

/// Keeps the dynamic weights of clusters in step with the measured load: looks
/// at directors and hosts, decides by the directors' policies, and writes load
/// reports and weights, each with its reason. Runs until Ctrl-C or SIGTERM, and
/// then gives its leases back, so that the configured weights stand again.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lcms-manager auto                     all clusters of the inventory
  lcms-manager auto main --dry-run      what it would do, writing nothing
  lcms-manager auto --window 5          by load averages over 5 minutes
  lcms-manager auto --once --interval 60
                                        one decision; it stands for five intervals
  lcms-manager auto --json | jq -r 'select(.event == \"decision\") | .why'

Only one controller at a time has the lease of a cluster; others wait. Figures that
are too old freeze a weight. What a policy says is set in the director:
lcms-manager policy set NAME step=10")]
pub struct Args {
    /// The clusters to control; all of the inventory's if none is named
    #[arg(value_name = "CLUSTER")]
    clusters: Vec<Name>,
    /// Decide once, write, and leave the lease to run out by itself
    #[arg(long)]
    once: bool,
    /// Decide and print, but write nothing and take no lease
    #[arg(long)]
    dry_run: bool,
    /// Seconds from one round to the next, instead of the policies'
    #[arg(long, value_name = "SECONDS")]
    interval: Option<Interval>,
    /// Load averages over so many minutes, instead of the policies' window
    #[arg(long, value_name = "1|5|15", value_parser = window)]
    window: Option<PolicyWindow>,
}

/// The time from one round to the next.
#[derive(Clone, Copy, Debug)]
struct Interval(Duration);

impl std::str::FromStr for Interval {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let seconds = text.parse::<f64>().ok().filter(|s| (0.1..=3600.0).contains(s));
        let seconds = seconds.ok_or("from 0.1 to 3600 seconds")?;
        Ok(Self(Duration::from_secs_f64(seconds)))
    }
}

fn window(text: &str) -> Result<PolicyWindow, &'static str> {
    match text {
        "1" => Ok(PolicyWindow::OneMinute),
        "5" => Ok(PolicyWindow::FiveMinutes),
        "15" => Ok(PolicyWindow::FifteenMinutes),
        _ => Err("1, 5 or 15 minutes"),
    }
}

pub async fn run(args: Args, context: &Context) -> Result<Exit, CliError> {
    let options = Options {
        interval: args.interval.map(|Interval(interval)| interval),
        window: args.window,
        dry_run: args.dry_run,
        clusters: args.clusters,
        owner: owner(args.once)?,
    };
    let client = context.client()?.clone();
    let mut auto = Auto::new(client, context.inventory()?, options);
    let mut stop = Stop::listen().map_err(CliError::System)?;
    let teller = Teller { json: context.json() };
    match args.once {
        true => once(&mut auto, &mut stop, &teller, args.dry_run).await,
        false => on_and_on(&mut auto, &mut stop, &teller).await,
    }
}

async fn on_and_on(auto: &mut Auto, stop: &mut Stop, teller: &Teller) -> Result<Exit, CliError> {
    // Somebody who no longer reads ends it as Ctrl-C does: with the leases
    // given back.
    let unread = tokio::sync::Notify::new();
    let mut failed = None;
    let stopped = async {
        tokio::select! {
            () = stop.wait() => {}
            () = unread.notified() => {}
        }
    };
    let tell = |round: Round| {
        if let Err(error) = teller.tell(&round.events) {
            failed.get_or_insert(error);
            unread.notify_one();
        }
    };
    let released = auto.run(stopped, tell).await;
    if let Some(error) = failed {
        return Err(error);
    }
    teller.tell(&released)?;
    let in_part = released.iter().any(|event| matches!(event, Event::Trouble { .. }));
    Ok(if in_part { Exit::Partial } else { Exit::Done })
}

async fn once(
    auto: &mut Auto,
    stop: &mut Stop,
    teller: &Teller,
    dry_run: bool,
) -> Result<Exit, CliError> {
    let round = tokio::select! {
        round = auto.once() => round,
        () = stop.wait() => return Ok(Exit::Failed),
    };
    teller.tell(&round.events)?;
    let decided = round.clusters.iter().filter(|cluster| dry_run || cluster.in_control).count();
    Ok(match decided {
        0 => Exit::Failed,
        n if n < round.clusters.len() || !round.unreachable.is_empty() => Exit::Partial,
        _ => Exit::Done,
    })
}

/// Prints events, a line each.
struct Teller {
    json: bool,
}

impl Teller {
    fn tell(&self, events: &[Event]) -> Result<(), CliError> {
        for event in events {
            match self.json {
                true => json_event(event)?,
                false => text(&format!("{}  {event}\n", Zoned::now().strftime("%H:%M:%S")))?,
            }
        }
        Ok(())
    }
}

/// A name no other controller has. Runs that make one decision each share one:
/// the next run takes the lease over from the one before.
pub(super) fn owner(once: bool) -> Result<String, CliError> {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host: String = host.trim().chars().take(40).collect();
    if once {
        return Ok(format!("{host} once"));
    }
    let mut random = [0; 4];
    getrandom::fill(&mut random).map_err(|error| CliError::System(std::io::Error::other(error)))?;
    Ok(format!("{host} {} {:08x}", process::id(), u32::from_be_bytes(random)))
}
