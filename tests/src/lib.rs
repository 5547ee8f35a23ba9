//! Parties of the scenarios: the two binaries, real peers, backends, clients.
//!
//! Each party is a file with one type that starts it on loopback, on a port the
//! kernel chose, and ends it when dropped. The scenarios in `tests/` read as
//! stories told with these. [`entrances`] alone needs no process: it leads
//! foreign bytes into the code itself.

#![allow(clippy::panic, reason = "a party that cannot do its part fails the scenario")]

pub mod agent;
pub mod backend;
pub mod certificate;
pub mod client;
pub mod computer;
pub mod dnsmasq;
pub mod entrances;
pub mod events;
pub mod exporter;
pub mod fleet;
pub mod flood;
pub mod haproxy;
pub mod http;
pub mod jobs;
pub mod load;
pub mod manager;
pub mod nagios;
pub mod net_snmp;
pub mod netns;
pub mod nginx;
pub mod notifier;
pub mod postfix;
pub mod process;
pub mod prometheus;
pub mod receiver;
pub mod serve;
pub mod snmpd;
pub mod snmptrapd;
pub mod takeover;
pub mod tls;

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

/// The root of the workspace.
pub fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("the crate lies in the workspace").to_path_buf()
}

/// Whether a peer that is missing is a failure rather than a reason to step
/// aside.
pub fn in_ci() -> bool {
    std::env::var("CI").is_ok_and(|ci| ci == "true")
}

/// Waits for `done` to give a value; the state is asked again and again, and
/// what it last was is in the message when `limit` has passed.
#[track_caller]
pub fn eventually<T>(
    what: &str,
    limit: Duration,
    mut done: impl FnMut() -> Result<T, String>,
) -> T {
    let start = Instant::now();
    loop {
        match done() {
            Ok(value) => return value,
            Err(state) if start.elapsed() > limit => {
                panic!("{what}: not within {limit:?}; last seen: {state}")
            }
            // A pause between two looks; what is waited for is the state.
            Err(_) => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}
