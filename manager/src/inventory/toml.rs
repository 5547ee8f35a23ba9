//! The inventory as a file.
//!
//! ```toml
//! [defaults]
//! community_file = "read.community"      # relative to this file, mode 0600
//!
//! [[node]]
//! name = "lb1"
//! address = "192.0.2.1:161"
//! roles = ["director"]
//! write_community_file = "lb1.write"
//!
//! [[cluster]]
//! name = "main"
//! directors = ["lb1"]
//! ```

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use lcms_lb_core::model::{Name, Roles};
use lcms_snmp::{Secret, Version};
use miette::{Diagnostic, NamedSource, SourceSpan};
use serde::Deserialize;
use thiserror::Error;
use toml::Spanned;

use super::{Cluster, Endpoint, Inventory, Node};
use crate::secret::{self, SecretFault};

/// Why a file is no inventory.
#[derive(Debug, Error, Diagnostic)]
pub enum InventoryError {
    /// The file cannot be read.
    #[error("{}: {source}", path.display())]
    #[diagnostic(help(
        "write an inventory there, or name another with --config FILE; the shortest one is\n{FORM}"
    ))]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Something in it is wrong.
    #[error("{}:{line}:{column}: {fault}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// In characters, counted from 1.
        column: usize,
        /// What is wrong.
        fault: Box<Fault>,
        /// Its text.
        #[source_code]
        text: Arc<NamedSource<String>>,
        /// The place.
        #[label("here")]
        span: SourceSpan,
        /// The right form.
        #[help]
        form: String,
    },
}

/// What is wrong at one place of the file.
#[derive(Debug, Error)]
pub enum Fault {
    /// TOML or the keys and types of an inventory were not met.
    #[error("{0}")]
    Syntax(String),
    /// Two rows with one name.
    #[error("there is a {kind} {name:?} already, in line {line}")]
    Duplicate {
        /// `node` or `cluster`.
        kind: &'static str,
        /// The name.
        name: Name,
        /// Where the first one stands.
        line: usize,
    },
    /// Two nodes with one address.
    #[error("{address} is the address of node {node:?} already")]
    SharedAddress {
        /// The address.
        address: Endpoint,
        /// Who has it.
        node: Name,
    },
    /// A cluster names a director that is no node.
    #[error("director {0:?} is no [[node]] of this file")]
    UnknownDirector(Name),
    /// A cluster without directors.
    #[error("cluster {0:?} has no directors")]
    NoDirectors(Name),
    /// A waiting time nobody wants.
    #[error("timeout_ms = {0} is out of range")]
    Timeout(u64),
    /// More repetitions than anybody wants.
    #[error("retries = {0} is out of range")]
    Retries(u32),
    /// A secret that cannot be had.
    #[error(transparent)]
    Secret(#[from] SecretFault),
}

impl Fault {
    fn form(&self) -> String {
        match self {
            Self::Syntax(_) => format!("an inventory is written like this:\n{FORM}"),
            Self::Duplicate { kind, .. } => format!("give every {kind} a name of its own"),
            Self::SharedAddress { .. } => {
                "one agent is one node: remove one of the two, or correct its address".into()
            }
            Self::UnknownDirector(name) => {
                format!("add it:\n[[node]]\nname = \"{name}\"\naddress = \"192.0.2.1:161\"")
            }
            Self::NoDirectors(_) => "name at least one: directors = [\"lb1\"]".into(),
            Self::Timeout(_) => "from 1 to 60000, in milliseconds: timeout_ms = 1000".into(),
            Self::Retries(_) => "from 0 to 20: retries = 2".into(),
            Self::Secret(error) => error.advice(),
        }
    }
}

/// The shortest useful inventory.
const FORM: &str = "\
[[node]]
name = \"lb1\"
address = \"192.0.2.1:161\"
community_file = \"lb1.community\"    # a file of its own, mode 0600

[[cluster]]
name = \"main\"
directors = [\"lb1\"]";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    defaults: Settings,
    #[serde(default)]
    node: Vec<NodeTable>,
    #[serde(default)]
    cluster: Vec<ClusterTable>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    community_file: Option<Spanned<PathBuf>>,
    write_community_file: Option<Spanned<PathBuf>>,
    version: Option<WireVersion>,
    timeout_ms: Option<Spanned<u64>>,
    retries: Option<Spanned<u32>>,
}

// Not `flatten`: it would lose the places of the values and the refusal of
// unknown keys.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NodeTable {
    name: Spanned<Name>,
    address: Spanned<Endpoint>,
    #[serde(default)]
    roles: Roles,
    community_file: Option<Spanned<PathBuf>>,
    write_community_file: Option<Spanned<PathBuf>>,
    version: Option<WireVersion>,
    timeout_ms: Option<Spanned<u64>>,
    retries: Option<Spanned<u32>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClusterTable {
    name: Spanned<Name>,
    directors: Vec<Spanned<Name>>,
}

#[derive(Clone, Copy, Deserialize)]
enum WireVersion {
    #[serde(rename = "1")]
    V1,
    #[serde(rename = "2c")]
    V2c,
}

impl From<WireVersion> for Version {
    fn from(version: WireVersion) -> Self {
        match version {
            WireVersion::V1 => Self::V1,
            WireVersion::V2c => Self::V2c,
        }
    }
}

/// Reads an inventory and the secrets it names.
pub fn load(path: &Path) -> Result<Inventory, InventoryError> {
    let text = fs::read_to_string(path)
        .map_err(|source| InventoryError::Read { path: path.into(), source })?;
    parse(path, &text)
}

/// Reads the text of an inventory; `path` is where it came from, and its
/// folder the one that secrets are looked for in.
pub fn parse(path: &Path, text: &str) -> Result<Inventory, InventoryError> {
    let file: File = toml::from_str(text).map_err(|error| {
        let span = error.span().unwrap_or_default();
        invalid(path, text, (span, Fault::Syntax(error.message().to_owned())))
    })?;
    let folder = path.parent().unwrap_or(Path::new(""));
    Reader { text, folder, secrets: HashMap::new() }
        .inventory(&file)
        .map_err(|fault| invalid(path, text, fault))
}

type Placed<T> = Result<T, (std::ops::Range<usize>, Fault)>;

struct Reader<'a> {
    text: &'a str,
    folder: &'a Path,
    /// A file that many nodes share is read once.
    secrets: HashMap<PathBuf, Secret>,
}

