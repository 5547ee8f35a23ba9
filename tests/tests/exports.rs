//! `lcms-manager export`: Prometheus' exporter scrapes our agent and SNMPTT names our
//! notifications by what we wrote for them from the MIB.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use lcms_tests::{
    agent::{self, Agent, READ},
    backend::Backend,
    eventually,
    exporter::Exporter,
    manager::Manager,
    net_snmp,
    snmptrapd::{self, Snmptrapd},
};

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

/// A configuration of SNMPTT that names what it is handed by our file, and logs it.
fn snmptt_ini(folder: &Path) -> PathBuf {
    let at = |name: &str| folder.join(name).display().to_string();
    let sample = fs::read_to_string("/etc/snmp/snmptt.ini").expect("its package has it");
    let set = sample.lines().map(|line| match line.split('=').next().unwrap_or_default().trim() {
        "mode" => "mode = standalone\n".to_owned(),
        "log_enable" => "log_enable = 1\n".to_owned(),
        "log_file" => format!("log_file = {}\n", at("snmptt.log")),
        "unknown_trap_log_file" => format!("unknown_trap_log_file = {}\n", at("unknown.log")),
        of @ ("ipv6_enable" | "syslog_enable" | "dns_enable") => format!("{of} = 0\n"),
        path if path.starts_with("/etc") && path.ends_with("/snmptt.conf") => {
            format!("{}\n", at("lcms.snmptt.conf"))
        }
        _ => format!("{line}\n"),
    });
    let ini = folder.join("snmptt.ini");
    fs::write(&ini, set.collect::<String>()).expect("the folder is ours");
    ini
}

/// Our agent's informs and traps, by way of `snmptrapd`.
#[test]
fn snmptt_names_our_notifications() {
    let folder = tempfile::tempdir().unwrap();
    let text = exported(folder.path(), &["snmptt"], "lcms.snmptt.conf");
    let events = text.lines().filter(|line| line.starts_with("EVENT lc")).count();
    assert!(events > 5, "{text}");
    let Some(snmptt) = net_snmp::tool("snmptt") else { return };
    let Some(_) = net_snmp::tool("snmptrapd") else { return };
    let ini = format!("--ini={}", snmptt_ini(folder.path()).display());
    let dump = Command::new(&snmptt).args(["--dump", &ini]).output().unwrap();
    let dump = String::from_utf8_lossy(&dump.stdout).into_owned();
    assert!(dump.contains("lcServerDown"), "{dump}");

    let port = snmptrapd::free_port();
    let receiver = |name: &str, sender: &str| {
        format!(
            "[[receiver]]\nname = \"{name}\"\naddress = \"127.0.0.1:{port}\"\n{sender}\n\
             timeout = 200\nretry_count = 100\n"
        )
    };
    let rest = [
        "[[user]]\nname = \"operator\"\nauth_file = \"user.password\"\n".to_owned(),
        receiver("inform", "user = \"operator\"\nnotify_type = \"inform\""),
        receiver("trap", "community = \"read\""),
    ];
    let backend = Backend::start("rs1");
    let servers = [("rs1", backend.address(), 30)];
    let config = agent::director(agent::free_port(), "wlc", &servers) + &rest.concat();
    let agent = Agent::start("lb1", &config);
    let handler = format!("{} {ini}", snmptt.display());
    let _snmptrapd = Snmptrapd::start_before(port, &[&agent.engine()], &handler).unwrap();
    let manager = Manager::of_agent(&agent);
    let soon = Duration::from_secs(20);
    eventually("the server is up", soon, || match manager.run(&["check", "server", "rs1"]) {
        said if said.code == Some(0) => Ok(()),
        said => Err(said.out),
    });
    backend.kill();
    let log = eventually("it is logged", Duration::from_secs(40), || {
        let log = fs::read_to_string(folder.path().join("snmptt.log")).unwrap_or_default();
        let down = log.matches("lcServerDown from 127.0.0.1").count();
        if down >= 2 { Ok(log) } else { Err(log) }
    });
    let down = log.lines().find(|line| line.contains("lcServerDown from")).unwrap_or_default();
    assert!(down.contains("CRITICAL \"Status Events\""), "{log}");
    assert!(down.ends_with(":connection refused"), "{log}");
}
