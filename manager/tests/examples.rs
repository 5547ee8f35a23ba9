//! The sample inventory is one that loads.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use lcms_manager::{config::Config, inventory, serve::Settings};
use lcms_snmp::Version;

#[test]
fn the_sample_inventory_loads() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/manager.toml");
    let folder = tempfile::tempdir().unwrap();
    for secret in ["read.community", "operator.password"] {
        let path = folder.path().join(secret);
        fs::write(&path, "a secret\n").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    let config = folder.path().join("manager.toml");
    fs::copy(sample, &config).unwrap();
    let loaded = Config::load(&config).unwrap();
    let usual = Settings { metrics: Some(([127, 0, 0, 1], 9780).into()), ..Settings::default() };
    assert_eq!(loaded.serve().unwrap(), usual);
    let receiver = loaded.receiver().unwrap().expect("it has one");
    assert_eq!((receiver.listen.len(), receiver.pass_on.len()), (2, 3));
    let inventory = loaded.inventory().unwrap();
    assert_eq!(inventory.nodes.len(), 5);
    let directors: Vec<&str> = inventory.directors().map(|node| node.name.as_str()).collect();
    assert_eq!(directors, ["lb1", "lb2"]);
    assert_eq!(inventory.node("lb1").unwrap().version, Version::V3);
    assert!(inventory.node("lb1").unwrap().user.is_some());
    assert_eq!(inventory.node("rs2").unwrap().version, Version::V2c);
}

#[test]
fn the_inventory_for_nagios_loads() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/nagios/manager.toml");
    let folder = tempfile::tempdir().unwrap();
    let password = folder.path().join("nagios.password");
    fs::write(&password, "a good password\n").unwrap();
    fs::set_permissions(password, fs::Permissions::from_mode(0o600)).unwrap();
    let config = folder.path().join("manager.toml");
    fs::copy(sample, &config).unwrap();
    let inventory = Config::load(&config).unwrap().inventory().unwrap();
    assert!(inventory.nodes.iter().all(|node| node.user.is_some()));
    // A check has to end before Nagios loses its patience.
    let patience = |node: &inventory::Node| node.timeout * (1 + node.retries);
    assert!(inventory.nodes.iter().all(|node| patience(node).as_secs() < 10));
}