impl Reader<'_> {
    fn inventory(&mut self, file: &File) -> Placed<Inventory> {
        unique("node", self.text, file.node.iter().map(|node| &node.name))?;
        unique("cluster", self.text, file.cluster.iter().map(|cluster| &cluster.name))?;
        let mut inventory = Inventory::default();
        for table in &file.node {
            let node = self.node(table, &file.defaults)?;
            if let Some(other) = inventory.nodes.iter().find(|n| n.endpoint == node.endpoint) {
                let fault = Fault::SharedAddress { address: node.endpoint, node: other.name };
                return Err((table.address.span(), fault));
            }
            inventory.nodes.push(node);
        }
        for table in &file.cluster {
            let name = *table.name.get_ref();
            if table.directors.is_empty() {
                return Err((table.name.span(), Fault::NoDirectors(name)));
            }
            for director in &table.directors {
                if inventory.node(director.get_ref().as_str()).is_none() {
                    let fault = Fault::UnknownDirector(*director.get_ref());
                    return Err((director.span(), fault));
                }
            }
            let directors = table.directors.iter().map(|name| *name.get_ref()).collect();
            inventory.clusters.push(Cluster { name, directors });
        }
        Ok(inventory)
    }

    fn node(&mut self, table: &NodeTable, defaults: &Settings) -> Placed<Node> {
        let mut node = Node::new(*table.name.get_ref(), table.address.get_ref().clone());
        node.roles = table.roles;
        if let Some(version) = table.version.or(defaults.version) {
            node.version = version.into();
        }
        if let Some(timeout) = table.timeout_ms.as_ref().or(defaults.timeout_ms.as_ref()) {
            let milliseconds = *timeout.get_ref();
            if !(1..=60_000).contains(&milliseconds) {
                return Err((timeout.span(), Fault::Timeout(milliseconds)));
            }
            node.timeout = Duration::from_millis(milliseconds);
        }
        if let Some(retries) = table.retries.as_ref().or(defaults.retries.as_ref()) {
            if *retries.get_ref() > 20 {
                return Err((retries.span(), Fault::Retries(*retries.get_ref())));
            }
            node.retries = *retries.get_ref();
        }
        node.read =
            self.secret(table.community_file.as_ref().or(defaults.community_file.as_ref()))?;
        node.write = self.secret(
            table.write_community_file.as_ref().or(defaults.write_community_file.as_ref()),
        )?;
        Ok(node)
    }

    fn secret(&mut self, file: Option<&Spanned<PathBuf>>) -> Placed<Option<Secret>> {
        let Some(file) = file else { return Ok(None) };
        let path = self.folder.join(file.get_ref());
        if let Some(secret) = self.secrets.get(&path) {
            return Ok(Some(secret.clone()));
        }
        let secret = secret::read(&path).map_err(|error| (file.span(), error.into()))?;
        self.secrets.insert(path, secret.clone());
        Ok(Some(secret))
    }
}

fn unique<'a>(
    kind: &'static str,
    text: &str,
    names: impl Iterator<Item = &'a Spanned<Name>>,
) -> Placed<()> {
    let mut seen: HashMap<Name, usize> = HashMap::new();
    for name in names {
        let (line, _) = place(text, name.span().start);
        if let Some(line) = seen.insert(*name.get_ref(), line) {
            let fault = Fault::Duplicate { kind, name: *name.get_ref(), line };
            return Err((name.span(), fault));
        }
    }
    Ok(())
}

fn invalid(
    path: &Path,
    text: &str,
    (span, fault): (std::ops::Range<usize>, Fault),
) -> InventoryError {
    let (line, column) = place(text, span.start);
    InventoryError::Invalid {
        path: path.into(),
        line,
        column,
        form: fault.form(),
        fault: Box::new(fault),
        text: Arc::new(NamedSource::new(path.display().to_string(), text.to_owned())),
        span: span.into(),
    }
}

