//! A director with one cluster, `main`, and one service, `web`.

use std::net::SocketAddr;
use std::num::{NonZeroU16, NonZeroUsize};
use std::sync::Arc;

use lcms_lb_core::director::{
    CommitError, Director, DirectorHandle, DirectorOptions, Draft, ServerStatus, Snapshot,
};
use lcms_lb_core::driver::proxy::ProxyOptions;
use lcms_lb_core::model::{
    Address, Check, CheckKind, Cluster, Host, Name, Provenance, Role, Roles, RowState, Runtime,
    Scheduler, Server, ServerId, Service, ServiceId, Source, UnixTime, Wanted, Weight,
};

use super::{PATIENCE, free_address};

pub fn name(text: &str) -> Name {
    text.parse().unwrap()
}

pub fn web() -> ServiceId {
    ServiceId { cluster: name("main"), service: name("web") }
}

pub fn server_id(server: &str) -> ServerId {
    web().server(name(server))
}

/// An active server row.
pub fn server(address: SocketAddr, weight: u32) -> Server {
    Server {
        weight: Weight::new(weight).unwrap(),
        address: Some(Address::from(address.ip())),
        port: NonZeroU16::new(address.port()),
        row: RowState::Active,
        ..Server::default()
    }
}

/// An active service row, without checks.
pub fn service(address: SocketAddr, scheduler: Scheduler) -> Service {
    Service {
        address: Some(Address::from(address.ip())),
        port: NonZeroU16::new(address.port()),
        scheduler,
        check: Check { kind: CheckKind::None, ..Check::default() },
        row: RowState::Active,
        ..Service::default()
    }
}

/// A document in which this host, `here`, is director of `main/web`.
pub fn wanted(service: Service) -> Wanted {
    let cluster = Cluster {
        row: RowState::Active,
        services: [(name("web"), service)].into(),
        ..Cluster::default()
    };
    let roles = Roles::NONE.with(Role::Director).with(Role::BackupDirector);
    let here = Host {
        role_potential: roles,
        role_status: Roles::NONE.with(Role::Director),
        row: RowState::Active,
        ..Host::default()
    };
    Wanted {
        hosts: [(name("here"), here)].into(),
        clusters: [(name("main"), cluster)].into(),
        ..Wanted::default()
    }
}

pub fn options(shards: usize) -> DirectorOptions {
    DirectorOptions {
        allow_scripts: true,
        local_host: name("here"),
        proxy: ProxyOptions { shards: NonZeroUsize::new(shards), max_connections: None },
    }
}

pub fn by(principal: &str) -> Provenance {
    Provenance {
        principal: principal.into(),
        source: Source::Snmp,
        time: UnixTime(1),
        reason: String::new(),
    }
}

/// A running director and the address of its service.
pub struct Fixture {
    pub director: DirectorHandle,
    pub address: SocketAddr,
}

impl Fixture {
    /// A service with these servers, weight and all.
    pub fn start(scheduler: Scheduler, servers: &[(&str, SocketAddr, u32)]) -> Self {
        Self::with(servers, |service| service.scheduler = scheduler)
    }

    /// The same, with the service edited first.
    pub fn with(servers: &[(&str, SocketAddr, u32)], edit: impl FnOnce(&mut Service)) -> Self {
        let address = free_address();
        let mut row = service(address, Scheduler::Rr);
        row.servers =
            servers.iter().map(|(id, at, weight)| (name(id), server(*at, *weight))).collect();
        edit(&mut row);
        let address = row.socket_address().unwrap();
        let director = Director::start(options(2), None, wanted(row), Runtime::default()).unwrap();
        Self { director, address }
    }

    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.director.snapshot()
    }

    pub fn status(&self, server: &str) -> Arc<ServerStatus> {
        self.snapshot().servers[&server_id(server)].clone()
    }

    /// Waits for a snapshot.
    pub fn until(&self, what: &str, wished: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
        let found = self.director.wait_until(PATIENCE, wished);
        found.unwrap_or_else(|| panic!("waited in vain until {what}"))
    }

    /// Commits an edit of the document.
    pub fn try_edit(&self, edit: impl FnOnce(&mut Wanted)) -> Result<Arc<Snapshot>, CommitError> {
        let mut draft = Draft::of(&self.snapshot(), by("operator"));
        edit(draft.wanted_mut());
        self.director.commit(draft)
    }

    /// Commits an edit of the service.
    pub fn edit(&self, edit: impl FnOnce(&mut Service)) -> Arc<Snapshot> {
        self.try_edit(|wanted| edit(web_of(wanted))).expect("the edit is fine")
    }

    /// Commits an edit of one server.
    pub fn edit_server(&self, server: &str, edit: impl FnOnce(&mut Server)) -> Arc<Snapshot> {
        self.edit(|service| edit(service.servers.get_mut(&name(server)).unwrap()))
    }
}

pub fn web_of(wanted: &mut Wanted) -> &mut Service {
    wanted.clusters.get_mut(&name("main")).unwrap().services.get_mut(&name("web")).unwrap()
}
