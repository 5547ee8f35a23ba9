//! `check`: a plugin for Nagios and its relatives.
//!
//! Options have the letters that the Monitoring Plugins Development Guidelines
//! reserve, so two letters of the other verbs are others here: `-c` is the
//! critical range and `-v` asks for more words.

use std::{path::PathBuf, time::Duration};

use clap::Subcommand;
use lcms_lb_core::model::Status;

use super::{CliError, Context, Exit, json, node::WireVersion, text};
use crate::{
    check::{Subject, Threshold, Thresholds, word},
    inventory::Inventory,
    ops::{self, Check, Checked},
    path::RowPath,
};

/// Checks one thing and says it as monitoring plugins do: exit code 0 OK, 1 WARNING,
/// 2 CRITICAL, 3 UNKNOWN; one line of text, then performance data.
#[derive(Debug, clap::Args)]
#[command(
    version,
    propagate_version = true,
    after_help = "\
Examples:
  lcms-manager check agent -H lb1
  lcms-manager check service main/web -w 3: -c 1:
  lcms-manager check host rs1 -w cpu=80 -w memory=20: -c memory=5:
  lcms-manager check weight main/web/rs1 -H 192.0.2.1 -C lb1.community

A check without -w and -c goes by the MIB's own health: lcServiceStatus,
lcHostStatus, lcClusterStatus, lcOverallStatus. Thresholds can only make it worse.

Ranges: 10 is 0 to 10, 10: is 10 and more, ~:10 is up to 10, 10:20 is between;
outside of it is told. @10:20 is told inside. FIGURE=RANGE names another figure
than the first; each is in the performance data.

Silence is CRITICAL; wrong arguments, users and communities are UNKNOWN."
)]
pub struct Args {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Args)]
struct Common {
    /// Ask this node alone: of the inventory, or HOST[:PORT]
    #[arg(short = 'H', long, global = true, value_name = "NODE")]
    hostname: Option<String>,
    /// Warn unless a figure is in this range; may be repeated
    #[arg(short, long, global = true, value_name = "[FIGURE=]RANGE", allow_hyphen_values = true)]
    warning: Vec<Threshold>,
    /// Critical unless a figure is in this range; may be repeated
    #[arg(short, long, global = true, value_name = "[FIGURE=]RANGE", allow_hyphen_values = true)]
    critical: Vec<Threshold>,
    /// Give up, and be CRITICAL, after so many seconds
    #[arg(short, long, global = true, value_name = "SECONDS", default_value_t = 10,
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
    /// More in the line; -vv more lines; -vvv all that is known
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    // The two below are those of all verbs, by other letters.
    /// File with the community, mode 0600
    #[arg(short = 'C', long, global = true, value_name = "FILE")]
    community_file: Option<PathBuf>,
    /// Protocol version instead of the inventory's
    #[arg(short = 'P', long = "snmp-version", global = true, value_name = "1|2c|3")]
    snmp_version: Option<WireVersion>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// A node's agent: whether it answers, and lcOverallStatus
    Agent(Optional),
    /// A host: lcHostStatus; figures cpu, load1, load5, load15, memory (free),
    /// freeness, connections, servers_up, age
    Host(Optional),
    /// A cluster: lcClusterStatus; figures services_up, servers_up, connections, total
    Cluster(Named),
    /// Who directs a cluster; figures active, directors
    Director(Named),
    /// A service: lcServiceStatus; figures servers_up, connections, total, failed,
    /// refused
    Service(Named),
    /// A server: lcServerOperState; figures connections, total, failed, weight
    Server(Named),
    /// The weight of a server, and whether it gets anything; figures effective,
    /// configured, dynamic
    Weight(Named),
    /// Whether a controller holds a cluster's lease; figure seconds
    Lease(Named),
}

#[derive(Debug, clap::Args)]
struct Named {
    /// Such as main/web/rs1; the front may be left out where the rest is unique
    name: RowPath,
}

#[derive(Debug, clap::Args)]
struct Optional {
    /// Its name; else that of the node of -H
    name: Option<RowPath>,
}

