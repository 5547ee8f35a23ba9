//! What one node answered.

use std::time::Duration;

use jiff::Timestamp;
use lcms_lb_core::model::Name;
use load_cluster_mib::load_cluster_mib::{
    lc_agent, lc_cluster, lc_director, lc_host, lc_host_load, lc_host_report, lc_server, lc_service,
};

use super::now;
use crate::{
    client::{ClientError, ResolveError},
    inventory::{Endpoint, Node},
};

/// A node of the inventory, and what came of asking it.
#[derive(Debug)]
pub struct NodeRows {
    /// Its name.
    pub name: Name,
    /// Where its agent should listen.
    pub endpoint: Endpoint,
    /// When it answered, or was given up.
    pub time: Timestamp,
    /// Its rows, or why there are none.
    pub rows: Result<Rows, NodeFault>,
}

impl NodeRows {
    /// What has just come of asking a node.
    pub fn new(node: &Node, rows: Result<Rows, NodeFault>) -> Self {
        Self { name: node.name, endpoint: node.endpoint.clone(), time: now(), rows }
    }

    /// Why it told nothing, or not all.
    pub fn fault(&self) -> Option<&NodeFault> {
        match &self.rows {
            Ok(rows) => rows.missing.as_ref(),
            Err(fault) => Some(fault),
        }
    }
}

/// Why a node told nothing, or not all.
#[derive(Debug, thiserror::Error)]
pub enum NodeFault {
    /// It could not be asked.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// It did not answer, or not well.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// It answers, and did not come to an end.
    #[error("its tables did not come within {} s", patience.as_secs_f64())]
    Late {
        /// How long they were waited for.
        patience: Duration,
    },
    /// It answers, and has no LOAD-CLUSTER-MIB.
    #[error("the agent has no LOAD-CLUSTER-MIB")]
    OtherAgent,
}

impl NodeFault {
    /// What to do about it.
    pub fn advice(&self) -> String {
        match self {
            Self::Resolve(error) => error.advice(),
            Self::Client(error) => error.advice(),
            Self::Late { .. } => "is it overloaded, or the network to it? `lcms-manager doctor` \
                                  says how long its answers take"
                .to_owned(),
            Self::OtherAgent => {
                "is it an lcms-agent? another agent on that port is asked with get and walk"
                    .to_owned()
            }
        }
    }

    /// Whether nobody answered.
    pub fn is_unreachable(&self) -> bool {
        match self {
            Self::Resolve(_) => true,
            Self::Client(error) => error.is_unreachable(),
            Self::Late { .. } | Self::OtherAgent => false,
        }
    }
}

/// The rows of an agent.
#[derive(Debug, Default)]
pub struct Rows {
    /// The summary.
    pub agent: lc_agent::Row,
    /// How long the summary took.
    pub round_trip: Option<Duration>,
    /// lcHostTable.
    pub hosts: Vec<(lc_host::Index, lc_host::Row)>,
    /// lcHostLoadTable.
    pub loads: Vec<(lc_host::Index, lc_host_load::Row)>,
    /// lcHostReportTable.
    pub reports: Vec<(lc_host::Index, lc_host_report::Row)>,
    /// lcClusterTable.
    pub clusters: Vec<(lc_cluster::Index, lc_cluster::Row)>,
    /// lcDirectorTable.
    pub directors: Vec<(lc_director::Index, lc_director::Row)>,
    /// lcServiceTable.
    pub services: Vec<(lc_service::Index, lc_service::Row)>,
    /// lcServerTable.
    pub servers: Vec<(lc_server::Index, lc_server::Row)>,
    /// Set where a table stayed away although the summary came.
    pub missing: Option<NodeFault>,
}
