//! `service`: rows of lcServiceTable.

use load_cluster_mib::load_cluster_mib::lc_service::LcService;

use super::{CliError, Context, Exit, edit};

/// Services: virtual addresses that stand for servers.
#[derive(Debug, clap::Args)]
#[command(after_help = edit::help::<LcService>(EXAMPLES))]
pub struct Args {
    #[command(subcommand)]
    verb: edit::Verbs,
}

const EXAMPLES: &str = "\
Examples:
  lcms-manager service add main/web address=192.0.2.10:80 scheduler=wlc type=http
  lcms-manager service set main/web check-interval=1000
  lcms-manager service remove main/web";

pub async fn run(args: Args, context: &Context) -> Result<Exit, CliError> {
    edit::run::<LcService>(args.verb, context).await
}
