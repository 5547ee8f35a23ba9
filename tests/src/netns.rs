//! Two network namespaces with a cable between: a director's and its servers'.

use std::{fs::File, net::Ipv4Addr, os::fd::AsFd, process::Command};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::in_ci;

/// The director's address.
pub const DIRECTOR: Ipv4Addr = Ipv4Addr::new(198, 18, 3, 1);
/// The server's.
pub const SERVER: Ipv4Addr = Ipv4Addr::new(198, 18, 3, 2);

/// The namespaces. They go with this.
pub struct Namespaces {
    director: String,
    servers: String,
}

impl Namespaces {
    /// Makes them, or steps aside where nobody may.
    #[track_caller]
    pub fn make() -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            let hint = "only root makes network namespaces";
            assert!(!in_ci(), "{hint}");
            eprintln!("stepping aside: {hint}");
            return None;
        }
        let process = std::process::id();
        let made = Self {
            director: format!("lcms-test-{process}-d"),
            servers: format!("lcms-test-{process}-s"),
        };
        let (director, servers) = (made.director.as_str(), made.servers.as_str());
        for place in [director, servers] {
            ip(&["netns", "add", place]);
            ip(&["-n", place, "link", "set", "lo", "up"]);
        }
        let cable = ["name", "cable", "type", "veth", "peer", "name", "cable", "netns", servers];
        ip(&[&["-n", director, "link", "add"][..], &cable].concat());
        for (place, address) in [(director, DIRECTOR), (servers, SERVER)] {
            ip(&["-n", place, "address", "add", &format!("{address}/24"), "dev", "cable"]);
            ip(&["-n", place, "link", "set", "cable", "up"]);
        }
        Some(made)
    }

    /// This thread, and what it starts, is the director's from now on.
    pub fn enter_director(&self) {
        enter(&self.director);
    }

    /// This thread is the servers' from now on.
    pub fn enter_servers(&self) {
        enter(&self.servers);
    }

    /// What comes before a command that is to see the director's interfaces in /sys
    /// too, which entering the namespace does not bring about.
    pub fn at_director(&self) -> [&str; 4] {
        ["ip", "netns", "exec", &self.director]
    }

    /// Does something to the director's interfaces: the arguments of `ip link`.
    #[track_caller]
    pub fn link(&self, args: &[&str]) {
        ip(&[&["-n", &self.director, "link"][..], args].concat());
    }

    /// From now on nothing that the director sends is answered: what the
    /// servers' kernel has for it goes nowhere.
    pub fn go_dark(&self) {
        ip(&["-n", &self.servers, "route", "add", "blackhole", &format!("{DIRECTOR}/32")]);
    }

    /// From now on it is answered again.
    pub fn light(&self) {
        ip(&["-n", &self.servers, "route", "del", "blackhole", &format!("{DIRECTOR}/32")]);
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        for place in [&self.director, &self.servers] {
            let _ = Command::new("ip").args(["netns", "del", place]).output();
        }
    }
}

fn enter(place: &str) {
    let file = File::open(format!("/run/netns/{place}")).expect("it was made");
    move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network))
        .expect("root may enter it");
}

#[track_caller]
fn ip(args: &[&str]) {
    let output = Command::new("ip").args(args).output().expect("iproute2 is installed");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ip {args:?}: {said}");
}
