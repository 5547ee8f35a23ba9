//! Debian's dnsmasq as a server of the DNS.

use std::{
    net::{Ipv4Addr, SocketAddr},
    process::Command,
};

use crate::{agent::free_port, net_snmp::tool, process::Process};

/// A running dnsmasq. It knows one name, `www.example.net`, and asks nobody
/// about others.
pub struct Dnsmasq {
    _process: Process,
    address: SocketAddr,
}

impl Dnsmasq {
    /// Starts it, or steps aside where it is not installed.
    #[track_caller]
    pub fn start() -> Option<Self> {
        let dnsmasq = tool("dnsmasq")?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let mut command = Command::new(dnsmasq);
        command
            .args(["--keep-in-foreground", "--log-facility=-", "--conf-file=/dev/null"])
            .args(["--pid-file", "--no-resolv", "--no-hosts", "--bind-interfaces", "--user="])
            .arg("--address=/www.example.net/192.0.2.80")
            .arg(format!("--listen-address={}", address.ip()))
            .arg(format!("--port={}", address.port()));
        let mut process = Process::start(&mut command);
        process.says("started, version");
        Some(Self { _process: process, address })
    }

    /// Where it answers, by UDP and TCP.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}
