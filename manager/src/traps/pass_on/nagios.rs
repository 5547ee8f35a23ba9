//! The command file of a Nagios: passive results for the services that `export
//! nagios` has made.
//!
//! A notification of LOAD-CLUSTER-MIB says what to look at; what Nagios is told of
//! it is the verdict of the check that it would have run itself, made by asking the
//! cluster's directors now. So active and passive results are one value. Where they
//! do not answer, or are not in the inventory, the notification's own content stands
//! for them.

use std::{
    fs::OpenOptions,
    io::{self, Write as _},
    os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use lcms_lb_core::model::Status;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::OFlags,
    io::Errno,
};
use tokio::{runtime::Handle, sync::watch};

use super::{Deliver, Failure, Hurry};
use crate::{
    check::{Subject, Verdict},
    client::Client,
    export::NagiosName,
    inventory::Inventory,
    ops,
    traps::{About, Passed, Record, Severity},
};

/// How the directors are asked.
#[derive(Clone)]
pub struct Asking {
    /// By whom.
    pub client: Client,
    /// Who there is, as it is by now.
    pub inventory: watch::Receiver<Arc<Inventory>>,
    /// Where the client lives.
    pub runtime: Handle,
}

pub(super) struct CommandFile {
    path: PathBuf,
    asking: Option<Asking>,
    hurry: Hurry,
}

/// How long the directors may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is written at once is not torn by what others write (POSIX: PIPE_BUF).
const LONGEST: usize = 4096;

/// How long a Nagios that reads slowly is waited for.
const SLOW: Duration = Duration::from_secs(1);

/// One that restarts or is loaded again has no pipe, or does not read it, for seconds: so
/// often it is tried again.
const RETRIES: u32 = 60;
/// The pause between two attempts.
const PAUSE: Duration = Duration::from_secs(1);

impl CommandFile {
    pub(super) fn new(path: PathBuf, asking: Option<Asking>, hurry: Hurry) -> Self {
        Self { path, asking, hurry }
    }

    /// What the checks that a notification is about come to.
    fn verdicts(&self, record: &Record, about: &About) -> Vec<(String, Verdict)> {
        let checks = affected(about);
        let mut all = Vec::new();
        if let Some(Asking { client, inventory, runtime }) = &self.asking {
            let inventory = Arc::clone(&inventory.borrow());
            let asked = ops::check_all(client, &inventory, &checks, PATIENCE);
            all = runtime.block_on(asked);
            // Silence says nothing that the notification would not know better.
            all.retain(|(_, verdict)| verdict.status != Status::Unknown);
        }
        let itself = |(_, verdict): &(String, Verdict)| verdict.subject == about.kind;
        if !all.iter().any(itself) {
            all.insert(0, (about.name.clone(), of_content(record, about)));
        }
        all
    }

    fn write(&self, line: &str) -> Result<(), Failure> {
        let name = || self.path.display().to_string();
        // Without it, a pipe that nobody reads would be waited for at the open.
        let nonblock = OFlags::NONBLOCK.bits().cast_signed();
        let opened = OpenOptions::new().write(true).custom_flags(nonblock).open(&self.path);
        let mut file = opened.map_err(|error| match Errno::from_io_error(&error) {
            // Nagios removes its pipe as it ends.
            Some(Errno::NXIO | Errno::NOENT) => Failure::NoReader(name()),
            Some(Errno::ACCESS) => Failure::NoPermission(name()),
            _ => Failure::System(error),
        })?;
        if !file.metadata()?.file_type().is_fifo() {
            return Err(Failure::NoPipe(name()));
        }
        match file.write_all(line.as_bytes()) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let mut waited = [PollFd::new(&file, PollFlags::OUT)];
                let time = Timespec::try_from(SLOW).ok();
                poll(&mut waited, time.as_ref()).map_err(io::Error::from)?;
                Ok(file.write_all(line.as_bytes())?)
            }
            written => Ok(written?),
        }
    }
}

impl Deliver for CommandFile {
    /// Every attempt asks anew: what Nagios hears in the end is how it is by then.
    fn deliver(&mut self, passed: &Passed) -> Result<(), Failure> {
        let mut retries = 0;
        loop {
            match self.tell(passed) {
                Err(failure) if is_away(&failure) && retries < RETRIES => {
                    if retries == 0 {
                        tracing::info!("{failure}; tried again for {RETRIES} s");
                    }
                    self.hurry.wait_for(None, PAUSE)?;
                    retries += 1;
                }
                told => return told,
            }
        }
    }
}

