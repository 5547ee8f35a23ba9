//! Rows that are made, changed and destroyed.

use lcms_lb_core::model::{Cluster, DirectorRow, Host, Name, Policy, Server, Service};
use lcms_snmp::{
    ErrorStatus::{self, *},
    VarBind,
    object::Table,
};
use load_cluster_mib::{
    load_cluster_mib::{
        lc_cluster::{self, LcCluster},
        lc_director::{self, LcDirector},
        lc_host::{self, LcHost},
        lc_policy::{self, LcPolicy},
        lc_server::{self, LcServer},
        lc_service::{self, LcService},
    },
    tc::{
        InetAddressType, LcAdminState, LcForward, LcOperState, LcRoles, LcScheduler, RowStatus,
        StorageType,
    },
};

use super::station::{Station, wanted};
use crate::engine::tests::exchange::Request;

type Bindings = Vec<VarBind<'static>>;

fn host(name: &str, patch: lc_host::Patch) -> Bindings {
    LcHost::varbinds(&lc_host::Index { host_name: name.into() }, &patch)
}

fn host_status(name: &str, row_status: RowStatus) -> Bindings {
    host(name, lc_host::Patch { row_status: Some(row_status), ..Default::default() })
}

fn policy(name: &str, patch: lc_policy::Patch) -> Bindings {
    LcPolicy::varbinds(&lc_policy::Index { policy_name: name.into() }, &patch)
}

fn cluster(name: &str, patch: lc_cluster::Patch) -> Bindings {
    LcCluster::varbinds(&lc_cluster::Index { cluster_name: name.into() }, &patch)
}

fn director(cluster: &str, host: &str, patch: lc_director::Patch) -> Bindings {
    let index = lc_director::Index { cluster_name: cluster.into(), host_name: host.into() };
    LcDirector::varbinds(&index, &patch)
}

fn service_index(cluster: &str, service: &str) -> lc_service::Index {
    lc_service::Index { cluster_name: cluster.into(), service_name: service.into() }
}

fn service(name: &str, patch: lc_service::Patch) -> Bindings {
    LcService::varbinds(&service_index("main", name), &patch)
}

fn service_patch(row_status: RowStatus, port: Option<u32>) -> lc_service::Patch {
    lc_service::Patch {
        address_type: port.map(|_| InetAddressType::Ipv4),
        address: port.map(|_| vec![127, 0, 0, 1]),
        port,
        row_status: Some(row_status),
        ..Default::default()
    }
}

fn server_index(service: &str, server: &str) -> lc_server::Index {
    lc_server::Index {
        cluster_name: "main".into(),
        service_name: service.into(),
        server_name: server.into(),
    }
}

fn server(service: &str, name: &str, patch: lc_server::Patch) -> Bindings {
    LcServer::varbinds(&server_index(service, name), &patch)
}

fn server_status(service: &str, name: &str, row_status: RowStatus) -> Bindings {
    let patch = lc_server::Patch { row_status: Some(row_status), ..Default::default() };
    server(service, name, patch)
}

fn new_server() -> lc_server::Patch {
    lc_server::Patch {
        address_type: Some(InetAddressType::Ipv6),
        address: Some(std::net::Ipv6Addr::LOCALHOST.octets().to_vec()),
        port: Some(8080),
        weight: Some(7),
        row_status: Some(RowStatus::CreateAndGo),
        ..Default::default()
    }
}

#[test]
fn a_host_comes_and_goes() {
    let mut station = Station::new();
    station.done(&[host_status("h1", RowStatus::CreateAndGo)]);
    let index = lc_host::Index { host_name: "h1".into() };
    let row = station.row::<LcHost>(&index);
    assert_eq!(row.row_status, Some(RowStatus::Active));
    assert_eq!(row.storage_type, Some(StorageType::NonVolatile));
    assert_eq!(row.oper_state, Some(LcOperState::Unknown));
    assert_eq!(row.role_potential, Some(LcRoles::REAL_SERVER), "DEFVAL");
    assert_eq!((row.servers, row.os, row.freeness), (Some(0), None, None));
    station.done(&[host_status("h1", RowStatus::NotInService)]);
    assert_eq!(station.row::<LcHost>(&index).oper_state, Some(LcOperState::Maintenance));
    station.done(&[host_status("h1", RowStatus::Destroy)]);
    station.done(&[host_status("h1", RowStatus::Destroy)]);
    assert_eq!(station.row::<LcHost>(&index).row_status, None);
}

#[test]
fn the_own_host_says_what_it_is() {
    let row = Station::new().row::<LcHost>(&lc_host::Index { host_name: "lb1".into() });
    assert_eq!(row.oper_state, Some(LcOperState::Up));
    assert_eq!(row.freeness, Some(750));
    assert_eq!(row.os.as_deref(), Some("An OS"));
    assert_eq!(row.interface_speed, Some(0), "no speed is 0");
    assert_eq!((row.cpu_type, row.engine_id), (None, None), "what is not known is absent");
    assert_eq!(row.storage_type, Some(StorageType::Permanent));
}

