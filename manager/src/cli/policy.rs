//! `policy`: rows of lcPolicyTable.

use load_cluster_mib::load_cluster_mib::lc_policy::LcPolicy;

use super::{CliError, Context, Exit, edit};

/// Policies: how dynamic weights follow from load.
#[derive(Debug, clap::Args)]
#[command(after_help = edit::help::<LcPolicy>(EXAMPLES))]
pub struct Args {
    #[command(subcommand)]
    verb: edit::Verbs,
}

const EXAMPLES: &str = "\
Examples:
  lcms-manager policy add steady smoothing=800 step=5
  lcms-manager cluster set main policy=steady";

pub async fn run(args: Args, context: &Context) -> Result<Exit, CliError> {
    edit::run::<LcPolicy>(args.verb, context).await
}
