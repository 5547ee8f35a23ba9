//! Datagrams: from clients to the servers of their flows, and back.

use std::net::SocketAddr;
use std::sync::atomic::Ordering::Relaxed;

use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, recvfrom, send, sendto};

use super::super::connection::Seat;
use super::super::expiry::Patience;
use super::super::flow::{Client, Flow};
use super::super::route::{Ends, Untried};
use super::super::share::Share;
use super::super::slots::{Key, Token};
use super::{Service, Shard, connect, rate, stick};
use crate::driver::{handover::Talk, socket};

impl Shard {
    /// Takes its share of a listener's datagrams.
    pub(super) fn receive(&mut self, number: u32) {
        let Some(share) = self.listeners.get(&number).map(|listener| listener.share) else {
            return;
        };
        for done in 0..share.size() {
            let Some(listener) = self.listeners.get_mut(&number) else { return };
            match recvfrom(&listener.socket, self.means.buffer(), RecvFlags::empty()) {
                Ok((_, length, from)) => {
                    if let Some(Ok(address)) = from.map(SocketAddr::try_from) {
                        self.forward(Client { listener: number, address }, length);
                    }
                }
                Err(Errno::AGAIN) => return listener.share.shrink(done),
                // What a client's host says about an answer sent to it earlier.
                Err(_) => {}
            }
        }
        if let Some(listener) = self.listeners.get_mut(&number) {
            listener.share.grow();
        }
    }

    /// Sends what is in the buffer to the server of the client's flow, or to
    /// the next if that one refuses.
    fn forward(&mut self, client: Client, length: usize) {
        let mut tried = Vec::new();
        loop {
            let known = self.flows.of(&client);
            let Some(key) = known.or_else(|| self.begin(client, &tried)) else { return };
            let Some(flow) = self.flows.get_mut(key) else { return };
            let bytes = self.means.buffer().get(..length).unwrap_or_default();
            match send(&flow.socket, bytes, SendFlags::NOSIGNAL) {
                Ok(sent) => {
                    flow.asked(self.clock.tick());
                    flow.seat.accepted();
                    flow.seat.peer.live.in_octets.fetch_add(sent as u64, Relaxed);
                    flow.seat.peer.service.in_octets.fetch_add(sent as u64, Relaxed);
                    return;
                }
                Err(Errno::INTR) => {}
                // It is a datagram: what cannot be sent now, or is too large
                // for the way, is lost.
                Err(error) if error == Errno::AGAIN || error == Errno::MSGSIZE => return,
                Err(error) if socket::is_local(error) => return,
                Err(error) => {
                    tried.push(flow.seat.peer.key);
                    self.refused(key, error);
                }
            }
        }
    }

    /// A new flow, if there are room and a server for it.
    fn begin(&mut self, client: Client, tried: &[u64]) -> Option<Key> {
        let listener = self.listeners.get(&client.listener)?;
        let service = listener.service;
        let known = self.services.get_mut(&service)?;
        let Service { route, choice, .. } = known;
        if tried.is_empty() {
            route.live.connections.fetch_add(1, Relaxed);
            if rate::overruns(route, || Some(client.address.ip()), self.clock.now()) {
                return None;
            }
        }
        let counter = if tried.is_empty() { &route.live.refused } else { &route.live.failed };
        let now = self.clock.now();
        let ends = Ends::Datagram(client.address, &listener.socket);
        let untried = Untried { route, tried, ends, now };
        let place = stick::pick(choice, &untried);
        let backend = place.and_then(|place| route.backends.get(place));
        let seat = backend.and_then(|one| Seat::take(&one.peer, one.plan.connection_limit));
        if let Some(seat) = &seat {
            stick::keep(&untried, seat.peer.key);
        }
        let capacity = &route.capacity;
        // Others' flows do not make room where the service is at its own limit.
        let room = capacity.take().ok().or_else(|| {
            let makes_room = !capacity.is_full() && self.flows.make_room();
            makes_room.then(|| capacity.take().ok()).flatten()
        });
        let (Some(backend), Some(seat), Some(room)) = (backend, seat, room) else {
            counter.fetch_add(1, Relaxed);
            return None;
        };
        let socket = match socket::datagram(backend.plan.address) {
            Ok(socket) => socket,
            Err(error) => {
                counter.fetch_add(1, Relaxed);
                connect::failed(&self.suspicion, &seat, error);
                return None;
            }
        };
        let (talk, share, last) = (Talk::Asked, Share::new(), self.clock.tick());
        let flow = Flow { client, socket, seat, service, share, last, talk, _room: room };
        self.watch_flow(flow)
    }

    /// Listens to the server of a new flow.
    pub(super) fn watch_flow(&mut self, flow: Flow) -> Option<Key> {
        let key = self.flows.insert(flow)?;
        let flow = self.flows.get(key)?;
        let token = EventData::new_u64(Token::Flow(key).to_bits());
        if epoll::add(&self.epoll, &flow.socket, token, EventFlags::IN).is_err() {
            self.flows.remove(key);
            return None;
        }
        self.flow_expires(key);
        Some(key)
    }

    /// The server's side of a flow has news.
    pub(super) fn answer(&mut self, key: Key) {
        let Some(share) = self.flows.get(key).map(|flow| flow.share) else { return };
        for done in 0..share.size() {
            let Some(flow) = self.flows.get_mut(key) else { return };
            let Some(listener) = self.listeners.get(&flow.client.listener) else { return };
            match recv(&flow.socket, self.means.buffer(), RecvFlags::empty()) {
                Ok((_, length)) => {
                    flow.answered(self.clock.tick());
                    let bytes = self.means.buffer().get(..length).unwrap_or_default();
                    let to = &flow.client.address;
                    // One that cannot be sent is lost, as datagrams are.
                    if let Ok(sent) = sendto(&listener.socket, bytes, SendFlags::NOSIGNAL, to) {
                        flow.seat.peer.live.out_octets.fetch_add(sent as u64, Relaxed);
                        flow.seat.peer.service.out_octets.fetch_add(sent as u64, Relaxed);
                    }
                }
                Err(Errno::AGAIN) => return flow.share.shrink(done),
                Err(Errno::INTR) => {}
                Err(error) => return self.refused(key, error),
            }
        }
        if let Some(flow) = self.flows.get_mut(key) {
            flow.share.grow();
        }
    }

    /// The server of a flow refuses: the client's next datagram begins another.
    fn refused(&mut self, key: Key, error: Errno) {
        if let Some(flow) = self.flows.remove(key) {
            connect::failed(&self.suspicion, &flow.seat, error);
        }
    }

    /// Forgets a flow that was silent for too long, or looks again when that
    /// would be so.
    pub(super) fn flow_expires(&mut self, key: Key) {
        let Some(flow) = self.flows.get(key) else { return };
        let Some(service) = self.services.get(&flow.service) else { return };
        let patience = flow.patience(service.route.settings.idle_timeout);
        match patience.checked_sub(self.clock.since(flow.last)) {
            Some(left) if !left.is_zero() => self.expect(key, Patience::Flow, left),
            _ => drop(self.flows.remove(key)),
        }
    }
}
