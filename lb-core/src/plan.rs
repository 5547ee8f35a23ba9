//! From what is wanted and what is there to the list of changes between them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use crate::model::{Forward, Name, Protocol, Scheduler, SendProxy, ServerId, ServiceId, Weight};
use crate::persistence::Persistence;
use crate::source_rate::SourceRate;

/// All that a driver does, or should do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plane {
    /// The services. One that is not here has no listener and no connections.
    pub services: BTreeMap<ServiceId, ServicePlan>,
}

/// One service of a plane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServicePlan {
    /// How it works.
    pub settings: Settings,
    /// Where it listens. `None` while it takes no new connections.
    pub listen: Option<SocketAddr>,
    /// Its servers. One that is not here has no connections.
    pub servers: BTreeMap<Name, ServerPlan>,
}

/// How a service works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Transport protocol.
    pub protocol: Protocol,
    /// How servers are reached.
    pub forward: Forward,
    /// How servers are chosen.
    pub scheduler: Scheduler,
    /// How long a server may take to accept a connection.
    pub connect_timeout: Duration,
    /// How long a connection or flow may go without a byte.
    pub idle_timeout: Duration,
    /// Connections at which it accepts no more; 0: no limit.
    pub connection_limit: u32,
    /// Connections that may wait while every server is full.
    pub queue_limit: u32,
    /// How long each of them may wait.
    pub queue_timeout: Duration,
    /// How often one source may connect, if there is a limit.
    pub source_rate: Option<SourceRate>,
    /// How clients stay with their servers, if they do.
    pub persistence: Option<Persistence>,
    /// Whether clients begin with a header of the PROXY protocol.
    pub accept_proxy: bool,
    /// How servers are told whom a connection is made for.
    pub send_proxy: SendProxy,
}

/// One server of a plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerPlan {
    /// Where it is reached.
    pub address: SocketAddr,
    /// Its effective weight. 0: no new connections, established ones go on.
    pub weight: Weight,
    /// At weight 0, whether it still gets the clients that are with it already.
    pub keeps_clients: bool,
    /// The connections it has are ended.
    pub cut: bool,
    /// Gets connections only while no other server can.
    pub backup: bool,
    /// Active connections at which it gets no more; 0: no limit.
    pub connection_limit: u32,
}

/// What a driver can do.
#[derive(Clone, Copy, Debug)]
pub struct Capabilities {
    /// Schedulers it has.
    pub schedulers: &'static [Scheduler],
    /// Ways of forwarding it has.
    pub forwards: &'static [Forward],
    /// Protocols it has.
    pub protocols: &'static [Protocol],
}

/// One step from a plane to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A service goes, with its listener, servers and connections.
    RemoveService(ServiceId),
    /// A server goes, with its connections.
    RemoveServer(ServerId),
    /// A service comes, without listener and servers, or works otherwise.
    PutService(ServiceId, Settings),
    /// A server comes, or has another weight, address, limit or part.
    PutServer(ServerId, ServerPlan),
    /// A service listens there from now on, or no longer.
    Listen(ServiceId, Option<SocketAddr>),
}

impl Settings {
    /// Whether listeners and connections can go on under these. The others
    /// make another service of it.
    fn carries(&self, next: &Self) -> bool {
        (self.protocol, self.forward) == (next.protocol, next.forward)
    }
}

impl Capabilities {
    /// Whether it can do what these settings ask for.
    pub fn include(&self, settings: &Settings) -> bool {
        self.schedulers.contains(&settings.scheduler)
            && self.forwards.contains(&settings.forward)
            && self.protocols.contains(&settings.protocol)
    }
}

impl Plane {
    /// What is left of the plane for a driver that can do only so much.
    #[must_use]
    pub fn within(mut self, can: &Capabilities) -> Self {
        self.services.retain(|_, service| can.include(&service.settings));
        self
    }

    /// Makes one change.
    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::RemoveService(id) => {
                self.services.remove(id);
            }
            Change::RemoveServer(id) => {
                if let Some(service) = self.services.get_mut(&id.service()) {
                    service.servers.remove(&id.server);
                }
            }
            Change::PutService(id, settings) => {
                let fresh =
                    ServicePlan { settings: *settings, listen: None, servers: BTreeMap::new() };
                self.services.entry(*id).or_insert(fresh).settings = *settings;
            }
            Change::PutServer(id, server) => {
                if let Some(service) = self.services.get_mut(&id.service()) {
                    service.servers.insert(id.server, *server);
                }
            }
            Change::Listen(id, address) => {
                if let Some(service) = self.services.get_mut(id) {
                    service.listen = *address;
                }
            }
        }
    }
}

