//! What to do about a refusal, by the error-status and by what was asked for.

use lcms_lb_core::model::Name;
use lcms_snmp::ErrorStatus;

use super::{
    Doing, Kind,
    error::{allowed, refused_object},
};
use crate::client::ClientError;

/// What to do next, after an agent would not do this.
pub(super) fn of_refusal(node: Name, doing: Doing, error: &ClientError) -> String {
    use ErrorStatus::*;
    let (Some(status), false) = (error.status(), doing == Doing::Read) else {
        return error.advice();
    };
    match (status, doing) {
        (NoAccess | NotWritable | AuthorizationError | NoSuchName | ReadOnly, _) => format!(
            "give {node} a user and its auth_file in the inventory, one that its agent has as a \
             [[user]] with access = \"write\""
        ),
        (WrongType | WrongLength | WrongEncoding | WrongValue | BadValue | NoCreation, _) => {
            match refused_object(error) {
                Some((column, _)) => format!("{} takes {}", column.name, allowed(&column.syntax)),
                None => "the value is none the MIB allows there".to_owned(),
            }
        }
        (InconsistentName, Doing::Add(Kind::Server)) => {
            "the service has to exist first: lcms-manager service add".to_owned()
        }
        (InconsistentName, Doing::Add(Kind::Service | Kind::Director)) => {
            "the cluster, and a director's host, have to exist first: lcms-manager cluster add"
                .to_owned()
        }
        (InconsistentName, _) => format!("it is gone: lcms-manager poll shows what {node} has"),
        (InconsistentValue, _) => inconsistent(doing, error),
        (ResourceUnavailable | CommitFailed | UndoFailed | GenErr, _) => {
            format!("the log of the agent on {node} says why; nothing was changed")
        }
        _ => error.advice(),
    }
}

/// What can be wrong with a value that the MIB allows, by the column it is about.
fn inconsistent(doing: Doing, error: &ClientError) -> String {
    let column = refused_object(error).map(|(column, _)| column.name).unwrap_or_default();
    let (kind, verb) = match doing {
        Doing::Add(kind) => (kind, "add"),
        Doing::Remove(kind) => (kind, "remove"),
        Doing::Set(kind) => (kind, "set"),
        Doing::Read => return error.advice(),
    };
    let about = |words: &[&str]| words.iter().any(|word| column.ends_with(word));
    let text = match (verb, kind) {
        ("remove", _) => {
            "another row names it, or it comes from the agent's configuration file: then remove \
             it there"
        }
        _ if about(&["RowStatus"]) && verb == "add" => {
            return format!("there is one of that name already: lcms-manager {kind} show");
        }
        _ if about(&["ServerHost"]) => {
            "the director knows no such host: lcms-manager host show, host add"
        }
        _ if about(&["Policy"]) => {
            "the director has no such policy: lcms-manager policy show, policy add"
        }
        _ if about(&["Scheduler", "Forward", "Protocol"]) => {
            "this director cannot do that; its schedulers are rr, wrr, lc and wlc at least, and it \
             forwards by proxy"
        }
        (_, Kind::Service) if about(&["Address", "AddressType", "Port"]) && verb == "add" => {
            "another service has that address and port: lcms-manager service show"
        }
        _ if about(&["Address", "AddressType", "Port"]) => {
            "addresses are fixed while the row is active: set row-status=notInService first, and \
             row-status=active at last"
        }
        _ if about(&["RoleStatus", "RolePotential"]) => {
            "a host takes only roles of its role-potential"
        }
        (_, Kind::Policy) => "the ceiling is not below the floor, and one coefficient is above 0",
        _ if about(&["DynamicWeight", "WeightReason"]) || about(&["LeaseOwner", "LeaseTerm"]) => {
            "a controller with a lease writes that: lcms-manager auto"
        }
        _ => "the agent cannot act on that value at present; its log may say more",
    };
    text.to_owned()
}
