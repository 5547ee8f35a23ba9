//! The rows of the file as lb-core's document.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    fs,
    ops::Range,
    path::Path,
};

use lcms_lb_core::model::{
    Check, CheckKind, Cluster, DirectorId, DirectorRow, Host, Name, Policy, ProblemKind, Protocol,
    Role, Roles, RowId, RowState, Server, ServerId, Service, ServiceId, StorageType, Wanted,
};
use toml::Spanned;

use super::{
    Cause,
    fault::Findings,
    file::{
        ClusterTable, DirectorTable, File, HostTable, PolicyTable, ServerTable, ServiceTable, Text,
    },
    forms,
};

// Rows of the file live as long as the file says so, and are in force.
const STORAGE: StorageType = StorageType::Permanent;
const ROW: RowState = RowState::Active;

/// The document that the file asks for. What is wrong with it is added to the
/// findings.
pub(super) fn wanted(file: &File, folder: &Path, findings: &mut Findings) -> Wanted {
    let allow_scripts = file.allow_scripts;
    let mut reader = Reader { folder, allow_scripts, places: BTreeMap::new(), findings };
    let mut wanted = Wanted {
        hosts: reader.hosts(file),
        policies: reader.policies(&file.policy),
        ..Wanted::default()
    };
    wanted.clusters = reader.clusters(file);
    reader.check(&wanted);
    wanted
}

/// Where a row stands in the file, and some of its keys.
struct Place {
    name: Range<usize>,
    keys: Vec<(&'static str, Range<usize>)>,
}

impl Place {
    fn of(name: &Spanned<Name>) -> Self {
        Self { name: name.span(), keys: Vec::new() }
    }

    fn key<T>(mut self, key: &'static str, value: Option<&Spanned<T>>) -> Self {
        self.keys.extend(value.map(|value| (key, value.span())));
        self
    }

    /// The first of these keys that stands there, else the name.
    fn find(&self, keys: &[&str]) -> Range<usize> {
        let place = |key: &&str| self.keys.iter().find(|(name, _)| name == key);
        keys.iter().find_map(place).map_or_else(|| self.name.clone(), |(_, span)| span.clone())
    }
}

struct Reader<'a> {
    /// Where relative paths count from.
    folder: &'a Path,
    allow_scripts: bool,
    places: BTreeMap<RowId, Place>,
    findings: &'a mut Findings,
}

