//! `lcms-agent`: the SNMP agent of a load cluster node.

use std::{
    io::{self, IsTerminal},
    process::ExitCode,
};

use clap::Parser;
use lcms_agent::{cli::Cli, config::Config, run};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;

/// The command line or the configuration is wrong.
const USAGE: u8 = 2;

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
            eprint!("{}", error.render(io::stderr().is_terminal()));
            return ExitCode::from(USAGE);
        }
    };
    if cli.check {
        println!("{}: right", cli.config.display());
        return ExitCode::SUCCESS;
    }
    log(cli.log.into());
    match run::run(config, cli.takeover) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

fn failed(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("lcms-agent: {error}");
    ExitCode::FAILURE
}

/// Says what happens on standard error: as much as `--log` asks for, or what
/// `RUST_LOG` says in its finer words.
fn log(level: LevelFilter) {
    let filter = EnvFilter::builder().with_default_directive(level.into()).from_env_lossy();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(false)
        .init();
}
