//! `set`: variables of an agent.

use super::{CliError, Context, Exit, query};
use crate::{client::Access, ops};

/// Sets variables of one agent in one request: all or none.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lcms-manager set lb1 'lcServerWeight.\"main\".\"web\".\"rs1\"=20'
  lcms-manager set 192.0.2.1 sysContact.0 s 'somebody' -c private.community")]
pub struct Args {
    /// A node of the inventory, or HOST[:PORT]
    node: String,
    /// NAME=VALUE with the type that the MIB says, or NAME TYPE VALUE with one
    /// of net-snmp's types: i u c C t a o s x d =
    #[arg(required = true, value_name = "NAME=VALUE")]
    settings: Vec<String>,
}

pub async fn run(args: Args, context: &Context) -> Result<Exit, CliError> {
    let mib = context.mib()?;
    let settings = ops::parse_settings(mib, &args.settings)?;
    let target = context.target(&args.node, Access::Write).await?;
    let done = ops::set_variables(context.client()?, &target, mib, settings).await?;
    query::variables(context, &done)
}
