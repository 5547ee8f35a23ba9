//! `lcms-manager export`: Prometheus' exporter scrapes our agent and SNMPTT names our
//! notifications by what we wrote for them from the MIB.

use std::{fs, io::Write as _, path::Path, process::Command, process::Stdio};

use lcms_tests::{
    agent::{self, Agent, READ},
    backend::Backend,
    exporter::Exporter,
    manager::Manager,
    net_snmp,
};
use load_cluster_mib::load_cluster_mib::{MODULE_OID, lc_server};

/// Exports into a folder and returns the text of its one file.
fn exported(folder: &Path, args: &[&str], file: &str) -> String {
    let folder_name = folder.display().to_string();
    let all = [&["export"], args, &["--out", &folder_name, "--force"]].concat();
    Manager::of(&[]).run(&all).ok();
    fs::read_to_string(folder.join(file)).expect("it was written")
}

#[test]
fn prometheus_scrapes_by_our_file() {
    let folder = tempfile::tempdir().unwrap();
    let kind = "prometheus-snmp-exporter";
    let newer = exported(folder.path(), &[kind, "--format", "0.23"], "snmp.yml");
    let text = exported(folder.path(), &[kind], "snmp.yml");
    // Both forms hold the same module.
    let module = |text: &str| -> Vec<String> {
        let lines = text.lines().map(str::trim).skip_while(|line| *line != "walk:");
        lines.take_while(|line| !line.starts_with("version:")).map(str::to_owned).collect()
    };
    assert!(newer.contains("\nauths:\n  lcms:\n") && newer.contains("\nmodules:\n  lcms:\n"));
    assert_eq!(module(&newer), module(&text));
    assert!(text.contains("community: LCMS_COMMUNITY"), "no secret is in it");

    let backend = Backend::start("rs1");
    let servers = [("rs1", backend.address(), 30)];
    let agent = Agent::start("lb1", &agent::director(agent::free_port(), "wlc", &servers));
    fs::write(folder.path().join("snmp.yml"), text.replace("LCMS_COMMUNITY", READ)).unwrap();
    let Some(exporter) = Exporter::start(folder.path()) else { return };
    let labels = "lcClusterName=\"main\",lcServerName=\"rs1\",lcServiceName=\"web\"";
    let wanted = [
        format!("lcServerWeight{{{labels}}} 30"),
        format!("lcServerOperState{{{labels}}} 1"),
        "lcOverallStatus 0".to_owned(),
        "lcHostLoadCores{lcHostName=\"lb1\"} 1".to_owned(),
        "lcHostRoleStatus{lcHostName=\"lb1\",lcHostRoleStatus=\"director\"} 1".to_owned(),
        "lcDirectorState{lcClusterName=\"main\",lcHostName=\"lb1\"} 2".to_owned(),
    ];
    exporter.scrapes(agent.address(), "lcms", &wanted);
}

#[test]
fn snmptt_names_our_notifications() {
    let folder = tempfile::tempdir().unwrap();
    let text = exported(folder.path(), &["snmptt"], "lcms.snmptt.conf");
    let events = text.lines().filter(|line| line.starts_with("EVENT lc")).count();
    assert!(events > 5, "{text}");
    let Some(snmptt) = net_snmp::tool("snmptt") else { return };
    let ini = folder.path().join("snmptt.ini");
    let own = folder.path().join("lcms.snmptt.conf");
    let sample = fs::read_to_string("/etc/snmp/snmptt.ini").expect("its package has it");
    let set: String = sample
        .lines()
        .map(|line| match line.split('=').next().unwrap_or_default().trim() {
            "mode" => "mode = standalone\n".to_owned(),
            "stdout_enable" => "stdout_enable = 1\n".to_owned(),
            "ipv6_enable"
            | "log_enable"
            | "syslog_enable"
            | "unknown_trap_log_enable"
            | "dns_enable" => {
                format!("{} 0\n", line.split_inclusive('=').next().unwrap_or_default())
            }
            path if path.starts_with("/etc") && path.ends_with("/snmptt.conf") => {
                format!("{}\n", own.display())
            }
            _ => format!("{line}\n"),
        })
        .collect();
    fs::write(&ini, set).unwrap();
    let ini = format!("--ini={}", ini.display());
    let dump = Command::new(&snmptt).args(["--dump", &ini]).output().unwrap();
    let dump = String::from_utf8_lossy(&dump.stdout).into_owned();
    assert!(dump.contains("lcServerDown"), "{dump}");

    // A trap as snmptrapd hands it on.
    let dotted = |oid: &[u32]| oid.iter().map(|arc| format!(".{arc}")).collect::<String>();
    let index = [4, 109, 97, 105, 110, 3, 119, 101, 98, 3, 114, 115, 49];
    let state = dotted(&lc_server::ENTRY.instance(lc_server::col::OPER_STATE, &index));
    let down = format!("{}.0.2", dotted(MODULE_OID));
    let trap = format!(
        "lb1\nUDP: [127.0.0.1]:40000->[127.0.0.1]:162\n.1.3.6.1.2.1.1.3.0 0:0:00:10.00\n\
         .1.3.6.1.6.3.1.1.4.1.0 {down}\n{state} 2\n"
    );
    let mut child = Command::new(&snmptt)
        .arg(&ini)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        // Its own warnings about itself.
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(trap.as_bytes()).unwrap();
    let said = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.contains("CRITICAL \"Status Events\""), "{said}");
    assert!(said.contains("lcServerDown from 127.0.0.1"), "{said}");
}
