//! One look at a director, and one at a host.

use std::collections::BTreeMap;
use std::time::Duration;

use lcms_lb_core::model::{Name, PolicyKind, PolicyWindow, ServiceId};
use lcms_snmp::object::Scalar;
use load_cluster_mib::load_cluster_mib::{
    lc_cluster, lc_host_load, lc_policy, lc_server, lc_service,
};
use load_cluster_mib::snmpv2_mib::system;
use load_cluster_mib::tc::{LcWeightMode, LcWeightSource, RowStatus};

use super::lease;
use crate::client::{Client, ClientError, Target};
use crate::policy::{HostReading, ServerReading, ServiceReading, Settings};

/// What a director said in one round.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DirectorLook {
    /// Its agent's sysUpTime, in hundredths of a second.
    pub uptime: Option<u32>,
    /// Its clusters.
    pub clusters: Vec<ClusterLook>,
}

/// What a director said of one cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct ClusterLook {
    /// Its name.
    pub name: Name,
    /// The host that directs it at present, where one does.
    pub active_director: Option<Name>,
    /// Its lease.
    pub lease: lease::Row,
    /// Its services.
    pub services: Vec<ServiceReading>,
    /// The weights in force, by server.
    pub effective: BTreeMap<(Name, Name), u32>,
}

impl ClusterLook {
    /// The hosts its servers are on.
    pub fn hosts(&self) -> impl Iterator<Item = Name> {
        self.services.iter().flat_map(|service| &service.servers).filter_map(|server| server.host)
    }
}

/// Looks at a director.
pub async fn director(client: &Client, target: &Target) -> Result<DirectorLook, ClientError> {
    use {lc_cluster::LcCluster, lc_policy::LcPolicy, lc_server::LcServer, lc_service::LcService};
    let (uptime, clusters, policies, services, servers) = tokio::try_join!(
        client.row::<system::System>(target, &Scalar, &[system::col::SYS_UP_TIME]),
        client.table::<LcCluster>(target, CLUSTER),
        client.table::<LcPolicy>(target, POLICY),
        client.table::<LcService>(target, SERVICE),
        client.table::<LcServer>(target, SERVER),
    )?;
    let rows = Rows { clusters, policies, services, servers };
    Ok(DirectorLook { uptime: uptime.and_then(|row| row.sys_up_time), clusters: rows.clusters() })
}

/// Looks at a host; `None` where its agent does not measure it.
pub async fn host(
    client: &Client,
    target: &Target,
    name: Name,
) -> Result<Option<HostReading>, ClientError> {
    let index = lc_host_load::Index { host_name: name.to_string() };
    let row = client.row::<lc_host_load::LcHostLoad>(target, &index, HOST_LOAD).await?;
    Ok(row.map(reading))
}

const CLUSTER: &[u32] = {
    use lc_cluster::col;
    &[col::LEASE_OWNER, col::LEASE_TERM, col::LEASE_SECONDS, col::ACTIVE_DIRECTOR, col::POLICY]
};

/// The columns of a policy.
pub(in crate::ops) const POLICY: &[u32] = {
    use lc_policy::col;
    &[
        col::KIND,
        col::WINDOW,
        col::CPU_COEFFICIENT,
        col::MEMORY_COEFFICIENT,
        col::CONNECTION_COEFFICIENT,
        col::INTERVAL,
        col::SMOOTHING,
        col::FLOOR,
        col::CEILING,
        col::STEP,
        col::HYSTERESIS,
        col::STALE_LIMIT,
        col::ROW_STATUS,
    ]
};

const SERVICE: &[u32] = {
    use lc_service::col;
    &[col::ROW_STATUS, col::POLICY]
};

const SERVER: &[u32] = {
    use lc_server::col;
    &[
        col::WEIGHT,
        col::DYNAMIC_WEIGHT,
        col::EFFECTIVE_WEIGHT,
        col::WEIGHT_SOURCE,
        col::ACTIVE_CONNECTIONS,
        col::CONNECTIONS,
        col::HOST,
        col::WEIGHT_MODE,
        col::CONNECTION_LIMIT,
        col::DISCONTINUITY_TIME,
        col::ROW_STATUS,
    ]
};

const HOST_LOAD: &[u32] = {
    use lc_host_load::col;
    &[
        col::SAMPLE_AGE,
        col::CORES,
        col::RUNNABLE,
        col::RUNNABLE_TIME,
        col::BUSY_TIME,
        col::TOTAL_TIME,
        col::AVERAGE1,
        col::AVERAGE5,
        col::AVERAGE15,
        col::MEMORY_AVAIL_PERMILLE,
        col::SWAP_IN,
        col::DISCONTINUITY_TIME,
    ]
};