pub async fn run(args: Args, context: &Context) -> Result<Exit, CliError> {
    let verbosity = args.common.verbose;
    let Checked { verdict, state } = match asked(args, context).await {
        Ok(checked) => checked,
        Err(Unanswered { told, advice }) => {
            let advice = advice.map(|advice| format!("{advice}\n")).unwrap_or_default();
            unknown(&told, &advice);
            return Ok(Exit::Checked(Status::Unknown));
        }
    };
    let status = verdict.status;
    let said = match context.json() {
        true => json(&verdict),
        false => {
            let mut out = verdict.plugin_output(verbosity);
            if let (3.., Some(state)) = (verbosity, &state) {
                let whole = serde_json::to_string_pretty(state).unwrap_or_default();
                out.push_str(&whole.replace('|', "/"));
                out.push('\n');
            }
            text(&out)
        }
    };
    // Who does not read what is said still gets the code.
    said.map_or(Ok(Exit::Checked(Status::Unknown)), |()| Ok(Exit::Checked(status)))
}

/// Why there is no verdict.
struct Unanswered {
    told: String,
    advice: Option<String>,
}

impl From<CliError> for Unanswered {
    fn from(error: CliError) -> Self {
        Self { told: error.to_string(), advice: error.advice() }
    }
}

async fn asked(args: Args, context: &Context) -> Result<Checked, Unanswered> {
    let Args { common, what } = args;
    let (subject, given) = what.split();
    let (mut inventory, on) = match (&common.hostname, subject, &given) {
        // An agent may be named as any node may.
        (None, Subject::Agent, Some(node)) => context.inventory_with(Some(&node.to_string()))?,
        (on, ..) => context.inventory_with(on.as_deref())?,
    };
    if let Some(on) = &on {
        let Inventory { nodes, .. } = &mut inventory;
        nodes.retain(|node| node.name.as_str() == on);
    }
    let path = match given {
        Some(path) => path,
        None => {
            let on = on.ok_or_else(|| Unanswered {
                told: "nothing is named; give a name, or -H NODE".to_owned(),
                advice: None,
            })?;
            on.parse().map_err(|error: crate::path::PathError| Unanswered {
                told: error.to_string(),
                advice: None,
            })?
        }
    };
    let Common { warning, critical, timeout, .. } = common;
    let thresholds = Thresholds { warning, critical };
    let check = Check { subject, path, thresholds, timeout: Duration::from_secs(timeout) };
    let client = context.client()?;
    ops::check(client, &inventory, &check)
        .await
        .map_err(|error| Unanswered { told: error.to_string(), advice: None })
}

impl What {
    fn split(self) -> (Subject, Option<RowPath>) {
        match self {
            Self::Agent(Optional { name }) => (Subject::Agent, name),
            Self::Host(Optional { name }) => (Subject::Host, name),
            Self::Cluster(Named { name }) => (Subject::Cluster, Some(name)),
            Self::Director(Named { name }) => (Subject::Director, Some(name)),
            Self::Service(Named { name }) => (Subject::Service, Some(name)),
            Self::Server(Named { name }) => (Subject::Server, Some(name)),
            Self::Weight(Named { name }) => (Subject::Weight, Some(name)),
            Self::Lease(Named { name }) => (Subject::Lease, Some(name)),
        }
    }
}

/// A command line that is wrong, or asks for help or the version: UNKNOWN, all
/// three.
pub fn unparsed(error: &clap::Error) -> Exit {
    match error.use_stderr() {
        false => drop(error.print()),
        true => {
            let whole = error.to_string();
            let told = whole.trim_start_matches("error:").trim();
            // The first paragraph is what is wrong, the others what would be right.
            let (first, rest) = told.split_once("\n\n").unwrap_or((told, ""));
            let words = first.split_whitespace().collect::<Vec<_>>().join(" ");
            unknown(&words, &format!("{}\n", rest.trim()));
        }
    }
    Exit::Checked(Status::Unknown)
}

/// What Nagios shows is the first line of standard output.
fn unknown(told: &str, rest: &str) {
    let told = told.replace('|', "/").replace(|c: char| c.is_control(), " ");
    let rest = rest.replace('|', "/");
    // Nobody is left to tell if this cannot be written.
    drop(text(&format!("CHECK {} - {told}\n{rest}", word(Status::Unknown))));
}
