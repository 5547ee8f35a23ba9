//! Orders: changes that a shard adopts between two events.

use std::collections::HashSet;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::event::epoll::{self, EventData, EventFlags};

use super::super::connection::Connection;
use super::super::inheritance::Heirloom;
use super::super::opening::Opening;
use super::super::route::Route;
use super::super::share::Share;
use super::super::slots::{Key, Token};
use super::{Listener, Order, Service, Shard};
use crate::model::Protocol;
use crate::schedule::Choice;

/// Changes for a shard, all of them at once.
#[derive(Default)]
pub(in super::super) struct Adoption {
    /// Services that are no more.
    pub(in super::super) gone_services: Vec<u64>,
    /// Servers that are no more, or whose connections are ended.
    pub(in super::super) gone_servers: Vec<u64>,
    /// Services that listen no longer.
    pub(in super::super) muted: Vec<u64>,
    /// Services that are new, or other than before.
    pub(in super::super) routes: Vec<Arc<Route>>,
    /// New listeners of services, TCP's at least one for each shard.
    pub(in super::super) listeners: Vec<(u64, Vec<Opened>)>,
}

/// A listener, and flows of another process to go on with.
pub(in super::super) struct Opened {
    pub(in super::super) socket: OwnedFd,
    pub(in super::super) flows: Vec<Heirloom>,
}

impl Adoption {
    /// The changes for one shard out of so many that are left, with its part of
    /// the listeners.
    pub(in super::super) fn for_one_shard(&mut self, left: usize) -> Self {
        Self {
            gone_services: self.gone_services.clone(),
            gone_servers: self.gone_servers.clone(),
            muted: self.muted.clone(),
            routes: self.routes.clone(),
            listeners: self
                .listeners
                .iter_mut()
                .map(|(service, sockets)| {
                    let part = sockets.len().div_ceil(left.max(1));
                    (*service, sockets.drain(sockets.len() - part..).collect())
                })
                .collect(),
        }
    }
}

impl Shard {
    /// Carries out all orders; `None` is the one to stop.
    pub(super) fn obey(&mut self) -> Option<()> {
        let mut count = [0; 8];
        let _ = rustix::io::read(&*self.bell, &mut count);
        while let Ok(order) = self.inbox.try_recv() {
            match order {
                Order::Adopt(changes, done) => {
                    self.adopt(changes);
                    // A director that no longer waits was told already.
                    let _ = done.send(());
                }
                Order::Lend(give) => {
                    let listeners = self.listeners.values();
                    let lent = listeners.map(|listener| listener.socket.try_clone()).collect();
                    let _ = give.send(lent);
                }
                Order::Pause(give) => {
                    let _ = give.send(self.pause());
                }
                Order::Resume => self.resume_clients(),
                Order::Retire(done) => {
                    self.retire();
                    let _ = done.send(());
                }
                Order::Call(queue, key, number) => self.called(&queue, key, number),
                Order::Feed => self.feed(),
                Order::Stop => return None,
            }
        }
        Some(())
    }

    fn adopt(&mut self, changes: Adoption) {
        self.mute(&changes.muted);
        self.end_services(changes.gone_services);
        for route in changes.routes {
            self.put_route(route);
        }
        self.end_servers(changes.gone_servers);
        for (service, sockets) in changes.listeners {
            for Opened { socket, flows } in sockets {
                if let Some(number) = self.listen(service, socket) {
                    self.inherit(number, flows);
                }
            }
        }
    }

    /// Closes listeners, after accepting those that wait in their queues: for
    /// the client these are connections that stand. Flows have no other way
    /// than their listener and end with it.
    fn mute(&mut self, services: &[u64]) {
        let numbers: Vec<u32> = self
            .listeners
            .iter()
            .filter(|(_, listener)| services.contains(&listener.service))
            .map(|(number, _)| *number)
            .collect();
        for number in numbers {
            let Some(listener) = self.listeners.get(&number) else { continue };
            match listener.protocol {
                Protocol::Tcp => self.accept_all(number),
                Protocol::Udp => self.flows.end_where(|flow| flow.client.listener == number),
            }
            self.listeners.remove(&number);
        }
    }

    fn end_services(&mut self, services: Vec<u64>) {
        if services.is_empty() {
            return;
        }
        let gone: HashSet<u64> = services.into_iter().collect();
        self.listeners.retain(|_, listener| !gone.contains(&listener.service));
        self.flows.end_where(|flow| gone.contains(&flow.service));
        for key in self.connections_where(|connection| gone.contains(&connection.service)) {
            self.abort(key);
        }
        self.services.retain(|service, _| !gone.contains(service));
    }

    fn end_servers(&mut self, servers: Vec<u64>) {
        if servers.is_empty() {
            return;
        }
        let gone: HashSet<u64> = servers.into_iter().collect();
        self.flows.end_where(|flow| gone.contains(&flow.seat.peer.key));
        let theirs = self.connections_where(|connection| {
            connection.seat.as_ref().is_some_and(|seat| gone.contains(&seat.peer.key))
        });
        for key in theirs {
            let Some(connection) = self.connections.get_mut(key) else { continue };
            if connection.is_open() {
                self.abort(key);
            } else {
                (connection.server, connection.seat) = (None, None);
                self.connect(key);
            }
        }
    }

    fn connections_where(&self, is_meant: impl Fn(&Connection) -> bool) -> Vec<Key> {
        self.connections.iter().filter(|(_, one)| is_meant(one)).map(|(key, _)| key).collect()
    }

    fn put_route(&mut self, route: Arc<Route>) {
        let scheduler = route.settings.scheduler;
        match self.services.get_mut(&route.key) {
            Some(service) if service.choice.scheduler() == scheduler => {
                service.choice.set(&route.lineup);
                service.route = route;
            }
            _ => {
                let mut choice = Choice::new(scheduler);
                choice.set(&route.lineup);
                let opening = Opening::new();
                self.services.insert(route.key, Service { route, choice, opening });
            }
        }
    }

    fn listen(&mut self, service: u64, socket: OwnedFd) -> Option<u32> {
        let known = self.services.get(&service)?;
        let protocol = known.route.settings.protocol;
        let capacity = known.route.capacity.clone();
        let number = self.next_listener;
        self.next_listener = self.next_listener.wrapping_add(1);
        let token = EventData::new_u64(Token::Listener(number).to_bits());
        if let Err(error) = epoll::add(&self.epoll, &socket, token, EventFlags::IN) {
            tracing::error!(%error, "a shard cannot watch its listener");
            return None;
        }
        let share = Share::new();
        self.listeners.insert(number, Listener { socket, protocol, service, capacity, share });
        Some(number)
    }
}
