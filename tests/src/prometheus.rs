//! Prometheus on loopback, and its `promtool`.

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{agent::free_port, eventually, http::get, in_ci, process::Process};

/// Whether the peers are there; where they are not, the scenario steps aside.
#[must_use]
pub fn installed() -> bool {
    let missing = ["prometheus", "promtool"]
        .into_iter()
        .find(|peer| Command::new(peer).arg("--version").output().is_err());
    if let Some(peer) = missing {
        assert!(!in_ci(), "{peer} is missing");
        eprintln!("{peer} is missing: stepping aside");
    }
    missing.is_none()
}

/// `promtool ARGS` with this on standard input: whether it is content, and what it
/// said.
#[track_caller]
pub fn promtool(folder: &Path, args: &[&str], input: &str) -> (bool, String) {
    let mut command = Command::new("promtool");
    command.args(args).current_dir(folder).stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    let mut stdin = child.stdin.take().expect("it is piped");
    stdin.write_all(input.as_bytes()).expect("promtool reads");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

/// A running Prometheus.
pub struct Prometheus {
    _process: Process,
    _folder: TempDir,
    port: u16,
}

impl Prometheus {
    /// Starts one with this configuration, in which files are relative to `beside`.
    #[track_caller]
    pub fn start(config: &str, beside: &Path) -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        for file in fs::read_dir(beside).expect("a folder").flatten() {
            fs::copy(file.path(), folder.path().join(file.file_name())).expect("a file");
        }
        fs::write(folder.path().join("prometheus.yml"), config).expect("the folder is ours");
        let port = free_port();
        let mut process = Process::start(
            Command::new("prometheus")
                .arg("--config.file=prometheus.yml")
                .arg("--storage.tsdb.path=data")
                .arg(format!("--web.listen-address=127.0.0.1:{port}"))
                .current_dir(folder.path()),
        );
        process.says("Server is ready to receive web requests");
        Self { _process: process, _folder: folder, port }
    }

    /// The result of a query.
    pub fn query(&self, query: &str) -> Result<Vec<Value>, String> {
        let query: String = query.bytes().map(|octet| format!("%{octet:02X}")).collect();
        let body = get(self.port, &format!("/api/v1/query?query={query}"))?;
        let answer: Value = serde_json::from_str(&body).map_err(|error| error.to_string())?;
        answer["data"]["result"].as_array().cloned().ok_or(body)
    }

    /// Waits until a query has exactly one series, and returns its value.
    #[track_caller]
    pub fn value(&self, query: &str) -> f64 {
        eventually(query, Duration::from_secs(30), || match self.query(query)?.as_slice() {
            [one] => one["value"][1].as_str().and_then(|n| n.parse().ok()).ok_or(one.to_string()),
            other => Err(format!("{other:?}")),
        })
    }

    /// Waits until this alert fires.
    #[track_caller]
    pub fn fires(&self, alert: &str) {
        let query = format!("ALERTS{{alertname=\"{alert}\",alertstate=\"firing\"}}");
        eventually(alert, Duration::from_secs(30), || match self.query(&query)?.len() {
            0 => Err(format!("{:?}", self.query("ALERTS"))),
            _ => Ok(()),
        });
    }
}
