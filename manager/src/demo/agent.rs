//! The agent of a node, as a process of its own.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use std::{env, fs, io};

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// The agent's program, beside the manager's own.
const PROGRAM: &str = "lcms-agent";

/// What an agent prints once it can be asked.
const LISTENING: &str = "lcms-agent: listening on udp:";

/// How long an agent may take to start, and to stop.
const PATIENCE: Duration = Duration::from_secs(10);

/// Lines of an agent's log shown when it did not start.
const SHOWN: usize = 8;

/// Why an agent does not run.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// Its program is not there.
    #[error("{} is not there", .0.display())]
    NoProgram(PathBuf),
    /// The system refused.
    #[error("{node}: {source}")]
    System {
        /// The node.
        node: String,
        /// What the system says.
        source: io::Error,
    },
    /// It ended, or is still not ready.
    #[error("the agent of {node} does not start:\n{log}")]
    NotReady {
        /// The node.
        node: String,
        /// The end of its log.
        log: String,
    },
}

/// An agent that runs. Dropping it kills it.
#[derive(Debug)]
pub struct Agent {
    child: Child,
}

impl Agent {
    /// Starts a node's agent and waits until it can be asked.
    pub async fn start(node: &str, config: &Path) -> Result<Self, AgentError> {
        let failed = |source| AgentError::System { node: node.to_owned(), source };
        let program = program().map_err(failed)?;
        if !program.exists() {
            return Err(AgentError::NoProgram(program));
        }
        let log = config.with_extension("log");
        let mut child = Command::new(program)
            .arg("--config")
            .arg(config)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).map_err(failed)?)
            // Ctrl-C is for the demo, which then stops its agents in order.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let ready = match child.stdout.take() {
            Some(stdout) => tokio::time::timeout(PATIENCE, is_ready(stdout)).await.ok(),
            None => None,
        };
        match ready {
            Some(true) => Ok(Self { child }),
            _ => Err(AgentError::NotReady { node: node.to_owned(), log: end_of(&log) }),
        }
    }

    /// Kills it as a power cut would.
    pub async fn kill(mut self) {
        // It is gone then, whatever the answer.
        let _ = self.child.kill().await;
    }

    /// Asks it to stop, and says whether it did so cleanly.
    pub async fn stop(mut self) -> bool {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let asked = id.is_some_and(|id| kill_process(id, Signal::TERM).is_ok());
        let ended = match asked {
            true => tokio::time::timeout(PATIENCE, self.child.wait()).await.ok(),
            false => None,
        };
        match ended {
            Some(status) => status.is_ok_and(|status| status.success()),
            None => {
                self.kill().await;
                false
            }
        }
    }
}

async fn is_ready(stdout: impl tokio::io::AsyncRead + Unpin + Send + 'static) -> bool {
    let mut lines = BufReader::new(stdout).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if line.starts_with(LISTENING) {
            // What it prints later must not meet a closed pipe.
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return true;
        }
    }
    false
}

fn program() -> io::Result<PathBuf> {
    Ok(env::current_exe()?.with_file_name(PROGRAM))
}

fn end_of(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let shown = lines.get(lines.len().saturating_sub(SHOWN)..).unwrap_or_default();
    match shown.is_empty() {
        true => "it says nothing".to_owned(),
        false => shown.join("\n"),
    }
}
