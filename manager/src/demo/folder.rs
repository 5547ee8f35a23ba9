//! The files of a demo: configurations, secrets, state, and the load of
//! emulated hosts, all in one temporary folder that goes when the demo ends.

use std::fmt::Write as _;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::backend::Spec;
use super::network::{HTTP_PORT, Network};

/// The demo's cluster.
pub const CLUSTER: &str = "main";
/// Its service.
pub const SERVICE: &str = "web";
/// The node that directs it.
pub const DIRECTOR: &str = "lb1";
/// Every server's configured weight: an operator who knows nothing of them.
pub const WEIGHT: u32 = 50;

/// The folder, removed with all that is in it when dropped.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// The community for reading. It opens nothing but this demo, for as long
    /// as that lasts, so it may be shown.
    pub reader: String,
}

impl Folder {
    /// Makes the folder with a random community and a random password.
    pub fn create() -> io::Result<Self> {
        let path = std::env::temp_dir().join(format!("lcms-demo-{}", random_word()?));
        DirBuilder::new().mode(0o700).create(&path)?;
        let folder = Self { path, reader: random_word()? };
        folder.secret("read.community", &folder.reader)?;
        folder.secret("controller.password", &random_word()?)?;
        Ok(folder)
    }

    /// A file or folder in it.
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path.join(name)
    }

    /// Writes the agent's configuration of the director.
    pub fn director(&self, network: Network, hosts: &[Spec]) -> io::Result<PathBuf> {
        let mut text = self.agent(DIRECTOR, network, 1, "director");
        text.push_str(concat!(
            "\n[[community]]\nname = \"reader\"\nfile = \"read.community\"\n\n",
            "[[user]]\nname = \"controller\"\nauth_file = \"controller.password\"\n",
            "access = \"write\"\n",
        ));
        for host in hosts {
            let _ = write!(text, "\n[[host]]\nname = \"{}\"\n", host.name);
        }
        text.push_str(concat!(
            "\n[[policy]]\nname = \"capacity\"\nkind = \"headroom\"\nwindow = \"instant\"\n",
            "interval = 1000\nsmoothing = 500\nstep = 25\nhysteresis = 0\nstale_limit = 3000\n",
        ));
        let address = network.node(1);
        let _ = write!(
            text,
            "\n[[cluster]]\nname = \"{CLUSTER}\"\npolicy = \"capacity\"\n\
             \n[[cluster.director]]\nhost = \"{DIRECTOR}\"\naddress = \"{address}\"\n\
             \n[[cluster.service]]\nname = \"{SERVICE}\"\ntype = \"http\"\n\
             address = \"{address}\"\nport = {HTTP_PORT}\nscheduler = \"wrr\"\n\
             check_interval = 500\ncheck_timeout = 400\ncheck_rise = 2\ncheck_fall = 2\n",
        );
        for (number, host) in (2..).zip(hosts) {
            let (name, address) = (&host.name, network.node(number));
            let _ = write!(
                text,
                "\n[[cluster.service.server]]\nname = \"{name}\"\nhost = \"{name}\"\n\
                 address = \"{address}\"\nport = {HTTP_PORT}\nweight = {WEIGHT}\n",
            );
        }
        self.write(&format!("{DIRECTOR}.toml"), &text)
    }

    /// Writes the agent's configuration of a real server.
    pub fn server(&self, network: Network, number: u8, host: &Spec) -> io::Result<PathBuf> {
        let mut text = self.agent(&host.name, network, number, "realServer");
        let _ = write!(
            text,
            "proc_root = \"{}\"\n\n[[community]]\nname = \"reader\"\nfile = \"read.community\"\n",
            host.proc_root.display()
        );
        self.write(&format!("{}.toml", host.name), &text)
    }

    /// Writes the inventory of all of them, for managers.
    pub fn inventory(&self, network: Network, hosts: &[Spec]) -> io::Result<PathBuf> {
        let mut text = format!(
            "[defaults]\ncommunity_file = \"read.community\"\ntimeout_ms = 300\nretries = 1\n\
             \n[[node]]\nname = \"{DIRECTOR}\"\naddress = \"{}\"\nroles = [\"director\"]\n\
             user = \"controller\"\nauth_file = \"controller.password\"\n",
            network.agent(1),
        );
        for (number, host) in (2..).zip(hosts) {
            let _ = write!(
                text,
                "\n[[node]]\nname = \"{}\"\naddress = \"{}\"\nroles = [\"realServer\"]\n",
                host.name,
                network.agent(number),
            );
        }
        let _ = write!(text, "\n[[cluster]]\nname = \"{CLUSTER}\"\ndirectors = [\"{DIRECTOR}\"]\n");
        self.write("manager.toml", &text)
    }

    fn agent(&self, name: &str, network: Network, number: u8, role: &str) -> String {
        format!(
            "name = \"{name}\"\nlisten = [\"{}\"]\nstate_dir = \"{}\"\nsample_interval = 250\n\
             role_potential = [\"{role}\"]\nrole_status = [\"{role}\"]\n",
            network.agent(number),
            self.join(name).join("state").display(),
        )
    }

    fn write(&self, name: &str, text: &str) -> io::Result<PathBuf> {
        let path = self.join(name);
        fs::write(&path, text)?;
        Ok(path)
    }

    fn secret(&self, name: &str, text: &str) -> io::Result<()> {
        let path = self.join(name);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(text.as_bytes())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            eprintln!("demo: {} is left behind: {error}", self.path.display());
        }
    }
}

fn random_word() -> io::Result<String> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    Ok(format!("{:016x}", u64::from_be_bytes(random)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_inventory_is_one_and_nothing_stays_behind() {
        let folder = Folder::create().expect("a folder");
        let network = Network::find(2).expect("a network");
        let host = Spec {
            name: "rs1".to_owned(),
            cores: 1,
            speed: 1.0,
            memory_kib: 1,
            work: Duration::from_millis(1),
            proc_root: folder.join("rs1/proc"),
        };
        let path = folder.inventory(network, &[host]).expect("written");
        let inventory = crate::config::Config::load(&path).and_then(|config| config.inventory());
        let inventory = inventory.expect("an inventory");
        assert_eq!(inventory.nodes.len(), 2);
        assert!(inventory.node(DIRECTOR).is_some_and(|node| node.user.is_some()));
        drop(folder);
        assert!(!path.exists());
    }
}
