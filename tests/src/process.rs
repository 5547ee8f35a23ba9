//! Child processes that never outlive their test.

use std::{
    io::{BufRead, BufReader, Read},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

/// A running program whose output is collected line by line.
pub struct Process {
    child: Child,
    output: Arc<Mutex<String>>,
    name: String,
}

impl Process {
    /// Starts a program with both outputs read into one log.
    #[track_caller]
    pub fn start(command: &mut Command) -> Self {
        let name = command.get_program().to_string_lossy().into_owned();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        let output = Arc::new(Mutex::new(String::new()));
        for stream in [
            child.stdout.take().map(|s| Box::new(s) as Box<dyn Read + Send>),
            child.stderr.take().map(|s| Box::new(s) as Box<dyn Read + Send>),
        ] {
            let stream = stream.expect("was piped");
            let output = output.clone();
            thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    let mut output = output.lock().expect("no reader panics");
                    output.push_str(&line);
                    output.push('\n');
                }
            });
        }
        Self { child, output, name }
    }

    /// A child that somebody else has started, and whose output is nobody's concern.
    pub fn of(child: Child) -> Self {
        let name = format!("process {}", child.id());
        Self { child, output: Arc::default(), name }
    }

    /// All it has said.
    pub fn output(&self) -> String {
        self.output.lock().expect("no reader panics").clone()
    }

    /// The rest of the first line that contains `mark`, once there is one.
    #[track_caller]
    pub fn says(&mut self, mark: &str) -> String {
        let start = Instant::now();
        loop {
            let output = self.output();
            // Only whole lines count: the rest of one may still be on its way.
            let found = output.lines().find_map(|line| line.split_once(mark));
            if let Some((_, rest)) = found {
                return rest.trim().to_owned();
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                panic!("{} ended with {status}: {output}", self.name);
            }
            if start.elapsed() > Duration::from_secs(20) {
                panic!("{} does not say {mark:?}: {output}", self.name);
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        if let Some(pid) = Pid::from_raw(self.child.id().cast_signed()) {
            // It may have ended by itself.
            let _ = kill_process(pid, signal);
        }
    }

    /// Asks it to end and waits; the exit code, or `None` after a signal.
    #[track_caller]
    pub fn end(&mut self, signal: Signal) -> Option<i32> {
        self.signal(signal);
        self.wait(Duration::from_secs(10))
    }

    /// Waits for it to end by itself.
    #[track_caller]
    pub fn wait(&mut self, limit: Duration) -> Option<i32> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                return status.code();
            }
            if start.elapsed() > limit {
                panic!("{} still runs after {limit:?}: {}", self.name, self.output());
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A binary of the workspace, beside the test that runs.
#[track_caller]
pub fn binary(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    // target/debug/deps/scenario-… → target/debug/NAME
    let path = test.parent().and_then(|deps| deps.parent()).expect("deps").join(name);
    assert!(path.exists(), "{} is not built: run `cargo build --workspace --bins`", path.display());
    path
}
