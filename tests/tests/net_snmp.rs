//! net-snmp's tools, check_snmp, and our agent.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use lcms_snmp::Oid;
use lcms_tests::{
    agent::{Agent, READ, WRITE, director, free_port},
    backend::Backend,
    client::ask_many,
    eventually,
    manager::Manager,
    net_snmp::{self, tool},
};

const SOON: Duration = Duration::from_secs(10);

struct Cluster {
    agent: Agent,
    service: SocketAddr,
    a: Backend,
    b: Backend,
}

fn cluster() -> Cluster {
    let (a, b) = (Backend::start("a"), Backend::start("b"));
    let port = free_port();
    let config = director(port, "wrr", &[("a", a.address(), 3), ("b", b.address(), 1)]);
    let agent = Agent::start("lb1", &config);
    let service = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    Cluster { agent, service, a, b }
}

impl Cluster {
    /// Waits until net-snmp sees both servers up.
    #[track_caller]
    fn up(&self) -> Option<()> {
        tool("snmpwalk")?;
        eventually("both servers are up", SOON, || {
            let said = self.agent.snmp("snmpwalk", &["lcServerOperState"]).expect("was found");
            match said.text().matches("up(1)").count() {
                2 => Ok(Some(())),
                _ => Err(said.text() + &said.errors),
            }
        })
    }
}

/// Names, enumerations, units, types: as the MIB says.
#[test]
fn values_come_out_as_the_mib_says() {
    let cluster = cluster();
    let Some(()) = cluster.up() else { return };
    let get = |oid: &str| cluster.agent.snmp("snmpget", &[oid]).expect("was found").text();
    for (oid, line) in [
        (
            r#"lcServerWeight."main"."web"."a""#,
            r#"LOAD-CLUSTER-MIB::lcServerWeight."main"."web"."a" = Gauge32: 3"#,
        ),
        (
            r#"lcServerOperState."main"."web"."a""#,
            r#"LOAD-CLUSTER-MIB::lcServerOperState."main"."web"."a" = INTEGER: up(1)"#,
        ),
        (
            r#"lcServiceScheduler."main"."web""#,
            r#"LOAD-CLUSTER-MIB::lcServiceScheduler."main"."web" = INTEGER: wrr(2)"#,
        ),
        (
            r#"lcServiceAddress."main"."web""#,
            r#"LOAD-CLUSTER-MIB::lcServiceAddress."main"."web" = Hex-STRING: 7F 00 00 01 "#,
        ),
        (
            r#"lcServerActiveConnections."main"."web"."a""#,
            r#"LOAD-CLUSTER-MIB::lcServerActiveConnections."main"."web"."a" = Gauge32: 0 connections"#,
        ),
        ("lcLocalHostName.0", "LOAD-CLUSTER-MIB::lcLocalHostName.0 = STRING: lb1"),
        (
            r#"lcHostRoleStatus."lb1""#,
            r#"LOAD-CLUSTER-MIB::lcHostRoleStatus."lb1" = BITS: 20 director(2) "#,
        ),
        ("SNMPv2-MIB::sysName.0", "SNMPv2-MIB::sysName.0 = STRING: lb1"),
        ("lcOverallStatus.0", "LOAD-CLUSTER-MIB::lcOverallStatus.0 = INTEGER: ok(0)"),
        (
            "lcServerWeight",
            "LOAD-CLUSTER-MIB::lcServerWeight = No Such Instance currently exists at this OID",
        ),
        (
            "lcServerWeight.0",
            "LOAD-CLUSTER-MIB::lcServerWeight.\"\" = No Such Instance currently exists at this OID",
        ),
        (
            "SNMPv2-MIB::snmpTrapOID.0",
            "SNMPv2-MIB::snmpTrapOID.0 = No Such Object available on this agent at this OID",
        ),
    ] {
        assert_eq!(get(oid).trim_end(), line.trim_end(), "{oid}");
    }
}

/// The whole agent in strict order; GETNEXT, GETBULK and GET see the same.
#[test]
fn a_walk_is_ordered_and_whole() {
    let cluster = cluster();
    let Some(()) = cluster.up() else { return };
    let names = |tool: &str, options: &[&str]| {
        let mut args = vec!["-On"];
        args.extend(options);
        args.push(".1");
        let said = cluster.agent.snmp(tool, &args).expect("was found");
        assert_eq!((said.code, said.errors.as_str()), (Some(0), ""));
        said.lines
            .iter()
            // The last line repeats the last name with the end of the view.
            .filter(|line| !line.contains("No more variables left"))
            .filter_map(|line| line.split_once(" = ")?.0.parse::<Oid>().ok())
            .collect::<Vec<_>>()
    };
    let walked = names("snmpwalk", &[]);
    assert!(walked.len() > 150, "only {} instances", walked.len());
    assert!(walked.is_sorted_by(|a, b| a < b));
    assert_eq!(names("snmpbulkwalk", &["-Cr10"]), walked);
    assert_eq!(names("snmpbulkwalk", &["-Cr100"]), walked);

    let v1 = net_snmp::run("snmpwalk", &["-v1"], READ, cluster.agent.address(), &["-On", ".1"]);
    let v1 = v1.expect("was found");
    assert!(!v1.text().contains("Counter64"), "a version 1 message holds no Counter64");
    assert!(v1.lines.len() > 80, "{}{}", v1.text(), v1.errors);
}

