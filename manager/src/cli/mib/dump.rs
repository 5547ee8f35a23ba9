//! `mib dump`: everything, for programs.

use std::{
    io::{self, BufWriter, Write as _},
    path::PathBuf,
};

use crate::{
    cli::{CliError, Context, Exit},
    ops,
};

/// Writes nodes and modules as JSON, one object a line.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  lcms-manager mib dump --json /usr/share/snmp/mibs | jq -r 'select(.kind == \"table\") | .name'")]
pub struct Args {
    /// Folders with modules, or files
    #[arg(required = true, value_name = "DIR")]
    dirs: Vec<PathBuf>,
    #[command(flatten)]
    loading: super::Loading,
}

pub fn run(args: &Args, context: &Context) -> Result<Exit, CliError> {
    let mib = args.loading.load(&args.dirs, context)?;
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    for line in ops::mib::dump(&mib) {
        let written = serde_json::to_writer(&mut out, &line).map_err(io::Error::from);
        written.and_then(|()| out.write_all(b"\n")).map_err(CliError::Output)?;
    }
    out.flush().map_err(CliError::Output)?;
    std::mem::forget(mib);
    Ok(Exit::Done)
}
