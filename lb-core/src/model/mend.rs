//! A document that does not hold together, made to.
//!
//! Nobody can commit one. But a document meets a new configuration at start,
//! and then what was set may refer to what the configuration no longer has.

use super::check::{Problem, ProblemKind, Reference};
use super::{CheckKind, Permille, Role, Roles, RowId, RowState, Wanted};

impl Wanted {
    /// Puts every problem right in the way that takes least away: references
    /// to nothing are cleared, rows that cannot be active are taken out of
    /// service. Returns what was wrong; afterwards nothing is.
    pub fn mend(&mut self) -> Vec<Problem> {
        let problems = self.check();
        for problem in &problems {
            self.put_right(problem);
        }
        problems
    }

    fn put_right(&mut self, Problem { row, kind }: &Problem) {
        match (*row, kind) {
            (RowId::Host(name), _) => {
                if let Some(host) = self.hosts.get_mut(&name) {
                    host.role_status = both(host.role_status, host.role_potential);
                }
            }
            (RowId::Policy(name), kind) => {
                let Some(policy) = self.policies.get_mut(&name) else { return };
                match kind {
                    ProblemKind::CeilingBelowFloor => policy.ceiling = policy.floor,
                    _ => policy.cpu_coefficient = Permille::MAX,
                }
            }
            (RowId::Cluster(name), _) => {
                if let Some(cluster) = self.clusters.get_mut(&name) {
                    cluster.policy = None;
                }
            }
            (RowId::Director(id), _) => {
                if let Some(cluster) = self.clusters.get_mut(&id.cluster) {
                    cluster.directors.remove(&id.host);
                }
            }
            (RowId::Service(id), kind) => {
                let cluster = self.clusters.get_mut(&id.cluster);
                let Some(service) = cluster.and_then(|one| one.services.get_mut(&id.service))
                else {
                    return;
                };
                match kind {
                    ProblemKind::Missing(Reference::Policy(_)) => service.policy = None,
                    // Servers that nobody checks serve; that is less taken away
                    // than a service.
                    ProblemKind::Question(_) => service.check.kind = CheckKind::None,
                    _ => service.row = RowState::NotInService,
                }
            }
            (RowId::Server(id), kind) => {
                let cluster = self.clusters.get_mut(&id.cluster);
                let service = cluster.and_then(|one| one.services.get_mut(&id.service));
                let Some(server) = service.and_then(|one| one.servers.get_mut(&id.server)) else {
                    return;
                };
                match kind {
                    ProblemKind::Missing(Reference::Host(_)) => server.host = None,
                    _ => server.row = RowState::NotInService,
                }
            }
        }
    }
}

fn both(one: Roles, other: Roles) -> Roles {
    one.iter().filter(|role: &Role| other.contains(*role)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Cluster, DirectorRow, Host, Policy, Server, Service, Weight};
    use super::*;

    #[test]
    fn whatever_is_wrong_is_right_afterwards_and_the_rest_stands() {
        let name = |text: &str| text.parse().unwrap();
        let nowhere = name("nowhere");
        let address = "127.0.0.1".parse().ok();
        let port = std::num::NonZeroU16::new(80);
        let servers = [
            (name("a"), Server { host: Some(nowhere), ..Server::default() }),
            (name("b"), Server { row: RowState::Active, ..Server::default() }),
        ];
        let service = Service {
            address,
            port,
            policy: Some(nowhere),
            row: RowState::Active,
            servers: servers.into(),
            ..Service::default()
        };
        let cluster = Cluster {
            row: RowState::Active,
            policy: Some(nowhere),
            directors: [(nowhere, DirectorRow::default())].into(),
            services: [(name("one"), service.clone()), (name("two"), service)].into(),
            ..Cluster::default()
        };
        let roles = Roles::NONE.with(Role::Manager).with(Role::RealServer);
        let narrow =
            Policy { floor: Weight::clamped(9), ceiling: Weight::clamped(3), ..Policy::default() };
        let blind = Policy { cpu_coefficient: Permille::MIN, ..Policy::default() };
        let mut wanted = Wanted {
            hosts: [(name("h"), Host { role_status: roles, ..Host::default() })].into(),
            policies: [(name("p"), narrow), (name("q"), blind)].into(),
            clusters: [(name("main"), cluster)].into(),
            ..Wanted::default()
        };
        assert_eq!(wanted.mend().len(), 12);
        assert_eq!(wanted.check(), []);
        assert_eq!(wanted.mend(), []);
        assert_eq!(wanted.hosts[&name("h")].role_status, Roles::NONE.with(Role::RealServer));
        assert_eq!(wanted.services().filter(|(_, row)| row.row == RowState::Active).count(), 1);
        assert_eq!(wanted.servers().count(), 4);
    }
}
