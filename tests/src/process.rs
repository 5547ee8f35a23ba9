//! Child processes that never outlive their test.

use std::{
    io::{self, BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

/// A running program whose output is collected line by line.
pub struct Process {
    child: Child,
    output: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
    name: String,
}

impl Process {
    /// Starts a program with both outputs read into one log. They share one pipe,
    /// so what it said before a line is there as soon as that line is.
    #[track_caller]
    pub fn start(command: &mut Command) -> Self {
        let name = command.get_program().to_string_lossy().into_owned();
        let (stream, both) = io::pipe().expect("a pipe");
        command.stdin(Stdio::null()).stdout(both.try_clone().expect("its end")).stderr(both);
        let child =
            command.spawn().unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        // The command would keep our copies of the pipe's end open.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let output = Arc::new(Mutex::new(String::new()));
        let log = output.clone();
        let reader = thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                let mut log = log.lock().expect("no reader panics");
                log.push_str(&line);
                log.push('\n');
            }
        });
        Self { child, output, reader: Some(reader), name }
    }

    /// A child that somebody else has started, and whose output is nobody's concern.
    pub fn of(child: Child) -> Self {
        let name = format!("process {}", child.id());
        Self { child, output: Arc::default(), reader: None, name }
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

    /// Waits for it to end by itself, and for its last words; the exit code.
    #[track_caller]
    pub fn wait(&mut self, limit: Duration) -> Option<i32> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                self.hear_out();
                return status.code();
            }
            if start.elapsed() > limit {
                panic!("{} still runs after {limit:?}: {}", self.name, self.output());
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until all it has said has been read, once it has ended.
    fn hear_out(&mut self) {
        let ended = Instant::now();
        while let Some(reader) = &self.reader
            && !reader.is_finished()
            // A child of its own may hold the pipe for as long as it likes.
            && ended.elapsed() < Duration::from_secs(2)
        {
            thread::sleep(Duration::from_millis(1));
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
