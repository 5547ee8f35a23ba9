//! Prometheus' exporter, its configuration generated from our MIB, scrapes our
//! agent: so Prometheus sees what `snmpwalk` sees.

#![allow(clippy::panic, reason = "an answer that cannot be fails the scenario")]

use std::{fs, path::Path, process::Command};

use lcms_tests::{
    agent::{self, Agent, PASSWORD, READ},
    backend::Backend,
    exporter::Exporter,
    in_ci, root,
};

const GENERATOR: &str = "prometheus-snmp-generator";

/// One module for each version; 0.21 has the secrets in the module.
fn generator() -> String {
    let walk = "walk: [lcOverallStatus, lcHostTable, lcServerTable, ifTable]";
    format!(
        "modules:\n  community:\n    {walk}\n    version: 2\n    auth: {{community: {READ}}}\n  \
         user:\n    {walk}\n    version: 3\n    auth:\n      username: ann\n      \
         security_level: authPriv\n      password: {PASSWORD}\n      auth_protocol: SHA256\n      \
         priv_protocol: AES\n      priv_password: {PASSWORD}\n"
    )
}

#[test]
fn prometheus_scrapes_what_the_mib_names() {
    if Command::new(GENERATOR).arg("--version").output().is_err() {
        assert!(!in_ci(), "{GENERATOR} is missing");
        eprintln!("{GENERATOR} is missing: stepping aside");
        return;
    }
    let backend = Backend::start("rs1");
    let servers = [("rs1", backend.address(), 30)];
    let config = agent::director(agent::free_port(), "wlc", &servers);
    let user = "[[user]]\nname = \"ann\"\nauth_file = \"user.password\"\n";
    let agent = Agent::start("lb1", &format!("{config}{user}"));
    let folder = tempfile::tempdir().expect("a temporary directory");
    generate(folder.path());

    let Some(exporter) = Exporter::start(folder.path()) else { return };
    let labels = "lcClusterName=\"main\",lcServerName=\"rs1\",lcServiceName=\"web\"";
    let wanted = [
        format!("lcServerWeight{{{labels}}} 30"),
        format!("lcServerOperState{{{labels}}} 1"),
        "lcOverallStatus 0".to_owned(),
        "ifIndex{ifIndex=\"1\"} 1".to_owned(),
    ];
    for module in ["community", "user"] {
        exporter.scrapes(agent.address(), module, &wanted);
    }
}

/// Has the generator read our MIB, as it would any other.
fn generate(folder: &Path) {
    fs::write(folder.join("generator.yml"), generator()).expect("the folder is ours");
    let output = Command::new(GENERATOR)
        .arg("generate")
        .current_dir(folder)
        .env("MIBDIRS", root().join("mibs/modules"))
        .output()
        .expect("it has just run");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !said.contains("level=warn"), "{said}");
}
