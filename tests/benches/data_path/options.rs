//! The command line.

use std::{path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand};

use crate::{contender::Peer, figure::Figure};

/// See [`Options::slice`].
const SLICE: Duration = Duration::from_millis(250);

/// Measures the director's data path beside HAProxy, nginx and no proxy at all
#[derive(Parser)]
#[command(name = "data_path")]
pub struct Options {
    /// Figures to measure
    #[arg(long, value_delimiter = ',', default_values_t = Figure::ALL)]
    pub only: Vec<Figure>,
    /// Who takes part
    #[arg(long, value_delimiter = ',', default_values_t = Peer::ALL)]
    pub peers: Vec<Peer>,
    /// Threads of a director
    #[arg(long, value_delimiter = ',', default_values_t = [1, 2],
          value_parser = clap::value_parser!(u8).range(1..=2))]
    pub threads: Vec<u8>,
    /// How often everything is started afresh and measured [default: 5, or 1
    /// with --quick]
    #[arg(long, value_name = "N")]
    rounds: Option<usize>,
    /// Seconds that a contender is measured in a round, for each figure
    /// [default: 2, or 1 with --quick]
    #[arg(long, value_name = "S")]
    seconds: Option<f64>,
    /// A glance within 90 seconds instead of a result
    #[arg(long)]
    quick: bool,
    /// Writes everything measured as JSON; `-` is standard output, instead of
    /// the tables
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// The lcms-agent to measure [default: it is built, in release mode]
    #[arg(long, value_name = "PATH")]
    pub agent: Option<PathBuf>,
    /// What cargo calls every benchmark with
    #[arg(long, hide = true)]
    bench: bool,
    #[command(subcommand)]
    pub action: Option<Action>,
}

impl Options {
    pub fn rounds(&self) -> usize {
        self.rounds.unwrap_or(if self.quick { 1 } else { 5 }).max(1)
    }

    /// What a contender is measured for at a time before it is the next one's
    /// turn: shorter than most of what disturbs a machine.
    pub fn slice(&self) -> Duration {
        SLICE.min(self.window())
    }

    /// How many of them are in a round.
    pub fn slices(&self, figure: Figure) -> usize {
        match figure {
            Figure::Memory => 1,
            _ => self.window().div_duration_f64(self.slice()).round() as usize,
        }
    }

    fn window(&self) -> Duration {
        let seconds = self.seconds.unwrap_or(if self.quick { 1.0 } else { 2.0 });
        Duration::from_secs_f64(seconds.clamp(0.1, 60.0))
    }
}

/// What this program does as a party of its own benchmark.
#[derive(Subcommand)]
#[command(hide = true)]
pub enum Action {
    /// Becomes another program, in a namespace and on processors of its own
    Enter(Enter),
    /// Is the servers
    Serve,
    /// Is the clients
    Load(Load),
}

#[derive(Args)]
pub struct Enter {
    #[arg(long)]
    pub namespace: String,
    #[arg(long, value_delimiter = ',')]
    pub cpus: Vec<usize>,
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    pub program: Vec<String>,
}

#[derive(Args)]
pub struct Load {
    pub figure: Figure,
    /// Where to connect to
    pub target: std::net::SocketAddrV4,
    #[arg(long)]
    pub seconds: f64,
    /// Process whose CPU time and memory are measured, with those below it
    #[arg(long)]
    pub watch: Option<u32>,
}
