//! Debian's net-snmp tools and daemon, and libsmi's checker.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use crate::{in_ci, root};

/// Where a tool is, or `None` with a word about it; in CI its absence fails.
#[track_caller]
pub fn tool(name: &str) -> Option<PathBuf> {
    let places = ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/lib/nagios/plugins"];
    let found = places.iter().map(|place| Path::new(place).join(name)).find(|path| path.exists());
    if found.is_none() {
        let hint = format!("{name} is not installed: `tests/run` as root installs it");
        assert!(!in_ci(), "{hint}");
        eprintln!("stepping aside: {hint}");
    }
    found
}

/// A net-snmp tool that reads our module texts and no others.
pub fn command(tool: &Path) -> Command {
    let mut command = Command::new(tool);
    // Without a configuration of the machine's own.
    command.env("SNMPCONFPATH", "/nonexistent").env("MIBS", "").env("LC_ALL", "C");
    command.arg("-M").arg(root().join("mibs/modules")).args(["-m", "LOAD-CLUSTER-MIB"]);
    command
}

/// A walk by `snmpbulkwalk`: full names in numbers and what stands behind them,
/// `None` where the tool is missing.
#[track_caller]
pub fn walk(agent: SocketAddr, community: &str, root: &str) -> Option<Vec<(String, String)>> {
    let said = run("snmpbulkwalk", &["-v2c", "-On"], community, agent, &[root])?;
    assert_eq!((said.code, said.errors.as_str()), (Some(0), ""), "{}", said.text());
    let pairs = said.lines.iter().filter_map(|line| line.split_once(" = "));
    Some(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

/// What a tool said, with its standard output as lines.
pub struct Said {
    /// Lines of standard output.
    pub lines: Vec<String>,
    /// Standard error.
    pub errors: String,
    /// The exit code.
    pub code: Option<i32>,
}

impl Said {
    pub(crate) fn new(output: Output) -> Self {
        Self {
            lines: String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect(),
            errors: String::from_utf8_lossy(&output.stderr).into_owned(),
            code: output.status.code(),
        }
    }

    /// The lines as one text.
    pub fn text(&self) -> String {
        self.lines.join("\n")
    }
}

/// Runs `TOOL OPTIONS AGENT ARGS` with the options of a user, `None` where it is
/// missing.
#[track_caller]
pub fn run_as(name: &str, user: &User<'_>, agent: SocketAddr, args: &[&str]) -> Option<Said> {
    let mut command = command(&tool(name)?);
    command.args(["-v3", "-t", "5", "-r", "1", "-u", user.name]);
    if let Some(auth) = user.auth {
        command.args(["-a", auth, "-A", user.password]);
    }
    if let Some(privacy) = user.privacy {
        command.args(["-x", privacy, "-X", user.password]);
    }
    command.args(["-l", user.level()]).arg(transport(agent)).args(args);
    Some(Said::new(command.output().expect("it was found")))
}

/// A user of version 3 in the words of net-snmp's tools.
#[derive(Clone, Copy, Debug)]
pub struct User<'a> {
    /// The name.
    pub name: &'a str,
    /// The password, for both.
    pub password: &'a str,
    /// `-a`.
    pub auth: Option<&'a str>,
    /// `-x`.
    pub privacy: Option<&'a str>,
}

impl User<'_> {
    /// The highest level the user is capable of.
    pub fn level(&self) -> &'static str {
        match (self.auth, self.privacy) {
            (None, _) => "noAuthNoPriv",
            (Some(_), None) => "authNoPriv",
            (Some(_), Some(_)) => "authPriv",
        }
    }
}

/// Runs `TOOL OPTIONS -c COMMUNITY AGENT ARGS`, `None` where it is missing.
#[track_caller]
pub fn run(
    name: &str,
    options: &[&str],
    community: &str,
    agent: SocketAddr,
    args: &[&str],
) -> Option<Said> {
    let mut command = command(&tool(name)?);
    command.args(options).args(["-c", community, "-t", "5", "-r", "1"]);
    command.arg(transport(agent)).args(args);
    Some(Said::new(command.output().expect("it was found")))
}

/// An address as net-snmp's tools take it.
fn transport(address: SocketAddr) -> String {
    format!("{}:{address}", if address.is_ipv6() { "udp6" } else { "udp" })
}
