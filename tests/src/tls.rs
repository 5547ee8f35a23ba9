//! Clients of SNMP over TLS: net-snmp's tools, and OpenSSL's client alone.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use tempfile::TempDir;

use crate::{
    certificate::{fingerprint, self_signed},
    net_snmp::{self, Said, tool},
};

/// A folder of certificates, that of an agent and those of its clients, where net-snmp's
/// tools find them.
pub struct Clients {
    folder: TempDir,
}

impl Clients {
    /// With these certificates beside the agent's, or steps aside where there is nothing
    /// to make them or to use them with.
    #[track_caller]
    pub fn new(names: &[&str]) -> Option<Self> {
        let (_, compiler) = (tool("snmpget")?, tool("cc")?);
        let folder = tempfile::tempdir().expect("a temporary directory");
        let clients = Self { folder };
        for part in ["tls/certs", "tls/private"] {
            fs::create_dir_all(clients.at(part)).expect("the folder is ours");
        }
        for name in names.iter().chain(&["agent"]) {
            self_signed(clients.folder(), name)?;
            clients.add(name, &clients.at(&format!("{name}.pem")), &clients.key(name));
        }
        // The tools of 5.9.3 let OpenSSL speak TLS 1.0 at most, which RFC 8996 forbids
        // and OpenSSL 3 does not do. This takes their bound away.
        fs::write(clients.at("newer.c"), include_str!("tls/newer.c")).expect("it is ours");
        let mut command = Command::new(compiler);
        command.args(["-shared", "-fPIC", "-o"]).arg(clients.at("newer.so"));
        let status = command.arg(clients.at("newer.c")).arg("-ldl").status();
        assert!(status.expect("it was found").success(), "{command:?}");
        Some(clients)
    }

    /// Where the files are, `NAME.pem` and `NAME.key`.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn at(&self, file: &str) -> PathBuf {
        self.folder().join(file)
    }

    fn key(&self, name: &str) -> PathBuf {
        self.at(&format!("{name}.key"))
    }

    /// Has the tools find one more.
    pub fn add(&self, name: &str, certificate: &Path, key: &Path) {
        let files = [("certs", "crt", certificate), ("private", "key", key)];
        for (folder, ending, file) in files {
            let to = self.at(&format!("tls/{folder}/{name}.{ending}"));
            fs::copy(file, to).expect("both are ours");
        }
    }

    /// The fingerprint of one.
    pub fn fingerprint(&self, name: &str) -> String {
        fingerprint(&self.at(&format!("{name}.pem")))
    }

    /// An agent's `[tls]`.
    pub fn table(&self) -> String {
        format!(
            "[tls]\n\
             listen = [\"127.0.0.1:0\"]\n\
             certificate_file = \"{}\"\n\
             key_file = \"{}\"\n",
            self.at("agent.pem").display(),
            self.key("agent").display()
        )
    }

    /// A user of it who is known by his certificate.
    pub fn user(&self, name: &str, access: &str) -> String {
        let fingerprint = self.fingerprint(name);
        format!(
            "[[tls.user]]\nname = \"{name}\"\naccess = \"{access}\"\n\
             fingerprint = \"{fingerprint}\"\n"
        )
    }

    /// Has a program of net-snmp find them, and speak TLS as others do.
    pub fn equip(&self, command: &mut Command) {
        command
            .env("SNMPCONFPATH", self.folder())
            .env("SNMP_PERSISTENT_DIR", self.at("kept"))
            .env("LD_PRELOAD", self.at("newer.so"));
    }

    /// Runs a tool with the certificate of one, which expects that of another.
    pub fn run(&self, name: &str, who: [&str; 2], agent: SocketAddr, args: &[&str]) -> Said {
        let mut command = self.command(name, who, agent, args);
        Said::new(command.env("LD_PRELOAD", self.at("newer.so")).output().expect("it was found"))
    }

    /// The same as the distribution has it.
    pub fn run_unchanged(
        &self,
        name: &str,
        who: [&str; 2],
        agent: SocketAddr,
        args: &[&str],
    ) -> Said {
        Said::new(self.command(name, who, agent, args).output().expect("it was found"))
    }

    fn command(
        &self,
        name: &str,
        [own, other]: [&str; 2],
        agent: SocketAddr,
        args: &[&str],
    ) -> Command {
        let mut command = net_snmp::command(&tool(name).expect("it comes with the others"));
        command.env("SNMPCONFPATH", self.folder()).env("SNMP_PERSISTENT_DIR", self.at("kept"));
        command.args(["-v3", "-t", "20", "-r", "0", "-T", &format!("our_identity={own}")]);
        command.args(["-T", &format!("their_identity={other}"), &format!("tlstcp:{agent}")]);
        command.args(args);
        command
    }

    /// OpenSSL's own client, in a session of one of them.
    pub fn openssl(&self, name: &str, agent: SocketAddr, options: &[&str]) -> OpenSsl {
        let mut command = Command::new("openssl");
        command.args(["s_client", "-quiet", "-connect", &agent.to_string(), "-cert"]);
        command.arg(self.at(&format!("{name}.pem"))).arg("-key").arg(self.key(name)).args(options);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("it was found");
        let (to, from) = (child.stdin.take(), child.stdout.take());
        OpenSsl { to: to.expect("a pipe"), from: from.expect("a pipe"), child }
    }
}

/// A process that does TLS and nothing else.
pub struct OpenSsl {
    /// What it sends.
    pub to: ChildStdin,
    /// What comes for it.
    pub from: ChildStdout,
    child: Child,
}

impl Drop for OpenSsl {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
