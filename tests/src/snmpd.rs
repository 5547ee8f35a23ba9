//! Debian's `snmpd` as an agent to be asked.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    path::Path,
    process::Command,
};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::{
    agent::{READ, WRITE, free_port},
    net_snmp,
    process::Process,
    tls::Clients,
};

/// Its configuration. It keeps a `snmpd.conf` of its own making in the same
/// folder, and moves away what it finds there under that name.
const CONFIG: &str = "peer.conf";

/// A running `snmpd` on loopback that knows our two communities.
pub struct Snmpd {
    process: Process,
    // Its configuration and persistent files, for as long as it runs.
    folder: TempDir,
    address: SocketAddr,
}

impl Snmpd {
    /// Starts it, or steps aside where it is not installed.
    #[track_caller]
    pub fn start() -> Option<Self> {
        Self::start_with("")
    }

    /// Starts it with more in its configuration. `FOLDER` there stands for a
    /// folder of its own.
    #[track_caller]
    pub fn start_with(more: &str) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a temporary directory");
        // snmpd cannot say which port it got, so one is found for it.
        let port = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|socket| socket.local_addr())
            .expect("loopback has free ports")
            .port();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let more = more.replace("FOLDER", &folder.path().display().to_string());
        let config = folder.path().join(CONFIG);
        let text = format!(
            "rocommunity {READ} 127.0.0.1\n\
             rwcommunity {WRITE} 127.0.0.1\n\
             sysServices 72\n\
             sysName peer.example\n\
             {more}\n"
        );
        fs::write(&config, text).expect("the folder is ours");
        let process = launch(folder.path(), address)?;
        Some(Self { process, folder, address })
    }

    /// Starts one that listens for TLS alone, with one of the certificates, and lets another
    /// write; or steps aside where it is not installed.
    #[track_caller]
    pub fn start_over_tls(clients: &Clients, own: &str, other: &str) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let text = format!(
            "[snmp] localCert {own}\ncertSecName 10 {other} --sn {other}\n\
             rwuser -s tsm {other} authpriv\nsysName peer.example\n"
        );
        fs::write(folder.path().join(CONFIG), text).expect("the folder is ours");
        let mut command = Command::new(net_snmp::tool("snmpd")?);
        command.args(["-f", "-Lo", "-C", "-c"]).arg(folder.path().join(CONFIG));
        command.arg(format!("tlstcp:{address}")).env("MIBS", "");
        clients.equip(&mut command);
        let mut process = Process::start(&mut command);
        process.says("NET-SNMP version");
        Some(Self { process, folder, address })
    }

    /// Kills it without a chance to tidy up.
    #[track_caller]
    pub fn kill(&mut self) {
        self.process.end(Signal::KILL);
    }

    /// Starts it again where it was.
    #[track_caller]
    pub fn restart(&mut self) {
        self.process = launch(self.folder.path(), self.address).expect("it was there before");
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// All it has said.
    pub fn output(&self) -> String {
        self.process.output()
    }

    /// Where it answers.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

#[track_caller]
fn launch(folder: &Path, address: SocketAddr) -> Option<Process> {
    let mut command = Command::new(net_snmp::tool("snmpd")?);
    command
        .args(["-f", "-Lo", "-C", "-c"])
        .arg(folder.join(CONFIG))
        .arg(format!("udp:{address}"))
        .env("SNMP_PERSISTENT_DIR", folder)
        .env("MIBS", "");
    let mut process = Process::start(&mut command);
    process.says("NET-SNMP version");
    Some(process)
}

impl Drop for Snmpd {
    fn drop(&mut self) {
        self.process.signal(Signal::TERM);
    }
}
