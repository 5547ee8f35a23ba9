//! An agent without threads of its own: engine, real tables, and a director that
//! stands by, so that no socket is opened.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

use lcms_lb_core::{
    director::{Director, DirectorHandle, DirectorOptions},
    driver::proxy::ProxyOptions,
    model::{
        Check, CheckKind, Cluster, DirectorRow, Host, Name, Policy, Role, Roles, RowState, Runtime,
        Server, Service, StorageType, Wanted, Weight,
    },
};
use lcms_snmp::{
    ErrorStatus, Secret, Value, VarBind,
    object::{Index, Table},
};

use crate::{
    config::{Community, Right, Senders},
    engine::{
        At, Engine, Statistics, Verdict, Workspace,
        tests::{
            exchange::{Reply, Request},
            fixture::local_engine,
        },
    },
    reload::Reloader,
    security::{Keeper, SecurityRows},
    sensors::{Facts, Interface, InterfaceKind, Inventory, Load, Sample},
    state::{AgentState, Locks, Node, System},
    tables,
};

pub struct Station {
    pub director: DirectorHandle,
    pub node: Arc<Node>,
    pub now: Instant,
    engine: Engine<AgentState>,
    sample: Arc<Sample>,
    state: AgentState,
    workspace: Workspace,
}

pub fn name(text: &str) -> Name {
    text.parse().unwrap()
}

/// The document of a director with two services on two hosts, all of it from the
/// configuration but the service `mail`.
pub fn wanted() -> Wanted {
    let storage = StorageType::Permanent;
    let row = RowState::Active;
    let check = Check { kind: CheckKind::None, ..Check::default() };
    let server = |host: &str, port: u16, storage| Server {
        host: Some(name(host)),
        address: Some("127.0.0.1".parse().unwrap()),
        port: port.try_into().ok(),
        weight: Weight::clamped(10),
        storage,
        row,
        ..Server::default()
    };
    let service = |port: u16, storage| Service {
        address: Some("127.0.0.1".parse().unwrap()),
        port: port.try_into().ok(),
        check: check.clone(),
        storage,
        row,
        servers: [
            (name("rs1"), server("rs1", port + 1, storage)),
            (name("longer-name"), server("rs2", port + 2, storage)),
        ]
        .into(),
        ..Service::default()
    };
    let host = |role: Role| Host {
        role_potential: Roles::NONE.with(role).with(Role::BackupDirector),
        role_status: Roles::NONE,
        storage,
        row,
        ..Host::default()
    };
    let cluster = Cluster {
        policy: Some(name("steady")),
        storage,
        row,
        directors: [(name("lb1"), DirectorRow { storage, row, ..DirectorRow::default() })].into(),
        services: [
            (name("web"), service(2000, storage)),
            (name("mail"), service(3000, StorageType::NonVolatile)),
        ]
        .into(),
        ..Cluster::default()
    };
    Wanted {
        hosts: [
            (name("lb1"), host(Role::Director)),
            (name("rs1"), host(Role::RealServer)),
            (name("rs2"), host(Role::RealServer)),
            (name("spare"), Host { row, ..Host::default() }),
        ]
        .into(),
        policies: [(name("steady"), Policy { storage, row, ..Policy::default() })].into(),
        clusters: [(name("main"), cluster)].into(),
        ..Wanted::default()
    }
}

fn facts() -> Facts {
    let interface = |index, kind, addresses: &[&str]| Interface {
        index,
        name: format!("eth{index}"),
        kind,
        speed: None,
        up: true,
        physical: vec![2, 0, 0, 0, 0, 1],
        addresses: addresses.iter().map(|text| text.parse::<IpAddr>().unwrap()).collect(),
    };
    Facts {
        host_name: None,
        os: Some("An OS".to_owned()),
        cpu_type: None,
        cpu_count: Some(2),
        cpu_speed: None,
        memory_size: Some(1 << 30),
        interfaces: vec![
            interface(1, InterfaceKind::Loopback, &["127.0.0.1", "::1"]),
            interface(2, InterfaceKind::Ethernet, &["192.0.2.1", "fe80::1"]),
        ],
        routed: None,
    }
}

impl Station {
    pub fn new() -> Self {
        Self::limited(8000)
    }

    /// A station that sends no message longer than this.
    pub fn limited(max_size: usize) -> Self {
        Self::of(wanted(), max_size)
    }

    /// A station of this document.
    pub fn of(wanted: Wanted, max_size: usize) -> Self {
        Self::with(wanted, max_size, &SecurityRows::default())
    }

