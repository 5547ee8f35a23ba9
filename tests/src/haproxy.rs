//! Debian's HAProxy in TCP mode: before the director, or behind it.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpStream},
    process::Command,
    time::Duration,
};

use tempfile::TempDir;

use crate::{agent::free_port, eventually, net_snmp::tool, process::Process};

/// A running HAProxy that passes connections on.
pub struct Haproxy {
    _process: Process,
    _folder: TempDir,
    address: SocketAddr,
}

impl Haproxy {
    /// Starts one that passes on to `server`, or steps aside where it is not
    /// installed. `bind` and `behind` are options of its two lines, such as
    /// `accept-proxy` and `send-proxy-v2`.
    #[track_caller]
    pub fn start(bind: &str, server: SocketAddr, behind: &str) -> Option<Self> {
        Self::with(bind, &format!("server one {server} {behind}\n"))
    }

    /// Starts one that balances over these servers with these weights, by that
    /// rule of its own, or steps aside where it is not installed.
    #[track_caller]
    pub fn balance(rule: &str, servers: &[(SocketAddr, u32)]) -> Option<Self> {
        let mut rest = format!("balance {rule}\n");
        for (number, (server, weight)) in (1..).zip(servers) {
            rest += &format!("server rs{number} {server} weight {weight}\n");
        }
        Self::with("", &rest)
    }

    #[track_caller]
    fn with(bind: &str, rest: &str) -> Option<Self> {
        let haproxy = tool("haproxy")?;
        let folder = tempfile::tempdir().expect("a temporary directory");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let config = format!(
            "defaults\n\
             mode tcp\n\
             timeout connect 5s\n\
             timeout client 2m\n\
             timeout server 2m\n\
             listen front\n\
             bind {address} {bind}\n\
             {rest}"
        );
        let file = folder.path().join("haproxy.cfg");
        fs::write(&file, config).expect("the folder is ours");
        let process = Process::start(Command::new(haproxy).arg("-db").arg("-f").arg(&file));
        eventually("haproxy listens", Duration::from_secs(10), || {
            TcpStream::connect(address).map(drop).map_err(|error| error.to_string())
        });
        Some(Self { _process: process, _folder: folder, address })
    }

    /// Where it takes connections.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}
