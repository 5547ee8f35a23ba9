//! What an agent that answers has to say.

use std::{collections::BTreeSet, fs};

use jiff::{
    Timestamp,
    civil::DateTime,
    tz::{Offset, TimeZone},
};
use lcms_lb_core::model::Status;
use lcms_snmp::{
    ErrorStatus, Oid, Value,
    object::{Index as _, Scalar, Table},
};
use load_cluster_mib::{
    MODULES,
    host_resources_mib::hr_system::{self, HrSystem},
    load_cluster_mib::{
        MODULE_OID,
        lc_agent::{self, LcAgent},
        lc_cluster::{self, LcCluster},
        lc_host::{self, LcHost},
        lc_server::{self, LcServer},
        lc_service::{self, LcService},
    },
    snmpv2_mib::{
        sys_or::{self, SysOr},
        system::{self, System},
    },
};

use super::{Cause, Diagnosis, Step};
use crate::{
    client::{Client, ClientError, Target},
    inventory::Node,
};

/// More seconds than clocks of one fleet should differ by.
const SKEW: i64 = 5;

/// Looks at what the agent has, and at what it says of itself.
pub(super) async fn look(
    client: &Client,
    node: &Node,
    named: bool,
    target: &Target,
    diagnosis: &mut Diagnosis,
) {
    let asked = contents(client, node, named, target, diagnosis).await;
    if let Err(error) = asked {
        let step = Step::wrong("mib", Cause::Unanswered, format!("it answered once: {error}"));
        diagnosis.add(step.fix(error.advice()));
    }
}

async fn contents(
    client: &Client,
    node: &Node,
    named: bool,
    target: &Target,
    diagnosis: &mut Diagnosis,
) -> Result<(), ClientError> {
    use lc_agent::col::*;
    let summary = &[LC_OVERALL_STATUS, LC_OVERALL_REASON, LC_LOCAL_HOST_NAME];
    let agent = client.table::<LcAgent>(target, summary).await;
    if is_hidden(&agent) {
        diagnosis.add(hidden_subagent());
        return Ok(());
    }
    let agent = agent?.into_iter().next().map(|(_, agent)| agent).unwrap_or_default();
    let Some(host) = agent.lc_local_host_name.clone() else {
        diagnosis.add(without_mib(client, node, target).await?);
        return Ok(());
    };
    diagnosis.add(Step::ok("mib", format!("LOAD-CLUSTER-MIB is there, of host {host}")));
    diagnosis.add(view(client, node, target, &host).await?);
    diagnosis.add(columns(client, target).await?);
    diagnosis.add(if named && host != node.name.as_str() {
        Step::wrong("name", Cause::NameDiffers, format!("the agent calls its host {host}"))
            .fix("names are the same everywhere: correct name here, or in the agent's file")
    } else {
        Step::ok("name", format!("the host is {host}"))
    });
    let theirs = client.table::<HrSystem>(target, &[hr_system::col::DATE]).await?;
    let theirs = theirs.into_iter().find_map(|(_, row)| row.date);
    diagnosis.add(time(theirs.as_deref().and_then(date_and_time), Timestamp::now()));
    let status = agent.lc_overall_status.and_then(|status| status.label().parse().ok());
    let reason = agent.lc_overall_reason.filter(|reason| !reason.is_empty());
    diagnosis.add(match status {
        Some(Status::Ok) => Step::ok("status", "lcOverallStatus is ok"),
        status => {
            let word = status.map_or_else(|| "unknown".to_owned(), |status| status.to_string());
            let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
            Step::wrong("status", Cause::OwnTrouble, format!("lcOverallStatus is {word}{reason}"))
                .fix("the reason names the host, service or server it is about")
                .command("lcms-manager poll -o wide")
        }
    });
    let leased = &[lc_cluster::col::LEASE_OWNER, lc_cluster::col::LEASE_SECONDS];
    let clusters = client.table::<LcCluster>(target, leased).await?;
    let held = clusters.into_iter().filter_map(|(index, row)| {
        let seconds = row.lease_seconds.filter(|&seconds| seconds > 0)?;
        Some((index.cluster_name, row.lease_owner?, seconds))
    });
    diagnosis.add(lease(&held.collect::<Vec<_>>(), &own_host()));
    Ok(())
}

