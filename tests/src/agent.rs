//! `lcms-agent` on loopback, with a configuration, state and secrets of its own.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::{
    eventually,
    net_snmp::{self, Said},
    process::{Process, binary},
};

/// The community that may read.
pub const READ: &str = "reads-only";
/// The community that may also write.
pub const WRITE: &str = "writes-too";

/// The password in `user.password` of every agent's folder.
pub const PASSWORD: &str = "a good password";

/// A running agent.
pub struct Agent {
    process: Process,
    folder: TempDir,
    name: String,
    address: SocketAddr,
}

impl Agent {
    /// Starts an agent named `name`. `rest` is what its configuration holds
    /// beside name, listener, state, and the two communities.
    #[track_caller]
    pub fn start(name: &str, rest: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        configure(folder.path(), name, rest);
        let (process, address) = launch(folder.path());
        Self { process, folder, name: name.to_owned(), address }
    }

    /// Starts an agent of the machine the tests run on, where [`Agent::start`]
    /// has an idle host made for it. Such figures move by themselves.
    #[track_caller]
    pub fn of_this_machine(name: &str) -> Self {
        Self::start_with(name, "", &[("proc_root = \"proc\"", "proc_root = \"/proc\"")])
    }

    /// Starts an agent that listens on all addresses; its own says only the port. The
    /// user `operator` may write, and no community.
    #[track_caller]
    pub fn on_all_addresses(name: &str) -> Self {
        let user = "[[user]]\nname = \"operator\"\nauth_file = \"user.password\"\n\
                    access = \"write\"\n";
        let writes = "file = \"write.community\"\naccess = \"write\"";
        let edits = [("127.0.0.1:0", "0.0.0.0:0"), (writes, "file = \"write.community\"")];
        Self::start_with(name, user, &edits)
    }

    #[track_caller]
    fn start_with(name: &str, rest: &str, edits: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        configure(folder.path(), name, rest);
        let file = config_file(folder.path());
        let text = fs::read_to_string(&file).expect("it was just written");
        let edit = |text: String, (usual, instead): &(&str, &str)| text.replace(usual, instead);
        fs::write(file, edits.iter().fold(text, edit)).expect("the folder is ours");
        let (process, address) = launch(folder.path());
        Self { process, folder, name: name.to_owned(), address }
    }

    /// Starts an agent as the last arguments of another command, which becomes it.
    #[track_caller]
    pub fn start_by(command: &[&str], name: &str, rest: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        configure(folder.path(), name, rest);
        let (program, args) = command.split_first().expect("a command");
        let agent = self::command(folder.path());
        let mut command = Command::new(program);
        command.args(args).arg(agent.get_program()).args(agent.get_args());
        let mut process = Process::start(&mut command);
        let address = process.says("listening on udp:").parse().expect("an address");
        Self { process, folder, name: name.to_owned(), address }
    }

