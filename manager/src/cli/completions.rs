//! `completions`: for the shell.

use super::{CliError, Exit, text};

/// Writes shell completions to standard output.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  lcms-manager completions bash > /etc/bash_completion.d/lcms-manager")]
pub struct Args {
    /// The shell
    shell: clap_complete::Shell,
}

pub fn run(args: Args, mut command: clap::Command) -> Result<Exit, CliError> {
    let mut script = Vec::new();
    let name = command.get_name().to_owned();
    clap_complete::generate(args.shell, &mut command, name, &mut script);
    text(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
