//! `export`: ready files for other monitoring systems.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use clap::{Subcommand, ValueEnum};

use super::{CliError, Context, Exit, text};
use crate::{
    export::{ExportFile, ExporterFormat, Plugin, prometheus, snmptt},
    ops::{self, ExportTo},
};

/// Writes ready files for other monitoring systems, from the MIB and the live cluster.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lcms-manager export nagios --out /etc/nagios4/conf.d
  lcms-manager export nagios --passive --out /etc/nagios4/conf.d
  lcms-manager export icinga2 --out /etc/icinga2/conf.d --force
  lcms-manager export prometheus-snmp-exporter --format 0.23 > snmp.yml
  lcms-manager export snmptt --out /etc/snmp

No file holds a secret; the head of each says where secrets are read from.")]
pub struct Args {
    /// A folder, or - for standard output
    #[arg(short, long, global = true, value_name = "DIR", default_value = "-")]
    out: PathBuf,
    /// Write over files that are there
    #[arg(long, global = true)]
    force: bool,
    #[command(subcommand)]
    to: To,
}

#[derive(Debug, Subcommand)]
enum To {
    /// Hosts, services, groups and commands of Nagios Core
    Nagios(Nagios),
    /// Objects of Icinga 2
    Icinga2(Called),
    /// snmp.yml of Prometheus' exporter, from the MIB; no agent is asked
    PrometheusSnmpExporter(Exporter),
    /// Trap definitions of SNMPTT, from the MIB; no agent is asked
    Snmptt,
}

#[derive(Debug, clap::Args)]
struct Exporter {
    /// The exporter's version: the form of its file changed with 0.23
    #[arg(long, value_name = "VERSION", value_enum, default_value_t = Since::V0_21)]
    format: Since,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Since {
    /// Up to 0.22, as Debian 12 has it
    #[value(name = "0.21", alias = "0.22")]
    V0_21,
    /// From 0.23 on
    #[value(name = "0.23")]
    V0_23,
}

#[derive(Debug, clap::Args)]
struct Nagios {
    #[command(flatten)]
    called: Called,
    /// Services take their results from serve's receiver, a [[receiver.pass_on]] with
    /// nagios, and are checked when none has come for so many seconds
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "300",
          require_equals = true, value_parser = clap::value_parser!(u32).range(10..=86_400))]
    passive: Option<u32>,
}

#[derive(Debug, clap::Args)]
struct Called {
    /// The plugin's program as the other system is to call it; else this one
    #[arg(long, value_name = "PATH")]
    program: Option<PathBuf>,
}

pub async fn run(args: Args, context: &Context) -> Result<Exit, CliError> {
    let Args { out, force, to } = args;
    let (files, exit) = match to {
        To::Nagios(Nagios { called, passive }) => {
            live(ExportTo::Nagios { passive }, called, context).await?
        }
        To::Icinga2(called) => live(ExportTo::Icinga2, called, context).await?,
        To::PrometheusSnmpExporter(Exporter { format }) => {
            let format = match format {
                Since::V0_21 => ExporterFormat::ModuleAuth,
                Since::V0_23 => ExporterFormat::Auths,
            };
            (prometheus(context.mib()?, format), Exit::Done)
        }
        To::Snmptt => (snmptt(context.mib()?), Exit::Done),
    };
    write(&files, &out, force)?;
    Ok(exit)
}

async fn live(
    to: ExportTo,
    called: Called,
    context: &Context,
) -> Result<(Vec<ExportFile>, Exit), CliError> {
    let program =
        called.program.map_or_else(std::env::current_exe, Ok).map_err(CliError::System)?;
    let config = std::path::absolute(context.config()).map_err(CliError::System)?;
    let plugin =
        Plugin { program: program.display().to_string(), config: config.display().to_string() };
    let inventory = context.inventory()?;
    let (files, state) = ops::export(context.client()?, &inventory, to, &plugin).await;
    for node in state.faults() {
        let error = node.error.as_deref().unwrap_or_default();
        eprintln!("lcms-manager: {}: {error}; what it would tell of is missing", node.name);
    }
    // Files of an hour ago are better than files of a cluster nobody told of.
    if state.is_dark() {
        eprintln!("lcms-manager: nobody answered, and nothing is written");
        return Ok((Vec::new(), Exit::Failed));
    }
    let exit = if state.faults().next().is_some() { Exit::Partial } else { Exit::Done };
    Ok((files, exit))
}

/// All files, or none where one is there already.
fn write(files: &[ExportFile], out: &Path, force: bool) -> Result<(), CliError> {
    if out == Path::new("-") {
        for file in files {
            text(&file.text)?;
        }
        return Ok(());
    }
    let failed = |path: &Path, source| CliError::Write { path: path.display().to_string(), source };
    fs::create_dir_all(out).map_err(|error| failed(out, error))?;
    if !force && let Some(there) = files.iter().map(|f| out.join(f.name)).find(|p| p.exists()) {
        return Err(CliError::Exists(there.display().to_string()));
    }
    for file in files {
        let path = out.join(file.name);
        // Another's file that came in the meantime is not written over either.
        let mut options = OpenOptions::new();
        options.write(true).create(force).truncate(force).create_new(!force);
        let mut to = options.open(&path).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => CliError::Exists(path.display().to_string()),
            _ => failed(&path, error),
        })?;
        to.write_all(file.text.as_bytes()).map_err(|error| failed(&path, error))?;
        text(&format!("{}\n", path.display()))?;
    }
    Ok(())
}
