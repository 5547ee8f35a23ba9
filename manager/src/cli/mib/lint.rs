//! `mib lint`: what is wrong with modules.

use std::path::PathBuf;

use crate::{
    cli::{CliError, Context, Exit, json_line, text},
    ops,
};

/// Says what is wrong, where, and what would be right.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lcms-manager mib lint MY-MIB
  lcms-manager mib lint --json --severity 3 --path /usr/share/snmp/mibs ./mibs

Severities are smilint's: 0 nothing could be read, 1 definitions are lost, 2 an
error with a guess, 3 an error with a clear meaning, 4 better changed, 5
questionable, 6 good to know. The run fails where there is a finding of
severity 3 or less.")]
pub struct Args {
    /// Files or folders to judge
    #[arg(required = true, value_name = "FILE_OR_DIR")]
    paths: Vec<PathBuf>,
    /// A folder with modules these import, which are not judged
    #[arg(long, value_name = "DIR")]
    path: Vec<PathBuf>,
    /// The least grave severity to show
    #[arg(long, value_name = "0-6", default_value_t = 6, value_parser = clap::value_parser!(u8).range(0..=6))]
    severity: u8,
    #[command(flatten)]
    loading: super::Loading,
}

pub fn run(args: &Args, context: &Context) -> Result<Exit, CliError> {
    let (mib, judged) = args.loading.load_with(&args.paths, &args.path, true, context)?;
    let mut worst = u8::MAX;
    for diagnostic in mib.diagnostics().iter().filter(|d| judged.contains(&d.file)) {
        let severity = diagnostic.severity().level();
        if severity > args.severity {
            continue;
        }
        worst = worst.min(severity);
        match context.json() {
            true => {
                if let Some(finding) = ops::mib::finding(&mib, diagnostic) {
                    json_line(&finding)?;
                }
            }
            false => text(&mib.render(diagnostic, false))?,
        }
    }
    Ok(if worst <= 3 { Exit::Failed } else { Exit::Done })
}
