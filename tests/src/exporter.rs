//! Prometheus' snmp_exporter on loopback.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use crate::{agent::free_port, eventually, in_ci, process::Process, root};

const EXPORTER: &str = "prometheus-snmp-exporter";

/// One whose configuration has its credentials apart from its modules, as all have from
/// 0.23 on; `tests/newer-exporter` brings it where the installed one is older. `None`
/// where there is none.
#[track_caller]
fn newer() -> Option<PathBuf> {
    let brought = root().join("target/peers").join(EXPORTER);
    let newer = [brought, EXPORTER.into()].into_iter().find(|program| {
        let said = Command::new(program).arg("--version").output();
        let said = said.map(|said| [said.stdout, said.stderr].concat()).unwrap_or_default();
        let said = String::from_utf8_lossy(&said).into_owned();
        let version = said.split_once("version 0.").and_then(|(_, rest)| rest.split('.').next());
        version.and_then(|minor| minor.parse().ok()).is_some_and(|minor: u32| minor >= 23)
    });
    if newer.is_none() {
        assert!(!in_ci(), "{EXPORTER} from 0.23 on is missing");
        eprintln!("{EXPORTER} from 0.23 on is missing: stepping aside");
    }
    newer
}

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
        Some(Self::run(EXPORTER.as_ref(), folder))
    }

    /// The same with one from 0.23 on.
    #[track_caller]
    pub fn start_newer(folder: &Path) -> Option<Self> {
        Some(Self::run(&newer()?, folder))
    }

    #[track_caller]
    fn run(program: &Path, folder: &Path) -> Self {
        let port = free_port();
        let mut process = Process::start(
            Command::new(program)
                .arg(format!("--web.listen-address=127.0.0.1:{port}"))
                .arg("--config.file=snmp.yml")
                .current_dir(folder),
        );
        process.says("Listening on");
        Self { _process: process, port }
    }

    /// Its port of 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
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