/// Line and column of an octet of the text, both from 1.
fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use lcms_lb_core::model::Role;

    use super::*;

    fn read(text: &str) -> Result<Inventory, InventoryError> {
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("secret");
        fs::write(&secret, "s3cret\n").unwrap();
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
        let open = folder.path().join("open");
        fs::write(&open, "s3cret\n").unwrap();
        fs::set_permissions(&open, fs::Permissions::from_mode(0o644)).unwrap();
        parse(&folder.path().join("manager.toml"), text)
    }

    /// Line, column, cause and form of what is wrong with a text.
    fn fault(text: &str) -> (usize, usize, String, String) {
        match read(text).unwrap_err() {
            InventoryError::Invalid { line, column, fault, form, .. } => {
                (line, column, fault.to_string(), form)
            }
            error => panic!("{error}"),
        }
    }

    #[test]
    fn a_whole_inventory() {
        let inventory = read(
            r#"
            [defaults]
            community_file = "secret"
            timeout_ms = 300

            [[node]]
            name = "lb1"
            address = "127.0.0.1:1161"
            roles = ["director"]
            write_community_file = "secret"

            [[node]]
            name = "rs1"
            address = "[::1]:1161"
            roles = ["realServer"]
            version = "1"
            timeout_ms = 100
            retries = 0

            [[cluster]]
            name = "main"
            directors = ["lb1"]
            "#,
        )
        .unwrap();
        let [lb1, rs1] = inventory.nodes.as_slice() else { panic!("{inventory:?}") };
        assert!(lb1.roles.contains(Role::Director));
        assert_eq!(lb1.read.as_ref().unwrap().expose(), b"s3cret");
        assert_eq!((lb1.timeout, lb1.retries), (Duration::from_millis(300), Node::RETRIES));
        assert!(lb1.write.is_some() && rs1.write.is_none());
        assert_eq!((rs1.version, rs1.timeout), (Version::V1, Duration::from_millis(100)));
        assert_eq!(inventory.directors().map(|n| n.name.as_str()).collect::<Vec<_>>(), ["lb1"]);
        assert!(!format!("{inventory:?}").contains("s3cret"), "secrets do not print");
    }

    #[test]
    fn faults_name_place_cause_and_right_form() {
        for (text, line, column, cause, form) in [
            (
                "[[node]]\nname = \"lb1\"\nadress = \"a\"\n",
                3,
                1,
                "unknown field `adress`",
                "[[node]]",
            ),
            ("[[node]]\nname = \"LB 1\"\naddress = \"a\"\n", 2, 8, "a name is made of", "[[node]]"),
            (
                "[[node]]\nname = \"a\"\naddress = \"a:b\"\n",
                3,
                11,
                "is no address; write",
                "[[node]]",
            ),
            ("[[node]]\nname = \"a\"\n", 1, 1, "missing field `address`", "[[node]]"),
            ("[[node]\n", 1, 8, "", "[[node]]"),
            ("[defaults]\nversion = \"3\"\n", 2, 11, "unknown variant `3`", "[[node]]"),
            (
                "[[node]]\nname = \"a\"\naddress = \"a\"\n[[node]]\nname = \"a\"\naddress = \"b\"\n",
                5,
                8,
                "there is a node \"a\" already, in line 2",
                "a name of its own",
            ),
            (
                "[[node]]\nname = \"a\"\naddress = \"a\"\n[[node]]\nname = \"b\"\naddress = \"a\"\n",
                6,
                11,
                "a:161 is the address of node \"a\" already",
                "one agent is one node",
            ),
            (
                "[[cluster]]\nname = \"m\"\ndirectors = [\"x\"]\n",
                3,
                14,
                "is no [[node]]",
                "name = \"x\"",
            ),
            (
                "[[cluster]]\nname = \"m\"\ndirectors = []\n",
                2,
                8,
                "has no directors",
                "directors = [",
            ),
            (
                "[[node]]\nname = \"a\"\naddress = \"a\"\ntimeout_ms = 0\n",
                4,
                14,
                "timeout_ms = 0 is out of range",
                "from 1 to 60000",
            ),
            (
                "[[node]]\nname = \"a\"\naddress = \"a\"\ncommunity_file = \"absent\"\n",
                4,
                18,
                "absent cannot be read",
                "write the secret",
            ),
            (
                "[[node]]\nname = \"a\"\naddress = \"a\"\ncommunity_file = \"open\"\n",
                4,
                18,
                "is open to others than its owner (mode 0644)",
                "chmod 600 ",
            ),
        ] {
            let found = fault(text);
            assert_eq!((found.0, found.1), (line, column), "{text}\n{found:?}");
            assert!(found.2.contains(cause), "{found:?}");
            assert!(found.3.contains(form), "{found:?}");
        }
    }

    #[test]
    fn a_missing_file_says_what_to_write() {
        let error = load(Path::new("/nonexistent/manager.toml")).unwrap_err();
        assert!(error.to_string().starts_with("/nonexistent/manager.toml: "));
        assert!(error.help().unwrap().to_string().contains("[[node]]"));
    }
}