/// Whether this is what net-snmp's master says where an answer runs into a subagent's
/// objects that a view hides; who has none of them goes on to the end.
fn is_hidden<T>(asked: &Result<T, ClientError>) -> bool {
    asked.as_ref().is_err_and(|error| error.status() == Some(ErrorStatus::GenErr))
}

fn hidden_subagent() -> Step {
    let text = "an AgentX master has a subagent's objects and does not show them: genErr";
    Step::wrong("mib", Cause::ViewHides, text).fix(
        "widen the view of this community or user, in snmpd.conf the one behind -V; or else the \
         subagent does not answer its master, whose log says so",
    )
}

/// Why LOAD-CLUSTER-MIB is not to be seen.
async fn without_mib(client: &Client, node: &Node, target: &Target) -> Result<Step, ClientError> {
    let about = &[system::col::SYS_DESCR, system::col::SYS_OBJECT_ID];
    let system = client.row::<System>(target, &Scalar, about).await?.unwrap_or_default();
    let served = client.table::<SysOr>(target, &[sys_or::col::ID, sys_or::col::DESCR]).await;
    if is_hidden(&served) {
        return Ok(hidden_subagent());
    }
    let served: Vec<(Oid, String)> = served?
        .into_iter()
        .filter_map(|(_, row)| Some((row.id?, row.descr.unwrap_or_default())))
        .collect();
    Ok(absence(system.sys_descr.as_deref(), system.sys_object_id.as_ref(), &served)
        .command(format!("lcms-manager walk {} sysORTable", node.name)))
}

/// What it is due to, by what the agent says it is and has.
fn absence(descr: Option<&str>, object_id: Option<&Oid>, served: &[(Oid, String)]) -> Step {
    let is_ours = |oid: &Oid| **oid == *MODULE_OID;
    let ours = MODULES.iter().find(|module| module.oid == MODULE_OID);
    let described = |text: &str| {
        text.contains("LOAD-CLUSTER-MIB") || ours.is_some_and(|ours| ours.description == text)
    };
    if object_id.is_some_and(is_ours) || served.iter().any(|(oid, _)| is_ours(oid)) {
        return Step::wrong("mib", Cause::ViewHides, "the agent has LOAD-CLUSTER-MIB and does not show it")
            .fix("give the community or user a view with it: access = \"read\", or [[view]] and [[access]]");
    }
    if let Some((oid, _)) = served.iter().find(|(_, text)| described(text)) {
        let text =
            format!("the agent has LOAD-CLUSTER-MIB at {oid}, and this manager looks elsewhere");
        return Step::wrong("mib", Cause::OtherArc, text).fix(
            "agent and manager are of builds with different enterprise numbers: update the older",
        );
    }
    match descr {
        None => Step::wrong("mib", Cause::ViewHides, "nothing is to be seen, not even who the agent is")
            .fix("the view of this community or user holds neither system nor LOAD-CLUSTER-MIB: widen it"),
        Some(descr) => {
            let descr: String = descr.chars().take(60).collect();
            Step::wrong("mib", Cause::MibAbsent, format!("another agent answers: {descr}"))
                .fix(
                    "snmpd: lcms-agent has not joined it: master agentx in snmpd.conf, [agentx] \
                     master in agent.toml, lcms-agent running; or give lcms-agent a port of its own",
                )
        }
    }
}