/// Whether it may be different in a moment.
fn is_away(failure: &Failure) -> bool {
    use io::ErrorKind::{BrokenPipe, WouldBlock};
    match failure {
        Failure::NoReader(_) => true,
        Failure::System(error) => matches!(error.kind(), BrokenPipe | WouldBlock),
        _ => false,
    }
}

impl CommandFile {
    fn tell(&self, passed: &Passed) -> Result<(), Failure> {
        let record = &passed.record;
        // Nagios knows nothing of what is not in the cluster's MIB.
        let Some(about) = &record.about else { return Ok(()) };
        for (whole, verdict) in self.verdicts(record, about) {
            let name = NagiosName::of(verdict.subject, &whole);
            let time = Timestamp::now().as_second();
            let text = verdict.plugin_output(1);
            let line = match verdict.subject {
                Subject::Host => {
                    let state = i32::from(verdict.status == Status::Critical);
                    let host =
                        result("PROCESS_HOST_CHECK_RESULT", time, &[&name.host], state, &text);
                    self.write(&host)?;
                    service(time, &name, &verdict, &text)
                }
                _ => service(time, &name, &verdict, &text),
            };
            self.write(&line)?;
        }
        Ok(())
    }
}

fn service(time: i64, name: &NagiosName, verdict: &Verdict, text: &str) -> String {
    let state = match verdict.status {
        Status::Ok => 0,
        Status::Warning => 1,
        Status::Critical => 2,
        Status::Unknown => 3,
    };
    let names = [name.host.as_str(), name.service.as_str()];
    result("PROCESS_SERVICE_CHECK_RESULT", time, &names, state, text)
}

/// A line of the command file. What came from elsewhere ends no line and no field: a
/// name with such a character would be no name of ours.
fn result(command: &str, time: i64, names: &[&str], state: i32, text: &str) -> String {
    let plain = |text: &str| text.trim_end().replace(|c: char| c.is_control(), " ");
    let names = names.join(";");
    let mut line = format!("[{time}] {command};{};{state};{}", plain(&names), plain(text));
    line.truncate(line.floor_char_boundary(LONGEST - 1));
    line.push('\n');
    line
}

/// The checks that a notification may change the verdict of.
fn affected(about: &About) -> Vec<(Subject, String)> {
    let names: Vec<&str> = about.name.split('/').collect();
    match (about.kind, names.as_slice()) {
        (Subject::Server, [cluster, service, _]) => vec![
            (Subject::Server, about.name.clone()),
            (Subject::Weight, about.name.clone()),
            (Subject::Service, format!("{cluster}/{service}")),
            (Subject::Cluster, (*cluster).to_owned()),
        ],
        (kind, _) => vec![(kind, about.name.clone())],
    }
}

/// The verdict that a notification stands for by itself.
fn of_content(record: &Record, about: &About) -> Verdict {
    let status = match record.severity {
        Severity::Ok | Severity::Info => Status::Ok,
        Severity::Warning => Status::Warning,
        Severity::Critical => Status::Critical,
    };
    let text = format!("{}: {}, {}", about.name, record.notification(), record.reason);
    Verdict::bare(about.kind, status, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_from_elsewhere_makes_no_second_line() {
        let line = result(
            "PROCESS_SERVICE_CHECK_RESULT",
            7,
            &["cluster-main", "Server web/rs1"],
            2,
            "down: x\n[7] SHUTDOWN_PROGRAM\n",
        );
        assert_eq!(
            line,
            "[7] PROCESS_SERVICE_CHECK_RESULT;cluster-main;Server web/rs1;2;\
             down: x [7] SHUTDOWN_PROGRAM\n"
        );
        let long = result("C", 7, &["h"], 0, &"ü".repeat(5000));
        assert!(long.len() <= LONGEST && long.ends_with('\n'));
        assert_eq!(long.matches('\n').count(), 1);
    }

    #[test]
    fn a_server_is_part_of_a_service_and_that_of_a_cluster() {
        let about = |kind, name: &str| About { kind, name: name.to_owned() };
        let words = |about: &About| -> Vec<String> {
            let word = |(subject, name): &(Subject, String)| format!("{} {name}", subject.word());
            affected(about).iter().map(word).collect()
        };
        assert_eq!(
            words(&about(Subject::Server, "main/web/rs1")),
            ["SERVER main/web/rs1", "WEIGHT main/web/rs1", "SERVICE main/web", "CLUSTER main"]
        );
        assert_eq!(words(&about(Subject::Host, "rs1")), ["HOST rs1"]);
    }
}
