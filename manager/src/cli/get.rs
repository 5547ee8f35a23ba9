//! `get` and `next`: single variables.

use super::{CliError, Context, Exit, query};
use crate::ops;

/// Variables of one agent.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lcms-manager get lb1 sysUpTime.0 lcOverallStatus.0
  lcms-manager get lb1 'lcServerWeight.\"main\".\"web\".\"rs1\"'
  lcms-manager next 192.0.2.1:161 ifDescr -c public.community -v 1")]
pub struct Args {
    /// A node of the inventory, or HOST[:PORT]
    node: String,
    /// Names or OIDs
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
}

pub async fn get(args: Args, context: &Context) -> Result<Exit, CliError> {
    let target = context.target(&args.node, crate::client::Access::Read).await?;
    let (client, mib) = (context.client()?, context.mib()?);
    query::variables(context, &ops::get(client, &target, mib, &args.names).await?)
}

pub async fn next(args: Args, context: &Context) -> Result<Exit, CliError> {
    let target = context.target(&args.node, crate::client::Access::Read).await?;
    let (client, mib) = (context.client()?, context.mib()?);
    query::variables(context, &ops::next(client, &target, mib, &args.names).await?)
}
