//! linkUp and linkDown, as Debian's `snmptrapd` gets them, of interfaces in a network
//! namespace.

#![allow(clippy::panic, reason = "a test")]

use std::time::Duration;

use lcms_tests::{
    agent::{Agent, READ},
    eventually, net_snmp,
    netns::Namespaces,
    snmptrapd::{self, Snmptrapd},
};

const SOON: Duration = Duration::from_secs(30);

/// The numbers of the interfaces, as the agent shows them, by name.
#[track_caller]
fn number(agent: &Agent, name: &str) -> String {
    let walk = net_snmp::walk(agent.address(), READ, "1.3.6.1.2.1.31.1.1.1.1").expect("found");
    let shown = format!("STRING: {name}");
    let row = walk.iter().find(|(_, value)| *value == shown);
    let (instance, _) = row.unwrap_or_else(|| panic!("no {name}: {walk:?}"));
    instance.rsplit('.').next().expect("it has arcs").to_owned()
}

#[track_caller]
fn shows(agent: &Agent, instance: &str, value: &str) {
    eventually(&format!("{instance} is {value}"), SOON, || {
        let said = agent.snmp("snmpget", &[instance]).expect("found").text();
        if said.contains(value) { Ok(()) } else { Err(said) }
    });
}

/// An interface that goes down and up is told of with its states; one that lies on top
/// of another is not, nor one for which that was switched off, until it is switched on.
#[test]
fn interfaces_that_go_down_and_up_are_told_of() {
    let Some(_) = net_snmp::tool("snmptrapd") else { return };
    let Some(namespaces) = Namespaces::make() else { return };
    namespaces.link(&["add", "name", "other", "type", "veth", "peer", "name", "port"]);
    namespaces.link(&["add", "name", "bridge", "type", "bridge"]);
    namespaces.link(&["set", "port", "master", "bridge"]);
    for name in ["other", "port", "bridge"] {
        namespaces.link(&["set", name, "up"]);
    }
    namespaces.enter_director();
    let port = snmptrapd::free_port();
    let receiver = Snmptrapd::start(port, &[]).expect("found");
    let config = format!(
        "[[receiver]]\nname = \"noc\"\naddress = \"127.0.0.1:{port}\"\ncommunity = \"read\"\n"
    );
    let agent = Agent::start_by(&namespaces.at_director(), "lb1", &config);
    let [cable, other, bridge] = ["cable", "other", "bridge"].map(|name| number(&agent, name));
    let enable = |number: &str| format!("IF-MIB::ifLinkUpDownTrapEnable.{number}");
    shows(&agent, &enable(&cable), "enabled(1)");
    shows(&agent, &enable(&bridge), "disabled(2)");

    namespaces.link(&["set", "cable", "down"]);
    let line = receiver.gets(&["linkDown", &format!("ifIndex.{cable} = INTEGER: {cable}")]);
    for object in ["ifAdminStatus", "ifOperStatus"] {
        assert!(line.contains(&format!("{object}.{cable} = INTEGER: down(2)")), "{line}");
    }
    namespaces.link(&["set", "cable", "up"]);
    let line = receiver.gets(&["linkUp", &format!("ifOperStatus.{cable} = INTEGER: up(1)")]);
    assert!(line.contains(&format!("ifAdminStatus.{cable} = INTEGER: up(1)")), "{line}");

    let switch = |number: &str, to: &str| {
        let said = agent.snmpset(&[&enable(number), "i", to]).expect("found");
        assert_eq!(said.code, Some(0), "{}{}", said.errors, said.text());
    };
    switch(&cable, "disabled");
    namespaces.link(&["set", "cable", "down"]);
    shows(&agent, &format!("IF-MIB::ifOperStatus.{cable}"), "down(2)");
    // What is told of another interface comes later, so the first would be there.
    namespaces.link(&["set", "other", "down"]);
    receiver.gets(&["linkDown", &format!("ifIndex.{other} = ")]);
    assert_eq!(receiver.with(&["linkDown", &format!("ifIndex.{cable} = ")]).len(), 1);
    assert_eq!(receiver.with(&[&format!("ifIndex.{bridge} = ")]), [] as [String; 0]);

    switch(&cable, "enabled");
    namespaces.link(&["set", "cable", "up"]);
    eventually("the cable is told of again", SOON, || {
        match receiver.with(&["linkUp", &format!("ifIndex.{cable} = ")]).len() {
            2 => Ok(()),
            count => Err(format!("linkUp {count} times")),
        }
    });
}
