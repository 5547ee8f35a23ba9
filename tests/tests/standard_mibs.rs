//! The standard MIBs side by side with Debian's `snmpd` on the same machine.

#![allow(clippy::panic, reason = "a walk without what is asked of it fails the scenario")]

use std::{collections::BTreeMap, time::Duration};

use lcms_mibs::Mib;
use lcms_tests::{
    agent::{Agent, READ},
    eventually, net_snmp,
    snmpd::Snmpd,
};

/// The walk of a subtree as instances by name, `ifDescr.1`.
struct Walk(BTreeMap<String, String>);

impl Walk {
    #[track_caller]
    fn of(agent: std::net::SocketAddr, roots: &[&str]) -> Option<Self> {
        let mib = Mib::builtin();
        let mut all = BTreeMap::new();
        for root in roots {
            for (name, value) in net_snmp::walk(agent, READ, root)? {
                let arcs: Vec<u32> = name
                    .split('.')
                    .filter(|a| !a.is_empty())
                    .filter_map(|a| a.parse().ok())
                    .collect();
                let Some((node, rest)) = mib.lookup(&arcs) else { continue };
                let rest: Vec<String> = rest.iter().map(u32::to_string).collect();
                all.insert(format!("{}.{}", node.name(), rest.join(".")), value);
            }
        }
        Some(Self(all))
    }

    /// The instances of a column, by index.
    fn column<'w>(&'w self, name: &str) -> BTreeMap<&'w str, &'w str> {
        let prefix = format!("{name}.");
        self.0
            .iter()
            .filter_map(|(instance, value)| Some((instance.strip_prefix(&prefix)?, &**value)))
            .collect()
    }

    /// A figure.
    #[track_caller]
    fn number(&self, instance: &str) -> u64 {
        let value = self.0.get(instance).unwrap_or_else(|| panic!("no {instance}"));
        number(value).unwrap_or_else(|| panic!("{instance} is {value}"))
    }
}