#[test]
fn roles_stay_within_the_potential() {
    let mut station = Station::new();
    let roles = |role_potential, role_status| {
        host("lb1", lc_host::Patch { role_potential, role_status, ..Default::default() })
    };
    assert_eq!(station.set(&[roles(None, Some(LcRoles::MANAGER))]), (InconsistentValue, 1));
    let both = LcRoles::MANAGER | LcRoles::BACKUP_DIRECTOR;
    station.done(&[roles(Some(both), Some(LcRoles::MANAGER))]);
}

#[test]
fn a_service_is_made_in_one_set_or_step_by_step() {
    let mut station = Station::new();
    let index = service_index("main", "ftp");
    // In one, which needs what has no default.
    let fault = station.set(&[service("ftp", service_patch(RowStatus::CreateAndGo, None))]);
    assert_eq!(fault, (InconsistentValue, 1));
    assert_eq!(station.row::<LcService>(&index).row_status, None, "nothing half-made is left");
    station.done(&[service("ftp", service_patch(RowStatus::CreateAndGo, Some(21)))]);
    let row = station.row::<LcService>(&index);
    assert_eq!((row.row_status, row.port), (Some(RowStatus::Active), Some(21)));
    assert_eq!(row.scheduler, Some(LcScheduler::Wlc), "DEFVAL");
    station.done(&[service("ftp", service_patch(RowStatus::Destroy, None))]);
    // Step by step.
    station.done(&[service("ftp", service_patch(RowStatus::CreateAndWait, None))]);
    let row = station.row::<LcService>(&index);
    assert_eq!(row.row_status, Some(RowStatus::NotReady));
    assert_eq!((row.port, row.address, row.address_type), (None, None, None));
    for status in [RowStatus::Active, RowStatus::NotInService] {
        let fault = station.set(&[service("ftp", service_patch(status, None))]);
        assert_eq!(fault, (InconsistentValue, 1), "{status}");
    }
    let port = lc_service::Patch { port: Some(21), ..Default::default() };
    station.done(&[service("ftp", port)]);
    assert_eq!(station.row::<LcService>(&index).row_status, Some(RowStatus::NotReady));
    let address = lc_service::Patch { address: Some(vec![127, 0, 0, 1]), ..Default::default() };
    station.done(&[service("ftp", address)]);
    assert_eq!(station.row::<LcService>(&index).row_status, Some(RowStatus::NotInService));
    station.done(&[service("ftp", service_patch(RowStatus::Active, None))]);
    assert_eq!(station.row::<LcService>(&index).row_status, Some(RowStatus::Active));
}

#[test]
fn a_whole_tree_is_made_in_one_set_whatever_its_order() {
    let mut rows = vec![
        server("ftp", "rs9", lc_server::Patch { host: Some("h9".into()), ..new_server() }),
        service("ftp", service_patch(RowStatus::CreateAndGo, Some(21))),
        director(
            "main",
            "h9",
            lc_director::Patch {
                row_status: Some(RowStatus::CreateAndGo),
                priority: Some(50),
                ..Default::default()
            },
        ),
        host_status("h9", RowStatus::CreateAndGo),
    ];
    for _ in 0..2 {
        let mut station = Station::new();
        station.done(&rows);
        let row = station.row::<LcServer>(&server_index("ftp", "rs9"));
        assert_eq!((row.host.as_deref(), row.weight), (Some("h9"), Some(7)));
        assert_eq!(row.address_type, Some(InetAddressType::Ipv6));
        rows.reverse();
    }
}

#[test]
fn destroying_a_service_destroys_its_servers() {
    let mut station = Station::new();
    station.done(&[service("mail", service_patch(RowStatus::Destroy, None))]);
    let index = server_index("mail", "rs1");
    assert_eq!(station.row::<LcServer>(&index).weight, None);
    let fault = station.set(&[server_status("mail", "rs1", RowStatus::CreateAndGo)]);
    assert_eq!(fault, (InconsistentName, 1), "there is no service for it");
    station.done(&[server_status("mail", "rs1", RowStatus::Destroy)]);
}

