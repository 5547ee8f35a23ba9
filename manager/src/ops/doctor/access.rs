//! From an address to an answer.

use lcms_snmp::{ErrorStatus, Version, usm::LATCHED};
use load_cluster_mib::snmpv2_mib::system::{self, System};

use super::{Cause, Diagnosis, Step, session};
use crate::{
    client::{
        Access, Client, ClientError, Credentials, Probe, Rejection, ResolveError, Target, probe,
        target,
    },
    inventory::Node,
};

/// Looks whether the node's agent answers as it is asked; the target, if it does.
pub(super) async fn look(
    client: &Client,
    node: &Node,
    diagnosis: &mut Diagnosis,
) -> Option<Target> {
    let target = match target(node, Access::Read).await {
        Ok(target) => target,
        Err(error) => {
            let (name, cause) = match error {
                ResolveError::Host { .. } => ("address", Cause::NameUnresolved),
                ResolveError::NoUser { .. }
                | ResolveError::NoCommunity { .. }
                | ResolveError::NoCertificate { .. } => ("credentials", Cause::NoCredentials),
            };
            let host = &node.endpoint.host;
            let step = Step::wrong(name, cause, error.to_string()).fix(error.advice());
            diagnosis.add(match cause {
                Cause::NameUnresolved => step.command(format!("getent hosts {host}")),
                _ => step,
            });
            return None;
        }
    };
    diagnosis.add(Step::ok("address", format!("{} is {}", node.endpoint, target.address)));
    if node.endpoint.is_tls() {
        return session::look(client, node, target, diagnosis).await;
    }
    let seen = match probe(target.address, node.timeout, 1 + node.retries).await {
        Ok(seen) => seen,
        Err(error) => {
            let text = format!("nothing can be sent there: {error}");
            let step = Step::wrong("port", Cause::PortFiltered, text)
                .fix("correct this machine's routes, or the address")
                .command(format!("ip route get {}", target.address.ip()));
            diagnosis.add(step);
            return None;
        }
    };
    let listening = format!("ss -ulnp 'sport = :{}'", target.address.port());
    match seen {
        Probe::Refused => {
            let text = format!("{}: the host is there and refuses the port", target.address);
            let step = Step::wrong("port", Cause::PortClosed, text)
                .fix("start the agent, or correct listen in its configuration or the address here")
                .command(format!("{listening}    (on the node)"));
            diagnosis.add(step);
            return None;
        }
        Probe::Engine(id, clock) => {
            let (boots, time) = (clock.boots, clock.time);
            let text = format!("SNMP engine {id}, started {boots} times, the last {time} s ago");
            diagnosis.add(Step::ok("port", text));
            if boots == LATCHED && target.credentials.version() == Version::V3 {
                let text = "the engine's boots have come to their end: it takes no signed message";
                let step = Step::wrong("credentials", Cause::OutOfTimeWindow, text)
                    .fix(
                        "give it a new name: stop the agent, remove engine.json in its state_dir \
                         (snmpd: oldEngineID and engineBoots in its persistent file), start it",
                    )
                    .command("lcms-agent --help    (state_dir)");
                diagnosis.add(step);
                return None;
            }
        }
        Probe::Silence => {}
    }
    let asked = client.table::<System>(&target, &[system::col::SYS_UP_TIME]).await;
    let (step, is_answered) = match (asked, seen) {
        (Ok(_), _) => (Step::ok("credentials", taken(&target)), true),
        (Err(error), Probe::Silence) if error.is_unreachable() => {
            let text = format!("{}: nothing comes back, not even a refusal", target.address);
            let step = Step::wrong("port", Cause::PortFiltered, text)
                .fix(
                    "a filter drops it, there is no such host, or the agent listens elsewhere; an \
                     agent without SNMPv3 is as silent to a wrong community",
                )
                .command(format!("{listening}; nft list ruleset    (on the node)"));
            (step, false)
        }
        (Err(error), _) => (refused(client, node, &target, &error).await, false),
    };
    if seen == Probe::Silence && is_answered {
        diagnosis.add(Step::ok("port", "it answers, and has no SNMPv3"));
    }
    diagnosis.add(step);
    is_answered.then_some(target)
}

fn taken(target: &Target) -> String {
    match &target.credentials {
        Credentials::Community(_) => "the community is taken".to_owned(),
        Credentials::Certificate(_) => "the certificate is taken".to_owned(),
        Credentials::User(user) => {
            format!("user {:?} is taken at level {}", user.name(), user.level().name())
        }
    }
}

