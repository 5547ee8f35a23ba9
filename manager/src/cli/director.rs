//! `director`: rows of lcDirectorTable.

use load_cluster_mib::load_cluster_mib::lc_director::LcDirector;

use super::{CliError, Context, Exit, edit};

/// Directors of clusters.
#[derive(Debug, clap::Args)]
#[command(after_help = edit::help::<LcDirector>(EXAMPLES))]
pub struct Args {
    #[command(subcommand)]
    verb: edit::Verbs,
}

const EXAMPLES: &str = "\
Examples:
  lcms-manager director add main/lb2 priority=50";

pub async fn run(args: Args, context: &Context) -> Result<Exit, CliError> {
    edit::run::<LcDirector>(args.verb, context).await
}
