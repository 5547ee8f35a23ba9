//! Hosts, clusters, services and servers made, changed and destroyed by SNMP,
//! and what is left of them after a restart.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    os::unix::fs::PermissionsExt,
    time::Duration,
};

use lcms_tests::{
    agent::{Agent, director, free_port},
    backend::Backend,
    client::ask_many,
    eventually,
    net_snmp::{Said, tool},
};

const SOON: Duration = Duration::from_secs(10);
const DIRECTOR: &str = "role_potential = [\"director\"]\nrole_status = [\"director\"]\n";

#[track_caller]
fn done(said: &Said) {
    assert_eq!((said.code, said.errors.as_str()), (Some(0), ""), "{}", said.text());
}

/// A cluster built from nothing by `snmpset`, half-built rows in between, and
/// traffic through it; all of it there again after kill -9.
#[test]
fn a_cluster_is_built_by_snmpset_and_survives() {
    let Some(_) = tool("snmpset") else { return };
    let backend = Backend::start("a");
    let mut agent = Agent::start("lb1", DIRECTOR);
    let port = free_port();
    let service = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let port = port.to_string();
    let server_port = backend.address().port().to_string();
    let set = |agent: &Agent, args: &[&str]| agent.snmpset(args).expect("was found");
    let get = |agent: &Agent, oid: &str| {
        let said = agent.snmp("snmpget", &["-Oqv", oid]).expect("was found");
        said.text().trim().to_owned()
    };

    done(&set(&agent, &[r#"lcHostRowStatus."rs1""#, "i", "createAndGo"]));
    done(&set(&agent, &[r#"lcClusterRowStatus."main""#, "i", "createAndGo"]));
    // A service in several steps: it is not ready before it is complete.
    let status = r#"lcServiceRowStatus."main"."web""#;
    done(&set(&agent, &[status, "i", "createAndWait"]));
    assert_eq!(get(&agent, status), "notReady");
    let early = set(&agent, &[status, "i", "active"]);
    assert!(early.errors.contains("inconsistentValue"), "{}", early.errors);
    done(&set(
        &agent,
        &[
            r#"lcServiceAddressType."main"."web""#,
            "i",
            "ipv4",
            r#"lcServiceAddress."main"."web""#,
            "x",
            "7f000001",
            r#"lcServicePort."main"."web""#,
            "u",
            &port,
        ],
    ));
    assert_eq!(get(&agent, status), "notInService");
    done(&set(&agent, &[status, "i", "active"]));
    assert_eq!(get(&agent, status), "active");
    // A server in one, its columns in any order around the RowStatus.
    done(&set(
        &agent,
        &[
            r#"lcServerPort."main"."web"."a""#,
            "u",
            &server_port,
            r#"lcServerRowStatus."main"."web"."a""#,
            "i",
            "createAndGo",
            r#"lcServerAddress."main"."web"."a""#,
            "x",
            "7f000001",
            r#"lcServerAddressType."main"."web"."a""#,
            "i",
            "ipv4",
            r#"lcServerHost."main"."web"."a""#,
            "s",
            "rs1",
            r#"lcServerWeight."main"."web"."a""#,
            "u",
            "42",
        ],
    ));
    assert_eq!(get(&agent, r#"lcServerStorageType."main"."web"."a""#), "nonVolatile");
    let generation: u64 = get(&agent, "lcConfigGeneration.0").parse().unwrap();

    for _ in 0..2 {
        eventually("the service works", SOON, || {
            let (shares, errors) = ask_many(service, 10, 1);
            match shares.get("a") {
                Some(10) => Ok(()),
                other => Err(format!("{other:?}, {errors} errors")),
            }
        });
        agent.kill_and_restart();
        assert_eq!(get(&agent, r#"lcServerWeight."main"."web"."a""#), "42");
        assert_eq!(get(&agent, "lcConfigGeneration.0").parse::<u64>().unwrap(), generation);
    }

    // Nothing that is still named can go; a service takes its servers along.
    let named = set(&agent, &[r#"lcHostRowStatus."rs1""#, "i", "destroy"]);
    assert!(named.errors.contains("inconsistentValue"), "{}", named.errors);
    done(&set(&agent, &[status, "i", "destroy"]));
    let gone = agent.snmp("snmpwalk", &["lcServerTable"]).expect("found").text();
    assert!(gone.contains("No Such"), "{gone}");
    done(&set(&agent, &[r#"lcHostRowStatus."rs1""#, "i", "destroy"]));
    assert!(std::net::TcpStream::connect(service).is_err(), "the service is closed");
}

/// Rows of the file are permanent, their values settable; what SNMP set stands
/// until the file's own value changes.
#[test]
fn the_file_and_snmp_share_a_row() {
    let Some(_) = tool("snmpset") else { return };
    let backend = Backend::start("a");
    let port = free_port();
    let config = |weight| director(port, "wrr", &[("a", backend.address(), weight)]);
    let mut agent = Agent::start("lb1", &config(5));
    let weight = r#"lcServerWeight."main"."web"."a""#;
    let get = |agent: &Agent| agent.snmp("snmpget", &["-Oqv", weight]).expect("found").text();

    let destroyed = agent.snmpset(&[r#"lcServerRowStatus."main"."web"."a""#, "i", "destroy"]);
    let errors = destroyed.expect("found").errors;
    assert!(errors.contains("inconsistentValue") || errors.contains("notWritable"), "{errors}");
    done(&agent.snmpset(&[weight, "u", "9"]).expect("found"));
    assert_eq!(agent.stop(), Some(0));
    agent.restart();
    assert_eq!(get(&agent), "9");
    agent.stop();
    agent.reconfigure(&config(7));
    agent.restart();
    assert_eq!(get(&agent), "7");
}

/// The state document is the operator's alone, and one that cannot be read is
/// never overwritten.
#[test]
fn a_strange_state_document_is_left_alone() {
    let Some(_) = tool("snmpset") else { return };
    let mut agent = Agent::start("lb1", DIRECTOR);
    done(&agent.snmpset(&[r#"lcClusterRowStatus."main""#, "i", "createAndGo"]).expect("found"));
    agent.stop();
    let documents: Vec<_> = fs::read_dir(agent.state_dir())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.ends_with("state.json"))
        .collect();
    let [document] = &documents[..] else { panic!("{documents:?}") };
    assert_eq!(fs::metadata(document).unwrap().permissions().mode() & 0o777, 0o600);

    // Damaged: said, kept aside, and the agent runs from its file.
    let damaged = b"{\"format\": 1, \"wanted\": {\"clus";
    fs::write(document, damaged).unwrap();
    agent.restart();
    agent.says("damaged");
    let aside = fs::read_dir(agent.state_dir())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| fs::read(path).is_ok_and(|octets| octets == damaged));
    assert!(aside.is_some(), "the damaged document is kept");
    agent.stop();

    // Newer: refused.
    let newer = br#"{"format": 999999, "something": "else"}"#;
    fs::write(document, newer).unwrap();
    let (code, said) = agent.refuses_to_start();
    assert_ne!(code, Some(0));
    assert!(said.contains("999999") && said.contains("knows up to"), "{said}");
    assert_eq!(fs::read(document).unwrap(), newer);
}
