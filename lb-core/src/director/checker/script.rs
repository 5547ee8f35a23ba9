//! Checks by a program of the operator's.
//!
//! The program is run directly, without a shell, as the user the agent is, in a
//! process group of its own and with an environment that holds nothing but
//! whom to check. When it ends or its time is over, the whole group is killed,
//! so that a check leaves nothing behind. Each running program has a thread
//! that waits for it, and there are few of them; more wait in a queue.

use std::collections::{HashMap, VecDeque};
use std::io::{self, Read};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};

use super::{Order, Post};
use crate::driver::socket;
use crate::model::ServerId;
use crate::probe::Quoted;

/// Programs that run at a time.
const MOST: usize = 16;

/// Octets of output that are kept: a line for people is shorter.
const KEPT: usize = 1 << 10;

/// Octets of output that are read. A program that says more loses its reader.
const READ: usize = 1 << 20;

/// What came of a run; `None` if it says nothing about the server.
pub(super) type Ran = Option<Result<String, String>>;

/// A program to run.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) token: u64,
    pub(super) server: ServerId,
    pub(super) address: SocketAddr,
    pub(super) command: Vec<String>,
    pub(super) timeout: Duration,
}

/// The programs that run, and those that wait.
pub(super) struct Scripts {
    post: Post,
    stop: Arc<OwnedFd>,
    running: HashMap<u64, JoinHandle<()>>,
    waiting: VecDeque<Job>,
}

impl Scripts {
    pub(super) fn new(post: Post) -> io::Result<Self> {
        let stop = Arc::new(eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?);
        Ok(Self { post, stop, running: HashMap::new(), waiting: VecDeque::new() })
    }

    /// Runs it, at once or after others. The outcome comes by post.
    pub(super) fn run(&mut self, job: Job) {
        self.waiting.push_back(job);
        self.fill();
    }

    /// One has ended.
    pub(super) fn ended(&mut self, token: u64) {
        if let Some(thread) = self.running.remove(&token) {
            let _ = thread.join();
        }
        self.fill();
    }

    /// Nobody waits for this one any more. If it runs already it goes on up to
    /// its own end.
    pub(super) fn forget(&mut self, token: u64) {
        self.waiting.retain(|job| job.token != token);
    }

    fn fill(&mut self) {
        while self.running.len() < MOST
            && let Some(job) = self.waiting.pop_front()
        {
            let (token, post, stop) = (job.token, self.post.clone(), self.stop.clone());
            let run = move || post.send(Order::Ran(token, run(&job, &stop)));
            match thread::Builder::new().name("check-script".into()).spawn(run) {
                Ok(thread) => drop(self.running.insert(token, thread)),
                Err(error) => {
                    tracing::warn!(%error, "cannot run a script");
                    self.post.send(Order::Ran(token, None));
                    return;
                }
            }
        }
    }
}

impl Drop for Scripts {
    fn drop(&mut self) {
        // It stays readable, so that all of them see it.
        let _ = rustix::io::write(&*self.stop, &1u64.to_ne_bytes());
        for (_, thread) in self.running.drain() {
            let _ = thread.join();
        }
    }
}

/// Runs a program to its end, or to that of its time.
fn run(job: &Job, stop: &OwnedFd) -> Ran {
    let (program, arguments) = job.command.split_first()?;
    let ServerId { cluster, service, server } = &job.server;
    let spawned = Command::new(program)
        .args(arguments)
        .env_clear()
        .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        .env("LCMS_CLUSTER", cluster.to_string())
        .env("LCMS_SERVICE", service.to_string())
        .env("LCMS_SERVER", server.to_string())
        .env("LCMS_SERVER_ADDRESS", job.address.ip().to_string())
        .env("LCMS_SERVER_PORT", job.address.port().to_string())
        .env("LCMS_CHECK_TIMEOUT", job.timeout.as_millis().to_string())
        .current_dir("/")
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    match spawned {
        Ok(child) => Running::new(child, job.timeout).finish(stop),
        Err(error) => {
            let errno = Errno::from_io_error(&error);
            if errno.is_some_and(|errno| errno == Errno::AGAIN || socket::is_local(errno)) {
                tracing::warn!(server = %job.server, %error, "cannot run a script");
                return None;
            }
            Some(Err(format!("script: cannot run {program}: {error}")))
        }
    }
}

struct Running {
    child: Child,
    output: Option<ChildStdout>,
    /// The beginning of what it said.
    said: Vec<u8>,
    read: usize,
    timeout: Duration,
    deadline: Instant,
}

impl Running {
    fn new(mut child: Child, timeout: Duration) -> Self {
        let output = child.stdout.take();
        let deadline = Instant::now() + timeout;
        Self { child, output, said: Vec::new(), read: 0, timeout, deadline }
    }

