//! `traps`: what the receiver has stored.

use std::{path::PathBuf, str::FromStr, time::Duration};

use jiff::{Timestamp, tz::TimeZone};
use tokio::time::{MissedTickBehavior, interval};

use super::{CliError, Context, Exit, Stop, json_line, plain, text};
use crate::{
    config::Config,
    traps::{
        Pattern, Record, Severity, Wanted,
        journal::{self, Position, Reader},
    },
};

/// Shows the notifications that `serve` has received, from its journal.
#[derive(Debug, clap::Args)]
#[command(
    visible_alias = "notifications",
    after_help = "\
Examples:
  lcms-manager traps                        the last 20
  lcms-manager traps --since 1h             those of an hour
  lcms-manager traps --follow lcServer*     and those that come
  lcms-manager traps --severity warning -V  with their objects
  lcms-manager traps --since 2026-11-28 --json | jq -r '.name'

The journal is in the folder notifications below state_dir of [serve]."
)]
pub struct Args {
    /// Only these, with * for anything: lcServer*, IF-MIB::*
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Since then: 90s, 15m, 2h, 7d, or a date or time as 2026-11-28T02:00
    #[arg(long, value_name = "TIME")]
    since: Option<Since>,
    /// The last so many, if no time is given; all of them with 0
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
    last: usize,
    /// Only those that are so bad, and what is well again: info, warning, critical
    #[arg(long, value_name = "SEVERITY")]
    severity: Option<Severity>,
    /// Only those of a cluster
    #[arg(long, value_name = "NAME")]
    cluster: Vec<String>,
    /// Go on with those that come, until Ctrl-C
    #[arg(short, long)]
    follow: bool,
    /// With their objects
    #[arg(short = 'V', long)]
    objects: bool,
    /// The state folder, instead of the configuration's
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
}

/// A moment, or so long ago.
#[derive(Clone, Copy, Debug)]
struct Since(Timestamp);

impl FromStr for Since {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "90s, 15m, 2h, 7d, 2026-11-28 or 2026-11-28T02:00";
        let unit = text.char_indices().next_back().and_then(|(at, unit)| {
            let seconds = match unit {
                's' => 1,
                'm' => 60,
                'h' => 3600,
                'd' => 86_400,
                _ => return None,
            };
            Some((text.get(..at)?.parse::<u32>().ok()?, seconds))
        });
        if let Some((number, seconds)) = unit {
            let passed = Duration::from_secs(u64::from(number) * seconds);
            return Timestamp::now().checked_sub(passed).map(Self).map_err(|_| FORM);
        }
        if let Ok(moment) = text.parse() {
            return Ok(Self(moment));
        }
        let civil: jiff::civil::DateTime = text.parse().map_err(|_| FORM)?;
        let zoned = civil.to_zoned(TimeZone::system()).map_err(|_| FORM)?;
        Ok(Self(zoned.timestamp()))
    }
}

/// How often the journal is looked at for more.
const EVERY: Duration = Duration::from_millis(250);

pub async fn run(args: Args, context: &Context) -> Result<Exit, CliError> {
    let state_dir = match &args.state_dir {
        Some(state_dir) => state_dir.clone(),
        None => Config::load(context.config())?.serve()?.state_dir,
    };
    let folder = journal::folder(&state_dir);
    let failed = |source| CliError::Read { path: folder.display().to_string(), source };
    if !args.follow {
        // Whoever names the wrong folder should not believe that all is quiet.
        std::fs::read_dir(&folder).map_err(failed)?;
    }
    let patterns = |texts: &[String]| texts.iter().map(Pattern::new).collect();
    let wanted = Wanted {
        names: patterns(&args.names),
        severity: args.severity,
        clusters: patterns(&args.cluster),
        ..Wanted::default()
    };
    let since = args.since.map_or(Timestamp::MIN, |Since(since)| since);
    let is_wanted = |record: &Record| record.received >= since && wanted.is(record);
    let keep = if args.since.is_some() || args.last == 0 { usize::MAX } else { args.last };
    let show = Show { json: context.json(), objects: args.objects };

    let mut reader = Reader::new(folder.clone(), Position::Start);
    let mut found = std::collections::VecDeque::new();
    while let Some(record) = reader.read().map_err(failed)? {
        if !is_wanted(&record) {
            continue;
        }
        if keep == usize::MAX {
            show.record(&record)?;
            continue;
        }
        found.push_back(record);
        if found.len() > keep {
            found.pop_front();
        }
    }
    found.iter().try_for_each(|record| show.record(record))?;
    if !args.follow {
        return Ok(Exit::Done);
    }
    let mut stop = Stop::listen().map_err(CliError::System)?;
    let mut tick = interval(EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.wait() => return Ok(Exit::Done),
            _ = tick.tick() => {
                while let Some(record) = reader.read().map_err(failed)? {
                    if is_wanted(&record) {
                        show.record(&record)?;
                    }
                }
            }
        }
    }
}

struct Show {
    json: bool,
    objects: bool,
}

impl Show {
    fn record(&self, record: &Record) -> Result<(), CliError> {
        if self.json {
            return json_line(record);
        }
        let time = record.received.to_zoned(TimeZone::system());
        let mut out = format!("{}  {record}\n", time.strftime("%Y-%m-%d %H:%M:%S"));
        if self.objects {
            for object in &record.objects {
                out.push_str(&format!("    {}\n", plain(&object.to_string())));
            }
        }
        text(&out)
    }
}