/// Whether tables are shown that have to have rows.
async fn view(
    client: &Client,
    node: &Node,
    target: &Target,
    host: &str,
) -> Result<Step, ClientError> {
    let hidden = |what: &str| {
        Step::wrong("view", Cause::ViewHides, format!("{what} has rows and shows none"))
            .fix("widen the view of this community or user: [[view]] include in the agent's file")
            .command(format!("lcms-manager walk {} {what}", node.name))
    };
    let hosts = client.table::<LcHost>(target, &[lc_host::col::STATUS]).await?;
    if !hosts.iter().any(|(index, _)| index.host_name == host) {
        return Ok(hidden("lcHostTable"));
    }
    let clusters = client.table::<LcCluster>(target, &[lc_cluster::col::SERVICES]).await?;
    let counted: u64 = clusters.iter().filter_map(|(_, row)| row.services).map(u64::from).sum();
    let services = client.table::<LcService>(target, &[lc_service::col::SERVERS]).await?;
    if counted > 0 && services.is_empty() {
        return Ok(hidden("lcServiceTable"));
    }
    let counted: u64 = services.iter().filter_map(|(_, row)| row.servers).map(u64::from).sum();
    let servers = client.table::<LcServer>(target, &[lc_server::col::WEIGHT]).await?;
    if counted > 0 && servers.is_empty() {
        return Ok(hidden("lcServerTable"));
    }
    let (hosts, clusters, services, servers) =
        (hosts.len(), clusters.len(), services.len(), servers.len());
    let text =
        format!("{hosts} hosts, {clusters} clusters, {services} services, {servers} servers");
    Ok(Step::ok("view", text))
}

/// Whether the agent has the columns that this manager knows.
async fn columns(client: &Client, target: &Target) -> Result<Step, ClientError> {
    let mut missing = BTreeSet::new();
    lacking::<LcHost>(client, target, lc_host::col::STATUS, &mut missing).await?;
    lacking::<LcCluster>(client, target, lc_cluster::col::STATUS, &mut missing).await?;
    lacking::<LcService>(client, target, lc_service::col::STATUS, &mut missing).await?;
    lacking::<LcServer>(client, target, lc_server::col::WEIGHT, &mut missing).await?;
    let Some(first) = missing.iter().next() else {
        return Ok(Step::ok("columns", "the agent has all columns that this manager knows"));
    };
    let text = format!("the agent lacks {first} and {} more columns", missing.len() - 1);
    Ok(Step::note("columns", Cause::OlderMib, text).fix(
        "it is older, or its view leaves them out; what needs them is shown as unknown: update it",
    ))
}

/// Columns of which the first row says that there is no such object. A value that is
/// not known at present is no such instance, which is another thing.
async fn lacking<T: Table>(
    client: &Client,
    target: &Target,
    first: u32,
    missing: &mut BTreeSet<&'static str>,
) -> Result<(), ClientError> {
    let rows = client.table::<T>(target, &[first]).await?;
    let Some((index, _)) = rows.into_iter().next() else { return Ok(()) };
    let mut arcs = Vec::new();
    index.encode(&mut arcs);
    let readable: Vec<_> = T::ENTRY.columns.iter().filter(|c| c.access.is_readable()).collect();
    for some in readable.chunks(16) {
        let names = some.iter().filter_map(|c| Oid::new(T::ENTRY.instance(c.arc, &arcs)).ok());
        let names: Vec<Oid> = names.collect();
        // Version 1 has no word for it.
        let Ok(varbinds) = client.get(target, &names).await else { return Ok(()) };
        let absent = varbinds.iter().zip(some).filter(|(v, _)| v.value == Value::NoSuchObject);
        missing.extend(absent.map(|(_, column)| column.name));
    }
    Ok(())
}

/// DateAndTime (RFC 2579) with its zone; without one nobody knows what it means.
fn date_and_time(octets: &[u8]) -> Option<Timestamp> {
    let &[high, low, month, day, hour, minute, second, _, sign, hours, minutes] = octets else {
        return None;
    };
    let small = |octet: u8| i8::try_from(octet).ok();
    let year = i16::try_from(u16::from_be_bytes([high, low])).ok()?;
    let date = DateTime::new(
        year,
        small(month)?,
        small(day)?,
        small(hour)?,
        small(minute)?,
        // A leap second is as good as the one before.
        small(second.min(59))?,
        0,
    );
    let offset = i32::from(hours) * 3600 + i32::from(minutes) * 60;
    let offset = if sign == b'-' { -offset } else { offset };
    let zone = TimeZone::fixed(Offset::from_seconds(offset).ok()?);
    Some(date.ok()?.to_zoned(zone).ok()?.timestamp())
}