fn reading(row: lc_host_load::Row) -> HostReading {
    HostReading {
        // A row without an age would pass for fresh for ever.
        sample_age: row.sample_age.map_or(Duration::MAX, |age| Duration::from_millis(age.into())),
        cores: row.cores,
        runnable: row.runnable,
        runnable_time: row.runnable_time,
        busy_time: row.busy_time,
        total_time: row.total_time,
        load: [row.average1, row.average5, row.average15],
        memory_available: row.memory_avail_permille,
        swap_in: row.swap_in,
        discontinuity: row.discontinuity_time,
    }
}

/// The tables of a director.
struct Rows {
    clusters: Vec<(lc_cluster::Index, lc_cluster::Row)>,
    policies: Vec<(lc_policy::Index, lc_policy::Row)>,
    services: Vec<(lc_service::Index, lc_service::Row)>,
    servers: Vec<(lc_server::Index, lc_server::Row)>,
}

impl Rows {
    fn clusters(&self) -> Vec<ClusterLook> {
        let policies: BTreeMap<Name, Settings> = self
            .policies
            .iter()
            .filter_map(|(index, row)| Some((name(&index.policy_name)?, settings(row))))
            .collect();
        let cluster = |(index, row): &(lc_cluster::Index, lc_cluster::Row)| {
            let name_of = name(&index.cluster_name)?;
            let services = self.services_of(&index.cluster_name, row, &policies);
            let effective = self.effective_of(&index.cluster_name);
            Some(ClusterLook {
                name: name_of,
                active_director: row.active_director.as_deref().and_then(name),
                lease: lease::Row {
                    owner: row.lease_owner.clone().unwrap_or_default(),
                    term: row.lease_term.unwrap_or_default(),
                    seconds: row.lease_seconds.unwrap_or_default(),
                },
                services,
                effective,
            })
        };
        self.clusters.iter().filter_map(cluster).collect()
    }

    fn services_of(
        &self,
        cluster: &str,
        cluster_row: &lc_cluster::Row,
        policies: &BTreeMap<Name, Settings>,
    ) -> Vec<ServiceReading> {
        // A policy that is named and not there acts like none: static.
        let named = |policy: &Option<String>| policy.as_deref().and_then(name);
        let service = |(index, row): &(lc_service::Index, lc_service::Row)| {
            let id = ServiceId { cluster: name(cluster)?, service: name(&index.service_name)? };
            let policy = named(&row.policy).or_else(|| named(&cluster_row.policy));
            let settings = policy.and_then(|policy| policies.get(&policy).copied());
            let settings =
                settings.unwrap_or(Settings { kind: PolicyKind::Static, ..Settings::default() });
            Some(ServiceReading { id, settings, servers: self.servers_of(index) })
        };
        let active = |row: &lc_service::Row| row.row_status == Some(RowStatus::Active);
        self.services
            .iter()
            .filter(|(index, row)| index.cluster_name == cluster && active(row))
            .filter_map(service)
            .collect()
    }

    fn servers_of(&self, service: &lc_service::Index) -> Vec<ServerReading> {
        let within = |index: &lc_server::Index| {
            index.cluster_name == service.cluster_name && index.service_name == service.service_name
        };
        let active = |row: &lc_server::Row| row.row_status == Some(RowStatus::Active);
        self.servers
            .iter()
            .filter(|(index, row)| within(index) && active(row))
            .filter_map(|(index, row)| {
                Some(ServerReading {
                    name: name(&index.server_name)?,
                    host: row.host.as_deref().and_then(name),
                    configured: row.weight?,
                    dynamic: row.dynamic_weight,
                    follows_load: row.weight_mode == Some(LcWeightMode::Dynamic),
                    up: matches!(
                        row.weight_source?,
                        LcWeightSource::Configured | LcWeightSource::Dynamic
                    ),
                    active: row.active_connections.unwrap_or_default(),
                    connections: row.connections.unwrap_or_default(),
                    connection_limit: row.connection_limit.unwrap_or_default(),
                    discontinuity: row.discontinuity_time,
                })
            })
            .collect()
    }

    fn effective_of(&self, cluster: &str) -> BTreeMap<(Name, Name), u32> {
        self.servers
            .iter()
            .filter(|(index, _)| index.cluster_name == cluster)
            .filter_map(|(index, row)| {
                let names = (name(&index.service_name)?, name(&index.server_name)?);
                Some((names, row.effective_weight?))
            })
            .collect()
    }
}

fn name(text: &str) -> Option<Name> {
    text.parse().ok()
}

