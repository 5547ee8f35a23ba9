//! `man`: the manual pages.

use std::{fs, path::PathBuf};

use clap_mangen::Man;

use super::{CliError, Exit, text};

/// Writes the manual page to standard output, or all pages into a folder.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lcms-manager man | man -l -
  lcms-manager man --dir /usr/local/share/man/man1")]
pub struct Args {
    /// Write a page for each verb into this folder
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub fn run(args: Args, command: clap::Command) -> Result<Exit, CliError> {
    let Some(dir) = args.dir else {
        let mut page = Vec::new();
        Man::new(command).render(&mut page).map_err(CliError::Output)?;
        text(&String::from_utf8_lossy(&page))?;
        return Ok(Exit::Done);
    };
    let failed = |source| CliError::Write { path: dir.display().to_string(), source };
    fs::create_dir_all(&dir).map_err(failed)?;
    clap_mangen::generate_to(command, &dir).map_err(failed)?;
    Ok(Exit::Done)
}