    /// Where it answers.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its host name in the fleet.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The folder with its configuration, secrets and state.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where its state is kept.
    pub fn state_dir(&self) -> PathBuf {
        self.folder.path().join("state")
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

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Kills it without a chance to tidy up, and starts it again on the same
    /// state; the address may be another one.
    #[track_caller]
    pub fn kill_and_restart(&mut self) {
        self.kill();
        self.begin();
        self.await_start();
    }

    /// Kills it without a chance to tidy up.
    #[track_caller]
    pub fn kill(&mut self) {
        self.process.end(Signal::KILL);
    }

    /// Starts it again, without waiting for what it says.
    #[track_caller]
    pub fn begin(&mut self) {
        self.process = start(self.folder.path());
    }

    /// Waits until it says that it has started.
    #[track_caller]
    pub fn await_start(&mut self) {
        self.address = self.process.says("listening on udp:").parse().expect("an address");
    }

    /// Replaces the configuration; it is read at the next start.
    pub fn reconfigure(&self, rest: &str) {
        configure(self.folder.path(), &self.name, rest);
    }

    /// Has it load its configuration again; what it says of that.
    #[track_caller]
    pub fn reload(&mut self) -> String {
        const MARK: &str = "loaded again";
        let told = |agent: &Self| -> Vec<String> {
            let output = agent.output();
            output.lines().filter(|line| line.contains(MARK)).map(str::to_owned).collect()
        };
        let before = told(self).len();
        self.process.signal(Signal::HUP);
        let mut said = String::new();
        eventually("it says what came of the reload", Duration::from_secs(20), || {
            match told(self).get(before) {
                Some(line) => {
                    said.clone_from(line);
                    Ok(())
                }
                None => Err(self.output()),
            }
        });
        said
    }

    /// Starts the program again in the place of this process, which goes on with
    /// its connections and is returned.
    #[track_caller]
    pub fn take_over(&mut self) -> Process {
        let mut heir = self.start_heir();
        heir.says("the place of the other process is taken");
        self.succeeded_by(heir)
    }

    /// Starts the program again to take the place of this process.
    #[track_caller]
    pub fn start_heir(&self) -> Process {
        Process::start(command(self.folder.path()).arg("--takeover"))
    }

    /// Waits until that process serves, and gives the one before it.
    #[track_caller]
    pub fn succeeded_by(&mut self, mut heir: Process) -> Process {
        self.address = heir.says("lcms-agent: listening on udp:").parse().expect("an address");
        std::mem::replace(&mut self.process, heir)
    }

    /// Sends a signal to the process.
    pub fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    /// Asks it to end; its exit code.
    #[track_caller]
    pub fn stop(&mut self) -> Option<i32> {
        self.process.end(Signal::TERM)
    }

    /// Starts it again after [`Agent::stop`].
    #[track_caller]
    pub fn restart(&mut self) {
        (self.process, self.address) = launch(self.folder.path());
    }

    /// Starts it when it should refuse; its exit code and what it said.
    #[track_caller]
    pub fn refuses_to_start(&self) -> (Option<i32>, String) {
        let mut process = start(self.folder.path());
        (process.wait(Duration::from_secs(10)), process.output())
    }

    /// A net-snmp tool with the reading community, version 2c.
    #[track_caller]
    pub fn snmp(&self, tool: &str, args: &[&str]) -> Option<Said> {
        net_snmp::run(tool, &["-v2c"], READ, self.address, args)
    }

    /// The agent's engine ID in hexadecimal.
    pub fn engine(&self) -> String {
        let text = fs::read_to_string(self.state_dir().join("engine.json"));
        let text = text.expect("it is written before the first answer");
        let (_, rest) = text.split_once("\"engine_id\":\"").expect("it is there");
        rest.split('"').next().unwrap_or_default().to_owned()
    }

    /// `snmpset` with the writing community. Ranges are checked by the agent
    /// alone: net-snmp's own check of them is off.
    #[track_caller]
    pub fn snmpset(&self, args: &[&str]) -> Option<Said> {
        net_snmp::run("snmpset", &["-v2c", "-Ir"], WRITE, self.address, args)
    }
}

fn configure(folder: &Path, name: &str, rest: &str) {
    let secrets =
        [("read.community", READ), ("write.community", WRITE), ("user.password", PASSWORD)];
    for (file, secret) in secrets {
        write_secret(&folder.join(file), secret);
    }
    idle_host(&folder.join("proc"));
    let config = format!(
        "name = \"{name}\"\n\
         listen = [\"127.0.0.1:0\"]\n\
         state_dir = \"{state}\"\n\
         proc_root = \"proc\"\n\
         allow_insecure_writes = true\n\
         {rest}\n\
         [[community]]\n\
         name = \"read\"\n\
         file = \"read.community\"\n\
         [[community]]\n\
         name = \"write\"\n\
         file = \"write.community\"\n\
         access = \"write\"\n",
        state = folder.join("state").display(),
    );
    fs::write(config_file(folder), config).expect("the folder is ours");
}

/// The load of a host with nothing to do: that of the machine the tests run on
/// is none of the scenarios' concern.
fn idle_host(proc_root: &Path) {
    fs::create_dir_all(proc_root).expect("the folder is ours");
    for (file, text) in [
        ("loadavg", "0.10 0.20 0.30 1/100 1234\n"),
        (
            "stat",
            "cpu 100 0 100 10000 0 0 0 0 0 0\ncpu0 100 0 100 10000 0 0 0 0 0 0\nprocs_running 1\n",
        ),
        ("meminfo", "MemTotal: 1000000 kB\nMemFree: 800000 kB\nMemAvailable: 900000 kB\n"),
        ("vmstat", "pswpin 0\npswpout 0\n"),
    ] {
        fs::write(proc_root.join(file), text).expect("the folder is ours");
    }
}

fn config_file(folder: &Path) -> PathBuf {
    folder.join("node.toml")
}

#[track_caller]
fn launch(folder: &Path) -> (Process, SocketAddr) {
    let mut process = start(folder);
    let address = process.says("listening on udp:").parse().expect("an address");
    (process, address)
}

fn start(folder: &Path) -> Process {
    Process::start(&mut command(folder))
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new(binary("lcms-agent"));
    command.arg("--config").arg(config_file(folder));
    command
}

/// `lcms-agent --check` on a configuration: exit code, and what it said.
#[track_caller]
pub fn check_config(rest: &str) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().expect("a temporary directory");
    configure(folder.path(), "lb1", rest);
    let mut command = Command::new(binary("lcms-agent"));
    command.arg("--config").arg(config_file(folder.path())).arg("--check");
    let output = command.output().expect("the binary starts");
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&said).into_owned())
}

/// A file that only its owner can read.
pub fn write_secret(path: &Path, secret: &str) {
    use std::io::Write;
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .expect("the folder is ours");
    writeln!(file, "{secret}").expect("the folder is ours");
    file.set_permissions(fs::Permissions::from_mode(0o600)).expect("the file is ours");
}

/// A port of 127.0.0.1 that was free a moment ago.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has free ports");
    listener.local_addr().expect("it is bound").port()
}

/// The configuration of a director with one cluster `main` and one service
/// `web` at `port`, with these servers: name, address, weight.
pub fn director(port: u16, scheduler: &str, servers: &[(&str, SocketAddr, u32)]) -> String {
    let servers: String = servers
        .iter()
        .map(|(name, address, weight)| {
            format!(
                "[[cluster.service.server]]\n\
                 name = \"{name}\"\n\
                 address = \"{}\"\n\
                 port = {}\n\
                 weight = {weight}\n",
                address.ip(),
                address.port()
            )
        })
        .collect();
    format!(
        "role_potential = [\"director\"]\n\
         role_status = [\"director\"]\n\
         [[cluster]]\n\
         name = \"main\"\n\
         [[cluster.service]]\n\
         name = \"web\"\n\
         type = \"echo\"\n\
         address = \"127.0.0.1\"\n\
         port = {port}\n\
         scheduler = \"{scheduler}\"\n\
         check_interval = 200\n\
         {servers}"
    )
}