    fn finish(mut self, stop: &OwnedFd) -> Ran {
        let ended = self.wait(stop);
        // Before the program is waited for, its number cannot be another's.
        if let Some(group) = Pid::from_raw(self.child.id().cast_signed()) {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let status = self.child.wait();
        match (ended, status) {
            (Ok(true), Ok(status)) => {
                let line = self.first_line();
                let said = |what: String| match line.is_empty() {
                    true => what,
                    false => format!("{what}: {line}"),
                };
                Some(match (status.code(), status.signal()) {
                    (Some(0), _) if line.is_empty() => Ok("script: exit code 0".to_owned()),
                    (Some(0), _) => Ok(format!("script: {line}")),
                    (Some(code), _) => Err(said(format!("script: exit code {code}"))),
                    (None, Some(signal)) => Err(said(format!("script: killed by signal {signal}"))),
                    (None, None) => Err(said("script: ended".to_owned())),
                })
            }
            (Ok(false), _) => {
                let timeout = self.timeout.as_millis();
                Some(Err(format!("script: not done within {timeout} ms")))
            }
            (Err(error), _) => {
                tracing::warn!(%error, "cannot wait for a script");
                None
            }
            (_, Err(error)) => {
                tracing::warn!(%error, "cannot wait for a script");
                None
            }
        }
    }

    /// Waits for its end, and reads meanwhile; false if its time is over first.
    fn wait(&mut self, stop: &OwnedFd) -> Result<bool, Errno> {
        let pid = Pid::from_raw(self.child.id().cast_signed()).ok_or(Errno::SRCH)?;
        let process = pidfd_open(pid, PidfdFlags::empty())?;
        if let Some(output) = &self.output {
            rustix::io::ioctl_fionbio(output, true)?;
        }
        loop {
            let left = self.deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(false);
            }
            let mut watched =
                vec![PollFd::new(&process, PollFlags::IN), PollFd::new(stop, PollFlags::IN)];
            watched.extend(self.output.as_ref().map(|out| PollFd::new(out, PollFlags::IN)));
            match poll(&mut watched, Some(&socket::timeout(left))) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error),
            }
            let news: Vec<bool> = watched.iter().map(|one| !one.revents().is_empty()).collect();
            drop(watched);
            if news.get(2) == Some(&true) {
                self.read();
            }
            if news.first() == Some(&true) {
                self.read();
                return Ok(true);
            }
            if news.get(1) == Some(&true) {
                return Err(Errno::CANCELED);
            }
        }
    }

    /// Reads what there is.
    fn read(&mut self) {
        let mut buffer = [0; 4 << 10];
        while let Some(output) = &mut self.output {
            match output.read(&mut buffer) {
                Ok(read @ 1..) if self.read < READ => {
                    self.read += read;
                    let room = KEPT.saturating_sub(self.said.len());
                    self.said.extend(buffer.iter().take(read.min(room)));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // Its end, too much, or no good: nobody listens any more.
                _ => self.output = None,
            }
        }
    }

    fn first_line(&self) -> String {
        let text = String::from_utf8_lossy(&self.said);
        Quoted(text.lines().next().unwrap_or_default()).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(script: &str, timeout: u64) -> Ran {
        let stop = eventfd(0, EventfdFlags::NONBLOCK).unwrap();
        let name = |text: &str| text.parse().unwrap();
        let job = Job {
            token: 1,
            server: ServerId { cluster: name("main"), service: name("web"), server: name("rs1") },
            address: "192.0.2.1:80".parse().unwrap(),
            command: vec!["/bin/sh".into(), "-c".into(), script.into()],
            timeout: Duration::from_millis(timeout),
        };
        run(&job, &stop)
    }

    #[test]
    fn the_exit_code_decides_and_the_first_line_is_the_reason() {
        let ok = |text: &str| Some(Ok(text.to_owned()));
        let failed = |text: &str| Some(Err(text.to_owned()));
        assert_eq!(outcome("exit 0", 5_000), ok("script: exit code 0"));
        assert_eq!(outcome("echo fine; echo more", 5_000), ok("script: fine"));
        assert_eq!(outcome("echo no room; exit 3", 5_000), failed("script: exit code 3: no room"));
        assert_eq!(outcome("kill -9 $$", 5_000), failed("script: killed by signal 9"));
        assert_eq!(outcome("printf '\\033[1mred'", 5_000), ok("script: ?[1mred"));
    }

    #[test]
    fn the_environment_says_whom_to_check_and_nothing_else() {
        let line = "echo $LCMS_CLUSTER/$LCMS_SERVICE/$LCMS_SERVER \
                    $LCMS_SERVER_ADDRESS $LCMS_SERVER_PORT $LCMS_CHECK_TIMEOUT $HOME$CARGO";
        let expected = "script: main/web/rs1 192.0.2.1 80 5000";
        assert_eq!(outcome(line, 5_000), Some(Ok(expected.to_owned())));
    }

    #[test]
    fn much_output_is_read_and_forgotten() {
        let much = "echo first; head -c 900000 /dev/zero | tr '\\0' x";
        assert_eq!(outcome(much, 20_000), Some(Ok("script: first".to_owned())));
    }

    #[test]
    fn a_script_that_hangs_is_killed_with_its_children() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("child");
        // The child holds the output open, and would outlive its parent.
        let script = format!("sleep 1000 & echo $! > {}; wait", file.display());
        let expected = "script: not done within 300 ms";
        assert_eq!(outcome(&script, 300), Some(Err(expected.to_owned())));
        let child = std::fs::read_to_string(&file).unwrap();
        let lives = || {
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.trim()));
            // Gone, or a zombie that its new parent has yet to wait for.
            stat.is_ok_and(|stat| !stat.contains(") Z") && !stat.contains(") X"))
        };
        // A signal is on its way for a moment.
        let end = Instant::now() + Duration::from_secs(10);
        while lives() {
            assert!(Instant::now() < end, "the child lives on");
            thread::yield_now();
        }
    }

    #[test]
    fn a_script_that_cannot_be_run_says_so() {
        let stop = eventfd(0, EventfdFlags::NONBLOCK).unwrap();
        let name = |text: &str| text.parse().unwrap();
        let job = Job {
            token: 1,
            server: ServerId { cluster: name("a"), service: name("b"), server: name("c") },
            address: "192.0.2.1:80".parse().unwrap(),
            command: vec!["/nowhere/check".into()],
            timeout: Duration::from_secs(5),
        };
        let said = run(&job, &stop).unwrap().unwrap_err();
        assert!(said.starts_with("script: cannot run /nowhere/check: No such file"), "{said}");
    }
}