impl Reader<'_> {
    /// Takes a row; false if there is one of that name.
    fn take(&mut self, id: RowId, place: Place) -> bool {
        match self.places.entry(id) {
            Entry::Vacant(free) => {
                free.insert(place);
                true
            }
            Entry::Occupied(first) => {
                let line = self.findings.line(first.get().name.start);
                self.findings.add(place.name, Cause::DuplicateRow { row: id, line });
                false
            }
        }
    }

    /// The own host, and those of the file.
    fn hosts(&mut self, file: &File) -> BTreeMap<Name, Host> {
        let own = *file.name.get_ref();
        let place = Place::of(&file.name)
            .key("role_potential", file.role_potential.as_ref())
            .key("role_status", file.role_status.as_ref());
        self.take(RowId::Host(own), place);
        // Who has clusters is there to direct them, who has none to serve; and
        // what a host may be it is, unless the file says otherwise.
        let usual = if file.cluster.is_empty() { Role::RealServer } else { Role::Director };
        let role_potential = value(&file.role_potential).unwrap_or(Roles::NONE.with(usual));
        let role_status = value(&file.role_status).unwrap_or(role_potential);
        let host =
            Host { role_potential, role_status, storage: STORAGE, row: ROW, ..Host::default() };
        let mut hosts = BTreeMap::from([(own, host)]);
        for table in &file.host {
            let name = *table.name.get_ref();
            if name == own {
                self.findings.add(table.name.span(), Cause::OwnHost(name));
                continue;
            }
            let place = Place::of(&table.name)
                .key("role_potential", table.role_potential.as_ref())
                .key("role_status", table.role_status.as_ref());
            if self.take(RowId::Host(name), place) {
                hosts.insert(name, host_of(table));
            }
        }
        hosts
    }

    fn policies(&mut self, tables: &[PolicyTable]) -> BTreeMap<Name, Policy> {
        let mut policies = BTreeMap::new();
        for table in tables {
            let name = *table.name.get_ref();
            let place = Place::of(&table.name)
                .key("cpu_coefficient", table.cpu_coefficient.as_ref())
                .key("ceiling", table.ceiling.as_ref())
                .key("floor", table.floor.as_ref());
            if self.take(RowId::Policy(name), place) {
                policies.insert(name, policy_of(table));
            }
        }
        policies
    }

    fn clusters(&mut self, file: &File) -> BTreeMap<Name, Cluster> {
        let mut clusters = BTreeMap::new();
        for table in &file.cluster {
            let name = *table.name.get_ref();
            let place = Place::of(&table.name).key("policy", table.policy.as_ref());
            if !self.take(RowId::Cluster(name), place) {
                continue;
            }
            let mut cluster = cluster_of(table);
            cluster.directors = self.directors(name, &table.director);
            if is_director(file) {
                // A director need not name itself.
                cluster.directors.entry(*file.name.get_ref()).or_insert(DirectorRow {
                    storage: STORAGE,
                    row: ROW,
                    ..DirectorRow::default()
                });
            }
            cluster.services = self.services(name, &table.service);
            clusters.insert(name, cluster);
        }
        clusters
    }

    fn directors(
        &mut self,
        cluster: Name,
        tables: &[DirectorTable],
    ) -> BTreeMap<Name, DirectorRow> {
        let mut directors = BTreeMap::new();
        for table in tables {
            let host = *table.host.get_ref();
            if self.take(RowId::Director(DirectorId { cluster, host }), Place::of(&table.host)) {
                directors.insert(host, director_of(table));
            }
        }
        directors
    }

    fn services(&mut self, cluster: Name, tables: &[ServiceTable]) -> BTreeMap<Name, Service> {
        let mut services = BTreeMap::new();
        for table in tables {
            let id = ServiceId { cluster, service: *table.name.get_ref() };
            let place = Place::of(&table.name)
                .key("address", Some(&table.address))
                .key("port", Some(&table.port))
                .key("protocol", table.protocol.as_ref())
                .key("scheduler", table.scheduler.as_ref())
                .key("forward", table.forward.as_ref())
                .key("policy", table.policy.as_ref())
                .key("check_kind", table.check_kind.as_ref())
                .key("check_request", table.check_request.as_ref())
                .key("check_expect", table.check_expect.as_ref())
                .key("check_command", table.check_command.as_ref());
            if self.take(RowId::Service(id), place) {
                let mut service = service_of(table);
                service.check.ca_file = self.ca_file(table);
                if service.check.kind == CheckKind::Script && !self.allow_scripts {
                    let span = table.check_kind.as_ref().map_or(0..0, Spanned::span);
                    let (row, kind) = (RowId::Service(id), ProblemKind::ScriptsNotAllowed);
                    self.findings.add(span, Cause::Rule { row, kind });
                }
                service.servers = self.servers(id, &table.server);
                services.insert(id.service, service);
            }
        }
        services
    }

    /// The file of authorities, which has to be there.
    fn ca_file(&mut self, table: &ServiceTable) -> Option<String> {
        let file = table.check_ca_file.as_ref()?;
        let path = self.folder.join(&file.get_ref().0);
        if let Err(error) = fs::read(&path) {
            let kind = error.kind();
            self.findings.add(file.span(), Cause::CaFile { path: path.clone(), kind });
        }
        Some(path.to_string_lossy().into_owned())
    }

    fn servers(&mut self, service: ServiceId, tables: &[ServerTable]) -> BTreeMap<Name, Server> {
        let mut servers = BTreeMap::new();
        for table in tables {
            let id: ServerId = service.server(*table.name.get_ref());
            let place = Place::of(&table.name).key("host", table.host.as_ref());
            if self.take(RowId::Server(id), place) {
                servers.insert(id.server, server_of(table));
            }
        }
        servers
    }

    /// Adds what the document's own rules say.
    fn check(&mut self, wanted: &Wanted) {
        for problem in wanted.check() {
            let span = self
                .places
                .get(&problem.row)
                .map_or(0..0, |place| place.find(keys_of(&problem.kind)));
            self.findings.add(span, Cause::Rule { row: problem.row, kind: problem.kind });
        }
    }
}

