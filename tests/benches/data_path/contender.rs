//! Who is measured, and how each is set up.
//!
//! All have the same servers, in turn, without checks and logs; as many files
//! and connections as they want; and listeners with the longest queue. Beyond
//! that each is as its own manual recommends for speed.

use std::{
    fmt, fs,
    net::{Ipv4Addr, SocketAddrV4},
    path::{Path, PathBuf},
};

use clap::ValueEnum;
use rustix::process::{Pid, Signal, kill_process};
use serde::Serialize;
use tempfile::TempDir;
use tokio::process::Child;

use crate::{
    cpu,
    failure::Failure,
    figure::Figure,
    network::{DIRECTOR, Network, PORT, Place, SERVERS},
    party,
};

/// A program, and the way it works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Peer {
    /// No proxy: routed to a server
    Direct,
    /// HAProxy, which copies
    Haproxy,
    /// HAProxy, which splices
    HaproxySplice,
    /// nginx's stream module
    Nginx,
    /// lcms-agent
    Ours,
}

impl Peer {
    pub const ALL: [Self; 5] =
        [Self::Direct, Self::Haproxy, Self::HaproxySplice, Self::Nginx, Self::Ours];

    pub fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Haproxy => "haproxy",
            Self::HaproxySplice => "haproxy-splice",
            Self::Nginx => "nginx",
            Self::Ours => "ours",
        }
    }

    /// Whether a figure says something about it.
    pub fn takes_part(self, figure: Figure) -> bool {
        match self {
            Self::Direct => figure != Figure::Memory,
            // It differs in bulk alone.
            Self::HaproxySplice => figure == Figure::Bulk,
            Self::Haproxy | Self::Nginx | Self::Ours => true,
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A contender at work. It ends with this.
pub struct Running {
    child: Option<Child>,
    _folder: TempDir,
}

impl Running {
    /// Starts a contender with so many threads, on these processors.
    pub fn start(
        peer: Peer,
        threads: u8,
        network: &Network,
        processors: &[usize],
        agent: &Path,
    ) -> Result<Self, Failure> {
        let folder = tempfile::tempdir().map_err(Failure::doing("making a folder"))?;
        let child = match setup(peer, threads, folder.path(), agent) {
            None => None,
            Some((program, arguments, config)) => {
                let file = folder.path().join("config");
                fs::write(&file, config).map_err(Failure::doing("writing a configuration"))?;
                Some(party::start(network, Place::Director, processors, &program, &arguments)?)
            }
        };
        Ok(Self { child, _folder: folder })
    }

    /// Where clients connect to.
    pub fn target(&self) -> SocketAddrV4 {
        let address = if self.child.is_some() { DIRECTOR } else { SERVERS[0] };
        SocketAddrV4::new(address.parse().unwrap_or(Ipv4Addr::LOCALHOST), PORT)
    }

    pub fn child(&mut self) -> Option<&mut Child> {
        self.child.as_mut()
    }

    /// Its process; there may be others below it.
    pub fn process(&self) -> Option<u32> {
        self.child.as_ref().and_then(Child::id)
    }

    /// Ends it and waits for that.
    pub async fn end(mut self) {
        self.kill();
        if let Some(child) = &mut self.child {
            // It is gone in any case.
            let _ = child.wait().await;
        }
    }

    /// Kills its process and those below, which would live on without it.
    fn kill(&self) {
        for process in cpu::family(self.process()) {
            let process = i32::try_from(process).ok().and_then(Pid::from_raw);
            let _ = process.map(|process| kill_process(process, Signal::KILL));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Program, arguments, and what stands in the file `config` of the folder.
fn setup(
    peer: Peer,
    threads: u8,
    folder: &Path,
    agent: &Path,
) -> Option<(PathBuf, Vec<String>, String)> {
    let config = folder.join("config").display().to_string();
    let arguments = |all: &[&str]| all.iter().map(|&one| one.to_owned()).collect();
    Some(match peer {
        Peer::Direct => return None,
        Peer::Haproxy | Peer::HaproxySplice => (
            "haproxy".into(),
            arguments(&["-db", "-f", &config]),
            haproxy(threads, peer == Peer::HaproxySplice),
        ),
        Peer::Nginx => (
            "nginx".into(),
            arguments(&["-e", "stderr", "-p", &folder.display().to_string(), "-c", &config]),
            nginx(threads),
        ),
        Peer::Ours => {
            (agent.to_owned(), arguments(&["--config", &config, "--log", "warn"]), ours(threads))
        }
    })
}

fn each_server(line: impl Fn(usize, &str) -> String) -> String {
    SERVERS.iter().enumerate().map(|(number, address)| line(number + 1, address)).collect()
}

fn haproxy(threads: u8, splice: bool) -> String {
    let splice = if splice { "option splice-request\n    option splice-response" } else { "" };
    let servers =
        each_server(|number, address| format!("    server rs{number} {address}:{PORT}\n"));
    format!(
        "global\n    \
             nbthread {threads}\n    \
             maxconn 9500\n    \
             maxpipes 100\n\
         defaults\n    \
             mode tcp\n    \
             timeout connect 5s\n    \
             timeout client 1m\n    \
             timeout server 1m\n    \
             {splice}\n\
         listen web\n    \
             bind {DIRECTOR}:{PORT} backlog 65535\n    \
             balance roundrobin\n\
         {servers}"
    )
}

fn nginx(workers: u8) -> String {
    let servers = each_server(|_, address| format!("server {address}:{PORT} max_fails=0;\n"));
    format!(
        "load_module /usr/lib/nginx/modules/ngx_stream_module.so;\n\
         daemon off;\n\
         pid nginx.pid;\n\
         user root;\n\
         error_log stderr crit;\n\
         worker_processes {workers};\n\
         events {{ worker_connections 19000; multi_accept on; }}\n\
         stream {{\n\
             access_log off;\n\
             upstream web {{\n{servers}}}\n\
             server {{ listen {DIRECTOR}:{PORT} reuseport backlog=65535; proxy_pass web; }}\n\
         }}\n"
    )
}

fn ours(shards: u8) -> String {
    let servers = each_server(|number, address| {
        format!(
            "[[cluster.service.server]]\n\
             name = \"rs{number}\"\n\
             address = \"{address}\"\n\
             port = {PORT}\n"
        )
    });
    format!(
        "name = \"lb1\"\n\
         listen = [\"127.0.0.1:0\"]\n\
         state_dir = \"state\"\n\
         shards = {shards}\n\
         [[cluster]]\n\
         name = \"main\"\n\
         [[cluster.service]]\n\
         name = \"web\"\n\
         address = \"{DIRECTOR}\"\n\
         port = {PORT}\n\
         scheduler = \"rr\"\n\
         check_kind = \"none\"\n\
         {servers}"
    )
}
