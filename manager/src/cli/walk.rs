//! `walk` and `bulkwalk`: all below a name.

use super::{CliError, Context, Exit, Progress, query, text};
use crate::{
    client::{Access, Step},
    ops::{self, Variable},
};

/// Reads all below a name by GETNEXT, as snmpwalk does.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lcms-manager walk lb1 lcServerTable
  lcms-manager walk 192.0.2.1 system -c public.community")]
pub struct Args {
    /// A node of the inventory, or HOST[:PORT]
    node: String,
    /// Name or OID
    #[arg(default_value = "mib-2", value_name = "NAME")]
    root: String,
}

/// Reads all below a name by GETBULK, as snmpbulkwalk does.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  lcms-manager bulkwalk lb1 lcMIB --json")]
pub struct BulkArgs {
    #[command(flatten)]
    walk: Args,
    /// How many variables to ask for at once
    #[arg(long, value_name = "N", default_value_t = 25, value_parser = clap::value_parser!(u16).range(1..=1000))]
    repetitions: u16,
}

pub async fn run(args: Args, context: &Context) -> Result<Exit, CliError> {
    walk(args, Step::Next, context).await
}

pub async fn bulk(args: BulkArgs, context: &Context) -> Result<Exit, CliError> {
    walk(args.walk, Step::Bulk(args.repetitions), context).await
}

async fn walk(args: Args, step: Step, context: &Context) -> Result<Exit, CliError> {
    let target = context.target(&args.node, Access::Read).await?;
    let (client, mib) = (context.client()?, context.mib()?);
    let mut walking = ops::walk(client, &target, mib, &args.root, step)?;
    let mut out = Output { json: context.json(), count: 0, absent: 0 };
    let mut progress = Progress::default();
    let ended = loop {
        match walking.page().await {
            Ok(Some(page)) => out.page(&page)?,
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
        progress.show(|| format!("{} variables", out.count));
    };
    drop(progress);
    out.end()?;
    ended?;
    // What was asked for is not there at all.
    Ok(if out.absent == out.count && out.count > 0 { Exit::Failed } else { Exit::Done })
}

/// Pages as they come: a walk of a large agent takes its time.
struct Output {
    json: bool,
    count: usize,
    absent: usize,
}

impl Output {
    fn page(&mut self, page: &[Variable]) -> Result<(), CliError> {
        self.absent += page.iter().filter(|variable| variable.is_absent()).count();
        let mut out = String::new();
        if self.json {
            for variable in page {
                out.push_str(if self.count == 0 { "[\n  " } else { ",\n  " });
                let line = serde_json::to_string(variable).map_err(std::io::Error::from);
                out.push_str(&line.map_err(CliError::Output)?);
                self.count += 1;
            }
        } else {
            self.count += page.len();
            out = query::lines(page);
        }
        text(&out)
    }

    fn end(&self) -> Result<(), CliError> {
        match (self.json, self.count) {
            (true, 0) => text("[]\n"),
            (true, _) => text("\n]\n"),
            (false, _) => Ok(()),
        }
    }
}