/// The number in `Counter32: 5`, `INTEGER: up(1)` or `Timeticks: (77) 0:00`.
fn number(value: &str) -> Option<u64> {
    let digits = value.split_once(": ")?.1;
    let digits = digits.split_once('(').map_or(digits, |(_, inside)| inside);
    digits.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Ours lies between the two of the peer, walked before and after, give or take
/// the time between two samples.
#[track_caller]
fn between(instance: &str, before: u64, ours: u64, after: u64, slack: u64) {
    let low = before.min(after).saturating_sub(slack);
    let high = before.max(after).saturating_add(slack);
    assert!((low..=high).contains(&ours), "{instance}: {before}, ours {ours}, then {after}");
}

const IF: &str = "1.3.6.1.2.1.2";
const IF_X: &str = "1.3.6.1.2.1.31.1.1";
const IP: &str = "1.3.6.1.2.1.4";
const TCP: &str = "1.3.6.1.2.1.6";
const UDP: &str = "1.3.6.1.2.1.7";
const HOST: &str = "1.3.6.1.2.1.25";
const UCD: &str = "1.3.6.1.4.1.2021";

#[test]
fn figures_agree_with_snmpd() {
    let Some(snmpd) = Snmpd::start() else { return };
    let agent = Agent::of_this_machine("lb1");
    let roots = [IF, IF_X, IP, TCP, UDP, HOST, UCD];
    // snmpd looks at the processors some seconds after its start.
    eventually("snmpd has looked at the processors", Duration::from_secs(30), || {
        let walk = Walk::of(snmpd.address(), &[UCD]);
        match walk.is_none_or(|walk| walk.number("ssCpuRawIdle.0") > 0) {
            true => Ok(()),
            false => Err("ssCpuRawIdle is 0".to_owned()),
        }
    });
    let Some(before) = Walk::of(snmpd.address(), &roots) else { return };
    let ours = Walk::of(agent.address(), &roots).expect("the tool is there");
    let after = Walk::of(snmpd.address(), &roots).expect("the tool is there");

    // What does not move.
    for column in [
        "ifIndex",
        "ifDescr",
        "ifMtu",
        "ifPhysAddress",
        "ifAdminStatus",
        "ifOperStatus",
        "ifName",
        "ifPromiscuousMode",
        "ipAdEntAddr",
        "ipAdEntIfIndex",
        "ipAdEntNetMask",
        "ipForwarding",
        "ipDefaultTTL",
        "ipAddressRowStatus",
        "tcpRtoAlgorithm",
        "tcpRtoMin",
        "tcpRtoMax",
        "tcpMaxConn",
        "hrMemorySize",
        "hrNetworkIfIndex",
        "laIndex",
        "laNames",
        "memTotalReal",
        "memTotalSwap",
        "memTotalRealX",
        "memTotalSwapX",
        "memMinimumSwapX",
        "ssCpuNumCpus",
        "hrSystemInitialLoadParameters",
    ] {
        let (theirs, ours) = (before.column(column), ours.column(column));
        // Where somebody makes and removes interfaces or addresses meanwhile,
        // the two walks of snmpd differ as well.
        let steady = after.column(column);
        for index in theirs.keys().filter(|index| theirs.get(*index) == steady.get(*index)) {
            // snmpd also lists the broadcast address of each network, and leaves
            // out the zone that a link-local address means nothing without.
            let is_link_local = index.starts_with("2.16.254.128.");
            if column == "ipAddressRowStatus" && (index.ends_with(".255") || is_link_local) {
                continue;
            }
            assert_eq!(theirs.get(index), ours.get(index), "{column}.{index}");
        }
        assert!(!ours.is_empty(), "{column}");
    }

    // What counts.
    const MIB: u64 = 1 << 20;
    for (column, slack) in [
        ("ifHCInOctets", 64 * MIB),
        ("ifHCOutOctets", 64 * MIB),
        ("ifHCOutUcastPkts", 200_000),
        ("tcpActiveOpens", 50_000),
        ("tcpPassiveOpens", 50_000),
        ("tcpCurrEstab", 5_000),
        ("tcpHCInSegs", 5_000_000),
        ("tcpHCOutSegs", 5_000_000),
        ("tcpRetransSegs", 50_000),
        ("tcpOutRsts", 50_000),
        ("udpHCInDatagrams", 5_000_000),
        ("udpHCOutDatagrams", 5_000_000),
        ("udpNoPorts", 500_000),
        ("hrSystemUptime", 1000),
        ("ssCpuRawUser", 2000),
        ("ssCpuRawSystem", 2000),
        ("ssCpuRawIdle", 2000),
        ("ssCpuRawWait", 2000),
        ("ssRawContexts", 2_000_000),
        ("ssIORawSent", 4_000_000),
        ("laLoadInt", 300),
        ("memAvailReal", 2_000_000),
        ("memAvailRealX", 2_000_000),
        ("memSysAvail", 2_000_000),
        ("memBuffer", 200_000),
        ("memCached", 2_000_000),
        ("hrSystemProcesses", 100),
    ] {
        let found = ours.column(column);
        assert!(!found.is_empty(), "{column}");
        for index in found.keys() {
            let instance = format!("{column}.{index}");
            if !before.0.contains_key(&instance) || !after.0.contains_key(&instance) {
                continue;
            }
            let figures = [&before, &ours, &after].map(|walk| walk.number(&instance));
            between(&instance, figures[0], figures[1], figures[2], slack);
        }
    }

    // Storage, by what it is called; snmpd numbers file systems otherwise.
    let by_name = |walk: &Walk| -> BTreeMap<String, u64> {
        let octets = |index: &str| {
            walk.number(&format!("hrStorageSize.{index}"))
                * walk.number(&format!("hrStorageAllocationUnits.{index}"))
        };
        let named = walk.column("hrStorageDescr");
        named.iter().map(|(index, name)| ((*name).to_owned(), octets(index))).collect()
    };
    let (theirs, ours_by_name) = (by_name(&before), by_name(&ours));
    for name in ["STRING: \"/\"", "STRING: \"Physical memory\""] {
        assert_eq!(theirs.get(name), ours_by_name.get(name), "{name}");
        assert!(ours_by_name.contains_key(name), "{ours_by_name:?}");
    }

    // File systems, by their mount points.
    let file_systems = |walk: &Walk, column: &str| -> BTreeMap<String, String> {
        let points = walk.column("hrFSMountPoint");
        let of = |(index, point): (&&str, &&str)| {
            Some(((*point).to_owned(), walk.0.get(&format!("{column}.{index}"))?.clone()))
        };
        points.iter().filter_map(of).collect()
    };
    for column in ["hrFSRemoteMountPoint", "hrFSType", "hrFSAccess", "hrFSBootable"] {
        let (theirs, ours) = (file_systems(&before, column), file_systems(&ours, column));
        let root = "STRING: \"/\"";
        assert_eq!(theirs.get(root), ours.get(root), "{column}: {theirs:?}, ours {ours:?}");
        assert!(ours.contains_key(root), "{column}: {ours:?}");
    }
    assert!(!ours.column("hrFSStorageIndex").is_empty());

    // Running software: this test is there.
    let own = std::process::id();
    for column in ["hrSWRunName", "hrSWRunPath", "hrSWRunType", "hrSWRunPerfMem"] {
        assert!(ours.column(column).contains_key(&*own.to_string()), "{column}");
    }
    let name = format!("hrSWRunName.{own}");
    assert_eq!(before.0.get(&name), ours.0.get(&name));
}

/// A host of files alone shows what they say, and leaves out what they do not.
#[test]
fn an_emulated_host_has_the_figures_of_its_files() {
    let agent = Agent::start("lb1", "");
    let Some(walk) = Walk::of(agent.address(), &[HOST, UCD]) else { return };
    assert_eq!(walk.number("laLoadInt.1"), 10);
    assert_eq!(walk.0.get("laLoad.3").map(String::as_str), Some("STRING: \"0.30\""));
    assert_eq!(walk.0.get("laLoadFloat.2").map(String::as_str), Some("Opaque: Float: 0.200000"));
    assert_eq!(walk.number("ssCpuRawIdle.0"), 10_000);
    assert_eq!(walk.number("memTotalReal.0"), 1_000_000);
    assert_eq!(walk.number("hrStorageUsed.1"), 200_000);
    // Since the boot at first, and then of the last minute, in which nothing has changed.
    assert!(walk.number("hrProcessorLoad.196608") <= 1);
    assert!(walk.column("hrSWRunIndex").is_empty());
    assert!(walk.column("hrSystemUptime").is_empty());
}