/// What the row of a policy says.
pub(in crate::ops) fn settings(row: &lc_policy::Row) -> Settings {
    let default = Settings::default();
    let milliseconds =
        |n: Option<u32>, default: Duration| n.map_or(default, |n| Duration::from_millis(n.into()));
    let kind = row.kind.and_then(|kind| kind.label().parse().ok());
    let window = row.window.and_then(|window| window.label().parse().ok());
    Settings {
        // A rule this controller does not know, it does not follow.
        kind: match row.row_status {
            Some(RowStatus::Active) => kind.unwrap_or(PolicyKind::Static),
            _ => PolicyKind::Static,
        },
        window: window.unwrap_or(PolicyWindow::Instant),
        cpu: row.cpu_coefficient.unwrap_or(default.cpu),
        memory: row.memory_coefficient.unwrap_or(default.memory),
        connections: row.connection_coefficient.unwrap_or(default.connections),
        interval: milliseconds(row.interval, default.interval),
        smoothing: row.smoothing.unwrap_or(default.smoothing),
        floor: row.floor.unwrap_or(default.floor),
        ceiling: row.ceiling.unwrap_or(default.ceiling),
        step: row.step.unwrap_or(default.step),
        hysteresis: row.hysteresis.unwrap_or(default.hysteresis),
        stale_limit: milliseconds(row.stale_limit, default.stale_limit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Rows {
        let active = Some(RowStatus::Active);
        let cluster = lc_cluster::Row {
            lease_owner: Some("somebody".to_owned()),
            lease_term: Some(7),
            lease_seconds: Some(9),
            active_director: Some("lb1".to_owned()),
            policy: Some("steady".to_owned()),
            ..lc_cluster::Row::default()
        };
        let service = |policy: &str, row_status| lc_service::Row {
            policy: Some(policy.to_owned()),
            row_status,
            ..lc_service::Row::default()
        };
        let server = |weight_source| lc_server::Row {
            weight: Some(10),
            weight_source: Some(weight_source),
            weight_mode: Some(LcWeightMode::Dynamic),
            host: Some(String::new()),
            row_status: active,
            ..lc_server::Row::default()
        };
        let service_index = |name: &str| lc_service::Index {
            cluster_name: "main".to_owned(),
            service_name: name.to_owned(),
        };
        let server_index = |name: &str| lc_server::Index {
            cluster_name: "main".to_owned(),
            service_name: "web".to_owned(),
            server_name: name.to_owned(),
        };
        Rows {
            clusters: vec![(lc_cluster::Index { cluster_name: "main".to_owned() }, cluster)],
            policies: vec![(
                lc_policy::Index { policy_name: "steady".to_owned() },
                lc_policy::Row {
                    kind: Some(lc_policy::LcPolicyKind::Headroom),
                    window: Some(lc_policy::LcPolicyWindow::FiveMinutes),
                    interval: Some(250),
                    row_status: active,
                    ..lc_policy::Row::default()
                },
            )],
            services: vec![
                (service_index("web"), service("", active)),
                (service_index("mail"), service("none-such", active)),
                (service_index("old"), service("", Some(RowStatus::NotInService))),
            ],
            servers: vec![
                (server_index("rs1"), server(LcWeightSource::Dynamic)),
                (server_index("rs2"), server(LcWeightSource::Health)),
            ],
        }
    }

    #[test]
    fn a_service_follows_its_policy_else_the_clusters() {
        let cluster = rows().clusters().remove(0);
        assert_eq!(cluster.lease, lease::Row { owner: "somebody".to_owned(), term: 7, seconds: 9 });
        let services: Vec<_> = cluster.services.iter().map(|s| s.id.service.as_str()).collect();
        assert_eq!(services, ["web", "mail"]);
        let settings = cluster.services[0].settings;
        assert_eq!(settings.kind, PolicyKind::Headroom);
        assert_eq!(settings.window, PolicyWindow::FiveMinutes);
        assert_eq!(settings.interval, Duration::from_millis(250));
        assert_eq!(cluster.services[1].settings.kind, PolicyKind::Static);
    }

    #[test]
    fn a_policy_out_of_service_is_static() {
        let mut rows = rows();
        rows.policies[0].1.row_status = Some(RowStatus::NotInService);
        let cluster = rows.clusters().remove(0);
        assert_eq!(cluster.services[0].settings.kind, PolicyKind::Static);
    }

    #[test]
    fn servers_out_of_health_are_not_up_and_an_empty_host_is_none() {
        let cluster = rows().clusters().remove(0);
        let servers = &cluster.services[0].servers;
        assert_eq!(servers.iter().map(|s| s.up).collect::<Vec<_>>(), [true, false]);
        assert!(servers.iter().all(|server| server.host.is_none()));
    }
}