/// The keys whose values a problem is about.
fn keys_of(kind: &ProblemKind) -> &'static [&'static str] {
    use lcms_lb_core::model::Reference;
    match kind {
        ProblemKind::Missing(Reference::Host(_)) => &["host"],
        ProblemKind::Missing(Reference::Policy(_)) => &["policy"],
        ProblemKind::AddressTaken(_) => &["address"],
        ProblemKind::RoleNotPotential => &["role_status", "role_potential"],
        ProblemKind::NoCoefficient => &["cpu_coefficient"],
        ProblemKind::CeilingBelowFloor => &["ceiling", "floor"],
        ProblemKind::ProxyWithoutTcp => &["protocol"],
        ProblemKind::Question(error) => match forms::key_of(error) {
            "check_expect" => &["check_expect", "check_kind"],
            "check_command" => &["check_command", "check_kind"],
            _ => &["check_request", "check_kind"],
        },
        ProblemKind::ScriptsNotAllowed => &["check_kind"],
        ProblemKind::Scheduler(_) => &["scheduler"],
        ProblemKind::Forward(_) => &["forward"],
        ProblemKind::Protocol(_) => &["protocol"],
        ProblemKind::MissingIndex(_)
        | ProblemKind::Incomplete(_)
        | ProblemKind::Permanent
        | ProblemKind::Fixed(_) => &[],
    }
}

fn is_director(file: &File) -> bool {
    let potential = value(&file.role_potential).unwrap_or(Roles::NONE.with(Role::Director));
    potential.contains(Role::Director) || potential.contains(Role::BackupDirector)
}

fn value<T: Copy>(spanned: &Option<Spanned<T>>) -> Option<T> {
    spanned.as_ref().map(|value| *value.get_ref())
}

fn text<const MAX: usize>(text: &Option<Spanned<Text<MAX>>>) -> String {
    text.as_ref().map(|text| text.get_ref().0.clone()).unwrap_or_default()
}

fn host_of(table: &HostTable) -> Host {
    let usual = Host::default();
    Host {
        role_potential: value(&table.role_potential).unwrap_or(usual.role_potential),
        role_status: value(&table.role_status).unwrap_or(usual.role_status),
        admin_state: table.admin_state.unwrap_or(usual.admin_state),
        storage: STORAGE,
        row: ROW,
    }
}

fn policy_of(table: &PolicyTable) -> Policy {
    let usual = Policy::default();
    Policy {
        kind: table.kind.unwrap_or(usual.kind),
        window: table.window.unwrap_or(usual.window),
        cpu_coefficient: value(&table.cpu_coefficient).unwrap_or(usual.cpu_coefficient),
        memory_coefficient: table.memory_coefficient.unwrap_or(usual.memory_coefficient),
        connection_coefficient: table
            .connection_coefficient
            .unwrap_or(usual.connection_coefficient),
        interval: table.interval.unwrap_or(usual.interval),
        smoothing: table.smoothing.unwrap_or(usual.smoothing),
        floor: value(&table.floor).unwrap_or(usual.floor),
        ceiling: value(&table.ceiling).unwrap_or(usual.ceiling),
        step: table.step.unwrap_or(usual.step),
        hysteresis: table.hysteresis.unwrap_or(usual.hysteresis),
        stale_limit: table.stale_limit.unwrap_or(usual.stale_limit),
        storage: STORAGE,
        row: ROW,
    }
}

fn cluster_of(table: &ClusterTable) -> Cluster {
    Cluster {
        description: table.description.as_ref().map(|text| text.0.clone()).unwrap_or_default(),
        parent: table.parent,
        policy: value(&table.policy),
        storage: STORAGE,
        row: ROW,
        ..Cluster::default()
    }
}

fn director_of(table: &DirectorTable) -> DirectorRow {
    let usual = DirectorRow::default();
    DirectorRow {
        address: table.address,
        priority: table.priority.unwrap_or(usual.priority),
        storage: STORAGE,
        row: ROW,
    }
}

