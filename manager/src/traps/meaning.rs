//! What a notification of LOAD-CLUSTER-MIB is about, and how bad it is, by its
//! typed objects.

use lcms_lb_core::model::Status;
use lcms_snmp::notification::Notification;
use load_cluster_mib::{
    load_cluster_mib::notifications::{
        LcClusterDegraded, LcClusterRestored, LcConfigChanged, LcHostFound, LcHostLost,
        LcHostRoleChanged, LcServerDown, LcServerUp, LcServerWeightChanged,
    },
    tc::{LcOperState, LcStatus},
};
use serde::{Deserialize, Serialize};

use super::Severity;
use crate::check::Subject;

/// What a notification is about, by the names of LOAD-CLUSTER-MIB.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct About {
    /// A server, a cluster or a host.
    pub kind: Subject,
    /// Its whole name: `main/web/rs1`.
    pub name: String,
}

impl About {
    /// The cluster it belongs to; a host belongs to none.
    pub fn cluster(&self) -> Option<&str> {
        let first = self.name.split('/').next();
        first.filter(|_| self.kind != Subject::Host)
    }
}

/// What a notification means: how bad it is, what it is about, and why it came,
/// in the agent's words. `None` for one of another MIB, or of wrong objects.
pub fn meaning(notification: &Notification) -> Option<(Severity, Option<About>, String)> {
    let objects = notification.objects.as_slice();
    let about = |kind, names: &[&String]| {
        let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
        Some(About { kind, name: names.join("/") })
    };
    macro_rules! server {
        ($of:expr) => {{
            let index = &$of.index;
            let names = [&index.cluster_name, &index.service_name, &index.server_name];
            about(Subject::Server, &names)
        }};
    }
    Some(match notification.name.arcs() {
        LcServerDown::OID => {
            let of = LcServerDown::from_varbinds(objects)?;
            (Severity::Critical, server!(of), of.reason)
        }
        LcServerUp::OID => {
            let of = LcServerUp::from_varbinds(objects)?;
            (Severity::Ok, server!(of), of.reason)
        }
        LcServerWeightChanged::OID => {
            let of = LcServerWeightChanged::from_varbinds(objects)?;
            let why = format!(
                "effective weight {}, was {}: {}",
                of.effective_weight, of.weight_before, of.weight_reason
            );
            (Severity::Info, server!(of), why)
        }
        LcClusterDegraded::OID => {
            let of = LcClusterDegraded::from_varbinds(objects)?;
            (status(of.status), about(Subject::Cluster, &[&of.index.cluster_name]), of.reason)
        }
        LcClusterRestored::OID => {
            let of = LcClusterRestored::from_varbinds(objects)?;
            (status(of.status), about(Subject::Cluster, &[&of.index.cluster_name]), of.reason)
        }
        LcHostLost::OID => {
            let of = LcHostLost::from_varbinds(objects)?;
            (Severity::Critical, about(Subject::Host, &[&of.index.host_name]), of.reason)
        }
        LcHostFound::OID => {
            let of = LcHostFound::from_varbinds(objects)?;
            let severity = match of.oper_state {
                LcOperState::Overloaded => Severity::Warning,
                _ => Severity::Ok,
            };
            (severity, about(Subject::Host, &[&of.index.host_name]), of.reason)
        }
        LcHostRoleChanged::OID => {
            let of = LcHostRoleChanged::from_varbinds(objects)?;
            let why = "its role changed".to_owned();
            (Severity::Info, about(Subject::Host, &[&of.index.host_name]), why)
        }
        LcConfigChanged::OID => {
            let of = LcConfigChanged::from_varbinds(objects)?;
            let why = format!(
                "generation {} by {}: {}",
                of.lc_config_generation, of.lc_config_last_principal, of.lc_config_last_reason
            );
            (Severity::Info, None, why)
        }
        _ => return None,
    })
}

fn status(status: LcStatus) -> Severity {
    match status {
        LcStatus::Ok => Status::Ok,
        LcStatus::Warning => Status::Warning,
        LcStatus::Critical => Status::Critical,
        LcStatus::Unknown => Status::Unknown,
    }
    .into()
}