/// Something answers at the port, and not what was asked.
async fn refused(client: &Client, node: &Node, target: &Target, error: &ClientError) -> Step {
    let name = "credentials";
    let user = match &target.credentials {
        Credentials::Community(_) if error.is_unreachable() => {
            return Step::wrong(
                name,
                Cause::WrongCommunity,
                "the agent is there and does not answer this community",
            )
            .fix(
                "write the agent's [[community]] into community_file, or allow this machine's \
                 address in its sources; snmpd: rocommunity NAME SOURCE",
            )
            .command(format!("lcms-manager get {} sysUpTime.0 -c FILE", node.name));
        }
        Credentials::Community(_) | Credentials::Certificate(_) => {
            return Step::wrong(name, Cause::Unanswered, error.to_string()).fix(error.advice());
        }
        Credentials::User(user) => user,
    };
    let who = user.name();
    let at = |level: &str| format!("lcms-manager get {} sysUpTime.0 --level {level}", node.name);
    match error {
        ClientError::Reported { rejection, .. } => match rejection {
            Rejection::UnknownUser => Step::wrong(
                name,
                Cause::UnknownUser,
                format!("the agent has no user {who:?}"),
            )
            .fix("correct user here, or add a [[user]] to the agent; snmpd: createUser and rouser")
            .command("lcms-agent --check    (on the node)"),
            Rejection::WrongDigest => Step::wrong(
                name,
                Cause::WrongAuthPassword,
                format!("the agent knows {who:?} by another authentication password or protocol"),
            )
            .fix(
                "correct the password in auth_file, or auth: SHA-256 unless something else is said",
            )
            .command(format!("lcms-manager get {} sysUpTime.0 --auth SHA", node.name)),
            Rejection::Decryption => wrong_privacy(who, node),
            Rejection::UnsupportedLevel => Step::wrong(
                name,
                Cause::UnsupportedLevel,
                format!("{who:?} has no keys for level {} in the agent", user.level().name()),
            )
            .fix("ask at a lower level, or give the agent's user the passwords it lacks")
            .command(at("authNoPriv")),
            Rejection::NotInTime => out_of_window(),
            Rejection::UnknownEngine => Step::wrong(
                name,
                Cause::EngineChanges,
                "the agent's engine says another name with every answer",
            )
            .fix("two agents share the address, or its state_dir is lost at each start"),
            Rejection::Other => {
                Step::wrong(name, Cause::Unanswered, rejection.to_string()).fix(error.advice())
            }
        },
        ClientError::Refused { .. } if error.status() == Some(ErrorStatus::AuthorizationError) => {
            Step::wrong(
                name,
                Cause::NoAccess,
                format!("{who:?} is known, and may not read at level {}", user.level().name()),
            )
            .fix("ask at a higher level, or give its group an [[access]]; snmpd: rouser")
            .command(at("authPriv"))
        }
        // Garbage is what a message is to another key, and some agents answer it with
        // silence. The same user without encryption tells.
        _ if error.is_unreachable() && user.level() == lcms_snmp::v3::SecurityLevel::AuthPriv => {
            let plain = Target { credentials: user.without_privacy().into(), ..target.clone() };
            match client.table::<System>(&plain, &[system::col::SYS_UP_TIME]).await {
                Ok(_) | Err(ClientError::Refused { .. }) => wrong_privacy(who, node),
                Err(_) => out_of_window(),
            }
        }
        _ if error.is_unreachable() => out_of_window(),
        _ => Step::wrong(name, Cause::Unanswered, error.to_string()).fix(error.advice()),
    }
}

fn wrong_privacy(who: &str, node: &Node) -> Step {
    Step::wrong(
        "credentials",
        Cause::WrongPrivPassword,
        format!("the agent knows {who:?} by another encryption password or protocol"),
    )
    .fix("correct the password in priv_file, or priv: AES-128 unless something else is said")
    .command(format!("lcms-manager get {} sysUpTime.0 --level authNoPriv", node.name))
}

fn out_of_window() -> Step {
    Step::wrong(
        "credentials",
        Cause::OutOfTimeWindow,
        "the agent names its engine and takes no signed message: boots or time do not agree",
    )
    .fix(
        "two agents share one engine ID, or the agent lost its boots: restart it; where that does \
         not help, give it a new engine ID",
    )
}
