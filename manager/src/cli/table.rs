//! `table`: a table of an agent.

use super::{CliError, Context, Exit, json, query, text};
use crate::{client::Access, ops};

/// Shows any table of any agent, its columns side by side.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lcms-manager table lb1 lcServerTable
  lcms-manager table 192.0.2.1 ifTable -c public.community --json")]
pub struct Args {
    /// A node of the inventory, or HOST[:PORT]
    node: String,
    /// The table's name or OID
    #[arg(value_name = "TABLE")]
    table: String,
}

pub async fn run(args: Args, context: &Context) -> Result<Exit, CliError> {
    let mib = context.mib()?;
    let target = context.target(&args.node, Access::Read).await?;
    let table = ops::table(context.client()?, &target, mib, &args.table).await?;
    match context.json() {
        true => json(&table)?,
        false => text(&query::table(&table))?,
    }
    Ok(Exit::Done)
}
