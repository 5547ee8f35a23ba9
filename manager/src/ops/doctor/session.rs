//! From an address to an answer over TLS.

use lcms_snmp::ErrorStatus;
use load_cluster_mib::snmpv2_mib::system::{self, System};

use super::{Cause, Diagnosis, Step};
use crate::{
    client::{Client, ClientError, SessionFault, Target},
    inventory::Node,
};

/// Looks whether the node's agent opens a session and answers in it.
pub(super) async fn look(
    client: &Client,
    node: &Node,
    target: Target,
    diagnosis: &mut Diagnosis,
) -> Option<Target> {
    let asked = client.table::<System>(&target, &[system::col::SYS_UP_TIME]).await;
    let fault = match &asked {
        Err(ClientError::Session { fault, .. }) => Some(&**fault),
        _ => None,
    };
    if let Some(step) = fault.and_then(|fault| port(&target, fault)) {
        diagnosis.add(step);
        return None;
    }
    diagnosis.add(Step::ok("port", "it speaks TLS"));
    diagnosis.add(match &asked {
        Ok(_) => Step::ok("credentials", "each side takes the other's certificate"),
        Err(error) => credentials(node, &target, error),
    });
    asked.is_ok().then_some(target)
}

/// What hinders a session before there is any certificate.
fn port(target: &Target, fault: &SessionFault) -> Option<Step> {
    let cause = match fault {
        SessionFault::NobodyListens => Cause::PortClosed,
        SessionFault::Connection(_) | SessionFault::Silent => Cause::PortFiltered,
        SessionFault::NoTls | SessionFault::NoSnmp => Cause::NoTls,
        _ => return None,
    };
    let listening = format!("ss -tlnp 'sport = :{}'    (on the node)", target.address.port());
    let text = format!("{}: {fault}", target.address);
    Some(Step::wrong("port", cause, text).fix(fault.advice()).command(listening))
}

/// What is wrong with a certificate, or with what it stands for.
fn credentials(node: &Node, target: &Target, error: &ClientError) -> Step {
    let wrong = |cause| Step::wrong("credentials", cause, error.to_string());
    match error {
        ClientError::Session { fault, .. } => {
            let cause = match &**fault {
                SessionFault::WrongFingerprint(_) => Cause::OtherCertificate,
                SessionFault::WrongName { .. } => Cause::OtherServerName,
                SessionFault::UnknownAuthority => Cause::UnknownAuthority,
                SessionFault::Expired | SessionFault::NotValidYet => Cause::CertificateExpired,
                SessionFault::Refused(_) | SessionFault::Closed => Cause::CertificateRefused,
                _ => Cause::Unanswered,
            };
            let show = format!(
                "openssl s_client -connect {} </dev/null | openssl x509 -noout -subject -dates \
                 -fingerprint -sha256",
                target.address
            );
            wrong(cause).fix(fault.advice()).command(show)
        }
        ClientError::Refused { .. } if error.status() == Some(ErrorStatus::AuthorizationError) => {
            let text = "the certificate is taken, and whoever it stands for may not read";
            Step::wrong("credentials", Cause::NoAccess, text)
                .fix("give its [[tls.user]] on the agent an access or a group")
                .command(format!("lcms-manager get {} sysUpTime.0", node.name))
        }
        _ => wrong(Cause::Unanswered).fix(error.advice()),
    }
}
