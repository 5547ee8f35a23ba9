//! An agent without threads of its own: engine, real tables, and a director that
//! stands by, so that no socket is opened.

use std::{
    net::SocketAddr,
    path::Path,
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use lcms_agent::{
    config::{Community, Config, Right, Senders, User},
    engine::{At, Engine, Fault, Source, Statistics, Verdict, Workspace},
    reload::Reloader,
    security::{Identity, Keeper, LocalEngine, SecurityRows},
    sensors::{Facts, Interface, InterfaceKind, Inventory, Load, Sample},
    state::{AgentState, Locks, Node, Refused, System},
    tables,
};
use lcms_lb_core::{
    director::{CommitError, Director, DirectorHandle, DirectorOptions},
    driver::proxy::ProxyOptions,
    model::{Name, Role, Runtime, Wanted},
};
use lcms_snmp::{
    EngineId, ErrorStatus, Secret,
    usm::{AuthProtocol, PrivProtocol},
};

/// The community that may read.
pub(super) const READ: &[u8] = b"read";
/// The community that may also write.
pub(super) const WRITE: &[u8] = b"write";

/// A node that could direct but has not been told to.
const CONFIG: &str = include_str!("station.toml");

pub(super) struct Station {
    pub statistics: Arc<Statistics>,
    director: DirectorHandle,
    node: Arc<Node>,
    now: Instant,
    engine: Engine<AgentState>,
    state: AgentState,
    workspace: Workspace,
    untouched: bool,
}

impl Station {
    /// What its messages may hold at most: little, so that this limit is met.
    pub const MAX_SIZE: usize = 484;

    pub fn new() -> Self {
        let now = Instant::now();
        let local: Name = "lb1".parse().expect("a name");
        let options = DirectorOptions {
            allow_scripts: true,
            local_host: local,
            proxy: ProxyOptions { shards: 1.try_into().ok(), ..ProxyOptions::default() },
        };
        let director = Director::start(options, None, wanted(), Runtime::default())
            .expect("threads are to be had");
        let statistics = Arc::new(Statistics::default());
        let node = Arc::new(Node {
            name: local,
            system: System { description: "a station".to_owned(), ..System::default() },
            started: now,
            locks: Locks::new(4711),
            statistics: Arc::clone(&statistics),
            security: Keeper::volatile(Arc::new(engine(now)), rows()),
            log: lcms_agent::notify::Log::default(),
            reloader: Reloader::default(),
        });
        let engine = Engine::new(tables::regions(), Arc::clone(&statistics), Self::MAX_SIZE);
        let state =
            AgentState::new(Arc::clone(&node), director.snapshot(), Arc::new(sample(now)), now);
        let workspace = Workspace::default();
        Self { statistics, director, node, now, engine, state, workspace, untouched: true }
    }

    /// Whether it is as it began, but for its counters.
    pub fn is_untouched(&self) -> bool {
        self.untouched
    }

    /// What is wanted at this moment, and the two locks.
    pub fn present(&self) -> (Arc<Wanted>, [i32; 2]) {
        let locks = &self.node.locks;
        let wanted = Arc::clone(&self.director.snapshot().wanted);
        (wanted, [locks.config.value(), locks.serial.value()])
    }

    /// Lets time pass for whatever the engine is asked from now on.
    pub fn wait(&mut self, time: Duration) {
        self.now += time;
        self.untouched &= time.is_zero();
        self.refresh();
    }

    fn refresh(&mut self) {
        let sample = Arc::clone(&self.state.sample);
        self.state = self.state.next(self.director.snapshot(), sample, self.now);
    }

    /// Sends a datagram, or a message in a session; the answer, if there is one.
    pub fn send(&mut self, session: Option<&str>, datagram: &[u8]) -> Option<Vec<u8>> {
        let address = SocketAddr::from(([127, 0, 0, 1], 40_000));
        let from = Source { address, session };
        let at = At { state: &self.state, now: self.now };
        match self.engine.receive(at, from, datagram, &mut self.workspace) {
            Verdict::Drop => None,
            Verdict::Reply(reply) | Verdict::Report(reply) => Some(reply.to_vec()),
            Verdict::Set => {
                let mut room = Vec::new();
                let request = self.engine.set(at, from, datagram, &mut room);
                let request = request.expect("it was recognised as a SET");
                let busy = Fault { status: ErrorStatus::ResourceUnavailable, index: 1 };
                let result = request.check(at).and_then(|checked| {
                    // As a director it would open sockets, on any address it is told.
                    let own = checked.draft.wanted.hosts.get(&self.node.name);
                    if own.is_some_and(|host| host.role_status.contains(Role::Director)) {
                        return Err(busy);
                    }
                    self.untouched = false;
                    checked.draft.commit(&self.director).map_err(|error| {
                        assert!(
                            !matches!(error, Refused::Director(CommitError::Closed)),
                            "the director is gone"
                        );
                        tables::fault(&error, &checked.places)
                    })
                });
                let reply = match request.answer(result, &mut self.workspace) {
                    Verdict::Reply(reply) => Some(reply.to_vec()),
                    Verdict::Report(_) | Verdict::Drop => None,
                    Verdict::Set => panic!("an answer that is a SET"),
                };
                self.refresh();
                reply
            }
        }
    }
}

/// The user that may write, with both its passwords.
pub(super) const USER: &str = "ann";
pub(super) const PASSWORD: &str = "a password";

/// The one who reads in sessions.
pub(super) const SESSION: &str = "operator";

/// The engine of every station.
pub(super) fn engine_id() -> EngineId {
    EngineId::of_enterprise(1, [1; 12])
}

fn engine(started: Instant) -> LocalEngine {
    LocalEngine::new(Identity { id: engine_id(), boots: 3 }, started, 0, 65_507)
}

/// Two communities and a user. Passwords take long, so this is made once.
fn rows() -> SecurityRows {
    static ROWS: LazyLock<SecurityRows> = LazyLock::new(|| {
        let mut senders = Senders::default();
        for (octets, right) in [(READ, Right::Read), (WRITE, Right::Write)] {
            let name = String::from_utf8_lossy(octets).into_owned();
            let (secret, sources) = (Secret::new(octets), Vec::new());
            senders.add_community(Community { name, secret, sources }, right);
        }
        senders.add_session_user(SESSION, Right::Read);
        let password = || Secret::new(PASSWORD);
        let user = User {
            name: USER.to_owned(),
            auth: Some((AuthProtocol::Sha256, password())),
            privacy: Some((PrivProtocol::Aes128, password())),
        };
        senders.add_user(user, Right::Write);
        senders.rows(engine_id())
    });
    ROWS.clone()
}

impl Drop for Station {
    fn drop(&mut self) {
        self.director.shutdown();
    }
}

/// The rows that the configuration gives every station.
pub(super) fn wanted() -> Wanted {
    Config::parse(Path::new("station.toml"), CONFIG).expect("the station's own config").wanted
}

fn sample(now: Instant) -> Sample {
    let interface = |index, kind, address: [u8; 4]| Interface {
        index,
        name: format!("eth{index}"),
        kind,
        speed: None,
        up: true,
        physical: vec![2, 0, 0, 0, 0, 1],
        addresses: vec![address.into()],
    };
    let facts = Facts {
        host_name: None,
        os: Some("An OS".to_owned()),
        cpu_type: None,
        cpu_count: Some(2),
        cpu_speed: None,
        memory_size: Some(1 << 30),
        interfaces: vec![
            interface(1, InterfaceKind::Loopback, [127, 0, 0, 1]),
            interface(2, InterfaceKind::Ethernet, [192, 0, 2, 1]),
        ],
        routed: None,
    };
    let load = Load {
        cores: Some(2),
        cpu_busy: Some(250),
        average_1: Some(100),
        in_octets: Some(1 << 40),
        ..Load::unknown(now)
    };
    Sample { facts: Arc::new(facts), load, inventory: Inventory::default() }
}
