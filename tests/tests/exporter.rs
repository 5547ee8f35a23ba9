//! Prometheus' exporter, its configuration generated from our MIB, scrapes our
//! agent: so Prometheus sees what `snmpwalk` sees.

#![allow(clippy::panic, reason = "an answer that cannot be fails the scenario")]

use std::{fs, path::Path, process::Command, time::Duration};

use lcms_tests::{
    agent::{self, Agent, PASSWORD, READ},
    backend::Backend,
    eventually, in_ci,
    process::Process,
    root,
};

const GENERATOR: &str = "prometheus-snmp-generator";
const EXPORTER: &str = "prometheus-snmp-exporter";

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
    for peer in [GENERATOR, EXPORTER, "curl"] {
        if Command::new(peer).arg("--version").output().is_err() {
            assert!(!in_ci(), "{peer} is missing");
            eprintln!("{peer} is missing: stepping aside");
            return;
        }
    }
    let backend = Backend::start("rs1");
    let servers = [("rs1", backend.address(), 30)];
    let config = agent::director(agent::free_port(), "wlc", &servers);
    let user = "[[user]]\nname = \"ann\"\nauth_file = \"user.password\"\n";
    let agent = Agent::start("lb1", &format!("{config}{user}"));
    let folder = tempfile::tempdir().expect("a temporary directory");
    generate(folder.path());

    let port = agent::free_port();
    let mut exporter = Process::start(
        Command::new(EXPORTER)
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--config.file=snmp.yml")
            .current_dir(folder.path()),
    );
    exporter.says("Listening on");
    let labels = "lcClusterName=\"main\",lcServerName=\"rs1\",lcServiceName=\"web\"";
    let wanted = [
        format!("lcServerWeight{{{labels}}} 30"),
        format!("lcServerOperState{{{labels}}} 1"),
        "lcOverallStatus 0".to_owned(),
        "ifIndex{ifIndex=\"1\"} 1".to_owned(),
    ];
    for module in ["community", "user"] {
        let url =
            format!("http://127.0.0.1:{port}/snmp?target={}&module={module}", agent.address());
        eventually(module, Duration::from_secs(20), || {
            let output = Command::new("curl").args(["-s", "-m", "10", &url]).output();
            let output = output.expect("curl runs");
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let has = |line: &&String| text.lines().any(|other| other == line.as_str());
            match wanted.iter().find(|line| !has(line)) {
                None => Ok(()),
                Some(line) => Err(format!("no `{line}` in {text}")),
            }
        });
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
