//! pysnmp, which shares no code with net-snmp, reads and writes our agent.

#![allow(clippy::panic, reason = "an answer that cannot be fails the scenario")]

use std::{fmt::Write as _, process::Command};

use lcms_tests::{
    agent::{self, Agent, PASSWORD, READ},
    in_ci, root,
};
use serde_json::Value;

const AUTH: [&str; 6] = ["MD5", "SHA", "SHA-224", "SHA-256", "SHA-384", "SHA-512"];
/// As pysnmp has them here, and as our files do.
const PRIV: [(&str, &str); 6] = [
    ("DES", "DES"),
    ("AES-128", "AES-128"),
    ("AES-192", "AES-192"),
    ("AES-256", "AES-256"),
    ("AES-192-Reeder", "AES-192-C"),
    ("AES-256-Reeder", "AES-256-C"),
];

/// Debian's interpreter, to which its package of pysnmp belongs.
const PYTHON: &str = "/usr/bin/python3";

#[test]
fn pysnmp_reads_and_writes_with_every_pair_of_protocols() {
    let Some(said) = session() else { return };
    for auth in AUTH {
        for (privacy, _) in PRIV {
            let answer = &said["users"][format!("{auth} {privacy}")];
            assert_eq!(value(answer), "lb1", "{auth} {privacy}: {answer}");
        }
    }
    assert_eq!(value(&said["v1"]), "lb1");
    // Version 1 names the variable at fault; 2c answers each by itself.
    assert_eq!(
        (&said["v1 missing"]["status"], &said["v1 missing"]["index"]),
        (&2.into(), &2.into())
    );
    assert_eq!(said["v2c missing"]["status"], 0);
    let missing = said["v2c missing"]["values"].as_array().expect("values");
    assert_eq!(missing[0][1], "lb1");
    assert!(missing[1][1].as_str().is_some_and(|text| text.contains("No Such Object")));
    assert!(missing[2][1].as_str().is_some_and(|text| text.contains("No Such Instance")));
    // Two columns of it are the weights; both ways of asking see the same rows.
    let walk = said["walk"].as_array().expect("a list");
    assert!(walk.len() > 20, "{} variables", walk.len());
    assert!(walk.iter().all(|one| one["status"] == 0));
    assert_eq!(names(&said["walk"]), names(&said["walk as user"]));
    // notWritable, wrongValue, done.
    assert_eq!(said["read-only"]["status"], 17);
    assert_eq!(said["out of range"]["status"], 10);
    assert_eq!(said["weight"]["status"], 0);
    assert_eq!(value(&said["weight now"]), "42");
    // A community that may only read, and two who are not who they say.
    assert_eq!(said["community"]["status"], 16);
    for (who, why) in [("wrong password", "wrong"), ("nobody", "unknown")] {
        let error = said[who]["error"].as_str().unwrap_or_default().to_lowercase();
        assert!(error.contains(why), "{who}: {error}");
    }
}

/// What the session of `pysnmp/session.py` printed, if pysnmp is there.
fn session() -> Option<Value> {
    let there = Command::new(PYTHON).args(["-c", "import pysnmp"]).output();
    if !there.is_ok_and(|output| output.status.success()) {
        assert!(!in_ci(), "pysnmp is missing");
        eprintln!("pysnmp is missing: stepping aside");
        return None;
    }
    let server = ("rs1", ([127, 0, 0, 1], 9).into(), 10);
    let mut config = agent::director(agent::free_port(), "wlc", &[server]);
    for auth in AUTH {
        for (name, word) in PRIV {
            let name = format!("{auth}_{name}").to_lowercase();
            let _ = write!(
                config,
                "[[user]]\nname = \"{name}\"\nauth = \"{auth}\"\npriv = \"{word}\"\n\
                 auth_file = \"user.password\"\naccess = \"write\"\n"
            );
        }
    }
    let agent = Agent::start("lb1", &config);
    let output = Command::new(PYTHON)
        .arg(root().join("tests/tests/pysnmp/session.py"))
        .args([&agent.address().port().to_string(), READ, PASSWORD])
        .output()
        .expect("it has just run");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    Some(serde_json::from_slice(&output.stdout).expect("JSON"))
}

fn value(answer: &Value) -> &str {
    answer["values"][0][1].as_str().unwrap_or_default()
}

fn names(walk: &Value) -> Vec<&str> {
    let steps = walk.as_array().into_iter().flatten();
    let names = steps.flat_map(|step| step["values"].as_array().into_iter().flatten());
    names.filter_map(|pair| pair[0].as_str()).collect()
}
