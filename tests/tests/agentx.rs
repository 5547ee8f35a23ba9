//! The agent as a subagent of Debian's `snmpd`.

use std::time::Duration;

use lcms_tests::{
    agent::{Agent, READ, WRITE, director, free_port},
    backend::Backend,
    eventually,
    net_snmp::{self, Said},
    snmpd::Snmpd,
};

const SOON: Duration = Duration::from_secs(20);

/// A master with its socket in a folder of its own, and a director that joins it.
struct Joined {
    master: Snmpd,
    agent: Agent,
    _backends: [Backend; 2],
}

impl Joined {
    fn new() -> Option<Self> {
        let master = Snmpd::start_with(
            "master agentx\nagentXSocket FOLDER/master\nagentXPingInterval 1\nagentXTimeout 5",
        )?;
        let backends = [Backend::start("a"), Backend::start("b")];
        let [a, b] = [backends[0].address(), backends[1].address()];
        let socket = master.folder().join("master");
        let rest = format!(
            "{}\n[agentx]\nmaster = \"{}\"\n",
            director(free_port(), "wrr", &[("a", a, 3), ("b", b, 1)]),
            socket.display()
        );
        let joined = Self { master, agent: Agent::start("lb1", &rest), _backends: backends };
        joined.registered();
        Some(joined)
    }

    #[track_caller]
    fn registered(&self) {
        eventually("the master has the agent's objects", SOON, || {
            let said = self.get("lcLocalHostName.0");
            match said.text().ends_with("\"lb1\"") || said.text().ends_with("STRING: lb1") {
                true => Ok(()),
                false => Err(format!(
                    "{}{}\n{}\n{}",
                    said.text(),
                    said.errors,
                    self.agent.output(),
                    self.master.output()
                )),
            }
        });
    }

    #[track_caller]
    fn get(&self, name: &str) -> Said {
        net_snmp::run("snmpget", &["-v2c"], READ, self.master.address(), &[name]).expect("found")
    }

    #[track_caller]
    fn set(&self, args: &[&str]) -> Said {
        net_snmp::run("snmpset", &["-v2c", "-Ir"], WRITE, self.master.address(), args)
            .expect("found")
    }

    #[track_caller]
    fn weight(&self, server: &str) -> String {
        self.get(&weight(server)).text().rsplit(' ').next().unwrap_or_default().to_owned()
    }
}

fn weight(server: &str) -> String {
    format!(r#"lcServerWeight."main"."web"."{server}""#)
}

/// Through the master everything is seen that is seen at the agent's own port,
/// under the same names.
#[test]
fn a_walk_through_the_master_is_the_agent_s_own() {
    let Some(joined) = Joined::new() else { return };
    let names = |address| {
        let walk = net_snmp::walk(address, READ, "LOAD-CLUSTER-MIB::lcMIB").expect("found");
        walk.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
    };
    let own = names(joined.agent.address());
    assert!(own.len() > 150, "only {}", own.len());
    assert_eq!(names(joined.master.address()), own);

    // And the values of what stands still.
    for table in ["lcServerWeight", "lcServiceScheduler", "lcHostRoleStatus", "lcServerAddress"] {
        let values = |address| net_snmp::walk(address, READ, table).expect("found");
        assert_eq!(values(joined.master.address()), values(joined.agent.address()), "{table}");
    }

    // The master tells what it serves for us, and keeps what is its own.
    let modules = net_snmp::walk(joined.master.address(), READ, "SNMPv2-MIB::sysORID");
    let oid = ".1.3.6.1.4.1.8072.9999.9999.5163";
    let shown = modules.expect("found");
    assert!(shown.iter().any(|(_, value)| value.ends_with(oid)), "{shown:?}");
    let name = joined.get("SNMPv2-MIB::sysName.0").text();
    assert!(name.contains("peer.example"), "{name}");
}

/// A SET through the master is done, kept, and seen everywhere.
#[test]
fn a_weight_is_set_through_the_master() {
    let Some(joined) = Joined::new() else { return };
    let said = joined.set(&[&weight("a"), "u", "9"]);
    assert_eq!((said.code, said.errors.as_str()), (Some(0), ""), "{}", said.text());
    assert_eq!(joined.weight("a"), "9");
    let direct = joined.agent.snmp("snmpget", &[&weight("a")]).expect("found");
    assert!(direct.text().ends_with("Gauge32: 9"), "{}", direct.text());
    let state = std::fs::read_to_string(joined.agent.state_dir().join("state.json"));
    assert!(state.expect("it was written").contains("agentx"), "the record says who it was");
}

/// A SET fails as it does at the agent's own port, and as a whole.
#[test]
fn a_refused_set_changes_nothing() {
    let Some(joined) = Joined::new() else { return };
    let (a, b) = (weight("a"), weight("b"));
    for (what, args, status, failed) in [
        ("out of range", &[&a, "u", "7", &b, "u", "65536"], "wrongValue", &b),
        ("wrong type", &[&a, "u", "7", &b, "i", "5"], "wrongType", &b),
        (
            "unknown server",
            &[&a, "u", "7", &weight("none"), "u", "5"],
            "inconsistentName",
            &weight("none"),
        ),
    ] {
        let said = joined.set(&args.map(|arg: &str| arg));
        assert!(said.errors.contains(status), "{what}: {}{}", said.text(), said.errors);
        assert!(said.errors.contains(failed), "{what}: {}", said.errors);
        assert_eq!((joined.weight("a"), joined.weight("b")), ("3".to_owned(), "1".to_owned()));
    }
    // One with several rows that is right.
    let said = joined.set(&[&a, "u", "7", &b, "u", "8"]);
    assert_eq!((said.code, said.errors.as_str()), (Some(0), ""));
    assert_eq!((joined.weight("a"), joined.weight("b")), ("7".to_owned(), "8".to_owned()));
}

/// A SET of which another part of the master cannot be done is taken back.
#[test]
fn a_set_that_fails_elsewhere_leaves_no_trace() {
    let Some(joined) = Joined::new() else { return };
    // sysName stands in snmpd's own configuration and cannot be set.
    let said = joined.set(&[&weight("a"), "u", "9", "SNMPv2-MIB::sysName.0", "s", "other"]);
    assert!(said.errors.contains("notWritable"), "{}{}", said.text(), said.errors);
    assert_eq!(joined.weight("a"), "3");
}

/// The master is killed and comes back: so does the agent, by itself; its own
/// port has answered all the time.
#[test]
fn a_master_that_restarts_is_joined_again() {
    let Some(mut joined) = Joined::new() else { return };
    joined.master.kill();
    let direct = joined.agent.snmp("snmpget", &["lcLocalHostName.0"]).expect("found");
    assert_eq!(direct.code, Some(0), "{}", direct.errors);
    joined.master.restart();
    joined.registered();
    let said = joined.set(&[&weight("b"), "u", "5"]);
    assert_eq!((said.code, said.errors.as_str()), (Some(0), ""));
    assert_eq!(joined.weight("b"), "5");
}

/// An agent that ends says so: the master shows nothing of it any more.
#[test]
fn an_agent_that_ends_takes_its_leave() {
    let Some(mut joined) = Joined::new() else { return };
    assert_eq!(joined.agent.stop(), Some(0));
    eventually("the master forgets the agent's objects", SOON, || {
        let said = joined.get("lcLocalHostName.0");
        match said.text().contains("No Such") {
            true => Ok(()),
            false => Err(format!("{}{}", said.text(), said.errors)),
        }
    });
}
