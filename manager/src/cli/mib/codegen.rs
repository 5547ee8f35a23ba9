//! `mib codegen`: Rust for who writes an agent or a manager of his own MIB.

use std::path::PathBuf;

use lcms_mibs::codegen;

use crate::cli::{CliError, Context, Exit, text};

/// Writes typed tables for modules as Rust, as this program's own were made.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  lcms-manager mib codegen --path /usr/share/snmp/mibs ACME-MIB > src/acme.rs

The code needs the crate lcms-snmp, and nothing else.")]
pub struct Args {
    /// Files or folders with the modules to write code for
    #[arg(required = true, value_name = "FILE_OR_DIR")]
    paths: Vec<PathBuf>,
    /// A folder with modules these import
    #[arg(long, value_name = "DIR")]
    path: Vec<PathBuf>,
    #[command(flatten)]
    loading: super::Loading,
}

pub fn run(args: &Args, context: &Context) -> Result<Exit, CliError> {
    let (mib, wanted) = args.loading.load_with(&args.paths, &args.path, false, context)?;
    let modules = mib.modules().filter(|module| wanted.contains(&module.file()));
    let modules: Vec<&str> = modules.map(|module| module.name()).collect();
    text(&codegen::generate(&mib, &modules)?)?;
    Ok(Exit::Done)
}
