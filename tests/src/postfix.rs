//! Debian's Postfix: one instance of its own whose listeners stand for real
//! servers, each with a name in the log. Mail goes nowhere.

use std::{
    fmt::Write as _,
    fs,
    net::{Ipv4Addr, SocketAddr},
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;

use crate::{agent::free_port, eventually, in_ci, net_snmp::tool, process::Process};

/// A running Postfix.
pub struct Postfix {
    process: Process,
    tool: PathBuf,
    folder: TempDir,
    servers: Vec<(&'static str, SocketAddr)>,
}

/// How a listener learns who the client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clients {
    /// From the connection.
    Connected,
    /// From a header of the PROXY protocol.
    Announced,
}

/// What every instance runs beside its listeners.
const SERVICES: &str = "\
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
discard unix - - n - - discard
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
";

impl Postfix {
    /// Starts it with a listener for each name, or steps aside where it is not
    /// installed or this is not root, which its master process has to be.
    #[track_caller]
    pub fn start(names: &[&'static str], clients: Clients) -> Option<Self> {
        let tool = tool("postfix")?;
        if !rustix::process::geteuid().is_root() {
            assert!(!in_ci(), "Postfix needs root");
            eprintln!("not root: Postfix stays away");
            return None;
        }
        let folder = tempfile::tempdir().expect("a temporary directory");
        // Its processes are of another user.
        let open = fs::Permissions::from_mode(0o755);
        fs::set_permissions(folder.path(), open).expect("the folder is ours");
        let servers: Vec<_> = names
            .iter()
            .map(|name| (*name, SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()))))
            .collect();
        configure(folder.path(), &servers, clients);
        let mut command = Command::new(&tool);
        command.arg("-c").arg(folder.path().join("etc")).arg("start-fg");
        let mut process = Process::start(&mut command);
        process.says("daemon started");
        Some(Self { process, tool, folder, servers })
    }

    /// Its listeners by name.
    pub fn servers(&self) -> &[(&'static str, SocketAddr)] {
        &self.servers
    }

    /// Lines of its log, once there are so many with this mark.
    #[track_caller]
    pub fn logs(&self, mark: &str, count: usize) -> Vec<String> {
        eventually("Postfix logs it", Duration::from_secs(20), || {
            let output = self.process.output();
            let found = output.lines().filter(|line| line.contains(mark)).map(str::to_owned);
            let found: Vec<String> = found.collect();
            if found.len() >= count { Ok(found) } else { Err(output) }
        })
    }

    /// Ends all its processes.
    pub fn stop(&self) {
        let _ = Command::new(&self.tool)
            .arg("-c")
            .arg(self.folder.path().join("etc"))
            .arg("abort")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        // The process that was started is a script; those that matter are others.
        self.stop();
    }
}

fn configure(folder: &Path, servers: &[(&str, SocketAddr)], clients: Clients) {
    for name in ["etc", "queue", "data"] {
        fs::create_dir(folder.join(name)).expect("the folder is ours");
    }
    chown(folder.join("data"), Some(user("postfix")), None).expect("this is root");
    let at = folder.display();
    let main = format!(
        "compatibility_level = 3.6\nqueue_directory = {at}/queue\ndata_directory = {at}/data\n\
         mail_owner = postfix\nsetgid_group = postdrop\nmyhostname = mail.example.net\n\
         mydestination = example.net\nlocal_recipient_maps =\nlocal_transport = discard:\n\
         default_transport = discard:\ninet_protocols = ipv4\nmynetworks = 127.0.0.0/8\n\
         smtpd_recipient_restrictions = permit_mynetworks, reject\nmaillog_file = /dev/stdout\n"
    );
    fs::write(folder.join("etc/main.cf"), main).expect("the folder is ours");
    let mut master = String::new();
    for (name, address) in servers {
        let proxied = match clients {
            Clients::Connected => "",
            Clients::Announced => " -o smtpd_upstream_proxy_protocol=haproxy",
        };
        let _ = writeln!(master, "{address} inet n - n - - smtpd -o syslog_name={name}{proxied}");
    }
    fs::write(folder.join("etc/master.cf"), master + SERVICES).expect("the folder is ours");
}

/// The number of a user whom a package made.
fn user(name: &str) -> u32 {
    let users = fs::read_to_string("/etc/passwd").expect("there are users");
    let line = users.lines().find(|line| line.split(':').next() == Some(name));
    let number = line.and_then(|line| line.split(':').nth(2)).and_then(|text| text.parse().ok());
    number.expect("the package made its user")
}
