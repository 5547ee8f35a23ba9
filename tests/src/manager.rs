//! `lcms-manager` with an inventory of its own.

use std::{
    fs,
    net::SocketAddr,
    path::PathBuf,
    process::{Command, Output},
};

use tempfile::TempDir;

use crate::{
    agent::{Agent, PASSWORD, READ, WRITE, write_secret},
    process::{Process, binary},
};

/// A manager's inventory; each call is a run of the binary.
pub struct Manager {
    folder: TempDir,
}

/// What a run said.
#[derive(Debug)]
pub struct Said {
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub errors: String,
    /// The exit code.
    pub code: Option<i32>,
}

impl Said {
    /// Standard output as one JSON value.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("{error} in {}\n{}", self.out, self.errors))
    }

    /// This, if the run did what it should.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.code, Some(0), "{}{}", self.out, self.errors);
        self
    }
}

impl Manager {
    /// A manager of these nodes; the cluster `main` is directed by the first.
    pub fn of(nodes: &[(&str, SocketAddr)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        write_secret(&folder.path().join("read.community"), READ);
        write_secret(&folder.path().join("write.community"), WRITE);
        write_secret(&folder.path().join("user.password"), PASSWORD);
        let mut inventory = String::from(
            "[defaults]\n\
             community_file = \"read.community\"\n\
             write_community_file = \"write.community\"\n\
             timeout_ms = 500\n\
             retries = 1\n",
        );
        for (name, address) in nodes {
            inventory += &format!("[[node]]\nname = \"{name}\"\naddress = \"{address}\"\n");
        }
        if let Some((director, _)) = nodes.first() {
            inventory += &format!("[[cluster]]\nname = \"main\"\ndirectors = [\"{director}\"]\n");
        }
        fs::write(folder.path().join("manager.toml"), inventory).expect("the folder is ours");
        Self { folder }
    }

    /// A manager of one director.
    pub fn of_agent(agent: &Agent) -> Self {
        Self::of(&[(agent.name(), agent.address())])
    }

    /// Adds to its file.
    pub fn configure(&self, more: &str) {
        let file = self.config();
        let text = fs::read_to_string(&file).expect("the folder is ours");
        fs::write(file, text + more).expect("the folder is ours");
    }

    /// The file with the password of all users.
    pub fn password_file(&self) -> String {
        self.folder.path().join("user.password").display().to_string()
    }

    /// Its inventory file.
    pub fn config(&self) -> PathBuf {
        self.folder.path().join("manager.toml")
    }

    /// Runs `lcms-manager ARGS` to its end.
    #[track_caller]
    pub fn run(&self, args: &[&str]) -> Said {
        let Output { status, stdout, stderr } =
            self.command(args).output().expect("the binary starts");
        Said {
            out: String::from_utf8_lossy(&stdout).into_owned(),
            errors: String::from_utf8_lossy(&stderr).into_owned(),
            code: status.code(),
        }
    }

    /// Starts `lcms-manager ARGS`, which goes on until it is ended.
    #[track_caller]
    pub fn start(&self, args: &[&str]) -> Process {
        self.start_in(args, &[])
    }

    /// The same, with these variables in its environment.
    #[track_caller]
    pub fn start_in(&self, args: &[&str], environment: &[(&str, &str)]) -> Process {
        Process::start(self.command(args).envs(environment.iter().copied()))
    }

    /// `lcms-manager ARGS`, not yet started.
    #[track_caller]
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(binary("lcms-manager"));
        command.arg("--config").arg(self.config()).args(args);
        // What is kept of one run is no other test's.
        command.env("XDG_CACHE_HOME", self.config().with_file_name("cache"));
        command
    }
}
