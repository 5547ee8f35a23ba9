//! The weight a director uses, and why.

use serde::{Deserialize, Serialize};

use super::{
    AdminState, Name, RowState, Server, ServerId, Service, Wanted, Weight, WeightMode, WeightSource,
};

/// What the checks say about a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// No check is done yet. It may serve: the first check decides soon.
    Unchecked,
    /// It works.
    Up,
    /// It does not.
    Down,
}

/// An effective weight and what decided it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Effective {
    /// The weight.
    pub weight: Weight,
    /// What decided it.
    pub source: WeightSource,
}

impl Wanted {
    /// The state wanted for a server: of host, service and server the one that
    /// asks for most. A host row that is not in force has no say.
    pub fn admin_state(&self, id: &ServerId) -> AdminState {
        let Some(service) = self.service(&id.service()) else { return AdminState::Maintenance };
        let Some(server) = service.servers.get(&id.server) else { return AdminState::Maintenance };
        self.state_within(service, server)
    }

    /// The same of a row and its service's.
    pub fn state_within(&self, service: &Service, server: &Server) -> AdminState {
        let host = server.host.as_ref().map_or(AdminState::Enabled, |host| self.host_state(host));
        host.max(service.admin_state).max(server.admin_state)
    }

    fn host_state(&self, host: &Name) -> AdminState {
        match self.hosts.get(host) {
            Some(row) if row.row == RowState::Active => row.admin_state,
            _ => AdminState::Enabled,
        }
    }
}

impl Server {
    /// The weight a director uses for it, in that state. `dynamic` is the
    /// controller's weight, if it is valid now.
    pub fn effective(
        &self,
        state: AdminState,
        dynamic: Option<Weight>,
        health: Health,
    ) -> Effective {
        let nothing = |source| Effective { weight: Weight::MIN, source };
        if self.row != RowState::Active || state != AdminState::Enabled {
            return nothing(WeightSource::AdminState);
        }
        if health == Health::Down {
            return nothing(WeightSource::Health);
        }
        match dynamic {
            Some(weight) if self.weight_mode == WeightMode::Dynamic => {
                Effective { weight, source: WeightSource::Dynamic }
            }
            _ => Effective { weight: self.weight, source: WeightSource::Configured },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Cluster, Host};
    use super::*;

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    fn one_server() -> (Wanted, ServerId) {
        let id = ServerId { cluster: name("main"), service: name("web"), server: name("rs1") };
        let server = Server {
            weight: Weight::clamped(10),
            host: Some(name("h1")),
            row: RowState::Active,
            ..Server::default()
        };
        let service = Service { servers: [(id.server, server)].into(), ..Service::default() };
        let cluster = Cluster { services: [(id.service, service)].into(), ..Cluster::default() };
        let host = Host { row: RowState::Active, ..Host::default() };
        let wanted = Wanted {
            hosts: [(name("h1"), host)].into(),
            clusters: [(id.cluster, cluster)].into(),
            ..Wanted::default()
        };
        (wanted, id)
    }

    fn server<'a>(wanted: &'a mut Wanted, id: &ServerId) -> &'a mut Server {
        let cluster = wanted.clusters.get_mut(&id.cluster).unwrap();
        cluster.services.get_mut(&id.service).unwrap().servers.get_mut(&id.server).unwrap()
    }

    fn used(wanted: &Wanted, id: &ServerId, dynamic: Option<Weight>, health: Health) -> Effective {
        wanted.server(id).unwrap().effective(wanted.admin_state(id), dynamic, health)
    }

    fn effective(weight: u32, source: WeightSource) -> Effective {
        Effective { weight: Weight::clamped(weight), source }
    }

    #[test]
    fn a_valid_dynamic_weight_replaces_the_configured_one_in_dynamic_mode() {
        let (mut wanted, id) = one_server();
        let dynamic = Some(Weight::clamped(3));
        assert_eq!(
            used(&wanted, &id, None, Health::Unchecked),
            effective(10, WeightSource::Configured)
        );
        assert_eq!(used(&wanted, &id, dynamic, Health::Up), effective(3, WeightSource::Dynamic));
        server(&mut wanted, &id).weight_mode = WeightMode::Static;
        assert_eq!(
            used(&wanted, &id, dynamic, Health::Up),
            effective(10, WeightSource::Configured)
        );
    }

    #[test]
    fn drain_anywhere_and_bad_health_mean_zero() {
        let (wanted, id) = one_server();
        assert_eq!(used(&wanted, &id, None, Health::Down), effective(0, WeightSource::Health));

        let mut drained = wanted.clone();
        server(&mut drained, &id).admin_state = AdminState::Drain;
        let mut host_off = wanted.clone();
        host_off.hosts.get_mut(&name("h1")).unwrap().admin_state = AdminState::Maintenance;
        assert_eq!(host_off.admin_state(&id), AdminState::Maintenance);
        let mut parked = wanted;
        server(&mut parked, &id).row = RowState::NotInService;
        for wanted in [&drained, &host_off, &parked] {
            assert_eq!(
                used(wanted, &id, None, Health::Down),
                effective(0, WeightSource::AdminState)
            );
        }

        let mut inventory = host_off;
        inventory.hosts.get_mut(&name("h1")).unwrap().row = RowState::NotInService;
        assert_eq!(inventory.admin_state(&id), AdminState::Enabled);
    }
}
