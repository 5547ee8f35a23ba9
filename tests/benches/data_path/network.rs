//! Three network namespaces in a row: client – director – servers.

use std::{
    fs::{self, File},
    net::Ipv4Addr,
    os::fd::AsFd,
    path::Path,
    process::{Command, Stdio},
    thread,
};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::{failure::Failure, process};

/// Where the director listens. The networks are those set aside for
/// benchmarks (RFC 2544).
pub const DIRECTOR: Ipv4Addr = Ipv4Addr::new(198, 18, 1, 254);
/// What the servers answer at.
pub const SERVERS: [Ipv4Addr; 4] = [
    Ipv4Addr::new(198, 18, 2, 1),
    Ipv4Addr::new(198, 18, 2, 2),
    Ipv4Addr::new(198, 18, 2, 3),
    Ipv4Addr::new(198, 18, 2, 4),
];
/// The servers' port. The contenders have those above it.
pub const PORT: u16 = 8000;

const CLIENT: Ipv4Addr = Ipv4Addr::new(198, 18, 1, 1);
const GATEWAY: Ipv4Addr = Ipv4Addr::new(198, 18, 2, 254);

/// Beginning of the names of all that a run makes. In those of the namespaces
/// the process id follows, so that runs do not meet, and what a killed one left
/// is known.
pub const PREFIX: &str = "lcms-bench-";

/// What lets tens of thousands of short connections a second come and go.
const SETTINGS: [(&str, &str); 7] = [
    ("net/ipv4/ip_forward", "1"),
    ("net/ipv4/ip_local_port_range", "1024 65535"),
    ("net/core/somaxconn", "65535"),
    ("net/ipv4/tcp_max_syn_backlog", "65535"),
    // A port is free again after a second, and no more of them wait for that
    // than a run of any length finds: each window meets the same conditions.
    ("net/ipv4/tcp_tw_reuse", "1"),
    ("net/ipv4/tcp_max_tw_buckets", "16384"),
    // One that paces would be what bulk measures, and this one is to be had in
    // every namespace.
    ("net/ipv4/tcp_congestion_control", "reno"),
];

/// The namespaces. They go with this.
pub struct Network {
    run: u32,
}

/// One of the namespaces.
#[derive(Clone, Copy)]
pub enum Place {
    Client,
    Director,
    Servers,
}

impl Network {
    pub fn make() -> Result<Self, Failure> {
        sweep();
        let network = Self { run: std::process::id() };
        network.set_up()?;
        Ok(network)
    }

    pub fn name(&self, place: Place) -> String {
        let place = match place {
            Place::Client => "client",
            Place::Director => "director",
            Place::Servers => "servers",
        };
        format!("{PREFIX}{}-{place}", self.run)
    }

    fn set_up(&self) -> Result<(), Failure> {
        for place in [Place::Client, Place::Director, Place::Servers] {
            ip(&["netns", "add", &self.name(place)])?;
            self.settle(place)?;
            self.ip(place, &["link", "set", "lo", "up"])?;
        }
        self.join(Place::Client, "client")?;
        self.join(Place::Servers, "servers")?;
        let add = |place, address: Ipv4Addr, link| {
            self.ip(place, &["address", "add", &format!("{address}/24"), "dev", link])
        };
        add(Place::Client, CLIENT, "director")?;
        add(Place::Director, DIRECTOR, "client")?;
        add(Place::Director, GATEWAY, "servers")?;
        for server in SERVERS {
            add(Place::Servers, server, "director")?;
        }
        self.ip(Place::Client, &["route", "add", "default", "via", &DIRECTOR.to_string()])?;
        self.ip(Place::Servers, &["route", "add", "default", "via", &GATEWAY.to_string()])
    }

    /// Joins a namespace with the director's; either end is called by what
    /// lies beyond.
    fn join(&self, place: Place, name: &str) -> Result<(), Failure> {
        let (here, there) = (self.name(Place::Director), self.name(place));
        ip(&[
            "link", "add", name, "netns", &here, "type", "veth", "peer", "name", "director",
            "netns", &there,
        ])?;
        self.ip(Place::Director, &["link", "set", name, "up"])?;
        self.ip(place, &["link", "set", "director", "up"])
    }

    fn ip(&self, place: Place, arguments: &[&str]) -> Result<(), Failure> {
        let name = self.name(place);
        ip(&[&["-n", name.as_str()], arguments].concat()).map(drop)
    }

    /// Writes the settings, which belong to the namespace of who writes them.
    fn settle(&self, place: Place) -> Result<(), Failure> {
        let name = self.name(place);
        let settle = move || {
            enter(&name)?;
            for (setting, value) in SETTINGS {
                fs::write(Path::new("/proc/sys").join(setting), value)
                    .map_err(Failure::doing(format!("setting {setting}")))?;
            }
            Ok(())
        };
        // Only the thread is moved, and it ends here.
        thread::spawn(settle).join().unwrap_or(Err(Failure::Interrupted))
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for place in [Place::Client, Place::Director, Place::Servers] {
            let _ = ip(&["netns", "delete", &self.name(place)]);
        }
    }
}

/// Moves the calling thread into a namespace.
pub fn enter(namespace: &str) -> Result<(), Failure> {
    let what = || format!("entering {namespace}");
    let file = File::open(folder().join(namespace)).map_err(Failure::doing(what()))?;
    move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network))
        .map_err(Failure::doing(what()))
}

fn folder() -> &'static Path {
    Path::new("/run/netns")
}

/// Removes what killed runs have left.
fn sweep() {
    for name in fs::read_dir(folder()).into_iter().flatten().flatten() {
        let name = name.file_name().to_string_lossy().into_owned();
        let run = name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next());
        // A process that nobody has waited for yet has no program any more.
        if run.is_some_and(|run| fs::read_link(format!("/proc/{run}/exe")).is_err()) {
            let pids = ip(&["netns", "pids", &name]).unwrap_or_default();
            pids.split_whitespace().filter_map(|pid| pid.parse().ok()).for_each(process::kill);
            let _ = ip(&["netns", "delete", &name]);
        }
    }
}

/// Runs iproute2's tool; what it says.
fn ip(arguments: &[&str]) -> Result<String, Failure> {
    let output = Command::new("ip").args(arguments).stdin(Stdio::null()).output();
    let output = output.map_err(|_| Failure::Missing { program: "ip", package: "iproute2" })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Failure::Party { party: format!("ip {}", arguments.join(" ")), said })
}
