//! `mib load`: what there is, and how long it took.

use std::{path::PathBuf, time::Instant};

use serde::Serialize;

use crate::cli::{CliError, Context, Exit, json, text};

/// Loads modules and counts.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  lcms-manager mib load /usr/share/snmp/mibs")]
pub struct Args {
    /// Folders with modules, or files
    #[arg(required = true, value_name = "DIR")]
    dirs: Vec<PathBuf>,
    #[command(flatten)]
    loading: super::Loading,
}

#[derive(Serialize)]
struct Counts {
    modules: usize,
    nodes: usize,
    types: usize,
    diagnostics: usize,
    milliseconds: u128,
}

pub fn run(args: &Args, context: &Context) -> Result<Exit, CliError> {
    let begun = Instant::now();
    let mib = args.loading.load(&args.dirs, context)?;
    let counts = Counts {
        modules: mib.modules().count(),
        nodes: mib.nodes().count(),
        types: mib.modules().map(|module| module.types().count()).sum(),
        diagnostics: mib.diagnostics().len(),
        milliseconds: begun.elapsed().as_millis(),
    };
    // The process ends with it; to take it apart first would be for nothing.
    std::mem::forget(mib);
    match context.json() {
        true => json(&counts)?,
        false => {
            let Counts { modules, nodes, types, diagnostics, milliseconds } = counts;
            text(&format!(
                "{modules} modules, {nodes} nodes, {types} types, {diagnostics} diagnostics \
                 in {milliseconds} ms\n"
            ))?;
        }
    }
    Ok(Exit::Done)
}
