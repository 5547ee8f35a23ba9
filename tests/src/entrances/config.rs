//! Configuration files, of the agent and of the manager.

use std::{
    collections::BTreeSet,
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
};

use lcms_agent::config::{Config, ConfigError};
use lcms_manager::{
    config::{Config as ManagerConfig, ConfigError as ManagerError},
    inventory::Endpoint,
};
use tempfile::TempDir;

/// The secret that the folder's files hold.
const SECRET: &str = "never-to-be-shown";

thread_local! {
    /// A folder with the secrets that the samples name.
    static FOLDER: TempDir = folder();
}

fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary directory");
    for name in ["monitoring", "control", "demo", "read", "lb"] {
        let path = folder.path().join(name).with_extension("community");
        fs::write(&path, SECRET).expect("a file of the folder");
        fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("our own file");
    }
    folder
}

fn path(name: &str) -> PathBuf {
    FOLDER.with(|folder| folder.path().join(name))
}

/// Reads the text of an agent's configuration. What is taken breaks no rule; of
/// what is refused each fault has its place and a word on what would be right;
/// and no secret shows in either.
pub fn agent_config(octets: &[u8]) {
    let text = String::from_utf8_lossy(octets);
    match Config::parse(&path("agent.toml"), &text) {
        Ok(config) => {
            assert_eq!(config.wanted.check(), []);
            assert!(config.wanted.hosts.contains_key(&config.name));
            assert!(!config.listen.is_empty());
            assert!((484..=65_507).contains(&config.max_message_size));
            assert!(!config.sensors.interval.is_zero());
            let writes = config.senders.communities.iter().any(|one| config.senders.may_write(one));
            let local = config.listen.iter().all(|at| at.ip().to_canonical().is_loopback());
            assert!(local || !writes, "a community may write from outside");
            assert!(!format!("{config:?}").contains(SECRET));
        }
        Err(error) => {
            let ConfigError::Invalid(faults) = &error else { panic!("{error}") };
            assert!(!faults.is_empty());
            for fault in faults {
                assert_place(&text, fault.line, fault.column);
                assert!(!fault.form.is_empty(), "{fault}");
            }
            for said in [error.render(false), error.render(true), format!("{error:?}")] {
                assert!(!said.is_empty() && !said.contains(SECRET), "{said}");
            }
        }
    }
}

/// Reads the text of an inventory; the laws are those of [`agent_config`].
pub fn inventory(octets: &[u8]) {
    let text = String::from_utf8_lossy(octets);
    let parsed = ManagerConfig::parse(&path("manager.toml"), &text).and_then(|config| {
        let settings = config.serve()?;
        assert!((100..=3_600_000).contains(&settings.interval.as_millis()));
        config.inventory()
    });
    match parsed {
        Ok(inventory) => {
            assert!(!format!("{inventory:?}").contains(SECRET));
            let names: BTreeSet<_> = inventory.nodes.iter().map(|node| node.name).collect();
            assert_eq!(names.len(), inventory.nodes.len());
            for node in &inventory.nodes {
                assert!((1..=60_000).contains(&node.timeout.as_millis()));
                assert!(node.retries <= 20);
                let again = node.endpoint.to_string().parse::<Endpoint>();
                assert_eq!(again.as_ref(), Ok(&node.endpoint));
            }
            for cluster in &inventory.clusters {
                assert!(!cluster.directors.is_empty());
                for director in &cluster.directors {
                    let node = inventory.node(director.as_str()).expect("directors are nodes");
                    assert!(inventory.may_direct(node));
                }
            }
        }
        Err(error) => {
            let ManagerError::Invalid { line, column, form, .. } = &error else {
                panic!("{error}")
            };
            assert_place(&text, *line, *column);
            assert!(!form.is_empty());
            assert!(!format!("{error} {error:?}").contains(SECRET));
        }
    }
}

/// A place is one of the text, or just behind it.
fn assert_place(text: &str, line: usize, column: usize) {
    let lines = text.split('\n').count();
    assert!((1..=lines).contains(&line), "line {line} of {lines}");
    let length = text.split('\n').nth(line - 1).map_or(0, |line| line.chars().count());
    assert!((1..=length + 1).contains(&column), "column {column} of {length} in line {line}");
}

pub(super) fn agent_seeds() -> Vec<Vec<u8>> {
    let outside = "name = \"lb1\"\nlisten = [\"192.0.2.1:161\"]\nallow_insecure_writes = true\n\
        [[community]]\nname = \"control\"\nfile = \"control.community\"\naccess = \"write\"\n";
    [
        outside,
        include_str!("../../../examples/agent-backup-director.toml"),
        include_str!("../../../examples/agent-director.toml"),
        include_str!("../../../examples/agent-emulated.toml"),
        include_str!("../../../examples/agent-server.toml"),
        include_str!("station.toml"),
    ]
    .map(|text| text.as_bytes().to_vec())
    .into()
}

pub(super) fn inventory_seeds() -> Vec<Vec<u8>> {
    let small = "[[node]]\nname = \"lb1\"\naddress = \"[fe80::1%2]:1161\"\nversion = \"1\"\n";
    let patient = "[[node]]\nname = \"lb1\"\naddress = \"lb1:1\"\nretries = 21\ntimeout_ms = 1\n";
    let hasty = "[[node]]\nname = \"lb1\"\naddress = \"::1\"\nretries = 0\ntimeout_ms = 60001\n";
    let serve = "[serve]\ncontrol = [\"main\"]\nmetrics = \"9780\"\ninterval_ms = 99\n";
    [include_str!("../../../examples/manager.toml"), small, patient, hasty, serve]
        .map(|text| text.as_bytes().to_vec())
        .into()
}
