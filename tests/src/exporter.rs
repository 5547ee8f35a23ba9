//! Prometheus' snmp_exporter on loopback.

use std::{net::SocketAddr, path::Path, process::Command, time::Duration};

use crate::{agent::free_port, eventually, in_ci, process::Process};

const EXPORTER: &str = "prometheus-snmp-exporter";

/// A running exporter.
pub struct Exporter {
    _process: Process,
    port: u16,
}

impl Exporter {
    /// Starts one with the `snmp.yml` of a folder; `None` where it, or curl, is not
    /// installed.
    #[track_caller]
    pub fn start(folder: &Path) -> Option<Self> {
        for peer in [EXPORTER, "curl"] {
            if Command::new(peer).arg("--version").output().is_err() {
                assert!(!in_ci(), "{peer} is missing");
                eprintln!("{peer} is missing: stepping aside");
                return None;
            }
        }
        let port = free_port();
        let mut process = Process::start(
            Command::new(EXPORTER)
                .arg(format!("--web.listen-address=127.0.0.1:{port}"))
                .arg("--config.file=snmp.yml")
                .current_dir(folder),
        );
        process.says("Listening on");
        Some(Self { _process: process, port })
    }

    /// Waits until a scrape of an agent has all these lines.
    #[track_caller]
    pub fn scrapes(&self, agent: SocketAddr, module: &str, wanted: &[String]) {
        let url = format!("http://127.0.0.1:{}/snmp?target={agent}&module={module}", self.port);
        eventually(module, Duration::from_secs(20), || {
            let output = Command::new("curl").args(["-s", "-m", "10", &url]).output();
            let output = output.expect("curl runs");
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let has = |line: &&String| text.lines().any(|other| other == line.as_str());
            match wanted.iter().find(|line| !has(line)) {
                None => Ok(()),
                Some(line) => Err(format!("no `{line}` in {text}")),
            }
        });
    }
}