#[test]
fn what_a_row_needs_must_be_there_once_the_set_is_done() {
    let to_host = |host: &str| lc_server::Patch { host: Some(host.into()), ..Default::default() };
    let mut station = Station::new();
    assert_eq!(station.set(&[server("web", "rs1", to_host("gone"))]), (InconsistentValue, 1));
    assert_eq!(station.set(&[host_status("spare", RowStatus::Destroy)]), (NoError, 0));
    // A host that a server names is not destroyed, unless the server is moved.
    station.done(&[host_status("h9", RowStatus::CreateAndGo), server("web", "rs1", to_host("h9"))]);
    assert_eq!(station.set(&[host_status("h9", RowStatus::Destroy)]), (InconsistentValue, 1));
    station.done(&[host_status("h9", RowStatus::Destroy), server("web", "rs1", to_host(""))]);
    assert_eq!(
        station.row::<LcServer>(&server_index("web", "rs1")).host.as_deref(),
        Some(""),
        "empty is: not known"
    );
    // Names that are part of an index.
    let patch =
        lc_director::Patch { row_status: Some(RowStatus::CreateAndGo), ..Default::default() };
    assert_eq!(station.set(&[director("main", "gone", patch.clone())]), (InconsistentName, 1));
    assert_eq!(station.set(&[director("gone", "lb1", patch)]), (InconsistentName, 1));
    let to_policy =
        |policy: &str| lc_cluster::Patch { policy: Some(policy.into()), ..Default::default() };
    assert_eq!(station.set(&[cluster("main", to_policy("gone"))]), (InconsistentValue, 1));
    assert_eq!(station.set(&[cluster("main", to_policy("NOT A NAME"))]), (WrongValue, 1));
}

#[test]
fn rows_from_the_configuration_stay() {
    let mut station = Station::new();
    for rows in [
        host_status("lb1", RowStatus::Destroy),
        service("web", service_patch(RowStatus::Destroy, None)),
        server_status("web", "rs1", RowStatus::Destroy),
        cluster(
            "main",
            lc_cluster::Patch { row_status: Some(RowStatus::Destroy), ..Default::default() },
        ),
    ] {
        assert_eq!(station.set(&[rows]), (InconsistentValue, 1));
    }
    assert_eq!(station.director.snapshot().wanted.generation, 0, "and nothing was done");
}

#[test]
fn addresses_are_fixed_while_active() {
    let mut station = Station::new();
    let port = |port| lc_server::Patch { port: Some(port), ..Default::default() };
    let before = station.row::<LcServer>(&server_index("web", "rs1")).port.unwrap();
    assert_eq!(station.set(&[server("web", "rs1", port(9))]), (InconsistentValue, 1));
    station.done(&[server("web", "rs1", port(before))]);
    station.done(&[server_status("web", "rs1", RowStatus::NotInService)]);
    station.done(&[server("web", "rs1", port(9))]);
    station.done(&[server_status("web", "rs1", RowStatus::Active)]);
    assert_eq!(station.row::<LcServer>(&server_index("web", "rs1")).port, Some(9));
    let forward = lc_service::Patch { forward: Some(LcForward::Nat), ..Default::default() };
    assert_eq!(station.set(&[service("web", forward)]).0, InconsistentValue);
    let wrong = lc_service::Patch { address: Some(vec![0; 16]), ..Default::default() };
    assert_eq!(station.set(&[service("web", wrong)]), (InconsistentValue, 1), "at odds with type");
}

#[test]
fn two_active_services_do_not_share_an_address() {
    let mut station = Station::new();
    let fault = station.set(&[service("twin", service_patch(RowStatus::CreateAndGo, Some(2000)))]);
    assert_eq!(fault.0, InconsistentValue);
    station.done(&[
        service("twin", service_patch(RowStatus::CreateAndGo, Some(2000))),
        service("web", service_patch(RowStatus::NotInService, None)),
    ]);
    let fault = station.set(&[service("web", service_patch(RowStatus::Active, None))]);
    assert_eq!(fault, (InconsistentValue, 1));
}

#[test]
fn what_the_driver_cannot_do_is_refused_where_it_was_asked() {
    let mut station = Station::new();
    let patch = lc_service::Patch {
        forward: Some(LcForward::Nat),
        row_status: Some(RowStatus::NotInService),
        ..Default::default()
    };
    let weight = lc_server::Patch { weight: Some(1), ..Default::default() };
    let fault = station.set(&[server("web", "rs1", weight), service("web", patch)]);
    assert_eq!(fault, (InconsistentValue, 2));
    assert_eq!(station.row::<LcServer>(&server_index("web", "rs1")).weight, Some(10));
}

#[test]
fn policies_are_checked_as_a_whole() {
    let mut station = Station::new();
    let patch = |cpu, floor, ceiling, row_status| lc_policy::Patch {
        cpu_coefficient: cpu,
        floor,
        ceiling,
        row_status,
        ..Default::default()
    };
    let go = Some(RowStatus::CreateAndGo);
    assert_eq!(station.set(&[policy("p", patch(Some(0), None, None, go))]).0, InconsistentValue);
    let fault = station.set(&[policy("p", patch(None, Some(9), Some(8), go))]);
    assert_eq!(fault.0, InconsistentValue);
    station.done(&[policy("p", patch(None, None, None, go))]);
}

