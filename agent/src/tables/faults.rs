//! What the director refuses, in the words of a response.

use lcms_lb_core::{
    director::CommitError,
    model::{Problem, ProblemKind, QuestionError, Reference, RowId},
};
use lcms_snmp::{
    ErrorStatus,
    object::{Entry, Index},
};
use load_cluster_mib::load_cluster_mib::{
    lc_agent, lc_cluster, lc_director, lc_host, lc_policy, lc_server, lc_service,
};

use crate::{
    engine::{Fault, Places, Refusal},
    state::Refused,
};

/// The fault for a commit that was refused: of the binding that is to blame, or
/// the first if it is something in the SET as a whole.
pub fn fault(error: &Refused, places: &Places<'_>) -> Fault {
    let error = match error {
        Refused::Director(error) => error,
        Refused::Reload(_) => {
            let refused =
                Refusal::column(lc_agent::col::LC_CONFIG_RELOAD, ErrorStatus::InconsistentValue);
            let found = places.fault(&lc_agent::ENTRY, &[0], refused);
            return found.unwrap_or(Fault { status: refused.status, index: 1 });
        }
    };
    let (blamed, otherwise) = match error {
        CommitError::Invalid(problems) => {
            (problems.iter().flat_map(blame).collect(), ErrorStatus::InconsistentValue)
        }
        CommitError::Unavailable { service, .. } => {
            let refusal =
                Refusal::column(lc_service::col::ROW_STATUS, ErrorStatus::ResourceUnavailable);
            (vec![(RowId::Service(*service), refusal)], ErrorStatus::ResourceUnavailable)
        }
        CommitError::Stale | CommitError::Closed => (Vec::new(), ErrorStatus::ResourceUnavailable),
        CommitError::Store(_) | CommitError::NoDocument => (Vec::new(), ErrorStatus::CommitFailed),
    };
    let found = blamed.into_iter().find_map(|(row, refusal)| {
        let (entry, index) = place(row);
        places.fault(entry, &index, refusal)
    });
    found.unwrap_or(Fault { status: otherwise, index: 1 })
}

/// The rows a problem can come from, likeliest first: the one it shows in, and
/// the other that does not go with it.
fn blame(problem: &Problem) -> Vec<(RowId, Refusal)> {
    use lc_server::col as server;
    use lc_service::col as service;
    let row = problem.row;
    let refused = |arc| Refusal::column(arc, ErrorStatus::InconsistentValue);
    match (&problem.kind, row) {
        (ProblemKind::Missing(reference), _) => {
            let arc = match row {
                RowId::Cluster(_) => lc_cluster::col::POLICY,
                RowId::Service(_) => service::POLICY,
                _ => server::HOST,
            };
            vec![(row, refused(arc)), destroyed(*reference)]
        }
        (ProblemKind::MissingIndex(reference), _) => {
            vec![(row, Refusal::row(ErrorStatus::InconsistentName)), destroyed(*reference)]
        }
        (ProblemKind::AddressTaken(other), _) => {
            [row, RowId::Service(*other), RowId::Cluster(other.cluster)]
                .into_iter()
                .chain(cluster(row))
                .map(|row| (row, Refusal::row(ErrorStatus::InconsistentValue)))
                .collect()
        }
        (ProblemKind::RoleNotPotential, _) => vec![(row, refused(lc_host::col::ROLE_STATUS))],
        (ProblemKind::NoCoefficient, _) => vec![(row, refused(lc_policy::col::CPU_COEFFICIENT))],
        (ProblemKind::CeilingBelowFloor, _) => vec![(row, refused(lc_policy::col::CEILING))],
        (ProblemKind::Incomplete(_), _) => vec![(row, refused(row_status(row)))],
        (ProblemKind::Permanent, _) => {
            let holders = [service_of(row), cluster(row)].into_iter().flatten();
            std::iter::once(row).chain(holders).map(|row| (row, refused(row_status(row)))).collect()
        }
        (ProblemKind::Fixed(column), RowId::Server(_)) => vec![(
            row,
            refused(match *column {
                "port" => server::PORT,
                _ => server::ADDRESS,
            }),
        )],
        (ProblemKind::Fixed(column), _) => vec![(
            row,
            refused(match *column {
                "port" => service::PORT,
                "protocol" => service::PROTOCOL,
                "forward" => service::FORWARD,
                _ => service::ADDRESS,
            }),
        )],
        (ProblemKind::ProxyWithoutTcp, _) => {
            [service::ACCEPT_PROXY, service::SEND_PROXY, service::PROTOCOL]
                .map(|arc| (row, refused(arc)))
                .into()
        }
        (ProblemKind::Question(error), _) => {
            let first = match error {
                QuestionError::StatusCodes | QuestionError::ResponseCodes => service::CHECK_EXPECT,
                QuestionError::NoCommand | QuestionError::RelativeCommand => service::CHECK_KIND,
                _ => service::CHECK_REQUEST,
            };
            let texts = [service::CHECK_REQUEST, service::CHECK_EXPECT, service::CHECK_CONTENT];
            std::iter::once(first)
                .chain([service::CHECK_KIND])
                .chain(texts)
                .map(|arc| (row, refused(arc)))
                .collect()
        }
        (ProblemKind::ScriptsNotAllowed, _) => vec![(row, refused(service::CHECK_KIND))],
        (ProblemKind::Scheduler(_), _) => vec![(row, refused(service::SCHEDULER))],
        (ProblemKind::Forward(_), _) => vec![(row, refused(service::FORWARD))],
        (ProblemKind::Protocol(_), _) => vec![(row, refused(service::PROTOCOL))],
    }
}

