//! `cluster`: rows of lcClusterTable.

use load_cluster_mib::load_cluster_mib::lc_cluster::LcCluster;

use super::{CliError, Context, Exit, edit};

/// Clusters.
#[derive(Debug, clap::Args)]
#[command(after_help = edit::help::<LcCluster>(EXAMPLES))]
pub struct Args {
    #[command(subcommand)]
    verb: edit::Verbs,
}

const EXAMPLES: &str = "\
Examples:
  lcms-manager cluster add main description='shop' policy=default
  lcms-manager cluster show main";

pub async fn run(args: Args, context: &Context) -> Result<Exit, CliError> {
    edit::run::<LcCluster>(args.verb, context).await
}
