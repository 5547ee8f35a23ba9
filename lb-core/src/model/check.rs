//! What no document may ask for, whoever wrote it.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::{
    Cluster, Name, Policy, Protocol, RowId, RowState, SendProxy, Server, ServerId, Service,
    ServiceId, StorageType, Wanted,
};

/// One thing that is wrong with a document, and the row it is wrong in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{row}: {kind}")]
pub struct Problem {
    /// The row.
    pub row: RowId,
    /// What is wrong with it.
    pub kind: ProblemKind,
}

/// What can be wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProblemKind {
    /// It is active and lacks what it cannot do without.
    #[error("cannot be active without {}", .0.join(" and "))]
    Incomplete(Vec<&'static str>),
    /// It names a row that does not exist.
    #[error("{0} does not exist")]
    Missing(Reference),
    /// It names, as part of its own name, a row that does not exist.
    #[error("{0} does not exist")]
    MissingIndex(Reference),
    /// Another active service has the same protocol, address and port.
    #[error("service {0} has the same protocol, address and port")]
    AddressTaken(ServiceId),
    /// Its role status holds a role that its role potential does not.
    #[error("has a role that is not in its role potential")]
    RoleNotPotential,
    /// All coefficients of a policy are 0.
    #[error("all three coefficients are 0")]
    NoCoefficient,
    /// The ceiling of a policy is below its floor.
    #[error("the ceiling is below the floor")]
    CeilingBelowFloor,
    /// The row, or one in it, is from the configuration file.
    #[error("is from the configuration file, or holds a row that is, and cannot be destroyed")]
    Permanent,
    /// A column changed that is fixed while the row is active.
    #[error("{0} is fixed while the row is active: take it out of service first")]
    Fixed(&'static str),
    /// The PROXY protocol is asked for, and the protocol is not TCP.
    #[error("the PROXY protocol is for services of protocol tcp alone")]
    ProxyWithoutTcp,
    /// A text of its check does not go with the check's kind.
    #[error("{0}")]
    Question(super::QuestionError),
    /// It is checked by a script, which the agent's configuration does not allow.
    #[error("checks by script are not allowed here")]
    ScriptsNotAllowed,
    /// The driver does not have the scheduler.
    #[error("the driver does not have scheduler {0}")]
    Scheduler(super::Scheduler),
    /// The driver does not have the way of forwarding.
    #[error("the driver does not have forward {0}")]
    Forward(super::Forward),
    /// The driver does not have the protocol.
    #[error("the driver does not have protocol {0}")]
    Protocol(Protocol),
}

/// A row that another row names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reference {
    /// A host.
    #[error("host {0}")]
    Host(Name),
    /// A policy.
    #[error("policy {0}")]
    Policy(Name),
}

impl Wanted {
    /// All that is wrong with the document, in the order of its rows.
    pub fn check(&self) -> Vec<Problem> {
        let mut found = Findings(Vec::new());
        for (name, host) in &self.hosts {
            if !host.role_status.is_subset(host.role_potential) {
                found.add(RowId::Host(*name), ProblemKind::RoleNotPotential);
            }
        }
        for (name, policy) in &self.policies {
            found.check_policy(RowId::Policy(*name), policy);
        }
        for (name, cluster) in &self.clusters {
            self.check_policy_reference(RowId::Cluster(*name), cluster.policy, &mut found);
        }
        for (id, _) in self.directors() {
            if !self.hosts.contains_key(&id.host) {
                let missing = ProblemKind::MissingIndex(Reference::Host(id.host));
                found.add(RowId::Director(id), missing);
            }
        }
        for (id, service) in self.services() {
            let row = RowId::Service(id);
            self.check_policy_reference(row, service.policy, &mut found);
            found.check_complete(row, service.row, service.missing());
            let proxied = service.accept_proxy || service.send_proxy != SendProxy::None;
            if proxied && service.protocol != Protocol::Tcp {
                found.add(row, ProblemKind::ProxyWithoutTcp);
            }
            if let Err(error) = service.check.question() {
                found.add(row, ProblemKind::Question(error));
            }
        }
        for (id, server) in self.servers() {
            let row = RowId::Server(id);
            if let Some(host) = server.host.filter(|host| !self.hosts.contains_key(host)) {
                found.add(row, ProblemKind::Missing(Reference::Host(host)));
            }
            found.check_complete(row, server.row, server.missing());
        }
        self.check_addresses(&mut found);
        found.0
    }

