//! What a proxy has from the one before it, in another process: taken up with the
//! first changes, and given up where nothing of these wants it.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::net::sockopt::socket_cookie;

use super::Known;
use super::listener;
use super::route::Peer;
use crate::driver::handover::{ClientsLeft, FlowLeft, Parting};
use crate::model::{Protocol, ServiceId};

/// Another process's listeners, and what it told of their clients.
#[derive(Default)]
pub(super) struct Inheritance {
    listeners: BTreeMap<(Protocol, SocketAddr), Vec<OwnedFd>>,
    flows: HashMap<u64, Vec<(FlowLeft, OwnedFd)>>,
    clients: Vec<ClientsLeft>,
}

/// A flow to go on with.
pub(in super::super) struct Heirloom {
    pub(super) left: FlowLeft,
    pub(super) socket: OwnedFd,
    pub(super) peer: Arc<Peer>,
}

impl Inheritance {
    pub(super) fn new(listeners: Vec<OwnedFd>, parting: Parting) -> Self {
        let Parting { clients, flows, sockets } = parting;
        let mut by_listener: HashMap<u64, Vec<(FlowLeft, OwnedFd)>> = HashMap::new();
        for (flow, socket) in flows.into_iter().zip(sockets) {
            by_listener.entry(flow.listener).or_default().push((flow, socket));
        }
        Self { listeners: listener::by_address(listeners), flows: by_listener, clients }
    }

    /// Duplicates of the listeners at an address.
    pub(super) fn listeners(
        &self,
        protocol: Protocol,
        address: SocketAddr,
    ) -> io::Result<Vec<OwnedFd>> {
        let given = self.listeners.get(&(protocol, address)).map_or(&[][..], Vec::as_slice);
        given.iter().map(OwnedFd::try_clone).collect()
    }

    /// The flows that speak to this listener of a service, whose servers are
    /// still there.
    pub(super) fn flows(
        &mut self,
        listener: &OwnedFd,
        id: ServiceId,
        known: &Known,
    ) -> Vec<Heirloom> {
        let cookie = socket_cookie(listener).ok();
        let flows = cookie.and_then(|cookie| self.flows.remove(&cookie)).unwrap_or_default();
        let heirloom = |(left, socket): (FlowLeft, OwnedFd)| {
            let peer = known.peers.get(&left.server.server);
            let peer = peer.filter(|_| left.server.service() == id)?.clone();
            Some(Heirloom { left, socket, peer })
        };
        flows.into_iter().filter_map(heirloom).collect()
    }

    /// Has clients stay with the servers that are still there.
    pub(super) fn keep_clients(&self, services: &BTreeMap<ServiceId, Known>, now: Instant) {
        for ClientsLeft { service, servers, clients } in &self.clients {
            let Some((known, persistence)) =
                services.get(service).and_then(|known| Some((known, known.persistence?)))
            else {
                continue;
            };
            let keys: Vec<Option<u64>> =
                servers.iter().map(|name| known.peers.get(name).map(|peer| peer.key)).collect();
            for (client, server, ago) in clients {
                let key = usize::try_from(*server).ok().and_then(|at| *keys.get(at)?);
                let used = now.checked_sub(Duration::from_millis(*ago));
                if let Some((key, used)) = key.zip(used) {
                    known.live.clients().keep(*client, key, used, persistence.timeout);
                }
            }
        }
    }
}

/// Who is with which server, the latest first of what there is more than may be
/// told.
pub(super) fn clients_left(
    services: &BTreeMap<ServiceId, Known>,
    now: Instant,
    mut most: usize,
) -> Vec<ClientsLeft> {
    let mut left = Vec::new();
    for (id, known) in services {
        let Some(persistence) = known.persistence else { continue };
        let places: HashMap<u64, u32> =
            known.peers.values().map(|peer| peer.key).zip(0..).collect();
        let all = known.live.clients().all(now, persistence.timeout);
        let spare = all.len().saturating_sub(most);
        let clients: Vec<_> = all
            .into_iter()
            .skip(spare)
            .filter_map(|(client, server, ago)| {
                let ago = u64::try_from(ago.as_millis()).ok()?;
                Some((client, *places.get(&server)?, ago))
            })
            .collect();
        most -= clients.len().min(most);
        left.push(ClientsLeft {
            service: *id,
            servers: known.peers.keys().copied().collect(),
            clients,
        });
    }
    left
}