/// The row that another names and that the SET took away.
fn destroyed(reference: Reference) -> (RowId, Refusal) {
    let row = match reference {
        Reference::Host(name) => RowId::Host(name),
        Reference::Policy(name) => RowId::Policy(name),
    };
    (row, Refusal::column(row_status(row), ErrorStatus::InconsistentValue))
}

fn cluster(row: RowId) -> Option<RowId> {
    match row {
        RowId::Director(id) => Some(RowId::Cluster(id.cluster)),
        RowId::Service(id) => Some(RowId::Cluster(id.cluster)),
        RowId::Server(id) => Some(RowId::Cluster(id.cluster)),
        RowId::Host(_) | RowId::Policy(_) | RowId::Cluster(_) => None,
    }
}

fn service_of(row: RowId) -> Option<RowId> {
    match row {
        RowId::Server(id) => Some(RowId::Service(id.service())),
        _ => None,
    }
}

fn row_status(row: RowId) -> u32 {
    match row {
        RowId::Host(_) => lc_host::col::ROW_STATUS,
        RowId::Policy(_) => lc_policy::col::ROW_STATUS,
        RowId::Cluster(_) => lc_cluster::col::ROW_STATUS,
        RowId::Director(_) => lc_director::col::ROW_STATUS,
        RowId::Service(_) => lc_service::col::ROW_STATUS,
        RowId::Server(_) => lc_server::col::ROW_STATUS,
    }
}

/// Where a row is in the MIB.
fn place(row: RowId) -> (&'static Entry, Vec<u32>) {
    fn arcs(index: &impl Index) -> Vec<u32> {
        let mut arcs = Vec::new();
        index.encode(&mut arcs);
        arcs
    }
    match row {
        RowId::Host(name) => {
            (&lc_host::ENTRY, arcs(&lc_host::Index { host_name: name.to_string() }))
        }
        RowId::Policy(name) => {
            (&lc_policy::ENTRY, arcs(&lc_policy::Index { policy_name: name.to_string() }))
        }
        RowId::Cluster(name) => {
            (&lc_cluster::ENTRY, arcs(&lc_cluster::Index { cluster_name: name.to_string() }))
        }
        RowId::Director(id) => {
            let (cluster_name, host_name) = (id.cluster.to_string(), id.host.to_string());
            (&lc_director::ENTRY, arcs(&lc_director::Index { cluster_name, host_name }))
        }
        RowId::Service(id) => {
            let (cluster_name, service_name) = (id.cluster.to_string(), id.service.to_string());
            (&lc_service::ENTRY, arcs(&lc_service::Index { cluster_name, service_name }))
        }
        RowId::Server(id) => {
            let index = lc_server::Index {
                cluster_name: id.cluster.to_string(),
                service_name: id.service.to_string(),
                server_name: id.server.to_string(),
            };
            (&lc_server::ENTRY, arcs(&index))
        }
    }
}