    /// A station with more users and views than the two communities.
    pub fn with(wanted: Wanted, max_size: usize, security: &SecurityRows) -> Self {
        let now = Instant::now();
        let options = DirectorOptions {
            allow_scripts: true,
            local_host: name("lb1"),
            proxy: ProxyOptions { shards: 1.try_into().ok(), ..ProxyOptions::default() },
        };
        let director = Director::start(options, None, wanted, Runtime::default()).unwrap();
        let statistics = Arc::new(Statistics::default());
        let local = Arc::new(local_engine(now));
        let mut senders = Senders::default();
        for (name, right) in [("read", Right::Read), ("write", Right::Write)] {
            let (secret, sources) = (Secret::new(name), Vec::new());
            let name = format!("who-{name}s");
            senders.add_community(Community { name, secret, sources }, right);
        }
        let mut rows = security.clone();
        let more = senders.rows(local.id);
        rows.groups.extend(more.groups);
        rows.access.extend(more.access);
        rows.families.extend(more.families);
        rows.communities.extend(more.communities);
        let security = Keeper::volatile(local, rows);
        let node = Arc::new(Node {
            name: name("lb1"),
            system: System { description: "a station".to_owned(), ..System::default() },
            started: now,
            locks: Locks::new(4711),
            statistics: Arc::clone(&statistics),
            security,
            log: crate::notify::Log::default(),
            reloader: Reloader::default(),
        });
        let engine = Engine::new(tables::regions(), statistics, max_size);
        let load = Load {
            cores: Some(2),
            cpu_busy: Some(250),
            average_1: Some(100),
            in_octets: Some(1 << 40),
            ..Load::unknown(now)
        };
        let sample =
            Arc::new(Sample { facts: Arc::new(facts()), load, inventory: Inventory::default() });
        let state =
            AgentState::new(Arc::clone(&node), director.snapshot(), Arc::clone(&sample), now);
        Self { director, node, now, engine, sample, state, workspace: Workspace::default() }
    }

    /// Lets time pass for whatever the engine is asked from now on.
    pub fn wait(&mut self, time: Duration) {
        self.now += time;
        self.refresh();
    }

    fn refresh(&mut self) {
        let sample = Arc::clone(&self.sample);
        self.state = self.state.next(self.director.snapshot(), sample, self.now);
    }

    pub fn send(&mut self, datagram: &[u8]) -> Option<Vec<u8>> {
        let from: SocketAddr = "127.0.0.1:40000".parse().unwrap();
        let at = At { state: &self.state, now: self.now };
        match self.engine.receive(at, from.into(), datagram, &mut self.workspace) {
            Verdict::Drop => None,
            Verdict::Reply(reply) | Verdict::Report(reply) => Some(reply.to_vec()),
            Verdict::Set => {
                let mut room = Vec::new();
                let request = self.engine.set(at, from.into(), datagram, &mut room).unwrap();
                let result = request.check(at).and_then(|checked| {
                    let commit = checked.draft.commit(&self.director);
                    commit.map_err(|error| tables::fault(&error, &checked.places))
                });
                let reply = match request.answer(result, &mut self.workspace) {
                    Verdict::Reply(reply) => Some(reply.to_vec()),
                    Verdict::Report(_) | Verdict::Drop | Verdict::Set => None,
                };
                self.refresh();
                reply
            }
        }
    }

    /// How often the allocator is called for a datagram that is no SET.
    pub fn allocations(&mut self, datagram: &[u8]) -> u64 {
        let from: SocketAddr = "127.0.0.1:40000".parse().unwrap();
        let at = At { state: &self.state, now: self.now };
        let count = allocation_counter::measure(|| {
            let verdict = self.engine.receive(at, from.into(), datagram, &mut self.workspace);
            assert_ne!(verdict, Verdict::Set);
        });
        count.count_total
    }

    pub fn ask(&mut self, request: Request) -> Reply {
        Reply::decode(&self.send(&request.encode()).expect("an answer"))
    }

    /// Sets these bindings: error-status and error-index.
    pub fn set(&mut self, rows: &[Vec<VarBind<'static>>]) -> (ErrorStatus, i32) {
        self.ask(Request::set_all(rows.concat())).fault()
    }

    /// Sets what must succeed.
    #[track_caller]
    pub fn done(&mut self, rows: &[Vec<VarBind<'static>>]) {
        assert_eq!(self.set(rows), (ErrorStatus::NoError, 0));
    }

    /// The row at an index, as a client collects it.
    pub fn row<T: Table>(&mut self, index: &T::Index) -> T::Row {
        let mut arcs = Vec::new();
        index.encode(&mut arcs);
        let mut row = T::Row::default();
        for column in T::ENTRY.columns.iter().filter(|column| column.access.is_readable()) {
            let name = lcms_snmp::Oid::new(T::ENTRY.instance(column.arc, &arcs)).unwrap();
            let reply = self.ask(Request::get(&[&name.to_string()]));
            let value = reply.values()[0].clone();
            match value {
                Value::NoSuchInstance => {}
                value => {
                    column.syntax.check(&value).unwrap_or_else(|e| {
                        panic!("{} = {value:?} against its own SYNTAX: {e:?}", column.name)
                    });
                    T::fill(&mut row, column.arc, &value).unwrap();
                }
            }
        }
        row
    }

    /// Every variable, by GETNEXT.
    pub fn walk(&mut self) -> Vec<(String, Value<'static>)> {
        let mut found: Vec<(String, Value<'static>)> = Vec::new();
        loop {
            let last = found.last().map_or("0.0", |(name, _)| name.as_str()).to_owned();
            let next = self.ask(Request::next(&[&last])).varbinds.remove(0);
            if next.1 == Value::EndOfMibView {
                return found;
            }
            found.push(next);
        }
    }
}

impl Drop for Station {
    fn drop(&mut self) {
        self.director.shutdown();
    }
}
