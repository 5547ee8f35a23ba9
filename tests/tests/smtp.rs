//! Mail through a director to Postfix, whose log says which server had it and
//! from whom; and Postfix as what is checked.

#![allow(clippy::panic, reason = "a mail that is lost fails the scenario")]

use std::{
    collections::BTreeMap, fs, net::SocketAddr, path::Path, process::Command, time::Duration,
};

use lcms_tests::{
    agent::{Agent, director, free_port},
    eventually,
    net_snmp::tool,
    postfix::{Clients, Postfix},
};

/// The client's address: all of 127.0.0.0/8 is this machine.
const CLIENT: &str = "127.0.0.7";

/// Sends a mail to `gateway`; what curl says if it fails.
fn send(curl: &Path, gateway: SocketAddr, mail: &Path) -> Result<(), String> {
    let output = Command::new(curl)
        .args(["-sS", "-m", "20", "--interface", CLIENT])
        .args(["--url", &format!("smtp://{gateway}")])
        .args(["--mail-from", "ann@example.net", "--mail-rcpt", "bob@example.net"])
        .arg("--upload-file")
        .arg(mail)
        .output()
        .expect("curl runs");
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

#[test]
fn mail_goes_through_the_gateway_and_the_log_names_server_and_client() {
    let Some(curl) = tool("curl") else { return };
    let Some(postfix) = Postfix::start(&["rs1", "rs2"], Clients::Announced) else { return };
    let port = free_port();
    let servers: Vec<_> =
        postfix.servers().iter().map(|(name, address)| (*name, *address, 10)).collect();
    let config = director(port, "rr", &servers)
        .replace("check_interval", "send_proxy = \"v2\"\ncheck_kind = \"none\"\ncheck_interval");
    // One thread, so that turns are exact.
    let _agent = Agent::start("lb1", &format!("shards = 1\n{config}"));
    let folder = tempfile::tempdir().expect("a temporary directory");
    let mail = folder.path().join("mail");
    fs::write(&mail, "Subject: through the gateway\n\nHello.\n").expect("the folder is ours");
    let gateway = SocketAddr::from(([127, 0, 0, 1], port));
    for _ in 0..6 {
        send(&curl, gateway, &mail).expect("it is taken");
    }
    // `Nov 28 00:55:25 mail rs2/smtpd[24064]: 4E34D9D401D: client=…[127.0.0.7]`
    let mut by_server: BTreeMap<String, usize> = BTreeMap::new();
    for line in postfix.logs(&format!("[{CLIENT}]"), 12) {
        if line.contains(": client=") {
            let server = line.split_whitespace().nth(4).and_then(|word| word.split('/').next());
            *by_server.entry(server.unwrap_or_default().to_owned()).or_default() += 1;
        }
    }
    let wanted = BTreeMap::from([("rs1".to_owned(), 3), ("rs2".to_owned(), 3)]);
    assert_eq!(by_server, wanted);
    assert_eq!(postfix.logs("status=sent", 6).len(), 6);
}

#[test]
fn a_check_by_smtp_sees_postfix_come_and_go() {
    let Some(_) = tool("snmpget") else { return };
    let Some(postfix) = Postfix::start(&["rs1"], Clients::Connected) else { return };
    let (_, address) = postfix.servers()[0];
    let config = director(free_port(), "rr", &[("rs1", address, 10)])
        .replace("check_interval", "check_kind = \"smtp\"\ncheck_interval");
    let agent = Agent::start("lb1", &config);
    let state = |wanted: &str| {
        eventually("the server's state", Duration::from_secs(20), || {
            let row = "\"main\".\"web\".\"rs1\"";
            let names = [format!("lcServerOperState.{row}"), format!("lcServerReason.{row}")];
            let args = ["-Oqv", &names[0], &names[1]];
            let lines = agent.snmp("snmpget", &args).expect("it is there").lines;
            match lines.first().is_some_and(|line| line == wanted) {
                true => Ok(lines.concat()),
                false => Err(lines.concat()),
            }
        })
    };
    state("up");
    // It was asked as a mail server is, and left in good order.
    let asked = postfix.logs("disconnect from", 2);
    assert!(
        asked.iter().all(|line| line.contains("ehlo=1") && line.contains("quit=1")),
        "{asked:?}"
    );
    postfix.stop();
    let reason = state("down");
    assert!(reason.contains("smtp") || reason.contains("refused"), "{reason}");
}
