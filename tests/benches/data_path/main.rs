//! The director's data path beside HAProxy, nginx and no proxy at all.
//!
//! ```sh
//! cargo bench -p lcms-tests --bench data_path            # all of it, as root
//! cargo bench -p lcms-tests --bench data_path -- --help
//! ```
//!
//! Client, director and servers live in network namespaces of their own,
//! joined by veth pairs. In each round every contender is started afresh and
//! measured for each figure, one right after the other, so that what the
//! machine does meanwhile strikes them alike; a result is the median over the
//! rounds of the ratio within a round.
//!
//! Load generator and servers are this very program, entered by a hidden
//! subcommand. They are single loops over epoll without allocation in their
//! paths, check every reply, and with a director of one thread have a processor
//! to themselves: the director has processor 0, everybody else processor 1.
//! With two threads all share both.
//!
//! The CPU time of a director is what the scheduler booked on its threads in
//! exactly the measured window, kernel work in its system calls included.
//! Softirqs are booked on whoever they interrupt; on veth that is the sender,
//! for all contenders alike.

mod contender;
mod failure;
mod figure;
mod load;
mod metric;
mod network;
mod options;
mod party;
mod process;
mod report;
mod rounds;
mod server;
mod spread;
mod verdict;
mod wire;

use std::process::ExitCode;

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

use self::failure::Failure;
use self::options::{Action, Options};

fn main() -> ExitCode {
    let options = Options::parse();
    let done = match &options.action {
        Some(Action::Enter(enter)) => Err(party::enter(enter)),
        Some(Action::Serve) => server::serve(),
        Some(Action::Load(load)) => load::run(load),
        None => bench(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("data_path: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the benchmark until it is done or told to end. Whatever happens, what
/// was set up goes with the future that owns it.
fn bench(options: &Options) -> Result<(), Failure> {
    if !rustix::process::geteuid().is_root() {
        eprintln!("data_path: steps aside: network namespaces need root");
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::doing("starting"))?;
    runtime.block_on(async {
        let listen = |kind| signal(kind).map_err(Failure::doing("listening for signals"));
        let mut interrupt = listen(SignalKind::interrupt())?;
        let mut terminate = listen(SignalKind::terminate())?;
        tokio::select! {
            result = rounds::run(options) => report::print(&result?, options),
            _ = interrupt.recv() => Err(Failure::Interrupted),
            _ = terminate.recv() => Err(Failure::Interrupted),
        }
    })
}
