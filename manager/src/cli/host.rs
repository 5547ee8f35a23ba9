//! `host`: rows of lcHostTable.

use load_cluster_mib::load_cluster_mib::lc_host::LcHost;

use super::{CliError, Context, Exit, edit};

/// Hosts that directors know.
#[derive(Debug, clap::Args)]
#[command(after_help = edit::help::<LcHost>(EXAMPLES))]
pub struct Args {
    #[command(subcommand)]
    verb: edit::Verbs,
}

const EXAMPLES: &str = "\
Examples:
  lcms-manager host add rs4
  lcms-manager host set rs4 admin-state=maintenance
  lcms-manager host set lb2 role-status=director --on lb2    promotes a backup";

pub async fn run(args: Args, context: &Context) -> Result<Exit, CliError> {
    edit::run::<LcHost>(args.verb, context).await
}
