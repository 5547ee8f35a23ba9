//! Debian's `snmpd` as an agent to be asked.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    process::Command,
};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::{
    agent::{READ, WRITE},
    net_snmp,
    process::Process,
};

/// A running `snmpd` on loopback that knows our two communities.
pub struct Snmpd {
    process: Process,
    // Its configuration and persistent files, for as long as it runs.
    _folder: TempDir,
    address: SocketAddr,
}

impl Snmpd {
    /// Starts it, or steps aside where it is not installed.
    #[track_caller]
    pub fn start() -> Option<Self> {
        Self::start_with("")
    }

    /// The same, with more lines of configuration.
    #[track_caller]
    pub fn start_with(more: &str) -> Option<Self> {
        let snmpd = net_snmp::tool("snmpd")?;
        let folder = tempfile::tempdir().expect("a temporary directory");
        // snmpd cannot say which port it got, so one is found for it.
        let port = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|socket| socket.local_addr())
            .expect("loopback has free ports")
            .port();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let config = folder.path().join("snmpd.conf");
        let text = format!(
            "rocommunity {READ} 127.0.0.1\n\
             rwcommunity {WRITE} 127.0.0.1\n\
             sysServices 72\n\
             sysName peer.example\n\
             {more}"
        );
        fs::write(&config, text).expect("the folder is ours");
        let mut command = Command::new(snmpd);
        command
            .args(["-f", "-Lo", "-C", "-c"])
            .arg(&config)
            .arg(format!("udp:{address}"))
            .env("SNMP_PERSISTENT_DIR", folder.path())
            .env("MIBS", "");
        let mut process = Process::start(&mut command);
        process.says("NET-SNMP version");
        Some(Self { process, _folder: folder, address })
    }

    /// Where it answers.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Snmpd {
    fn drop(&mut self) {
        self.process.signal(Signal::TERM);
    }
}
