//! Debian's `snmptrapd`, to be notified.

use std::{
    fmt::Write as _,
    fs,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::{
    agent::{PASSWORD, READ, WRITE},
    eventually, net_snmp,
    process::Process,
    root,
    tls::Clients,
};

/// The name of its engine, in hexadecimal.
pub const ENGINE: &str = "80001f8804736e6d7074726170640001";

/// How soon a notification has come, on a slow machine.
const SOON: Duration = Duration::from_secs(20);

/// A running `snmptrapd` on loopback that takes the notifications of our two
/// communities and of a user.
pub struct Snmptrapd {
    process: Process,
    // Its configuration and persistent files, for as long as it runs.
    _folder: TempDir,
}

/// A port of 127.0.0.1 that nobody received on a moment ago.
pub fn free_port() -> u16 {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has free ports");
    socket.local_addr().expect("it is bound").port()
}

impl Snmptrapd {
    /// Starts it, or steps aside where it is not installed. The user `operator` is
    /// known to it with our password, SHA-256 and AES-128; for traps it has to know
    /// the engines they come from too, in hexadecimal.
    #[track_caller]
    pub fn start(port: u16, engines: &[&str]) -> Option<Self> {
        Self::start_with(port, engines, "", &[])
    }

    /// The same, which hands each to a program, with its names in numbers.
    #[track_caller]
    pub fn start_before(port: u16, engines: &[&str], handler: &str) -> Option<Self> {
        Self::start_with(port, engines, &format!("traphandle default {handler}\n"), &["-On"])
    }

    /// Starts one that listens over TLS with a certificate of those, and takes what is
    /// told by whoever shows another one.
    #[track_caller]
    pub fn start_over_tls(port: u16, clients: &Clients, own: &str, other: &str) -> Option<Self> {
        let tool = net_snmp::tool("snmptrapd")?;
        let folder = tempfile::tempdir().expect("a temporary directory");
        let config = folder.path().join("peer.conf");
        let text = format!(
            "exactEngineID 0x{ENGINE}\n[snmp] localCert {own}\n\
             certSecName 10 {other} --sn {other}\nauthUser log,execute -s tsm {other} priv\n"
        );
        fs::write(&config, text).expect("the folder is ours");
        let mut command = command(tool, &config, &[]);
        command.arg(format!("tlstcp:{}", SocketAddr::from((Ipv4Addr::LOCALHOST, port))));
        clients.equip(&mut command);
        let mut process = Process::start(&mut command);
        process.says("NET-SNMP version");
        Some(Self { process, _folder: folder })
    }

    #[track_caller]
    fn start_with(port: u16, engines: &[&str], more: &str, args: &[&str]) -> Option<Self> {
        let tool = net_snmp::tool("snmptrapd")?;
        let folder = tempfile::tempdir().expect("a temporary directory");
        let mut text = format!(
            "exactEngineID 0x{ENGINE}\nauthCommunity log,execute {READ}\n\
             authCommunity log,execute {WRITE}\nauthUser log,execute operator priv\n{more}"
        );
        let engines = engines.iter().map(|engine| format!("-e 0x{engine} "));
        for engine in [String::new()].into_iter().chain(engines) {
            let _ = writeln!(
                text,
                "createUser {engine}operator SHA-256 \"{PASSWORD}\" AES \"{PASSWORD}\""
            );
        }
        let config = folder.path().join("peer.conf");
        fs::write(&config, text).expect("the folder is ours");
        let mut command = command(tool, &config, args);
        command
            .arg(format!("udp:{}", SocketAddr::from((Ipv4Addr::LOCALHOST, port))))
            .env("SNMP_PERSISTENT_DIR", folder.path());
        let mut process = Process::start(&mut command);
        process.says("NET-SNMP version");
        Some(Self { process, _folder: folder })
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    /// The notifications that have come, one a line: how, and what.
    pub fn notifications(&self) -> Vec<String> {
        let output = self.process.output();
        output.lines().filter_map(|line| line.strip_prefix("GOT ")).map(str::to_owned).collect()
    }

    /// Those with all of these words.
    pub fn with(&self, words: &[&str]) -> Vec<String> {
        let mut all = self.notifications();
        all.retain(|line| words.iter().all(|word| line.contains(word)));
        all
    }

    /// One with all of these words, once it has come.
    #[track_caller]
    pub fn gets(&self, words: &[&str]) -> String {
        eventually(&format!("a notification with {words:?}"), SOON, || {
            let found = self.with(words).into_iter().next();
            found.ok_or_else(|| self.process.output())
        })
    }
}

/// It with a configuration, and no address yet.
fn command(tool: PathBuf, config: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(tool);
    command
        .args(["-f", "-Lo", "-n", "-C", "-c"])
        .arg(config)
        .arg("-M")
        .arg(root().join("mibs/modules"))
        .args(["-m", "LOAD-CLUSTER-MIB:SNMPv2-MIB:IF-MIB", "-F", "GOT %P|%W|%q|%v\n"])
        .args(args)
        .env("LC_ALL", "C");
    command
}
