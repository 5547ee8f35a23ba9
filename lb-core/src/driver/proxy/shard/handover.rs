//! One process accepts no more, and another goes on with its clients.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::Ordering::Relaxed;

use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::net::sockopt::socket_cookie;

use super::super::connection::Seat;
use super::super::flow::{Client, Flow};
use super::super::inheritance::Heirloom;
use super::super::share::Share;
use super::super::slots::{Key, Token};
use super::{Listener, Shard};
use crate::driver::handover::FlowLeft;

impl Shard {
    /// Accepts no more, without a word to those who wait in the listeners, and
    /// lets datagrams lie in either direction. Tells the flows there are, with a
    /// duplicate of each one's socket.
    pub(super) fn pause(&mut self) -> io::Result<Vec<(FlowLeft, OwnedFd)>> {
        self.paused = true;
        let listeners = self.listeners.values().map(|listener| &listener.socket);
        for socket in listeners.chain(self.flows.iter().map(|(_, flow)| &flow.socket)) {
            // A duplicate elsewhere would keep it watched beyond its end here.
            if let Err(error) = epoll::delete(&self.epoll, socket) {
                tracing::error!(%error, "a shard still watches a socket that is another's");
            }
        }
        let told = self.flows.iter().filter_map(|(_, flow)| {
            let listener = self.listeners.get(&flow.client.listener)?;
            Some(self.told(flow, listener))
        });
        told.collect()
    }

    fn told(&self, flow: &Flow, listener: &Listener) -> io::Result<(FlowLeft, OwnedFd)> {
        let silent = self.clock.since(flow.last).as_millis();
        let left = FlowLeft {
            server: flow.seat.peer.id,
            client: flow.client.address,
            listener: socket_cookie(&listener.socket)?,
            talk: flow.talk,
            silent: u64::try_from(silent).unwrap_or(u64::MAX),
        };
        Ok((left, flow.socket.try_clone()?))
    }

    /// Goes on after a pause.
    pub(super) fn resume_clients(&mut self) {
        self.paused = false;
        self.starved.clear();
        self.starved_until = None;
        let listeners = self
            .listeners
            .iter()
            .map(|(number, listener)| (Token::Listener(*number), &listener.socket));
        let flows = self.flows.iter().map(|(key, flow)| (Token::Flow(key), &flow.socket));
        for (token, socket) in listeners.chain(flows) {
            let token = EventData::new_u64(token.to_bits());
            if let Err(error) = epoll::add(&self.epoll, socket, token, EventFlags::IN) {
                tracing::error!(%error, "a shard cannot watch its socket again");
            }
        }
    }

    /// Gives up what another process goes on with.
    pub(super) fn retire(&mut self) {
        self.listeners.clear();
        self.flows.end_where(|_| true);
    }

    /// Goes on with flows of another process that spoke to this listener.
    pub(super) fn inherit(&mut self, number: u32, flows: Vec<Heirloom>) {
        for heirloom in flows {
            // Who has no room here begins anew.
            let _ = self.inherit_flow(number, heirloom);
        }
    }

    fn inherit_flow(&mut self, number: u32, heirloom: Heirloom) -> Option<Key> {
        let Heirloom { left, socket, peer } = heirloom;
        let listener = self.listeners.get(&number)?;
        let room = listener.capacity.take().ok()?;
        let mut seat = Seat::take(&peer, 0)?;
        seat.accepted();
        peer.service.connections.fetch_add(1, Relaxed);
        let flow = Flow {
            client: Client { listener: number, address: left.client },
            socket,
            seat,
            service: listener.service,
            share: Share::new(),
            last: self.clock.tick_before(left.silent),
            talk: left.talk,
            _room: room,
        };
        self.watch_flow(flow)
    }
}
