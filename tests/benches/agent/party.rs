//! Who answers: the agent, `snmpd`, an echo.

use std::{
    fs,
    net::{SocketAddr, UdpSocket},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use lcms_tests::agent::write_secret;
use rustix::thread::{CpuSet, sched_setaffinity};
use tempfile::TempDir;

use crate::user;

/// Somebody on processor 0 who answers on a port of loopback.
pub struct Party {
    pub name: &'static str,
    pub address: SocketAddr,
    pub community: &'static [u8],
    pub is_echo: bool,
    who: Who,
    _folder: Option<TempDir>,
}

enum Who {
    Process(Child),
    /// A thread of this process, by its number.
    Thread(u32),
}

/// Keeps the calling thread on one processor, where there are several.
pub fn pin(processor: usize) {
    let mut set = CpuSet::new();
    set.set(processor);
    if let Err(error) = sched_setaffinity(None, &set) {
        eprintln!("agent: not pinned to processor {processor}: {error}");
    }
}

/// The release build of a program, beside this one.
pub fn binary(name: &str) -> std::path::PathBuf {
    let path = std::env::current_exe().expect("it has a path");
    let folder = path.parent().and_then(Path::parent).expect("target/release/deps");
    let path = folder.join(name);
    assert!(path.exists(), "{} is missing: cargo build --release -p {name}", path.display());
    path
}

fn free_port() -> u16 {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("loopback has free ports");
    socket.local_addr().expect("it is bound").port()
}

const COMMUNITY: &[u8] = b"benchmark";

impl Party {
    /// What the machine itself can do: a thread that sends back what comes.
    pub fn echo() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("loopback has free ports");
        let address = socket.local_addr().expect("it is bound");
        let (tell, told) = std::sync::mpsc::channel();
        thread::spawn(move || {
            pin(0);
            let id = rustix::thread::gettid().as_raw_nonzero().get().cast_unsigned();
            let _ = tell.send(id);
            let mut buffer = [0; 65_535];
            while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                let _ = socket.send_to(&buffer[..length], from);
            }
        });
        let who = Who::Thread(told.recv().expect("it runs"));
        Self { name: "echo", address, community: COMMUNITY, is_echo: true, who, _folder: None }
    }

    /// Debian's agent, with nothing to do for a packet but answer it: no log of
    /// addresses, no look-up of names, tables that are not read again.
    pub fn snmpd() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let config = folder.path().join("snmpd.conf");
        let community = String::from_utf8_lossy(COMMUNITY);
        let text = format!(
            "rocommunity {community} 127.0.0.1\ndontLogTCPWrappersConnects yes\n\
             rouser {0} authPriv\ncreateUser {0} SHA-256 {1} AES {1}\n",
            user::NAME,
            user::PASSWORD
        );
        fs::write(&config, text).expect("the folder is ours");
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let child = pinned("snmpd")
            .args(["-f", "-LE", "0", "-C", "-c"])
            .arg(&config)
            .arg(format!("udp:{address}"))
            .env("SNMP_PERSISTENT_DIR", folder.path())
            .env("MIBS", "")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("snmpd is installed");
        Self::process("snmpd", address, child, folder)
    }

    /// Our agent, of this machine.
    pub fn agent() -> Self {
        let folder = folder("proc_root = \"/proc\"\n");
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let child = start_agent(pinned(binary("lcms-agent")), folder.path(), address);
        Self::process("agent", address, child, folder)
    }

    /// An agent on all processors with more in its configuration.
    pub fn agent_with(more: &str) -> Self {
        Self::agent_in(folder(more))
    }

    /// An agent on all processors with a folder that is ready.
    pub fn agent_in(folder: TempDir) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let child = start_agent(Command::new(binary("lcms-agent")), folder.path(), address);
        Self::process("agent", address, child, folder)
    }

    fn process(name: &'static str, address: SocketAddr, child: Child, folder: TempDir) -> Self {
        let who = Who::Process(child);
        let party = Self {
            name,
            address,
            community: COMMUNITY,
            is_echo: false,
            who,
            _folder: Some(folder),
        };
        party.first_answer();
        party
    }

    /// Waits for the first answer.
    fn first_answer(&self) {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("loopback has free ports");
        socket.connect(self.address).expect("an address");
        socket.set_read_timeout(Some(Duration::from_millis(2))).expect("a timeout");
        let question = lcms_snmp::message::encode(&lcms_snmp::OutMessage {
            version: lcms_snmp::Version::V2c,
            community: self.community,
            kind: lcms_snmp::PduKind::GetNextRequest,
            request_id: 1,
            error_status: 0,
            error_index: 0,
            varbinds: &[lcms_snmp::VarBind {
                name: "1.3.6.1".parse().expect("an OID"),
                value: lcms_snmp::Value::Null,
            }],
        });
        let limit = Instant::now() + Duration::from_secs(20);
        let mut buffer = [0; 2048];
        loop {
            let _ = socket.send(&question);
            match socket.recv(&mut buffer) {
                Ok(_) => return,
                Err(_) => {
                    assert!(Instant::now() < limit, "{} does not answer", self.name);
                    // A port nobody listens on yet refuses at once.
                    thread::sleep(Duration::from_micros(200));
                }
            }
        }
    }

    /// Processor time it has used.
    pub fn cpu(&self) -> Duration {
        let running = |path: String| {
            let text = fs::read_to_string(path).unwrap_or_default();
            text.split_ascii_whitespace().next().and_then(|ns| ns.parse().ok()).unwrap_or(0)
        };
        let ns: u64 = match &self.who {
            Who::Thread(id) => running(format!("/proc/self/task/{id}/schedstat")),
            Who::Process(child) => fs::read_dir(format!("/proc/{}/task", child.id()))
                .expect("it runs")
                .flatten()
                .map(|task| running(task.path().join("schedstat").display().to_string()))
                .sum(),
        };
        Duration::from_nanos(ns)
    }
}

/// Resident memory of a process in octets.
pub fn resident(id: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0");
    line.split_ascii_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) * 1024
}

impl Drop for Party {
    fn drop(&mut self) {
        if let Who::Process(child) = &mut self.who {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A folder for an agent: `more` in its configuration, with the community.
pub fn folder(more: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let community = String::from_utf8_lossy(COMMUNITY);
    write_secret(&folder.path().join("community"), &community);
    write_secret(&folder.path().join("password"), user::PASSWORD);
    let text = format!(
        "name = \"lb1\"\nlisten = [\"LISTEN\"]\nstate_dir = \"state\"\nallow_insecure_writes = true\n\
         {more}\n[[community]]\nname = \"all\"\nfile = \"community\"\naccess = \"write\"\n\
         [[user]]\nname = \"{}\"\nauth_file = \"password\"\n",
        user::NAME
    );
    fs::write(folder.path().join("agent.toml"), text).expect("the folder is ours");
    folder
}

/// Starts the agent of a folder.
pub fn start_agent(mut command: Command, folder: &Path, address: SocketAddr) -> Child {
    let file = folder.join("agent.toml");
    let text = fs::read_to_string(&file).expect("it was written");
    fs::write(&file, text.replace("LISTEN", &address.to_string())).expect("the folder is ours");
    command
        .arg("--config")
        .arg(file)
        .args(["--log", "error"])
        .stdout(Stdio::null())
        .spawn()
        .expect("it was found")
}

fn pinned(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", "0"]).arg(program);
    command
}
