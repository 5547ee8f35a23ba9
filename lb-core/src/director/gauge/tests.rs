use super::super::assemble::{Parts, assemble};
use super::*;
use crate::model::{
    Address, Cluster, Host as HostRow, RowState, Runtime, Server as Row, Service as ServiceRow,
    Wanted,
};

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn id(service: &str, server: &str) -> ServerId {
    ServerId { cluster: name("main"), service: name(service), server: name(server) }
}

/// Services under freest, each with these servers and the hosts they are on.
fn wanted(services: &[(&str, &[(&str, &str)])]) -> Wanted {
    let server = |host: &str| Row {
        host: Some(name(host)),
        address: Some(Address::from(std::net::IpAddr::from([192, 0, 2, 1]))),
        port: std::num::NonZeroU16::new(80),
        row: RowState::Active,
        ..Row::default()
    };
    let service = |servers: &[(&str, &str)]| ServiceRow {
        scheduler: Scheduler::Freest,
        servers: servers.iter().map(|(id, host)| (name(id), server(host))).collect(),
        row: RowState::Active,
        ..ServiceRow::default()
    };
    let services = services.iter().map(|(id, servers)| (name(id), service(servers)));
    let cluster =
        Cluster { services: services.collect(), row: RowState::Active, ..Cluster::default() };
    let host = HostRow { row: RowState::Active, ..HostRow::default() };
    Wanted {
        hosts: ["h1", "h2", "h3"].map(|id| (name(id), host.clone())).into(),
        clusters: [(name("main"), cluster)].into(),
        ..Wanted::default()
    }
}

fn report(at: Instant, runnable: u32) -> LoadReport {
    LoadReport {
        runnable,
        utilisation: None,
        memory_free: None,
        swapping: None,
        cores: Some(1),
        sample_age: Duration::ZERO,
        interval: None,
        mean_runnable: None,
        by: "controller".into(),
        at,
        time: std::time::SystemTime::UNIX_EPOCH,
    }
}

fn reports(of: &[(&str, &LoadReport)]) -> Runtime {
    let reports = of.iter().map(|(host, report)| (name(host), (*report).clone()));
    Runtime { reports: reports.collect(), ..Runtime::default() }
}

/// The snapshot that follows with this.
fn next(before: &Snapshot, wanted: &Wanted, runtime: Runtime, now: Instant) -> Arc<Snapshot> {
    let parts = Parts {
        serial: before.serial + 1,
        wanted: Arc::new(wanted.clone()),
        runtime: Arc::new(runtime),
        local_host: &name("here"),
        verdicts: &BTreeMap::new(),
        principal: "",
        now,
        time: std::time::SystemTime::UNIX_EPOCH,
    };
    Arc::new(assemble(before, &parts))
}

fn others(snapshot: &Snapshot, server: ServerId) -> u32 {
    snapshot.servers[&server].live.load().others
}

fn epoch(snapshot: &Snapshot, service: &str) -> u64 {
    snapshot.services[&id(service, "a").service()].live.epoch.load(Relaxed)
}

#[test]
fn a_report_reaches_each_server_on_its_host_once_and_nobody_else() {
    let begin = Instant::now();
    let wanted = wanted(&[("web", &[("a", "h1"), ("b", "h2")]), ("api", &[("a", "h1")])]);
    let mut watch = Watch::new(begin, None);
    let first = next(&Snapshot::nothing(), &wanted, Runtime::default(), begin);
    assert!(watch.look(&first, begin));
    let before = [epoch(&first, "web"), epoch(&first, "api")];

    let now = begin + Duration::from_millis(100);
    // Of what is seen at a single instant, a third is believed.
    let (busy, elsewhere) = (report(now, 900), report(now, 2_700));
    let told = next(&first, &wanted, reports(&[("h1", &busy), ("h3", &elsewhere)]), now);
    assert!(watch.look(&told, now));
    assert_eq!([others(&told, id("web", "a")), others(&told, id("api", "a"))], [300, 300]);
    assert_eq!(others(&told, id("web", "b")), 0, "it is on another host");
    let after = [epoch(&told, "web"), epoch(&told, "api")];
    assert!(after[0] > before[0] && after[1] > before[1], "schedulers hear of it");

    // The same report in a later snapshot is no news: nothing else is believed, and
    // what follows from a report is taken from it once.
    let later = now + Duration::from_millis(100);
    let same = next(&told, &wanted, reports(&[("h1", &busy)]), later);
    watch.look(&same, later);
    assert_eq!(others(&same, id("web", "a")), 300);
    let counted = watch.hosts.iter().filter(|host| host.reported.is_some()).count();
    assert_eq!((watch.hosts.len(), counted), (2, 1), "hosts without a server are not watched");
}

#[test]
fn a_server_that_comes_back_under_its_name_is_another() {
    let begin = Instant::now();
    let (with, without) =
        (wanted(&[("web", &[("a", "h1"), ("b", "h1")])]), wanted(&[("web", &[("b", "h1")])]));
    let mut watch = Watch::new(begin, None);
    watch.remembered = [(id("web", "a").to_string(), 12.0)].into();
    let first = next(&Snapshot::nothing(), &with, Runtime::default(), begin);
    watch.look(&first, begin);
    let known = |watch: &Watch, server: &str| {
        let mut servers = watch.services.iter().flat_map(|service| &service.servers);
        let found = servers.find(|one| one.id == id("web", server));
        found.and_then(|server| server.load.known()).map(|known| known.per_second)
    };
    assert_eq!(known(&watch, "a"), Some(12.0));
    assert!(watch.remembered.is_empty(), "it is watched now");
    // Another state of the same row keeps what is known.
    let same = next(&first, &with, Runtime::default(), begin);
    watch.look(&same, begin);
    assert_eq!(known(&watch, "a"), Some(12.0));
    let gone = next(&same, &without, Runtime::default(), begin);
    watch.look(&gone, begin);
    let again = next(&gone, &with, Runtime::default(), begin);
    watch.look(&again, begin);
    assert_eq!(known(&watch, "a"), None);
}

#[test]
fn what_is_no_row_any_more_is_forgotten_and_what_is_not_watched_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let file = Capacities::at(folder.path().join("capacities"));
    let [watched, other, gone] =
        [id("web", "a"), id("api", "a"), id("web", "gone")].map(|id| id.to_string());
    let kept = [(watched.clone(), 12.0), (other.clone(), 7.0), (gone, 3.0)];
    file.write(&kept.into()).unwrap();
    let begin = Instant::now();
    let mut wanted = wanted(&[("web", &[("a", "h1")]), ("api", &[("a", "h1")])]);
    // A service under another scheduler for now.
    let services = &mut wanted.clusters.get_mut(&name("main")).unwrap().services;
    services.get_mut(&name("api")).unwrap().scheduler = Scheduler::Wlc;
    let mut watch = Watch::new(begin, Some(Capacities::at(folder.path().join("capacities"))));
    let snapshot = next(&Snapshot::nothing(), &wanted, Runtime::default(), begin);
    watch.look(&snapshot, begin);
    assert_eq!(file.read().len(), 3, "not written at each look");
    watch.look(&snapshot, begin + KEEP);
    assert_eq!(file.read(), BTreeMap::from([(watched, 12.0), (other, 7.0)]));
}
