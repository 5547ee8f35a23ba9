//! freest beside HAProxy's `leastconn`, on emulated computers.
//!
//! ```sh
//! cargo build --release -p lcms-agent -p lcms-manager
//! cargo bench -p lcms-tests --bench load_awareness              # twelve minutes
//! cargo bench -p lcms-tests --bench load_awareness -- --scenario unequal
//! ```
//!
//! The directors are real: lcms-agent with its controller, which polls real
//! agents, and HAProxy. So are the connections, one a job. Only the computers
//! are emulated: each shares a stated capacity among its jobs, and nobody's
//! work burns this machine's processors, so every contender has computers of
//! its own and all contenders and rounds run at the same time. The jobs of a
//! round are the same for all its contenders; a ratio is that within a round.
//!
//! How late jobs were sent and answers given, and how busy this machine was, is
//! printed beside: where these are not small, nothing else is worth much.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a party that cannot do its part ends it")]

mod at_once;
mod contender;
mod load;
mod report;
mod scenario;

use std::{path::PathBuf, time::Duration};

use clap::Parser;

use self::scenario::Which;

/// What to play.
#[derive(Parser)]
pub struct Options {
    /// Scenarios
    #[arg(long, value_delimiter = ',', default_values_t = Which::ALL)]
    scenario: Vec<Which>,
    /// Seconds in which jobs come
    #[arg(long, default_value_t = 75.0)]
    seconds: f64,
    /// Mean length of a job on a processor of speed 1, in milliseconds
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..))]
    mean: u64,
    /// Rounds, at the same time, each with other jobs
    #[arg(long, default_value_t = 3)]
    rounds: u64,
    /// The first round's seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Writes all results to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

impl Options {
    fn mean(&self) -> Duration {
        Duration::from_millis(self.mean)
    }
}

fn main() {
    let options = Options::parse();
    let mut results = Vec::new();
    for which in &options.scenario {
        let result = match which.scenario() {
            Some(scenario) => load::play(*which, &scenario, &options),
            None => at_once::play(*which, &options),
        };
        report::print(&result);
        results.push(result);
    }
    if let Some(path) = &options.json {
        let text = serde_json::to_string(&results).expect("plain numbers");
        std::fs::write(path, text).expect("the file can be written");
    }
}
