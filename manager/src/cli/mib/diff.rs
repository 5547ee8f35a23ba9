//! `mib diff`: what changed between two editions.

use std::path::PathBuf;

use crate::{
    cli::{CliError, Context, Exit, json_line, text},
    ops,
};

/// Says what changed, and whether agents and managers of the old edition can
/// live with it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lcms-manager mib diff old/ACME-MIB new/ACME-MIB
  lcms-manager mib diff --json --path /usr/share/snmp/mibs old/ new/

A change marked with ! breaks a rule of RFC 2578 section 10, RFC 2579 section 5 or
RFC 2580 section 7; the rule stands behind it. The run fails (1) where there is
such a change, and is done (0) where there is none.")]
pub struct Args {
    /// The old edition: a file, or a folder of modules
    old: PathBuf,
    /// The new one
    new: PathBuf,
    /// A folder with modules these import
    #[arg(long, value_name = "DIR")]
    path: Vec<PathBuf>,
    #[command(flatten)]
    loading: super::Loading,
}

pub fn run(args: &Args, context: &Context) -> Result<Exit, CliError> {
    let load = |edition: &PathBuf| {
        args.loading.load_with(std::slice::from_ref(edition), &args.path, false, context)
    };
    let (old, in_old) = load(&args.old)?;
    let (new, in_new) = load(&args.new)?;
    let is_old = |module: &lcms_mibs::Module<'_>| in_old.contains(&module.file());
    let is_new = |module: &lcms_mibs::Module<'_>| in_new.contains(&module.file());
    let mut exit = Exit::Done;
    for change in lcms_mibs::diff(&old, &new, is_old, is_new) {
        let difference = ops::mib::difference(change);
        if !difference.is_compatible() {
            exit = Exit::Failed;
        }
        match context.json() {
            true => json_line(&difference)?,
            false => text(&format!("{}\n", difference.line()))?,
        }
    }
    Ok(exit)
}
