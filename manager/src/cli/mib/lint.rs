//! `mib lint`: what is wrong with modules.

use std::path::PathBuf;

use lcms_mibs::Code;

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
severity 3 or less; --preset strict moves that to 5, permissive to 1.
--explain tells what a code means; docs/mib-diagnostics.md has all of them.")]
pub struct Args {
    /// Files or folders to judge
    #[arg(required_unless_present = "explain", value_name = "FILE_OR_DIR")]
    paths: Vec<PathBuf>,
    /// A folder with modules these import, which are not judged
    #[arg(long, value_name = "DIR")]
    path: Vec<PathBuf>,
    /// The least grave severity to show; else what the preset says
    #[arg(long, value_name = "0-6", value_parser = clap::value_parser!(u8).range(0..=6))]
    severity: Option<u8>,
    /// Say what a code means, by its name or number
    #[arg(long, value_name = "CODE", conflicts_with = "paths")]
    explain: Option<String>,
    #[command(flatten)]
    loading: super::Loading,
}

pub fn run(args: &Args, context: &Context) -> Result<Exit, CliError> {
    if let Some(wanted) = &args.explain {
        return explain(wanted, context);
    }
    let least = args.severity.unwrap_or(args.loading.preset().shows().level());
    let bad = args.loading.preset().fails().level();
    let (mib, judged) = args.loading.load_with(&args.paths, &args.path, true, context)?;
    let mut worst = u8::MAX;
    for diagnostic in mib.diagnostics().iter().filter(|d| judged.contains(&d.file)) {
        let severity = diagnostic.severity().level();
        if severity > least {
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
    Ok(if worst <= bad { Exit::Failed } else { Exit::Done })
}

fn explain(wanted: &str, context: &Context) -> Result<Exit, CliError> {
    let code = Code::find(wanted).ok_or_else(|| CliError::NoCode { given: wanted.to_owned() })?;
    let explanation = ops::mib::explanation(code);
    match context.json() {
        true => json_line(&explanation)?,
        false => text(&explanation.lines())?,
    }
    Ok(Exit::Done)
}