/// The changes that lead from `have` to as much of `want` as the driver can.
///
/// What goes comes first, so that an address is free before another service
/// takes it; listeners come last, so that a service has its servers before its
/// first client.
pub fn plan(want: &Plane, have: &Plane, can: &Capabilities) -> Vec<Change> {
    let want: BTreeMap<&ServiceId, &ServicePlan> =
        want.services.iter().filter(|(_, service)| can.include(&service.settings)).collect();
    let mut going = Vec::new();
    let mut coming = Vec::new();
    let mut listening = Vec::new();
    for (id, old) in &have.services {
        let Some(new) = want.get(id).filter(|new| old.settings.carries(&new.settings)) else {
            going.push(Change::RemoveService(*id));
            continue;
        };
        let gone = old.servers.keys().filter(|name| !new.servers.contains_key(name));
        going.extend(gone.map(|name| Change::RemoveServer(id.server(*name))));
        if old.listen.is_some() && old.listen != new.listen {
            going.push(Change::Listen(*id, None));
        }
    }
    for (id, new) in want {
        let old = have.services.get(id).filter(|old| old.settings.carries(&new.settings));
        if old.is_none_or(|old| old.settings != new.settings) {
            coming.push(Change::PutService(*id, new.settings));
        }
        for (name, server) in &new.servers {
            if old.and_then(|old| old.servers.get(name)) != Some(server) {
                coming.push(Change::PutServer(id.server(*name), *server));
            }
        }
        if new.listen.is_some() && old.and_then(|old| old.listen) != new.listen {
            listening.push(Change::Listen(*id, new.listen));
        }
    }
    going.into_iter().chain(coming).chain(listening).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CAN: Capabilities = Capabilities {
        schedulers: &[Scheduler::Rr, Scheduler::Wrr],
        forwards: &[Forward::Proxy],
        protocols: &[Protocol::Tcp, Protocol::Udp],
    };

    fn name(number: u8) -> Name {
        format!("n{number}").parse().unwrap()
    }

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    fn any_server() -> impl Strategy<Value = ServerPlan> {
        (1u16..4, 0u32..3, any::<bool>(), 0u32..2).prop_map(
            |(port, weight, backup, connection_limit)| ServerPlan {
                address: address(port),
                weight: Weight::clamped(weight),
                keeps_clients: false,
                cut: false,
                backup,
                connection_limit,
            },
        )
    }

    fn any_service() -> impl Strategy<Value = ServicePlan> {
        let scheduler =
            proptest::sample::select(vec![Scheduler::Rr, Scheduler::Wrr, Scheduler::Freest]);
        let servers = proptest::collection::btree_map((0u8..4).prop_map(name), any_server(), 0..4);
        let protocol = proptest::sample::select(vec![Protocol::Tcp, Protocol::Udp]);
        (scheduler, protocol, proptest::option::of(1u16..4), servers).prop_map(
            |(scheduler, protocol, port, servers)| ServicePlan {
                settings: Settings {
                    protocol,
                    forward: Forward::Proxy,
                    scheduler,
                    connect_timeout: Duration::from_secs(1),
                    idle_timeout: Duration::from_secs(9),
                    connection_limit: 0,
                    queue_limit: 0,
                    queue_timeout: Duration::from_secs(5),
                    source_rate: None,
                    persistence: None,
                    accept_proxy: false,
                    send_proxy: SendProxy::None,
                },
                listen: port.map(address),
                servers,
            },
        )
    }

    fn any_plane() -> impl Strategy<Value = Plane> {
        let id = (0u8..2, 0u8..3).prop_map(|(cluster, service)| ServiceId {
            cluster: name(cluster),
            service: name(service),
        });
        proptest::collection::btree_map(id, any_service(), 0..5)
            .prop_map(|services| Plane { services })
    }

    proptest! {
        #[test]
        fn a_plan_applied_is_what_was_wanted(want in any_plane(), have in any_plane()) {
            let have = have.within(&CAN);
            let mut plane = have.clone();
            for change in plan(&want, &have, &CAN) {
                plane.apply(&change);
            }
            prop_assert_eq!(&plane, &want.clone().within(&CAN));
            prop_assert_eq!(plan(&want, &plane, &CAN), []);
        }

        #[test]
        fn what_does_not_differ_is_left_alone(want in any_plane(), have in any_plane()) {
            let have = have.within(&CAN);
            let same = |id: &ServiceId| want.services.get(id) == have.services.get(id);
            for change in plan(&want, &have, &CAN) {
                let id = match change {
                    Change::RemoveService(id) | Change::PutService(id, _) | Change::Listen(id, _) => id,
                    Change::RemoveServer(id) | Change::PutServer(id, _) => id.service(),
                };
                prop_assert!(!same(&id), "{:?}", change);
            }
        }
    }
}
