//! The command line.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::{CommandFactory as _, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use tracing::level_filters::LevelFilter;

use crate::config::DEFAULT_PATH;

/// SNMP agent of a load cluster node
///
/// Measures its host and shows the figures in LOAD-CLUSTER-MIB; on a director
/// it also spreads the connections of the cluster's services and lets a manager
/// set their weights.
#[derive(Clone, Debug, Parser, PartialEq, Eq)]
#[command(
    name = "lcms-agent",
    version,
    args_conflicts_with_subcommands = true,
    after_help = SHORT_HELP,
    after_long_help = LONG_HELP
)]
pub struct Cli {
    /// Configuration file
    #[arg(long, value_name = "FILE", default_value = DEFAULT_PATH)]
    pub config: PathBuf,

    /// Check the configuration and the secrets it names, and start nothing
    #[arg(long)]
    pub check: bool,

    /// Take the place of the agent that runs with this configuration
    ///
    /// It hands over its listeners and its state, accepts no more, and ends with
    /// the last of its connections. Clients notice nothing.
    #[arg(long, conflicts_with = "check")]
    pub takeover: bool,

    /// How much to say on standard error
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    pub log: LogLevel,

    /// Something to print instead of running an agent.
    #[command(subcommand)]
    pub command: Option<Command>,
}

// A macro, for `concat!` takes literals alone.
macro_rules! examples {
    () => {
        "\
Examples:
  lcms-agent                                  run with /etc/lcms/agent.toml
  lcms-agent --config node.toml --check       is this file right?
  lcms-agent --config node.toml --log debug   run, and say more
  lcms-agent completions bash > /etc/bash_completion.d/lcms-agent"
    };
}

const SHORT_HELP: &str = examples!();

const LONG_HELP: &str = concat!(
    examples!(),
    "

The shortest configuration is a name and a community to read with. The
community stands in a file of its own that only its owner can read:
  name = \"web1\"
  [[community]]
  name = \"monitoring\"
  file = \"monitoring.community\"

Exit status: 0 ended as asked, or the configuration is right; 1 failed; 2 the
command line or the configuration is wrong, and nothing was started."
);

/// What a running agent is told by signals, as the manual page has it.
const SIGNALS: &str = "\
.SH SIGNALS
.TP
SIGHUP
Load the configuration again, without a cut connection. A file that is wrong changes nothing; \
what is wrong with it stands in the log.
.TP
SIGUSR2
Start the program file again, with the same configuration, and hand over to it as \\fB\\-\\-takeover\\fR does.
.TP
SIGTERM, SIGINT
End.
";

/// What to print.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page
    #[command(after_help = "Example:\n  lcms-agent man > /usr/local/share/man/man8/lcms-agent.8")]
    Man,
}

/// Least weight of what is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "the names say it")]
pub enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl From<LogLevel> for LevelFilter {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Error => Self::ERROR,
            LogLevel::Warn => Self::WARN,
            LogLevel::Info => Self::INFO,
            LogLevel::Debug => Self::DEBUG,
            LogLevel::Trace => Self::TRACE,
        }
    }
}

impl Command {
    /// Prints it.
    pub fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let mut cli = Cli::command();
        // The generator of completions panics where it cannot write; a buffer
        // always can.
        let mut text = Vec::new();
        match self {
            Self::Completions { shell } => {
                clap_complete::generate(*shell, &mut cli, "lcms-agent", &mut text);
            }
            Self::Man => {
                clap_mangen::Man::new(cli).section("8").render(&mut text)?;
                text.extend_from_slice(SIGNALS.as_bytes());
            }
        }
        out.write_all(&text)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::error::ErrorKind;

    use super::*;

    fn parse(arguments: &[&str]) -> Result<Cli, ErrorKind> {
        Cli::try_parse_from([&["lcms-agent"], arguments].concat()).map_err(|error| error.kind())
    }

    fn printed(command: Command) -> String {
        let mut out = Vec::new();
        command.print(&mut out).expect("a buffer takes everything");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn without_arguments_the_defaults_hold() {
        let cli = parse(&[]).expect("no argument is needed");
        assert_eq!(cli.config, Path::new("/etc/lcms/agent.toml"));
        assert_eq!((cli.check, cli.log, cli.command), (false, LogLevel::Info, None));
    }

    #[test]
    fn what_an_operator_types() {
        let cli = parse(&["--config", "node.toml", "--check", "--log", "debug"]).expect("right");
        assert_eq!(cli.config, Path::new("node.toml"));
        assert!(cli.check);
        assert_eq!(LevelFilter::from(cli.log), LevelFilter::DEBUG);
        let shell = Shell::Fish;
        let cli = parse(&["completions", "fish"]).expect("right");
        assert_eq!(cli.command, Some(Command::Completions { shell }));
    }

    #[test]
    fn what_is_refused() {
        assert_eq!(parse(&["--confg", "x"]), Err(ErrorKind::UnknownArgument));
        assert_eq!(parse(&["node.toml"]), Err(ErrorKind::InvalidSubcommand));
        assert_eq!(parse(&["--log", "loud"]), Err(ErrorKind::InvalidValue));
        assert_eq!(parse(&["--check", "man"]), Err(ErrorKind::ArgumentConflict));
        assert_eq!(parse(&["--version"]), Err(ErrorKind::DisplayVersion));
    }

    #[test]
    fn help_shows_examples_and_the_whole_story_when_asked() {
        let short = Cli::command().render_help().to_string();
        let long = Cli::command().render_long_help().to_string();
        for help in [&short, &long] {
            assert!(help.contains("lcms-agent --config node.toml --check"), "{help}");
        }
        assert!(long.contains("Exit status: 0"), "{long}");
    }

    #[test]
    fn a_manual_page_and_a_completion_for_each_shell() {
        let page = printed(Command::Man);
        assert!(page.contains(".SH SYNOPSIS"));
        let (_, signals) = page.split_once(".SH SIGNALS").expect("what signals do");
        for signal in ["SIGHUP", "SIGUSR2", "SIGTERM"] {
            assert!(signals.contains(&format!(".TP\n{signal}")), "{signals}");
        }
        for shell in Shell::value_variants() {
            assert!(printed(Command::Completions { shell: *shell }).contains("config"), "{shell}");
        }
    }
}
