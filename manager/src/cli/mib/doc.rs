//! `mib doc`: pages about modules.

use std::{fs, path::PathBuf};

use crate::{
    cli::{CliError, Context, Exit, text},
    ops::{self, mib::Format},
};

/// Writes a page for each module, and an index.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lcms-manager mib doc --out pages /usr/share/snmp/mibs
  lcms-manager mib doc --format markdown --out docs/mib --path /usr/share/snmp/mibs ACME-MIB")]
pub struct Args {
    /// Files or folders to write about
    #[arg(required = true, value_name = "FILE_OR_DIR")]
    paths: Vec<PathBuf>,
    /// A folder with modules these import, which get no pages
    #[arg(long, value_name = "DIR")]
    path: Vec<PathBuf>,
    /// How pages are written
    #[arg(long, value_enum, default_value = "html")]
    format: Format,
    /// The folder for the pages; it is made where it is not there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    loading: super::Loading,
}

pub fn run(args: &Args, context: &Context) -> Result<Exit, CliError> {
    let (mib, wanted) = args.loading.load_with(&args.paths, &args.path, false, context)?;
    let pages = ops::mib::document(&mib, |module| wanted.contains(&module.file()), args.format);
    let failed = |path: &std::path::Path| {
        let path = path.display().to_string();
        move |source| CliError::Read { path, source }
    };
    fs::create_dir_all(&args.out).map_err(failed(&args.out))?;
    for (name, page) in &pages {
        let path = args.out.join(name);
        fs::write(&path, page).map_err(failed(&path))?;
    }
    text(&format!("{} pages in {}\n", pages.len(), args.out.display()))?;
    Ok(Exit::Done)
}
