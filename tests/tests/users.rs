//! SNMPv3 between our programs and net-snmp's, with every pair of protocols that
//! both have; users made by SNMP; and what must outlive a killed agent.

#![allow(clippy::panic, reason = "a test")]

use std::{
    fmt::Write as _,
    net::UdpSocket,
    time::{Duration, Instant},
};

use lcms_snmp::v3::V3Message;
use lcms_tests::{
    agent::{self, Agent, PASSWORD, READ},
    flood,
    manager::Manager,
    net_snmp::{self, Said, User},
    snmpd::Snmpd,
};

const AUTH: [&str; 6] = ["MD5", "SHA", "SHA-224", "SHA-256", "SHA-384", "SHA-512"];
/// As net-snmp's tools have them, and as our files do.
const PRIV: [(&str, &str); 4] =
    [("DES", "DES"), ("AES", "AES-128"), ("AES-192", "AES-192"), ("AES-256", "AES-256")];

/// A user's name by its protocols.
fn name(auth: &str, privacy: Option<&str>) -> String {
    format!("{auth}_{}", privacy.unwrap_or("none")).to_lowercase()
}

/// A user's name, `-a`, and both words for its encryption.
type Pair = (String, &'static str, Option<(&'static str, &'static str)>);

fn pairs() -> Vec<Pair> {
    let privacies = [None].into_iter().chain(PRIV.map(Some));
    let all = privacies.flat_map(|privacy| {
        AUTH.map(|auth| (name(auth, privacy.map(|(net_snmp, _)| net_snmp)), auth, privacy))
    });
    all.collect()
}

/// An agent with a user of each pair, who may write where there is encryption.
fn agent_with_pairs() -> Agent {
    let mut config = agent::director(agent::free_port(), "wlc", &[]);
    for (name, auth, privacy) in pairs() {
        let (word, access) = match privacy {
            Some((_, word)) => (word, "write"),
            None => ("none", "read"),
        };
        let _ = write!(
            config,
            "[[user]]\nname = \"{name}\"\nauth = \"{auth}\"\npriv = \"{word}\"\n\
             auth_file = \"user.password\"\naccess = \"{access}\"\n"
        );
    }
    Agent::start("lb1", &config)
}

#[track_caller]
fn done(said: &Said) -> String {
    assert_eq!((said.code, said.errors.as_str()), (Some(0), ""), "{}", said.text());
    said.text()
}

#[test]
fn net_snmp_s_tools_ask_our_agent_with_every_pair() {
    let Some(_) = net_snmp::tool("snmpget") else { return };
    let agent = agent_with_pairs();
    for (name, auth, privacy) in pairs() {
        let user = User {
            name: &name,
            password: PASSWORD,
            auth: Some(auth),
            privacy: privacy.map(|(net_snmp, _)| net_snmp),
        };
        let ask = |tool: &str, args: &[&str]| {
            net_snmp::run_as(tool, &user, agent.address(), args).expect("found")
        };
        assert!(done(&ask("snmpget", &["SNMPv2-MIB::sysName.0"])).ends_with("lb1"), "{name}");
        let weight = r#"lcClusterDescription."main""#;
        let set = ask("snmpset", &[weight, "s", &name]);
        match privacy {
            Some(_) => assert!(done(&set).ends_with(&name), "{name}"),
            None => assert!(set.errors.contains("authorizationError"), "{name}: {}", set.errors),
        }
    }
}

/// A walk by a user who may not see users is whole but for them.
#[test]
fn a_walk_ends_where_the_view_does() {
    let Some(_) = net_snmp::tool("snmpbulkwalk") else { return };
    let config = "[[user]]\nname = \"ann\"\nauth_file = \"user.password\"\n\
                  [[user]]\nname = \"root\"\nauth_file = \"user.password\"\naccess = \"admin\"\n\
                  [[user]]\nname = \"guest\"\nauth_file = \"user.password\"\ngroup = \"guests\"\n\
                  [[access]]\ngroup = \"guests\"\nread = \"little\"\n\
                  [[view]]\nname = \"little\"\ninclude = [\"system\", \"lcHostTable\"]\n\
                  exclude = [\"sysORTable\", \"1.3.6.1.2.1.1.4\"]\n";
    let agent = Agent::start("lb1", config);
    let walk = |name: &str, root: &str| {
        let (auth, privacy) = (Some("SHA-256"), Some("AES"));
        let user = User { name, password: PASSWORD, auth, privacy };
        let args = ["-Cr20", root];
        net_snmp::run_as("snmpbulkwalk", &user, agent.address(), &args).expect("found").lines
    };
    let of = |name: &str| -> Vec<String> {
        let lines = walk(name, "1.3.6.1").into_iter();
        lines.filter_map(|line| Some(line.split(' ').next()?.to_owned())).collect()
    };
    let has = |lines: &[String], what: &str| lines.iter().any(|line| line.contains(what));
    let (ann, root, guest) = (of("ann"), of("root"), of("guest"));
    assert!(has(&root, "snmpModules.15.1.2.2.1.3"), "usmUserTable: {root:?}");
    assert!(has(&root, "snmpModules.18.1.1.1.2"), "snmpCommunityName");
    for hidden in ["snmpModules.15.1.2", "snmpModules.16", "snmpModules.18"] {
        assert!(!has(&ann, hidden), "{hidden}");
    }
    assert!(has(&ann, "snmpModules.15.1.1.1") && has(&ann, "lcHostStatus"), "{ann:?}");
    assert!(has(&guest, "sysName.0") && has(&guest, "lcHost"), "{guest:?}");
    for hidden in ["sysContact", "sysORID", "snmpModules", "lcOverall", "lcPolicy"] {
        assert!(!has(&guest, hidden), "{hidden}: {guest:?}");
    }
    // No line of it says who the communities are.
    assert!(!walk("ann", "1.3.6.1").iter().any(|line| line.contains(READ)));
}

/// A user made by SNMP as RFC 3414 has it, with net-snmp's own tool: cloned, given
/// keys of its own, put into service and into a group; and all of it outlives the
/// agent.
#[test]
fn a_user_is_made_by_snmp() {
    let Some(_) = net_snmp::tool("snmpusm") else { return };
    let config = "[[user]]\nname = \"root\"\nauth_file = \"user.password\"\naccess = \"admin\"\n";
    let mut agent = Agent::start("lb1", config);
    let as_user = |agent: &Agent, name: &str, password: &str, tool: &str, args: &[&str]| {
        let (auth, privacy) = (Some("SHA-256"), Some("AES"));
        let user = User { name, password, auth, privacy };
        net_snmp::run_as(tool, &user, agent.address(), args).expect("found")
    };
    let root =
        |agent: &Agent, tool: &str, args: &[&str]| as_user(agent, "root", PASSWORD, tool, args);
    let get = |agent: &Agent, password: &str| {
        as_user(agent, "newcomer", password, "snmpget", &["SNMPv2-MIB::sysName.0"])
    };
    // As long as it has the keys of the row it came from, it cannot be active.
    let hasty = root(&agent, "snmpusm", &["create", "newcomer", "root"]);
    assert!(hasty.errors.contains("inconsistentValue"), "{}", hasty.errors);
    done(&root(&agent, "snmpusm", &["-Cw", "create", "newcomer", "root"]));
    assert!(get(&agent, PASSWORD).errors.contains("Unknown user name"));
    let fresh = "a password of its own";
    done(&root(&agent, "snmpusm", &["-Ca", "passwd", PASSWORD, fresh, "newcomer"]));
    done(&root(&agent, "snmpusm", &["-Cx", "passwd", PASSWORD, fresh, "newcomer"]));
    done(&root(&agent, "snmpusm", &["activate", "newcomer"]));
    // It is a user now, in no group.
    assert!(get(&agent, fresh).errors.contains("authorizationError"));
    assert!(get(&agent, PASSWORD).errors.contains("Authentication failure"));
    let group = ["createSec2Group", "3", "newcomer", "lcms-admin-authPriv"];
    let said = root(&agent, "snmpvacm", &group);
    assert_eq!(said.code, Some(0), "{}", said.errors);
    assert!(done(&get(&agent, fresh)).ends_with("lb1"));

    agent.kill_and_restart();
    assert!(done(&get(&agent, fresh)).ends_with("lb1"));
    // Its own keys a user changes itself.
    let own = "another password again";
    let change = |args: &[&str]| as_user(&agent, "newcomer", fresh, "snmpusm", args);
    done(&change(&["-Ca", "-Ck", "passwd", fresh, own]));
    let mixed = get(&agent, fresh);
    assert!(mixed.errors.contains("Authentication failure"), "{}", mixed.errors);

    // What the configuration has, managers leave alone.
    let refused = root(&agent, "snmpusm", &["delete", "root"]);
    assert!(refused.errors.contains("inconsistentValue"), "{}", refused.errors);
    done(&root(&agent, "snmpusm", &["delete", "newcomer"]));
    assert!(get(&agent, fresh).errors.contains("Unknown user name"));
    // No secret in the files or in what the agent says.
    assert!(!agent.output().contains(PASSWORD) && !agent.output().contains(fresh));
}

/// Whatever ends the agent, its engine has started once more, no more and no less.
#[test]
fn boots_grow_by_one_with_each_of_a_hundred_kills() {
    let mut agent = Agent::start("lb1", "");
    let boots = |agent: &Agent| -> u64 {
        let text =
            std::fs::read_to_string(agent.state_dir().join("engine.json")).expect("is there");
        let document: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        document["boots"].as_u64().expect("a number")
    };
    for expected in 1..=100 {
        assert_eq!(boots(&agent), expected);
        agent.kill_and_restart();
    }
    let Some(said) = agent.snmp("snmpget", &["-Oqv", "SNMP-FRAMEWORK-MIB::snmpEngineBoots.0"])
    else {
        return;
    };
    assert_eq!(done(&said), "101");
}

/// Wherever a kill finds a start, no two that have answered had the same boots.
#[test]
fn no_boots_are_told_twice_when_starts_are_killed() {
    const LIVES: u32 = 60;
    let mut agent = Agent::start("lb1", "");
    let start = Instant::now();
    agent.kill_and_restart();
    let whole = start.elapsed();
    let mut last = boots_told(&agent);
    for life in 0..LIVES {
        agent.kill();
        // From before anything is read to after the first answer could be given, also
        // where this start takes longer than the first.
        let end = Instant::now() + whole * 2 * life / LIVES;
        agent.begin();
        while Instant::now() < end {
            std::hint::spin_loop();
        }
        agent.kill_and_restart();
        let told = boots_told(&agent);
        assert!(told > last && told <= last + 2, "{told} after {last}");
        last = told;
    }
    assert!(last > 2 + LIVES, "no start was killed after it had counted itself");
}

/// snmpEngineBoots as a report of version 3 has it.
fn boots_told(agent: &Agent) -> u32 {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("loopback has free ports");
    socket.connect(agent.address()).expect("an address");
    socket.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout");
    socket.send(&flood::discovery()).expect("loopback takes it");
    let mut report = [0; 2048];
    let length = socket.recv(&mut report).expect("a report");
    let message = V3Message::decode(&report[..length]).expect("a message");
    message.usm().expect("its parameters").boots
}

#[test]
fn our_manager_asks_net_snmp_s_agent_with_every_pair() {
    let mut config = String::new();
    for (name, auth, privacy) in pairs() {
        let privacy = privacy.map(|(net_snmp, _)| format!("{net_snmp} \"{PASSWORD}\""));
        let level = if privacy.is_some() { "priv" } else { "auth" };
        let privacy = privacy.unwrap_or_default();
        let _ = writeln!(config, "createUser {name} {auth} \"{PASSWORD}\" {privacy}");
        let _ = writeln!(config, "rwuser {name} {level}");
    }
    let Some(snmpd) = Snmpd::start_with(&config) else { return };
    let manager = Manager::of(&[("peer", snmpd.address())]);
    let file = manager.password_file();
    for (name, auth, privacy) in pairs() {
        let mut options = vec!["--user", &name, "--auth", auth, "--auth-file", &file];
        match privacy {
            Some((_, word)) => options.extend(["--priv", word]),
            None => options.extend(["--level", "authNoPriv"]),
        }
        let ask = |args: &[&str]| manager.run(&[args, &options].concat());
        let said = ask(&["get", "peer", "sysName.0"]).ok();
        assert!(said.out.contains("peer.example"), "{name}: {said:?}");
        let assignment = format!("sysContact.0={name}");
        let said = ask(&["set", "peer", &assignment]).ok();
        assert!(said.out.contains(&name), "{said:?}");
    }
    let wrong = ["--user", "sha_aes", "--auth", "MD5", "--auth-file", &file];
    let said = manager.run(&[&["get", "peer", "sysName.0"][..], &wrong].concat());
    assert_eq!(said.code, Some(1));
    assert!(said.errors.contains("authentication password or protocol"), "{said:?}");
    let nobody = ["--user", "nobody", "--auth-file", &file];
    let said = manager.run(&[&["get", "peer", "sysName.0"][..], &nobody].concat());
    assert!(said.errors.contains("does not know the user"), "{said:?}");
}

/// Weights by SNMPv3 alone: an agent without a community that writes.
#[test]
fn our_manager_sets_weights_by_a_user() {
    let servers = [("a", "127.0.0.1:9".parse().expect("an address"), 7)];
    let config = format!(
        "{}[[user]]\nname = \"operator\"\nauth_file = \"user.password\"\naccess = \"write\"\n",
        agent::director(agent::free_port(), "wlc", &servers)
    );
    let mut agent = Agent::start("lb1", &config);
    let manager = Manager::of_agent(&agent);
    let file = manager.password_file();
    let user = ["--user", "operator", "--auth-file", &file];
    let run = |manager: &Manager, args: &[&str]| manager.run(&[args, &user].concat());
    run(&manager, &["weight", "main/web/a", "11"]).ok();
    let said = run(&manager, &["poll"]).ok();
    assert!(said.out.contains("11"), "{said:?}");
    // The inventory says the same as the options.
    let text = std::fs::read_to_string(manager.config()).expect("its own file");
    let text = text.replace(
        "community_file = \"read.community\"\nwrite_community_file = \"write.community\"\n",
        "user = \"operator\"\nauth_file = \"user.password\"\n",
    );
    std::fs::write(manager.config(), text).expect("its own file");
    manager.run(&["weight", "main/web/a", "12"]).ok();
    assert!(manager.run(&["poll"]).ok().out.contains("12"));
    agent.stop();
}