#[test]
fn drain_of_a_host_shows_at_its_servers() {
    let mut station = Station::new();
    let drain = lc_host::Patch { admin_state: Some(LcAdminState::Drain), ..Default::default() };
    station.done(&[host("rs1", drain)]);
    let row = station.row::<LcServer>(&server_index("web", "rs1"));
    assert_eq!((row.effective_weight, row.weight), (Some(0), Some(10)));
    assert_eq!(row.oper_state, Some(LcOperState::Draining));
    let host = station.row::<LcHost>(&lc_host::Index { host_name: "rs1".into() });
    assert_eq!((host.servers, host.servers_up), (Some(2), Some(0)));
}

#[test]
fn names_that_no_row_can_have() {
    let mut station = Station::new();
    for (rows, status) in [
        (host_status("UPPER", RowStatus::CreateAndGo), NoCreation),
        (host_status("sp ace", RowStatus::CreateAndGo), NoCreation),
        (host_status("", RowStatus::CreateAndGo), NoCreation),
        (host_status(&"x".repeat(33), RowStatus::CreateAndGo), NoCreation),
        (host_status("gone", RowStatus::Active), InconsistentValue),
        (host_status("gone", RowStatus::NotReady), WrongValue),
        (host_status("rs1", RowStatus::CreateAndGo), InconsistentValue),
    ] {
        let name = rows[0].name.to_string();
        assert_eq!(station.set(&[rows]), (status, 1), "{name}");
    }
    let weight = |weight| lc_server::Patch { weight: Some(weight), ..Default::default() };
    let expect: [(&str, &str, u32, ErrorStatus); 4] = [
        ("web", "gone", 1, InconsistentName),
        ("gone", "rs1", 1, InconsistentName),
        ("web", "rs1", 65_536, WrongValue),
        ("web", "rs1", 65_535, NoError),
    ];
    for (service, name, number, status) in expect {
        assert_eq!(station.set(&[server(service, name, weight(number))]).0, status, "{name}");
    }
}

/// The DEFVALs of a table are what a new row shows.
fn assert_defaults<T: Table>(station: &mut Station, index: &T::Index, defaults: &T::Patch) {
    for VarBind { name, value } in T::varbinds(index, defaults) {
        let reply = station.ask(Request::get(&[&name.to_string()]));
        assert_eq!(reply.values(), [&value], "{name} of {}", T::ENTRY.name);
    }
}

#[test]
fn a_new_row_has_the_defaults_of_the_mib() {
    let mut station = Station::new();
    let go = Some(RowStatus::CreateAndGo);
    station.done(&[
        host_status("new", RowStatus::CreateAndGo),
        policy("new", lc_policy::Patch { row_status: go, ..Default::default() }),
        cluster("new", lc_cluster::Patch { row_status: go, ..Default::default() }),
        director("new", "new", lc_director::Patch { row_status: go, ..Default::default() }),
        service("new", service_patch(RowStatus::CreateAndWait, None)),
        server_status("new", "new", RowStatus::CreateAndWait),
    ]);
    assert_new_rows_have_defaults(&mut station);
}

/// What the configuration file leaves out has the MIB's defaults as well: the
/// document's own are the same.
#[test]
fn a_row_of_the_file_has_the_defaults_of_the_mib() {
    let name: Name = "new".parse().unwrap();
    let mut wanted = wanted();
    wanted.hosts.insert(name, Host::default());
    wanted.policies.insert(name, Policy::default());
    let mut service = Service::default();
    service.servers.insert(name, Server::default());
    let main = wanted.clusters.get_mut(&"main".parse().unwrap()).unwrap();
    main.services.insert(name, service);
    let mut cluster = Cluster::default();
    cluster.directors.insert(name, DirectorRow::default());
    wanted.clusters.insert(name, cluster);
    assert_new_rows_have_defaults(&mut Station::of(wanted, 8000));
}

fn assert_new_rows_have_defaults(station: &mut Station) {
    let index = lc_host::Index { host_name: "new".into() };
    assert_defaults::<LcHost>(station, &index, &lc_host::Row::defaults());
    let index = lc_policy::Index { policy_name: "new".into() };
    assert_defaults::<LcPolicy>(station, &index, &lc_policy::Row::defaults());
    let index = lc_cluster::Index { cluster_name: "new".into() };
    assert_defaults::<LcCluster>(station, &index, &lc_cluster::Row::defaults());
    let index = lc_director::Index { cluster_name: "new".into(), host_name: "new".into() };
    assert_defaults::<LcDirector>(station, &index, &lc_director::Row::defaults());
    let index = service_index("main", "new");
    assert_defaults::<LcService>(station, &index, &lc_service::Row::defaults());
    let index = server_index("new", "new");
    assert_defaults::<LcServer>(station, &index, &lc_server::Row::defaults());
}