fn service_of(table: &ServiceTable) -> Service {
    let usual = Service::default();
    let protocol = value(&table.protocol).unwrap_or(usual.protocol);
    Service {
        service_type: table.service_type.as_ref().map(|text| text.0.clone()).unwrap_or_default(),
        address: Some(*table.address.get_ref()),
        port: Some(*table.port.get_ref()),
        protocol,
        scheduler: value(&table.scheduler).unwrap_or(usual.scheduler),
        forward: value(&table.forward).unwrap_or(usual.forward),
        policy: value(&table.policy),
        admin_state: table.admin_state.unwrap_or(usual.admin_state),
        connect_timeout: table.connect_timeout.unwrap_or(usual.connect_timeout),
        idle_timeout: table.idle_timeout.unwrap_or(usual.idle_timeout),
        connection_limit: table.connection_limit.unwrap_or(usual.connection_limit),
        queue_limit: table.queue_limit.unwrap_or(usual.queue_limit),
        queue_timeout: table.queue_timeout.unwrap_or(usual.queue_timeout),
        persistence_timeout: table.persistence_timeout.unwrap_or(usual.persistence_timeout),
        persistence_prefix_ipv4: table
            .persistence_prefix_ipv4
            .unwrap_or(usual.persistence_prefix_ipv4),
        persistence_prefix_ipv6: table
            .persistence_prefix_ipv6
            .unwrap_or(usual.persistence_prefix_ipv6),
        source_rate: table.source_rate.unwrap_or(usual.source_rate),
        source_burst: table.source_burst.unwrap_or(usual.source_burst),
        slow_start: table.slow_start.unwrap_or(usual.slow_start),
        accept_proxy: table.accept_proxy.unwrap_or(usual.accept_proxy),
        send_proxy: table.send_proxy.unwrap_or(usual.send_proxy),
        check: Check {
            kind: value(&table.check_kind).unwrap_or(match protocol {
                Protocol::Tcp => CheckKind::Tcp,
                Protocol::Udp => CheckKind::Udp,
            }),
            interval: table.check_interval.unwrap_or(usual.check.interval),
            timeout: table.check_timeout.unwrap_or(usual.check.timeout),
            rise: table.check_rise.unwrap_or(usual.check.rise),
            fall: table.check_fall.unwrap_or(usual.check.fall),
            doubt_interval: table.check_doubt_interval.unwrap_or(usual.check.doubt_interval),
            port: table.check_port,
            request: text(&table.check_request),
            expect: text(&table.check_expect),
            content: table.check_content.as_ref().map(|text| text.0.clone()).unwrap_or_default(),
            // Its path is made whole elsewhere.
            ca_file: None,
            command: table
                .check_command
                .as_ref()
                .map(|command| command.get_ref().clone())
                .unwrap_or_default(),
        },
        ejection_time: table.ejection_time.unwrap_or(usual.ejection_time),
        panic_threshold: table.panic_threshold.unwrap_or(usual.panic_threshold),
        panic_use: table.panic_use.unwrap_or(usual.panic_use),
        quorum: table.quorum.unwrap_or(usual.quorum),
        quorum_hysteresis: table.quorum_hysteresis.unwrap_or(usual.quorum_hysteresis),
        storage: STORAGE,
        row: ROW,
        servers: BTreeMap::new(),
    }
}

fn server_of(table: &ServerTable) -> Server {
    let usual = Server::default();
    Server {
        weight: table.weight.unwrap_or(usual.weight),
        backup: table.backup.unwrap_or(usual.backup),
        host: value(&table.host),
        address: Some(table.address),
        port: Some(table.port),
        weight_mode: table.weight_mode.unwrap_or(usual.weight_mode),
        admin_state: table.admin_state.unwrap_or(usual.admin_state),
        connection_limit: table.connection_limit.unwrap_or(usual.connection_limit),
        check_address: table.check_address,
        check_port: table.check_port,
        drain_deadline: table.drain_deadline.unwrap_or(usual.drain_deadline),
        storage: STORAGE,
        row: ROW,
    }
}
