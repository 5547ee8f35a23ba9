//! Who is measured, and how each is set up.
//!
//! All have the same servers, in turn, without checks and logs; as many files
//! and connections as they want; and listeners with the longest queue. Beyond
//! that each is as its own manual recommends for speed.

use std::{
    fmt, fs,
    net::{Ipv4Addr, SocketAddrV4},
    path::Path,
};

use clap::ValueEnum;
use serde::Serialize;
use tempfile::TempDir;

use crate::{
    failure::Failure,
    figure::Figure,
    network::{DIRECTOR, PORT, PREFIX, SERVERS},
    party::{Party, Spot},
};

// Where Debian puts them.
const HAPROXY: &str = "/usr/sbin/haproxy";
const NGINX: &str = "/usr/sbin/nginx";
const NGINX_STREAM: &str = "/usr/lib/nginx/modules/ngx_stream_module.so";

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
    /// The two that matter most are neighbours in time.
    pub const ALL: [Self; 5] =
        [Self::Direct, Self::Nginx, Self::HaproxySplice, Self::Haproxy, Self::Ours];

    pub fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Haproxy => "haproxy",
            Self::HaproxySplice => "haproxy-splice",
            Self::Nginx => "nginx",
            Self::Ours => "ours",
        }
    }

    /// Whether what it is made of is there, beyond what we bring ourselves.
    pub fn is_installed(self) -> bool {
        match self {
            Self::Direct | Self::Ours => true,
            Self::Haproxy | Self::HaproxySplice => Path::new(HAPROXY).exists(),
            Self::Nginx => Path::new(NGINX).exists() && Path::new(NGINX_STREAM).exists(),
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
pub struct Contender {
    pub peer: Peer,
    /// Where clients connect to.
    pub target: SocketAddrV4,
    /// Nobody, without a proxy.
    pub party: Option<Party>,
    _folder: TempDir,
}

impl Contender {
    /// Starts a peer with so many threads at a port.
    pub fn start(
        peer: Peer,
        threads: u8,
        port: u16,
        spot: Spot<'_>,
        agent: &Path,
    ) -> Result<Self, Failure> {
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir();
        let folder = folder.map_err(Failure::doing("making a folder"))?;
        let path = folder.path().display().to_string();
        let config = format!("{path}/config");
        let director = |program: &Path, arguments: &[&str], text: String| {
            fs::write(&config, text).map_err(Failure::doing("writing a configuration"))?;
            let arguments: Vec<_> = arguments.iter().map(|&one| one.to_owned()).collect();
            Party::start(peer.name(), spot, program, &arguments).map(Some)
        };
        let party = match peer {
            Peer::Direct => None,
            Peer::Haproxy | Peer::HaproxySplice => {
                let text = haproxy(threads, port, peer == Peer::HaproxySplice);
                director(Path::new(HAPROXY), &["-db", "-f", &config], text)?
            }
            Peer::Nginx => {
                let arguments = ["-e", "stderr", "-p", &path, "-c", &config];
                director(Path::new(NGINX), &arguments, nginx(threads, port))?
            }
            Peer::Ours => {
                let arguments = ["--config", &config, "--log", "warn"];
                director(agent, &arguments, ours(threads, port))?
            }
        };
        let target = match party {
            Some(_) => SocketAddrV4::new(DIRECTOR, port),
            None => SocketAddrV4::new(SERVERS[0], PORT),
        };
        Ok(Self { peer, target, party, _folder: folder })
    }
}

fn each_server(line: impl Fn(usize, Ipv4Addr) -> String) -> String {
    SERVERS.iter().enumerate().map(|(number, &address)| line(number + 1, address)).collect()
}

fn haproxy(threads: u8, port: u16, splice: bool) -> String {
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
             bind {DIRECTOR}:{port} backlog 65535\n    \
             balance roundrobin\n\
         {servers}"
    )
}

fn nginx(workers: u8, port: u16) -> String {
    let servers = each_server(|_, address| format!("server {address}:{PORT} max_fails=0;\n"));
    format!(
        "load_module {NGINX_STREAM};\n\
         daemon off;\n\
         pid nginx.pid;\n\
         user root;\n\
         error_log stderr crit;\n\
         worker_processes {workers};\n\
         events {{ worker_connections 19000; multi_accept on; }}\n\
         stream {{\n\
             access_log off;\n\
             upstream web {{\n{servers}}}\n\
             server {{ listen {DIRECTOR}:{port} reuseport backlog=65535; proxy_pass web; }}\n\
         }}\n"
    )
}

fn ours(shards: u8, port: u16) -> String {
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
         port = {port}\n\
         scheduler = \"rr\"\n\
         check_kind = \"none\"\n\
         {servers}"
    )
}
