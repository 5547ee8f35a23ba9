//! Asks all nodes at once.

use jiff::Timestamp;
use lcms_snmp::object::Table;
use load_cluster_mib::load_cluster_mib::{
    lc_agent::{self, LcAgent},
    lc_cluster::{self, LcCluster},
    lc_director::{self, LcDirector},
    lc_host::{self, LcHost},
    lc_host_load::{self, LcHostLoad},
    lc_host_report::{self, LcHostReport},
    lc_server::{self, LcServer},
    lc_service::{self, LcService},
};
use tokio::task::JoinSet;

use super::{NodeFault, NodeRows, Rows};
use crate::{
    client::{Access, Client, ClientError, Target, target},
    inventory::{Inventory, Node},
};

/// The rows of every node, in the order of the inventory. A node that does not
/// answer costs its own timeout and nobody else's.
pub async fn gather(client: &Client, inventory: &Inventory) -> Vec<NodeRows> {
    let mut asked = JoinSet::new();
    for (nth, node) in inventory.nodes.iter().enumerate() {
        let (client, node) = (client.clone(), node.clone());
        let directs = inventory.may_direct(&node);
        asked.spawn(async move { (nth, ask(&client, &node, directs).await) });
    }
    let mut collected = asked.join_all().await;
    collected.sort_by_key(|(nth, _)| *nth);
    collected.into_iter().map(|(_, rows)| rows).collect()
}

/// Asks one node; `directs` says whether its cluster tables are worth it.
pub async fn ask(client: &Client, node: &Node, directs: bool) -> NodeRows {
    let rows = rows(client, node, directs).await;
    NodeRows::new(node, rows)
}

/// The time, to the millisecond: nobody reads more.
pub fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}

/// The rows of one node: the summary first, so that a node that is not there is
/// asked one question only.
async fn rows(client: &Client, node: &Node, directs: bool) -> Result<Rows, NodeFault> {
    let target = target(node, Access::Read).await?;
    let asked = tokio::time::Instant::now();
    let summary = client.table::<LcAgent>(&target, SUMMARY).await?;
    let round_trip = Some(asked.elapsed());
    let agent = match summary.into_iter().next() {
        Some((_, agent)) if agent.lc_local_host_name.is_some() => agent,
        _ => return Err(NodeFault::OtherAgent),
    };
    let mut rows = Rows { agent, round_trip, ..Rows::default() };
    let whole = async {
        let (hosts, loads) = tokio::try_join!(
            all::<LcHost>(client, &target, HOST),
            all::<LcHostLoad>(client, &target, LOAD)
        )?;
        (rows.hosts, rows.loads) = (hosts, loads);
        if directs {
            (rows.reports, rows.clusters, rows.directors, rows.services, rows.servers) = tokio::try_join!(
                all::<LcHostReport>(client, &target, REPORT),
                all::<LcCluster>(client, &target, CLUSTER),
                all::<LcDirector>(client, &target, DIRECTOR),
                all::<LcService>(client, &target, SERVICE),
                all::<LcServer>(client, &target, SERVER),
            )?;
        }
        Ok::<(), ClientError>(())
    };
    if let Err(error) = whole.await {
        rows.missing = Some(error.into());
    }
    Ok(rows)
}

async fn all<T: Table>(
    client: &Client,
    target: &Target,
    columns: &[u32],
) -> Result<Vec<(T::Index, T::Row)>, ClientError> {
    client.table::<T>(target, columns).await
}

// The columns that a poll needs, the first one being in every row.

const SUMMARY: &[u32] = {
    use lc_agent::col::*;
    &[LC_OVERALL_STATUS, LC_OVERALL_REASON, LC_LOCAL_HOST_NAME, LC_CONFIG_GENERATION]
};

const HOST: &[u32] = {
    use lc_host::col::*;
    &[STATUS, OPER_STATE, REASON, FREENESS, ADMIN_STATE, ROLE_POTENTIAL, ROLE_STATUS]
};

const LOAD: &[u32] = {
    use lc_host_load::col::*;
    &[
        SAMPLE_AGE,
        CORES,
        CPU_BUSY,
        RUNNABLE,
        AVERAGE1,
        AVERAGE5,
        AVERAGE15,
        MEMORY_TOTAL,
        MEMORY_AVAILABLE,
        MEMORY_AVAIL_PERMILLE,
        SWAP_IN,
        ESTABLISHED,
    ]
};

const REPORT: &[u32] = {
    use lc_host_report::col::*;
    &[AGE, RUNNABLE, UTILISATION, MEMORY_AVAIL_PERMILLE, SWAPPING, BY]
};

const CLUSTER: &[u32] = {
    use lc_cluster::col::*;
    &[
        STATUS,
        REASON,
        ACTIVE_CONNECTIONS,
        CONNECTIONS,
        LEASE_OWNER,
        LEASE_TERM,
        LEASE_SECONDS,
        ACTIVE_DIRECTOR,
        POLICY,
        DESCRIPTION,
        PARENT,
    ]
};

const DIRECTOR: &[u32] = {
    use lc_director::col::*;
    &[STATE, PRIORITY]
};

const SERVICE: &[u32] = {
    use lc_service::col::*;
    &[
        STATUS,
        OPER_STATE,
        REASON,
        ACTIVE_CONNECTIONS,
        CONNECTIONS,
        FAILED_CONNECTIONS,
        REFUSED_CONNECTIONS,
        TYPE,
        ADDRESS,
        PORT,
        PROTOCOL,
        SCHEDULER,
        FORWARD,
        POLICY,
        ADMIN_STATE,
        DISCONTINUITY_TIME,
        IN_OCTETS,
        OUT_OCTETS,
        QUEUED_CONNECTIONS,
        QUEUE_TIMEOUTS,
        QUEUE_OVERFLOWS,
        SOURCE_RATE_OVERRUNS,
    ]
};

const SERVER: &[u32] = {
    use lc_server::col::*;
    &[
        WEIGHT,
        DYNAMIC_WEIGHT,
        EFFECTIVE_WEIGHT,
        WEIGHT_SOURCE,
        BACKUP,
        OPER_STATE,
        ACTIVE_CONNECTIONS,
        CONNECTIONS,
        FAILED_CONNECTIONS,
        HOST,
        ADDRESS,
        PORT,
        WEIGHT_MODE,
        ADMIN_STATE,
        CONNECTION_LIMIT,
        REASON,
        WEIGHT_REASON,
        DISCONTINUITY_TIME,
        IN_OCTETS,
        OUT_OCTETS,
        CHECK_FAILURES,
        EJECTIONS,
        CAPACITY,
    ]
};
