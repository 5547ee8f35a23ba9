//! `lcms-manager serve` as a receiver of notifications.

use std::{fs, net::SocketAddr, path::PathBuf, process::Command};

use rustix::process::Signal;
use serde_json::Value;

use crate::{
    eventually,
    http::get,
    manager::{Manager, Said},
    process::Process,
};

/// A running receiver, of the community `agents`, which is the reading one, and of the
/// user `operator` with the password of all users. It controls nothing.
pub struct Receiver {
    manager: Manager,
    process: Process,
    address: SocketAddr,
}

/// What stands before an address in what it says.
const RECEIVING: &str = "receiving notifications on udp:";

/// What every receiver's file holds beside its inventory.
const SECTION: &str = "\
[serve]
control = false
metrics = \"0\"
state_dir = \"state\"

[[receiver.community]]
name = \"agents\"
community_file = \"read.community\"

[[receiver.user]]
user = \"operator\"
auth_file = \"user.password\"
";

impl Receiver {
    /// Starts one on 127.0.0.1. `section` is what stands in `[receiver]`, `rest` what
    /// comes after it.
    #[track_caller]
    pub fn start(manager: Manager, section: &str, rest: &str) -> Self {
        Self::start_by(manager, section, rest, |command| command)
    }

    /// The same, by a command that is made of the usual one.
    #[track_caller]
    pub fn start_by(
        manager: Manager,
        section: &str,
        rest: &str,
        by: impl FnOnce(Command) -> Command,
    ) -> Self {
        let folder = manager.config().with_file_name("state");
        let state = SECTION.replace("\"state\"", &format!("{:?}", folder.display().to_string()));
        let (serve, others) = state.split_once("\n\n").unwrap_or_default();
        let listen = "[receiver]\nlisten = [\"127.0.0.1:0\"]";
        manager.configure(&format!("{serve}\n{listen}\n{section}\n{others}\n{rest}\n"));
        let (process, address) = launch(by(command(&manager)));
        Self { manager, process, address }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// All it has said.
    pub fn output(&self) -> String {
        self.process.output()
    }

    /// The rest of the first line with this mark, once it says one.
    #[track_caller]
    pub fn says(&mut self, mark: &str) -> String {
        self.process.says(mark)
    }

    /// Its state folder.
    pub fn state_dir(&self) -> PathBuf {
        self.manager.config().with_file_name("state")
    }

    /// A file of its journal, which has one.
    #[track_caller]
    pub fn journal(&self) -> PathBuf {
        let files = fs::read_dir(self.state_dir().join("notifications")).expect("there is one");
        let mut files = files.map(|file| file.expect("a file").path());
        let is_journal = |path: &PathBuf| path.extension().is_some_and(|is| is == "jsonl");
        files.find(is_journal).expect("it has begun")
    }

    /// `lcms-manager traps ARGS`.
    #[track_caller]
    pub fn traps(&self, args: &[&str]) -> Said {
        self.manager.run(&[&["traps"], args].concat()).ok()
    }

    /// All that it has stored.
    #[track_caller]
    pub fn stored(&self) -> Vec<Value> {
        let said = self.traps(&["-n", "0", "--json"]);
        let value = |line| serde_json::from_str(line).expect("a line is an object");
        said.out.lines().map(value).collect()
    }

    /// The names of what it has stored, without their modules.
    #[track_caller]
    pub fn names(&self) -> Vec<String> {
        let name = |record: &Value| {
            let name = record["name"].as_str().expect("it has a name");
            name.rsplit("::").next().unwrap_or_default().to_owned()
        };
        self.stored().iter().map(name).collect()
    }

    /// Kills it without a chance to tidy up, and starts it again on the same state; its
    /// address is another one.
    #[track_caller]
    pub fn kill_and_restart(&mut self) {
        self.process.end(Signal::KILL);
        (self.process, self.address) = launch(command(&self.manager));
    }

    /// Has it load its file again, and waits until it receives by that.
    #[track_caller]
    pub fn reload(&mut self) {
        const DONE: &str = "configuration is loaded again";
        let before = self.process.output().matches(DONE).count();
        self.process.signal(Signal::HUP);
        let limit = std::time::Duration::from_secs(20);
        let output = eventually("it is loaded again", limit, || {
            let output = self.process.output();
            if output.matches(DONE).count() > before { Ok(output) } else { Err(output) }
        });
        let (_, last) = output.rsplit_once(RECEIVING).expect("it has said where");
        self.address = last.lines().next().and_then(|line| line.parse().ok()).expect("an address");
    }

    /// Tells it to load its file again.
    pub fn hang_up(&self) {
        self.process.signal(Signal::HUP);
    }

    /// Has its file say something else.
    #[track_caller]
    pub fn edit(&self, from: &str, to: &str) {
        let file = self.manager.config();
        let text = fs::read_to_string(&file).expect("it is there");
        assert!(text.contains(from), "{from} is in {text}");
        fs::write(&file, text.replace(from, to)).expect("the folder is ours");
    }

    /// What its metrics have for a series.
    #[track_caller]
    pub fn metric(&self, series: &str) -> f64 {
        let page = get(self.metrics_port(), "/metrics").expect("metrics are shown");
        let mut values =
            page.lines().filter_map(|line| line.strip_prefix(series)?.trim().parse().ok());
        values.next().unwrap_or_else(|| panic!("no {series} in {page}"))
    }

    /// The port of 127.0.0.1 that it has said last for its metrics.
    #[track_caller]
    pub fn metrics_port(&self) -> u16 {
        let output = self.process.output();
        let last = output.rsplit("metrics on http://127.0.0.1:").next().expect("it says where");
        let port: String = last.chars().take_while(char::is_ascii_digit).collect();
        port.parse().expect("a port")
    }

    /// The command that has started it.
    #[track_caller]
    pub fn command(&self) -> Command {
        command(&self.manager)
    }

    /// Asks it to end; its exit code.
    #[track_caller]
    pub fn stop(&mut self) -> Option<i32> {
        self.process.end(Signal::TERM)
    }
}

#[track_caller]
fn command(manager: &Manager) -> Command {
    let mut command = manager.command(&["serve"]);
    command.env("RUST_LOG", "lcms_manager=info");
    command
}

#[track_caller]
fn launch(mut command: Command) -> (Process, SocketAddr) {
    let mut process = Process::start(&mut command);
    let address = process.says(RECEIVING);
    (process, address.parse().expect("an address"))
}