    /// All that is wrong with going from the document `before` to this one.
    pub fn check_change(&self, before: &Self) -> Vec<Problem> {
        let mut found = Findings(Vec::new());
        for (id, row) in before.permanent_rows() {
            if row && !self.holds(id) {
                found.add(id, ProblemKind::Permanent);
            }
        }
        for (id, old) in before.services() {
            if let Some(new) = self.service(&id) {
                found.check_fixed_service(id, old, new);
            }
        }
        for (id, old) in before.servers() {
            if let Some(new) = self.server(&id) {
                found.check_fixed_server(id, old, new);
            }
        }
        found.0
    }

    /// Whether the document has the row.
    pub fn holds(&self, row: RowId) -> bool {
        match row {
            RowId::Host(name) => self.hosts.contains_key(&name),
            RowId::Policy(name) => self.policies.contains_key(&name),
            RowId::Cluster(name) => self.clusters.contains_key(&name),
            RowId::Director(id) => self.director(&id).is_some(),
            RowId::Service(id) => self.service(&id).is_some(),
            RowId::Server(id) => self.server(&id).is_some(),
        }
    }

    fn permanent_rows(&self) -> impl Iterator<Item = (RowId, bool)> {
        let permanent = |storage| storage == StorageType::Permanent;
        let hosts = self.hosts.iter().map(|(name, row)| (RowId::Host(*name), row.storage));
        let policies = self.policies.iter().map(|(name, row)| (RowId::Policy(*name), row.storage));
        let clusters = self.clusters.iter().map(|(name, row)| (RowId::Cluster(*name), row.storage));
        let directors = self.directors().map(|(id, row)| (RowId::Director(id), row.storage));
        let services = self.services().map(|(id, row)| (RowId::Service(id), row.storage));
        let servers = self.servers().map(|(id, row)| (RowId::Server(id), row.storage));
        hosts
            .chain(policies)
            .chain(clusters)
            .chain(directors)
            .chain(services)
            .chain(servers)
            .map(move |(id, storage)| (id, permanent(storage)))
    }

    fn check_policy_reference(&self, row: RowId, policy: Option<Name>, found: &mut Findings) {
        if let Some(policy) = policy.filter(|policy| !self.policies.contains_key(policy)) {
            found.add(row, ProblemKind::Missing(Reference::Policy(policy)));
        }
    }

    fn check_addresses(&self, found: &mut Findings) {
        let mut taken: BTreeMap<(Protocol, SocketAddr), ServiceId> = BTreeMap::new();
        for (id, service) in self.services().filter(|(id, row)| self.in_force(id, row)) {
            let Some(address) = service.socket_address() else { continue };
            match taken.get(&(service.protocol, address)) {
                Some(other) => {
                    found.add(RowId::Service(id), ProblemKind::AddressTaken(*other));
                }
                None => {
                    taken.insert((service.protocol, address), id);
                }
            }
        }
    }

    /// Whether a service takes part: its row and that of its cluster are active.
    pub fn in_force(&self, id: &ServiceId, service: &Service) -> bool {
        let cluster: Option<&Cluster> = self.clusters.get(&id.cluster);
        service.row == RowState::Active && cluster.is_some_and(|row| row.row == RowState::Active)
    }
}

struct Findings(Vec<Problem>);

impl Findings {
    fn add(&mut self, row: RowId, kind: ProblemKind) {
        self.0.push(Problem { row, kind });
    }

    fn check_complete(&mut self, row: RowId, state: RowState, missing: Vec<&'static str>) {
        if state == RowState::Active && !missing.is_empty() {
            self.add(row, ProblemKind::Incomplete(missing));
        }
    }

    fn check_policy(&mut self, row: RowId, policy: &Policy) {
        let coefficients =
            [policy.cpu_coefficient, policy.memory_coefficient, policy.connection_coefficient];
        if coefficients.iter().all(|part| part.value() == 0) {
            self.add(row, ProblemKind::NoCoefficient);
        }
        if policy.ceiling < policy.floor {
            self.add(row, ProblemKind::CeilingBelowFloor);
        }
    }

    fn check_fixed_service(&mut self, id: ServiceId, old: &Service, new: &Service) {
        if old.row != RowState::Active || new.row != RowState::Active {
            return;
        }
        for (changed, column) in [
            (old.address != new.address, "address"),
            (old.port != new.port, "port"),
            (old.protocol != new.protocol, "protocol"),
            (old.forward != new.forward, "forward"),
        ] {
            if changed {
                self.add(RowId::Service(id), ProblemKind::Fixed(column));
            }
        }
    }

    fn check_fixed_server(&mut self, id: ServerId, old: &Server, new: &Server) {
        if old.row != RowState::Active || new.row != RowState::Active {
            return;
        }
        for (changed, column) in
            [(old.address != new.address, "address"), (old.port != new.port, "port")]
        {
            if changed {
                self.add(RowId::Server(id), ProblemKind::Fixed(column));
            }
        }
    }
}