/// A table as a table.
#[test]
fn snmptable_prints_the_servers() {
    let cluster = cluster();
    let Some(()) = cluster.up() else { return };
    let said = cluster.agent.snmp("snmptable", &["-Ci", "-Cw", "200", "lcServerTable"]);
    let said = said.expect("was found");
    assert_eq!((said.code, said.errors.as_str()), (Some(0), ""));
    let text = said.text();
    assert!(text.contains("lcServerWeight") && text.contains("enabled"), "{text}");
}

/// `snmpset` of a weight moves live traffic, and `poll` shows it.
#[test]
fn snmpset_moves_traffic() {
    let cluster = cluster();
    let Some(()) = cluster.up() else { return };
    let (_, errors) = ask_many(cluster.service, 400, 4);
    assert_eq!(errors, 0);
    let (a, b) = (cluster.a.connections(), cluster.b.connections());
    // Each of the director's threads splits what it accepts.
    assert!(a.abs_diff(300) <= 4 && a + b == 400, "{a} and {b}");

    let set =
        cluster.agent.snmpset(&[r#"lcServerWeight."main"."web"."b""#, "u", "9"]).expect("found");
    assert_eq!(set.text(), r#"LOAD-CLUSTER-MIB::lcServerWeight."main"."web"."b" = Gauge32: 9"#);
    let before = (cluster.a.connections(), cluster.b.connections());
    let (_, errors) = ask_many(cluster.service, 400, 4);
    assert_eq!(errors, 0);
    let moved = (cluster.a.connections() - before.0, cluster.b.connections() - before.1);
    assert!(moved.1.abs_diff(300) <= 4, "{moved:?}");

    let poll = Manager::of_agent(&cluster.agent).run(&["poll", "--json"]).ok().json();
    let text = poll.to_string();
    assert!(text.contains(r#""configured":9"#), "{text}");
}

/// A SET fails as RFC 3416 says, with the right index, and changes nothing.
#[test]
fn a_bad_set_changes_nothing() {
    let cluster = cluster();
    let Some(()) = cluster.up() else { return };
    let weight = r#"lcServerWeight."main"."web"."a""#;
    let other = r#"lcServerWeight."main"."web"."b""#;
    for (what, args, status, failed) in [
        ("out of range", &[weight, "u", "7", other, "u", "65536"][..], "wrongValue", other),
        ("wrong type", &[weight, "u", "7", other, "i", "5"], "wrongType", other),
        (
            "unknown server",
            &[weight, "u", "7", r#"lcServerWeight."main"."web"."none""#, "u", "5"],
            "inconsistentName",
            r#"lcServerWeight."main"."web"."none""#,
        ),
        (
            "read-only column",
            &[weight, "u", "7", r#"lcServerEffectiveWeight."main"."web"."a""#, "u", "5"],
            "notWritable",
            r#"lcServerEffectiveWeight."main"."web"."a""#,
        ),
        (
            "dynamic weight without a lease",
            &[weight, "u", "7", r#"lcServerDynamicWeight."main"."web"."a""#, "u", "5"],
            "inconsistentValue",
            r#"lcServerDynamicWeight."main"."web"."a""#,
        ),
        (
            "fixed while active",
            &[weight, "u", "7", r#"lcServerPort."main"."web"."a""#, "u", "5"],
            "inconsistentValue",
            r#"lcServerPort."main"."web"."a""#,
        ),
    ] {
        let said = cluster.agent.snmpset(args).expect("was found");
        assert!(said.errors.contains(status), "{what}: {}{}", said.text(), said.errors);
        assert!(said.errors.contains(failed), "{what}: {}", said.errors);
        let now = cluster.agent.snmp("snmpget", &[weight]).expect("was found").text();
        assert!(now.ends_with("Gauge32: 3"), "{what}: {now}");
    }
}

/// A lease is taken, used, and shuts out the old term.
#[test]
fn an_old_lease_term_is_refused() {
    let cluster = cluster();
    let Some(()) = cluster.up() else { return };
    let set = |args: &[&str]| cluster.agent.snmpset(args).expect("was found");
    let (owner, term, seconds) = (
        r#"lcClusterLeaseOwner."main""#,
        r#"lcClusterLeaseTerm."main""#,
        r#"lcClusterLeaseSeconds."main""#,
    );
    let dynamic = r#"lcServerDynamicWeight."main"."web"."a""#;
    let taken = set(&[owner, "s", "first", term, "u", "1", seconds, "u", "60"]);
    assert_eq!(taken.code, Some(0), "{}", taken.errors);
    let used = set(&[term, "u", "1", dynamic, "u", "40"]);
    assert_eq!(used.code, Some(0), "{}", used.errors);
    let effective = cluster.agent.snmp("snmpget", &[r#"lcServerEffectiveWeight."main"."web"."a""#]);
    assert!(effective.expect("found").text().ends_with("Gauge32: 40"));

    // Another controller has to wait; the same one may begin anew, and then
    // its old term is void.
    let stolen = set(&[owner, "s", "second", term, "u", "2", seconds, "u", "60"]);
    assert!(stolen.errors.contains("inconsistentValue"), "{}", stolen.errors);
    let renewed = set(&[owner, "s", "first", term, "u", "5", seconds, "u", "60"]);
    assert_eq!(renewed.code, Some(0), "{}", renewed.errors);
    let old = set(&[term, "u", "1", dynamic, "u", "50"]);
    assert!(old.errors.contains("inconsistentValue"), "{}", old.errors);
    let dynamic = cluster.agent.snmp("snmpget", &[dynamic]).expect("found").text();
    assert!(dynamic.ends_with("Gauge32: 40"), "{dynamic}");
}

/// Version 1 gets version 1's errors.
#[test]
fn version_1_has_errors_of_its_own() {
    let cluster = cluster();
    let Some(()) = cluster.up() else { return };
    let set = |args: &[&str]| {
        net_snmp::run("snmpset", &["-v1", "-Ir"], WRITE, cluster.agent.address(), args)
            .expect("found")
    };
    let weight = r#"lcServerWeight."main"."web"."a""#;
    let said = set(&[weight, "u", "65536"]);
    assert!(said.errors.contains("badValue"), "{}", said.errors);
    let said = set(&[r#"lcServerEffectiveWeight."main"."web"."a""#, "u", "5"]);
    assert!(said.errors.contains("noSuchName"), "{}", said.errors);
    let get =
        net_snmp::run("snmpget", &["-v1"], READ, cluster.agent.address(), &["lcServerWeight.0"]);
    let get = get.expect("found");
    assert!(get.errors.contains("noSuchName"), "{}", get.errors);
}

/// Writing needs the writing community.
#[test]
fn the_reading_community_cannot_write() {
    let cluster = cluster();
    let Some(()) = cluster.up() else { return };
    let weight = r#"lcServerWeight."main"."web"."a""#;
    let said = cluster.agent.snmp("snmpset", &[weight, "u", "9"]).expect("was found");
    assert!(said.errors.contains("authorizationError"), "{}", said.errors);
    let said = net_snmp::run(
        "snmpget",
        &["-v2c", "-r0", "-t1"],
        "guess",
        cluster.agent.address(),
        &[weight],
    );
    assert!(said.expect("found").errors.contains("Timeout"));
    let bad = cluster.agent.snmp("snmpget", &["SNMPv2-MIB::snmpInBadCommunityNames.0"]);
    let bad = bad.expect("found").text();
    assert!(!bad.ends_with("Counter32: 0"), "{bad}");
}

/// Debian's monitoring plugin reads the health scalar and judges by it.
#[test]
fn check_snmp_reads_health() {
    let cluster = cluster();
    let Some(()) = cluster.up() else { return };
    let Some(plugin) = tool("check_snmp") else { return };
    let Cluster { agent, a, b, .. } = cluster;
    let oid = oid_of("lcOverallStatus") + ".0";
    let check = || {
        let address = agent.address();
        let output = std::process::Command::new(&plugin)
            .args(["-H", "127.0.0.1", "-p", &address.port().to_string()])
            .args(["-P", "2c", "-C", READ, "-o", &oid, "-w", "0:0", "-c", "0:1"])
            .output()
            .expect("was found");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (code, said) = check();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.starts_with("SNMP OK"), "{said}");
    // Both gone: critical.
    a.kill();
    b.kill();
    eventually("the plugin is alarmed", SOON, || match check() {
        (Some(2), _) => Ok(()),
        other => Err(format!("{other:?}")),
    });
}

/// A host has several addresses, and a manager compares whom it asked with who answers.
/// Answers to SETs come from another thread.
#[test]
fn on_all_addresses_the_one_that_was_asked_answers() {
    let agent = Agent::on_all_addresses("lb1");
    for asked in [Ipv4Addr::LOCALHOST, Ipv4Addr::new(127, 0, 0, 2)] {
        let address = SocketAddr::from((asked, agent.address().port()));
        let manager = Manager::of(&[("lb1", address)]);
        let said = manager.run(&["get", "lb1", "lcLocalHostName.0"]);
        assert!(said.out.contains("lb1"), "{said:?}");
        let password = manager.password_file();
        let user = ["-u", "operator", "--auth-file", &password];
        let said = manager.run(&[&["set", "lb1", "sysDescr.0=else"][..], &user].concat());
        assert!(said.errors.contains("notWritable"), "{said:?}");
    }
}

fn oid_of(name: &str) -> String {
    let mib = lcms_mibs::Mib::builtin();
    let node = mib.nodes().find(|node| node.name() == name).expect("the MIB has it");
    format!(".{}", node.oid().iter().map(u32::to_string).collect::<Vec<_>>().join("."))
}