fn time(theirs: Option<Timestamp>, ours: Timestamp) -> Step {
    let Some(theirs) = theirs else {
        return Step::skipped("time", "the agent does not say what time it takes it to be");
    };
    let ahead = theirs.as_second().saturating_sub(ours.as_second());
    if ahead.saturating_abs() <= SKEW {
        return Step::ok("time", "its clock and ours agree");
    }
    let way = if ahead > 0 { "ahead of" } else { "behind" };
    let text = format!("the host's clock is {} s {way} ours", ahead.saturating_abs());
    Step::wrong("time", Cause::TimeSkew, text)
        .fix("let both follow one source of time; records of changes carry the agent's time")
        .command("timedatectl timesync-status    (here and on the node)")
}

/// A lease of another machine is no fault, but a second controller has to wait.
fn lease(held: &[(String, String, u32)], own: &str) -> Step {
    let is_ours = |owner: &str| owner.split(' ').next() == Some(own);
    let told = |(cluster, owner, seconds): &(String, String, u32)| {
        format!("{cluster} is controlled by {owner} for {seconds} s more")
    };
    match held.iter().find(|(_, owner, _)| !is_ours(owner)) {
        Some(other) => Step::note("lease", Cause::LeaseHeld, told(other)).fix(
            "a controller here waits until that one ends; stop it there if it is not meant to be",
        ),
        None if held.is_empty() => Step::ok("lease", "no controller holds one"),
        None => Step::ok("lease", held.iter().map(told).collect::<Vec<_>>().join(", ")),
    }
}

/// As `auto` begins its name with.
fn own_host() -> String {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    host.trim().chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::doctor::Outcome;

    fn oid(text: &str) -> Oid {
        text.parse().unwrap()
    }

    #[test]
    fn absence_has_three_causes() {
        let ours = Oid::new(MODULE_OID).unwrap();
        let description = MODULES[0].description.to_owned();
        let snmpd = [(oid("1.3.6.1.6.3.1"), "The MIB module for SNMPv2 entities".to_owned())];
        for (descr, object_id, served, cause) in [
            (Some("Linux"), Some(oid("1.3.6.1.4.1.8072.3.2.10")), &snmpd[..], Cause::MibAbsent),
            (Some("x"), Some(ours.clone()), &[], Cause::ViewHides),
            (Some("x"), None, &[(ours, String::new())], Cause::ViewHides),
            (None, None, &[], Cause::ViewHides),
            (Some("x"), None, &[(oid("1.3.6.1.4.1.99999.1"), description)], Cause::OtherArc),
        ] {
            let step = absence(descr, object_id.as_ref(), served);
            assert_eq!((step.outcome, step.cause), (Outcome::Wrong, Some(cause)), "{step:?}");
        }
    }

    #[test]
    fn clocks_are_compared_across_zones() {
        // 2026-11-28 01:30:00 +02:00
        let octets = [0x07, 0xea, 11, 28, 1, 30, 0, 0, b'+', 2, 0];
        let theirs = date_and_time(&octets).unwrap();
        assert_eq!(theirs.to_string(), "2026-11-27T23:30:00Z");
        let at = |seconds: i64| Timestamp::from_second(theirs.as_second() + seconds).unwrap();
        assert_eq!(time(Some(theirs), at(5)).outcome, Outcome::Ok);
        let behind = time(Some(theirs), at(6));
        assert_eq!(behind.cause, Some(Cause::TimeSkew));
        assert!(behind.text.contains("6 s behind"), "{behind:?}");
        assert!(time(Some(theirs), at(-60)).text.contains("60 s ahead"));
        for bad in [&octets[..8], &[], &[0xff; 11], &[0; 11]] {
            assert_eq!(date_and_time(bad), None, "{bad:?}");
        }
        assert_eq!(time(None, theirs).outcome, Outcome::NotLookedAt);
    }

    #[test]
    fn a_lease_of_another_machine_is_a_note() {
        let held = [("main".to_owned(), "mgmt 17 00abcdef".to_owned(), 12)];
        assert_eq!(lease(&held, "mgmt").outcome, Outcome::Ok);
        let other = lease(&held, "desk");
        assert_eq!((other.outcome, other.cause), (Outcome::Note, Some(Cause::LeaseHeld)));
        assert!(other.text.contains("mgmt 17 00abcdef for 12 s"), "{other:?}");
        assert_eq!(lease(&[], "desk").outcome, Outcome::Ok);
    }
}
