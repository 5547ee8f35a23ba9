//! What there is in a state that a notification may tell of.

use std::{collections::BTreeMap, sync::Arc};

use lcms_lb_core::{
    director::Snapshot,
    model::{Name, OperState, Roles, ServerId, Status, Weight},
};

use crate::{
    security::Security,
    sensors::inventory::{self, Link, Links},
    state::AgentState,
};

/// What of a state is worth a notification.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Servers: whether they are down, and their effective weights.
    pub servers: Arc<BTreeMap<ServerId, (bool, Weight)>>,
    /// Clusters.
    pub clusters: BTreeMap<Name, Status>,
    /// Hosts, with their roles.
    pub hosts: BTreeMap<Name, (OperState, Roles)>,
    /// lcConfigGeneration.
    pub generation: u64,
    /// Whether it is to be told that messages were not authentic, and how many were while
    /// it was.
    pub failures: (bool, u32),
    /// How many receivers over TLS have shown certificates that nobody knows, and how many
    /// such that are not valid.
    pub refused: (u32, u32),
    /// Interfaces, by number, and whether that is to be told.
    pub links: Arc<BTreeMap<u32, (LinkIs, bool)>>,
    /// Whose servers they are.
    pub(super) snapshot: Option<Arc<Snapshot>>,
    /// Whose interfaces they are, and who said what is to be told.
    pub(super) links_of: Option<(Arc<Links>, Arc<Security>)>,
}

/// How an interface is, to linkUp and linkDown (RFC 2863 §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum LinkIs {
    Up,
    Down,
    NotPresent,
}

impl Seen {
    /// What there is to see in a state, after `before`.
    pub fn of(state: &AgentState, before: &Self) -> Self {
        let same = before.snapshot.as_ref().is_some_and(|old| Arc::ptr_eq(old, &state.snapshot));
        let servers = match same {
            true => Arc::clone(&before.servers),
            false => {
                let seen = |(id, status): (&ServerId, &Arc<_>)| {
                    let status: &lcms_lb_core::director::ServerStatus = status;
                    (*id, (status.oper_state() == OperState::Down, status.effective.weight))
                };
                Arc::new(state.snapshot.servers.iter().map(seen).collect())
            }
        };
        let summary = &state.summary;
        let hosts = state.snapshot.wanted.hosts.iter().filter_map(|(name, row)| {
            Some((*name, (summary.hosts.get(name)?.oper_state, row.role_status)))
        });
        let enabled = state.security.rows.notification.authen_traps;
        let present = &state.sample.inventory.links;
        let links = match &before.links_of {
            Some((links, security))
                if Arc::ptr_eq(links, present) && Arc::ptr_eq(security, &state.security) =>
            {
                Arc::clone(&before.links)
            }
            _ => Arc::new(links(present, &state.security)),
        };
        Self {
            servers,
            clusters: summary.clusters.iter().map(|(name, one)| (*name, one.status)).collect(),
            hosts: hosts.collect(),
            generation: state.snapshot.wanted.generation,
            failures: (enabled, state.node.statistics.failures_to_tell.value()),
            refused: (
                state.node.statistics.tls_unknown_server_certificate.value(),
                state.node.statistics.tls_invalid_server_certificates.value(),
            ),
            links,
            links_of: Some((Arc::clone(present), Arc::clone(&state.security))),
            snapshot: Some(Arc::clone(&state.snapshot)),
        }
    }
}

fn links(links: &Links, security: &Security) -> BTreeMap<u32, (LinkIs, bool)> {
    let seen = |link: &Link| {
        let is = match link.oper {
            oper if oper.is_down() => LinkIs::Down,
            inventory::OperState::NotPresent => LinkIs::NotPresent,
            _ => LinkIs::Up,
        };
        (link.interface.index, (is, security.rows.notification.tells_of_link(link)))
    };
    links.all.iter().map(seen).collect()
}
