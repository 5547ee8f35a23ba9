//! `server`: rows of lcServerTable.

use load_cluster_mib::load_cluster_mib::lc_server::LcServer;

use super::{CliError, Context, Exit, edit};

/// Servers of services.
#[derive(Debug, clap::Args)]
#[command(after_help = edit::help::<LcServer>(EXAMPLES))]
pub struct Args {
    #[command(subcommand)]
    verb: edit::Verbs,
}

const EXAMPLES: &str = "\
Examples:
  lcms-manager server add main/web/rs4 address=192.0.2.14:80 host=rs4 weight=10
  lcms-manager server set rs4 connection-limit=200
  lcms-manager server show rs4";

pub async fn run(args: Args, context: &Context) -> Result<Exit, CliError> {
    edit::run::<LcServer>(args.verb, context).await
}
