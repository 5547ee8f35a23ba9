//! `lcms-agent`: the SNMP agent of a load cluster node.

use std::{
    env,
    io::{self, IsTerminal},
    process::ExitCode,
    time::Duration,
};

use clap::Parser;
use lcms_agent::{cli::Cli, config::Config, run};
use lcms_lines::Lines;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{
    Layer as _, filter::Targets, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

/// The command line or the configuration is wrong.
const USAGE: u8 = 2;

/// So many lines of the log wait for whoever reads it.
const WAITING_LINES: usize = 256;

/// How long somebody is waited for who reads it.
const READING: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Some(command) = cli.command {
        return match command.print(&mut io::stdout()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => failed(&error),
        };
    }
    let config = match Config::load(&cli.config) {
        Ok(config) => config,
        Err(error) => {
            eprintln!("{}", error.render(io::stderr().is_terminal()));
            return ExitCode::from(USAGE);
        }
    };
    if cli.check {
        println!("{}: right", cli.config.display());
        if let Some(hint) = config.hint() {
            eprintln!("  hint: {hint}");
        }
        return ExitCode::SUCCESS;
    }
    let gap = |count| format!("lcms-agent: {count} lines are left out: nobody read them\n");
    let lines = match Lines::start(WAITING_LINES, io::stderr(), gap) {
        Ok(lines) => lines,
        Err(error) => return failed(&error),
    };
    log(cli.log.into(), lines.clone());
    if let Some(hint) = config.hint() {
        tracing::warn!("{hint}");
    }
    let flush = || lines.flush(READING);
    let done = run::run(config, cli.takeover, &flush);
    flush();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

fn failed(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("lcms-agent: {error}");
    ExitCode::FAILURE
}

/// Says what happens on standard error, for which nobody waits: as much as `--log` asks for, and other
/// levels for what `RUST_LOG` names, `lcms_agent::agentx=debug`. Names and levels
/// are all it takes: patterns would bring a matcher of regular expressions with
/// them, which is a fifth of a program that stays in memory.
fn log(level: LevelFilter, lines: Lines) {
    let asked = env::var("RUST_LOG").unwrap_or_default();
    // No words at all would be read as "errors alone".
    let filter = match asked.is_empty() {
        true => Targets::new(),
        false => asked.parse().unwrap_or_else(|error| {
            eprintln!("lcms-agent: RUST_LOG is not used: {error}; right is lcms_agent=debug,warn");
            Targets::new()
        }),
    };
    let filter = match filter.default_level() {
        Some(_) => filter,
        None => filter.with_default(level),
    };
    let lines = fmt::layer().with_writer(lines).with_ansi(false);
    tracing_subscriber::registry().with(lines.with_filter(filter)).init();
}
